"""What REF lists. Much of it is no cable; which cables are meant is not said here.

Entries are told apart by their enumerators (``A.``, ``(B)``, ``C)``, ``[D]``, ``E -``, ``REF F:``), which must follow
one another, so that a person's initial is none; without enumerators, by semicolons. A classification between a station
and its number (``KUWAIT (C) 02293``) is neither an enumerator nor a paragraph's mark.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from preserve.cables.pagelines import is_break_line
from preserve.cables.printed import Line, Printed
from preserve.cables.texts import one_line
from preserve.expressions import lazy_re

LABEL: Final = lazy_re(
    r"(?:^[ \t]*|\s)REF(?:S|TELS?|ERENCES?)?(?: ?\([A-Z]\))? ?:[ \t]*|"
    r"^[ \t]*REF(?:S|TELS?)?\.?[ \t]+(?=\(?A[.):]|\(A\)|\[A\]|A: |A ?-|\d\d [A-Z]{3}|"
    r"[A-Z][A-Z ]{2,20} \d{2,7}\b)|"
    r"^[ \t]*Ref(?:s|tels?|erences?)?(?: ?\([sS]\))?(?: ?:|(?= [A-Z]:))[ \t]*"
)
"""The label of the list, at a line's beginning or, in capitals, inside a line."""

_ENUMERATOR: Final = lazy_re(
    r"(?:^|(?<=[\s;,(\u00b6]))(?:[Rr][Ee][Ff] )?[(\[]?([A-Za-z])"
    r"(?:[.:](?=\s|\d)|[)\]](?=\s|\d|[A-Z]{2})| ?-{1,2} (?=\S)|-{1,2}(?=\d\d ?[A-Z]|[A-Z]{4}))"
)
_STEP: Final = 3
"""How far an enumerator may be from the one before: lists skip letters, initials of people lie anywhere."""
_CONTINUED: Final = lazy_re(r"[ \t]*\u00b6?(?:[Rr][Ee][Ff] )?[(\[]?[B-Z](?:[.):\]] ?| ?-{1,2} )\S")
_FIRST: Final = lazy_re(r"[ \t]*\u00b6?[(\[]?A(?:[.):\]] ?| ?-{1,2} )\S")
_LONGEST_LINE: Final = 100
"""Characters of a line of REF; longer ones are paragraphs whose line ends are lost."""
_PORTION: Final = lazy_re(
    r" (?:(\d{1,2}[.)]) {1,3})?\((U|SBU|LOU|FOUO|C|S)(?:/{1,2}[A-Z]{2,6})?\)(?: {1,3}\S| *$)|"
    r" 1[.)] {1,3}[A-Z][a-z]+[ :]| (?:Classified [Bb]y|CLASSIFIED BY):"
)
"""Where a paragraph begins on the line of a REF that lost its line end."""
_STATION_BEFORE: Final = lazy_re(r"[A-Za-z][A-Za-z .'\u2019-]{2,40} ?\Z")
_BEFORE_CHARS: Final = 12
_NUMBER_BEHIND: Final = lazy_re(r" {0,3}[O\d]{3,8}(?![O\d])")
_MOST_LINES: Final = 60
"""Lines of one list; the longest real one has about 20."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(Printed):
    """One entry of REF without its enumeration, and the letter of its ``enumerator`` as printed, if it has one."""

    enumerator: str | None


def read_references(
    source: str, lines: Sequence[Line], number: int, label: re.Match[str], *, ends: Callable[[str], bool]
) -> tuple[Reference, ...]:
    """The entries of the list whose label was found on the line of that number.

    The list goes on over page lines and blank lines only where an enumerated entry follows. ``ends`` says whether a
    line belongs to something else.
    """
    start = lines[number].start + label.end()
    last = lines[number]
    pages: list[Line] = []
    blank = False
    empty = not last.text[label.end() :].strip(" \t\r\\")
    for line in lines[number + 1 : number + _MOST_LINES]:
        said = line.text.strip(" \t\r\\")
        if not said or is_break_line(line.text):
            blank = True
            pages.append(line)
        elif len(said) > _LONGEST_LINE or (
            (blank or ends(line.text)) and not (_FIRST if empty else _CONTINUED).match(line.text)
        ):
            break
        else:
            last, blank, empty = line, False, False
    return _entries(_in_one_line(source, start, last.start + len(last.text), pages), start)


def _in_one_line(source: str, start: int, end: int, pages: Sequence[Line]) -> str:
    """A piece of the source, as long as it is, with blanks for line ends and page lines."""
    text = source[start:end]
    for page in pages:
        first, last = page.start - start, page.start - start + len(page.text)
        if last <= len(text):
            text = text[:first] + " " * len(page.text) + text[last:]
    return text.replace("\\\n", "  ").replace("\n", " ").replace("\r", " ").replace("\t", " ")


def _entries(said: str, offset: int) -> tuple[Reference, ...]:
    stop = _text_begins(said)
    marks: list[tuple[int, int, str]] = []
    last = ord("A") - 1
    for match in _ENUMERATOR.finditer(said, 0, stop):
        step = ord(match[1].upper()) - last
        if 0 < step <= _STEP and not _is_classification(said, match.start(), match.end()):
            marks.append((match.start(), match.end(), match[1]))
            last += step
    spans: list[tuple[int, int, str | None]] = []
    if marks:
        spans.append((0, marks[0][0], None))
        nexts = [mark[0] for mark in marks[1:]] + [stop]
        spans += [(mark[1], following, mark[2]) for mark, following in zip(marks, nexts, strict=True)]
    else:
        position = 0
        for piece in said[:stop].split(";"):
            spans.append((position, position + len(piece), None))
            position += len(piece) + 1
    entries = (_entry(said, start, end, letter, offset) for start, end, letter in spans)
    return tuple(entry for entry in entries if entry is not None)


def _text_begins(said: str) -> int:
    """Where a paragraph begins that shares the line; marks of one letter may be enumerators, ``(C)``."""
    listed = "(A)" in said or "(B)" in said
    for match in _PORTION.finditer(said):
        if _is_classification(said, match.start() + 1, match.end(2) + 1):
            continue
        if match[1] or not match[2] or len(match[2]) > 1 or not listed:
            return match.start()
    return len(said)


def _is_classification(said: str, start: int, end: int) -> bool:
    """Whether brackets hold the classification of a cable that is cited: letters before them, a number behind."""
    return (
        said[start : start + 1] == "("
        and _NUMBER_BEHIND.match(said, end) is not None
        and _STATION_BEFORE.search(said[max(0, start - _BEFORE_CHARS) : start]) is not None
    )


def _entry(said: str, start: int, end: int, letter: str | None, offset: int) -> Reference | None:
    while True:
        piece = said[start:end].strip(" ,;\u00b6\\")
        start += len(said[start:end]) - len(said[start:end].lstrip(" ,;\u00b6\\"))
        end = start + len(piece)
        shorter = piece.removesuffix(" AND").removesuffix(" and").strip()
        if shorter == piece:
            break
        end = start + len(shorter)
    if not piece:
        return None
    return Reference(text=one_line(piece), start=offset + start, end=offset + end, enumerator=letter)
