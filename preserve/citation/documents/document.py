"""A document as it is read for its citations, whatever its kind: blocks of text with what they point to.

Tested by ``tests/unit/formats/test_documents.py``.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from preserve.errors import FormatError
from preserve.expressions import lazy_re

_URL: Final = lazy_re(r"https?://[^\s<>\"{}\[\]|\\^`\x00-\x1f\u201c\u201d\u00ab\u00bb]{1,4000}", re.IGNORECASE)
MOST_BLOCKS: Final = 500_000
"""Paragraphs and entries of one document: what is looked up for each is bounded."""
_TRAILING: Final = ".,;:!?'\u2019*_"


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedLink:
    """An address in a block: ``start`` and ``end`` are the characters of the block that stand for it.

    ``longer`` is the address that it may be where a line end cuts it.
    """

    start: int
    end: int
    url: str
    longer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedKey:
    """A key of a bibliography that is cited at ``start``."""

    start: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, a note, a quotation or an entry. ``place`` is for a person: ``line 12``, ``page 3``.

    ``is_quotation``: the whole block is quoted. ``entry`` is the key of an entry of a bibliography.
    """

    place: str
    text: str
    links: tuple[CitedLink, ...] = ()
    keys: tuple[CitedKey, ...] = ()
    is_quotation: bool = False
    lines: tuple[tuple[int, int], ...] = ()
    """Where lines of the document begin in the text, and their numbers; empty where it has none."""
    entry: str | None = None
    entry_type: str = ""
    """Of an entry what it says that it is: ``book``, ``techreport``; in small letters."""
    accessed: str | None = None
    """The date at which the writer says to have seen it: ``YYYY-MM-DD``."""

    def place_at(self, start: int) -> str:
        """The place of what stands at a character of the text: its own line, where lines are known."""
        number = bisect_right(self.lines, start, key=lambda line: line[0]) - 1
        return f"line {self.lines[number][1]}" if number >= 0 else self.place


@dataclass(frozen=True, slots=True, kw_only=True)
class CitingDocument:
    """What was read. ``kind`` is the name of the format.

    ``unread``: the entries and pieces that cannot be read, each with its place and the reason.

    Raises:
        FormatError: it has more blocks than any document.
    """

    kind: str
    blocks: tuple[Block, ...]
    unread: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.blocks) > MOST_BLOCKS:
            raise FormatError(f"the document has more than {MOST_BLOCKS:,} paragraphs")


@dataclass(slots=True)
class BlockText:
    """A block in the making: pieces of text, with links and keys where they stand."""

    pieces: list[str] = field(default_factory=list)
    links: list[CitedLink] = field(default_factory=list)
    keys: list[CitedKey] = field(default_factory=list)
    lines: list[tuple[int, int]] = field(default_factory=list)
    length: int = 0

    def add(self, text: str) -> None:
        """Adds text."""
        self.pieces.append(text)
        self.length += len(text)

    def at_line(self, number: int) -> None:
        """Notes that what follows stands in a line of the document."""
        if not self.lines or self.lines[-1][1] != number:
            self.lines.append((self.length, number))

    def add_lines(self, text: str, number: int) -> None:
        """Adds text that begins in a line of the document and has its line ends."""
        for line in text.splitlines(keepends=True):
            self.at_line(number)
            self.add(line)
            number += line.endswith("\n")

    def link(self, text: str, url: str) -> None:
        """Adds text that is a link. Only addresses of the web count."""
        start = self.length
        self.add(text)
        self.link_from(start, url)

    def link_from(self, start: int, url: str) -> None:
        """Makes what was added since ``start`` a link."""
        if url.strip().lower().startswith(("http://", "https://")):
            self.links.append(CitedLink(start=start, end=self.length, url=url.strip()))

    def cite(self, key: str) -> None:
        """Notes that a key is cited here."""
        if key:
            self.keys.append(CitedKey(start=self.length, key=key))

    def block(self, place: str, *, is_quotation: bool = False) -> Block | None:
        """The block, with the bare addresses in its text as links too; None where it is empty."""
        text = "".join(self.pieces)
        if not text.strip() and not self.links and not self.keys:
            return None
        return Block(
            place=place,
            text=text,
            links=with_bare_links(text, self.links),
            keys=tuple(self.keys),
            is_quotation=is_quotation,
            lines=tuple(self.lines),
        )


def with_bare_links(text: str, links: list[CitedLink]) -> tuple[CitedLink, ...]:
    """The links, and the addresses that stand bare in the text outside of them, in their order."""
    taken = sorted((link.start, link.end) for link in links)
    bare = [link for link in bare_links(text) if not is_within(link.start, taken)]
    return tuple(sorted([*links, *bare], key=lambda link: (link.start, link.end)))


def is_within(position: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a place is inside one of some spans, which stand in order and do not overlap."""
    number = bisect_right(spans, position, key=lambda span: span[0]) - 1
    return number >= 0 and position < spans[number][1]


def bare_links(text: str) -> Iterator[CitedLink]:
    """Addresses in running text, without the punctuation behind them; a bracket counts if it was opened in them."""
    for match in _URL.finditer(text):
        url = match[0]
        while url:
            if url[-1] in _TRAILING or (url[-1] == ")" and url.count(")") > url.count("(")):
                url = url[:-1]
            else:
                break
        if len(url) > len("https://"):
            yield CitedLink(start=match.start(), end=match.start() + len(url), url=url, longer=_longer(text, match))


def _longer(text: str, match: re.Match[str]) -> str | None:
    """The address with the first word of the next line, where a line end cuts it."""
    rest = re.compile(r"[ \t]*\r?\n[ \t]*([^\s<>\"{}|\\^`]{1,2000})").match(text, match.end())
    return None if rest is None else match[0] + rest[1].rstrip(_TRAILING + ")]")


Writing = TypeVar("Writing", str, bytes)
"""A document as it is written back: its text, or its bytes."""


@dataclass(frozen=True, slots=True)
class Insertion(Generic[Writing]):
    """What is put in at a place of a document. Nothing is ever taken out."""

    place: int
    new: Writing


def with_insertions(text: Writing, insertions: Iterable[Insertion[Writing]]) -> Writing:
    """A text with things put in; every character of it stays, in its order.

    Raises:
        FormatError: two stand at one place, one outside of the text, or the text without them is not the one given.
    """
    ordered = sorted(insertions, key=lambda insertion: insertion.place)
    empty = text[:0]
    pieces: list[Writing] = []
    done = 0
    for number, each in enumerate(ordered):
        if not 0 <= each.place <= len(text) or (number and each.place == ordered[number - 1].place):
            raise FormatError("two changes touch the same place of the document; nothing is written")
        pieces += [text[done : each.place], each.new]
        done = each.place
    pieces.append(text[done:])
    made = empty.join(pieces)
    if without_insertions(made, ordered) != text:
        raise FormatError("the document would lose something; nothing is written")
    return made


def without_insertions(made: Writing, ordered: Sequence[Insertion[Writing]]) -> Writing:
    """What is left of a text that was made by `with_insertions` when what was put in is taken out of it again.

    Raises:
        FormatError: what was put in does not stand where it was.
    """
    kept: list[Writing] = []
    done = shift = 0
    for each in ordered:
        place = each.place + shift
        if made[place : place + len(each.new)] != each.new:
            raise FormatError("the document was not written as it was meant to be; nothing is written")
        kept.append(made[done:place])
        done = place + len(each.new)
        shift += len(each.new)
    kept.append(made[done:])
    return made[:0].join(kept)


def decoded(data: bytes) -> str:
    """The text of a document without a declared encoding: UTF-8, and what is not UTF-8 byte for byte.

    ``text.encode("utf-8", "surrogateescape")`` is the document again, but for a byte order mark.
    """
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
