"""The SUBJECT of a message: a title over several lines, over the end of a page and before the text that follows.

Nothing but layout tells where a title ends. It ends at a blank line, another label, or a sentence in small letters
below a title in capitals. Over the end of a page it goes on where it cannot be whole: its last word needs another, or
the next begins small.

Tested by ``tests/unit/cables/message/test_grammar.py``.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from preserve.cables.message.authority import FIRST_PARAGRAPH
from preserve.cables.message.classification import is_captioned_footer
from preserve.cables.message.pagelines import is_break_line, page_lines_inside
from preserve.cables.message.paragraphs import PORTION
from preserve.cables.message.printed import PrintedLine, PrintedValue, joined, printed
from preserve.cables.message.references import LABEL as REF
from preserve.cables.message.references import NEEDLES as REF_NEEDLES
from preserve.cables.page.texts import decode_references
from preserve.expressions import lazy_re
from preserve.text import single_spaced

_GARBLED: Final = (
    r"(?:[A-Z]?UBJECT|S[A-Z]?BJECT|SU[A-Z]?JECT|SUB[A-Z]?ECT|SUBJ[A-Z]?CT|SUBJE[A-Z]?T|SUBJEC[A-Z]?|SUBJECT[A-Z]|"
    r"USBJECT|SBUJECT|SUBEJCT|SUBJCET|SUBJETC)"
)
"""SUBJECT with a letter wrong, missing or too many, or with two swapped."""
GARBLED: Final = lazy_re(rf"^[ \t]*{_GARBLED} ?(?:\([A-Z/]{{1,8}}\) ?)?[:;][ \t]*")
"""The label with a letter wrong; looked for where there is no other."""
GARBLED_NEEDLES: Final = ("UBJ", "JECT", "SUB", "ECT")
LABEL: Final = lazy_re(
    r"(?:^[ \t]*|\s|(?<=[A-Z]))(?:SUBJECT|SUBJ|S U B J E C T) ?(?:\([A-Z/]{1,8}\) ?)?[:;][ \t]*|"
    r"(?:^[ \t]*|\s)(?:Subject|Subj|subject|subj) ?(?:\([A-Z/]{1,8}\) ?)?:[ \t]*|"
    r"^[ \t]*(?:SUBJ|Subj)\.[ \t]+(?=\S)|"
    r"(?:^[ \t]*|^[ \t]*TAGS[:\s][A-Z0-9 ,;/()]{0,200}[ ,;])SUBJ(?:ECT)?[ \t]{1,4}(?=[A-Z0-9(\"\u201c])(?!TO )"
)
NEEDLES: Final = ("SUB", "ubj", "S U B")
"""One of these is in everything that `LABEL` finds."""
_OPEN_ENDED: Final = lazy_re(
    r"(?:[ ,](?:AND|OR|OF|THE|TO|IN|ON|AT|AS|FOR|WITH|BY|FROM|AN?|UNDER|OVER|BETWEEN|AGAINST|TOWARDS?)|[,/&])\Z",
    re.IGNORECASE,
)
_SENTENCE: Final = lazy_re(r"[ \t]*[A-Z][a-z']* [a-z]{2,}")
_MOST_LINES: Final = 60
"""Lines of one title; the longest real one has five."""
_MOST_BLANK: Final = 2
"""Blank lines between a label and the title below it."""
_BEHIND: Final = lazy_re(
    r"\s(?:(?i:sensitive) [Bb](?i:ut) (?i:unclassified)|SENSITIVE BUT |(?:THIS|This) (?:MESSAGE|CABLE|message|cable) |"
    r"(?:NOT FOR INTERNET|Not for [Ii]nternet))"
)
"""How the message is to be handled, where that lost its own line."""
_BEHIND_NEEDLES: Final = ("ENSITIVE", "ensitive", "HIS ", "his ", "NOT FOR", "Not for")
_MARKED: Final = lazy_re(rf"({PORTION})[ \t]*(?=\S)|(?<=\S)[ \t]*({PORTION})\Z")
_LABEL_MARK: Final = lazy_re(r"\(([A-Z/]{1,8})\)")


class Subject(PrintedValue, frozen=True, kw_only=True):
    """The title as printed, and beside it: its portion ``mark`` without brackets, and the ``title`` without the mark.

    In the title character references that the page left in the text are decoded.
    """

    mark: str | None
    title: str


def _subject(value: PrintedValue | None, label: str) -> Subject | None:
    """A title with its mark apart; the mark may stand in the label."""
    if value is None:
        return None
    marked = _MARKED.match(value.text) or _MARKED.search(value.text)
    in_label = _LABEL_MARK.search(label)
    title = value.text
    mark = None if in_label is None else in_label[1]
    if marked is not None:
        mark = (marked[1] or marked[2])[1:-1]
        title = (title[: marked.start()] + title[marked.end() :]).strip()
    return Subject(
        text=value.text, start=value.start, end=value.end, mark=mark, title=single_spaced(decode_references(title))
    )


def read_subject(
    source: str, lines: Sequence[PrintedLine], number: int, match: re.Match[str], *, ends: Callable[[str], bool]
) -> Subject | None:
    """The title behind the label that was found on the line of that number.

    ``ends`` says whether a line belongs to something else.
    """
    line = lines[number]
    cut = _cut(line.text, match.end())
    first = printed(source, line.start + match.end(), line.start + (len(line.text) if cut is None else cut))
    parts = [] if first is None else [first]
    gap: list[str] = []
    following = lines[number + 1 : number + _MOST_LINES] if cut is None else ()
    for index, (start, text) in enumerate(following):
        if not text.strip(" \t\r\\") or is_break_line(text) or is_captioned_footer(text):
            gap.append(text)
            continue
        if ends(text):
            break
        is_last = False
        if gap:
            below = next((line.text for line in following[index + 1 :] if line.text.strip(" \t\r\\")), "")
            is_last = bool(below) and ends(below)
        if not (_goes_on(parts[-1].text, gap, text, is_last=is_last) if parts else _begins(gap, text)):
            break
        cut = _cut(text, 0)
        part = printed(source, start, start + (len(text) if cut is None else cut))
        if part is not None:
            parts.append(part)
        if cut is not None:
            break
        gap = []
    return _subject(joined(parts), match[0])


def _cut(text: str, start: int) -> int | None:
    """Where a REF, a first paragraph or a page line begins that lost its own line."""
    patterns = [FIRST_PARAGRAPH]
    if any(needle in text for needle in REF_NEEDLES):
        patterns.append(REF)
    if any(needle in text for needle in _BEHIND_NEEDLES):
        patterns.append(_BEHIND)
    cuts = [match.start() for pattern in patterns if (match := pattern.search(text, start))]
    cuts += [first for first, _ in page_lines_inside(text) if first > start]
    return min((cut for cut in cuts if cut > 0), default=None)


def _begins(gap: Sequence[str], text: str) -> bool:
    """Whether a title begins in a line below its label; behind a blank line it must be in capitals and no sentence."""
    said = text.strip(" \t\r\\")
    return not gap or (len(gap) <= _MOST_BLANK and not any(map(_is_page, gap)) and _is_title(said))


def _goes_on(said: str, gap: Sequence[str], text: str, *, is_last: bool) -> bool:
    """Whether a line goes on with a title, behind the blank lines and lines of pages between them.

    ``is_last`` says that another heading follows, so that the line is no text: over a page that began right behind the
    title, a line of capitals belongs to it then.
    """
    open_ended = _OPEN_ENDED.search(said) is not None
    if not gap:
        return open_ended or said.upper() != said or _SENTENCE.match(text) is None
    if not any(map(_is_page, gap)):
        return len(gap) == 1 and open_ended and text.upper() == text
    if len(gap) == 1 and is_captioned_footer(gap[0]):
        return True
    alone = is_last and _is_page(gap[0]) and said.upper() == said and _is_title(text.strip(" \t\r\\"))
    return open_ended or alone or text.lstrip()[:1].islower()


def _is_page(line: str) -> bool:
    return bool(line.strip(" \t\r\\"))


def _is_title(said: str) -> bool:
    return said.upper() == said and said.lower() != said and not said.endswith(".")
