"""Whether words that a document quotes stand in a text: exactly, or how else; and what stands there in their place.

Documents change what they quote in ways that are custom: line ends and runs of blanks become one blank, quotation marks
and dashes are set as the printer sets them, words are parted at line ends, an ellipsis stands for what is left out, a
comma is put inside of the closing mark. Each is told. What is the same word for word in other signs is what
`preserve.citation.forgiving` says; another accent is another word.
"""

import difflib
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from preserve.cables.message.pagelines import is_break_line
from preserve.citation.forgiving import forgiving_places
from preserve.expressions import lazy_re

_FEWEST_ALIKE: Final = 2
_BLANKS: Final = lazy_re(r"\s+")
_ELLIPSIS: Final = lazy_re(r"\s*(?:[\[(]\s*(?:\.\s?\.\s?\.|…)\s*[\])]|\.\s?\.\s?\.(?:\s?\.)?|…)\s*")
_FOLDED: Final = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
        "\u00ab": '"', "\u00bb": '"', "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-",
        "\u2212": "-", "\u00a0": " ", "\u00ad": None, "\u200b": None, "\ufb01": "fi", "\ufb02": "fl",
    }
)  # fmt: skip
_DASHES: Final = lazy_re(r" ?-{1,3} ?")
_LAST: Final = ".,;:!?"
_LINE: Final = lazy_re(r"[^\n]+")
_MOST_PARTS: Final = 20
_MOST_TEXT: Final = 400_000
_MOST_QUOTE: Final = 4_000


class Wording(StrEnum):
    """How the words of a quotation stand in a text, from the best to none."""

    EXACT = "word for word"
    BLANKS = "word for word, with line ends or several blanks of the text as one blank"
    PAGE_LINES = "word for word, with a page line of the message left out"
    TYPESET = "word for word, with quotation marks, dashes or hyphens set in another way"
    PARTS = "in parts, in their order, with what is left out between them"
    SIGNS = "but for accents set in another way"
    NONE = "not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How a quotation stands in a text. ``nearest``: where it is not found, the words of the text most like it."""

    wording: Wording
    nearest: str = ""

    @property
    def is_found(self) -> bool:
        """True where the words are the text's own; with other accents they are not."""
        return self.wording not in {Wording.SIGNS, Wording.NONE}


def wording_of(quote: str, text: str) -> Match:
    """How a quotation stands in a text. Time is linear but for the search of the nearest words, which is bounded."""
    quote = quote.strip()
    if quote in text:
        return Match(wording=Wording.EXACT)
    flat, wanted = _flat(text), _flat(quote)
    if wanted in flat or wanted.rstrip(_LAST) in flat:
        return Match(wording=Wording.BLANKS)
    paged = _flat("\n".join(line for line in text.split("\n") if not is_break_line(line)))
    if wanted.rstrip(_LAST) in paged:
        return Match(wording=Wording.PAGE_LINES)
    lines = [match.span() for match in _LINE.finditer(text) if is_break_line(match[0])]
    if next(forgiving_places(text, quote.rstrip(_LAST), lines), None) is not None:
        return Match(wording=Wording.TYPESET)
    parts = [part.strip(_LAST + " ") for part in _ELLIPSIS.split(wanted)]
    parts = [part for part in parts if part]
    if len(parts) > 1 and (_in_order(parts, paged) or _in_order_typeset(parts, paged)):
        return Match(wording=Wording.PARTS)
    folded = _folded(paged)
    if _in_order([_folded(part) for part in parts], folded):
        return Match(wording=Wording.SIGNS, nearest=nearest_words(wanted, flat))
    return Match(wording=Wording.NONE, nearest=nearest_words(wanted, flat))


def _flat(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()


def _folded(text: str) -> str:
    """Without accents. Letters of other scripts stay: else any words in them were the same."""
    plain = _DASHES.sub("-", unicodedata.normalize("NFKD", text).translate(_FOLDED))
    return plain if plain.isascii() else "".join(sign for sign in plain if unicodedata.category(sign) != "Mn")


def _in_order(parts: list[str], text: str) -> bool:
    place = 0
    for part in parts:
        place = text.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return bool(parts) and all(parts)


def _in_order_typeset(parts: list[str], text: str) -> bool:
    """Whether the parts stand in their order, their signs set in another way."""
    place = 0
    for part in parts[:_MOST_PARTS]:
        found = next(forgiving_places(text[place:], part), None)
        if found is None:
            return False
        place += found[1]
    return len(parts) <= _MOST_PARTS


def nearest_words(quote: str, text: str) -> str:
    """The words of the text that are most like the quotation: those around the longest piece that both have.

    Empty where they have not two words in a row in common.
    """
    quote, text = quote[:_MOST_QUOTE], text[:_MOST_TEXT]
    matcher = difflib.SequenceMatcher(None, text.split(" "), quote.split(" "), autojunk=False)
    words = text.split(" ")
    longest = matcher.find_longest_match()
    if longest.size < min(_FEWEST_ALIKE, len(quote.split(" "))):
        return ""
    start = max(0, longest.a - longest.b)
    return " ".join(words[start : start + len(quote.split(" "))])
