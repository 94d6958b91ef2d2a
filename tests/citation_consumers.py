"""What other programs keep of a citation: each reads a form and gives the facts that it knows then, by their names.

Zotero's rules are kept as tables, written from what its documentation and its import say of each field: which item a
type becomes, and which field of the item a tag fills. A field without a rule is lost, or becomes a note.
"""

import json
import re
import warnings
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import Any

import bibtexparser
import rispy

from preserve.citation.documents.bibtex import read_bibtex
from preserve.citation.documents.citations_found import mentions_of
from preserve.citation.documents.document import CitingDocument
from preserve.citation.documents.entryfiles import read_csl_json, read_ris
from preserve.citation.documents.html import read_html
from preserve.citation.documents.markdown import read_markdown
from preserve.citation.documents.plain import read_text
from preserve.formats.citations.data import ni_name

Facts = dict[str, object]

ZOTERO_TYPES: Mapping[str, Mapping[str, str]] = {
    "ris": {"RPRT": "report", "ELEC": "webpage"},
    "bibtex": {"techreport": "report", "report": "report", "misc": "document", "online": "webpage"},
    "csl": {"report": "report", "webpage": "webpage"},
}
_COMMON = {
    "ris": {
        "TI": "title", "AU": "author", "DA": "date", "UR": "url", "Y2": "accessDate", "KW": "tags", "N1": "note",
        "PY": "year", "DP": "libraryCatalog",
    },
    "bibtex": {
        "title": "title", "author": "author", "date": "date", "year": "year", "month": "month", "url": "url",
        "urldate": "accessDate", "keywords": "tags", "note": "note", "howpublished": "howpublished",
    },
    "csl": {
        "title": "title", "author": "author", "issued": "date", "URL": "url", "accessed": "accessDate", "note": "note",
        "source": "libraryCatalog", "archive": "archive", "archive_location": "archiveLocation",
    },
}  # fmt: skip
_REPORT = {
    "ris": {
        "SN": "reportNumber", "PB": "institution", "M3": "reportType", "CY": "place", "DB": "archive",
        "AN": "archiveLocation",
    },
    "bibtex": {
        "number": "reportNumber", "institution": "institution", "type": "reportType", "address": "place",
        "location": "place",
    },
    "csl": {"number": "reportNumber", "publisher": "institution", "genre": "reportType", "publisher-place": "place"},
}  # fmt: skip
ZOTERO_FIELDS: Mapping[tuple[str, str], Mapping[str, str]] = {
    **{(form, "report"): {**_COMMON[form], **_REPORT[form]} for form in _COMMON},
    **{(form, "webpage"): _COMMON[form] for form in _COMMON},
    **{(form, "document"): _COMMON[form] for form in _COMMON},
}
"""By form and item type: the field of the item that a tag, a field or a variable fills."""

_NAMES = {
    "title": "title", "author": "author", "reportNumber": "number", "institution": "institution", "reportType": "kind",
    "place": "place", "tags": "tags", "archive": "archive", "archiveLocation": "place in the archive", "url": "address",
    "accessDate": "accessed",
}  # fmt: skip


def _untex(text: str) -> str:
    return text.strip("{}").replace("\\&", "&").replace("\\_", "_")


def _note_facts(note: str) -> Facts:
    found: Facts = {}
    if captured := re.search(r"captured (\d{4}-\d\d-\d\dT[\d:]+)", note, re.IGNORECASE):
        found["captured"] = captured[1]
    if name := re.search(r"ni:///sha-256;[A-Za-z0-9_-]{43}", note.replace("\\_", "_")):
        found["identifier"] = name[0]
    if words := re.search(r"\u201c([^\u201d]+)\u201d", note):
        found["words"] = words[1]
    return found


def _item(form: str, kind: str, rows: list[tuple[str, Any]]) -> Facts:
    item_type = ZOTERO_TYPES[form].get(kind, "document")
    rules = ZOTERO_FIELDS[form, item_type]
    item: Facts = {"type": item_type}
    for name, value in rows:
        field = rules.get(name, "")
        if field == "tags":
            item["tags"] = [*item.get("tags", []), *re.split(r"\s*[,;]\s*", value)]  # type: ignore[misc]
        elif field == "note":
            item |= _note_facts(str(value))
        elif field in {"date", "year"}:
            item["date"] = (item.get("date") or "") if field == "year" else value
            item["date"] = item["date"] or value
        elif field in _NAMES:
            item.setdefault(_NAMES[field], value)
    return item


def zotero_of_ris(text: str) -> Facts:
    rows = re.findall(r"^([A-Z][A-Z0-9])  - (.+)$", text, re.MULTILINE)
    slashes = {"DA", "Y2"}
    read = [(tag, value.strip("/").replace("/", "-") if tag in slashes else value) for tag, value in rows]
    return _item("ris", dict(rows)["TY"], read)


def zotero_of_bibtex(text: str) -> Facts:
    kind, fields = _pybtex_entry(text)
    return _item("bibtex", kind, list(fields.items()))


def zotero_of_csl(text: str) -> Facts:
    (item,) = json.loads(text)
    return _item("csl", item["type"], [(name, _csl_value(value)) for name, value in item.items()])


def _csl_value(value: Any) -> Any:
    if isinstance(value, dict) and "date-parts" in value:
        return "-".join(f"{part:02}" for part in value["date-parts"][0])
    if isinstance(value, list):
        return value[0]["literal"]
    return value


def _pybtex_entry(text: str) -> tuple[str, dict[str, str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pybtex.database import parse_string  # noqa: PLC0415 - warns when it is loaded

        (entry,) = parse_string(text, "bibtex").entries.values()
    fields = {name: _untex(value) for name, value in entry.fields.items()}
    for person in entry.persons.get("author", []):
        fields["author"] = _untex(str(person))
    return entry.type, fields


_BIB = {
    "title": "title", "author": "author", "number": "number", "institution": "institution", "type": "kind",
    "address": "place", "location": "place", "url": "address", "urldate": "accessed", "library": "archive",
    "eprint": "identifier",
}  # fmt: skip


def _bib_facts(fields: Mapping[str, str]) -> Facts:
    found: Facts = {_BIB[name]: value for name, value in fields.items() if name in _BIB}
    if "keywords" in fields:
        found["tags"] = fields["keywords"].split(", ")
    found["date"] = fields.get("date") or fields.get("year", "")
    return {**_note_facts(fields["note"]), **found}


def pybtex_facts(text: str) -> Facts:
    return _bib_facts(_pybtex_entry(text)[1])


def bibtexparser_facts(text: str) -> Facts:
    (entry,) = bibtexparser.parse_string(text).entries  # type: ignore[attr-defined]
    return _bib_facts({field.key: _untex(str(field.value)) for field in entry.fields})


def rispy_facts(text: str) -> Facts:
    (entry,) = rispy.loads(text)
    names = {
        "title": "title", "issn": "number", "publisher": "institution", "type_of_work": "kind",
        "place_published": "place", "keywords": "tags", "name_of_database": "archive",
        "accession_number": "place in the archive",
    }  # fmt: skip
    found: Facts = {fact: entry[name] for name, fact in names.items() if name in entry}
    found |= {"author": entry["authors"][0], "address": entry["urls"][0], "original": entry["urls"][-1]}
    found |= {
        "date": entry["date"].strip("/").replace("/", "-"),
        "accessed": entry["access_date"].strip("/").replace("/", "-"),
    }
    return {**_note_facts(entry["notes"][0]), **found}


class _Anchor(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= dict(attrs)

    def handle_data(self, data: str) -> None:
        self.found.setdefault("text", data.strip())


def robust_link_facts(text: str) -> Facts:
    reader = _Anchor()
    reader.feed(text)
    said = reader.found
    return {
        **_note_facts(said["title"] or ""),
        "title": said["text"],
        "address": said["data-versionurl"],
        "original": said["href"],
        "captured": (said["data-versiondate"] or "").rstrip("Z"),
    }


_READERS: Mapping[str, Callable[[bytes], CitingDocument]] = {
    "bibtex": read_bibtex,
    "biblatex": read_bibtex,
    "html": read_html,
    "markdown": read_markdown,
    "ris": read_ris,
    "csl-json": read_csl_json,
}


def check_facts(form: str, text: str) -> Facts:
    """What this program itself finds in a document that has the citation in it."""
    read = _READERS.get(form, read_text)(text.encode())
    found: Facts = {}
    targets = [t for m in mentions_of(read, lambda _target: frozenset()) for t in m.targets]
    quotes = [q for m in mentions_of(read, lambda _target: frozenset({"one"})) for q in m.quotes]
    for target in targets:
        if target.kind == "url":
            url = target.value.partition("#:~:")[0]
            found["address" if "archive.example.org" in url else "original"] = url
        elif target.kind == "record":
            found["record"] = target.value
        elif target.kind == "cable":
            found["number"] = target.value
        elif target.kind == "digest":
            found.setdefault("identifier", ni_name(target.value))
    if quotes:
        found["words"] = quotes[-1]
    return found


CONSUMERS: Mapping[str, tuple[str, Callable[[str], Facts]]] = {
    "Zotero, RIS": ("ris", zotero_of_ris),
    "Zotero, BibTeX": ("bibtex", zotero_of_bibtex),
    "Zotero, biblatex": ("biblatex", zotero_of_bibtex),
    "Zotero, CSL-JSON": ("csl-json", zotero_of_csl),
    "pybtex, BibTeX": ("bibtex", pybtex_facts),
    "pybtex, biblatex": ("biblatex", pybtex_facts),
    "bibtexparser, BibTeX": ("bibtex", bibtexparser_facts),
    "bibtexparser, biblatex": ("biblatex", bibtexparser_facts),
    "rispy, RIS": ("ris", rispy_facts),
    "HTML parser, Robust Link": ("html", robust_link_facts),
}
"""A consumer with what it reads: the form, and how it reads it."""
