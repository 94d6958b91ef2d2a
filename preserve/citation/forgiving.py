"""Places of a text that have the words of a quote, where both may be set in different signs.

Both are folded to one form: quotation marks to one, dashes of every length to one hyphen without blanks
around it, ligatures and composed letters taken apart, signs that nobody sees dropped, white space to one blank. A
hyphen at a line's end may be the word's own or not: it stands for both.

Time is linear in the text: so much is compared, and no more.

Tested by ``tests/unit/citation/test_quotes.py``.
"""

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from preserve.expressions import lazy_re

_MOST_PLACES: Final = 12
_COMPARED_BASE: Final = 1_000_000
_COMPARED_A_SIGN: Final = 8
"""Signs that are compared at the most, and so many more for each sign of the text."""
_CHUNK: Final = 4_096
_MOST_WINDOWS: Final = 100
_KEPT_CHARS: Final = 60_000
"""Characters of a text whose letters are kept: the quotations of a document are looked for in the same texts."""
_UNSEEN: Final = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_QUOTES: Final = '"\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc`\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb'
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_SIGNS: Final = {
    # Marks inside of a quotation are turned, double to single, so both are one.
    **dict.fromkeys(_QUOTES, "'"),
    **dict.fromkeys(_DASHES, "-"),
    "\u2026": "...",
}

_LIGATURES: Final = frozenset("\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06\u0132\u0133")
_TOKEN: Final = lazy_re(
    # A hyphen at the end of a line, between two letters or digits.
    r"(?P<end>(?<=\w)[-\u00ad\u2010\u2011][ \t\r]*\n\s*(?=\w))"
    rf"|(?P<dash>[ \t]*[-{_DASHES}][-{_DASHES}\s]*(?<=[-{_DASHES}])\s*|\s+[-{_DASHES}][-{_DASHES}\s]*)"
    r"|(?P<blank>\s+)|(?P<word>[A-Za-z0-9,;:!?()/]+)|(?P<sign>.)",
    re.DOTALL,
)
_MAYBE: Final = "\x00"
"""Stands for a hyphen at a line's end: it is a hyphen or nothing."""


class _Signs(Struct, frozen=True):
    """A text in one form. ``first`` and ``last``: of each sign where it begins in the text, and where it ends."""

    text: str
    first: "array[int]"
    last: "array[int]"

    def is_whole(self, start: int, end: int) -> bool:
        """Whether no letter of the text is cut where these signs begin, or where they end."""
        starts = start == 0 or self.first[start - 1] != self.first[start]
        return starts and (end == len(self.text) or self.last[end - 1] != self.last[end])


def may_be_set_otherwise(text: str) -> bool:
    """Whether a quote of a text can be written with other characters and still be found."""
    return not text.isascii() or any(sign in "-'\"`\u00ad\n\t\r" for sign in text) or "  " in text or "..." in text


def forgiving_places(text: str, quote: str, left_out: Sequence[tuple[int, int]] = ()) -> Iterator[tuple[int, int]]:
    """Spans of the text that have the quote's words, at most a few. ``left_out``: lines that it may leave out."""
    wanted = _fold(quote, ()).text.strip(f" -{_MAYBE}")
    letters = _letters(quote)
    if not letters:
        return
    seen: set[tuple[int, int]] = set()
    for without in ((), tuple(left_out)) if left_out else ((),):
        # Letters alone are looked for first: only where they stand is the text taken apart.
        for begin, end in _windows(_blanked(text, without), letters):
            spans = tuple((max(a, begin) - begin, min(b, end) - begin) for a, b in without if a < end and b > begin)
            for first, last in _places(_fold(text[begin:end], spans), wanted):
                place = (begin + first, begin + last)
                if place not in seen:
                    seen.add(place)
                    yield place


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text)))


def _blanked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    pieces, done = [], 0
    for start, end in spans:
        pieces += [text[done:start], " " * (end - start)]
        done = end
    return "".join([*pieces, text[done:]])


def _windows(text: str, letters: str) -> list[tuple[int, int]]:
    """Spans of the text in which letters stand in their order, with what is around them; those that touch as one."""
    chunks, ends = _chunks(text) if len(text) <= _KEPT_CHARS else _chunks.__wrapped__(text)
    found: list[tuple[int, int]] = []
    at, count = chunks.find(letters), 0
    while at >= 0 and count < _MOST_WINDOWS:
        first = max(0, bisect_right(ends, at) - 1)
        last = bisect_right(ends, at + len(letters) - 1) + 2
        begin, end = first * _CHUNK, min(len(text), last * _CHUNK)
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
        count += 1
        at = chunks.find(letters, at + 1)
    return found


@lru_cache(maxsize=256)
def _chunks(text: str) -> "tuple[str, array[int]]":
    """The letters of a text, and of each piece of it where its letters end among them."""
    pieces, ends, length = [], array("q"), 0
    for start in range(0, len(text), _CHUNK):
        pieces.append(_letters(text[start : start + _CHUNK]))
        length += len(pieces[-1])
        ends.append(length)
    return "".join(pieces), ends


def _places(signs: _Signs, wanted: str) -> Iterator[tuple[int, int]]:
    # Hyphens are left out of both to find where the quote may stand; there it is held against the text sign by sign.
    kept = array("q", (n for n, sign in enumerate(signs.text) if sign not in {"-", _MAYBE}))
    bare = "".join(signs.text[n] for n in kept)
    sought = wanted.replace("-", "").replace(_MAYBE, "")
    at, found = bare.find(sought), 0
    room = _COMPARED_BASE + _COMPARED_A_SIGN * len(bare)
    while at >= 0 and found < _MOST_PLACES and room > 0:
        start = kept[at]
        end, compared = _held_against(signs.text, start, wanted)
        room -= compared
        if end is not None and signs.is_whole(start, end):
            found += 1
            yield signs.first[start], signs.last[end - 1]
        at = bare.find(sought, at + 1)


def _held_against(text: str, start: int, wanted: str) -> tuple[int | None, int]:
    """Where the quote ends that begins at ``start``, None where a hyphen is one too many or one is missing; and how
    many signs were compared.
    """
    place = 0
    for sign in wanted:
        while start + place < len(text) and text[start + place] == _MAYBE and sign not in {"-", _MAYBE}:
            place += 1
        here = text[start + place : start + place + 1]
        if sign == _MAYBE:
            place += here in {"-", _MAYBE}
        elif here == sign or (sign == "-" and here == _MAYBE):
            place += 1
        else:
            return None, place + 1
    return start + place, place + 1


def _fold(text: str, left_out: Sequence[tuple[int, int]]) -> _Signs:
    pieces: list[str] = []
    first, last = array("q"), array("q")
    done = 0
    for hide, show in (*left_out, (len(text), len(text))):
        for match in _TOKEN.finditer(text, done, hide):
            if match.lastgroup == "word":
                pieces.append(match[0])
                first.extend(range(match.start(), match.end()))
                last.extend(range(match.start() + 1, match.end() + 1))
                continue
            said = _said(match.lastgroup or "", match[0])
            if said == " " and pieces and pieces[-1] == " ":
                continue
            pieces.append(said)
            first.extend([match.start()] * len(said))
            last.extend([match.end()] * len(said))
        done = show
    return _Signs("".join(pieces), first, last)


def _said(kind: str, sign: str) -> str:
    if kind == "end":
        return _MAYBE
    if kind == "dash":
        return "-"
    if kind == "blank":
        return " "
    if sign in _UNSEEN or sign == _MAYBE:
        return ""
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign.isascii():
        return sign
    return unicodedata.normalize("NFKD" if sign in _LIGATURES else "NFD", sign)
