"""BibTeX and biblatex entries: of a cable ``@techreport`` and ``@report``, of another page ``@misc`` and ``@online``.

Reference managers keep number, institution, kind, place and keywords of reports, and of no other type.

Tested by ``tests/unit/formats/test_citations.py``.
"""

from preserve.expressions import lazy_re
from preserve.formats.citations.data import (
    KIND,
    CitationData,
    accessed_date,
    captured_at,
    document_date,
    iso,
    note,
    safe_url,
)
from preserve.text import MONTHS, single_spaced

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
# BibTeX counts braces whatever stands before them, so those that do not pair are named. Fewer readers know the names.
_UNPAIRED = {**_TEX, "{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
# What the fonts of TeX join to one sign: dashes, quotation marks, signs of Spanish.
_LIGATURES = lazy_re(r"(?<=[-`',<>])(?=[-`',<>])|(?<=[?!])(?=`)")
_KEY = lazy_re(r"[^A-Za-z0-9]")


def tex(text: str) -> str:
    """One line of text for TeX: special characters escaped, ligatures parted."""
    parted = _LIGATURES.sub("\0", single_spaced(text).replace("\0", "\ufffd"))
    signs = _TEX if _pair(parted) else _UNPAIRED
    return "".join("{}" if char == "\0" else signs.get(char, char) for char in parted)


def _pair(text: str) -> bool:
    open_ones = 0
    for sign in text:
        open_ones += (sign == "{") - (sign == "}")
        if open_ones < 0:
            return False
    return open_ones == 0


def to_bibtex(data: CitationData) -> str:
    """One entry, ends with a newline. ``urldate`` is the day of access, else of the capture."""
    rows = _about(data)
    date = document_date(data)
    if date is not None:
        rows += [("year", str(date[0])), ("month", MONTHS[date[1] - 1].lower())]
    rows += _report(data, "address")
    url = safe_url(data.address)
    if not data.identifier:
        rows.append(("howpublished", rf"\url{{{url}}}"))
    # Styles older than the web print no `url` of a report; the address in the note they print.
    shown = (data.archived_url,) if data.identifier else (data.address,)
    rows += [("url", url), ("urldate", _looked(data)), ("note", tex(note(data, shown)))]
    return _entry("techreport" if data.identifier else "misc", data, rows)


def to_biblatex(data: CitationData) -> str:
    """One entry, ends with a newline: ``eprint`` is the name of the content."""
    rows = _about(data)
    date = document_date(data)
    if date is not None:
        rows.append(("date", iso(date)))
    rows += _report(data, "location")
    rows += [
        ("library", tex(data.archive)),
        ("url", safe_url(data.address)),
        ("urldate", _looked(data)),
    ]
    if data.identifiers:
        rows += [("eprint", data.identifiers[0]), ("eprinttype", "ni")]
    rows.append(("note", tex(note(data, (data.address,)))))
    return _entry("report" if data.identifier else "online", data, rows)


def _report(data: CitationData, place: str) -> list[tuple[str, str]]:
    """Of a cable what only reports have; ``place``: the name of the field for the town."""
    if not data.identifier:
        return []
    rows = [("institution", tex(data.origin)), ("type", KIND), ("number", tex(data.identifier))]
    rows += [(place, tex(data.place)), ("keywords", tex(", ".join(tag.replace(",", " ") for tag in data.tags)))]
    return [(name, value) for name, value in rows if value]


def _about(data: CitationData) -> list[tuple[str, str]]:
    rows = [("title", "{" + tex(data.name) + "}")]
    if data.origin:
        rows.append(("author", "{" + tex(data.origin) + "}"))
    return rows


def _looked(data: CitationData) -> str:
    accessed = accessed_date(data)
    return captured_at(data).date().isoformat() if accessed is None else iso(accessed)


def _entry(kind: str, data: CitationData, rows: list[tuple[str, str]]) -> str:
    body = "".join(
        f"  {name} = {value},\n" if name == "month" else f"  {name} = {{{value}}},\n" for name, value in rows
    )
    key = _KEY.sub("", data.identifier) or f"page{data.record_sha256[:12]}"
    return f"@{kind}{{{key},\n{body}}}\n"
