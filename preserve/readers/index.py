"""A CDXJ index of WARC and ARC files of whatever origin, sorted bytewise: the captures that a replayer can give back.

A line is what cdxj-indexer writes of the same record; what Common Crawl's lines say beside it is added where it is
wanted. Nothing is checked but what has to be read anyway, and no payload
is hashed but that of a record which declares no digest of it. Sorting is done on disk where the lines are many.
"""

import base64
import hashlib
import heapq
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.cdxj import CdxLine, format_line
from preserve.formats.http1.stream import PayloadStream
from preserve.formats.urls import of_header, resolve, surt
from preserve.formats.warc.containers import Container, RecordSpan
from preserve.formats.warc.record import RecordHeader, bare_uri, request_method
from preserve.formats.warc.stream import RawRecord
from preserve.limits import MIB
from preserve.model import timestamp14, whole_date
from preserve.readers.hashing import MOST_TOLD, Fault
from preserve.readers.segments import SegmentReader, stretch_fault
from preserve.regular import open_regular
from preserve.store.warcfile import container_of

_REVISIT_MIME = "warc/revisit"
_CAPTURES = frozenset({"response", "revisit", "resource"})
_ADDRESSES = ("http://", "https://")
_LINES_A_PART = 4096
SORTED_BYTES = 64 * MIB
"""Lines that are sorted in memory; more than these are sorted in parts on disk."""
_STATUS = lazy_re(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?!\d)")
_TYPE = lazy_re(rb"\ncontent-type:[ \t]*([^;\s]*)", re.IGNORECASE)
_LOCATION = lazy_re(rb"\nlocation:[ \t]*([^\r\n]*)", re.IGNORECASE)
_REDIRECTS = frozenset({"301", "302", "303", "307", "308"})
_WORD = lazy_re(r"[;\s]")
_HEAD_ENDS = (b"\r\n\r\n", b"\n\n")


class IndexedPart(NamedTuple):
    """What some records gave: lines with their line ends, and what is told of the others.

    ``records``: how many were read; ``shared``: captures left out, since they have no compressed piece of their own;
    ``unkeyed``: captures left out, since their address is none; ``faults``: offset and fault of what cannot be read.
    """

    lines: list[bytes]
    records: int
    shared: int
    unkeyed: int
    faults: list[tuple[int, Fault]]


@dataclass(slots=True)
class IndexedFile:
    """What one file gave, in numbers as in `IndexedPart`. ``faults``: the first `MOST_TOLD` of ``fault_count``."""

    path: Path
    lines: int = 0
    records: int = 0
    shared: int = 0
    unkeyed: int = 0
    fault_count: int = 0
    faults: list[tuple[int, Fault]] = field(default_factory=list)

    def take(self, part: IndexedPart) -> None:
        """Adds what some of its records gave."""
        self.lines += len(part.lines)
        self.records += part.records
        self.shared += part.shared
        self.unkeyed += part.unkeyed
        self.fault_count += len(part.faults)
        self.faults += part.faults[: MOST_TOLD - len(self.faults)]


def index_files(
    paths: Iterable[Path],
    parts_in: Callable[[Path], Iterator[IndexedPart]],
    out: Callable[[Iterable[bytes]], object],
    progress: Callable[[int], None] = lambda _done: None,
) -> list[IndexedFile]:
    """Hands the lines of all the files to ``out``, sorted together. Damage is told of, and the rest is indexed.

    ``parts_in`` reads a file, as `indexed_parts` does. ``progress`` is told the number of records read.

    Raises:
        EnvironmentFaultError: a helping process was killed.
        OSError: no room for what is sorted on disk.
    """
    done: list[IndexedFile] = []
    with tempfile.TemporaryDirectory(prefix="preserve-index-") as scratch:
        sorter = _Sorter(Path(scratch))
        for path in paths:
            indexed = IndexedFile(path)
            done.append(indexed)
            for part in parts_in(path):
                indexed.take(part)
                sorter.add(part.lines)
                progress(sum(item.records for item in done))
        with sorter.sorted() as lines:
            out(lines)
    return done


def indexed_parts(segments: SegmentReader[IndexedPart], path: Path) -> Iterator[IndexedPart]:
    """What one file gives, part by part. ``segments`` look with `captures_of`; that it cannot be read is a fault."""
    try:
        container = container_of(path)
        if container is None or container is Container.WACZ:
            what = "it is no WARC or ARC file" if container is None else "a package holds its index already"
            yield _fault("E-WARC-UNREADABLE", what)
            return
        yield from segments.over(path, container)
    except FormatError as error:
        yield _fault("E-WARC-GZIP", str(error))
    except OSError as error:
        yield _fault("E-WARC-UNREADABLE", error.strerror or str(error))


def _fault(code: str, detail: str) -> IndexedPart:
    return IndexedPart([], 0, 0, 0, [(0, (code, detail))])


def captures_of(name: str, spots: Iterator[RecordSpan], *, full: bool = False) -> Iterator[IndexedPart]:
    """The lines of the captures in the file with this name, or in a segment of it, part by part.

    ``full``: with the fields ``recordid``, ``redirect``, ``mime-detected`` and ``truncated``, as Common Crawl has them.
    """
    taker = _Taker(name)
    # One is held back: of a large record the length is known only behind it.
    last: tuple[RecordSpan, _Capture] | None = None
    for spot in spots:
        if last is not None:
            taker.add(*last)
            last = None
        if len(taker.lines) >= _LINES_A_PART:
            yield taker.part()
            taker = _Taker(name)
        if spot.raw is None:
            taker.faults.append((spot.offset, stretch_fault(spot)))
            continue
        taker.records += 1
        try:
            capture = _capture(spot.raw, full=full)
        except FormatError as error:
            taker.faults.append((spot.offset, ("E-WARC-HEADER", str(error))))
            continue
        if spot.raw.defect:
            taker.faults.append((spot.offset, ("E-WARC-LENGTH", spot.raw.defect)))
        elif capture is not None:
            last = (spot, capture)
    if last is not None:
        taker.add(*last)
    yield taker.part()


class _Capture(NamedTuple):
    """What a line says of a record itself."""

    uri: str
    date: str
    mime: str | None
    status: str | None
    digest: str | None
    more: Mapping[str, str]


class _Taker:
    """Makes lines."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.lines: list[bytes] = []
        self.records = 0
        self.shared = 0
        self.unkeyed = 0
        self.faults: list[tuple[int, Fault]] = []

    def add(self, spot: RecordSpan, capture: _Capture) -> None:
        """One capture, now that its length is known."""
        if spot.is_shared:
            self.shared += 1
            return
        uri, date, mime, status, digest, more = capture
        fields = {"url": uri}
        if mime is not None:
            fields["mime"] = mime
        if status is not None:
            fields["status"] = status
        if digest is not None:
            fields["digest"] = digest
        fields["length"], fields["offset"], fields["filename"] = str(spot.length), str(spot.offset), self._name
        if more:
            fields |= more
        try:
            line = format_line(CdxLine(key=surt(uri), timestamp=_timestamp(date), fields=fields))
        except FormatError:
            self.unkeyed += 1
            return
        self.lines.append(line.encode() + b"\n")

    def part(self) -> IndexedPart:
        """All that was taken in."""
        return IndexedPart(self.lines, self.records, self.shared, self.unkeyed, self.faults)


@lru_cache(maxsize=64)
def _timestamp(date: str) -> str:
    whole = whole_date(date)
    if whole is None:
        raise FormatError(f"no date: {date[:40]!r}")
    return timestamp14(whole)


def _capture(raw: RawRecord, *, full: bool) -> _Capture | None:
    """What there is to say of a record, or None: it is no capture of an address.

    Raises:
        FormatError: its header lacks what makes it a record, or its block cannot be read to its end.
    """
    header = raw.header
    if not isinstance(header, RecordHeader):
        raise FormatError(raw.defect or "no record")
    names = header.by_name
    kind, uri = names.get("warc-type") or header.type, names.get("warc-target-uri", "")
    if uri.startswith("<"):
        uri = bare_uri(uri)
    if kind not in _CAPTURES or not uri.startswith(_ADDRESSES):
        return None
    method = request_method(header) if "warc-request-method" in names else "GET"
    if kind == "response" and method != "GET":
        # Whoever looks an address up wants what GET gave.
        return None
    content_type = names.get("content-type")
    if kind == "resource" and content_type == "application/warc-fields":
        return None
    parts = iter(raw.more or ())
    first = next(parts, b"") if raw.block is None else bytes(raw.block)
    if kind == "resource":
        status, mime = None, None if content_type is None else _WORD.split(content_type, maxsplit=1)[0]
    else:
        status, mime = _reply(first)
    digest = names.get("warc-payload-digest")
    if digest is None and kind != "revisit":
        digest = _payload_sha1(chain((first,), parts), is_reply=kind == "response", method=method)
    return _Capture(
        uri=uri.replace(" ", "%20"),
        date=names.get("warc-date") or header.date,
        mime=_REVISIT_MIME if kind == "revisit" else mime,
        status=status,
        digest=digest,
        more=_more(header, uri, status, first) if full else {},
    )


def _more(header: RecordHeader, uri: str, status: str | None, block: bytes) -> dict[str, str]:
    """What Common Crawl's lines say beside. ``block``: the first bytes of it."""
    said = {
        "recordid": header.record_id,
        "redirect": _redirect(uri, block) if status in _REDIRECTS else None,
        "mime-detected": header.get("WARC-Identified-Payload-Type"),
        "truncated": header.get("WARC-Truncated"),
    }
    return {name: value for name, value in said.items() if value}


def _redirect(uri: str, block: bytes) -> str | None:
    """Where a reply leads to; None where it names no http or https address."""
    location = _LOCATION.search(block, 0, _head_end(block) + 1)
    return None if location is None else resolve(uri, of_header(location.group(1).strip()))


def _head_end(block: bytes) -> int:
    for mark in _HEAD_ENDS:
        end = block.find(mark)
        if end >= 0:
            return end
    return len(block)


def _reply(block: bytes) -> tuple[str | None, str | None]:
    """Status and media type of a reply, from the first bytes of its block."""
    status = _STATUS.match(block)
    if status is None:
        return None, None
    mime = _TYPE.search(block, 0, _head_end(block) + 1)
    return status.group(1).decode(), mime.group(1).decode("latin-1") if mime is not None else None


def _payload_sha1(parts: Iterable[bytes], *, is_reply: bool, method: str) -> str:
    """The digest of a payload as most writers declare it: of a reply, with its transfer coding removed."""
    whole, payload = hashlib.sha1(usedforsecurity=False), hashlib.sha1(usedforsecurity=False)
    stream = PayloadStream(method) if is_reply else None
    for part in parts:
        whole.update(part)
        if stream is not None:
            payload.update(stream.feed(part))
    if stream is not None:
        stream.finish()
    taken = payload if stream is not None and stream.is_http else whole
    return f"sha1:{base64.b32encode(taken.digest()).decode()}"


class _Sorter:
    """Sorts lines, in memory as far as they are few, else in parts on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: list[bytes] = []
        self._bytes = 0
        self._parts: list[Path] = []

    def add(self, lines: list[bytes]) -> None:
        """Takes in some lines, each with its line end."""
        self._lines += lines
        self._bytes += sum(map(len, lines))
        if self._bytes >= SORTED_BYTES:
            self._write_part()

    def _write_part(self) -> None:
        self._lines.sort()
        path = self._folder / f"part-{len(self._parts)}"
        with path.open("wb") as file:
            file.writelines(self._lines)
        self._parts.append(path)
        self._lines, self._bytes = [], 0

    @contextmanager
    def sorted(self) -> Iterator[Iterable[bytes]]:
        """All lines in the order of their bytes."""
        self._lines.sort()
        with ExitStack() as stack:
            files = [stack.enter_context(open_regular(path)) for path in self._parts]
            yield heapq.merge(self._lines, *files) if files else self._lines
