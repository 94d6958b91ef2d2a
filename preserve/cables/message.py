"""The grammar of a message's text: its head (classification, captions, E.O., TAGS, SUBJECT, REF), paragraphs and end.

Texts come in many states (a newspaper's time line first, a row of a table, line ends lost), so nothing is expected at a
fixed place: each part is searched for, and what is not found is None or empty. Nothing is repaired: paragraphs are
numbered as they are printed, repeats and gaps included, and letter case stays.

Worked example of a head::

    UNCLAS SECTION 01 OF 02 SAMPLETOWN 000123
    SIPDIS
    E.O. 12958: N/A
    TAGS: PREL, Human Rights
    SUBJECT: FIRST LINE
    AND SECOND LINE
    REF: A. 04 SAMPLETOWN 99
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from preserve.cables.comparison import is_page_line
from preserve.cables.headings import cut_at_reference, read_references, read_subject, read_tags

_HEAD_LINES: Final = 400
"""Lines at the start in which a head is looked for; a whole table row with its address list may stand before it."""
_PATTERN_CHARS: Final = 1_000
"""Characters of a line that patterns of the head look at. Lines have up to 80; lost line ends make longer ones."""
_LONGEST_CLASSIFICATION: Final = 64
"""Characters of a classification line whose end is not lost; of longer ones what follows the serial is cut off."""

_CLASSIFICATION: Final = re.compile(
    r"(?:^[ \t]*|[\t\"]|^Cable dated:[-0-9T:.]{1,30})"
    r"((?:UNCLAS(?:SIFIED)?|C ?O ?N ?F ?I ?D ?E ?N ?T ?I ?A ?L|S ?E ?C ?R ?E ?T|LIMITED OFFICIAL USE)"
    r"(?=[ ]|[\\]?$|//).*)"
)
_SERIAL: Final = re.compile(r"[A-Za-z]\s{1,4}\d{3,8}(?!\d)")
_CAPTION_WORDS: Final = (
    "SIPDIS|SENSITIVE|NOFORN|NODIS|EXDIS|LIMDIS|STADIS|ROGER CHANNEL|EFTO|E F T O|NOCONTRACT|ORCON|TERREP|"
    "C O R R E C T E D +C O P Y|CORRECTED COPY"
)
_CAPTION: Final = re.compile(rf"(?<![A-Za-z])(?:{_CAPTION_WORDS})(?![A-Za-z])", re.IGNORECASE)
_CAPTION_LINE: Final = re.compile(rf"[ \t]*(?:(?:{_CAPTION_WORDS})(?:[ \t,/\\]+|$))++", re.IGNORECASE)
_ORDER: Final = re.compile(r"(?<![A-Za-z])E\.? ?[Oo]\.?:? ?\d{5}.*")
_AFTER_ORDER: Final = re.compile(r"\s+(?:TAGS\b|SUBJECT:).*", re.IGNORECASE)
_PARAGRAPH: Final = re.compile(
    r"[ \t]*(¶?)[ \t]?(\d{1,3})[.)](?![\d.])[ \t]*(?:\(([A-Za-z]{1,4}(?:/[A-Za-z]{1,6}){0,3})\))?"
)
_MARKS: Final = frozenset({"U", "SBU", "LOU", "FOUO", "C", "S", "TS"})
_END_MARK: Final = re.compile(r"\s*(N{3,4})\s*\Z")
_SIGNED_LINE: Final = re.compile(r"[A-Z][A-Z'\u2019.-]{1,24}(?: [A-Z][A-Z'\u2019-]{1,24})?|[A-Z][A-Za-z'\u2019-]{2,24}")
_SIGNED_INLINE: Final = re.compile(r"[.!?\"\u201d\u2019)][ \t]+([A-Z][A-Z'\u2019-]{2,24})\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One numbered paragraph: its printed number, its portion mark (``SBU``) if it has one, its span of the body."""

    number: int | None
    mark: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What the text of a message says in its fixed forms. Words are as printed, without the blanks at their ends."""

    classification_line: str | None
    captions: tuple[str, ...]
    eo: str | None
    tags: tuple[str, ...]
    subject: str
    refs: tuple[str, ...]
    paragraphs: tuple[Paragraph, ...]
    signature: str | None
    end_mark: str | None


class _Line(NamedTuple):
    start: int
    text: str


def parse_message(body: str) -> Message:
    """The message in a body. Never fails; time is linear in the body's length."""
    lines = _lines(body)
    starts = [(number, match) for number, line in enumerate(lines) if (match := _paragraph_start(line.text))]
    head = [line.text[:_PATTERN_CHARS] for line in lines[: min(_HEAD_LINES, starts[0][0] if starts else _HEAD_LINES)]]
    end, end_mark = _end_mark(body)
    end, signature = _signature(body, end)
    return Message(
        classification_line=_classification(head),
        captions=_captions(head),
        eo=_order(head),
        tags=read_tags(head),
        subject=read_subject(head),
        refs=read_references(head),
        paragraphs=_paragraphs(body, lines, starts, end),
        signature=signature,
        end_mark=end_mark,
    )


def _lines(body: str) -> list[_Line]:
    lines: list[_Line] = []
    start = 0
    for text in body.split("\n"):
        lines.append(_Line(start, text))
        start += len(text) + 1
    return lines


def _paragraph_start(line: str) -> re.Match[str] | None:
    return _PARAGRAPH.match(line)


def _classification(head: list[str]) -> str | None:
    for line in head:
        match = _CLASSIFICATION.search(line)
        if match is not None:
            said = match[1].rstrip(" \t\\\r")
            serial = _SERIAL.search(said) if len(said) > _LONGEST_CLASSIFICATION else None
            return said if serial is None else said[: serial.end()]
    return None


def _captions(head: list[str]) -> tuple[str, ...]:
    found: list[str] = []
    for line in head:
        classification = _CLASSIFICATION.search(line)
        if classification is not None:
            found += (match[0] for match in _CAPTION.finditer(classification[1][:_LONGEST_CLASSIFICATION]))
        elif _CAPTION_LINE.fullmatch(line.rstrip(" \t\\\r") or "-"):
            found += (match[0] for match in _CAPTION.finditer(line))
    return tuple(found)


def _order(head: list[str]) -> str | None:
    for line in head:
        match = _ORDER.search(line)
        if match is not None:
            return _AFTER_ORDER.sub("", match[0]).rstrip(" \t\\\r")
    return None


def _paragraphs(
    body: str, lines: list[_Line], starts: list[tuple[int, re.Match[str]]], end: int
) -> tuple[Paragraph, ...]:
    result: list[Paragraph] = []
    for index, (number, match) in enumerate(starts):
        start = lines[number].start + match.start(1)
        if start >= end:
            break
        stop = lines[starts[index + 1][0]].start if index + 1 < len(starts) else end
        mark = match[3]
        known = mark is not None and mark.upper().split("/")[0] in _MARKS
        result.append(
            Paragraph(
                number=int(match[2]),
                mark=mark if known else None,
                start=start,
                end=_without_white_space(body, start, min(stop, end)),
            )
        )
    return tuple(result)


def _end_mark(body: str) -> tuple[int, str | None]:
    """Where the text ends without its end mark, and the mark (``NNNN``; ``NNN`` in messages of the 1970s)."""
    end = _without_white_space(body, 0, len(body))
    start = max(body.rfind("\n", 0, end), 0)
    match = _END_MARK.match(body[start:end][:_PATTERN_CHARS])
    return (end, None) if match is None else (_without_white_space(body, 0, start), match[1])


def _signature(body: str, end: int) -> tuple[int, str | None]:
    """Where the text ends without its signature, and the signature: the word at the end of the last line."""
    stop = end
    for _ in range(3):
        start = body.rfind("\n", 0, stop) + 1
        line = body[start:stop].strip()[-_PATTERN_CHARS:]
        if line and not is_page_line(line):
            break
        stop = _without_white_space(body, 0, start)
    else:
        return end, None
    if _SIGNED_LINE.fullmatch(line) and _CAPTION.fullmatch(line) is None and _may_be_signed(line, body[:start][-200:]):
        return start, line
    match = _SIGNED_INLINE.search(line)
    return (end, None) if match is None else (stop - len(match[1]), match[1])


def _may_be_signed(line: str, before: str) -> bool:
    """A word that is not all in capitals signs only where a sentence or a blank line ends before it."""
    if line.upper() == line:
        return True
    lines = before.removesuffix("\n").split("\n")
    last = lines[-1].strip()
    return (
        not last
        or last.endswith((".", "!", "?", '"', "\u201d", "-", "*"))
        or is_page_line(last)
        or _CAPTION.search(last) is not None
    )


def _without_white_space(body: str, start: int, end: int) -> int:
    """The end of a span without the white space at its end."""
    while end > start and body[end - 1].isspace():
        end -= 1
    return end


__all__ = ["Message", "Paragraph", "cut_at_reference", "parse_message"]
