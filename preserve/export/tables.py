"""Everything recovered, as tables: CSV, JSON Lines or Parquet; a row for each text that the ledger names, for each
reference in it, or for each capture.

Rows are read from the records, in the ledger's order, and written as they come: memory is that of a few batches, and
the same archive gives the same rows. What the operator does not show is left out. The four dates stay apart: the
document's (``sent``), the source's release (``source_released``), the capture's (``captured``); what a proof says of
time is in the ledger's receipts, and ``statement`` is the row's place in the ledger that they vouch for.

Tested by ``tests/scenarios/test_search.py``.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, Final, NamedTuple

from preserve.cables.extract import Extraction
from preserve.cables.message.cited import Cited
from preserve.cables.message.references import Reference
from preserve.export import ccindex
from preserve.export.parquet import Kind, RowWriter
from preserve.export.suffixes import Suffixes
from preserve.replay.blocked import HiddenRecords
from preserve.replay.stated_texts import TextSource, read_again
from preserve.store.catalogue import Catalogue, ShownCable
from preserve.text import clean, csv_cell, escaped_json

FIELDS: Final = (
    "created", "date_time_group", "origin", "classification", "tags", "released", "redacted_note", "partial_note",
    "source", "source_released", "counter", "history",
)  # fmt: skip
TIMES: Final = frozenset({"created", "date_time_group", "released", "source_released"})
_KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("message_tags", "meant_tags", "cites", "findings", "rules"), Kind.LIST),
    **dict.fromkeys(("statement", "entry", "start", "end", "offset", "length", "inner"), Kind.NUMBER),
    **dict.fromkeys(("certain", "year_is_assumed"), Kind.TRUTH),
    **{name: column.kind for name, column in ccindex.COLUMNS.items()},
}
"""The columns of all tables that are no texts."""

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
    "offset": "where the compressed piece with the record begins in it, in bytes (a number)",
    "length": "how long that piece is, in bytes; empty where it is not known (a number)",
    "inner": "where the record begins in that piece: 0 but where several were compressed together (a number)",
    "statement": "index of the text's statement in the ledger (a number)",
    "layout": "the layout of the page, with its version",
    "extractor": "the extractor that read it, with its version",
    "findings": "codes of what is wrong (a list)",
}


def with_fields(before: Mapping[str, str], behind: Mapping[str, str]) -> dict[str, str]:
    """Columns, and what stands in each, with those of the fields of a cable between the others."""
    said = dict(before)
    for name in FIELDS:
        said[f"{name}_printed"] = f"the page's field {name}, as printed"
        said[f"{name}_value"] = f"what {name} means, where that is known"
        if name in TIMES:
            said[f"{name}_precision"] = f"how precisely {name} is known"
    return said | dict(behind)


def columns() -> dict[str, str]:
    """Every column in order, and what stands in it."""
    return with_fields(_BEFORE, _BEHIND)


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

TABLES: Final[dict[str, tuple[str, ...]]] = {
    "texts": COLUMNS,
    "references": tuple(REFERENCES),
    "index": tuple(ccindex.COLUMNS),
}
"""Every table with its columns."""


Part = dict[str, Any]
"""Some columns of a row, with what stands in them: texts, numbers, truths, lists of texts, None."""
ReadTexts = Callable[[Iterable[ShownCable]], Iterator[tuple[ShownCable, list[Part] | None]]]
"""Reads texts again, in their order; gives what rows say of each, None where its record no longer gives it."""


class TextTable(NamedTuple):
    """``parts``: what the rows of a text say of it alone; ``about``: what each says of its capture."""

    parts: Callable[[Extraction], list[Part]]
    about: Callable[[ShownCable], Part]


def table_rows(
    source: TextSource,
    catalogue: Catalogue,
    unread: Callable[[ShownCable], object],
    table: str = "texts",
    *,
    hidden: HiddenRecords,
    size: int,
    read: ReadTexts | None = None,
) -> Iterator[Part]:
    """The rows of a collection, of one of `TABLES`. ``unread`` is told each text that its record no longer gives.

    ``read``: what reads the texts again; None: this process, and those that help it.

    ``size`` is that of the checkpoint: statements above it are left out, and so is what is ``hidden``.

    The table of references has a row for each cable that an entry cites, and one for each entry that cites none.

    Raises:
        EnvironmentFaultError: a helping process was killed.
        UsageError: the table needs a library that is not installed.
    """
    if table == "index":
        yield from ccindex.index_rows(catalogue, hidden, crawl=source.paths.name, size=size)
        return
    parts, about = TEXT_TABLES[table]
    signed = (cable for cable in catalogue.shown_cables() if cable.statement < size)
    shown = (
        cable
        for cable in signed
        if not hidden.has(record_id=cable.record.record_id, refers_to=cable.record.refers_to, url=cable.record.uri)
    )
    taken = (
        read_again(source, shown, lambda _cable, text: parts(text), expected=catalogue.ledger_size)
        if read is None
        else read(shown)
    )
    for cable, found in taken:
        if found is None:
            unread(cable)
        else:
            yield from ({"collection": source.paths.name, **part, **about(cable)} for part in found)


def _references(text: Extraction) -> list[Part]:
    rows: list[Part] = []
    for number, (entry, cited) in enumerate(zip(text.message.refs, text.cited, strict=True), 1):
        rows += [_reference(text, number, entry, one) for one in cited or (None,)]
    return rows


def _reference(text: Extraction, number: int, entry: Reference, one: Cited | None) -> Part:
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
        "extractor": text.extractor,
    }


def _about_reference(cable: ShownCable) -> Part:
    return {
        "captured": cable.record.date,
        "record_id": cable.record.record_id,
        "statement": cable.statement,
    }


def _texts(text: Extraction) -> list[Part]:
    subject = text.message.subject
    row: Part = {
        "published_id": text.published_id,
        "canonical_id": text.canonical_id,
        "title": text.title,
        "subject": None if subject is None else " ".join(subject.text.split()),
    }
    for name in FIELDS:
        field = text.fields.get(name)
        row[f"{name}_printed"] = None if field is None else field.printed
        row[f"{name}_value"] = None if field is None else field.value
        if name in TIMES:
            row[f"{name}_precision"] = None if field is None else field.precision
    sent = text.sent
    row |= {
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
        "layout": f"{text.layout}/{text.layout_version}",
        "extractor": text.extractor,
        "findings": [finding.code for finding in text.findings],
    }
    return [row]


def _about_text(cable: ShownCable) -> Part:
    return {
        "url": cable.record.uri,
        "captured": cable.record.date,
        "whole": cable.record.whole,
        "record_id": cable.record.record_id,
        "record_sha256": cable.record.record_sha256,
        "file": cable.record.place.file,
        "offset": cable.record.place.offset,
        "length": cable.record.place.length or None,
        "inner": cable.record.place.inner,
        "statement": cable.statement,
    }


TEXT_TABLES: Final = {"texts": TextTable(_texts, _about_text), "references": TextTable(_references, _about_reference)}
"""Those of `TABLES` whose rows are made of texts."""


def write_csv(rows: Iterable[Mapping[str, Any]], out: IO[bytes], columns: Sequence[str] = COLUMNS) -> int:
    """RFC 4180, UTF-8, with a header row; lists are parted by line feeds. Returns the number of rows.

    Cells are those of `csv_cell`. Control characters, which a spreadsheet or a terminal acts upon, are U+FFFD; the
    other forms have them.
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
    return csv_cell(text)


def write_jsonl(rows: Iterable[Mapping[str, Any]], out: IO[bytes], columns: Sequence[str] = COLUMNS) -> int:
    """A JSON object a line; what is not known is null. Returns the number of rows."""
    count = 0
    for row in rows:
        said = escaped_json(json.dumps({name: row[name] for name in columns}, ensure_ascii=False))
        out.write(said.encode("utf-8", "replace") + b"\n")
        count += 1
    return count


def write_parquet(rows: Iterable[Mapping[str, Any]], out: IO[bytes], columns: Sequence[str] = COLUMNS) -> int:
    """Parquet, texts as strings, lists as lists, what is not known as null. Returns the number of rows.

    Raises:
        UsageError: pyarrow is not installed.
    """
    kinds = {name: _KINDS.get(name, Kind.TEXT) for name in columns}
    # The list changes, and what stands in two columns with it.
    notes = {"publicsuffixlist": Suffixes().version} if "url_host_registry_suffix" in kinds else {}
    with RowWriter(out, kinds, notes) as writer:
        for row in rows:
            writer.add(row)
    return writer.count


WRITERS: Final = {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}
