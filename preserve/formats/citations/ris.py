"""RIS, as reference managers read it: one tag a line, CRLF line ends not needed, ``ER`` at the end.

A cable is a report (``RPRT``), of which readers keep number (``SN``), institution (``PB``), kind (``M3``), place
(``CY``), tags (``KW``), archive (``DB``) and its place there (``AN``); another page is ``ELEC``.
"""

from preserve.formats.citations.data import (
    KIND,
    CitationData,
    Date,
    accessed_date,
    document_date,
    note,
    pwid,
    safe_url,
)
from preserve.text import single_spaced


def to_ris(data: CitationData) -> str:
    """One entry, ends with a newline. ``UR`` is the archived copy where it is public, then the original."""
    rows = [("TY", "RPRT" if data.identifier else "ELEC"), ("TI", data.name), ("AU", data.origin)]
    date = document_date(data)
    if date is not None:
        rows += [("PY", str(date[0])), ("DA", _date(date))]
    if data.identifier:
        rows += [("SN", data.identifier), ("PB", data.origin), ("M3", KIND), ("CY", data.place)]
        rows += [("KW", tag) for tag in data.tags]
        rows += [("DB", data.archive), ("AN", pwid(data)), ("DP", data.source)]
    addresses = dict.fromkeys((data.address, data.url))
    rows += [("UR", safe_url(url)) for url in addresses]
    accessed = accessed_date(data)
    if accessed is not None:
        rows.append(("Y2", _date(accessed)))
    rows.append(("N1", note(data, addresses)))
    return "".join(f"{tag}  - {line}\n" for tag, value in rows if (line := single_spaced(value))) + "ER  - \n"


def _date(date: Date) -> str:
    return f"{date[0]:04}/{date[1]:02}/{date[2]:02}/"
