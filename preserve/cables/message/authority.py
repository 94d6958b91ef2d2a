"""Who classified a message, why, and until when: ``Classified By`` and the line of the executive order.

The label stands in the head or in the first paragraph. There it is read only at the beginning or with a colon, and
only with a reason that is a section of the order (``1.4 (b) and (d)``): without one, nothing tells where the name ends.

Tested by ``tests/unit/cables/test_heads.py``.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final

from preserve.cables.message.classification import is_footer
from preserve.cables.message.classifier import Classifier, read_classifier, read_reasons
from preserve.cables.message.pagelines import is_break_line
from preserve.cables.message.printed import PrintedLine, PrintedValue, lines_of, printed
from preserve.expressions import lazy_re
from preserve.text import MONTHS

_ORDER_END: Final = lazy_re(r"\s*(?:\bTAGS\b|TAGS?:|SUBJECT:|SUBJ:|\bTags:|(?i:\bclassified by:))")
_DECLASSIFY: Final = lazy_re(
    r"(\()?\b(?:DECL(?:AS(?:SIFY)?)?(?: ON)?\b[:.]?|"
    r"(?:DEC|DCL|DEL|ECL|DELC|DCEL|EDCL|D[A-Z]CL|DE[A-Z]L|DEC[A-Z]|DECL[A-Z]):|"
    r"GDS(?=[ \t]+\d))[ \t]*+(\S.*)",
    re.IGNORECASE,
)
"""Until when; the word with a letter wrong only with its colon. GDS is that of the order of 1978, with a date."""
_CLASSIFIER: Final = lazy_re(
    r"^[ \t]*(?:\((?:U|SBU|LOU|FOUO|C|S)\)[ \t]+)?CLASSIFIED[ \t]+BY\b[: \t]*|\bCLASSIFIED[ \t]BY:[ \t]*", re.IGNORECASE
)
_BEGINNING: Final = lazy_re(
    r"[\s(]*+(?:(?:CONFIDENTIAL|SECRET)\s?-\s?ENTIRE TEXT\.?\s{1,4})?CLASSIFIED\s{1,4}BY\b:?\s*", re.IGNORECASE
)
_INSIDE: Final = lazy_re(r"\bCLASSIFIED\s{1,4}BY:\s*", re.IGNORECASE)
_WRAPPED: Final = r"[ \t\r]{0,3}\n?[ \t]{0,8}"
"""Lines were cut at a fixed width, inside words too."""
_REASON: Final = lazy_re(
    rf"(?:\b(?:f{_WRAPPED}[o0]{_WRAPPED}r|fr|per)\s+)?\b"
    rf"(?:{_WRAPPED.join('reason')}(?:{_WRAPPED}s)?|(?:reaon|reson|rason|reasn|reaso|reas0n)s?)\b(?: ?\(s\))?[:\s(\\]*|"
    r"(?:(?:\bfor|\bper)\s+|[:,;-]\s{0,2})(?=1\.\d\b)|"
    r"\b(?:under|based (?:up)?[o0]n|due to)\s+(?=(?:section )?1[.,]\d\b)",
    re.IGNORECASE,
)
_LETTERS: Final = r"(?:\(\s?[A-H](?:[,/ ]{1,2}(?:and )?[A-H]){0,8}\s?\)|[A-H]\b(?! (?!and\b|or\b)(?-i:[a-z])))"
_SECTIONS: Final = lazy_re(
    rf"(?:(?:E\.?O\.? ?\d{{5}},?|sections?|sec\.?)\s{{1,3}}){{0,2}}"
    rf"\d\.\d(?:[\s,;/&-]{{0,4}}(?:(?:and|or)\s{{1,3}})?(?:\d\.\d|{_LETTERS})){{0,20}}",
    re.IGNORECASE,
)
_REASON_GOES_ON: Final = lazy_re(r"\s*(?:(?:and|or)\s{1,3})?(?:\d\.\d|\(?[A-H]\))", re.IGNORECASE)
FIRST_PARAGRAPH: Final = lazy_re(
    r"[ \t]\u00b6?1[.)] {0,3}(?=\((?:U|SBU|LOU|FOUO|C|S)(?:[)/]| REL\b)|Summary\b|SUMMARY\b)|"
    r"[ \t](?:Classified [Bb]y|CLASSIFIED BY):"
)
"""Where a first paragraph begins that lost its own line."""
_DATE: Final = lazy_re(
    r"\s*(?:(?P<y1>\d{4})[/.-](?P<m1>\d{1,2})[/.-](?P<d1>\d{1,2})|"
    r"(?P<m2>\d{1,2})[/.-](?P<d2>\d{1,2})[/.-](?P<y2>\d{4}|\d{2}))(?!\d)"
)
_IN_WORDS: Final = lazy_re(
    rf"\s*(?:(?P<d1>\d{{1,2}})\s{{1,2}})?(?P<month>{'|'.join(MONTHS)})[A-Z]{{0,6}}\.?\s{{1,2}}(?:(?P<d2>\d{{1,2}}),?\s{{1,2}})?"
    r"(?P<year>\d{4})(?!\d)",
    re.IGNORECASE,
)
_CENTURY: Final = 50
_MOST_LINES: Final = 60
"""Lines of one value; real ones have up to six."""
_LONGEST_PARAGRAPH: Final = 4_000
"""Characters of a first paragraph that are looked at."""


class ClassifiedBy(PrintedValue, frozen=True, kw_only=True):
    """Who classified the message, as printed behind the label, and the ``reason`` (``1.4 (b) and (d)``).

    ``classifier`` is the same taken apart, ``reasons`` the sections that the reason names (``1.4 (b)``, ``1.4 (d)``).
    """

    reason: PrintedValue | None
    classifier: Classifier | None
    reasons: tuple[str, ...]


class DeclassifyOn(PrintedValue, frozen=True, kw_only=True):
    """Until when the message is classified, as printed, and the ``date`` in it (ISO 8601), if it is one."""

    date: str | None


def read_order(
    source: str, lines: Sequence[PrintedLine], number: int, match: re.Match[str]
) -> tuple[PrintedValue | None, DeclassifyOn | None]:
    """The line of the order that was found there, and what it says of declassification, which may stand below."""
    start, text = lines[number]
    stop = _ORDER_END.search(text, match.end())
    end = len(text) if stop is None else stop.start()
    declassify = _DECLASSIFY.search(text, match.end(), end)
    line = lines[number]
    if declassify is None and number + 1 < len(lines):
        line = lines[number + 1]
        declassify = _DECLASSIFY.match(line.text, len(line.text) - len(line.text.lstrip()))
    on: PrintedValue | None = None
    if declassify is not None:
        close = _closing(line.text, declassify.start(2), declassify.end(2)) if declassify[1] else declassify.end(2)
        on = printed(source, line.start + declassify.start(2), line.start + close)
    return printed(source, start + match.start(), start + end), _until(on)


def _until(on: PrintedValue | None) -> DeclassifyOn | None:
    if on is None:
        return None
    return DeclassifyOn(text=on.text, start=on.start, end=on.end, date=declassification_date(on.text))


def declassification_date(said: str) -> str | None:
    """The date at the beginning of what DECL says: month, day and year, or year, month and day, or with the month in
    words; None for anything else.

    Years of two digits are of the century from 1950 on: the orders are of 1953 and later.
    """
    words = _IN_WORDS.match(said)
    match = _DATE.match(said)
    if words is not None and (words["d1"] or words["d2"]):
        month = str(MONTHS.index(words["month"].upper()) + 1)
        year, day = words["year"], words["d1"] or words["d2"]
    elif match is not None and match["y1"]:
        year, month, day = match["y1"], match["m1"], match["d1"]
    elif match is not None:
        year, month, day = match["y2"], match["m2"], match["d2"]
    else:
        return None
    number = int(year)
    if len(year) == 2:  # noqa: PLR2004 - digits of a year
        number += 1900 if number >= _CENTURY else 2000
    try:
        return date(number, int(month), int(day)).isoformat()
    except ValueError:
        return None


def _closing(text: str, start: int, end: int) -> int:
    """Where the bracket closes that was opened before ``start``; ``end`` where it does not."""
    depth = 1
    for number in range(start, end):
        depth += {"(": 1, ")": -1}.get(text[number], 0)
        if depth == 0:
            return number
    return end


def read_classified_by(
    source: str, lines: Sequence[PrintedLine], *, ends: Callable[[str], bool]
) -> ClassifiedBy | None:
    """Who classified the message, by the lines of its head.

    ``ends`` says whether a line belongs to something else. The value goes on over the end of a page, without a reason
    before it only where one stands behind it.
    """
    for number, line in enumerate(lines):
        if "lassified" not in line.text and "LASSIFIED" not in line.text:
            continue
        match = _CLASSIFIER.search(line.text)
        if match is not None:
            start = line.start + match.end()
            following = lines[number + 1 : number + _MOST_LINES]
            return _parted(_value(source, start, line.start + len(line.text), following, ends), start)
    return None


def read_in_paragraph(body: str, start: int, end: int) -> ClassifiedBy | None:
    """Who classified the message, where the first paragraph says it, whose words are ``[start, end)``."""
    end = min(end, start + _LONGEST_PARAGRAPH)
    said = body[start:end]
    if "lassified" not in said and "LASSIFIED" not in said:
        return None
    said = _blanked(said, start, (line for line in lines_of(body, start, end) if _is_page(line.text)))
    label = _BEGINNING.match(said) or _INSIDE.search(said)
    reason = None if label is None else _REASON.search(said, label.end())
    sections = None if reason is None else _SECTIONS.match(said, reason.end())
    if label is None or sections is None:
        return None
    return _parted(said[: sections.end()], start, label.end())


def _value(source: str, start: int, end: int, following: Sequence[PrintedLine], ends: Callable[[str], bool]) -> str:
    """What stands behind the label, as long as it is in the source, with blanks for page lines."""
    one_page = end
    pages: list[PrintedLine] = []
    gap: list[PrintedLine] = []
    for line in following:
        if _is_page(line.text) or not line.text.strip(" \t\r\\"):
            gap.append(line)
            continue
        is_reason = _REASON.match(line.text.lstrip()) is not None
        if ends(line.text) and not is_reason:
            break
        if gap:
            if not any(_is_page(between.text) for between in gap):
                break
            if _REASON.search(source, start, end) and not _REASON_GOES_ON.match(line.text):
                break
        pages += gap
        gap = []
        end = line.start + len(line.text)
        one_page = one_page if pages else end
    if pages and not _REASON.search(source, start, end):
        end = one_page
    return _blanked(source[start:end], start, pages)


def _parted(said: str, offset: int, begin: int = 0) -> ClassifiedBy | None:
    """Name and reason in what was said, ``offset`` characters behind the beginning of the source."""
    paragraph = FIRST_PARAGRAPH.search(said, begin)
    end = len(said) if paragraph is None else paragraph.start()
    reason = _REASON.search(said, begin, end)
    by = printed(said, begin, end if reason is None else reason.start())
    if by is None:
        return None
    why = None if reason is None else printed(said, reason.end(), end)
    return ClassifiedBy(
        text=by.text,
        start=offset + by.start,
        end=offset + by.end,
        reason=None if why is None else PrintedValue(text=why.text, start=offset + why.start, end=offset + why.end),
        classifier=read_classifier(said, by.start, by.end, offset),
        reasons=() if why is None else read_reasons(why.text),
    )


def _is_page(line: str) -> bool:
    """Whether a line stands at the end or the beginning of a page, and says nothing."""
    return is_footer(line) or is_break_line(line)


def _blanked(said: str, offset: int, lines: Iterable[PrintedLine]) -> str:
    """A text with blanks for some of its lines."""
    for line in lines:
        first = line.start - offset
        if 0 <= first < len(said):
            said = said[:first] + " " * len(line.text) + said[first + len(line.text) :]
    return said
