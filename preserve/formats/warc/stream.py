"""Records in one continuous stream of bytes: an uncompressed WARC or ARC file, or what a compressed piece holds.

The declared end of a record is looked at first. What stands before it is the record's block, whatever it looks like: a
page may quote a WARC record. Only behind it, a record may begin. Where none does, the length is in doubt; then the
digest that the record declares of its block can show where it ends, and nothing else can.

Damage ends nothing: a stretch that cannot be read is given with its defect, and reading goes on where a record begins
again. Habits of other writers are no damage; they are named. Memory is bounded: a block larger than ``hold_bytes`` is
handed out as a reader. Sources: WARC 1.1 section 4; the Internet Archive's ARC file format, versions 1 and 2.
"""

import hashlib
import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.digests import parse_digest
from preserve.formats.warc.arc import ArcHeader, is_filedesc, parse_arc_header
from preserve.formats.warc.record import RecordHeader, end_of_line, parse_header
from preserve.limits import DEFAULT_LIMITS

_END = b"\r\n\r\n"
_LF_END = b"\n\n"
_WARC = lazy_re(rb"(?i)WARC/[01]\.\d")
_ARC = lazy_re(
    rb"(?:(?<=\n)|\A)[a-z][a-z0-9+.-]{0,20}:[^\r\n]{1,8000} [0-9A-Fa-f.:]{1,45} \d{12,14} \S{1,200} [^\r\n]{0,8000}\d\n"
)
_LENGTH_LINE = lazy_re(rb"(?im)(?:^|[\x00-\x1f])content-length[ \t]*:\s*([0-9]{1,18})(?![0-9])")
_DIGEST_LINE = lazy_re(rb"(?im)(?:^|[\x00-\x1f])warc-block-digest[ \t]*:\s*([a-z0-9-]{1,20}:[a-z0-9+/=_-]{1,200})")
_WARC_LINE = lazy_re(rb"(?im)^warc-[a-z-]{1,40}[ \t]*:")
_INNER = lazy_re(rb"(?i)(?<![/a-z])WARC/[01]\.\d")
_NEXT = lazy_re(rb"(?i)(?:\r?\n){0,2}(WARC/[01]\.\d)")
_LINE_END = b"\r\n"
_LINE_END_BYTES = (b"\r", b"\n")
_FIRST = 64
_MAX_LINE = 64 * 1024
_LONG_HEADER = 4096
_STEP = 1 << 18
_OVERLAP = 1 << 14

ODD_ENDS = "W-WARC-LINE-ENDS"
ARC_LENGTH = "W-WARC-ARC-LENGTH"


class RawRecord(Struct, kw_only=True, eq=False):
    """One record as it stands: where it begins in the stream, its header, and its block, held or to be read.

    ``defect`` says what is wrong with its framing; without a header, it is a stretch of ``size`` bytes that holds none.
    ``size`` counts header, block and the line ends behind it, ``ends`` those alone; of a block to be read they are set
    when that was done. ``habits``: codes of what is unusual around the record, and no damage. ``is_cut``: the stream
    ended before the record did.
    """

    offset: int
    header: RecordHeader | ArcHeader | None = None
    block: bytes | memoryview | None = None
    more: Iterator[bytes] | None = None
    size: int = 0
    ends: int = 0
    defect: str = ""
    habits: tuple[str, ...] = ()
    is_cut: bool = False


class _Buffer:
    """What was read and not yet taken, with its offset in the stream."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._data = b""
        self._at = 0
        self._clear: dict[bytes, int] = {}
        self.failed: FormatError | None = None
        """Why no more can be read: what was read before is there still."""
        self.offset = 0

    def peek(self, size: int) -> memoryview:
        """At most ``size`` bytes from here on, fewer only at the end of the stream."""
        while len(self._data) - self._at < size:
            more = self._more(max(_STEP, size - (len(self._data) - self._at)))
            if not more:
                break
            self._data = self._data[self._at :] + more if self._at < len(self._data) else more
            self._at = 0
        return memoryview(self._data)[self._at : self._at + size]

    def _more(self, size: int) -> bytes:
        if self.failed is None:
            try:
                return self._read(size)
            except FormatError as error:
                self.failed = error
        return b""

    def at_failure(self) -> bool:
        """True where nothing is left, since no more can be read."""
        return not self.peek(1) and self.failed is not None

    def find(self, mark: bytes, most: int) -> int:
        """How far on a mark ends, within ``most`` bytes; -1 where there is none.

        How far there is none is kept: many a false beginning may stand before one end.
        """
        clear = max(self._clear.get(mark, 0) - self.offset, 0)
        size = min(max(_STEP, clear), most)
        while True:
            held = len(self.peek(size))
            found = self._data.find(mark, self._at + min(clear, held), self._at + held)
            clear = max(clear, (found - self._at) if found >= 0 else held - len(mark) + 1)
            self._clear[mark] = self.offset + clear
            if found >= 0:
                return clear + len(mark)
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

    def pass_over(self, size: int) -> int:
        """Leaves out bytes that were not; how many of them are missing."""
        while size and (part := len(self.peek(min(size, _STEP)))):
            self.skip(part)
            size -= part
        return size


class RecordStream:
    """The records of a stream, in order. ``arc_version`` None: a WARC stream.

    Where ``read`` raises FormatError, what stands before is given, but for the record that it cuts; then it is raised.
    """

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
                stretch = self._stretch(start, str(error))
                if self._buffer.at_failure():
                    break
                yield stretch
                continue
            length = header.length if isinstance(header, ArcHeader) else header.content_length
            if length > self._hold:
                self._buffer.skip(header_size)
                yield from self._large(RawRecord(offset=start, header=header), header_size, length)
                continue
            # A byte more than the line ends: a further one may stand there.
            held = self._buffer.peek(header_size + length + len(_END) + 1)
            record = RawRecord(offset=start, header=header, block=held[header_size : header_size + length])
            behind = bytes(held[header_size + length :])
            if self._arc is None and behind[:4] == _END and behind[4:] not in _LINE_END_BYTES:
                record.ends = len(_END)
                record.size = header_size + length + record.ends
                self._buffer.skip(record.size)
            else:
                self._odd(record, header_size, length)
            if self._buffer.at_failure():
                break
            yield record
        if self._buffer.failed is not None:
            raise self._buffer.failed

    def _odd(self, record: RawRecord, header_size: int, length: int) -> None:
        """A record that does not end as WARC has it: cut, with other line ends or none, or of another length."""
        buffer = self._buffer
        block = bytes(record.block or b"")
        record.block = block
        if len(block) == length:
            record.defect, record.ends, record.habits = self._ends(header_size + length, record.header)
        else:
            record.defect = _short(len(block), length)
        true_end = None
        if record.defect:
            true_end = _true_end(record.header, self._covered(header_size, len(block)), len(block))
        if true_end is not None:
            record.block = block[:true_end]
            record.defect = f"block of {true_end} bytes, as its digest says, where {length} are declared"
            if isinstance(record.header, ArcHeader):
                record.defect, record.habits = "", (ARC_LENGTH,)
            record.ends = self._blanks(header_size + true_end, len(_END))
        record.is_cut = len(block) < length
        buffer.skip(header_size + len(record.block) + record.ends)
        if record.defect and true_end is None:
            self._find_end(record)
        record.size = buffer.offset - record.offset

    def _covered(self, at: int, length: int) -> bytes:
        """What a length covers, and a little more: the beginning of a record may stand across its end."""
        return bytes(self._buffer.peek(at + length + _FIRST)[at:])

    def _is_end(self, at: int) -> bool:
        return len(self._buffer.peek(at + 1)) <= at

    def _find_end(self, record: RawRecord) -> None:
        """The end of the record that describes an ARC file, whose length says another: its words are the crawler's own.

        What stands behind the declared end of any other record is a stretch of its own, or a record.
        """
        if not (isinstance(record.header, ArcHeader) and is_filedesc(record.header)):
            return
        if self._buffer.search(self._pattern()):
            record.defect, record.habits = "", (ARC_LENGTH,)

    def _pattern(self) -> re.Pattern[bytes]:
        return _WARC if self._arc is None else _ARC

    def _begins(self, at: int) -> bool:
        """Whether a record begins so many bytes on."""
        if self._arc is None:
            return _WARC.match(bytes(self._buffer.peek(at + 16)[at:])) is not None
        line, line_end, _rest = bytes(self._buffer.peek(at + _MAX_LINE)[at:]).partition(b"\n")
        try:
            parse_arc_header(line + line_end, self._arc)
        except FormatError:
            return False
        return True

    def _blanks(self, at: int, most: int) -> int:
        """How many bytes of line ends stand so many bytes on."""
        held = bytes(self._buffer.peek(at + most)[at:])
        return len(held) - len(held.lstrip(_LINE_END))

    def _ends(self, at: int, header: RecordHeader | ArcHeader | None) -> tuple[str, int, tuple[str, ...]]:
        """What stands behind a block, ``at`` bytes on: what is wrong there, how many bytes of line ends, and habits."""
        blank, most = self._blanks(at, 64), 64
        while blank == most and most < _STEP:
            most *= 4
            blank = self._blanks(at, most)
        follows = len(self._buffer.peek(at + blank + 1)) > at + blank
        is_lf = isinstance(header, RecordHeader) and header.raw.endswith(_LF_END)
        is_usual = bytes(self._buffer.peek(at + blank)[at:]) == (_LF_END if is_lf else _END)
        if isinstance(header, ArcHeader):
            if blank or not follows:
                return "", blank, ()
            return ("", 0, (ODD_ENDS,)) if self._begins(at) else (self._not_ends(at, "a line end belongs"), 0, ())
        if is_usual:
            return "", blank, ()
        if follows and not self._begins(at + blank):
            return self._not_ends(at, "two line ends belong"), 0, ()
        return "", blank, (ODD_ENDS,)

    def _not_ends(self, at: int, wanted: str) -> str:
        return f"{bytes(self._buffer.peek(at + 4)[at:])!r} behind the block where {wanted}"

    def _stretch(self, start: int, defect: str) -> RawRecord:
        """What holds no record that can be read, up to where one begins.

        Where a damaged header can be told, its own length or digest says what is its block.
        """
        buffer = self._buffer
        first = bytes(buffer.peek(_FIRST))
        is_begun = self._arc is not None or b"WARC/".startswith(first[:5].upper())
        head = self._damaged_head() if self._arc is None else b""
        length = _LENGTH_LINE.search(head)
        if head and length is not None:
            self._pass_block(head, int(length.group(1)))
        elif head:
            most = max(self._hold, _STEP)
            true_end = _true_end_of(head, self._covered(len(head), most), most)
            # Without either nothing tells its block from the records behind it.
            buffer.pass_over(self._largest if true_end is None else len(head) + true_end)
            defect = defect if true_end is not None else f"{defect}; nothing tells where its block ends"
        else:
            buffer.skip(1)
        if not (head and self._begins(self._blanks(0, len(_END)))):
            buffer.search(self._pattern())
        else:
            buffer.skip(self._blanks(0, len(_END)))
        size = buffer.offset - start
        return RawRecord(offset=start, size=size, defect=defect, is_cut=is_begun and self._is_end(0))

    def _damaged_head(self) -> bytes:
        """The bytes of a damaged record header, with its blank line; nothing where none can be told."""
        size = self._buffer.find(_END, DEFAULT_LIMITS.max_warc_header_bytes)
        if not 0 < size <= _MAX_LINE or self._another_begins(size):
            return b""
        head = bytes(self._buffer.peek(size))
        return head if _WARC_LINE.search(head) and not _INNER.search(head, 1) else b""

    def _another_begins(self, size: int) -> bool:
        """Whether a header begins soon behind the beginning of this one of ``size`` bytes, which then is none.

        Many may stand before one blank line: none is looked at much further than to the next.
        """
        return _INNER.search(bytes(self._buffer.peek(min(size, _LONG_HEADER))), 1) is not None

    def _pass_block(self, head: bytes, length: int) -> None:
        buffer = self._buffer
        if length <= self._hold:
            held = self._covered(len(head), length)
            defect, _ends, _habits = self._ends(len(head) + length, None)
            true_end = _true_end_of(head, held, length) if defect or len(held) < length else None
            buffer.skip(len(head) + (min(len(held), length) if true_end is None else true_end))
        else:
            buffer.skip(len(head))
            buffer.pass_over(length)

    def _header(self) -> tuple[RecordHeader | ArcHeader, int]:
        if self._arc is not None:
            size = self._buffer.find(b"\n", _MAX_LINE)
            if size < 0:
                raise FormatError("ARC header line without an end")
            line = bytes(self._buffer.peek(size))
            return parse_arc_header(line, self._arc), size
        first = bytes(self._buffer.peek(_FIRST))
        if first[:5].upper() != b"WARC/":
            raise FormatError(f"no record begins here: {first[:20]!r}")
        mark = _END if end_of_line(first) == b"\r\n" else _LF_END
        size = self._buffer.find(mark, DEFAULT_LIMITS.max_warc_header_bytes)
        if size < 0:
            raise FormatError("record header without an end")
        if size > _LONG_HEADER and self._another_begins(size):
            raise FormatError("a record header in which another one begins")
        header = parse_header(bytes(self._buffer.peek(size)))
        if header.content_length > self._largest:
            raise FormatError(f"block of {header.content_length} bytes: larger than the bound")
        return header, size

    def _large(self, record: RawRecord, header_size: int, length: int) -> Iterator[RawRecord]:
        buffer = self._buffer

        def rest() -> Iterator[bytes]:
            left = length
            while left:
                part = buffer.take(min(left, _STEP))
                if not part:
                    if buffer.failed is not None:
                        raise buffer.failed
                    break
                left -= len(part)
                yield part
            if left:
                record.defect = _short(length - left, length)
            else:
                record.defect, record.ends, record.habits = self._ends(0, record.header)
            buffer.skip(record.ends)
            record.size = header_size + length - left + record.ends

        record.more = rest()
        yield record
        for _part in record.more:
            pass
        if record.defect:
            self._find_end(record)
            record.size = buffer.offset - record.offset


def _short(found: int, declared: int) -> str:
    return f"block of {found} bytes where {declared} are declared"


def _true_end(header: RecordHeader | ArcHeader | None, block: bytes, most: int) -> int | None:
    """Where a block ends by the digest that is declared of it, in what a length that cannot be right covers."""
    if isinstance(header, RecordHeader):
        return _fitting(header.get("WARC-Block-Digest"), block, most)
    if header is not None and is_filedesc(header) and (match := _ARC.search(block)) is not None:
        return match.start()
    return None


def _true_end_of(head: bytes, block: bytes, most: int) -> int | None:
    line = _DIGEST_LINE.search(head)
    return None if line is None else _fitting(line.group(1).decode("latin-1"), block, most)


def _fitting(digest: str | None, block: bytes, most: int) -> int | None:
    try:
        declared = parse_digest(digest or "")
    except FormatError:
        return None
    taken, done = hashlib.new(declared.algorithm, usedforsecurity=False), 0
    ends = [end for match in _NEXT.finditer(block) for end in (match.start(), match.start(1))]
    for end in (*ends, len(block.removesuffix(_END))):
        if end > most:
            break
        taken.update(block[done:end])
        done = end
        if taken.digest() == declared.digest:
            return end
    return None
