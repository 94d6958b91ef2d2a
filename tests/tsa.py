"""A real time-stamping authority: `openssl ts` behind HTTP on loopback, and one that misbehaves."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

OPENSSL = shutil.which("openssl")
_CONFIG = """
[tsa]
default_tsa = it
[it]
dir = {top}
serial = {top}/serial
crypto_device = builtin
signer_cert = {top}/tsa.pem
{chain}
signer_key = {top}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
clock_precision_digits = 0
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@cache
def _key(number: int) -> rsa.RSAPrivateKey:
    """Keys are made once: an authority has those from ``number`` on, and another one others."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


@dataclass
class Authority:
    """``root``: the PEM of its root. ``spoil`` is given each reply and gives what is sent in its place."""

    top: Path
    valid_from: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=1))
    valid_to: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(days=1))
    with_chain: bool = False
    with_intermediate: bool = False
    """Whether another certificate stands between the root and the authority; it is in ``intermediate.pem`` alone."""
    spoil: Callable[[bytes], bytes] | None = None
    status: int = 200
    asked: list[bytes] = field(default_factory=list)
    url: str = ""
    number: int = 0
    """Of the authorities of a test."""

    def __post_init__(self) -> None:
        self.top.mkdir(parents=True)
        root_key, key = _key(3 * self.number), _key(3 * self.number + 1)
        root = self._certificate(_name("A root"), root_key, root_key, ca=True)
        issuer, issuer_key = "A root", root_key
        if self.with_intermediate:
            issuer, issuer_key = "A middle", _key(3 * self.number + 2)
            middle = self._certificate(_name(issuer), issuer_key, root_key, ca=True)
            (self.top / "intermediate.pem").write_bytes(middle.public_bytes(serialization.Encoding.PEM))
        mine = self._certificate(_name("A time authority"), key, issuer_key, ca=False, issuer=issuer)
        (self.top / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
        (self.top / "tsa.pem").write_bytes(mine.public_bytes(serialization.Encoding.PEM))
        (self.top / "tsa.key").write_bytes(_pem(key))
        (self.top / "serial").write_text("01\n", "ascii")
        chain = f"certs = {self.top}/root.pem" if self.with_chain else ""
        (self.top / "tsa.cnf").write_text(_CONFIG.format(top=self.top, chain=chain), "utf-8")

    @property
    def root(self) -> Path:
        return self.top / "root.pem"

    def _certificate(
        self,
        name: x509.Name,
        key: rsa.RSAPrivateKey,
        issuer_key: rsa.RSAPrivateKey,
        *,
        ca: bool,
        issuer: str = "A root",
    ) -> x509.Certificate:
        long_ago, long_after = datetime(2020, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
        usage = x509.KeyUsage(
            digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(_name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(long_ago if ca else self.valid_from)
            .not_valid_after(long_after if ca else self.valid_to)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(usage, critical=True)
        )
        if not ca:
            stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(stamping, critical=True)
        return builder.sign(issuer_key, hashes.SHA256())

    def reply(self, request: bytes) -> bytes:
        self.asked.append(request)
        query, answer = self.top / "query.tsq", self.top / "answer.tsr"
        query.write_bytes(request)
        assert OPENSSL is not None
        command = [OPENSSL, "ts", "-reply", "-config", str(self.top / "tsa.cnf"), "-section", "it"]
        subprocess.run([*command, "-queryfile", str(query), "-out", str(answer)], check=True, capture_output=True)
        data = answer.read_bytes()
        return data if self.spoil is None else self.spoil(data)


@pytest.fixture
def time_authority(tmp_path: Path) -> Iterator[Callable[..., Authority]]:
    """Makes authorities, each on a port of its own."""
    if OPENSSL is None:
        pytest.skip("openssl is not here")
    servers: list[ThreadingHTTPServer] = []

    def make(**named: object) -> Authority:
        authority = Authority(tmp_path / f"tsa{len(servers)}", number=len(servers), **named)  # type: ignore[arg-type]

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                data = authority.reply(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(authority.status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_arguments: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        authority.url = f"http://127.0.0.1:{server.server_address[1]}/"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return authority

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()
