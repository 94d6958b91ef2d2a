"""What REF lists. Much of it is no cable; which cables are meant is not said here.

Entries are told apart by their enumerators (``A.``, ``(B)``, ``C)``, ``[D]``, ``E -``, ``REF F:``, or bare letters
before a station and its number), which must follow one another or stand apart, so that a person's initial is none;
without enumerators, by semicolons. Page lines and footers between and inside entries are left out. A classification
between a station and its number (``KUWAIT (C) 02293``) is neither an enumerator nor a paragraph's mark.

Tested by ``tests/unit/cables/message/test_grammar.py``.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from preserve.cables.message.classification import is_captioned_footer
from preserve.cables.message.pagelines import is_break_line, page_lines_inside
from preserve.cables.message.printed import PrintedLine, PrintedValue
from preserve.expressions import lazy_re
from preserve.text import single_spaced

_LISTED: Final = r"(?=[(\[]?[Aa][.):\]]|[(\[]?A -|(?:\d{2,4} )?[A-Z][A-Za-z.' ]{2,20} ?\d{1,8}\b)"
"""What must stand behind a label that lies inside a line or has no colon: an enumerator, or a station and a number."""
LABEL: Final = lazy_re(
    r"(?:^[ \t]*|\s)REF(?:S|TELS?|ERENCES?)?(?: ?\([A-Z]\))? ?[:;][ \t]*|"
    rf"(?<=[A-Z])REFS? ?:[ \t]*{_LISTED}|"
    r"^[ \t]*REF(?:S|TELS?)?\.?[ \t]+(?=\(?A[.):]|\(A\)|\[A\]|A: |A ?-|\d\d [A-Z]{3}|"
    r"[A-Z][A-Z ]{2,20} \d{2,7}\b)|"
    r"^[ \t]*Ref(?:s|tels?|erences?)?(?: ?\([sS]\))?(?: ?[:;]|(?= [A-Z]:))[ \t]*|"
    rf"\sRef(?:s|tels?)?(?: ?\([sS]\))? ?:[ \t]*{_LISTED}|^[ \t]*ref(?:s|tels?)?(?: ?\(s\))? ?:[ \t]*|"
    rf"^[ \t]*REF(?:S|TELS?)? ?-{{1,2}} ?{_LISTED}|"
    r"^[ \t]*(?=A[.)][ \t]{1,2}REFS?[ \t]{1,2}(?:\d\d )?[A-Z]{3})"
)
"""The label of the list, at a line's beginning or inside a line."""
NEEDLES: Final = ("REF", "Ref", "ref")
"""One of these is in everything that `LABEL` finds."""

_ENUMERATOR: Final = lazy_re(
    r"(?:^|(?<=[\s;,(\u00b6]))(?:[Rr][Ee][Ff] )?[(\[]?([A-Za-z])"
    r"(?:[.:](?=\s|\d)|\.(?=[A-Z]{3}[A-Z ]{0,20} \d)|[)\]](?=\s|\d|[A-Z]{2})|"
    r" ?-{1,2} (?=\S)|-{1,2}(?=\d\d ?[A-Z]|[A-Z]{4}))"
)
_BARE: Final = lazy_re(r"(?:^|(?<=\d )|(?<=\d  ))([A-Z])(?= {1,3}(?:\d{2,4} )?[A-Z][A-Za-z.' ]{2,30} \d{1,8}\b)")
"""Enumerators that are letters and nothing else, before a station and its number (``A SAMPLETOWN 721 B ...``)."""
_STEP: Final = 3
"""How far an enumerator may be from the one before where nothing else tells it from an initial of a person."""
_SURE: Final = lazy_re(r"(?:\d{2,4} )?[A-Z][A-Za-z.' ]{2,30} \d{1,8}\b")
"""A station and its number."""
_CONTINUED: Final = lazy_re(
    r"[ \t]*-?[ \t]*\u00b6?(?:[Rr][Ee][Ff] )?[(\[]?(?:[B-Z](?:[.):\]]| ?-{1,2}(?= ))|[b-z][.)\]](?=\s|$))[ \t\r]*"
    r"(?:\S|$)"
)
_FIRST: Final = lazy_re(r"[ \t]*\u00b6?[(\[]?[Aa](?:[.):\]]| ?-{1,2}(?= ))[ \t\r]*(?:\S|$)")
_OPEN: Final = lazy_re(
    r"(?:^|[\s;,:])[(\[]?[A-Za-z][.):\]] {0,3}(?:(?:19|20)?\d\d)?(?: ?[A-Z][A-Za-z.' ]{0,24})?[ \t\r]*\Z"
)
"""An entry that needs more: an enumerator, and behind it at most a year or the beginning of a name."""
_OPEN_CHARS: Final = 60
_STATION_FIRST: Final = lazy_re(r"[ \t]*(?:\d{2,4} )?(?:[A-Z][A-Za-z.' ]{1,40} ?)?\d{2,8}\b")
_LONGEST_LINE: Final = 100
"""Characters of a line of REF; longer ones are paragraphs whose line ends are lost."""
_PORTION: Final = lazy_re(
    r" (?:(\d{1,2}[.)]) {1,3})?\((U|SBU|LOU|FOUO|C|S)(?:/{1,2}[A-Z]{2,6})?\)(?: {1,3}\S| *$)|"
    r" 1[.)] {1,3}[A-Z][a-z]+[ :]| (?i:clas[a-z]{3,7} by)\b| (?i:sensitive but )| "
    r"(?:TAGS|SUBJECT|SUBJ|E\.O\.|REASONS?)\b ?:"
)
"""Where a paragraph, or another heading, begins on the line of a REF that lost its line end."""
_STATION_BEFORE: Final = lazy_re(r"[A-Za-z][A-Za-z .'\u2019-]{2,40} ?\Z")
_BEFORE_CHARS: Final = 12
_NUMBER_BEHIND: Final = lazy_re(r" {0,3}[O\d]{3,8}(?![O\d])")
_MOST_LINES: Final = 60
"""Lines of one list; the longest real one has about 20."""


class Reference(PrintedValue, frozen=True, kw_only=True):
    """One entry of REF without its enumeration, and the letter of its ``enumerator`` as printed, if it has one."""

    enumerator: str | None


def read_references(
    source: str, lines: Sequence[PrintedLine], number: int, label: re.Match[str], *, ends: Callable[[str], bool]
) -> tuple[Reference, ...]:
    """The entries of the list whose label was found on the line of that number.

    The list goes on over page lines and blank lines only where an enumerated entry follows. ``ends`` says whether a
    line belongs to something else.
    """
    start = lines[number].start + label.end()
    last = lines[number]
    pages: list[PrintedLine] = []
    gap = False
    empty = not last.text[label.end() :].strip(" \t\r\\")
    for line in lines[number + 1 : number + _MOST_LINES]:
        said = line.text.strip(" \t\r\\")
        if not said or is_break_line(line.text) or is_captioned_footer(line.text):
            gap = True
            pages.append(line)
            continue
        inside = page_lines_inside(line.text)
        page = next((end_of for start_of, end_of in inside if not line.text[:start_of].strip()), 0)
        words = line.text[page:]
        needed = gap or bool(page) or ends(line.text)
        length = len(said) - sum(end_of - start_of for start_of, end_of in inside)
        if length > _LONGEST_LINE and not page:
            break
        if needed and not _goes_on(source[max(start, last.start) : last.start + len(last.text)], words, empty=empty):
            break
        last, gap, empty = line, False, False
    end = last.start + len(last.text)
    return _entries(_in_one_line(source, start, end, pages), source[start:end], start)


def _goes_on(said: str, line: str, *, empty: bool) -> bool:
    """Whether a line behind a gap goes on with a list, ``said`` being the line before the gap."""
    if empty:
        return _FIRST.match(line) is not None
    if _CONTINUED.match(line):
        return True
    return _OPEN.search(said[-_OPEN_CHARS:]) is not None and _STATION_FIRST.match(line) is not None


def _in_one_line(source: str, start: int, end: int, pages: Sequence[PrintedLine]) -> str:
    """A piece of the source, as long as it is, with blanks for line ends and page lines."""
    text = source[start:end]
    for page in pages:
        first, last = page.start - start, page.start - start + len(page.text)
        if last <= len(text):
            text = text[:first] + " " * len(page.text) + text[last:]
    text = text.replace("\\\n", "  ").replace("\n", " ").replace("\r", " ").replace("\t", " ")
    for first, last in page_lines_inside(text):
        text = text[:first] + " " * (last - first) + text[last:]
    return text


def _entries(said: str, printed: str, offset: int) -> tuple[Reference, ...]:
    """The entries of a list; ``printed`` is the same text with its line ends."""
    stop = _text_begins(said)
    marks = _marks(said, printed, stop)
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


def _marks(said: str, printed: str, stop: int) -> list[tuple[int, int, str]]:
    """The enumerators: their places and letters."""
    marks: list[tuple[int, int, str]] = []
    last = ord("A") - 1
    for match in _ENUMERATOR.finditer(said, 0, stop):
        step = ord(match[1].upper()) - last
        if _is_classification(said, match.start(), match.end()):
            continue
        if 0 < step <= _STEP or _stands_apart(said, printed, match, marks, step):
            marks.append((match.start(), match.end(), match[1]))
            last += step
    if marks:
        return marks
    bare = list(_BARE.finditer(said, len(said) - len(said.lstrip()), stop))
    letters = "".join(match[1] for match in bare)
    if len(bare) > 1 and letters == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(letters)]:
        return [(match.start(), match.end(), match[1]) for match in bare]
    return []


def _stands_apart(said: str, printed: str, match: re.Match[str], marks: list[tuple[int, int, str]], step: int) -> bool:
    """Whether a letter out of turn is an enumerator: not right behind another one, and at the beginning of a line or
    between a number and a station with its number.
    """
    if step < 0 or not marks or not said[marks[-1][1] : match.start()].strip(" ([:"):
        return False
    before = printed[: match.start()].rstrip(" \t\r([\u00b6-")
    if before.endswith(("\n", "\\")):
        return True
    return before[-1:].isdigit() and _SURE.match(said[match.end() :].lstrip()) is not None


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
        shorter = piece.removesuffix(" AND").removesuffix(" and").removesuffix(" -").strip()
        if shorter == piece:
            break
        end = start + len(shorter)
    if not piece:
        return None
    return Reference(text=single_spaced(piece), start=offset + start, end=offset + end, enumerator=letter)
