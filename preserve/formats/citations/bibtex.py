"""BibTeX (``@misc``) and biblatex (``@online``) entries."""

from preserve.expressions import lazy_re
from preserve.formats.citations.data import CitationData, accessed_date, captured_at, document_date, iso, note, safe_url
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
    """One ``@misc`` entry, ends with a newline. ``urldate`` is the day of access, else of the capture."""
    rows = _about(data)
    date = document_date(data)
    if date is not None:
        rows += [("year", str(date[0])), ("month", MONTHS[date[1] - 1].lower())]
    if data.identifier:
        rows.append(("number", tex(data.identifier)))
    url = safe_url(data.archived_url or data.url)
    rows += [("howpublished", rf"\url{{{url}}}"), ("url", url), ("urldate", _looked(data)), ("note", tex(note(data)))]
    return _entry("misc", data, rows)


def to_biblatex(data: CitationData) -> str:
    """One ``@online`` entry, ends with a newline: ``url`` is the original, ``eprint`` the name of the content."""
    rows = _about(data)
    date = document_date(data)
    if date is not None:
        rows.append(("date", iso(date)))
    if data.identifier:
        rows.append(("titleaddon", tex(f"cable {data.identifier}")))
    rows += [("organization", tex(data.archive)), ("url", safe_url(data.url)), ("urldate", _looked(data))]
    if data.identifiers:
        rows += [("eprint", data.identifiers[0]), ("eprinttype", "ni")]
    rows.append(("note", tex(note(data))))
    return _entry("online", data, rows)


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
