"""A WARC record, said as ledger statements: what was stored, and what cable was read from it.

The one place where a stored record becomes a statement: a capture, an import and verification all go through it, so
that they cannot disagree.

Tested by ``tests/unit/crawler/test_records.py``.
"""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import UNSET, Struct

from preserve.cables.version import EXTRACTOR
from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.challenge import challenge_of
from preserve.formats.content import decode_content, no_codings
from preserve.formats.http1.message import ReplyHead, parse_response_head, split_head, transfer_codings
from preserve.formats.http1.stream import Payload, payload_of
from preserve.formats.mediatype import ContentType, content_type, declared_type
from preserve.formats.warc.containers import HOLD_BYTES
from preserve.formats.warc.record import RecordHeader, WarcRecord, bare_uri, record_sha256, request_method
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.model import sha256_hex
from preserve.provenance import statements
from preserve.provenance.statements import CableStatement, Claimed, PrintedFields, Whole
from preserve.store.readmarks import Readers
from preserve.text import terminal_line

if TYPE_CHECKING:
    from preserve.cables.extract import Extraction, PageReading
    from preserve.cables.page.layouts import Layout

_DIGEST_PREFIX = "sha256:"
_WITH_A_PAGE = frozenset({"response", "resource"})
_PARTIAL_CONTENT = 206
_PICTURE = lazy_re(r"urn:[a-z][a-z-]*:(https?:)", re.IGNORECASE)
"""Target of what a browser made of a page, in whatever form (``urn:text:https://…``): it is not the page (ADR 28)."""
_DOM = "urn:dom:"
BUILT_BY_SCRIPTS = "from the document that the page's scripts built in the browser of the program that captured it"
"""From whom a text is that was read in such a document, where a reply showed none."""
MADE_HERE = "made by this program in the browser that captured the page; no server sent it"
"""Who made a record whose address `page_of_made` reads, where this program captured the page."""
TakeText = Callable[[str, "Extraction"], object]
"""Takes a text that was read, and the id of the record that it was read from."""
HTTP_RESPONSE_TYPES = ("response", "revisit")
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
RESOURCE_TYPES = HTML_TYPES | {"text/plain", "text/csv"}
"""The media types of ``resource`` records in which cables are looked for."""


def wholeness(header: RecordHeader, status: int | None, *, complete: bool, decodes: bool) -> Whole | None:
    """Whether all of a page came and can be read, of a ``response`` or ``resource`` record; None of another record.

    The one rule for capture, import and verification; it asks only what the record itself tells. ``status``:
    of the reply in it, None where none can be read; ``complete``: all that its framing promises is there; ``decodes``:
    see there. A revisit is as whole as the record that it refers to.
    """
    names = header.by_name
    if names["warc-type"] not in _WITH_A_PAGE:
        return None
    if "warc-truncated" in names or not complete:
        return "cut"
    if names["warc-type"] == "resource" or not is_http(header):
        return "whole"
    if status is None or not decodes:
        return "undecodable"
    return "partial" if status == _PARTIAL_CONTENT else "whole"


def decodes(payload: Payload, block_bytes: int, content: Callable[[], bytes | None] | None = None) -> bool:
    """True where the codings of a reply can be taken off its payload. ``content`` gives what `decoded_content` does.

    What is larger than `HOLD_BYTES` is not tried: it is never held whole where records are checked in bulk.
    """
    if any(coding != b"chunked" for coding in transfer_codings(payload.head)):
        return False
    if block_bytes > HOLD_BYTES or not _codings(payload.head):
        return True
    return (decoded_content(payload, DEFAULT_LIMITS) if content is None else content()) is not None


def is_http(header: RecordHeader) -> bool:
    """True where the record says that its block is an HTTP message."""
    return (header.get("Content-Type") or "").lower().startswith("application/http")


class KnownOfRecord(Struct, frozen=True, kw_only=True):
    """What the writer of a record knows of it already: the reply's head, and the bot wall that it was taken for.

    The digests that such a record declares were taken from its bytes a moment ago, and are not taken again.
    """

    head: ReplyHead | None = None
    challenge: str | None = None
    payload: Payload | None = None
    """The reply taken apart, where it can be read."""
    content: bytes | None = None
    """Its body with the content coding removed, where that was done already."""


def describe_fresh(
    record: WarcRecord, fresh: KnownOfRecord, *, file: str, ordinal: int, run: str
) -> statements.RecordStatement:
    """The statement of a record that was made in this process: the one that a reading gives (`statement_of`)."""
    header, head = record.header, fresh.head
    said, kind = header.by_name.get, header.type
    is_reply = kind in HTTP_RESPONSE_TYPES
    uri = said("warc-target-uri")
    method = request_method(header)
    return statements.RecordStatement(
        record_id=header.record_id,
        type=kind,
        uri=None if uri is None else bare_uri(uri),
        date=header.date,
        status=head.status if is_reply and head is not None else None,
        file=file,
        ordinal=ordinal,
        record_sha256=record_sha256(header.raw, record.block),
        block_sha256=bare_sha256(said("warc-block-digest")) or sha256_hex(record.block),
        payload_sha256=bare_sha256(said("warc-payload-digest")) if is_reply else None,
        refers_to=_bare(said("warc-refers-to")),
        mime=media_type(head) if is_reply and head is not None else None,
        challenge=fresh.challenge if kind == "response" else None,
        whole=_fresh_wholeness(record, fresh) if kind in _WITH_A_PAGE else None,
        run=run,
        method=UNSET if method == "GET" else method,
    )


def _fresh_wholeness(record: WarcRecord, fresh: KnownOfRecord) -> Whole | None:
    payload = fresh.payload
    if payload is None:
        return wholeness(record.header, None, complete=True, decodes=True)
    content = fresh.content
    return wholeness(
        record.header,
        payload.head.status,
        complete=payload.complete,
        decodes=decodes(payload, len(record.block), None if content is None else lambda: content),
    )


def cables_in(payload: Payload, content: bytes | None, layouts: "Sequence[Layout]") -> "PageReading":
    """The cables in a reply whose content was decoded before."""
    from preserve.cables.extract import NOTHING_READ, read_page  # noqa: PLC0415 - only those who read pages need it

    if not layouts or content is None or payload.head.status != 200:  # noqa: PLR2004 - only a full reply shows one
        return NOTHING_READ
    return read_page(content, type_of(payload, content).value, layouts)


def read_cables(record: WarcRecord, layouts: "Sequence[Layout]", limits: Limits) -> "PageReading":
    """The cables on a stored page: none for another kind of record, an error reply, or a page of no known layout.

    A ``resource`` record of text (WARC 1.1 section 6.3: a page or row that no HTTP reply brought) is a page as well,
    and so is the document that scripts made of one: whether its text counts is for whoever asks (`resource_type`).
    """
    from preserve.cables.extract import NOTHING_READ, read_page  # noqa: PLC0415 - as above

    if record.header.type == "resource" and layouts:
        content_type = page_type(record.header)
        return NOTHING_READ if content_type is None else read_page(record.block, content_type, layouts)
    method = request_method(record.header)
    if record.header.type != "response" or not layouts or method != "GET":
        return NOTHING_READ
    payload = http_payload(record.block)
    return NOTHING_READ if payload is None else cables_in(payload, decoded_content(payload, limits), layouts)


def readers_of(layouts: "Sequence[Layout]") -> Readers:
    """This program's extractor with some layouts."""
    return Readers(EXTRACTOR, frozenset(layout.digest for layout in layouts))


def resource_type(header: RecordHeader) -> str | None:
    """The Content-Type of a ``resource`` record whose block is text that can show cables; else None."""
    declared = header.get("Content-Type") or ""
    if _PICTURE.match(bare_uri(header.by_name.get("warc-target-uri", ""))):
        return None
    is_text = header.type == "resource" and declared.split(";")[0].strip().lower() in RESOURCE_TYPES
    return declared if is_text else None


def page_of_made(uri: str | None) -> str | None:
    """The address of the page of which a browser made a record (``urn:view:https://…``); else None."""
    match = _PICTURE.match(uri or "")
    return None if match is None else (uri or "")[match.start(1) :]


def page_of_dom(uri: str | None) -> str | None:
    """The address of the page whose scripts made the document of a record (``urn:dom:https://…``); else None."""
    page = (uri or "").removeprefix(_DOM)
    return page if page != uri and page.startswith(("http:", "https:")) else None


def page_type(header: RecordHeader) -> str | None:
    """The Content-Type of a ``resource`` record that is read as a page: one that was brought, or one of scripts."""
    if page_of_dom(bare_uri(header.by_name.get("warc-target-uri", ""))) is None:
        return resource_type(header)
    declared = header.get("Content-Type") or ""
    return declared if header.type == "resource" and declared.split(";")[0].strip().lower() in HTML_TYPES else None


def describe_cable(record_id: str, uri: str | None, extraction: "Extraction") -> CableStatement:
    """The ``cable`` statement of one extraction. ``uri``: the target of the record that it was read from."""
    from preserve.cables.page.fields import CLAIMS  # noqa: PLC0415 - as above

    fields = extraction.fields
    return CableStatement(
        record_id=record_id,
        extractor=extraction.extractor,
        layout=f"{extraction.layout}/{extraction.layout_version}",
        published_id=extraction.published_id,
        canonical_id=extraction.canonical_id,
        raw_sha256=extraction.raw_sha256,
        body_sha256=extraction.body_sha256,
        comparison_sha256=extraction.comparison_sha256,
        comparison_rules=extraction.comparison_rules,
        rules_fired=tuple(extraction.rules_fired),
        claims={
            name: Claimed(printed=fields[name].printed, value=fields[name].value) for name in CLAIMS if name in fields
        },
        fields={
            name: PrintedFields(printed=one.printed, value=one.value, precision=one.precision, source=one.source)
            for name, one in fields.items()
        },
        read_in=UNSET if page_of_dom(uri) is None else "dom",
    )


def challenge_in(payload: Payload, content: bytes | None) -> str | None:
    """The bot wall whose challenge a reply is, or None. ``content``: the payload with its content coding removed."""
    is_page = content is not None and type_of(payload, content).essence in HTML_TYPES
    return challenge_of(payload.head, content if is_page else None)


def http_payload(block: bytes, method: str = "GET") -> Payload | None:
    """The HTTP reply in a response block, or None where no reply can be read in it. ``method``: of its request."""
    try:
        return payload_of(block, method)
    except FormatError:
        return None


def decoded_content(payload: Payload, limits: Limits) -> bytes | None:
    """The payload with its content coding removed, for reading only; None where it is damaged or too large."""
    try:
        return decode_content(payload.payload, _codings(payload.head), max_bytes=limits.max_decoded_bytes)
    except FormatError:
        return None


def _codings(head: ReplyHead) -> list[str]:
    return [_text(coding) for coding in head.get_list(b"content-encoding")]


def media_type(head: ReplyHead) -> str | None:
    """The bare media type that a reply says it has, in lower case, where it says one."""
    declared = declared_type(tuple(head.get_all(b"content-type")))
    return None if declared is None else declared.essence


def type_of(payload: Payload, content: bytes) -> ContentType:
    """What a reply's content is read as: what it says it is, or, where it says nothing usable, what it begins like."""
    head = payload.head
    nosniff = head.get_list(b"x-content-type-options")[:1] == [b"nosniff"]
    return content_type(head.get_all(b"content-type"), content, nosniff=nosniff)


def notes_of(payload: Payload, content: bytes | None) -> list[tuple[str, str]]:
    """Codes and details of what is odd in how a reply says its content is to be read: information, and no damage."""
    notes = []
    unknown = no_codings(_codings(payload.head))
    if unknown:
        notes.append(("I-HTTP-CODING", f"Content-Encoding {terminal_line(', '.join(unknown), 60)} is none"))
    if content:
        note = type_of(payload, content).note
        if note:
            notes.append(("I-HTTP-TYPE", note))
    return notes


def bare_sha256(digest: str | None) -> str | None:
    """The 64 hexadecimal digits of a ``sha256:`` digest of ours, or None."""
    if digest is None or not digest.startswith(_DIGEST_PREFIX):
        return None
    return digest[len(_DIGEST_PREFIX) :]


def response_head(block: bytes) -> ReplyHead | None:
    """The head of the reply in a block; None where none can be read."""
    try:
        return parse_response_head(split_head(block)[0])
    except FormatError:
        return None


def _bare(uri: str | None) -> str | None:
    return None if uri is None else bare_uri(uri)


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode("latin-1")
