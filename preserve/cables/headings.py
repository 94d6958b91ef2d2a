"""What a message's head says under its labels: E.O., TAGS, SUBJECT, REF and who classified it.

Labels are searched for, in any order and also inside a line, because line ends may be lost. Values may run over
several lines. Everything is read in place, so that each value keeps its offsets.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from preserve.cables.authority import FIRST_PARAGRAPH, ClassifiedBy, read_classified_by, read_order
from preserve.cables.classification import classification_at, is_caption_line
from preserve.cables.pagelines import is_break_line
from preserve.cables.paragraphs import PORTION
from preserve.cables.printed import Line, Printed, joined, printed
from preserve.cables.references import LABEL, Reference, read_references
from preserve.cables.tags import LABEL as TAGS
from preserve.cables.tags import NEEDLES, read_tags
from preserve.expressions import lazy_re

_ORDER: Final = lazy_re(r"(?:E\. ?[Oo]\.?|(?<![A-Za-z])E[Oo])[:,]? {0,3}(?:\d{5}|\d\d,\d{3})")
_SUBJECT: Final = lazy_re(
    r"(?:^[ \t]*|\s|(?<=[A-Z]))(?:SUBJECT|SUBJ|S U B J E C T) ?(?:\([A-Z/]{1,8}\) ?)?[:;][ \t]*|"
    r"(?:^[ \t]*|\s)(?:Subject|Subj|subject|subj) ?(?:\([A-Z/]{1,8}\) ?)?:[ \t]*|"
    r"(?:^[ \t]*|^[ \t]*TAGS[:\s][A-Z0-9 ,;/()]{0,200}[ ,;])SUBJECT[ \t]{1,4}(?=[A-Z0-9(\"\u201c])(?!TO )"
)
_OPEN_ENDED: Final = lazy_re(r"(?:[ ,](?:AND|OF|THE|TO|IN|ON|FOR|WITH|BY|FROM|AN?)|,)\Z")
_FOOTER: Final = lazy_re(r"[ \t]*(?:UNCLASSIFIED|CONFIDENTIAL|SECRET|LIMITED OFFICIAL USE)[ \t\\\r]*$")
_RULE: Final = lazy_re(r"[ \t]*[-=*_]{3,}")
_ENDS: Final = lazy_re(
    r"[ \t]*(?:REF\b|REFS\b|REFTELS?\b|REFERENCES?:|Ref\b|Refs\b|Reftels?\b|Classified B|CLASSIFIED B|Classified b|"
    r"Reasons?:|REASONS?:|Derived [Ff]rom|DERIVED FROM|TAGS\b|Tags:|E\.?[Oo]\.? ?\d|SUBJECT:|SUBJ:|"
    r"\(?DECL(?:AS(?:SIFY)?)?(?: ON)?:|"
    r"SUMMARY\b|Summary\b|\u00b6|(?:BEGIN|Begin) (?:SUMMARY|Summary)|"
    rf"{PORTION} |"
    r"(?:THIS|This) (?:CABLE|MESSAGE|TELEGRAM|cable|message|telegram) (?:IS|CONTAINS|HAS|is|contains|has)\b|"
    r"(?:SENSITIVE|Sensitive|sensitive) (?:BUT|[Bb]ut) |(?:NOT FOR INTERNET|Not [Ff]or [Ii]nternet))"
)
_MOST_LINES: Final = 60
"""Lines of one value; the longest real list has about 20."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headings:
    """The values under the labels of a head; None or empty where there are none."""

    eo: Printed | None = None
    declassify_on: Printed | None = None
    tags: tuple[Printed, ...] = ()
    subject: Printed | None = None
    refs: tuple[Reference, ...] = ()
    classified_by: ClassifiedBy | None = None


def read_headings(source: str, lines: Sequence[Line]) -> Headings:
    """The headings in the lines of a head; of each label the first counts."""
    order = _first(lines, _ORDER, "E.", "EO", "Eo")
    tags = _first(lines, TAGS, *NEEDLES)
    subject = _first(lines, _SUBJECT, "SUB", "ubj", "S U B")
    reference = _first(lines, LABEL, "REF", "Ref")
    eo, declassify_on = (None, None) if order is None else read_order(source, lines, *order)
    return Headings(
        eo=eo,
        declassify_on=declassify_on,
        tags=() if tags is None else read_tags(source, lines, *tags, ends=ends_value),
        subject=None if subject is None else _subject(source, lines, *subject),
        refs=() if reference is None else read_references(source, lines, *reference, ends=ends_value),
        classified_by=read_classified_by(source, lines, ends=ends_value),
    )


def ends_value(line: str) -> bool:
    """Whether a line cannot belong to the value above it: it is blank, a rule, a page line, or begins another one."""
    return (
        not line.strip(" \t\r\\")
        or _ENDS.match(line) is not None
        or _RULE.match(line) is not None
        or is_break_line(line)
        or is_caption_line(line)
        or classification_at(line)
    )


def _first(lines: Sequence[Line], pattern: re.Pattern[str], *needles: str) -> tuple[int, re.Match[str]] | None:
    """The first line in which the pattern is found; one of the needles is in everything that it finds."""
    for number, line in enumerate(lines):
        for needle in needles:
            if needle in line.text:
                match = pattern.search(line.text)
                if match is not None:
                    return number, match
                break
    return None


def _subject(source: str, lines: Sequence[Line], number: int, match: re.Match[str]) -> Printed | None:
    line = lines[number]
    cut = _subject_cut(line.text, match.end())
    first = printed(source, line.start + match.end(), line.start + (len(line.text) if cut is None else cut))
    parts = [] if first is None else [first]
    following = list(lines[number + 1 : number + _MOST_LINES]) if cut is None else []
    for index, (start, text) in enumerate(following):
        if parts and _is_taken_out(
            parts[-1].text, text, following[index + 1].text if index + 1 < len(following) else ""
        ):
            continue
        if ends_value(text):
            break
        cut = _subject_cut(text, 0)
        part = printed(source, start, start + (len(text) if cut is None else cut))
        if part is not None:
            parts.append(part)
        if cut is not None:
            break
    return joined(parts)


def _subject_cut(text: str, start: int) -> int | None:
    """Where a REF or a first paragraph begins that lost its own line."""
    cuts = [match.start() for pattern in (LABEL, FIRST_PARAGRAPH) if (match := pattern.search(text, start))]
    return min((cut for cut in cuts if cut > 0), default=None)


def _is_taken_out(said: str, text: str, following: str) -> bool:
    """Whether a line stands between two lines of a SUBJECT without belonging to it.

    It is a page's footer, a page line behind which the sentence goes on with a small letter, or a blank line where
    the words before it cannot be the end of a title and capitals follow.
    """
    if ends_value(following):
        return False
    if _FOOTER.match(text):
        return True
    if not text.strip():
        return _OPEN_ENDED.search(said) is not None and following.upper() == following
    return following.lstrip()[:1].islower() and is_break_line(text)
