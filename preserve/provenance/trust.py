"""What a reader trusts: keys of logs and witnesses, and roots of certificates. Never anything out of the archive.

A folder of it (``config/trust/``) holds ``NAME.vkey`` files (a verifier key a line, ``#`` begins a comment) and
``NAME.pem`` files with certificates: those that signed themselves are roots, others may stand between a root and an
authority (intermediates) and are believed only where a root leads to them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from preserve.errors import FormatError, UsageError
from preserve.formats.tlog.note import COSIGNATURE, Verifier, parse_vkey
from preserve.regular import open_regular

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MAX_BYTES = 1 << 20


class Trust(Struct, frozen=True, kw_only=True):
    """Keys and root certificates that the reader believes; ``intermediates`` only help to reach a root."""

    keys: tuple[Verifier, ...] = ()
    roots: "tuple[Certificate, ...]" = ()
    intermediates: "tuple[Certificate, ...]" = ()

    @property
    def logs(self) -> tuple[Verifier, ...]:
        """The keys of logs among them, as against those of witnesses. Where any is named, no other log is believed."""
        return tuple(key for key in self.keys if key.kind != COSIGNATURE)


def load_trust(places: Sequence[Path]) -> Trust:
    """Trust from files and folders.

    Raises:
        UsageError: one cannot be read, or holds neither keys nor certificates.
    """
    keys: list[Verifier] = []
    certificates: list[Certificate] = []
    for place in places:
        files = sorted(p for p in place.iterdir() if p.suffix in {".vkey", ".pem"}) if place.is_dir() else [place]
        for path in files:
            data = _read(path)
            if b"-----BEGIN CERTIFICATE-----" in data:
                certificates += _certificates(path, data)
            else:
                keys += _keys(path, data)
    return Trust(
        keys=tuple({key.vkey: key for key in keys}.values()),
        roots=tuple(each for each in certificates if _is_root(each)),
        intermediates=tuple(each for each in certificates if not _is_root(each)),
    )


def _is_root(certificate: "Certificate") -> bool:
    return certificate.subject == certificate.issuer


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(_MAX_BYTES)
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", next_step="Name a file or folder of keys or certificates."
        ) from error


def _certificates(path: Path, data: bytes) -> "list[Certificate]":
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 - most trust keys only

    try:
        return load_pem_x509_certificates(data)
    except ValueError as error:
        raise UsageError(f"{path}: no readable certificate: {error}", next_step="Write it as PEM.") from error


def _keys(path: Path, data: bytes) -> list[Verifier]:
    found = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            try:
                found.append(parse_vkey(text))
            except FormatError as error:
                raise UsageError(
                    f"{path}:{number}: {error}", next_step="Write one verifier key a line: NAME+ID+BASE64."
                ) from error
    return found
