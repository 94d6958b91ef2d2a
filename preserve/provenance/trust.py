"""What a reader trusts: keys of logs and witnesses, and roots of time authorities. Never anything out of the archive.

A folder of it (``config/trust/``) holds ``NAME.vkey`` files (a verifier key a line, ``#`` begins a comment) and
``NAME.pem`` files with root certificates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates

from preserve.errors import FormatError, UsageError
from preserve.formats.note import Verifier, parse_vkey

_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Keys and root certificates that the reader believes."""

    keys: tuple[Verifier, ...] = ()
    roots: tuple[Certificate, ...] = ()


def load_trust(places: Sequence[Path]) -> Trust:
    """Trust from files and folders.

    Raises:
        UsageError: one cannot be read, or holds neither keys nor certificates.
    """
    keys: list[Verifier] = []
    roots: list[Certificate] = []
    for place in places:
        files = sorted(p for p in place.iterdir() if p.suffix in {".vkey", ".pem"}) if place.is_dir() else [place]
        for path in files:
            data = _read(path)
            if b"-----BEGIN CERTIFICATE-----" in data:
                roots += _certificates(path, data)
            else:
                keys += _keys(path, data)
    return Trust(keys=tuple({key.vkey: key for key in keys}.values()), roots=tuple(roots))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES)
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", next_step="Name a file or folder of keys or certificates."
        ) from error


def _certificates(path: Path, data: bytes) -> list[Certificate]:
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
