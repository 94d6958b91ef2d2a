"""A value of a message as it is printed, with the place in the text that it was read from.

What is read out of a text must be findable in it again: every value carries the offsets of its first and behind its
last character. Its own text differs from that piece of the source only in white space, which becomes single blanks,
and in what is known not to belong to the value: a page line between two lines of a SUBJECT, and the backslash that
some copies put at every line's end.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from preserve.expressions import lazy_re
from preserve.text import single_spaced

PATTERN_CHARS: Final = 1_000
"""Characters of a line that patterns look at. Lines have up to 80; lost line ends make longer ones."""

_WHITE: Final = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\\"
)
"""Everything that `str.strip` takes for white space, and the backslash."""
_EMPTY_LINES: Final = lazy_re(r"(?:\s*+\\[ \t\r]*+\n)*+\s*+")
"""Lines that hold nothing, or only the backslash of a line end."""


class PrintedValue(Struct, frozen=True, kw_only=True):
    """``text`` as printed, every run of white space as one blank; it was read from ``[start, end)`` of the source.

    Offsets count characters. No white space stands at the ends of the span, and it is never empty.
    """

    text: str
    start: int
    end: int


class PrintedLine(NamedTuple):
    """A line of a text without its line end, and the offset at which it starts."""

    start: int
    text: str


def lines_of(source: str, start: int, end: int) -> Iterator[PrintedLine]:
    """The lines of a piece of a text, in order; only LF ends a line."""
    for text in source[start:end].split("\n"):
        yield PrintedLine(start, text)
        start += len(text) + 1


def printed(source: str, start: int, end: int) -> PrintedValue | None:
    """The value in ``[start, end)``, of which white space and backslashes at line ends are no part; None if empty."""
    piece = source[start : trimmed_end(source, start, end)]
    empty = _EMPTY_LINES.match(piece)
    text = piece if empty is None else piece[empty.end() :]
    if not text:
        return None
    begin = start + len(piece) - len(text)
    said = text.replace("\\\n", " ") if "\\\n" in text else text
    return PrintedValue(text=single_spaced(said), start=begin, end=begin + len(text))


def joined(parts: list[PrintedValue]) -> PrintedValue | None:
    """One value whose text is that of the parts, with blanks between; what stands between them is left out."""
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    return PrintedValue(text=" ".join(part.text for part in parts), start=parts[0].start, end=parts[-1].end)


def trimmed_end(source: str, start: int, end: int) -> int:
    """The end of a span without the white space, and the backslashes of line ends, at its end."""
    return start + len(source[start:end].rstrip(_WHITE))
