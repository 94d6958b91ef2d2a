"""BibTeX and biblatex bibliographies: entries with their fields, and the same file with fields added.

The grammar is BibTeX's own: ``@type{key, name = value, …}`` (or round brackets), a value being braced, quoted, a number
or a macro, joined by ``#``. What stands outside of entries is a comment. An entry that never ends is none.

Time is linear in the length of the file: which brace closes which is found out once, and macros are put in only as
far as all of them together have 4 MiB; behind that a macro stands as its name.

Tested by ``tests/unit/formats/test_documents.py``.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from preserve.citation.documents.document import (
    Block,
    CitedLink,
    CitingDocument,
    Insertion,
    bare_links,
    decoded,
    with_insertions,
)
from preserve.citation.documents.texmarkup import BRACED_ADDRESS, plain_tex, tex_address
from preserve.expressions import lazy_re
from preserve.limits import MIB

_ENTRY: Final = lazy_re(r"@[ \t\r\n]*([A-Za-z]{1,40})[ \t\r\n]*([{(])")
_KEY: Final = lazy_re(r"[ \t\r\n]*([^\s,{}()\"#%'=]{1,250})[ \t\r\n]*(,|(?=[})]))")
_NAME: Final = lazy_re(r"[ \t\r\n,]*([A-Za-z][\w:.+/-]{0,60})[ \t\r\n]*=[ \t\r\n]*")
_WORD: Final = lazy_re(r"[^\s,#{}()\"]{1,500}")
_BLANK: Final = lazy_re(r"[ \t\r\n]*")
_NO_ENTRY: Final = frozenset({"comment", "preamble"})
_LINK_FIELDS: Final = ("url", "howpublished", "note", "annote", "addendum", "archiveurl", "doi", "eprint")
_DATE: Final = lazy_re(r"\d{4}-\d{2}-\d{2}")
_ADDRESS: Final = lazy_re(rf"\\(?:url|nolinkurl|path|href)({BRACED_ADDRESS})")
_BRACE: Final = lazy_re(r"[{}]")
_BRACE_NOT_ESCAPED: Final = lazy_re(r"\\.|[{}]", re.DOTALL)
_SIGN: Final = lazy_re(r'\\"(?![ \t\r\n]*[,#})])|[{}"]')
_END: Final = lazy_re(r"[ \t\r\n,]*([})])")
_MOST_EXPANDED: Final = 4 * MIB
_MOST_UNREAD: Final = 10_000


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


def read_bibtex(data: bytes) -> CitingDocument:
    """A block for each entry, with its addresses; its text is all of its fields. What cannot be read is told."""
    unread: list[str] = []
    blocks = tuple(_block(entry) for entry in entries(decoded(data), unread))
    return CitingDocument(kind="bibtex", blocks=blocks, unread=tuple(unread))


def entries(text: str, unread: list[str] | None = None) -> list[Entry]:
    """Every entry of a file, in its order. Macros (``@string``) are put in where they are used.

    ``unread`` takes the place of each that cannot be read, and the reason.
    """
    found: list[Entry] = []
    problems = [] if unread is None else unread
    reader = _Reader(text)
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
                if _is_at_line_start(text, match.start()):
                    problems.append(f"@{kind} (line {line}): it has no key")
                continue
            key, position = named[1], named.end()
        read = reader.fields(position)
        if read is None:
            if len(problems) < _MOST_UNREAD:
                problems.append(
                    f"entry {key or '@string'} (line {line}): a field of it cannot be read, or it does not end"
                )
            continue
        fields, end = read
        position = end + 1
        if kind == "string":
            reader.macros.update(fields)
        else:
            found.append(Entry(type=kind, key=key, fields=fields, end=end, line=line))
    return found


def _is_at_line_start(text: str, place: int) -> bool:
    """Whether a mark stands where an entry begins: elsewhere it is part of an address of mail, or of a comment."""
    return not text[text.rfind("\n", 0, place) + 1 : place].strip()


def with_fields(data: bytes, added: Mapping[str, Mapping[str, str]]) -> bytes:
    """The file with fields added to entries by key, before their closing brackets; a field that is there is kept.

    Values are TeX as it is to stand between the braces. Lines end as those of the file do.
    """
    text = decoded(data)
    line_end = "\r\n" if "\r\n" in text else "\n"
    insertions: list[Insertion[str]] = []
    for entry in entries(text):
        new = {name: value for name, value in added.get(entry.key, {}).items() if name not in entry.fields}
        if new:
            end = entry.end
            while text[end - 1].isspace():
                end -= 1
            comma = "" if text[end - 1] == "," else ","
            lines = "".join(f"{line_end}  {name} = {{{value}}}," for name, value in new.items())
            tail = "" if "\n" in text[end : entry.end] else line_end
            insertions.append(Insertion(end, f"{comma}{lines}{tail}"))
    mark = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    return mark + with_insertions(text, insertions).encode("utf-8", "surrogateescape")


class _Reader:
    """Reads values of one file; knows its macros, and which brace closes which."""

    def __init__(self, text: str) -> None:
        self.macros: dict[str, str] = {}
        self._text = text
        self._room = _MOST_EXPANDED
        self._bibtex = _pairs(text, _BRACE)
        is_escaped = "\\{" in text or "\\}" in text
        self._escaped = _pairs(text, _BRACE_NOT_ESCAPED) if is_escaped else None
        self._opened, self._closed = self._bibtex

    def fields(self, position: int) -> tuple[dict[str, str], int] | None:
        """The fields from ``position`` on, and the place of the closing bracket; None where the entry does not end.

        To BibTeX a brace behind a backslash is a brace. An entry that does not end so is read as TeX reads it.
        """
        self._opened, self._closed = self._bibtex
        found = self._fields(position)
        if found is None and self._escaped is not None:
            self._opened, self._closed = self._escaped
            found = self._fields(position)
        return found

    def _fields(self, position: int) -> tuple[dict[str, str], int] | None:
        fields: dict[str, str] = {}
        while True:
            named = _NAME.match(self._text, position)
            if named is None:
                end = _END.match(self._text, position)
                return None if end is None else (fields, end.start(1))
            value = self._value(named.end())
            if value is None:
                return None
            fields.setdefault(named[1].lower(), value[0])
            position = value[1]

    def _value(self, position: int) -> tuple[str, int] | None:
        text = self._text
        parts: list[str] = []
        while True:
            opened = text[position : position + 1]
            if opened in {"{", '"'}:
                end = self._closing(position) if opened == "{" else self._quote(position + 1)
                if end is None:
                    return None
                parts.append(text[position + 1 : end])
                position = end + 1
            else:
                word = _WORD.match(text, position)
                if word is None:
                    return None
                parts.append(self._expanded(word[0]))
                position = word.end()
            position = _blank(text, position)
            if text[position : position + 1] != "#":
                return "".join(parts), position
            position = _blank(text, position + 1)

    def _expanded(self, word: str) -> str:
        """What a macro stands for; the word itself where it is none, or where no room is left."""
        value = self.macros.get(word.lower(), word)
        if len(value) > self._room:
            return word
        self._room -= len(value)
        return value

    def _closing(self, position: int) -> int | None:
        """Where the brace that opens at ``position`` is closed."""
        number = bisect_left(self._opened, position)
        is_brace = number < len(self._opened) and self._opened[number] == position
        return self._closed[number] if is_brace and self._closed[number] >= 0 else None

    def _quote(self, position: int) -> int | None:
        """Where a quoted value ends that begins at ``position``: at a quote outside of braces."""
        while (match := _SIGN.search(self._text, position)) is not None:
            if match[0] == '"':
                return match.start()
            if match[0] == "}":
                return None
            if match[0] == "{":
                end = self._closing(match.start())
                if end is None:
                    return None
                position = end + 1
            else:
                position = match.end()
        return None


def _pairs(text: str, braces: re.Pattern[str]) -> "tuple[array[int], array[int]]":
    """Where braces open, in order, and where each is closed; -1 where it is not."""
    opened, closed = array("q"), array("q")
    waiting: list[int] = []
    for match in braces.finditer(text):
        if match[0] == "{":
            waiting.append(len(opened))
            opened.append(match.start())
            closed.append(-1)
        elif match[0] == "}" and waiting:
            closed[waiting.pop()] = match.start()
    return opened, closed


def _blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return position if match is None else match.end()


def _shown(value: str) -> str:
    """The text of a field; in the argument of a command ``url``, the marks of running text are none."""
    pieces, done = [], 0
    for match in _ADDRESS.finditer(value):
        # Blanks part an address from the text of its link.
        pieces += [plain_tex(value[done : match.start()]), tex_address(match[1]), " "]
        done = match.end()
    return "".join([*pieces, plain_tex(value[done:])])


def _block(entry: Entry) -> Block:
    pieces: list[str] = []
    links: list[CitedLink] = []
    length = 0
    for name, value in entry.fields.items():
        text = tex_address(value) if name == "url" else _shown(value)
        if name in _LINK_FIELDS:
            links += (
                CitedLink(start=length + link.start, end=length + link.end, url=link.url) for link in bare_links(text)
            )
        pieces.append(text + "\n")
        length += len(text) + 1
    dated = _DATE.match(entry.fields.get("urldate", ""))
    return Block(
        place=f"entry {entry.key} (line {entry.line})",
        text="".join(pieces),
        links=tuple(links),
        entry=entry.key,
        entry_type=entry.type,
        accessed=None if dated is None else dated[0],
    )
