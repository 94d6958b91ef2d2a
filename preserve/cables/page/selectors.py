"""Finding elements of a page by selectors, without a tree: a page is read once, from left to right.

A selector is a small part of CSS's: a tag's name, ``#id``, ``.class`` and ``[attribute]``, together or alone
(``td.value``), with blanks between an element and one inside it (``code pre``). Behind the last may stand ``:first``
or ``:last``, which of those found is meant, and ``@attribute``, whose value is read instead of the element's content.

An element ends where its own end tag closes it, counting elements of its name in between; one whose end tag may be
left out (``td``, ``li``) ends at the next of its name; ``<br>`` and what is written ``<div/>`` have no content.
Comments, scripts and styles hold no elements. Where a page's boxes hold text that nobody escaped, tags in a ``pre``
are no tags, and it ends at the first ``</pre>`` or ``</code>``.

One declared difference from the HTML Standard: an unescaped ``<td>`` in the value of an attribute of another tag is
found as if it stood outside, because tags of other names are passed over unread.
"""

import re
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from preserve.cables.page.texts import decode_references
from preserve.cables.page.tokens import ATTRIBUTES, RAW, TAG_NAME, Token, attributes, raw_end, tag_at
from preserve.expressions import compiled_re, lazy_re

_PART: Final = lazy_re(r"([a-zA-Z][a-zA-Z0-9]*)?((?:[#.][\w-]+|\[[\w-]+\])*)", re.ASCII)
_CONDITION: Final = lazy_re(r"([#.\[])([\w-]+)", re.ASCII)
_END: Final = lazy_re(r"(?::(first|last))?(?:@([\w-]+))?\Z", re.ASCII)
_VOID: Final = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"})
_UNCLOSED: Final = frozenset({"td", "th", "tr", "li", "p", "dt", "dd", "option"})
_PRE_END: Final = lazy_re(r"</(?:pre|code)(?=[\t\n\f\r />])", re.IGNORECASE)
_MOST_ELEMENTS: Final = 10_000
_EXAMPLES: Final = "write like 'table.cable', 'div#a pre:last' or 'input#b@value'"


class _Part(Struct, frozen=True, kw_only=True):
    """One element of a selector: what its tag must have."""

    name: str | None
    id: str | None
    classes: frozenset[str]
    attributes: frozenset[str]
    words: tuple[str, ...]
    """What the tag's text holds: most tags are told by it before their attributes are read."""

    def fits(self, page: str, tag: Token) -> bool:
        if self.id is None and not self.classes and not self.attributes:
            return True
        found = attributes(page, tag)
        return (
            (self.id is None or found.get("id") == self.id)
            and self.classes <= set(found.get("class", "").split())
            and self.attributes <= found.keys()
        )


class Selector(Struct, frozen=True, kw_only=True):
    """A selector taken apart. ``which``: the first or the last of the elements found, or every one."""

    parts: tuple[_Part, ...]
    which: Literal["first", "last"] | None
    attribute: str | None


class Element(NamedTuple):
    """An element on a page, in characters: from its tag's ``start`` to its ``end``, its content in between."""

    start: int
    inner: int
    inner_end: int
    end: int


def parse_selector(text: str) -> Selector:
    """A selector from its text.

    Raises:
        ValueError: it is not of the small language that is understood here.
    """
    selector = text.strip()
    end = _END.search(selector)
    path, which, attribute = (selector, None, None) if end is None else (selector[: end.start()], end[1], end[2])
    parts = tuple(_part(word, text) for word in path.split())
    if not parts:
        raise ValueError(f"{text!r} selects no element; {_EXAMPLES}")
    return Selector(
        parts=parts,
        which="first" if which == "first" else "last" if which == "last" else None,
        attribute=attribute,
    )


def _part(word: str, selector: str) -> _Part:
    match = _PART.fullmatch(word)
    if match is None:
        raise ValueError(f"{selector!r} is no selector; {_EXAMPLES}")
    conditions: list[tuple[str, str]] = _CONDITION.findall(match[2])
    return _Part(
        name=match[1].lower() if match[1] else None,
        id=next((name for kind, name in conditions if kind == "#"), None),
        classes=frozenset(name for kind, name in conditions if kind == "."),
        attributes=frozenset(name.lower() for kind, name in conditions if kind == "["),
        words=tuple(name for kind, name in conditions if kind != "["),
    )


def find_all(page: str, start: int, end: int, selector: Selector, *, opaque_pre: bool = False) -> Iterator[Element]:
    """Every element that a selector means, none inside another, in order; of the first ten thousand it describes."""
    found = islice(_Scan(page, opaque_pre).descend(start, end, selector.parts), _MOST_ELEMENTS)
    if selector.which == "last":
        return iter(deque(found, maxlen=1))
    return islice(found, 1) if selector.which == "first" else found


def value_of(page: str, element: Element, name: str) -> str:
    """The value of an attribute of an element's tag, with its references decoded; empty where there is none."""
    tag = tag_at(page, element.start, element.end)
    if tag is None:
        return ""
    return decode_references(attributes(page, Token("start", tag.start(), tag.end(), tag[2])).get(name.lower(), ""))


class _Scan:
    """One search of a page. Where its last comment ends is looked for once, so that time is linear in its length."""

    def __init__(self, page: str, opaque_pre: bool) -> None:  # noqa: FBT001 - made in one place
        self._page = page
        self._opaque_pre = opaque_pre
        self._last_comment: int | None = None

    def descend(self, start: int, end: int, parts: tuple[_Part, ...]) -> Iterator[Element]:
        """The elements that a selector's parts describe, one inside another."""
        for element in self._elements(start, end, parts[0]):
            if len(parts) == 1:
                yield element
            else:
                yield from self.descend(element.inner, element.inner_end, parts[1:])

    def _elements(self, start: int, end: int, part: _Part) -> Iterator[Element]:
        after = start
        for tag in self._tags(start, end, part.name, ends="", words=part.words):
            if tag.start >= after and part.fits(self._page, tag):
                inner_end, after = self._closed(tag, end)
                yield Element(tag.start, tag.end, inner_end, after)

    def _closed(self, tag: Token, end: int) -> tuple[int, int]:
        """Where the content of an element ends, and where the element does."""
        page, name = self._page, tag.name
        if name in _VOID or page.endswith("/>", tag.start, tag.end):
            return tag.end, tag.end
        if name in RAW:
            closing = raw_end(page, name, tag.end, end)
            return closing, _after_tag(page, closing, end)
        if name == "pre" and self._opaque_pre:
            match = _PRE_END.search(page, tag.end, end)
            return (end, end) if match is None else (match.start(), _after_tag(page, match.start(), end))
        depth = 1
        for other in self._tags(tag.end, end, name, ends="/?+"):
            if other.kind == "start" and name in _UNCLOSED:
                return other.start, other.start
            depth += 1 if other.kind == "start" else -1
            if depth == 0:
                return other.start, other.end
        return end, end

    def _tags(
        self, start: int, end: int, name: str | None, *, ends: str, words: tuple[str, ...] = ()
    ) -> Iterator[Token]:
        """Start tags, and with ``/?+`` for ``ends`` end tags, all or of one name, outside comments and raw text.

        Of the start tags, only those that hold all of ``words``.
        """
        page = self._page
        pattern = _pattern(name, ends, opaque_pre=self._opaque_pre)
        position, ahead = start, -1
        while True:
            for match in pattern.finditer(page, position, end):
                comment, slash, said, rest = match.groups()
                begun, position = match.span()
                if comment:
                    position = self._behind_comment(begun)
                    break
                if rest is None:
                    # It never ends: all that follows is text.
                    return
                said = said.lower()
                if words and ahead < begun:
                    ahead = page.find(words[0], begun, end)
                    if ahead < 0:
                        return
                if ahead < position and (name is None or said == name):
                    for word in words:
                        if page.find(word, begun, position) < 0:
                            break
                    else:
                        yield Token("end" if slash else "start", begun, position, said)
                if slash:
                    continue
                if said in RAW:
                    position = raw_end(page, said, position, end)
                    break
                if self._opaque_pre and said == "pre":
                    closing = _PRE_END.search(page, position, end)
                    position = end if closing is None else closing.start()
                    break
            else:
                return

    def _behind_comment(self, position: int) -> int:
        """Where a comment ends; one that never does is text."""
        if self._last_comment is None:
            self._last_comment = self._page.rfind("-->")
        return position + 4 if self._last_comment < position + 2 else self._page.find("-->", position + 2) + 3


def _after_tag(page: str, position: int, end: int) -> int:
    tag = tag_at(page, position, end)
    return position if tag is None else tag.end()


@lru_cache(maxsize=256)
def _pattern(name: str | None, ends: str, *, opaque_pre: bool) -> re.Pattern[str]:
    """Comments, tags of a name (or of any), and tags whose content is passed over.

    Groups are a comment's ``!--``, a tag's ``/`` or nothing, its name and its attributes; the last is None where the
    tag never ends.
    """
    if name is None:
        return compiled_re(rf"<(?:(!--)|({ends})({TAG_NAME})(?:({ATTRIBUTES})>)?+)")
    passed = sorted({*RAW, *(("pre",) if opaque_pre else ())} - {name})
    letters = "".join(sorted({word[0] for word in [name, *passed]}))
    one, others = _any_case(name), "|".join(_any_case(word) for word in passed)
    behind = r"(?=[\t\n\f\r />])"
    # Only its own end tags count.
    slash = rf"({ends}(?={one}{behind})|)" if ends else "()"
    # The set of first letters passes over most tags at once.
    first = rf"(?=[{'/' if ends else ''}{letters}{letters.upper()}])"
    return compiled_re(rf"<(?:(!--)|{first}{slash}({one}|{others}){behind}(?:({ATTRIBUTES})>)?+)")


def _any_case(word: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in word)
