"""Building a text out of pieces of a page, and keeping for every character where it came from.

A text is made of segments. Most are copied from the page character by character; the others stand for a piece of the
page of another length: a character reference, a line end, a tag that breaks the line.

Tested by ``tests/unit/cables/page/test_offsets.py``.
"""

import html
from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import Final

from msgspec import Struct, field

from preserve.expressions import lazy_re

_REFERENCE: Final = lazy_re(r"&(?:#(?:[0-9]++|[xX][0-9a-fA-F]++);?|[^\t\n\f\r <&#;]{1,32};?)")
"""What can be a character reference; `html.unescape` says whether it is one (HTML Standard, section 13.2.5.72)."""

_COPIED: Final = lazy_re(rf"{_REFERENCE.pattern}|\r\n?")
_LONGEST_NUMBER: Final = 16
"""Digits of a numeric reference; no code point needs more, and longer numbers cost time to read."""


class Segment(Struct, frozen=True, kw_only=True):
    """``length`` characters of the text, made from the page's characters ``from_start`` to ``from_end``.

    ``copied`` is true where they are those characters one by one.
    """

    start: int
    length: int
    from_start: int
    from_end: int
    copied: bool


class TextBuilder(Struct):
    """Collects a text with its origin in one page. Grows only at its end."""

    page: str
    length: int = 0
    last: str = ""
    """The last character of the text so far."""
    _parts: list[str] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _origins: list[tuple[int, int, bool]] = field(default_factory=list)
    """Of each part its place in the page, and whether it is copied."""

    def copy(self, start: int, end: int, *, unify_line_ends: bool = False) -> None:
        """Adds a piece of the page's text with its character references decoded.

        ``unify_line_ends`` makes CR LF and CR one LF, as every HTML parser does before it reads.
        """
        said = self.page[start:end]
        has_cr = unify_line_ends and "\r" in said
        if not has_cr and "&" not in said:
            if said:
                self._parts.append(said)
                self._starts.append(self.length)
                self._origins.append((start, end, True))
                self.length += end - start
                self.last = said[-1]
            return
        page = self.page
        pattern = _COPIED if has_cr else _REFERENCE
        shown = start
        for match in pattern.finditer(page, start, end):
            written = match[0]
            said = "\n" if written[0] == "\r" else decode_reference(written)
            if said == written:
                continue
            self.put(page[shown : match.start()], shown, match.start(), copied=True)
            self.put(said, match.start(), match.end())
            shown = match.end()
        self.put(page[shown:end], shown, end, copied=True)

    def put(self, said: str, start: int, end: int, *, copied: bool = False) -> None:
        """Adds ``said``, which stands for a piece of the page; ``copied`` where it is that piece as it is."""
        if not said:
            return
        self._parts.append(said)
        self._starts.append(self.length)
        self._origins.append((start, end, copied))
        self.length += len(said)
        self.last = said[-1]

    def text(self) -> str:
        """The whole text."""
        return "".join(self._parts)

    def segments(self, start: int, end: int) -> list[Segment]:
        """What the text from ``start`` to ``end`` is made of, with offsets from ``start``."""
        result: list[Segment] = []
        for number in range(max(0, bisect_right(self._starts, start) - 1), bisect_left(self._starts, end)):
            begin = self._starts[number]
            stop = self._starts[number + 1] if number + 1 < len(self._starts) else self.length
            first, last = max(begin, start), min(stop, end)
            if first >= last:
                continue
            from_start, from_end, copied = self._origins[number]
            if copied:
                from_start, from_end = from_start + first - begin, from_start + last - begin
            result.append(
                Segment(
                    start=first - start, length=last - first, from_start=from_start, from_end=from_end, copied=copied
                )
            )
        return result

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the page that the text from ``start`` to ``end`` was made from; an empty span has none."""
        if start >= end or not self._starts:
            return 0, 0
        number = bisect_right(self._starts, start) - 1
        begin, _, copied = self._origins[number]
        if copied:
            begin += start - self._starts[number]
        number = bisect_right(self._starts, end - 1) - 1
        from_start, stop, copied = self._origins[number]
        return begin, from_start + end - self._starts[number] if copied else stop


@lru_cache(maxsize=512)
def decode_reference(written: str) -> str:
    """What one character reference stands for; ``written`` itself where it is none."""
    if written.startswith("&#"):
        base = "x" if written[2] in "xX" else ""
        digits = written[2:].lstrip("xX").rstrip(";").lstrip("0") or "0"
        return "\ufffd" if len(digits) > _LONGEST_NUMBER else html.unescape(f"&#{base}{digits};")
    return html.unescape(written)


def decode_references(text: str) -> str:
    """A text with every character reference in it decoded once."""
    if "&" not in text:
        return text
    # The commonest by far; what it becomes can neither begin a reference nor lengthen the one before it.
    text = text.replace("&#x000A;", "\n")
    return _REFERENCE.sub(lambda match: decode_reference(match[0]), text)
