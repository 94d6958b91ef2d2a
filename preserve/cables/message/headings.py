"""What a message's head says under its labels: E.O., TAGS, SUBJECT, REF and who classified it.

Labels are searched for, in any order and also inside a line, because line ends may be lost. Values may run over
several lines. Everything is read in place, so that each value keeps its offsets.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from preserve.cables.message import references, subject, tags
from preserve.cables.message.authority import ClassifiedBy, DeclassifyOn, read_classified_by, read_order
from preserve.cables.message.classification import classification_at, is_caption_line
from preserve.cables.message.pagelines import is_break_line
from preserve.cables.message.paragraphs import PORTION
from preserve.cables.message.printed import PrintedLine, PrintedValue
from preserve.cables.message.references import Reference, read_references
from preserve.cables.message.subject import Subject
from preserve.expressions import lazy_re

_ORDER: Final = lazy_re(
    r"(?:E\. ?[Oo0]\.?|(?<![A-Za-z])E[Oo]\.?)[:,]? {0,3}(?:\d{4,5}|\d\d,\d{3})|(?i:\bexecutive order) \d{5}|"
    r"^[ \t]*(?:11652|12065|12356|12958|13292|13526)(?=:? {0,2}DECL)"
)
_RULE: Final = lazy_re(r"[ \t]*[-=*_]{3,}")
_ENDS: Final = lazy_re(
    r"[ \t]*(?:REF\b|REFS\b|REFTELS?\b|REFERENCES?:|Ref\b|Refs\b|Reftels?\b|Classified B|CLASSIFIED B|Classified b|"
    r"Reasons?:|REASONS?:|Derived [Ff]rom|DERIVED FROM|TAGS\b|Tags:|E\.?[Oo]\.? ?\d|S(?:UBJ(?:ECT)?|ubj(?:ect)?):|"
    r"\(?DECL(?:AS(?:SIFY)?)?(?: ON)?:|"
    r"SUMMARY\b|Summary\b|\u00b6|(?:BEGIN|Begin) (?:SUMMARY|[Ss]ummary)|"
    rf"{PORTION} |"
    r"(?:THIS|This) (?:CABLE|MESSAGE|TELEGRAM|cable|message|telegram) (?:IS|CONTAINS|HAS|is|contains|has)\b|"
    r"(?:THIS|This) (?:IS|is) (?:AN?|an?) (?:[A-Za-z-]+ ){0,2}(?:(?i:cable|message|telegram|action|request)\b)|"
    r"(?:ACTION REQUEST|Action [Rr]equest)(?:ED|ed)? ?[:.-]|"
    r"(?:SENSITIVE|Sensitive|sensitive) (?:BUT|[Bb]ut) |(?:NOT FOR INTERNET|Not [Ff]or [Ii]nternet))"
)


class Headings(Struct, frozen=True, kw_only=True):
    """The values under the labels of a head; None or empty where there are none."""

    eo: PrintedValue | None = None
    declassify_on: DeclassifyOn | None = None
    tags: tuple[PrintedValue, ...] = ()
    subject: Subject | None = None
    refs: tuple[Reference, ...] = ()
    classified_by: ClassifiedBy | None = None


def read_headings(source: str, lines: Sequence[PrintedLine]) -> Headings:
    """The headings in the lines of a head; of each label the first counts."""
    order = _first(lines, _ORDER, "E.", "EO", "Eo", "rder ", "RDER ", "DECL")
    codes = _first(lines, tags.LABEL, *tags.NEEDLES) or _first(lines, tags.GARBLED, *tags.GARBLED_NEEDLES)
    title = _first(lines, subject.LABEL, *subject.NEEDLES)
    title = title or _first(lines, subject.GARBLED, *subject.GARBLED_NEEDLES)
    reference = _first(lines, references.LABEL, *references.NEEDLES)
    eo, declassify_on = (None, None) if order is None else read_order(source, lines, *order)
    return Headings(
        eo=eo,
        declassify_on=declassify_on,
        tags=() if codes is None else tags.read_tags(source, lines, *codes, ends=ends_value),
        subject=None if title is None else subject.read_subject(source, lines, *title, ends=ends_value),
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


def _first(lines: Sequence[PrintedLine], pattern: re.Pattern[str], *needles: str) -> tuple[int, re.Match[str]] | None:
    """The first line in which the pattern is found; one of the needles is in everything that it finds."""
    for number, line in enumerate(lines):
        for needle in needles:
            if needle in line.text:
                match = pattern.search(line.text)
                if match is not None:
                    return number, match
                break
    return None
