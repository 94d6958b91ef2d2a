"""Citation formats: values in, text out. BibTeX, CSL-JSON and one plain sentence.

The four dates stay apart (document, source release, capture, and the ledger position that later carries a trusted
time): CSL-JSON has no field for an archived copy (citation-style-language/schema issue 387), so ``URL`` is the original
address, ``archive``/``archive_location`` name the copy, ``accessed`` is the capture date and ``issued`` the document's
own date.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from preserve.errors import FormatError
from preserve.model import parse_utc

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationData:
    """What a citation of one capture of one cable says. Empty string: not known, and then not printed."""

    identifier: str
    title: str
    origin: str
    created: str
    """The document's date as far as it is known: ``YYYY-MM-DD`` and, where the page gives it, a time after it."""
    source: str
    source_released: str
    url: str
    captured: str
    """WARC-Date of the record."""
    archive: str
    """The ledger's origin line, which names the archive."""
    record_id: str
    record_sha256: str
    body_sha256: str
    statement: int
    """Index of the record's statement in the ledger, from 0."""
    checkpoint_size: int
    """Statements under the checkpoint that covers it; 0: none yet."""
    second_hand: str = ""
    """Of a copy that a web archive served: from whom, and the moment that it claims. ``captured`` is when we got it."""


def _document_date(printed: str) -> tuple[int, int, int] | None:
    match = _DATE.match(printed)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups())
    return (year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None  # noqa: PLR2004 - the calendar


def _captured(data: CitationData) -> datetime:
    try:
        return parse_utc(data.captured)
    except FormatError as error:
        raise FormatError(f"the capture date of {data.identifier} cannot be read: {error}") from error


def _tex(text: str) -> str:
    return "".join(_TEX.get(char, char) for char in " ".join(text.split()))


def _note(data: CitationData) -> str:
    parts = []
    if data.source:
        released = f", released {data.source_released}" if data.source_released else ""
        parts.append(f"source stated by the page: {data.source}{released}")
    if data.second_hand:
        parts.append(f"second hand, {data.second_hand}")
    parts += [
        f"captured {data.captured}",
        f"archive {data.archive}, statement {data.statement}",
        f"record {data.record_id}",
        f"SHA-256 of the record {data.record_sha256}",
        f"SHA-256 of the text {data.body_sha256}",
    ]
    return "; ".join(parts)


def to_bibtex(data: CitationData) -> str:
    """One ``@misc`` entry with the braces and special characters of TeX escaped; ends with a newline."""
    rows = [("title", "{" + _tex(data.title or data.identifier) + "}")]
    if data.origin:
        rows.append(("author", "{" + _tex(data.origin) + "}"))
    date = _document_date(data.created)
    if date is not None:
        rows += [("year", str(date[0])), ("month", _MONTHS[date[1] - 1])]
    rows += [
        ("number", _tex(data.identifier)),
        ("howpublished", r"\url{" + data.url.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C") + "}"),
        ("urldate", _captured(data).date().isoformat()),
        ("note", _tex(_note(data))),
    ]
    body = "".join(
        f"  {name} = {value},\n" if name == "month" else f"  {name} = {{{value}}},\n" for name, value in rows
    )
    key = re.sub(r"[^A-Za-z0-9]", "", data.identifier) or "cable"
    return f"@misc{{{key},\n{body}}}\n"


def to_csl_json(data: CitationData) -> dict[str, object]:
    """One CSL-JSON item (csl-data.json 1.0)."""
    captured = _captured(data)
    custom: dict[str, object] = {
        "captured": data.captured,
        "record_sha256": data.record_sha256,
        "body_sha256": data.body_sha256,
        "statement": data.statement,
        "checkpoint_size": data.checkpoint_size,
    }
    item: dict[str, object] = {
        "id": data.identifier,
        "type": "document",
        "title": " ".join((data.title or data.identifier).split()),
        "number": data.identifier,
        "URL": data.url,
        "accessed": {"date-parts": [[captured.year, captured.month, captured.day]]},
        "archive": data.archive,
        "archive_location": data.record_id,
        "note": _note(data),
        "custom": custom,
    }
    if data.second_hand:
        item["custom"] = {**custom, "second_hand": data.second_hand}
    if data.origin:
        item["author"] = [{"literal": data.origin}]
    date = _document_date(data.created)
    if date is not None:
        item["issued"] = {"date-parts": [list(date)]}
    if data.source:
        item["source"] = data.source
    return item


def to_text(data: CitationData) -> str:
    """One paragraph for a footnote; ends with a newline."""
    lead = ", ".join(
        part
        for part in (
            data.origin,
            f"“{' '.join((data.title or data.identifier).split())}”",
            f"cable {data.identifier}",
            data.created,
        )
        if part
    )
    note = _note(data)
    return f"{lead}. {data.url}. {note[0].upper()}{note[1:]}.\n"
