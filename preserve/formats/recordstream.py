"""Records in one continuous stream of bytes: an uncompressed WARC or ARC file, or what a compressed piece holds.

Damage ends nothing: a stretch that cannot be read is given with its defect, and reading goes on where a record begins
again. Memory is bounded: a block larger than ``hold_bytes`` is handed out as a reader. Sources: WARC 1.1 section 4; the
Internet Archive's ARC file format, versions 1 and 2.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.arc import ArcHeader, parse_arc_header
from preserve.formats.warc import RecordHeader, parse_header
from preserve.limits import DEFAULT_LIMITS

_END = b"\r\n\r\n"
_WARC = lazy_re(rb"WARC/[01]\.\d")
_ARC = lazy_re(
    rb"(?:(?<=\n)|\A)[a-z][a-z0-9+.-]{0,20}:[^\r\n]{1,8000} [0-9A-Fa-f.:]{1,45} \d{12,14} \S{1,200} [^\r\n]{0,8000}\d\n"
)
_MAX_LINE = 64 * 1024
_STEP = 1 << 18
_OVERLAP = 1 << 14


@dataclass(slots=True, kw_only=True, eq=False)
class RawRecord:
    """One record as it stands: where it begins in the stream, its header, and its block, held or to be read.

    ``defect`` says what is wrong with its framing; without a header, it is a stretch of ``size`` bytes that holds none.
    ``size`` counts header, block and the line ends behind it; of a block to be read it is set when that was done.
    """

    offset: int
    header: RecordHeader | ArcHeader | None = None
    block: bytes | memoryview | None = None
    more: Iterator[bytes] | None = None
    size: int = 0
    defect: str = ""


class _Buffer:
    """What was read and not yet taken, with its offset in the stream."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._data = b""
        self._at = 0
        self.offset = 0

    def peek(self, size: int) -> memoryview:
        """At most ``size`` bytes from here on, fewer only at the end of the stream."""
        while len(self._data) - self._at < size:
            more = self._read(max(_STEP, size - (len(self._data) - self._at)))
            if not more:
                break
            self._data = self._data[self._at :] + more if self._at < len(self._data) else more
            self._at = 0
        return memoryview(self._data)[self._at : self._at + size]

    def find(self, mark: bytes, most: int) -> int:
        """How far on a mark ends, within ``most`` bytes; -1 where there is none."""
        size = min(_STEP, most)
        while True:
            held = len(self.peek(size))
            found = self._data.find(mark, self._at, self._at + held)
            if found >= 0:
                return found + len(mark) - self._at
            if held < size or size >= most:
                return -1
            size = min(size * 4, most)

    def search(self, pattern: re.Pattern[bytes]) -> bool:
        """Goes to the next match; at the end of the stream where there is none."""
        while True:
            held = len(self.peek(_STEP))
            match = pattern.search(self._data, self._at, self._at + held)
            if match is not None:
                self.skip(match.start() - self._at)
                return True
            if held < _STEP:
                self.skip(held)
                return False
            self.skip(held - _OVERLAP)

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes, or what there is."""
        data = bytes(self.peek(size))
        self.skip(len(data))
        return data

    def skip(self, size: int) -> None:
        """Leaves out bytes that were peeked at."""
        self._at += size
        self.offset += size


class RecordStream:
    """The records of a stream, in order. ``arc_version`` None: a WARC stream."""

    def __init__(
        self, read: Callable[[int], bytes], *, hold_bytes: int, arc_version: int | None = None, start: int = 0
    ) -> None:
        self._buffer = _Buffer(read)
        self._buffer.offset = start
        self._hold = hold_bytes
        self._arc = arc_version
        self._largest = DEFAULT_LIMITS.max_warc_record_bytes

    def __iter__(self) -> Iterator[RawRecord]:
        while self._buffer.peek(1):
            start = self._buffer.offset
            try:
                header, header_size = self._header()
            except FormatError as error:
                yield self._stretch(start, str(error))
                continue
            length = header.length if isinstance(header, ArcHeader) else header.content_length
            if length > self._hold:
                self._buffer.skip(header_size)
                yield from self._large(RawRecord(offset=start, header=header), header_size, length)
                continue
            held = self._buffer.peek(header_size + length + len(_END))
            block = held[header_size : header_size + length]
            defect, ends = self._defect(block, length, bytes(held[header_size + length :]))
            record = RawRecord(offset=start, header=header, block=block, defect=defect)
            record.size = header_size + len(block) + ends
            if defect:
                # The length cannot be right: a record may begin inside of what it covers.
                record.block = bytes(block)
                self._buffer.skip(header_size)
                self._buffer.search(self._pattern())
                record.size = self._buffer.offset - start
            else:
                self._buffer.skip(record.size)
            yield record

    def _pattern(self) -> re.Pattern[bytes]:
        return _WARC if self._arc is None else _ARC

    def _stretch(self, start: int, defect: str) -> RawRecord:
        self._buffer.skip(1)
        self._buffer.search(self._pattern())
        return RawRecord(offset=start, size=self._buffer.offset - start, defect=defect)

    def _header(self) -> tuple[RecordHeader | ArcHeader, int]:
        if self._arc is not None:
            size = self._buffer.find(b"\n", _MAX_LINE)
            if size < 0:
                raise FormatError("ARC header line without an end")
            line = bytes(self._buffer.peek(size))
            return parse_arc_header(line, self._arc), size
        if bytes(self._buffer.peek(5)) != b"WARC/":
            raise FormatError(f"no record begins here: {bytes(self._buffer.peek(20))!r}")
        size = self._buffer.find(_END, DEFAULT_LIMITS.max_warc_header_bytes)
        if size < 0:
            raise FormatError("record header without an end")
        header = parse_header(bytes(self._buffer.peek(size)))
        if header.content_length > self._largest:
            raise FormatError(f"block of {header.content_length} bytes: larger than the bound")
        return header, size

    def _defect(self, block: memoryview, length: int, ends: bytes) -> tuple[str, int]:
        """What is wrong with a block's length, and how many bytes stand between it and the next record."""
        if len(block) != length:
            return f"block of {len(block)} bytes where {length} are declared", 0
        if self._arc is None:
            return ("", len(_END)) if ends == _END else (f"{ends[:4]!r} behind the block where two line ends belong", 0)
        blank = len(ends) - len(ends.lstrip(b"\r\n"))
        return ("", blank) if blank or not ends else (f"{ends[:4]!r} behind the block where a line end belongs", 0)

    def _large(self, record: RawRecord, header_size: int, length: int) -> Iterator[RawRecord]:
        buffer = self._buffer

        def rest() -> Iterator[bytes]:
            left = length
            while left:
                part = buffer.take(min(left, _STEP))
                if not part:
                    break
                left -= len(part)
                yield part
            record.defect, ends = self._large_end(left, length)
            buffer.skip(ends)
            record.size = header_size + length - left + ends

        record.more = rest()
        yield record
        for _part in record.more:
            pass
        if record.defect:
            self._buffer.search(self._pattern())
            record.size = self._buffer.offset - record.offset

    def _large_end(self, left: int, length: int) -> tuple[str, int]:
        if left:
            return f"block of {length - left} bytes where {length} are declared", 0
        return self._defect(memoryview(b""), 0, bytes(self._buffer.peek(len(_END))))
