"""What ``preserve extract`` reads, as a table: a row for each of its lines, columns as in the table of texts.

Tested by ``tests/scenarios/test_extract_table.py``.
"""

from collections.abc import Mapping
from typing import IO, Any, Final

import msgspec

from preserve.export.parquet import Kind, RowWriter
from preserve.export.tables import FIELDS, TIMES, with_fields

_BEFORE: Final = {
    "kind": "cable, or page: one that no layout recognises",
    "file": "the file",
    "offset": "where the compressed piece with the record begins in it, in bytes (a number); null of what is no record",
    "inner": "where the record begins in that piece: 0 but where several were compressed together (a number)",
    "record_id": "the WARC record",
    "url": "the address captured",
    "captured": "when, as the record says it",
    "read_in": "dom where it was read in the document that a page's scripts made; else null",
    "published_id": "the id that the page prints",
    "canonical_id": "the canonical id; null where it is not known",
    "canonical_id_by": "the rule that says so",
    "title": "the page's title of the cable",
}
_BEHIND: Final = {
    "fields": "all that the page's fields hold, each with the place that it was read in, as JSON",
    "sent": "the document's date, as precisely as it is known",
    "sent_printed": "what that was read from",
    "sent_precision": "second, minute, hour or day",
    "header": "the message's header, where the page has a place for it",
    "text": "the text of the message, exactly; of a page what it shows",
    "raw_sha256": "SHA-256 of the payload that it was read from",
    "body_sha256": "SHA-256 of the text",
    "comparison_sha256": "SHA-256 of the text made for comparing sources",
    "comparison_rules": "the version of the rules of that",
    "layout": "the layout of the page, with its version",
    "extractor": "the extractor that read it, with its version",
    "encoding": "the encoding of a page that is no cable",
    "findings": "codes of what is wrong (a list)",
    "bytes": "with --message: where each field stands in the payload, as JSON",
    "message": "with --message: the message taken apart, as JSON",
}
_KINDS: Final = {"offset": Kind.NUMBER, "inner": Kind.NUMBER, "findings": Kind.LIST}
_ENCODER: Final = msgspec.json.Encoder()


def columns() -> dict[str, str]:
    """Every column in order, and what stands in it."""
    return with_fields(_BEFORE, _BEHIND)


def extract_writer(out: IO[bytes]) -> RowWriter:
    """A table of what is extracted, to be closed.

    Raises:
        UsageError: pyarrow is not installed.
    """
    return RowWriter(out, {name: _KINDS.get(name, Kind.TEXT) for name in columns()})


def add_lines(writer: RowWriter, lines: bytes) -> None:
    """Adds the rows of some lines, as `preserve.readers.extract` makes them."""
    for line in lines.splitlines():
        writer.add(_row(msgspec.json.decode(line)))


def _row(line: Mapping[str, Any]) -> dict[str, Any]:
    place, sums, fields = line["from"], line["sha256"], line.get("fields", {})
    row: dict[str, Any] = {
        "kind": line["kind"],
        "file": place.get("file"),
        "offset": place.get("offset"),
        "inner": place.get("inner", 0) if "offset" in place else None,
        "record_id": place.get("record_id"),
        "url": place.get("uri"),
        "captured": place.get("date"),
        "read_in": place.get("read_in"),
    }
    plain = ("published_id", "canonical_id", "canonical_id_by", "title", "comparison_rules", "header", "layout")
    row |= {name: line.get(name) for name in (*plain, "extractor", "encoding")}
    for name in FIELDS:
        field = fields.get(name) or {}
        row[f"{name}_printed"] = field.get("printed")
        row[f"{name}_value"] = field.get("value")
        if name in TIMES:
            row[f"{name}_precision"] = field.get("precision")
    sent = line.get("sent") or {}
    return row | {
        "fields": _json(line.get("fields")),
        "sent": sent.get("value"),
        "sent_printed": sent.get("printed"),
        "sent_precision": sent.get("precision"),
        "text": line["body"],
        "raw_sha256": sums["raw"],
        "body_sha256": sums["body"],
        "comparison_sha256": sums["comparison"],
        "findings": [finding["code"] for finding in line["findings"]],
        "bytes": _json(line.get("bytes")),
        "message": _json(line.get("message")),
    }


def _json(value: object) -> str | None:
    return None if value is None else _ENCODER.encode(value).decode()
