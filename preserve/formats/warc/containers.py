"""The files that hold records: WARC and ARC, plain, gzip or Zstandard. Every record of one, wherever it begins.

A record is found again by its place: the offset of the compressed piece that it is in, and where it begins in that.
In an uncompressed file the offset is that of the record itself.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import StrEnum
from io import BytesIO
from itertools import chain

from msgspec import Struct

from preserve.errors import FormatError
from preserve.formats.warc.arc import ArcHeader, is_filedesc, parse_arc_header, parse_filedesc
from preserve.formats.warc.members import (
    GZIP_MAGIC,
    ZSTD_MAGIC,
    CompressedMember,
    Members,
    Reader,
    begins_warc,
    is_skippable,
    probe,
    zstd_dictionary,
)
from preserve.formats.warc.record import RecordHeader, parse_header
from preserve.formats.warc.stream import RawRecord, RecordStream
from preserve.limits import DEFAULT_LIMITS, MIB

HOLD_BYTES = 16 * MIB
"""What is held of one record or piece at a time; larger ones are read through."""
HEAD_BYTES = 4096
"""How much of a file's beginning tells what it is."""
_END = b"\r\n\r\n"
_MOST_RECORD = DEFAULT_LIMITS.max_warc_record_bytes
_MOST_HEADER = DEFAULT_LIMITS.max_warc_header_bytes
_NAMESPACE = uuid.UUID("6f1d8f0e-6d1b-5c52-9a39-9c1f2f0f2b7a")
"""For the ids of ARC records, which have none of their own (RFC 9562 section 5.5)."""
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


class Container(StrEnum):
    """What kind of file holds the records."""

    WARC = "warc"
    WARC_GZIP = "warc-gzip"
    WARC_ZSTD = "warc-zstd"
    ARC = "arc"
    ARC_GZIP = "arc-gzip"
    WACZ = "wacz"

    @property
    def is_arc(self) -> bool:
        """True for the ARC format, whatever its compression."""
        return self in {Container.ARC, Container.ARC_GZIP}

    @property
    def is_plain(self) -> bool:
        """True where nothing is compressed."""
        return self in {Container.WARC, Container.ARC}


_BY_NAME = {
    ".warc.gz": Container.WARC_GZIP,
    ".warc": Container.WARC,
    ".warc.zst": Container.WARC_ZSTD,
    ".arc.gz": Container.ARC_GZIP,
    ".arc": Container.ARC,
    ".wacz": Container.WACZ,
}


def identify(head: bytes, name: str) -> Container | None:
    """What a file is, from its first 4 KiB; where damage hides that, from its name. None: nothing of these."""
    if head.startswith(_ZIP):
        return Container.WACZ
    if begins_warc(head):
        return Container.WARC
    if head.startswith(b"filedesc://"):
        return Container.ARC
    if head.startswith(ZSTD_MAGIC) or is_skippable(head):
        return Container.WARC_ZSTD
    if head.startswith(GZIP_MAGIC):
        content = probe(head)
        if begins_warc(content):
            return Container.WARC_GZIP
        if content.startswith(b"filedesc://"):
            return Container.ARC_GZIP
    return next((kind for end, kind in _BY_NAME.items() if name.lower().endswith(end)), None)


class RecordSpan(Struct, kw_only=True, eq=False):
    """One record where it lies, or a stretch that holds none (``raw`` None, and its ``defect``).

    ``length`` is that of the piece at ``offset``, 0 where that is not known before its end; of an uncompressed record
    it is that of header and block, as other indexers have it, without the line ends behind them. ``is_shared`` says
    that the piece holds other records too, ``is_damaged_piece`` that the stretch is a compressed piece which cannot be
    read.
    """

    offset: int
    length: int = 0
    inner: int = 0
    raw: RawRecord | None = None
    defect: str = ""
    is_shared: bool = False
    is_damaged_piece: bool = False


def records_in(
    stream: Reader, container: Container, *, start: int = 0, stop: int | None = None, hold_bytes: int = HOLD_BYTES
) -> Iterator[RecordSpan]:
    """Every record from ``start`` on, in order, and every damaged stretch. Damage ends nothing.

    A record whose block is not held is read by whoever takes it, before the next is asked for.

    Raises:
        FormatError: a Zstandard file whose dictionary cannot be read; a package, which holds files, not records.
    """
    match container:
        case Container.WARC | Container.ARC:
            return _plain(stream, container, start, hold_bytes)
        case Container.WARC_GZIP:
            return records_of(Members(stream, start=start, stop=stop, hold_bytes=hold_bytes), None)
        case Container.ARC_GZIP:
            return records_of(_arc_members(stream, start, stop, hold_bytes), _arc_version(stream, container))
        case Container.WARC_ZSTD:
            return records_of(_zstd_members(stream, start, stop, hold_bytes), None)
    raise FormatError("a package holds files, not records")


def record_at(stream: Reader, container: Container, offset: int, inner: int, length: int | None = None) -> RawRecord:
    """The record at a place, whole.

    Raises:
        FormatError: there is none, it is damaged, too large to be held, or of another ``length`` than is said.
    """
    for spot in records_in(stream, container, start=offset, hold_bytes=DEFAULT_LIMITS.max_warc_record_bytes):
        if spot.offset != offset:
            break
        if spot.inner < inner:
            continue
        if spot.inner > inner or spot.raw is None:
            break
        if spot.raw.defect or spot.raw.block is None:
            raise FormatError(spot.raw.defect or "a record too large to be held")
        if length is not None and spot.length not in {0, length}:
            raise FormatError(f"a piece of {spot.length} bytes, not of {length}")
        return spot.raw
    raise FormatError("no record can be read there")


def _arc_members(stream: Reader, start: int, stop: int | None, hold_bytes: int) -> Members:
    # What an ARC record begins with is known only as far as that its line begins with an address.
    return Members(stream, start=start, stop=stop, hold_bytes=hold_bytes, begins=lambda content: b":" in content[:32])


def _zstd_members(stream: Reader, start: int, stop: int | None, hold_bytes: int) -> Members:
    dictionary, first = zstd_dictionary(stream)
    return Members(
        stream,
        start=max(start, first),
        stop=stop,
        hold_bytes=hold_bytes,
        begins=begins_warc,
        magic=ZSTD_MAGIC,
        dictionary=dictionary,
    )


def _arc_version(stream: Reader, container: Container) -> int:
    """The version of an ARC file, from its first record; 1 where that cannot be read."""
    stream.seek(0)
    data = stream.read(HEAD_BYTES)
    head = data if container is Container.ARC else probe(data)
    line, _end, body = head.partition(b"\n")
    try:
        parse_arc_header(line + b"\n")
        return parse_filedesc(body)
    except FormatError:
        return 1


def _plain(stream: Reader, container: Container, start: int, hold_bytes: int) -> Iterator[RecordSpan]:
    version = _arc_version(stream, container) if container.is_arc else None
    stream.seek(start)
    for raw in RecordStream(stream.read, hold_bytes=hold_bytes, arc_version=version, start=start):
        if raw.header is None:
            yield RecordSpan(offset=raw.offset, length=raw.size, defect=raw.defect)
            continue
        _give_id(raw, raw.offset, 0)
        spot = RecordSpan(offset=raw.offset, length=raw.size - raw.ends, raw=raw)
        yield spot
        # Of a block that was read through, the size is known only now.
        spot.length = raw.size - raw.ends


def records_of(members: Members, arc_version: int | None = None) -> Iterator[RecordSpan]:
    """The records of compressed pieces. ``arc_version`` None: they are WARC records.

    A piece that begins in the middle of a record goes on with what the one before it holds, as in files that were
    compressed block by block: no record begins in it before that one ends.
    """
    ahead = _Ahead(members, arc_version)
    for member in ahead:
        if member.data is not None:
            raw = _only(member.data) if arc_version is None else None
            if raw is not None:
                yield RecordSpan(offset=member.offset, length=member.length, raw=raw)
            else:
                yield from _held(member, member.data, arc_version, ahead)
        elif member.more is not None:
            yield from _through(member, filter(None, chain(member.more, ahead.continuing())), arc_version)
        else:
            yield from _before_cut(member, arc_version)
            yield RecordSpan(
                offset=member.offset, length=member.length, defect=member.defect, is_damaged_piece=member.is_damaged
            )


class _Ahead:
    """Pieces one after the other, and what of them goes on with the piece before."""

    def __init__(self, members: Members, arc_version: int | None) -> None:
        self._members = members
        self._pieces = iter(members)
        self._arc = arc_version
        self._back: CompressedMember | None = None

    def __iter__(self) -> Iterator[CompressedMember]:
        # One generator behind the other takes time for every record: nothing is called here that need not be.
        for member in self._pieces:
            yield member
            while self._back is not None:
                back, self._back = self._back, None
                yield back

    def _next(self) -> CompressedMember | None:
        member, self._back = self._back, None
        return next(self._pieces, None) if member is None else member

    def continuing(self, *, only_line_ends: bool = False) -> Iterator[bytes]:
        """The content of the pieces that come next, up to one in which a record begins, or that is damaged.

        ``only_line_ends``: nothing, where the first of them does not begin with a line end.
        """
        with self._members.without_stop():
            while (member := self._next()) is not None:
                first = member.data
                if member.more is not None:
                    first = self._first(member.more)
                    member.more = chain((first,), member.more)
                is_other = first and (self._begins(first) or (only_line_ends and first[:1] not in {b"\r", b"\n"}))
                if first is None or is_other:
                    self._back = member
                    return
                only_line_ends = only_line_ends and not first
                yield from (first,) if member.more is None else member.more

    def _first(self, more: Iterator[bytes]) -> bytes:
        """As much of a piece as tells whether a record begins in it; nothing where that is damaged."""
        taken = b""
        with suppress(FormatError):
            while len(taken) < HEAD_BYTES and (part := next(more, b"")):
                taken += part
        return taken

    def _begins(self, content: bytes) -> bool:
        if self._arc is None:
            return begins_warc(content)
        line, end, _rest = content.partition(b"\n")
        try:
            parse_arc_header(line + end, self._arc)
        except FormatError:
            return False
        return True


def _behind(last: RawRecord, ahead: _Ahead) -> Iterator[bytes]:
    """What goes on with the last record of a piece: its block, or the line ends behind that."""
    if last.is_cut:
        return ahead.continuing()
    lacks_ends = last.header is not None and not last.defect and last.ends < len(_END)
    return ahead.continuing(only_line_ends=True) if lacks_ends else iter(())


def _held(member: CompressedMember, data: bytes, arc_version: int | None, ahead: _Ahead) -> Iterator[RecordSpan]:
    # All of it is held: a length that is too great can be told from the digest.
    found = list(RecordStream(BytesIO(data).read, hold_bytes=_MOST_RECORD, arc_version=arc_version))
    behind = _behind(found[-1], ahead) if found else iter(())
    first = next(behind, None)
    if first is None:
        for raw in found:
            yield _spot(member, raw, is_shared=len(found) > 1)
        return
    begun = found.pop().offset
    for raw in found:
        yield _spot(member, raw, is_shared=True)
    goes_on = _reader(filter(None, chain((data[begun:], first), behind)))
    for raw in RecordStream(goes_on, hold_bytes=HOLD_BYTES, arc_version=arc_version):
        spot = _spot(member, raw, is_shared=True)
        spot.inner, spot.length = begun + raw.offset, 0
        yield spot


def _before_cut(member: CompressedMember, arc_version: int | None) -> Iterator[RecordSpan]:
    """The records of a piece that is cut which end before the one that the cut is in."""
    if member.partial:
        stream = RecordStream(_reader(_failing(member.partial)), hold_bytes=_MOST_RECORD, arc_version=arc_version)
        with suppress(FormatError):
            for raw in stream:
                yield _spot(member, raw, is_shared=True)


def _failing(data: bytes) -> Iterator[bytes]:
    yield data
    raise FormatError("cut here")


def _only(data: bytes) -> RawRecord | None:
    """The record of a piece that holds one and nothing else: what nearly every piece is."""
    split = data.find(_END, 0, _MOST_HEADER) + 4
    if split < 4 or not data.endswith(_END):  # noqa: PLR2004 - the bytes of an end
        return None
    try:
        header = parse_header(data[:split])
        end = split + header.content_length
    except FormatError:
        return None
    size = len(data)
    if size != end + 4:
        return None
    return RawRecord(offset=0, header=header, block=data[split:end], size=size, ends=4)


def _through(member: CompressedMember, more: Iterator[bytes], arc_version: int | None) -> Iterator[RecordSpan]:
    """The records of a piece that is too large to be held. One is held back: only behind it is the length known."""
    last: RecordSpan | None = None
    try:
        for raw in RecordStream(_reader(more), hold_bytes=HOLD_BYTES, arc_version=arc_version):
            if last is not None:
                last.is_shared = True
            last = _spot(member, raw, is_shared=raw.offset > 0)
            yield last
    except FormatError as error:
        yield RecordSpan(offset=member.offset, inner=1, defect=str(error))
    if last is not None and not last.is_shared:
        last.length = member.length


def _reader(more: Iterator[bytes]) -> Callable[[int], bytes]:
    def read(_size: int) -> bytes:
        return next(more, b"")

    return read


def _spot(member: CompressedMember, raw: RawRecord, *, is_shared: bool) -> RecordSpan:
    spot = RecordSpan(offset=member.offset, length=member.length, inner=raw.offset, is_shared=is_shared)
    if raw.header is None:
        spot.defect = raw.defect
        return spot
    _give_id(raw, member.offset, raw.offset)
    spot.raw = raw
    return spot


def _give_id(raw: RawRecord, offset: int, inner: int) -> None:
    if isinstance(raw.header, ArcHeader):
        raw.header = arc_record_header(raw.header, offset, inner)


def arc_record_header(header: ArcHeader, offset: int, inner: int) -> RecordHeader:
    """An ARC record's header in the terms of WARC; ``raw`` stays the ARC line.

    The record id is one of RFC 9562 section 5.5 (version 5) over place and line: the same file gives the same ids.
    """
    is_reply = header.url.lower().startswith(("http://", "https://"))
    kind = "response" if is_reply else "warcinfo" if is_filedesc(header) else "resource"
    name = f"{offset}:{inner}:{header.raw.decode('latin-1')}"
    return RecordHeader(
        version="ARC",
        fields=(
            ("WARC-Type", kind),
            ("WARC-Record-ID", f"<urn:uuid:{uuid.uuid5(_NAMESPACE, name)}>"),
            ("WARC-Date", header.date),
            ("WARC-Target-URI", header.url),
            ("Content-Type", "application/http; msgtype=response" if is_reply else header.content_type),
            ("Content-Length", str(header.length)),
        ),
        raw=header.raw,
    )
