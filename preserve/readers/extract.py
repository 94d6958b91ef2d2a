"""The cables in files of whatever origin, a JSON line each: WARC and ARC files, saved pages, tables with a cable a row.

Nothing is written and nothing is checked but what has to be read anyway. A page that no layout recognises is no cable:
its line says so and has what the page shows, with the same checksums.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from preserve.cables.extract import NOTHING_READ, Extraction, PageReading, plain_text, read_page, read_table, told_of
from preserve.cables.page.layouts import Layout
from preserve.errors import FormatError
from preserve.findings import Finding
from preserve.formats.warc.arc import ArcHeader
from preserve.formats.warc.containers import Container, RecordSpan
from preserve.formats.warc.stream import RawRecord
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.provenance.describe import (
    HTML_TYPES,
    cables_in,
    decoded_content,
    http_payload,
    is_http,
    page_of_dom,
    page_type,
    type_of,
)
from preserve.readers.hashing import MOST_TOLD, Fault
from preserve.readers.segments import SegmentReader, stretch_fault
from preserve.regular import open_regular
from preserve.store.warcfile import container_of
from preserve.text import as_text, escaped_json

_LINES_A_PART: Final = 256
_TEXT_TYPES: Final = HTML_TYPES | {"text/plain"}
_OK: Final = 200
_BEGINNING_BYTES: Final = 8192
_ENCODER: Final = msgspec.json.Encoder()

Told = tuple[str, Finding]
"""A finding, and where in the file it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractOptions:
    """What is wanted: by which layouts, whether the message is taken apart, and whether other pages are told."""

    layouts: tuple[Layout, ...]
    message: bool = False
    only_cables: bool = False
    limits: Limits = DEFAULT_LIMITS


class ExtractedPart(NamedTuple):
    """What some records gave: lines with their line ends in one piece, of how many cables, and how many pages are
    unknown.
    """

    lines: bytes
    cables: int
    unknown: int
    findings: list[Told]
    faults: list[tuple[int, Fault]]


@dataclass(slots=True)
class Extracted:
    """What one file gave, in numbers as in `ExtractedPart`.

    ``findings`` and ``faults``: the first `MOST_TOLD` of ``finding_count`` and ``fault_count``.
    """

    path: Path
    cables: int = 0
    unknown: int = 0
    finding_count: int = 0
    fault_count: int = 0
    findings: list[Told] = field(default_factory=list)
    faults: list[tuple[int, Fault]] = field(default_factory=list)

    def take(self, part: ExtractedPart) -> None:
        """Adds what some of its records gave."""
        self.cables += part.cables
        self.unknown += part.unknown
        self.finding_count += len(part.findings)
        self.findings += part.findings[: MOST_TOLD - len(self.findings)]
        self.fault_count += len(part.faults)
        self.faults += part.faults[: MOST_TOLD - len(self.faults)]


def extract_files(
    paths: Iterable[Path],
    parts_in: Callable[[Path], Iterator[ExtractedPart]],
    out: Callable[[bytes], object],
    progress: Callable[[int], None] = lambda _done: None,
) -> Iterator[Extracted]:
    """Hands the lines of each file to ``out``, in its order, and gives what was found when it is through.

    ``parts_in`` reads a file, as `extracted_parts` does. ``progress`` is told the number of cables.

    Raises:
        EnvironmentFaultError: a helping process was killed.
    """
    before = 0
    for path in paths:
        extracted = Extracted(path)
        for part in parts_in(path):
            extracted.take(part)
            out(part.lines)
            progress(before + extracted.cables)
        before += extracted.cables
        yield extracted


def extracted_parts(
    segments: SegmentReader[ExtractedPart], options: ExtractOptions, path: Path
) -> Iterator[ExtractedPart]:
    """What one file gives, part by part. ``segments`` look with `cables_of`; that it cannot be read is a fault."""
    try:
        container = container_of(path)
        if container is Container.WACZ:
            yield _fault("E-WARC-UNREADABLE", "a package; import it into a collection, or unpack it")
        elif container is not None:
            yield from segments.over(path, container)
        else:
            yield from _plain_file(path, options)
    except FormatError as error:
        yield _fault("E-WARC-GZIP", str(error))
    except OSError as error:
        yield _fault("E-WARC-UNREADABLE", error.strerror or str(error))


def _fault(code: str, detail: str) -> ExtractedPart:
    return ExtractedPart(b"", 0, 0, [], [(0, (code, detail))])


def _plain_file(path: Path, options: ExtractOptions) -> Iterator[ExtractedPart]:
    """A saved page, or a table."""
    with open_regular(path) as file:
        beginning = file.read(_BEGINNING_BYTES)
        file.seek(0)
        table = next((layout for layout in options.layouts if _is_table(layout, beginning)), None)
        taker = _Taker(path.name, options)
        if table is None:
            payload = file.read(options.limits.max_text_chars + 1)
            if len(payload) > options.limits.max_text_chars:
                yield _fault("E-WARC-UNREADABLE", f"more than {options.limits.max_text_chars:,} bytes, and no table")
                return
            content_type = "text/plain" if path.suffix.lower() in {".txt", ".text"} else None
            taker.page({}, payload, content_type, read_page(payload, content_type, options.layouts))
        else:
            for one in read_table(file.read, table):
                if isinstance(one, Finding):
                    taker.findings.append((one.where, one))
                else:
                    taker.findings += ((one.published_id, finding) for finding in one.findings if finding.is_problem)
                    taker.cable({}, one)
                if len(taker.lines) >= _LINES_A_PART:
                    yield taker.part()
                    taker = _Taker(path.name, options)
    yield taker.part()


def _is_table(layout: Layout, beginning: bytes) -> bool:
    text = beginning.decode("utf-8", "replace").removeprefix("\ufeff")
    return layout.reads == "rows" and layout.begins is not None and layout.begins.match(text) is not None


def cables_of(options: ExtractOptions, name: str, spots: Iterator[RecordSpan]) -> Iterator[ExtractedPart]:
    """The cables in the records of a file with this name, or of a segment of it, part by part."""
    taker = _Taker(name, options)
    for spot in spots:
        if len(taker.lines) >= _LINES_A_PART:
            yield taker.part()
            taker = _Taker(name, options)
        if spot.raw is None:
            taker.faults.append((spot.offset, stretch_fault(spot)))
        elif spot.raw.defect:
            taker.faults.append((spot.offset, ("E-WARC-LENGTH", spot.raw.defect)))
        else:
            try:
                taker.record(spot, spot.raw)
            except FormatError as error:
                taker.faults.append((spot.offset, ("E-WARC-HEADER", str(error))))
    yield taker.part()


class _Taker:
    """Makes lines."""

    def __init__(self, name: str, options: ExtractOptions) -> None:
        self._name = as_text(name)
        self._options = options
        self.lines: list[bytes] = []
        self.cables = 0
        self.unknown = 0
        self.findings: list[Told] = []
        self.faults: list[tuple[int, Fault]] = []

    def part(self) -> ExtractedPart:
        """All that was taken in."""
        return ExtractedPart(b"".join(self.lines), self.cables, self.unknown, self.findings, self.faults)

    def record(self, spot: RecordSpan, raw: RawRecord) -> None:
        """What one record shows, where it is a full reply or a resource.

        Raises:
            FormatError: its header lacks what makes it a record.
        """
        header = raw.header
        if raw.block is None or header is None:
            for _piece in raw.more or ():
                pass
            return
        place: dict[str, object] = {"file": self._name, "offset": spot.offset}
        if spot.inner:
            place["inner"] = spot.inner
        block = bytes(raw.block)
        if isinstance(header, ArcHeader):
            place |= {"uri": header.url, "date": header.date}
            self._reply(place, block)
            return
        if header.type not in {"response", "resource"}:
            return
        place |= {"record_id": header.record_id, "uri": header.target_uri, "date": header.date}
        if header.type == "response" and is_http(header):
            self._reply(place, block)
        elif header.type == "resource":
            content_type = page_type(header)
            if page_of_dom(header.target_uri) is not None:
                place["read_in"] = "dom"
            if (content_type or "").split(";")[0].strip().lower() in _TEXT_TYPES:
                self.page(place, block, content_type, read_page(block, content_type, self._options.layouts))

    def _reply(self, place: dict[str, object], block: bytes) -> None:
        payload = http_payload(block)
        if payload is None or payload.head.status != _OK:
            return
        content = decoded_content(payload, self._options.limits)
        if content is None:
            return
        read = cables_in(payload, content, self._options.layouts)
        read_as = type_of(payload, content)
        if read is NOTHING_READ and read_as.essence not in _TEXT_TYPES:
            return
        self.page(place, content, read_as.value, read)

    def page(self, place: dict[str, object], payload: bytes, content_type: str | None, read: PageReading) -> None:
        """The lines of one page."""
        where = str(place.get("uri") or self._name)
        self.findings += ((where, finding) for finding in told_of(read))
        for cable in read.cables:
            self.cable(place, cable)
        if read.cables or self._options.only_cables:
            self.unknown += not read.cables
            return
        self.unknown += 1
        plain = plain_text(payload, content_type)
        self._line(
            {
                "kind": "page",
                "from": place or {"file": self._name},
                "layout": read.layout,
                "encoding": plain.encoding,
                "sha256": {"raw": plain.raw_sha256, "body": plain.body_sha256, "comparison": plain.comparison_sha256},
                "findings": [{"code": finding.code, "detail": finding.detail} for finding in read.findings],
                "body": plain.text,
            }
        )

    def cable(self, place: dict[str, object], cable: Extraction) -> None:
        """The line of one cable."""
        self.cables += 1
        line: dict[str, object] = {
            "kind": "cable",
            "from": place or {"file": self._name},
            "published_id": cable.published_id,
            "canonical_id": cable.canonical_id,
            "canonical_id_by": None if cable.id_reading is None else cable.id_reading.rule,
            "title": cable.title,
            "layout": f"{cable.layout}/{cable.layout_version}",
            "extractor": cable.extractor,
            "fields": {name: value.plain() for name, value in cable.fields.items()},
            "sent": None if cable.sent is None else cable.sent.plain(),
            "sha256": {"raw": cable.raw_sha256, "body": cable.body_sha256, "comparison": cable.comparison_sha256},
            "comparison_rules": cable.comparison_rules,
            "findings": [{"code": finding.code, "detail": finding.detail} for finding in cable.findings],
            "header": cable.header_text,
            "body": cable.body,
        }
        if self._options.message:
            line["bytes"] = {name: list(cable.bytes_of_field(name)) for name in cable.fields}
            line["message"] = cable.message_values()
        self._line(line)

    def _line(self, line: dict[str, object]) -> None:
        self.lines.append(escaped_json(_ENCODER.encode(line).decode()).encode() + b"\n")
