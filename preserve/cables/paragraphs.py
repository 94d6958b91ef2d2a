"""The numbered paragraphs of a message, as they are printed.

Repeats, gaps and restarts of the numbering are kept, nothing is renumbered, and a table whose line begins with a
number and a point is a paragraph like any other. ``¶`` before a number is the mark of one site, no part of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from preserve.cables.printed import Printed, printed, trimmed_end
from preserve.expressions import lazy_re

_HANDLING: Final = (
    r"(?:(?:/{1,2} ?[A-Za-z]{1,8}|(?: ?, ?| ?- ?| )(?:NF|NOFORN|ORCON|OC|PROPIN|FOUO|REL)(?![A-Za-z]))"
    r"(?: (?:TO )?[A-Z]{2,6}(?:(?:, ?| )[A-Z]{2,4}(?![A-Z])){0,30}+)?+){0,4}+"
)
"""What follows a mark inside its brackets: words behind slashes, or known ones behind other signs, and countries."""
PORTION: Final = rf"\((?:U|SBU|LOU|FOUO|C|S|TS){_HANDLING}\)"
"""A portion mark in its brackets, in capitals."""
_PATTERN: Final = (
    r"[ \t]*+(\u00b6?)[ \t]?(\d{1,3})[.)](?![\d.])" rf"[ \t]*+(?:\( ?([A-Za-z]{{1,4}}{_HANDLING}) ?\))?[ \t]*+"
)
_NEXT: Final = lazy_re(r"\n" + _PATTERN)
_FIRST: Final = lazy_re(_PATTERN)
_MARKS: Final = frozenset({"U", "SBU", "LOU", "FOUO", "C", "S", "TS"})
_MARK_WORD: Final = lazy_re(r"[A-Za-z]+")
_HEADING_WORDS: Final = (
    r"(?:SUMMARY|COMMENT|INTRODUCTION|BACKGROUND|NOTE|ACTION REQUEST(?:ED)?|ACTION|KEY POINTS|CONCLUSION|OVERVIEW|"
    r"RECOMMENDATION|BIO(?:GRAPHIC)? NOTE|OUTLOOK|DISCUSSION|ANALYSIS)S?"
)
_HEADING: Final = lazy_re(
    rf"(?:BEGIN )?{_HEADING_WORDS}(?:(?: AND| &|,|/) ?{_HEADING_WORDS})?(?=[ \t]*(?:[:.]|--|- |\r?$))|"
    r"BEGIN (?:SUMMARY|COMMENT|NOTE|TEXT)\b",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One numbered paragraph, ``[start, end)`` of the body, from the site's ``¶`` or its number to its last character.

    ``number`` are its digits and ``mark`` its portion mark (``SBU``, ``S/NF``) as printed, without brackets;
    ``caption`` is the word that heads it (``Summary``, ``BEGIN COMMENT``), where it is one of the usual ones.
    """

    number: Printed
    mark: Printed | None
    caption: Printed | None
    start: int
    end: int


def paragraph_starts(body: str, start: int, end: int) -> list[re.Match[str]]:
    """Where paragraphs begin in ``[start, end)``: at the beginnings of lines, in order."""
    first = _FIRST.match(body, start, end)
    found = list(_NEXT.finditer(body, start, end))
    return found if first is None else [first, *found]


def read_paragraphs(body: str, starts: Sequence[re.Match[str]], end: int) -> tuple[Paragraph, ...]:
    """The paragraphs that begin there; each goes on to the next or to ``end``, where the text ends."""
    result: list[Paragraph] = []
    for index, match in enumerate(starts):
        start = match.start(1)
        if start >= end:
            break
        stop = min(starts[index + 1].start(), end) if index + 1 < len(starts) else end
        mark = match[3]
        word = None if mark is None else _MARK_WORD.match(mark)
        known = word is not None and word[0].upper() in _MARKS
        behind = match.end() if mark is None or known else match.start(3) - 1
        heading = _HEADING.match(body, behind, stop)
        number = printed(body, match.start(2), match.end(2))
        if number is None:
            continue
        result.append(
            Paragraph(
                number=number,
                mark=printed(body, match.start(3), match.end(3)) if known else None,
                caption=None if heading is None else printed(body, heading.start(), heading.end()),
                start=start,
                end=trimmed_end(body, start, stop),
            )
        )
    return tuple(result)
