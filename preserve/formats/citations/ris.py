"""RIS, as reference managers read it: one tag a line, CRLF line ends not needed, ``ER`` at the end."""

from preserve.formats.citations.data import CitationData, Date, accessed_date, document_date, note, safe_url
from preserve.text import single_spaced


def to_ris(data: CitationData) -> str:
    """One ``ELEC`` entry, ends with a newline. ``UR`` is the archived copy where it is public, then the original."""
    rows = [("TY", "ELEC"), ("TI", data.name)]
    if data.origin:
        rows.append(("AU", data.origin))
    date = document_date(data)
    if date is not None:
        rows += [("PY", str(date[0])), ("DA", _date(date))]
    if data.identifier:
        rows.append(("AN", data.identifier))
    rows.append(("DB", data.archive))
    if data.source:
        rows.append(("DP", data.source))
    if data.archived_url:
        rows.append(("UR", safe_url(data.archived_url)))
    rows.append(("UR", safe_url(data.url)))
    accessed = accessed_date(data)
    if accessed is not None:
        rows.append(("Y2", _date(accessed)))
    rows.append(("N1", note(data)))
    return "".join(f"{tag}  - {single_spaced(value)}\n" for tag, value in rows) + "ER  - \n"


def _date(date: Date) -> str:
    return f"{date[0]:04}/{date[1]:02}/{date[2]:02}/"
