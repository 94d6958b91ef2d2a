"""Bibliographies of reference managers: CSL-JSON, RIS, and Zotero's RDF. A block for each entry, with its addresses.

Tested by ``tests/unit/formats/test_documents.py``.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from preserve.citation.documents.document import Block, BlockText, CitingDocument, decoded
from preserve.citation.documents.package import parsed_xml
from preserve.errors import FormatError
from preserve.expressions import lazy_re

_TAG: Final = lazy_re(r"^[ \t]*([A-Z][A-Z0-9])  ?-(?: (.*))?$")
_DATE: Final = lazy_re(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_WEB: Final = ("http://", "https://")
_Z: Final = "{http://www.zotero.org/namespaces/export#}"
_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DCTERMS: Final = "{http://purl.org/dc/terms/}"
_DEEPEST: Final = 20
_MOST_MARKS: Final = 4_000_000


def read_csl_json(data: bytes) -> CitingDocument:
    """The items of a CSL-JSON list, or of an object that has one as ``items``.

    Raises:
        FormatError: it is no JSON, or no such list.
    """
    if data.count(b"{") + data.count(b"[") + data.count(b",") > _MOST_MARKS:
        raise FormatError(f"the file has more than {_MOST_MARKS:,} values")
    try:
        read = json.loads(decoded(data))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"it is no JSON: {str(error)[:200]}") from error
    items = read.get("items") if isinstance(read, dict) else read
    if isinstance(read, dict) and items is None and "id" in read:
        items = [read]
    if not isinstance(items, list):
        raise FormatError("it is no list of items of CSL-JSON")
    blocks, unread = [], []
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            unread.append(f"item {number}: it is no object")
            continue
        key = str(item.get("id", number))[:250]
        rows = list(_values(item, 0))
        accessed = item.get("accessed")
        seen = _csl_date(accessed) if isinstance(accessed, dict) else None
        blocks.append(_block(f"entry {key} (item {number})", key, str(item.get("type", "")), rows, seen))
    return CitingDocument(kind="csl-json", blocks=tuple(blocks), unread=tuple(unread))


def _values(value: object, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _values(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _values(each, depth + 1)


def _csl_date(value: Mapping[str, object]) -> str | None:
    parts = value.get("date-parts")
    if isinstance(parts, list) and parts and isinstance(parts[0], list):
        written = [str(each)[:4] for each in parts[0][:3]]
        return _day("-".join(written))
    raw = value.get("raw")
    return _day(raw) if isinstance(raw, str) else None


def _day(text: str) -> str | None:
    match = _DATE.match(text.strip())
    return None if match is None else f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}"


def read_ris(data: bytes) -> CitingDocument:
    """The entries of a RIS file. What stands outside of entries, and one that does not end, is told."""
    blocks: list[Block] = []
    unread: list[str] = []
    rows: list[tuple[str, str]] | None = None
    begun = 0
    for number, line in enumerate(decoded(data).splitlines(), 1):
        match = _TAG.match(line)
        if match is None:
            if rows is not None and rows and line.strip():
                # A value that goes on in the next line.
                rows[-1] = (rows[-1][0], f"{rows[-1][1]}\n{line.strip()}")
            continue
        tag, value = match[1], (match[2] or "").strip()
        if tag == "TY":
            if rows is not None:
                unread.append(f"entry at line {begun}: it does not end (ER)")
            rows, begun = [(tag, value)], number
        elif tag == "ER":
            if rows is not None:
                blocks.append(_ris_block(rows, begun, len(blocks) + 1))
            rows = None
        elif rows is None:
            unread.append(f"line {number}: {tag} stands outside of an entry")
        else:
            rows.append((tag, value))
    if rows is not None:
        unread.append(f"entry at line {begun}: it does not end (ER)")
    return CitingDocument(kind="ris", blocks=tuple(blocks), unread=tuple(unread))


def _ris_block(rows: list[tuple[str, str]], line: int, number: int) -> Block:
    told = dict(reversed(rows))
    key = told.get("ID") or told.get("LB") or str(number)
    seen = _day(told.get("Y2", "").strip("/"))
    values = [value for _tag, value in rows[1:]]
    return _block(f"entry {key[:250]} (line {line})", key[:250], rows[0][1], values, seen)


def read_zotero_rdf(data: bytes) -> CitingDocument:
    """The items of an export of Zotero in RDF, without attachments and notes.

    Raises:
        FormatError: it is no XML, or has more tags than any.
    """
    if data.count(b"<") + data.count(b"=") > _MOST_MARKS:
        raise FormatError(f"the file has more than {_MOST_MARKS:,} tags and attributes")
    blocks = []
    for number, item in enumerate(parsed_xml(data), 1):
        kind = item.find(f"{_Z}itemType")
        if kind is None or (kind.text or "") in {"attachment", "note"}:
            continue
        key = str(item.get(f"{_RDF}about") or number)[:250]
        rows = [
            key,
            *(str(element.text) for element in item.iter() if element is not item and (element.text or "").strip()),
        ]
        seen = item.find(f"{_DCTERMS}dateSubmitted")
        at = None if seen is None else _day(seen.text or "")
        blocks.append(_block(f"entry {key} (line {item.sourceline})", key, str(kind.text), rows, at))
    return CitingDocument(kind="zotero-rdf", blocks=tuple(blocks))


def _block(place: str, key: str, kind: str, rows: list[str], accessed: str | None) -> Block:
    made = BlockText()
    for row in rows:
        value = row.strip()
        if value.lower().startswith(_WEB) and not any(sign.isspace() for sign in value):
            made.link(value, value)
        else:
            made.add(value)
        made.add("\n")
    block = made.block(place) or Block(place=place, text="")
    return Block(place=place, text=block.text, links=block.links, entry=key, entry_type=kind.lower(), accessed=accessed)
