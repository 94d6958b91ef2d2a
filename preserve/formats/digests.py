"""Digests as WARC headers declare them: ``algorithm:value``, in the encodings that writers use.

WARC 1.1 section 5.8 leaves algorithm and encoding open. In the wild the value is base32 (as in the standard's own
examples), hexadecimal or base64; which one it is follows from its length.
"""

import base64
import binascii
from functools import lru_cache

from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re

_LABELLED = lazy_re(r"([A-Za-z0-9-]{1,20}):([A-Za-z0-9+/_=-]{1,200})\Z")
_SIZES = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
"""Size in bytes of what each algorithm gives."""
_BASE32 = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz2345670189+-_",
    b"0123456789abcdefghijklmnop0123456789abcdefghijklmnopqrstuv///////",
)
"""Base32 (RFC 4648) as `int` reads it; what is no sign of it becomes what `int` refuses."""


class UnknownAlgorithmError(FormatError):
    """A digest whose algorithm this program does not have; it can be neither right nor wrong."""


class DeclaredDigest(Struct, frozen=True):
    """A digest read: ``algorithm`` as `hashlib` names it, ``digest`` as bytes."""

    algorithm: str
    digest: bytes


def parse_digest(text: str) -> DeclaredDigest:
    """Reads a labelled digest.

    Raises:
        UnknownAlgorithmError: its algorithm is not among md5, sha1, sha224, sha256, sha384, sha512.
        FormatError: not a labelled digest, or a value that is none of that algorithm.
    """
    label, _colon, value = text.partition(":")
    if value.isalnum() and value.isascii() and (known := _known(label)) is not None:
        digest = _decoded(value, known[1])
        if digest is not None:
            return DeclaredDigest(known[0], digest)
    match = _LABELLED.match(text)
    if match is None:
        raise FormatError(f"not a digest: {text[:60]!r}")
    label, value = match.groups()
    algorithm = _algorithm(label)
    size = _SIZES.get(algorithm)
    if size is None:
        raise UnknownAlgorithmError(f"digest of unknown algorithm {label!r}")
    digest = _decoded(value.rstrip("="), size)
    if digest is None:
        raise FormatError(f"not a value of {algorithm}: {text[:60]!r}")
    return DeclaredDigest(algorithm, digest)


@lru_cache(maxsize=64)
def _algorithm(label: str) -> str:
    return label.lower().replace("-", "")


@lru_cache(maxsize=64)
def _known(label: str) -> tuple[str, int] | None:
    """The algorithm that a label names, and the size in bytes of what it gives; None where that is not known."""
    algorithm = _algorithm(label)
    is_known = algorithm in _SIZES and _LABELLED.match(f"{label}:0") is not None
    return (algorithm, _SIZES[algorithm]) if is_known else None


def _decoded(value: str, size: int) -> bytes | None:
    """The bytes of a value in whichever encoding its length says, or None."""
    length = len(value)
    try:
        if length == size * 2:
            return bytes.fromhex(value)
        if length == -(-size * 8 // 5):
            number = int(value.encode("ascii").translate(_BASE32), 32)
            spare = length * 5 - size * 8
            # What stands in the spare bits is nothing of the digest.
            return None if number & ((1 << spare) - 1) else (number >> spare).to_bytes(size, "big")
        if length == -(-size * 4 // 3):
            return base64.b64decode(value.replace("-", "+").replace("_", "/") + "=" * (-length % 4), validate=True)
    except (ValueError, OverflowError, binascii.Error):
        return None
    return None
