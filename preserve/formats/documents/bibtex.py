"""BibTeX and biblatex bibliographies: entries with their fields, and the same file with fields added.

The grammar is BibTeX's own: ``@type{key, name = value, …}`` (or round brackets), a value being braced, quoted, a number
or a macro, joined by ``#``. What stands outside of entries is a comment. An entry that never ends is none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from preserve.expressions import lazy_re
from preserve.formats.documents.document import Block, Document, Link, bare_links, decoded
from preserve.formats.documents.texmarkup import plain_tex

_ENTRY: Final = lazy_re(r"@[ \t\r\n]*([A-Za-z]{1,40})[ \t\r\n]*([{(])")
_KEY: Final = lazy_re(r"[ \t\r\n]*([^\s,{}()\"#%'=]{1,250})[ \t\r\n]*(,|(?=[})]))")
_NAME: Final = lazy_re(r"[ \t\r\n,]*([A-Za-z][\w:.+/-]{0,60})[ \t\r\n]*=[ \t\r\n]*")
_WORD: Final = lazy_re(r"[^\s,#{}()\"]{1,500}")
_BLANK: Final = lazy_re(r"[ \t\r\n]*")
_NO_ENTRY: Final = frozenset({"comment", "preamble"})
_LINK_FIELDS: Final = ("url", "howpublished", "note", "annote", "addendum", "archiveurl", "doi", "eprint")
_DATE: Final = lazy_re(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. ``fields``: small-letter name to the value as written, without its braces or quotes.

    ``end`` is the place of its closing bracket in the file's text; ``line`` counts from 1.
    """

    type: str
    key: str
    fields: Mapping[str, str]
    end: int
    line: int


def read_bibtex(data: bytes) -> Document:
    """A block for each entry, with its addresses; its text is all of its fields."""
    return Document(kind="bibtex", blocks=tuple(_block(entry) for entry in entries(decoded(data))))


def entries(text: str) -> list[Entry]:
    """Every entry of a file, in its order. Macros (``@string``) are put in where they are used."""
    found: list[Entry] = []
    macros: dict[str, str] = {}
    position = line_at = 0
    line = 1
    while (match := _ENTRY.search(text, position)) is not None:
        line += text.count("\n", line_at, match.start())
        line_at = match.start()
        position = match.end()
        kind = match[1].lower()
        if kind in _NO_ENTRY:
            continue
        key = "" if kind == "string" else None
        if key is None:
            named = _KEY.match(text, position)
            if named is None:
                continue
            key, position = named[1], named.end()
        read = _fields(text, position, macros)
        if read is None:
            continue
        fields, end = read
        position = end + 1
        if kind == "string":
            macros.update(fields)
        else:
            found.append(Entry(type=kind, key=key, fields=fields, end=end, line=line))
    return found


def with_fields(data: bytes, added: Mapping[str, Mapping[str, str]]) -> bytes:
    """The file with fields added to entries by key, before their closing brackets; a field that is there is kept.

    Values are TeX as it is to stand between the braces.
    """
    text = decoded(data)
    pieces: list[str] = []
    done = 0
    for entry in entries(text):
        new = {name: value for name, value in added.get(entry.key, {}).items() if name not in entry.fields}
        if not new:
            continue
        before = text[done : entry.end].rstrip()
        comma = "" if before.endswith(",") else ","
        lines = "".join(f"\n  {name} = {{{value}}}," for name, value in new.items())
        pieces += (before, comma, lines, "\n")
        done = entry.end
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    return mark + "".join((*pieces, text[done:])).encode("utf-8", "surrogateescape")


def _fields(text: str, position: int, macros: Mapping[str, str]) -> tuple[dict[str, str], int] | None:
    """The fields from ``position`` on, and the place of the closing bracket; None where the entry does not end."""
    fields: dict[str, str] = {}
    while True:
        named = _NAME.match(text, position)
        if named is None:
            end = re.compile(r"[ \t\r\n,]*([})])").match(text, position)
            return None if end is None else (fields, end.start(1))
        value = _value(text, named.end(), macros)
        if value is None:
            return None
        fields.setdefault(named[1].lower(), value[0])
        position = value[1]


def _value(text: str, position: int, macros: Mapping[str, str]) -> tuple[str, int] | None:
    parts: list[str] = []
    while True:
        opened = text[position : position + 1]
        if opened in {"{", '"'}:
            end = _closing(text, position)
            if end is None:
                return None
            parts.append(text[position + 1 : end])
            position = end + 1
        else:
            word = _WORD.match(text, position)
            if word is None:
                return None
            parts.append(macros.get(word[0].lower(), word[0]))
            position = word.end()
        position = _blank(text, position)
        if text[position : position + 1] != "#":
            return "".join(parts), position
        position = _blank(text, position + 1)


def _blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return position if match is None else match.end()


def _closing(text: str, position: int) -> int | None:
    """Where the value that opens here ends: at its brace, or at a quote outside of braces."""
    quoted = text[position] == '"'
    depth = 0
    for match in re.compile(r'\\.|[{}"]', re.DOTALL).finditer(text, position + 1 if quoted else position):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if depth == 0 and not quoted:
                return match.start()
            if depth < 0:
                return None
        elif match[0] == '"' and quoted and depth == 0:
            return match.start()
    return None


def _block(entry: Entry) -> Block:
    pieces: list[str] = []
    links: list[Link] = []
    length = 0
    for name, value in entry.fields.items():
        shown = value.replace("\\_", "_").replace("\\%", "%").replace("\\&", "&").replace("\\#", "#")
        text = shown.strip() if name == "url" else plain_tex(value)
        if name in _LINK_FIELDS:
            links += (Link(start=length + link.start, end=length + link.end, url=link.url) for link in bare_links(text))
        pieces.append(text + "\n")
        length += len(text) + 1
    dated = _DATE.match(entry.fields.get("urldate", ""))
    return Block(
        place=f"entry {entry.key} (line {entry.line})",
        text="".join(pieces),
        links=tuple(links),
        entry=entry.key,
        accessed=None if dated is None else dated[0],
    )
