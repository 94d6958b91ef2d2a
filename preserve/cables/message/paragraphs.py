"""The numbered paragraphs of a message, as they are printed.

Repeats, gaps and restarts of the numbering are kept, nothing is renumbered, and a table whose line begins with a
number and a point is a paragraph like any other. ``¶`` before a number is the mark of one site, no part of it.
The heading of a section belongs to no paragraph.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from preserve.cables.message.printed import PrintedValue, printed, trimmed_end
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
_BLANKS: Final = " \t\r\\\u00a0"
_RULE: Final = lazy_re(r"([-=_~*])\1{2,}\Z")
_DASHED: Final = lazy_re(r"--+ (?=\S).*\S --+\Z")
"""A heading between dashes, as in ``-- The Case --``."""
_RULE_MORE: Final = 2
"""Signs by which the rule right below a heading may be longer or shorter than it."""
_TITLE_CHARS: Final = 72
_MOST_BETWEEN: Final = 6
"""Rules and headings that stand between two paragraphs at the most."""
_SENTENCE_ENDS: Final = (".", "!", "?", ".)", '."', ".'", ".\u201d", ":)")
_TITLE: Final = lazy_re(r"[A-Z][^.;:!?]*[^.;:!?,]\Z")
_SMALL_WORD: Final = lazy_re(
    r"(?:an?|and|as|at|but|by|for|from|if|in|is|nor|of|on|or|our|the|to|up|via|with|[a-z]['\u2019]\w+)\Z"
)


class Paragraph(Struct, frozen=True, kw_only=True):
    """One numbered paragraph, ``[start, end)`` of the body, from the site's ``¶`` or its number to its last character.

    ``number`` are its digits and ``mark`` its portion mark (``SBU``, ``S/NF``) as printed, without brackets;
    ``caption`` is the word that heads it (``Summary``, ``BEGIN COMMENT``), where it is one of the usual ones.
    """

    number: PrintedValue
    mark: PrintedValue | None
    caption: PrintedValue | None
    start: int
    end: int


def paragraph_starts(body: str, start: int, end: int) -> list[re.Match[str]]:
    """Where paragraphs begin in ``[start, end)``: at the beginnings of lines, in order."""
    first = _FIRST.match(body, start, end)
    found = list(_NEXT.finditer(body, start, end))
    return found if first is None else [first, *found]


def first_start(body: str, start: int, end: int) -> re.Match[str] | None:
    """The first of `paragraph_starts`; the rest is not looked for."""
    return _FIRST.match(body, start, end) or _NEXT.search(body, start, end)


def read_paragraphs(body: str, starts: Sequence[re.Match[str]], end: int) -> tuple[Paragraph, ...]:
    """The paragraphs that begin there; each goes on to the next or to ``end``, where the text ends."""
    result: list[Paragraph] = []
    for index, match in enumerate(starts):
        start = match.start(1)
        if start >= end:
            break
        is_last = index + 1 == len(starts) or starts[index + 1].start() >= end
        stop = end if is_last else starts[index + 1].start()
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
                end=_before_heading(body, match.end(), trimmed_end(body, start, stop), is_last=is_last),
            )
        )
    return tuple(result)


def _before_heading(body: str, start: int, end: int, *, is_last: bool) -> int:
    """Where a paragraph ends whose text is ``[start, end)``: before all that stands between it and the next section.

    Headings, captions and rules that stand alone there belong to neither.
    """
    for _each in range(_MOST_BETWEEN):
        before = _before_one(body, start, end, is_last=is_last)
        if before == end:
            break
        end = before
    return end


def _before_one(body: str, start: int, end: int, *, is_last: bool) -> int:
    """The end without the rule, or the heading with its rules, that stands there behind a blank line.

    A heading is a short line with a rule below it, perhaps also above, or one between dashes. Without either it is one
    whose words have capitals, behind a whole sentence and before another paragraph. Where no blank line parts it from
    the text, it is one that its rule underlines, behind a whole sentence and before another paragraph.
    """
    line = body.rfind("\n", start, end) + 1
    first = line
    if not line:
        return end
    is_ruled = _is_rule(body, line, end)
    if is_ruled:
        before = trimmed_end(body, start, line)
        if body.count("\n", before, line) > 1:
            return before if before > start else end
        first = body.rfind("\n", start, max(start, line - 1)) + 1
    if not first:
        return end
    title = body[first : line - 1 if is_ruled else end].strip(_BLANKS)
    if not title or len(title) > _TITLE_CHARS or _RULE.match(title) is not None:
        return end
    above = body.rfind("\n", start, max(start, first - 1)) + 1
    if is_ruled and above and not _is_rule(body, above, first - 1):
        # The first line of a heading of two.
        upper = body[above : first - 1].strip(_BLANKS)
        if upper and len(upper) <= _TITLE_CHARS and _is_title(upper, "."):
            first = above
            above = body.rfind("\n", start, max(start, first - 1)) + 1
    if is_ruled and above and _is_rule(body, above, first - 1):
        first = above
    before = trimmed_end(body, start, first)
    if before <= start:
        return end
    if body.count("\n", before, first) > 1:
        is_marked = is_ruled or _DASHED.match(title) is not None
        return before if is_marked or (not is_last and _is_title(title, _behind(body, start, before))) else end
    is_underlined = is_ruled and not is_last and abs(len(body[line:end].strip(_BLANKS)) - len(title)) <= _RULE_MORE
    return before if is_underlined and _behind(body, start, before).endswith(_SENTENCE_ENDS) else end


def _behind(body: str, start: int, end: int) -> str:
    """The last signs of what ends there; behind a rule a heading needs no sentence."""
    line = body.rfind("\n", start, end) + 1
    return "." if line and _is_rule(body, line, end) else body[max(start, end - 2) : end]


def _is_rule(body: str, start: int, end: int) -> bool:
    return _RULE.match(body[start:end].strip(_BLANKS)) is not None


def _is_title(line: str, before: str) -> bool:
    """Whether a line is written as titles are, every word that counts with a capital, behind a whole sentence.

    ``before``: the last signs of what stands before it.
    """
    if not before.endswith(_SENTENCE_ENDS) or _TITLE.match(line) is None:
        return False
    words = line.split()
    return all(word[0].isupper() or not word[0].isalpha() or _SMALL_WORD.match(word) for word in words)
