"""Signed notes: text that one or more Ed25519 keys vouch for (C2SP signed-note).

::

    <text, which ends with a newline>
    <blank line>
    — <key name> <base64 of the 4-byte key ID and the signature>

The text ends at the last blank line. A verifier key is written ``<name>+<key ID, 8 hex digits>+<base64 of the type and
the public key>``, with the key ID ``SHA-256(name || 0x0A || type || public key)[:4]``.

A key of type 0x01 signs the text; one of type 0x04, a witness's, signs the text with a time (C2SP tlog-cosignature)::

    cosignature/v1
    time <seconds since 1970>
    <text>

Its signature is the time (8 bytes, big-endian) and the 64 bytes of Ed25519.
Stricter than the specification, so that no bit of a note by a known key can change unseen: base64 is canonical, and an
identifier is written in lower-case hex. Signatures of other types are those of unknown keys.
The text of a `Note` is not to be trusted; that of a `VerifiedNote` is.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 1
COSIGNATURE = 4
_TYPES = (ED25519, COSIGNATURE)
_TIME_BYTES = 8
_PUBLIC_KEY_BYTES = 32
_KEY_ID_BYTES = 4
_MARK = "\N{EM DASH} "
_CONTROL = lazy_re(r"[\x00-\x09\x0b-\x1f]")
_KEY_ID_HEX = lazy_re(r"[0-9a-f]{8}", re.ASCII)


class NoteError(FormatError):
    """A note, or a key of one, that cannot be accepted."""


class NoteMalformedError(NoteError):
    """It does not follow the format, or exceeds a bound."""


class UnknownKeyError(NoteError):
    """No signature is by a known key."""


class BadSignatureError(NoteError):
    """A signature by a known key does not fit the text."""


class Signature(Struct, frozen=True, kw_only=True):
    """One signature line. ``key_id`` has 4 bytes, ``value`` what the key's algorithm made of the text."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """The line in a note, with its newline."""
        return f"{_MARK}{self.name} {base64.b64encode(self.key_id + self.value).decode('ascii')}\n"


class Note(Struct, frozen=True):
    """A note as it is written; nothing in it is verified. ``text`` ends with a newline."""

    text: str
    signatures: tuple[Signature, ...]


class VerifiedNote(Struct, frozen=True):
    """A note whose text at least one known key vouches for.

    ``verified`` holds one signature a known key, however often it is repeated; ``unverified`` those of unknown keys.
    """

    text: str
    verified: tuple[Signature, ...]
    unverified: tuple[Signature, ...]


class Verifier(Struct, frozen=True):
    """A key that may be known to a reader."""

    name: str
    key_id: bytes
    public_key: "Ed25519PublicKey"
    kind: int = ED25519

    @property
    def vkey(self) -> str:
        """The key in its written form."""
        return _vkey(self.name, self.public_key, self.kind)

    def check(self, body: bytes, value: bytes) -> int | None:
        """Holds the value of a signature against the text of a note; the witness's time, or None.

        Raises:
            BadSignatureError: it does not fit.
        """
        time, signed, signature = None, body, value
        if self.kind == COSIGNATURE:
            time, signature = int.from_bytes(value[:_TIME_BYTES], "big"), value[_TIME_BYTES:]
            signed = _cosigned(body, time)
        if not _fits(self.public_key.public_bytes_raw(), signature, signed):
            raise BadSignatureError(f"the signature by {self.name}+{self.key_id.hex()} is bad")
        return time


@dataclass(frozen=True, slots=True)
class Signer:
    """A key to sign with, under its name. Its text form does not show the key.

    Raises:
        NoteMalformedError: the name is empty, or holds a blank, a control character or a plus.
    """

    name: str
    key: "Ed25519PrivateKey" = field(repr=False)
    kind: int = ED25519

    def __post_init__(self) -> None:
        _check_name(self.name)

    @property
    def key_id(self) -> bytes:
        """The 4 bytes by which signatures name the key."""
        return _key_id(self.name, self.key.public_key(), self.kind)

    @property
    def vkey(self) -> str:
        """The public key in its written form, for those who check."""
        return _vkey(self.name, self.key.public_key(), self.kind)

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.key_id, self.key.public_key(), self.kind)


def parse_vkey(vkey: str) -> Verifier:
    """A verifier key from its written form.

    Raises:
        NoteMalformedError: it does not follow the format, is not of type Ed25519, or its key ID is not its own.
    """
    name, plus, rest = vkey.partition("+")
    key_id, second_plus, encoded = rest.partition("+")
    if not plus or not second_plus:
        raise NoteMalformedError("a verifier key has three parts, joined by '+'")
    _check_name(name)
    if _KEY_ID_HEX.fullmatch(key_id) is None:
        raise NoteMalformedError("the key ID of a verifier key has 8 hex digits in lower case")
    material = _decode_base64(encoded, "the verifier key")
    if material[:1] not in {bytes([kind]) for kind in _TYPES} or len(material) != 1 + _PUBLIC_KEY_BYTES:
        raise NoteMalformedError("the verifier key is not of a type of Ed25519")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        public_key = Ed25519PublicKey.from_public_bytes(material[1:])
    except ValueError as error:
        raise NoteMalformedError("the verifier key holds no Ed25519 key") from error
    kind = material[0]
    if _key_id(name, public_key, kind).hex() != key_id:
        raise NoteMalformedError("the key ID of the verifier key is not that of its name and key")
    return Verifier(name, bytes.fromhex(key_id), public_key, kind)


def cosign_note(data: bytes, witness: Signer, *, time: int, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The note with the line of a witness behind its others. ``time`` is in seconds since 1970.

    Raises:
        NoteMalformedError: the note does not follow the format or is full, or the key is no witness's.
    """
    if witness.kind != COSIGNATURE:
        raise NoteMalformedError("a witness's key is of type 4")
    note = parse_note(data, limits=limits)
    value = time.to_bytes(_TIME_BYTES, "big") + witness.key.sign(_cosigned(_encode(note.text), time))
    made = data + Signature(name=witness.name, key_id=witness.key_id, value=value).line.encode("utf-8")
    parse_note(made, limits=limits)
    return made


@lru_cache(maxsize=64)
def _fits(public_key: bytes, signature: bytes, signed: bytes) -> bool:
    """Whether a signature is by a key. A command reads the same checkpoint several times."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - most readers check no signature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _cosigned(body: bytes, time: int) -> bytes:
    return b"cosignature/v1\ntime %d\n%b" % (time, body)


def parse_note(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Note:
    """The text and the signatures of a note. Nothing is verified.

    Raises:
        NoteMalformedError: it does not follow the format, or exceeds a bound.
    """
    if len(data) > limits.max_note_bytes:
        raise NoteMalformedError(f"a note of {len(data)} bytes, more than {limits.max_note_bytes}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteMalformedError("a note that is not UTF-8") from error
    end = whole.rfind("\n\n")
    if end < 0:
        raise NoteMalformedError("a note without the blank line that ends its text")
    text, signatures = whole[: end + 1], whole[end + 2 :]
    _check_text(text)
    if not signatures.endswith("\n"):
        raise NoteMalformedError("a note that does not end with a signature line")
    lines = signatures[:-1].split("\n")
    if len(lines) > limits.max_note_signatures:
        raise NoteMalformedError(f"a note with more than {limits.max_note_signatures} signatures")
    return Note(text, tuple(_parse_signature(line) for line in lines))


def open_note(data: bytes, verifiers: Sequence[Verifier], *, limits: Limits = DEFAULT_LIMITS) -> VerifiedNote:
    """The note, where at least one of the keys has signed it, and every signature by one of them is good.

    Signatures by unknown keys are passed over: name and key ID must both be those of a known one.

    Raises:
        NoteMalformedError: it does not follow the format, or two of ``verifiers`` differ and have one name and ID.
        UnknownKeyError: no signature is by one of the keys.
        BadSignatureError: a signature by one of the keys does not fit the text.
    """
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        held = known.setdefault((verifier.name, verifier.key_id), verifier)
        if held.public_key != verifier.public_key or held.kind != verifier.kind:
            raise NoteMalformedError(f"two known keys are named {verifier.name}+{verifier.key_id.hex()}")
    note = parse_note(data, limits=limits)
    body = _encode(note.text)
    verified: dict[tuple[str, bytes], Signature] = {}
    unverified: list[Signature] = []
    for signature in note.signatures:
        identity = (signature.name, signature.key_id)
        key = known.get(identity)
        if key is None:
            unverified.append(signature)
            continue
        key.check(body, signature.value)
        verified.setdefault(identity, signature)
    if not verified:
        raise UnknownKeyError("no signature is by a known key")
    return VerifiedNote(note.text, tuple(verified.values()), tuple(unverified))


def _parse_signature(line: str) -> Signature:
    parts = line.removeprefix(_MARK).split(" ")
    if not line.startswith(_MARK) or len(parts) != 2:  # noqa: PLR2004 - name and signature
        raise NoteMalformedError(f"not a signature line: {line[:60]!r}")
    name, encoded = parts
    _check_name(name)
    value = _decode_base64(encoded, "a signature")
    if len(value) <= _KEY_ID_BYTES:
        raise NoteMalformedError("a signature without a value")
    return Signature(name=name, key_id=value[:_KEY_ID_BYTES], value=value[_KEY_ID_BYTES:])


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() for c in name) or _CONTROL.search(name):
        raise NoteMalformedError(f"a key name is not empty and holds no blank and no '+': {name[:60]!r}")
    _encode(name)


def note_body(text: str) -> bytes:
    """The bytes of a note's text, which its signatures are over.

    Raises:
        NoteMalformedError: it does not end with a newline, or holds control characters.
    """
    _check_text(text)
    return _encode(text)


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteMalformedError("the text of a note ends with a newline")
    if _CONTROL.search(text) is not None:
        raise NoteMalformedError("the text of a note holds no control character but newline")
    _encode(text)


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NoteMalformedError("text that is not UTF-8") from error


def _decode_base64(encoded: str, what: str) -> bytes:
    try:
        value = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteMalformedError(f"{what} is not base64") from error
    if base64.b64encode(value).decode("ascii") != encoded:
        raise NoteMalformedError(f"{what} is not canonical base64")
    return value


def _key_id(name: str, public_key: "Ed25519PublicKey", kind: int) -> bytes:
    material = bytes([kind]) + public_key.public_bytes_raw()
    return hashlib.sha256(name.encode("utf-8") + b"\n" + material).digest()[:_KEY_ID_BYTES]


def _vkey(name: str, public_key: "Ed25519PublicKey", kind: int) -> str:
    encoded = base64.b64encode(bytes([kind]) + public_key.public_bytes_raw()).decode("ascii")
    return f"{name}+{_key_id(name, public_key, kind).hex()}+{encoded}"
