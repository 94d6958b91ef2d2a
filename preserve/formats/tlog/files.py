"""The files of a transparency log: checkpoint, tile paths, entry bundles and offline proofs.

Sources: C2SP tlog-checkpoint, tlog-tiles and tlog-proof. A checkpoint is the text of a signed note
(`preserve.formats.tlog.note`)::

    <origin>
    <size, decimal>
    <base64 of the root, 32 bytes>
    <extension lines, seldom>

An entry bundle holds up to 256 entries, each behind its length (2 bytes, big-endian). A proof (``.tlog-proof``)::

    c2sp.org/tlog-proof@v1
    extra <base64>             (may be absent; not authenticated)
    index <decimal>
    <base64 of a hash>         (from the leaf's sibling up)
    <blank line>
    <the signed checkpoint, as it is>
"""

import base64
import binascii
import re
from collections.abc import Sequence

from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.limits import DEFAULT_LIMITS, Limits

TILE_WIDTH = 256
"""Hashes in a full tile, and entries in a full bundle."""
MAX_SIZE = 2**63 - 1
"""Leaves in a log: what a signed 64-bit count holds, as other readers have it."""
_MAX_LEVEL = 63
_MAX_ENTRY_BYTES = 2**16 - 1
_MAX_PROOF_HASHES = 64
_ROOT_BYTES = 32
_CHECKPOINT_LINES = 3
_NUMBER = lazy_re(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = lazy_re(r"[\x00-\x1f]")
_PROOF_MARK = "c2sp.org/tlog-proof@v1"


class Checkpoint(Struct, frozen=True):
    """What a log says of itself: ``size`` leaves under ``root`` (32 bytes). ``extensions`` are further lines.

    Raises:
        FormatError: a value cannot be written in a checkpoint.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            _check_line(line)
        _check_size(self.size, "the size of a log")
        if len(self.root) != _ROOT_BYTES:
            raise FormatError(f"a root of {len(self.root)} bytes, not {_ROOT_BYTES}")


class Proof(Struct, frozen=True, kw_only=True):
    """That the leaf ``index`` is in the log of ``checkpoint``, to be checked offline.

    ``hashes`` go from the leaf's sibling up; ``checkpoint`` is the signed note, byte for byte; ``extra`` is bytes of
    any meaning, which nothing vouches for, and empty where there are none.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """The text of the note; ends with a newline."""
    lines = (checkpoint.origin, str(checkpoint.size), _base64(checkpoint.root), *checkpoint.extensions)
    return "".join(f"{line}\n" for line in lines)


def parse_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from the text of its note, which is to be verified before.

    Raises:
        FormatError: a line is missing or empty, a number has leading zeros or is out of range, or the root is not the
            canonical base64 of 32 bytes.
    """
    if not text.endswith("\n"):
        raise FormatError("a checkpoint that does not end with a newline")
    lines = text[:-1].split("\n")
    if len(lines) < _CHECKPOINT_LINES:
        raise FormatError(f"a checkpoint of {len(lines)} lines, fewer than {_CHECKPOINT_LINES}")
    origin, size, root, *extensions = lines
    return Checkpoint(origin, _parse_number(size), _parse_base64(root), tuple(extensions))


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile below the log's folder, as ``tile/0/x001/x234/067.p/8``; ``width`` is its number of hashes.

    Raises:
        FormatError: no tile can have such a place.
    """
    if not 0 <= level <= _MAX_LEVEL:
        raise FormatError(f"a tile of level {level}")
    return f"tile/{level}/{_tile_number(index, width)}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """The path of an entry bundle below the log's folder; ``width`` is its number of entries.

    Raises:
        FormatError: no bundle can have such a place.
    """
    return f"tile/entries/{_tile_number(index, width)}"


def format_bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle.

    Raises:
        FormatError: no entry or more than 256, or one of more than 65,535 bytes.
    """
    _check_width(len(entries))
    for entry in entries:
        if len(entry) > _MAX_ENTRY_BYTES:
            raise FormatError(f"an entry of {len(entry)} bytes, more than {_MAX_ENTRY_BYTES}")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_bundle(data: bytes, count: int) -> tuple[bytes, ...]:
    """The ``count`` entries of a bundle.

    Raises:
        FormatError: the bundle holds more or fewer, or is cut.
    """
    _check_width(count)
    entries: list[bytes] = []
    position, end = 0, len(data)
    for number in range(count):
        start = position + 2
        if start <= end:
            position = start + (data[position] << 8 | data[position + 1])
        if start > end or position > end:
            raise FormatError(f"an entry bundle that ends in entry {number} of {count}")
        entries.append(data[start:position])
    if position != end:
        raise FormatError(f"an entry bundle with {len(data) - position} bytes after its {count} entries")
    return tuple(entries)


def format_proof(proof: Proof) -> bytes:
    """A proof in its written form.

    Raises:
        FormatError: a value cannot be written.
    """
    _check_size(proof.index, "the index of a leaf")
    if len(proof.hashes) > _MAX_PROOF_HASHES or any(len(value) != _ROOT_BYTES for value in proof.hashes):
        raise FormatError(f"a proof has up to {_MAX_PROOF_HASHES} hashes of {_ROOT_BYTES} bytes")
    if not proof.checkpoint:
        raise FormatError("a proof without a checkpoint")
    lines = [_PROOF_MARK]
    if proof.extra:
        lines.append(f"extra {_base64(proof.extra)}")
    lines.append(f"index {proof.index}")
    lines += [_base64(value) for value in proof.hashes]
    return "".join(f"{line}\n" for line in lines).encode("ascii") + b"\n" + proof.checkpoint


def parse_proof(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Proof:
    """A proof from its written form. The checkpoint in it is as it came: neither read nor verified.

    Raises:
        FormatError: it does not follow the format, or the proof with its extra is larger than two notes may be.
    """
    if len(data) > 2 * limits.max_note_bytes:
        raise FormatError(f"a proof of {len(data)} bytes, more than {2 * limits.max_note_bytes}")
    head, blank, checkpoint = data.partition(b"\n\n")
    if not blank or not checkpoint:
        raise FormatError("a proof without a checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("a proof that is not ASCII before its checkpoint") from error
    if lines.pop(0) != _PROOF_MARK:
        raise FormatError(f"a proof begins with {_PROOF_MARK}")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = _parse_base64(lines.pop(0).removeprefix("extra "), size=None)
        if not extra:
            raise FormatError("a proof with an empty extra line")
    if not lines or not lines[0].startswith("index "):
        raise FormatError("a proof without an index")
    index = _parse_number(lines.pop(0).removeprefix("index "))
    if len(lines) > _MAX_PROOF_HASHES:
        raise FormatError(f"a proof of more than {_MAX_PROOF_HASHES} hashes")
    hashes = tuple(_parse_base64(line) for line in lines)
    return Proof(index=index, hashes=hashes, checkpoint=checkpoint, extra=extra)


def _check_line(line: str) -> None:
    if not line or _CONTROL.search(line):
        raise FormatError(f"a line of a checkpoint is not empty and holds no control character: {line[:60]!r}")
    try:
        line.encode("utf-8")
    except UnicodeEncodeError as error:
        raise FormatError("a line of a checkpoint that is not UTF-8") from error


def _check_size(value: int, what: str) -> None:
    if not 0 <= value <= MAX_SIZE:
        raise FormatError(f"{what} is out of range: {value}")


def _check_width(width: int) -> None:
    if not 1 <= width <= TILE_WIDTH:
        raise FormatError(f"a tile or bundle has 1 to {TILE_WIDTH} parts, not {width}")


def _tile_number(index: int, width: int) -> str:
    """The number in groups of three digits, all but the last behind an ``x``, and the width where it is not full."""
    _check_size(index, "the number of a tile")
    _check_width(width)
    digits = str(index)
    digits = digits.zfill(len(digits) + -len(digits) % 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    path = "".join(f"x{group}/" for group in groups[:-1]) + groups[-1]
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def _parse_number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise FormatError(f"not a decimal number without leading zeros: {text[:60]!r}")
    value = int(text)
    _check_size(value, "a number of a log")
    return value


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _parse_base64(text: str, *, size: int | None = _ROOT_BYTES) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError(f"not base64: {text[:60]!r}") from error
    if _base64(value) != text:
        raise FormatError(f"not canonical base64: {text[:60]!r}")
    if size is not None and len(value) != size:
        raise FormatError(f"a hash of {len(value)} bytes, not {size}")
    return value
