"""From the bytes of a page to the cables on it: a pure function with a version.

`EXTRACTOR` names the version and is stated with every text read. It is raised with every change here that can make
any page give another identifier, field, text or checksum: a stated text must follow from its bytes for ever, and a
verifier says NOT CHECKED rather than compare two versions.

Three checksums, never one in place of another: ``raw`` of the payload as it was (of its row, in a table with a cable
a row), ``body`` of the text as it stands on the page, ``comparison`` of the text made for comparing sources
(`preserve.cables.comparison`).

A page that no layout recognises is no cable: `plain_text` gives what it shows, with the same checksums.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import msgspec
from msgspec import Struct

from preserve.cables.comparison import VERSION, comparison_text
from preserve.cables.identity import IdentityHints, IdReading, read_id
from preserve.cables.message.cited import Cited, cited_cables
from preserve.cables.message.grammar import Message, MessageHead, Paragraph, parse_head, parse_message
from preserve.cables.page import engine, lines, rows
from preserve.cables.page.fields import FieldValue, date_time_group
from preserve.cables.page.layouts import Layout, candidates, is_error_page, recognised
from preserve.cables.page.offsets import BodyMap, ByteCursor, body_map
from preserve.cables.page.reading import PageText, Reading
from preserve.cables.page.texts import Segment
from preserve.cables.page.unseen import HiddenText
from preserve.cables.page.visible import Visible, visible_text
from preserve.cables.version import EXTRACTOR
from preserve.findings import Finding
from preserve.formats.charset import Decoded, beginning, decide
from preserve.limits import DEFAULT_LIMITS
from preserve.model import sha256_hex
from preserve.text import single_spaced

HIDDEN_UNTIL_OPENED: Final = "hidden until opened"
"""How a text is called that stands in an element which a browser shows only after a script opened it."""

_MALFORMED: Final = frozenset({"cleaned", "facts of the page", "behind a garble"})
"""Rules by which an id was read that is no id by itself, so that the page's other facts count."""
_STRAYS_TOLD: Final = 5
_STRAY_CHARS: Final = 60


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """A cable as one page shows it. Digests are 64 hexadecimal digits of SHA-256.

    ``canonical_id`` is None where a malformed published id cannot be read. ``header_text`` is the message's header
    where the page has a place for it, else None. ``message``, ``body_map`` and ``header_map`` are made when they are
    asked for.
    """

    layout: str
    layout_version: int
    extractor: str
    published_id: str
    title: str
    fields: Mapping[str, FieldValue]
    header_text: str | None
    body: str
    raw_sha256: str
    body_sha256: str
    comparison_sha256: str
    comparison_rules: str
    rules_fired: tuple[int, ...]
    hidden_until_opened: bool
    """Whether a browser shows the text only after a script opened the element that it stands in."""
    findings: tuple[Finding, ...]
    _source: "_Source" = field(repr=False, compare=False)
    _reading: Reading = field(repr=False, compare=False)

    @cached_property
    def message(self) -> Message:
        """The message, taken apart. Its offsets are characters of ``body``."""
        return parse_message(self.body, self.header_text, self.head)

    @cached_property
    def head(self) -> MessageHead:
        """The head of the message, as in ``message``."""
        return parse_head(self.body, self.header_text)

    @cached_property
    def body_map(self) -> BodyMap:
        """Where the characters of ``body`` stand in the payload."""
        return self._source.map_of(self._reading.body)

    @cached_property
    def header_map(self) -> BodyMap:
        """Where the characters of ``header_text`` stand in the payload."""
        return self._source.map_of(self._reading.header)

    @property
    def canonical_id(self) -> str | None:
        """The canonical id beside the published one."""
        return None if self.id_reading is None else self.id_reading.id

    @cached_property
    def id_reading(self) -> IdReading | None:
        """The canonical id with the rule that tells it."""
        origin, created = self.fields.get("origin"), self.fields.get("created")
        alone = read_id(self.published_id, IdentityHints(origin=None if origin is None else origin.printed))
        if alone is not None and alone.rule not in _MALFORMED:
            return alone
        line = self.head.classification_line
        return read_id(
            self.published_id,
            IdentityHints(
                origin=None if origin is None else origin.printed,
                created=None if created is None else created.value,
                classification_line=None if line is None else line.text,
                header=self.header_text,
            ),
        )

    @property
    def date_time_group(self) -> FieldValue | None:
        """The time that the message's header gives, in UTC."""
        return self.fields.get("date_time_group")

    @cached_property
    def sent(self) -> FieldValue | None:
        """When the cable was sent, as precisely as the page tells: its field, or the header's date-time group.

        The date-time group counts where the field has no minutes and both agree as far as the field goes; where there
        is none, so does a time that stands before the message in its text.
        """
        created, group = self.fields.get("created"), self.date_time_group
        if created is not None and created.precision in {"minute", "second"}:
            return created
        for said in (group, self._time_in_text() if group is None else None):
            if said is not None and said.value is not None:
                agrees = created is None or created.value is None or said.value.startswith(created.value)
                return said if agrees else created
        return created

    def _time_in_text(self) -> FieldValue | None:
        """The time of a header that stands in the text, or of what a newspaper or a table put before it."""
        header, preamble = self.head.header, self.head.preamble
        if header is not None and header.date_time_group is not None and header.date_time is not None:
            printed, value = header.date_time_group.text, header.date_time
        elif preamble.time is not None and preamble.time_value is not None:
            printed, value = preamble.time.text, preamble.time_value
        else:
            return None
        return FieldValue(printed=printed, value=value, precision="minute", source="body")

    def bytes_of_field(self, name: str) -> tuple[int, int]:
        """The span of bytes of the payload that a field was read from. KeyError: the page has no such field."""
        place = self._reading.places.get(name)
        if place is not None:
            return self._source.bytes_of(place)
        # What has no place of its own was read in the header's text.
        printed = self.fields[name].printed
        start = max(0, (self.header_text or "").find(printed))
        return self.header_map.bytes_of(start, start + len(printed))

    @cached_property
    def cited(self) -> tuple[tuple[Cited, ...], ...]:
        """For each entry of the message's REF list the cables that it cites."""
        return cited_cables([entry.text for entry in self.head.headings.refs], self.canonical_id)

    def message_values(self) -> dict[str, object]:
        """The message as plain values of JSON; beside the span of each in its text stands that in the payload.

        Each entry of ``refs`` has the cables that it cites, with their places in the entry.
        """
        maps = {"body": self.body_map, "header": self.header_map}
        said = _with_bytes(msgspec.to_builtins(self.message), maps, "body")
        if not isinstance(said, dict):
            return {}
        refs = zip(said["refs"], self.cited, strict=True)
        return {**said, "refs": [{**entry, "cables": msgspec.to_builtins(cited)} for entry, cited in refs]}


class PlainText(Struct, frozen=True, kw_only=True):
    """What a page shows that is no cable, and its checksums. ``encoding`` is its name in the Encoding Standard."""

    text: str
    encoding: str
    raw_sha256: str
    body_sha256: str
    comparison_sha256: str
    comparison_rules: str
    unseen: HiddenText


class PageReading(Struct, frozen=True, kw_only=True):
    """What a page was read as. ``layout`` is the name of the one that recognises it, None where none does.

    ``findings`` are those of the page; each cable has its own.
    """

    layout: str | None
    cables: tuple[Extraction, ...]
    findings: tuple[Finding, ...]


NOTHING_READ: Final = PageReading(layout=None, cables=(), findings=())


class _Source(Struct):
    """A payload, or a row of one, decoded and read only as far as a layout asks for it.

    ``first_byte`` is where it begins in the payload, for a row.
    """

    payload: bytes
    content_type: str | None
    first_byte: int = 0
    _decoded: Decoded | None = None
    _visible: Visible | None = None
    _shown: str | None = None

    @property
    def decoded(self) -> Decoded:
        if self._decoded is None:
            self._decoded = decide(self.payload, self.content_type)
        return self._decoded

    @property
    def visible(self) -> Visible:
        if self._visible is None:
            self._visible = visible_text(self.decoded.text)
        return self._visible

    @property
    def visible_if_made(self) -> Visible | None:
        """What the page shows, where that was needed before."""
        return self._visible

    def beginning(self, characters: int) -> str:
        if self._decoded is None:
            return beginning(self.payload, self.content_type, characters)
        return self._decoded.text[:characters]

    def text(self) -> str:
        return self.decoded.text

    def shown(self) -> str:
        if self._shown is None:
            self._shown = single_spaced(self.visible.text)
        return self._shown

    def map_of(self, text: PageText | None) -> BodyMap:
        segments = [] if text is None else text.segments()
        return body_map("" if text is None else text.text, segments, self.payload, self.decoded, self.first_byte)

    def bytes_of(self, span: tuple[int, int]) -> tuple[int, int]:
        cursor = ByteCursor(self.payload, self.decoded)
        return self.first_byte + cursor.at(span[0]), self.first_byte + cursor.at(span[1])


def is_newer(extractor: str) -> bool:
    """Whether what read a text is a later version of this extractor."""
    name, _slash, version = EXTRACTOR.partition("/")
    others, _slash, number = extractor.partition("/")
    return others == name and number.isascii() and number.isdigit() and int(number[:9]) > int(version)


def extract(payload: bytes, content_type: str | None, layouts: Sequence[Layout]) -> Extraction | None:
    """The first cable on a page, or None: see `read_page`."""
    cables = read_page(payload, content_type, layouts).cables
    return cables[0] if cables else None


def read_page(payload: bytes, content_type: str | None, layouts: Sequence[Layout]) -> PageReading:
    """The cables on a page, as a rule one, in a table one a row.

    ``payload`` is the page with its content coding removed, ``content_type`` the value of the HTTP field. The first
    of the layouts that recognises the page counts and that finds an identifier on it, else the first that recognises
    it. A page of more bytes than `Limits.max_text_chars` is not read. Never fails; time is linear in the length of
    the page.
    """
    known: Layout | None = None
    if len(payload) <= DEFAULT_LIMITS.max_text_chars:
        source = _Source(payload, content_type)
        for layout in candidates(layouts, payload):
            if not recognised(layout, payload, source.beginning, source.text, source.shown):
                continue
            known = known or layout
            if layout.reads == "rows":
                return _table(payload, content_type, layout)
            if layout.reads == "lines":
                reading = lines.read(source.decoded.text, layout)
            else:
                reading = engine.read(source.decoded.text, layout, source.visible_if_made)
            if reading is not None:
                return PageReading(layout=layout.name, cables=(_extraction(source, layout, reading),), findings=())
    known_error = next((layout for layout in layouts if is_error_page(layout, payload)), None)
    if known_error is not None:
        return _unread(known_error, "W-CABLE-ERROR-PAGE")
    return NOTHING_READ if known is None else _unread(known, "W-CABLE-UNREADABLE")


def read_table(source: rows.Source, layout: Layout) -> Iterator[Extraction | Finding]:
    """The cables of a table with a cable a row, one after another, and a finding for each row that cannot be read.

    ``source`` gives further bytes of it: memory is that of one row, whatever the table's size.
    """
    for row in rows.iter_rows(source, layout):
        yield _row(row, None, layout)


def told_of(read: PageReading) -> list[Finding]:
    """What is wrong with a page and the cables on it, without what is only information."""
    found = [*read.findings, *(finding for cable in read.cables for finding in cable.findings)]
    return [finding for finding in found if finding.is_problem]


def plain_text(payload: bytes, content_type: str | None) -> PlainText:
    """What a page shows, for pages that no layout recognises. Never fails.

    A ``text/plain`` is its text; everything else is read as HTML, in which a text without tags is its text as well.
    """
    decoded, text, visible = _shown(payload, content_type)
    return PlainText(
        text=text,
        encoding=decoded.encoding,
        raw_sha256=sha256_hex(payload),
        body_sha256=sha256_hex(text.encode("utf-8", "replace")),
        comparison_sha256=sha256_hex(comparison_text(text).text.encode("utf-8", "replace")),
        comparison_rules=VERSION,
        unseen=HiddenText() if visible is None else visible.unseen,
    )


def plain_map(payload: bytes, content_type: str | None) -> BodyMap:
    """Where the characters of the text that `plain_text` gives stand in the page."""
    decoded, text, visible = _shown(payload, content_type)
    if visible is None:
        segments = [Segment(start=0, length=len(text), from_start=0, from_end=len(text), copied=True)]
    else:
        first = len(visible.text) - len(visible.text.lstrip("\n"))
        segments = visible.builder.segments(first, first + len(text))
    return body_map(text, segments, payload[: DEFAULT_LIMITS.max_text_chars], decoded)


def _shown(payload: bytes, content_type: str | None) -> tuple[Decoded, str, Visible | None]:
    """A page decoded, and the text that it shows; no `Visible` where it is a plain text."""
    decoded = decide(payload[: DEFAULT_LIMITS.max_text_chars], content_type)
    if (content_type or "").strip().lower().startswith("text/plain"):
        return decoded, decoded.text, None
    visible = visible_text(decoded.text)
    return decoded, visible.text.strip("\n"), visible


def _with_bytes(value: object, maps: Mapping[str, BodyMap], part: str) -> object:
    """A value of JSON in which every span of a text has its bytes beside it."""
    if isinstance(value, list | tuple):
        return [_with_bytes(item, maps, part) for item in value]
    if not isinstance(value, dict):
        return value
    part = value["part"] if value.get("part") in maps else part
    said = {name: _with_bytes(item, maps, part) for name, item in value.items()}
    start, end = said.get("start"), said.get("end")
    if isinstance(start, int) and isinstance(end, int):
        said["bytes"] = list(maps[part].bytes_of(start, end))
    return said


def _unread(layout: Layout, code: str) -> PageReading:
    return PageReading(layout=layout.name, cables=(), findings=(Finding(code=code, where=layout.name),))


def _table(payload: bytes, content_type: str | None, layout: Layout) -> PageReading:
    position = 0

    def more(size: int) -> bytes:
        nonlocal position
        piece = payload[position : position + size]
        position += len(piece)
        return piece

    found = [_row(row, content_type, layout) for row in rows.iter_rows(more, layout)]
    return PageReading(
        layout=layout.name,
        cables=tuple(one for one in found if isinstance(one, Extraction)),
        findings=tuple(one for one in found if isinstance(one, Finding)),
    )


def _row(row: rows.TableRow, content_type: str | None, layout: Layout) -> Extraction | Finding:
    where = f"{layout.name}, row at byte {row.start}"
    if row.defect:
        return Finding(code="W-CABLE-ROW", where=where, detail=row.defect)
    source = _Source(row.raw, content_type or "text/plain", row.start)
    reading = rows.read_row(row, source.decoded, layout)
    if reading is None:
        return Finding(code="W-CABLE-ROW", where=where, detail="it names no cable")
    return _extraction(source, layout, reading)


def _extraction(source: _Source, layout: Layout, reading: Reading) -> Extraction:
    comparison = comparison_text(reading.body.text)
    fields = dict(reading.fields)
    group = date_time_group(None if reading.header is None else reading.header.text)
    if group is not None:
        fields["date_time_group"] = group
    return Extraction(
        layout=layout.name,
        layout_version=layout.version,
        extractor=EXTRACTOR,
        published_id=reading.published_id,
        title=reading.title,
        fields=fields,
        header_text=None if reading.header is None else reading.header.text,
        body=reading.body.text,
        raw_sha256=sha256_hex(source.payload),
        body_sha256=sha256_hex(reading.body.text.encode("utf-8")),
        comparison_sha256=sha256_hex(comparison.text.encode("utf-8")),
        comparison_rules=VERSION,
        rules_fired=comparison.rules_fired,
        hidden_until_opened=reading.hidden_until_opened,
        findings=_findings(reading),
        _source=source,
        _reading=reading,
    )


def _findings(reading: Reading) -> tuple[Finding, ...]:
    where = reading.published_id
    found: list[Finding] = []
    if not reading.body.text.strip():
        found.append(Finding(code="W-CABLE-EMPTY", where=where))
    if not reading.has_fields:
        found.append(Finding(code="W-CABLE-NO-TABLE", where=where))
    unseen = [reading.body.unseen] if reading.header is None else [reading.body.unseen, reading.header.unseen]
    characters = sum(each.characters for each in unseen)
    if characters:
        elements = sum(each.elements for each in unseen)
        detail = f"{characters} characters; elements that hide what is in them: {elements}"
        found.append(Finding(code="I-CABLE-HIDDEN", where=where, detail=detail))
    if reading.hidden_until_opened:
        found.append(Finding(code="I-CABLE-OPENED", where=where))
    if reading.strays:
        told = ", ".join(single_spaced(stray)[:_STRAY_CHARS] for stray in dict.fromkeys(reading.strays[:_STRAYS_TOLD]))
        found.append(Finding(code="I-CABLE-TAG", where=where, detail=f"{len(reading.strays)}: {told}"))
    return tuple(found)


__all__ = [
    "EXTRACTOR",
    "HIDDEN_UNTIL_OPENED",
    "NOTHING_READ",
    "BodyMap",
    "Extraction",
    "FieldValue",
    "Message",
    "PageReading",
    "Paragraph",
    "PlainText",
    "extract",
    "is_newer",
    "plain_text",
    "read_page",
    "read_table",
    "told_of",
]
