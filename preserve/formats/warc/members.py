"""Compressed files piece by piece: gzip members (RFC 1952) and Zstandard frames (RFC 8878), as WARC and ARC use them.

Both formats are rows of pieces that are decompressed on their own, and a record-wise compressed file has one record in
each (WARC 1.1 annex D; "Zstandard compression for WARC files" 1.0, whose dictionary stands in a first skippable frame).
Memory is bounded: a piece larger than `Members`' ``hold_bytes`` is handed out as a reader.

A record may hold a compressed file of records. So behind a damaged piece, one that begins further on is believed only
where it cannot lie in the damaged one: whole pieces follow one another from it to the end of the file, or to where the
damaged one must have ended. What lies in a piece is followed by the rest of that, which is none.

Tested by ``tests/unit/formats/test_work_is_linear.py``.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from backports import zstd
from isal import isal_zlib
from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.limits import DEFAULT_LIMITS, MIB

GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_DICTIONARY_MAGIC = b"\x5d\x2a\x4d\x18"
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_WINDOW_BYTES = 1 << 20
_STEP_BYTES = 1 << 18
_MAX_DICTIONARY_BYTES = 16 * MIB
_PROBE_BYTES = 4096
_FARTHEST_BYTES = 256 * MIB
"""How far a damaged piece reaches at most, where its own record does not say."""
_MAX_HEAD_BYTES = 1 << 18
_SMALL_STEP = 256
_HEAD_END = b"\r\n\r\n"
_LENGTH = lazy_re(rb"(?i)\ncontent-length[ \t]*:\s*([0-9]{1,18})")
_FREE_LOOKS, _BYTES_A_LOOK = 64, 1 << 12
_FREE_BLOCKS, _BYTES_A_BLOCK = 1 << 16, 1 << 4
"""Looks further on that are free, and bytes of the file for each further one: so that the work is linear."""
_LONGEST_FRAME_HEAD = 18
_RUN_LENGTH, _RESERVED_KIND = 1, 3
_RAW_DEFLATE = -15
_GZIP_HEAD_BYTES = 10
_BLOCK_BYTES = 1 << 17
"""RFC 8878 section 3.1.1.2.4: a decoder of Zstandard gives nothing before a whole block of at most 128 KiB is there."""
# The stub of the library declares its error class as an instance.
_DAMAGE: tuple[type[Exception], ...] = (zlib.error, isal_zlib.error, EOFError, ValueError, zstd.ZstdError)  # type: ignore[assignment]


class Reader(Protocol):
    """A binary stream that can be read and searched, such as an open file."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; empty at the end."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Goes to an offset from the beginning (from the end with ``whence`` 2), and gives it."""
        ...


class Codec(Protocol):
    """Decompresses one piece, with bounded output."""

    done: bool
    rest: bytes
    """What was given behind the piece's end, once ``done``."""
    starved: bool
    """True where more can only come from more input."""

    def push(self, data: bytes | memoryview, limit: int) -> bytes:
        """Takes input (none, to go on where ``limit`` stopped it) and gives at most ``limit`` bytes."""
        ...


class _Gzip:
    __slots__ = ("_object", "_tail", "done", "rest", "starved")

    def __init__(self) -> None:
        self._object = isal_zlib.decompressobj(31)
        self._tail: bytes | memoryview = b""
        self.done = False
        self.starved = True
        self.rest = b""

    def push(self, data: bytes | memoryview, limit: int) -> bytes:
        out: bytes = self._object.decompress(data or self._tail, limit)
        if self._object.eof:
            self.done = True
            self.rest = self._object.unused_data
        else:
            self._tail = self._object.unconsumed_tail
            self.starved = not self._tail and len(out) < limit
        return out


class _Zstd:
    def __init__(self, dictionary: zstd.ZstdDict | None) -> None:
        self._object = zstd.ZstdDecompressor(dictionary)
        self.done = False
        self.starved = True
        self.rest = b""

    def push(self, data: bytes | memoryview, limit: int) -> bytes:
        out = self._object.decompress(data, limit)
        self.done = self._object.eof
        self.starved = self._object.needs_input
        self.rest = self._object.unused_data if self.done else b""
        return out


class CompressedMember(Struct, kw_only=True, eq=False):
    """One piece of a file: compressed offset and length, and its content.

    ``data`` None and a ``defect``: a damaged stretch, up to where a piece begins again; ``partial`` is what was read
    of one that is cut. ``data`` None and ``more``: a piece larger than what is held; reading it to its end sets
    ``length``, or raises `FormatError` where it is damaged.
    """

    offset: int
    length: int = 0
    data: bytes | None = None
    more: Iterator[bytes] | None = None
    defect: str = ""
    partial: bytes = b""
    is_cut: bool = False
    """Of a piece that is read in parts: the file ended before it."""
    is_damaged: bool = False
    """The defect is one of a compressed piece; else no piece begins here."""


class DamagedPieceError(FormatError):
    """A compressed piece that cannot be read."""


class _CutError(DamagedPieceError):
    """A piece that the end of the file cuts. ``partial``: what it holds up to there, as far as it is held."""

    def __init__(self, partial: bytes = b"") -> None:
        super().__init__("compressed piece without an end")
        self.partial = partial


def begins_warc(content: bytes) -> bool:
    """True for the first bytes of a WARC record."""
    return content[:5].upper() == b"WARC/"


class Members:
    """Every piece of a file from an offset on, in order. Damage ends nothing.

    ``begins`` knows the content with which a piece of this file begins; behind damage, reading goes on at the next such
    piece. ``stop``: no piece that begins at this offset or behind it is read. A ``dictionary`` that is none is a
    `FormatError`.
    """

    def __init__(
        self,
        stream: Reader,
        *,
        start: int = 0,
        stop: int | None = None,
        hold_bytes: int = DEFAULT_LIMITS.max_warc_record_bytes,
        begins: Callable[[bytes], bool] = begins_warc,
        magic: bytes = GZIP_MAGIC,
        dictionary: bytes | None = None,
    ) -> None:
        self._stream = stream
        self._stop = stop
        self._hold = hold_bytes
        self._begins = begins
        self._magic = magic
        self._dictionary = None if dictionary is None else _zstd_dict(dictionary)
        self._window = memoryview(b"")
        self._base = start
        self._ended = False
        self._typical = 1 << 13
        self._first = start
        self._long_looks = 0
        self._blocks_seen = 0
        self.offset = start
        """Where the next piece begins."""

    def __iter__(self) -> Iterator[CompressedMember]:
        while self._stop is None or self.offset < self._stop:
            start = self.offset
            try:
                member = self._one(start)
            except FormatError as error:
                self.offset = self._behind(start, error)
                partial = error.partial if isinstance(error, _CutError) else b""
                yield CompressedMember(
                    offset=start,
                    length=self.offset - start,
                    defect=str(error),
                    partial=partial,
                    is_damaged=isinstance(error, DamagedPieceError),
                )
                continue
            if member is None:
                return
            yield member
            if member.more is not None and self.offset == start:
                yield from self._drain(member)

    @contextmanager
    def without_stop(self) -> Iterator[None]:
        """Reads on behind the stop meanwhile: what begins before it may end there."""
        stop, self._stop = self._stop, None
        try:
            yield
        finally:
            self._stop = stop

    def next_start(self, offset: int, stop: int | None = None) -> int:
        """Offset of the next piece, at or behind ``offset``, whose content begins as it should; else the file's end.

        ``stop``: none is looked for at this offset or behind it; what is given then is not before it.
        """
        while stop is None or offset < stop:
            self._stream.seek(offset)
            data = self._stream.read(_WINDOW_BYTES)
            at = data.find(self._magic)
            while at >= 0 and (stop is None or offset + at < stop):
                if self._begins_here(data[at : at + _PROBE_BYTES], offset + at):
                    return offset + at
                at = data.find(self._magic, at + 1)
            if len(data) < len(self._magic):
                return offset + len(data)
            # The mark may stand across two windows.
            offset += len(data) - len(self._magic) + 1
        return offset

    def _begins_here(self, data: bytes, offset: int) -> bool:
        is_gzip = self._magic == GZIP_MAGIC
        if is_gzip and data[3:4] >= bytes([1 << 5]):
            # Flags that no piece has (RFC 1952 section 2.3.1).
            return False
        if len(data) < _PROBE_BYTES:
            self._stream.seek(offset)
            data = self._stream.read(_PROBE_BYTES)
        codec = self._codec()
        try:
            content = codec.push(data, 64)
            if not content and codec.starved and not codec.done and len(data) == _PROBE_BYTES and not is_gzip:
                content = codec.push(self._block_behind(offset + _PROBE_BYTES), 64)
            return self._begins(content)
        except _DAMAGE:
            return False

    def _block_behind(self, offset: int) -> bytes:
        """The rest of a block; nothing where that was asked for too often: each costs as much as many beginnings."""
        if self._long_looks > _FREE_LOOKS + (offset - self._first) // _BYTES_A_LOOK:
            return b""
        self._long_looks += 1
        self._stream.seek(offset)
        return self._stream.read(_BLOCK_BYTES)

    def _behind(self, start: int, error: FormatError) -> int:
        """Where the first piece behind a damaged one begins that cannot lie in it; else the file's end."""
        # The window is of no use to what is read from here on.
        self._window = memoryview(b"")
        reach, is_cut = self._reach(start, error)
        if is_cut:
            return self._stream.seek(0, 2)
        if reach is not None and self._magic == ZSTD_MAGIC:
            return reach
        farthest = start + _FARTHEST_BYTES if reach is None else reach
        offset = start + 1
        while True:
            offset = self.next_start(offset)
            end, is_whole = self._chain(offset, farthest)
            # Where nothing says how far the damaged one reaches, whole pieces up to another damaged one must do.
            if is_whole or (reach is None and end > offset and self.next_start(end, end + 1) == end):
                return offset
            offset = max(end, offset + 1)

    def _chain(self, offset: int, farthest: int) -> tuple[int, bool]:
        """How far whole pieces follow one another, and whether to ``farthest`` or to the file's end."""
        while offset < farthest:
            self._stream.seek(offset)
            codec, taken = self._codec(), 0
            try:
                while not codec.done:
                    data: bytes = self._stream.read(_STEP_BYTES if taken else self._typical) if codec.starved else b""
                    if codec.starved and not data:
                        return offset, not taken
                    taken += len(data)
                    codec.push(data, _WINDOW_BYTES)
            except _DAMAGE:
                return offset, False
            offset += taken - len(codec.rest)
        return offset, True

    def _reach(self, start: int, error: FormatError) -> tuple[int | None, bool]:
        """How far a damaged piece can reach, None where that is not known; and whether the file's end cuts it."""
        if self._magic == ZSTD_MAGIC:
            return (None, True) if isinstance(error, _CutError) else (self._frame_end(start), False)
        self._stream.seek(start)
        packed = self._stream.read(_MAX_HEAD_BYTES)
        content = _readable(packed)
        if not begins_warc(content) and not packed.startswith(GZIP_MAGIC):
            content = _readable(packed[_GZIP_HEAD_BYTES:], _RAW_DEFLATE)
            if not begins_warc(content):
                # No piece: what stands between two of them.
                return start, False
        declared = _declared_bytes(content)
        if declared is None:
            return None, False
        is_cut = isinstance(error, _CutError) and (not error.partial or len(error.partial) <= declared)
        # Stored as it is, in blocks (RFC 1951 section 3.2.4), behind a head with a name.
        return start + declared + declared // 256 + _PROBE_BYTES, is_cut

    def _frame_end(self, start: int) -> int | None:
        """Where a Zstandard frame ends by the lengths of its blocks, if another begins there or the file ends."""
        stream, size = self._stream, self._stream.seek(0, 2)
        stream.seek(start)
        head = stream.read(_LONGEST_FRAME_HEAD)
        if not head.startswith(ZSTD_MAGIC) or len(head) < _LONGEST_FRAME_HEAD:
            return None
        flags = head[4]
        is_single = flags >> 5 & 1
        content_size = (is_single, 2, 4, 8)[flags >> 6]
        offset = start + 5 + (not is_single) + (0, 1, 2, 4)[flags & 3] + content_size
        while self._blocks_seen < _FREE_BLOCKS + (start - self._first) // _BYTES_A_BLOCK:
            self._blocks_seen += 1
            stream.seek(offset)
            block = int.from_bytes(stream.read(3), "little")
            kind = block >> 1 & 3
            offset += 3 + (1 if kind == _RUN_LENGTH else block >> 3)
            if kind == _RESERVED_KIND or offset > size:
                return None
            if block & 1:
                offset += 4 * (flags >> 2 & 1)
                stream.seek(offset)
                follows = stream.read(4)
                is_end = offset == size or follows == ZSTD_MAGIC or is_skippable(follows)
                return offset if is_end else None
        return None

    def _codec(self) -> Codec:
        return _Gzip() if self._magic == GZIP_MAGIC else _Zstd(self._dictionary)

    def _one(self, start: int) -> CompressedMember | None:
        """The piece at ``start``, held in whole or begun; None at the end of the file."""
        chunk: bytes | memoryview = self._take(start, self._typical)
        if not chunk:
            return None
        codec = self._codec()
        parts: list[bytes] = []
        held = 0
        taken = len(chunk)
        while True:
            part = _push(codec, chunk, self._hold - held + 1)
            if codec.done:
                return self._whole(start, taken - len(codec.rest), b"".join((*parts, part)) if parts else part)
            parts.append(part)
            held += len(part)
            if held > self._hold:
                return self._begun(start, codec, taken, parts)
            chunk = b""
            if codec.starved:
                chunk = self._take(start + taken, _STEP_BYTES)
                if not chunk:
                    raise _CutError(b"".join(parts))
                taken += len(chunk)

    def _whole(self, start: int, length: int, data: bytes) -> CompressedMember:
        # Small pieces and large ones take turns in most files: what was large lately may come again.
        typical = self._typical - (self._typical >> 4)
        self._typical = min(max(length + (length >> 2), typical, 1 << 11), _STEP_BYTES)
        self.offset = start + length
        return CompressedMember(offset=start, length=length, data=data)

    def _begun(self, start: int, codec: Codec, taken: int, parts: list[bytes]) -> CompressedMember:
        member = CompressedMember(offset=start)

        def rest() -> Iterator[bytes]:
            nonlocal taken
            # An empty part would be taken for the end.
            yield from filter(None, parts)
            parts.clear()
            while not codec.done:
                chunk: bytes | memoryview = b""
                if codec.starved:
                    chunk = self._take(start + taken, _STEP_BYTES)
                    if not chunk:
                        member.is_cut = True
                        raise _CutError
                    taken += len(chunk)
                part = _push(codec, chunk, _WINDOW_BYTES)
                if part:
                    yield part
            member.length = taken - len(codec.rest)
            self.offset = start + member.length

        member.more = rest()
        return member

    def _drain(self, member: CompressedMember) -> Iterator[CompressedMember]:
        """Reads a large piece to its end where its reader did not; a damaged one is told of behind it."""
        if member.more is None:
            return
        error: FormatError = DamagedPieceError("compressed piece that cannot be read to its end")
        try:
            for _part in member.more:
                pass
        except FormatError as met:
            error = met
        if member.is_cut:
            error = _CutError()
        if self.offset == member.offset:
            self.offset = self._behind(member.offset, error)
            member.length = self.offset - member.offset
            yield CompressedMember(
                offset=member.offset,
                length=member.length,
                defect=str(error),
                is_damaged=isinstance(error, DamagedPieceError),
            )

    def _take(self, offset: int, size: int) -> memoryview:
        """At most ``size`` bytes of the file from ``offset`` on; empty at its end only."""
        at = offset - self._base
        if not 0 <= at < len(self._window):
            self._stream.seek(offset)
            self._window = memoryview(self._stream.read(_WINDOW_BYTES))
            self._base, at = offset, 0
        return self._window[at : at + size]


def _readable(packed: bytes, bits: int = 31) -> bytes:
    """What can be read of a damaged piece, as far as it is likely to hold a header."""
    codec = zlib.decompressobj(bits)
    parts = []
    try:
        for at in range(0, len(packed), _SMALL_STEP):
            parts.append(codec.decompress(packed[at : at + _SMALL_STEP]))
            if _HEAD_END in parts[-1] or codec.eof:
                break
    except zlib.error:
        pass
    return b"".join(parts)


def _declared_bytes(content: bytes) -> int | None:
    """The size of the record that begins a piece, with the line ends behind it; None where that cannot be read."""
    end = content.find(_HEAD_END)
    length = _LENGTH.search(content, 0, max(end, 0))
    return None if length is None else end + 4 + int(length.group(1)) + 4


def _push(codec: Codec, data: bytes | memoryview, limit: int) -> bytes:
    try:
        return codec.push(data, limit)
    except _DAMAGE as error:
        raise DamagedPieceError(f"damaged compressed piece: {error}") from error


def iter_members(
    stream: Reader, *, max_bytes: int = DEFAULT_LIMITS.max_warc_record_bytes
) -> Iterator[CompressedMember]:
    """Every gzip member of a record-wise compressed WARC file, held in whole; a larger one is a damaged stretch."""
    members = Members(stream, hold_bytes=max_bytes)
    for member in members:
        if member.more is not None:
            # Not read to its end: it may be a bomb.
            members.offset = members.next_start(member.offset + 1)
            member.length = members.offset - member.offset
            member.more, member.defect = None, "gzip member larger than the bound"
        yield member


def read_member(data: bytes | memoryview, *, max_bytes: int = DEFAULT_LIMITS.max_warc_record_bytes) -> bytes:
    """The content of exactly one gzip member, its checksum and length verified.

    Raises:
        FormatError: damaged, cut, followed by other bytes, or larger than ``max_bytes`` when inflated.
    """
    codec = _Gzip()
    content = _push(codec, data, max_bytes + 1)
    if len(content) > max_bytes:
        raise FormatError("gzip member larger than the bound")
    if not codec.done:
        raise FormatError("gzip member without an end")
    if codec.rest:
        raise FormatError(f"{len(codec.rest)} bytes behind a gzip member")
    return content


def _zstd_dict(data: bytes) -> zstd.ZstdDict:
    try:
        dictionary = zstd.ZstdDict(data)
        zstd.ZstdDecompressor(dictionary)
    except _DAMAGE as error:
        raise FormatError(f"no Zstandard dictionary: {error}") from error
    return dictionary


def zstd_dictionary(stream: Reader) -> tuple[bytes | None, int]:
    """The dictionary in the first skippable frame of a Zstandard WARC file, or None; and where the frames begin.

    Raises:
        FormatError: a dictionary that is larger than 16 MiB, cut or damaged.
    """
    stream.seek(0)
    head = stream.read(8)
    if head[:4] != _DICTIONARY_MAGIC:
        return None, 0
    size = int.from_bytes(head[4:8], "little")
    if size > _MAX_DICTIONARY_BYTES:
        raise FormatError(f"a Zstandard dictionary of {size} bytes")
    data = stream.read(size)
    if len(data) != size:
        raise FormatError("a Zstandard dictionary that is cut")
    if data.startswith(ZSTD_MAGIC):
        codec = _Zstd(None)
        data = _push(codec, data, _MAX_DICTIONARY_BYTES)
        if not codec.done:
            raise FormatError("a Zstandard dictionary that is cut")
    return data, 8 + size


def probe(head: bytes) -> bytes:
    """The first bytes of what a gzip member holds, from its own first bytes; nothing where that is damaged."""
    try:
        return _Gzip().push(head, _PROBE_BYTES)
    except _DAMAGE:
        return b""


def is_skippable(head: bytes) -> bool:
    """True for the first bytes of a skippable frame (RFC 8878 section 3.1.2)."""
    return len(head) >= 4 and int.from_bytes(head[:4], "little") in _SKIPPABLE  # noqa: PLR2004 - a magic number's bytes
