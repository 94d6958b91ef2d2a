"""Page lines of a message, and the gaps that they and blank lines leave inside sentences.

Long messages were sent in pages, and the line at a page's head stands in the text where the page happened to begin::

    SAMPLETOWN 00000525  001.2 OF 003
    PAGE 02 SAMPLETOWN 023763 071504Z

Which gaps are no ends of paragraphs is a guess from the words around them; it serves the reading view alone.

Tested by ``tests/unit/cables/message/test_paragraphs.py``.
"""

import re
from typing import Final

from preserve.cables.comparison import is_page_line
from preserve.cables.message.printed import PrintedValue, printed
from preserve.cables.posts import read_post
from preserve.expressions import lazy_re

_STATION: Final = r"[A-Z][A-Z .'\u2019-]{1,40}"
_OF: Final = rf"{_STATION} \d{{6,8}} {{1,3}}(?P<page>\d{{3}})(?:\.(?P<part>\d{{1,2}}))? OF (?P<of>\d{{3}})"
_OLD: Final = (
    r"PAGE {1,3}(?P<old>\d{2,3}) {1,12}[A-Z][A-Z .'-]{1,40}? {1,4}\d{5,6}(?: {1,3}\d\d OF \d\d)?(?: {1,3}\d{6}Z)?"
)
_PAGE_LINE: Final = lazy_re(rf"(?:{_OLD}|{_OF})[ \\\t\r]*$", re.MULTILINE)
_ANY: Final = rf"(?:{_STATION} \d{{6,8}} {{1,3}}\d{{3}}(?:\.\d{{1,2}})? OF \d{{3}}|{_OLD.replace('?P<old>', '')})"
_GAP: Final = lazy_re(rf"\n(?:[ \t\\\r]*+(?:{_ANY}[ \t\\\r]*+)?+(?:\n|\Z))++")
"""Lines that are blank or page lines, with the line end before them."""
_NO_BREAK_AFTER: Final = frozenset('.:!?"\u201d*-=_')
"""Last characters of a line behind which a gap ends the paragraph: those of sentences, and those of rules."""


_INSIDE: Final = lazy_re(
    r"(?<=[A-Z] )(?: {0,2})\d{8}\s{1,6}\d{3}(?:\.\d{1,2})? OF \d{3}\b|"
    r"(?<!\S)PAGE {1,3}\d{2,3} {1,12}[A-Z][A-Z .'-]{1,40}? {1,4}\d{5,6}(?: {1,3}\d\d OF \d\d)?(?: {1,3}\d{6}Z)?"
)
"""Page lines that lost their line ends; of the first form without the station, of which only its table tells a word."""
_STATION_WORDS: Final = lazy_re(r"(?:(?<![^\s.,);])[A-Z][A-Z.'-]{1,20} {1,3}){1,4}\Z")
_STATION_CHARS: Final = 60


class PageLine(PrintedValue, frozen=True, kw_only=True):
    """A page line: the number of the page, its ``part`` behind a point, and of how many pages, where it is told."""

    page: int
    part: int | None
    of: int | None


def is_break_line(line: str) -> bool:
    """Whether a line is only a page line of one form or the other."""
    return is_page_line(line) or (line.lstrip().startswith("PAGE ") and _PAGE_LINE.match(line.lstrip()) is not None)


def page_lines_inside(text: str) -> list[tuple[int, int]]:
    """The spans of page lines that stand inside a line, or over the end of one, behind other words."""
    if " OF " not in text and "PAGE " not in text:
        return []
    return [
        (match.start() if match[0].startswith("PAGE") else _station_start(text, match.start()), match.end())
        for match in _INSIDE.finditer(text)
    ]


def _station_start(text: str, end: int) -> int:
    """Where the station begins that ends there: the longest run of words that is a post, else the last word."""
    first = max(0, end - _STATION_CHARS)
    words = _STATION_WORDS.search(text[first:end])
    if words is None:
        return end
    starts = [first + words.start() + at for at in _word_starts(words[0])]
    return next((start for start in starts if read_post(text[start:end], alike=False) is not None), starts[-1])


def _word_starts(words: str) -> list[int]:
    return [at for at, letter in enumerate(words) if letter != " " and (at == 0 or words[at - 1] == " ")]


def read_gaps(body: str, start: int, end: int) -> tuple[tuple[PageLine, ...], tuple[tuple[int, int], ...]]:
    """The page lines in ``[start, end)``, and the spans of white space and page lines inside a sentence, in order.

    A gap lies inside a sentence where the line before it does not end one and a small letter follows.
    """
    pages: list[PageLine] = []
    soft: list[tuple[int, int]] = []
    first = _PAGE_LINE.match(body, start, end)
    if first is not None:
        pages.append(_page(body, first))
    for match in _GAP.finditer(body, start, end):
        first_char, last_char = match.span()
        if not match[0].isspace():
            pages += (_page(body, page) for page in _pages_in(body, first_char, last_char))
        after = _skip(body, last_char, end)
        before = first_char
        while before > start and body[before - 1] in " \t\\\r":
            before -= 1
        if after < end and body[after].islower() and before > start and body[before - 1] not in _NO_BREAK_AFTER:
            soft.append((before, after))
    return tuple(pages), tuple(soft)


def _pages_in(body: str, start: int, end: int) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    position = start
    while position < end:
        line_end = body.find("\n", position, end)
        line_end = end if line_end < 0 else line_end
        first = _skip(body, position, line_end)
        match = _PAGE_LINE.match(body, first, line_end) if first < line_end else None
        if match is not None:
            found.append(match)
        position = line_end + 1
    return found


def _page(body: str, match: re.Match[str]) -> PageLine:
    whole = printed(body, match.start(), match.end()) or PrintedValue(text="", start=match.start(), end=match.end())
    part, of = match["part"], match["of"]
    return PageLine(
        text=whole.text,
        start=whole.start,
        end=whole.end,
        page=int(match["page"] or match["old"]),
        part=None if part is None else int(part),
        of=None if of is None else int(of),
    )


def _skip(body: str, position: int, end: int) -> int:
    """The next character that is no blank of a line."""
    while position < end and body[position] in " \t\\\r":
        position += 1
    return position
