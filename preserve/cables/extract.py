"""From the bytes of a page to the cable on it: a pure function with a version.

`EXTRACTOR` names the version and is stated with every text read. It is raised with every change here that can make
any page give another identifier, field, text or checksum: a stated text must follow from its bytes for ever, and a
verifier says NOT CHECKED rather than compare two versions.

Three checksums, never one in place of another: ``raw`` of the payload as it was, ``body`` of the text as it stands on
the page, ``comparison`` of the text made for comparing sources (`preserve.cables.comparison`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from preserve.cables import boxes, labels
from preserve.cables.comparison import VERSION, comparison_text
from preserve.cables.fields import FieldValue, date_time_group, statement_fields
from preserve.cables.identity import Facts, canonical_id
from preserve.cables.layouts import Layout, recognised
from preserve.cables.message import Message, Paragraph, parse_message
from preserve.cables.offsets import BodyMap, body_map
from preserve.cables.reading import Reading
from preserve.cables.texts import one_line
from preserve.cables.visible import Visible, visible_text
from preserve.findings import Finding
from preserve.formats.charset import Decoded, decide
from preserve.limits import DEFAULT_LIMITS
from preserve.model import sha256_hex

EXTRACTOR: Final = "preserve-cables/1"

_STRAYS_TOLD: Final = 5
_STRAY_CHARS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """A cable as one page shows it. Digests are 64 hexadecimal digits of SHA-256.

    ``canonical_id`` is None where a malformed published id cannot be read. ``header_text`` is the message's header
    where the page has a place for it, else None. ``date_time_group`` is the time that the header gives, in UTC.
    """

    layout: str
    layout_version: int
    extractor: str
    published_id: str
    canonical_id: str | None
    title: str
    fields: Mapping[str, FieldValue]
    header_text: str | None
    date_time_group: FieldValue | None
    body: str
    body_map: BodyMap
    message: Message
    raw_sha256: str
    body_sha256: str
    comparison_sha256: str
    comparison_rules: str
    rules_fired: tuple[int, ...]
    findings: tuple[Finding, ...]

    def statement_fields(self) -> dict[str, dict[str, dict[str, object]]]:
        """``fields``, and of them ``claims``, what the page says about itself: plain values of JSON."""
        return statement_fields(self.fields)


@dataclass(slots=True)
class _Page:
    """A page's payload, decoded and read only as far as a layout asks for it."""

    payload: bytes
    content_type: str | None
    _decoded: Decoded | None = field(default=None)
    _visible: Visible | None = field(default=None)

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

    def shown(self) -> str:
        return one_line(self.visible.text)


def extract(payload: bytes, content_type: str | None, layouts: Sequence[Layout]) -> Extraction | None:
    """The cable on a page, or None: no layout recognises it, it names no cable, or it is longer than the bound.

    ``payload`` is the page with its content coding removed, ``content_type`` the value of the HTTP field. The first
    of the layouts that recognises the page and finds an identifier on it counts. A page of more bytes than
    `Limits.max_text_chars` is not read. Never fails; time is linear in the length of the page.
    """
    if len(payload) > DEFAULT_LIMITS.max_text_chars:
        return None
    page = _Page(payload, content_type)
    for layout in layouts:
        if not recognised(layout, payload, page.shown):
            continue
        if layout.extractor == "boxes":
            reading = boxes.read(page.decoded.text, layout)
        else:
            reading = labels.read(page.decoded.text, page.visible, layout)
        if reading is not None:
            return _extraction(page, layout, reading)
    return None


def _extraction(page: _Page, layout: Layout, reading: Reading) -> Extraction:
    message = parse_message(reading.body)
    comparison = comparison_text(reading.body)
    return Extraction(
        layout=layout.name,
        layout_version=layout.version,
        extractor=EXTRACTOR,
        published_id=reading.published_id,
        canonical_id=canonical_id(reading.published_id, _facts(reading, message)),
        title=reading.title,
        fields=reading.fields,
        header_text=reading.header_text,
        date_time_group=date_time_group(reading.header_text),
        body=reading.body,
        body_map=body_map(reading.body, reading.segments, page.payload, page.decoded),
        message=message,
        raw_sha256=sha256_hex(page.payload),
        body_sha256=sha256_hex(reading.body.encode("utf-8")),
        comparison_sha256=sha256_hex(comparison.text.encode("utf-8")),
        comparison_rules=VERSION,
        rules_fired=comparison.rules_fired,
        findings=_findings(reading),
    )


def _facts(reading: Reading, message: Message) -> Facts:
    origin, created = reading.fields.get("origin"), reading.fields.get("created")
    return Facts(
        origin=None if origin is None else origin.printed,
        created=None if created is None else created.value,
        classification_line=message.classification_line,
        header=reading.header_text,
    )


def _findings(reading: Reading) -> tuple[Finding, ...]:
    where = reading.published_id
    found: list[Finding] = []
    if not reading.body.strip():
        found.append(Finding(code="W-CABLE-EMPTY", where=where))
    if not reading.has_table:
        found.append(Finding(code="W-CABLE-NO-TABLE", where=where))
    if reading.strays:
        told = ", ".join(one_line(stray)[:_STRAY_CHARS] for stray in dict.fromkeys(reading.strays[:_STRAYS_TOLD]))
        found.append(Finding(code="W-CABLE-TAG", where=where, detail=f"{len(reading.strays)}: {told}"))
    return tuple(found)


__all__ = ["EXTRACTOR", "BodyMap", "Extraction", "FieldValue", "Message", "Paragraph", "extract"]
