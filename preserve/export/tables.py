"""Everything recovered, as a table: CSV, JSON Lines or Parquet, a row for each text that the ledger names.

Rows are read from the records, in the ledger's order, and written as they come: memory is that of a few batches, and
the same archive gives the same rows. The four dates stay apart: the document's (``sent``), the source's release
(``source_released``), the capture's (``captured``); what a proof says of time is in the ledger's receipts, and
``statement`` is the row's place in the ledger that they vouch for.

Tested by ``tests/scenarios/test_search.py``.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any, Final

from preserve.cables.extract import Extraction
from preserve.cables.message.cited import Cited
from preserve.cables.message.references import Reference
from preserve.errors import UsageError
from preserve.replay.stated_texts import TextSource, read_again
from preserve.store.catalogue import Catalogue, ShownCable
from preserve.text import clean, escaped_json

FIELDS: Final = (
    "created", "date_time_group", "origin", "classification", "tags", "released", "redacted_note", "partial_note",
    "source", "source_released", "counter", "history",
)  # fmt: skip
_TIMES: Final = frozenset({"created", "date_time_group", "released", "source_released"})
_LISTS: Final = frozenset({"message_tags", "meant_tags", "cites", "findings", "rules"})
_NUMBERS: Final = frozenset({"statement", "entry", "start", "end"})
_TRUTHS: Final = frozenset({"certain", "year_is_assumed"})

_BEFORE: Final = {
    "collection": "the collection",
    "published_id": "the id that the page prints",
    "canonical_id": "the canonical id; empty where it is not known",
    "title": "the page's title of the cable",
    "subject": "the message's subject, on one line",
}
_BEHIND: Final = {
    "sent": "the document's date, as precisely as it is known",
    "sent_printed": "what that was read from",
    "sent_precision": "second, minute, hour or day",
    "message_tags": "the message's tags (a list)",
    "meant_tags": "what these mean, each once (a list)",
    "cites": "the ids of the cables that its references name (a list)",
    "header": "the message's header, where the page has a place for it",
    "text": "the text of the message, exactly",
    "raw_sha256": "SHA-256 of the payload that it was read from",
    "body_sha256": "SHA-256 of the text",
    "comparison_sha256": "SHA-256 of the text made for comparing sources",
    "url": "the address captured",
    "captured": "when, in UTC",
    "whole": "whether all of the page came: whole, cut, partial or undecodable",
    "record_id": "the WARC record",
    "record_sha256": "SHA-256 of the record, as the ledger names it",
    "file": "the WARC file",
    "statement": "index of the text's statement in the ledger (a number)",
    "layout": "the layout of the page, with its version",
    "extractor": "the extractor that read it, with its version",
    "findings": "codes of what is wrong (a list)",
}


def columns() -> dict[str, str]:
    """Every column in order, and what stands in it."""
    said = dict(_BEFORE)
    for name in FIELDS:
        said[f"{name}_printed"] = f"the page's field {name}, as printed"
        said[f"{name}_value"] = f"what {name} means, where that is known"
        if name in _TIMES:
            said[f"{name}_precision"] = f"how precisely {name} is known"
    return said | _BEHIND


COLUMNS: Final = tuple(columns())

REFERENCES: Final = {
    "collection": "the collection",
    "published_id": "the id that the page of the citing cable prints",
    "canonical_id": "its canonical id; empty where it is not known",
    "entry": "which entry of the list of references, counted from 1 (a number)",
    "enumerator": "its letter, where it has one",
    "printed": "the entry as printed, on one line",
    "start": "where it begins in the text, in characters (a number)",
    "end": "where it ends (a number)",
    "cited": "the id of a cable that it cites; empty where it cites none",
    "rules": "the rules that read it (a list)",
    "certain": "whether these leave no doubt (yes or no)",
    "year_is_assumed": "whether its year is that of the citing cable, because none stands there (yes or no)",
    "captured": "when the text was captured, in UTC",
    "record_id": "the WARC record",
    "statement": "index of the text's statement in the ledger (a number)",
    "extractor": "the extractor that read it, with its version",
}
"""The columns of the table of references, and what stands in them."""

TABLES: Final[dict[str, tuple[str, ...]]] = {"texts": COLUMNS, "references": tuple(REFERENCES)}
"""Every table with its columns."""


def table_rows(
    source: TextSource,
    catalogue: Catalogue,
    unread: Callable[[ShownCable], object],
    table: str = "texts",
    *,
    size: int,
) -> Iterator[dict[str, Any]]:
    """The rows of a collection, of one of `TABLES`. ``unread`` is told each text that its record no longer gives.

    ``size`` is that of the checkpoint: statements above it are left out.

    The table of references has a row for each cable that an entry cites, and one for each entry that cites none.

    Raises:
        EnvironmentFaultError: a helping process was killed.
    """
    read = _references if table == "references" else _texts
    signed = (cable for cable in catalogue.shown_cables() if cable.statement < size)
    for cable, rows in read_again(source, signed, read, expected=catalogue.ledger_size):
        if rows is None:
            unread(cable)
        else:
            yield from ({"collection": source.paths.name, **row} for row in rows)


def _references(cable: ShownCable, text: Extraction) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number, (entry, cited) in enumerate(zip(text.message.refs, text.cited, strict=True), 1):
        rows += [_reference(cable, text, number, entry, one) for one in cited or (None,)]
    return rows


def _reference(cable: ShownCable, text: Extraction, number: int, entry: Reference, one: Cited | None) -> dict[str, Any]:
    return {
        "published_id": text.published_id,
        "canonical_id": text.canonical_id,
        "entry": number,
        "enumerator": entry.enumerator,
        "printed": entry.text,
        "start": entry.start,
        "end": entry.end,
        "cited": None if one is None else one.id,
        "rules": [] if one is None else list(one.rules),
        "certain": None if one is None else one.certain,
        "year_is_assumed": None if one is None else one.year_is_assumed,
        "captured": cable.record.date,
        "record_id": cable.record.record_id,
        "statement": cable.statement,
        "extractor": text.extractor,
    }


def _texts(cable: ShownCable, text: Extraction) -> list[dict[str, Any]]:
    return [_row(cable, text)]


def _row(cable: ShownCable, text: Extraction) -> dict[str, Any]:
    subject = text.message.subject
    row: dict[str, Any] = {
        "published_id": text.published_id,
        "canonical_id": text.canonical_id,
        "title": text.title,
        "subject": None if subject is None else " ".join(subject.text.split()),
    }
    for name in FIELDS:
        field = text.fields.get(name)
        row[f"{name}_printed"] = None if field is None else field.printed
        row[f"{name}_value"] = None if field is None else field.value
        if name in _TIMES:
            row[f"{name}_precision"] = None if field is None else field.precision
    sent = text.sent
    return row | {
        "sent": None if sent is None else sent.value,
        "sent_printed": None if sent is None else sent.printed,
        "sent_precision": None if sent is None else sent.precision,
        "message_tags": [" ".join(tag.text.split()) for tag in text.message.tags],
        "meant_tags": [tag.meant for tag in text.message.meant_tags],
        "cites": [one.id for entry in text.cited for one in entry],
        "header": text.header_text,
        "text": text.body,
        "raw_sha256": text.raw_sha256,
        "body_sha256": text.body_sha256,
        "comparison_sha256": text.comparison_sha256,
        "url": cable.record.uri,
        "captured": cable.record.date,
        "whole": cable.record.whole,
        "record_id": cable.record.record_id,
        "record_sha256": cable.record.record_sha256,
        "file": cable.record.place.file,
        "statement": cable.statement,
        "layout": f"{text.layout}/{text.layout_version}",
        "extractor": text.extractor,
        "findings": [finding.code for finding in text.findings],
    }


def write_csv(rows: Iterable[Mapping[str, Any]], out: IO[bytes], columns: Sequence[str] = COLUMNS) -> int:
    """RFC 4180, UTF-8, with a header row; lists are parted by line feeds. Returns the number of rows.

    A cell that a spreadsheet would take for a formula (it begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage
    return, or with ``'``) has ``'`` before it. To have the exact cell, take one leading ``'`` off. Control characters,
    which a spreadsheet or a terminal acts upon, are U+FFFD; the other forms have them.
    """
    lines = io.TextIOWrapper(out, encoding="utf-8", errors="replace", newline="", write_through=True)
    writer = csv.writer(lines, lineterminator="\r\n")
    count = 0
    try:
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(row[name]) for name in columns])
            count += 1
    finally:
        # Else it would close what it writes to.
        lines.detach()
    return count


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "\n".join(value) if isinstance(value, list) else str(value)
    text = "\r".join(clean(part) for part in text.split("\r"))
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "'")) else text


def write_jsonl(rows: Iterable[Mapping[str, Any]], out: IO[bytes], columns: Sequence[str] = COLUMNS) -> int:
    """A JSON object a line; what is not known is null. Returns the number of rows."""
    count = 0
    for row in rows:
        said = escaped_json(json.dumps({name: row[name] for name in columns}, ensure_ascii=False))
        out.write(said.encode("utf-8", "replace") + b"\n")
        count += 1
    return count


_ROWS_A_GROUP: Final = 2_000


def write_parquet(rows: Iterable[Mapping[str, Any]], out: IO[bytes], columns: Sequence[str] = COLUMNS) -> int:
    """Parquet, texts as strings, lists as lists, what is not known as null. Returns the number of rows.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an optional extra
        import pyarrow.parquet as pq  # noqa: PLC0415 - as above
    except ImportError as error:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed",
            next_step="Install its extra `export` too (see `preserve docs install`), or export csv or jsonl.",
        ) from error
    kinds = {name: pa.list_(pa.string()) for name in _LISTS} | dict.fromkeys(_NUMBERS, pa.int64())
    kinds |= dict.fromkeys(_TRUTHS, pa.bool_())
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns])
    count = 0
    remaining = iter(rows)
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        while group := list(islice(remaining, _ROWS_A_GROUP)):
            writer.write_table(pa.Table.from_pylist(_encodable(group), schema=schema))
            count += len(group)
    return count


def _encodable(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose texts are UTF-8: half of a surrogate pair becomes ``?``, as in the other forms."""
    return [
        {
            name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
            for name, value in row.items()
        }
        for row in rows
    ]


WRITERS: Final = {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}
