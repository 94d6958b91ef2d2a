"""Records of which there is nothing to be told but what they say: told apart from all others at a third of the cost.

Each question is asked as `preserve.integrity.record` asks it. What hangs on the names in a header alone is asked once
for all headers of a shape (`preserve.formats.warc.shapes`). Wherever an answer is not the usual one, nothing is given,
and the record is looked at from the beginning: no finding is made here.

Tested by ``tests/unit/integrity/test_plain.py``.
"""

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from preserve.errors import FormatError
from preserve.formats.digests import parse_digest
from preserve.formats.http1.stream import plain_body
from preserve.formats.warc.fields import ALWAYS, misuses_of
from preserve.formats.warc.record import RecordHeader, bare_uri
from preserve.formats.warc.shapes import HeaderShape
from preserve.integrity.facts import RecordFacts
from preserve.integrity.payloads import any_may_be, behind_head, has_content_coding, media_type_in
from preserve.model import is_whole_date
from preserve.provenance.describe import is_http, wholeness
from preserve.provenance.statements import Whole
from preserve.readers.hashing import HASHES

if TYPE_CHECKING:
    from preserve.cables.page.layouts import Layout

VERSIONS: Final = frozenset({"WARC/1.0", "WARC/1.1", "ARC"})
"""The versions of which nothing is said."""
REFERENCES: Final = frozenset({"warc-concurrent-to", "warc-refers-to", "warc-warcinfo-id", "warc-segment-origin-id"})
"""Fields that name another record."""
_ODD: Final = frozenset({"warc-request-method", "warc-refers-to", "warc-segment-number", "warc-truncated"})
_LOOKED_AT: Final = frozenset({"revisit", "resource"})
"""Types of record that say more than their header and one reply."""
_OK: Final = 200


class _ShapeFacts(Struct, frozen=True):
    """What the names in a header say of a record. Places are those of values; ``payload`` None: none is declared.

    ``wholes``: by status, what `wholeness` says of a complete reply in such a record.
    """

    record_id: int
    date: int
    uri: int | None
    block: int
    payload: int | None
    references: tuple[tuple[str, int], ...]
    is_http: bool
    is_reply: bool
    wholes: dict[int | None, Whole | None] = field(default_factory=dict)


@lru_cache(maxsize=64)
def _shape_facts(shape: HeaderShape) -> _ShapeFacts | None:
    """None where something is to be told of every record with such a header."""
    places = shape.places
    is_odd = shape.version not in VERSIONS or not _ODD.isdisjoint(places) or shape.kind in _LOOKED_AT
    if is_odd or misuses_of(shape.kind, shape.keys) or not places.keys() >= {*ALWAYS, "warc-block-digest"}:
        return None
    header = RecordHeader.shaped(shape, shape.sample, b"")
    return _ShapeFacts(
        record_id=places["warc-record-id"],
        date=places["warc-date"],
        uri=places.get("warc-target-uri"),
        block=places["warc-block-digest"],
        payload=places.get("warc-payload-digest"),
        references=tuple((shape.names[place], place) for key, place in places.items() if key in REFERENCES),
        is_http=is_http(header),
        is_reply=shape.kind == "response" and is_http(header),
    )


def plain_facts(
    header: RecordHeader, block: bytes, *, identity: bool, mime: bool, layouts: "tuple[Layout, ...]"
) -> RecordFacts | None:
    """Reads a record whose digests are to be held against its bytes; None where it must be looked at more closely.

    ``identity``: its SHA-256, those of block and payload, and whether it is whole; ``mime``: its media type as well.
    ``layouts``: a page that may be of one of these is looked at.
    """
    shape = header.shape
    known = None if shape is None else _shape_facts(shape)
    if shape is None or known is None:
        return None
    values = header.values
    record_id, date = values[known.record_id], values[known.date]
    uri = None if known.uri is None else values[known.uri]
    is_usual = record_id.startswith("<urn:") and record_id.endswith(">") and is_whole_date(date)
    if not is_usual or (uri is not None and uri.startswith("<")):
        return None
    status, reply = None, None
    if known.is_reply:
        plain = plain_body(block)
        if plain is None:
            return None
        status, end = plain
        if (identity or layouts) and has_content_coding(block, end):
            return None
        reply = memoryview(block)[end:]
        if layouts and status == _OK and any_may_be(layouts, block, end):
            return None
    block_sha256 = _fitting(values[known.block], block)
    declared: str | None = None
    payload_sha256: str | None = ""
    if known.payload is not None:
        declared = values[known.payload]
        content = reply if reply is not None else behind_head(block) if known.is_http else block
        payload_sha256 = _fitting(declared, content)
    if block_sha256 is None or payload_sha256 is None:
        return None
    references = tuple([(name, bare_uri(values[place])) for name, place in known.references])
    if not identity:
        return RecordFacts(
            record_id[1:-1], shape.kind, uri, date, None, None, None, declared, status, None, None, references
        )
    if status not in known.wholes:
        known.wholes[status] = wholeness(header, status, complete=True, decodes=True)
    taken = sha256(header.raw)
    taken.update(block)
    return RecordFacts(
        record_id[1:-1],
        shape.kind,
        uri,
        date,
        taken.hexdigest(),
        block_sha256 or sha256(block).hexdigest(),
        None if reply is None else payload_sha256 or sha256(reply).hexdigest(),
        declared,
        status,
        media_type_in(block, len(block) - len(reply)) if mime and reply is not None else None,
        None,
        references,
        whole=known.wholes[status],
    )


def _fitting(text: str, data: bytes | memoryview) -> str | None:
    """None where a declared digest is none, or does not fit; else the SHA-256, or nothing where it is another one."""
    try:
        declared = parse_digest(text)
    except FormatError:
        return None
    if HASHES[declared.algorithm](data).digest() != declared.digest:
        return None
    return declared.digest.hex() if declared.algorithm == "sha256" else ""
