"""Finds a passage of a text: by its words, by the number of its paragraph, or by its characters.

A quote is found where the text has the same characters; white space may differ (a blank for a line end), and a page
line between two lines may be left out. Where no such place is, what typesetters and word processors change is forgiven:
quotation marks, dashes, soft hyphens, ligatures, composed letters, a word parted at a line's end. What is cited are the
characters of the text always, never those of the quote. Capital letters and words are never forgiven.
"""

import re
import shlex
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from preserve.cables.message.pagelines import is_break_line
from preserve.cables.message.paragraphs import Paragraph
from preserve.citation.documents.quote_match import nearest_words
from preserve.citation.forgiving import forgiving_places
from preserve.citation.passage import Passage
from preserve.citation.quotable import QuotableText
from preserve.errors import NotHeldError, UsageError
from preserve.expressions import lazy_re
from preserve.text import single_spaced

MAX_QUOTE_CHARS: Final = 100_000
CONTEXT_CHARS: Final = 32
_LEAST_LATIN: Final = 5
"""Characters of a quote that a text has in a row, for its place to be told by them."""
_PLACES_TOLD: Final = 10
_WHITE: Final = lazy_re(r"\s+")
_LINE: Final = lazy_re(r"[^\n]+")
_PAGE_LINE_CHARS: Final = 120
_LETTER_CASE: Final = "in capital and small letters"


def find_passage(
    text: QuotableText,
    *,
    quote: str | None = None,
    paragraph: int | str | None = None,
    chars: tuple[int, int] | None = None,
) -> Passage:
    """The one passage of a text that is meant. A quote with a paragraph or characters is looked for in those.

    ``chars`` counts characters of the text from 0, the end not in it.

    Raises:
        UsageError: nothing is asked for, or what is asked for stands in more than one place, or outside of the text.
        NotHeldError: the text has no such passage.
    """
    spans = [(0, len(text.body))]
    if paragraph is not None:
        spans = _of_paragraph(text, str(paragraph))
    if chars is not None:
        spans = [_inside(text, chars, spans)]
    if quote is not None:
        return _quoted(text, quote, spans)
    if paragraph is None and chars is None:
        raise UsageError("no passage is asked for", next_step="Give a quote, a paragraph or characters.")
    if len(spans) > 1:
        raise _ambiguous(text, f"paragraph {paragraph}", spans)
    return _passage(text, spans[0], None)


def _of_paragraph(text: QuotableText, number: str) -> list[tuple[int, int]]:
    paragraphs = text.paragraphs
    found = [(each.start, each.end) for each in paragraphs if each.number.text == number]
    if not found:
        known = single_spaced(", ".join(each.number.text for each in paragraphs))[:200] or "none"
        raise NotHeldError(f"{text.name} has no paragraph {number}", next_step=f"Its numbered paragraphs: {known}.")
    return found


def _inside(text: QuotableText, chars: tuple[int, int], spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    start, end = chars
    if not 0 <= start < end <= len(text.body):
        raise UsageError(
            f"characters {start} to {end} are no passage of a text of {len(text.body)} characters",
            next_step="Count from 0; the end is not in the passage.",
        )
    if not any(first <= start and end <= last for first, last in spans):
        raise UsageError(f"characters {start} to {end} are not in that paragraph", next_step="Give one of the two.")
    return start, end


def _quoted(text: QuotableText, quote: str, spans: Sequence[tuple[int, int]]) -> Passage:
    wanted = quote.strip()
    if not wanted:
        raise UsageError("the quote is empty", next_step="Give the words of the passage.")
    if len(wanted) > MAX_QUOTE_CHARS:
        raise UsageError(
            f"the quote has {len(wanted)} characters, more than {MAX_QUOTE_CHARS}", next_step="Give its characters."
        )
    whole = _fold(text.body, ())
    found = set(whole.find(wanted))
    lines = _page_lines(text.body)
    if lines:
        found |= set(_fold(text.body, lines).find(wanted))
    places = _within(found, spans)
    if not places and not found:
        # Only where the characters stand nowhere is anything forgiven.
        found = set(forgiving_places(text.body, wanted, lines))
        places = _within(found, spans)
    if not places:
        raise _not_there(text, wanted, whole, sorted(found))
    if len(places) > 1:
        raise _ambiguous(text, "the quote", places)
    return _passage(text, places[0], wanted)


def _within(found: Iterable[tuple[int, int]], spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return sorted(place for place in found if any(place[0] >= first and place[1] <= last for first, last in spans))


class _Folded(Struct, frozen=True):
    """A text with every run of white space as one blank, and where its runs stand in the text."""

    text: str
    starts: "array[int]"
    places: "array[int]"

    def place(self, offset: int) -> int:
        run = bisect_right(self.starts, offset) - 1
        return self.places[run] + offset - self.starts[run]

    def find(self, quote: str) -> list[tuple[int, int]]:
        """Spans of the text that have the quote's characters, at most a few more than are told."""
        wanted = _WHITE.sub(" ", quote)
        found: list[tuple[int, int]] = []
        offset = self.text.find(wanted)
        while offset >= 0 and len(found) <= _PLACES_TOLD:
            found.append((self.place(offset), self.place(offset + len(wanted) - 1) + 1))
            offset = self.text.find(wanted, offset + 1)
        return found


def _page_lines(body: str) -> list[tuple[int, int]]:
    return [
        match.span() for match in _LINE.finditer(body) if len(match[0]) <= _PAGE_LINE_CHARS and is_break_line(match[0])
    ]


def _fold(body: str, left_out: Sequence[tuple[int, int]]) -> _Folded:
    pieces: list[str] = []
    starts, places, length = array("q"), array("q"), 0
    for first, last in _words(body, left_out):
        if pieces:
            pieces.append(" ")
            length += 1
        starts.append(length)
        places.append(first)
        pieces.append(body[first:last])
        length += last - first
    return _Folded("".join(pieces), starts, places)


def _words(body: str, left_out: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    ends = [start for start, _end in left_out]
    words = (match.span() for match in re.finditer(r"\S+", body))
    if not left_out:
        return list(words)
    kept = []
    for start, end in words:
        line = bisect_right(ends, start) - 1
        if line < 0 or start >= left_out[line][1]:
            kept.append((start, end))
    return kept


def _passage(text: QuotableText, span: tuple[int, int], quote: str | None) -> Passage:
    start, end = span
    body = text.body
    exact = body[start:end]
    byte_start, byte_end = text.bytes_of(start, end)
    inside = _paragraph_at(text.paragraphs, start)
    plain = quote is not None and _WHITE.sub(" ", exact) == _WHITE.sub(" ", quote)
    left_out: tuple[str, ...] = ()
    if quote is not None and not plain:
        left_out = tuple(body[a:b].strip() for a, b in _page_lines(body) if start <= a and b <= end)
    return Passage(
        exact=exact,
        prefix=body[max(0, start - CONTEXT_CHARS) : start],
        suffix=body[end : end + CONTEXT_CHARS],
        start=start,
        end=end,
        byte_start=byte_start,
        byte_end=byte_end,
        paragraph=None if inside is None else inside.number.text,
        portion_mark=None
        if inside is None or inside.mark is None
        else _bracketed(body, inside.mark.start, inside.mark.end),
        folded_blanks=quote is not None and exact != quote,
        page_lines=left_out,
    )


def _bracketed(body: str, start: int, end: int) -> str:
    around = body[max(0, start - 1) : end + 1]
    return around if around[:1] in "([" and around[-1:] in ")]" else body[start:end]


def _paragraph_at(paragraphs: Sequence[Paragraph], offset: int) -> Paragraph | None:
    return next((each for each in paragraphs if each.start <= offset < each.end), None)


def _ambiguous(text: QuotableText, what: str, places: Sequence[tuple[int, int]]) -> UsageError:
    lines = []
    for start, end in places[:_PLACES_TOLD]:
        around = single_spaced(text.body[max(0, start - CONTEXT_CHARS) : end + CONTEXT_CHARS])[:120]
        lines.append(f"  {_where(text, start, end)}: {around}")
    more = " (and more)" if len(places) > _PLACES_TOLD else ""
    count = min(len(places), _PLACES_TOLD)
    return UsageError(
        f"{what} stands in {count} places{more}:\n" + "\n".join(lines),
        next_step="Quote more words, or name the paragraph, or give the characters.",
    )


def _where(text: QuotableText, start: int, end: int) -> str:
    inside = _paragraph_at(text.paragraphs, start)
    return f"{'' if inside is None else f'paragraph {inside.number.text}, '}characters {start}-{end}"


def _not_there(text: QuotableText, quote: str, whole: _Folded, elsewhere: Sequence[tuple[int, int]]) -> NotHeldError:
    wanted = _WHITE.sub(" ", quote)
    if elsewhere:
        return NotHeldError(
            f"the quote stands in the text, but not in that part of it: {_where(text, *elsewhere[0])}",
            next_step="Name the part in which it stands, or none.",
        )
    if wanted.casefold() in whole.text.casefold():
        return NotHeldError(
            f"the quote is not in the text of {text.name}: it differs only {_LETTER_CASE}",
            next_step="Quote the characters as the text has them.",
        )
    same = _longest(wanted, whole.text)
    if same < (_LEAST_LATIN if wanted[:same].isascii() else 1):
        # A few letters that some word begins with are no place.
        near = nearest_words(wanted, whole.text)
        return NotHeldError(
            f"the quote is not in the text of {text.name}" + (f"; the nearest words are “{near}”" if near else ""),
            next_step=f"See its text: `preserve show {shlex.quote(text.name)}`.",
        )
    at = whole.text.find(wanted[:same])
    has = single_spaced(whole.text[at : at + same + CONTEXT_CHARS])[-200:]
    return NotHeldError(
        f"the quote is not in the text of {text.name}. Nearest, at character {whole.place(at)}: {has!r}; "
        f"after {same} characters the text has {whole.text[at + same : at + same + CONTEXT_CHARS]!r} "
        f"where the quote has {wanted[same : same + CONTEXT_CHARS]!r}",
        next_step="Quote the characters as the text has them.",
    )


def _longest(wanted: str, text: str) -> int:
    """How many first characters of the quote stand in the text: found by halving, so in few searches."""
    low, high = 0, len(wanted)
    while low < high:
        middle = (low + high + 1) // 2
        if wanted[:middle] in text:
            low = middle
        else:
            high = middle - 1
    return low
