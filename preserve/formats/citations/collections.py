"""Citations of a whole collection, as it was at one checkpoint of its log: a data set with a version.

Tested by ``tests/scenarios/test_cite.py``.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from preserve.errors import UsageError
from preserve.formats.citations.bibtex import tex
from preserve.formats.citations.data import safe_url
from preserve.text import single_spaced


class CollectionCitation(Struct, frozen=True, kw_only=True):
    """What a citation of a collection says. Days are ``YYYY-MM-DD``; empty: not known, and then not printed."""

    name: str
    title: str
    archive: str
    """The ledger's origin line."""
    size: int
    """Statements under the checkpoint: the version."""
    root: bytes
    """The root hash of the log at this size, 32 bytes."""
    first: str
    """The day on which the archive was begun."""
    last: str
    """The day on which the newest run under the checkpoint ended."""
    public_url: str = ""
    accessed: str = ""

    @property
    def label(self) -> str:
        """The title on one line, else the collection's name."""
        return single_spaced(self.title) or self.name

    @property
    def version(self) -> str:
        """What names this state for ever: the size of the log and its root."""
        return f"checkpoint {self.size}, root {base64.b64encode(self.root).decode()}"


def write_collection(data: CollectionCitation, form: str) -> str:
    """The citation in a form; ends with a newline.

    Raises:
        UsageError: the form is one of pages.
    """
    writer = _FORMS.get(form)
    if writer is None:
        raise UsageError(
            f"a collection is not cited as {form}", next_step=f"Take one of these: {', '.join(COLLECTION_FORMS)}."
        )
    return writer(data)


def collection_item(data: CollectionCitation) -> dict[str, object]:
    """The CSL-JSON item, of the type ``dataset``."""
    item: dict[str, object] = {
        "id": data.name,
        "type": "dataset",
        "title": data.label,
        "version": str(data.size),
        "archive": data.archive,
        "archive_location": data.version,
        "note": _note(data),
    }
    if data.public_url:
        item["URL"] = safe_url(data.public_url)
    for name, day in (("issued", data.last), ("accessed", data.accessed)):
        if day:
            item[name] = {"date-parts": [[int(part) for part in day.split("-")]]}
    return item


def _note(data: CollectionCitation) -> str:
    begun = f"begun {data.first}; " if data.first else ""
    return f"web archive {data.archive}; {begun}{data.version}"


def _text(data: CollectionCitation) -> str:
    where = f" {safe_url(data.public_url)}." if data.public_url else ""
    accessed = f" Accessed {data.accessed}." if data.accessed else ""
    day = f", {data.last}" if data.last else ""
    note = _note(data)
    return f"{data.label} [data set]{day}.{where}{accessed} {note[0].upper()}{note[1:]}.\n"


def _bibtex(data: CollectionCitation, kind: str) -> str:
    rows = [("title", "{" + tex(data.label) + "}"), ("version", str(data.size))]
    if data.last:
        rows.append(("year", data.last[:4]) if kind == "misc" else ("date", data.last))
    if data.public_url:
        url = safe_url(data.public_url)
        rows += [*([("howpublished", rf"\url{{{url}}}")] if kind == "misc" else []), ("url", url)]
    if data.accessed:
        rows.append(("urldate", data.accessed))
    rows.append(("note", tex(_note(data))))
    key = "".join(sign for sign in data.name if sign.isalnum())
    return f"@{kind}{{{key},\n" + "".join(f"  {name} = {{{value}}},\n" for name, value in rows) + "}\n"


def _ris(data: CollectionCitation) -> str:
    rows = [("TY", "DATA"), ("TI", data.label), ("DA", data.last.replace("-", "/")), ("ET", str(data.size))]
    rows += [("DB", data.archive), ("UR", safe_url(data.public_url)), ("Y2", data.accessed.replace("-", "/"))]
    rows.append(("N1", _note(data)))
    return "".join(f"{tag}  - {single_spaced(value)}\n" for tag, value in rows if value) + "ER  - \n"


_FORMS: Final[Mapping[str, Callable[[CollectionCitation], str]]] = {
    "text": _text,
    "bibtex": lambda data: _bibtex(data, "misc"),
    "biblatex": lambda data: _bibtex(data, "dataset"),
    "ris": _ris,
    "csl-json": lambda data: json.dumps([collection_item(data)], ensure_ascii=False, indent=2) + "\n",
}
COLLECTION_FORMS: Final = tuple(_FORMS)
