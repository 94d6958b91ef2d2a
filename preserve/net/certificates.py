"""A certificate authority that lives as long as a run, in memory, for what the recording proxy shows a browser.

No key of it is ever a file: OpenSSL reads keys from files only, so that each passes through anonymous memory
(``memfd_create``). The browser is told the authority's public key by its hash, and trusts it for nothing but that run.

Tested by ``tests/unit/net/test_recording_proxy.py``.
"""

import base64
import hashlib
import ipaddress
import os
import ssl
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

_DAYS = 30
_MAX_HOSTS = 1024
"""Contexts that are kept; a page may ask for any number of hosts."""
_NAME_CHARS = 64
"""Of a common name (RFC 5280 appendix A); the name that counts stands in the extension."""


class RunAuthority:
    """Makes a certificate for each host that is asked for. Any number of threads may ask."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "preserve, one run")])
        self._certificate = self._signed(self._name, self._key.public_key(), None)
        self._contexts: OrderedDict[str, ssl.SSLContext] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def spki_sha256(self) -> str:
        """The hash of the public key, as Chromium takes it (``--ignore-certificate-errors-spki-list``)."""
        spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(spki).digest()).decode("ascii")

    @property
    def pem(self) -> bytes:
        """The authority's own certificate."""
        return self._certificate.public_bytes(Encoding.PEM)

    def context(self, host: str) -> ssl.SSLContext:
        """What a server that calls itself ``host`` shakes hands with. HTTP/1.1 only."""
        with self._lock:
            context = self._contexts.get(host)
            if context is None:
                context = self._contexts[host] = self._made(host)
                if len(self._contexts) > _MAX_HOSTS:
                    self._contexts.popitem(last=False)
            return context

    def _made(self, host: str) -> ssl.SSLContext:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:_NAME_CHARS])])
        leaf = self._signed(subject, self._leaf_key.public_key(), host)
        key = self._leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        with _in_memory(key + leaf.public_bytes(Encoding.PEM) + self.pem) as path:
            context.load_cert_chain(path)
        return context

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, host: str | None) -> x509.Certificate:
        """A certificate: for ``host``, or (None) the authority's own."""
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=_DAYS))
            .add_extension(
                x509.BasicConstraints(ca=host is None, path_length=0 if host is None else None), critical=True
            )
        )
        if host is not None:
            built = built.add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
        return built.sign(self._key, hashes.SHA256())


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


@contextmanager
def _in_memory(data: bytes) -> Iterator[str]:
    """A path under which ``data`` can be read while the block lasts, and that leads to no disk."""
    handle = os.memfd_create("certificate")
    try:
        os.write(handle, data)
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)
