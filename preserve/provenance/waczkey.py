"""The key that signs packages of a collection: made once, stated once in the ledger (ADR 31).

It is an ECDSA key on P-384, the one curve that readers of packages take (WACZ Signing and Verification 0.1.0, with the
signature as Web Crypto has it). It lies beside the signing key of the log and is no key of the log: who has it can sign
packages, and states nothing.

Tested by ``tests/scenarios/test_export_wacz.py``.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from preserve.errors import EnvironmentFaultError
from preserve.model import format_utc
from preserve.provenance.keys import load_private, make_private, package_key_path
from preserve.provenance.ledger import Ledger
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import WaczKey, decode
from preserve.store.layout import CollectionPaths

_MARK = b'"kind":"wacz-key"'
_HALF_BYTES = 48
"""Of a number of the curve."""


@dataclass(frozen=True, slots=True)
class WaczSigner:
    """Signs the text of a hash. The same text has the same signature (RFC 6979)."""

    key: ec.EllipticCurvePrivateKey

    @property
    def public_key(self) -> str:
        """The public key: SubjectPublicKeyInfo in base64."""
        spki = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(spki).decode("ascii")

    def sign(self, text: str) -> str:
        """The signature as Web Crypto has it: r and s, in base64."""
        made = self.key.sign(text.encode("ascii"), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        return base64.b64encode(b"".join(part.to_bytes(_HALF_BYTES) for part in decode_dss_signature(made))).decode()


def package_signer(collection: str, keys: Path, *, secret: bytes | None) -> WaczSigner | None:
    """The signer of a collection's packages; None where it has no key.

    Raises:
        EnvironmentFaultError: the key cannot be used.
    """
    path = package_key_path(collection, keys)
    if not path.exists():
        return None
    key = load_private(path, secret)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP384R1):
        raise EnvironmentFaultError(f"{path} is no key on P-384")
    return WaczSigner(key)


def stated_keys(ledger: Ledger) -> list[WaczKey]:
    """The keys of packages that a ledger states, oldest first.

    Raises:
        ArchiveError, FormatError: the ledger is damaged.
    """
    found = (decode(entry) for _index, entry in ledger.raw() if _MARK in entry)
    return [said for said in found if isinstance(said, WaczKey)]


def make_package_key(
    paths: CollectionPaths,
    keys: Path,
    writer: Writer,
    *,
    secret: bytes | None,
    reason: str,
    clock: Callable[[], datetime],
) -> tuple[WaczSigner, bool]:
    """The signer of a collection's packages, made and stated where it is not yet; whether anything was done.

    Stopped between the two, it is stated the next time.

    Raises:
        EnvironmentFaultError: the key cannot be made or used.
        LockedError: another process writes to the archive.
    """
    signer = package_signer(paths.name, keys, secret=secret)
    if signer is not None and any(said.key == signer.public_key for said in stated_keys(Ledger(paths))):
        return signer, False
    with WritingSession(paths, writer, command=f"key wacz {paths.name}", kinds=(WaczKey,)) as session:
        if signer is None:
            make_private(package_key_path(paths.name, keys), ec.generate_private_key(ec.SECP384R1()), secret)
            signer = package_signer(paths.name, keys, secret=secret)
        if signer is None:
            raise EnvironmentFaultError(f"{package_key_path(paths.name, keys)} was taken away")
        if all(said.key != signer.public_key for said in stated_keys(session.ledger)):
            session.state([WaczKey(key=signer.public_key, since=format_utc(clock()), reason=reason)])
        session.finish()
    return signer, True
