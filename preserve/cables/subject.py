"""The SUBJECT of a message: a title over several lines, over the end of a page and before the text that follows.

Nothing but layout tells where a title ends. It ends at a blank line, another label, or a sentence in small letters
below a title in capitals. Over the end of a page it goes on where it cannot be whole: its last word needs another, or
the next begins small.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from preserve.cables.authority import FIRST_PARAGRAPH
from preserve.cables.classification import is_captioned_footer
from preserve.cables.pagelines import is_break_line
from preserve.cables.printed import Line, Printed, joined, printed
from preserve.cables.references import LABEL as REF
from preserve.expressions import lazy_re

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


def read_subject(
    source: str, lines: Sequence[Line], number: int, match: re.Match[str], *, ends: Callable[[str], bool]
) -> Printed | None:
    """The title behind the label that was found on the line of that number.

    ``ends`` says whether a line belongs to something else.
    """
    line = lines[number]
    cut = _cut(line.text, match.end())
    first = printed(source, line.start + match.end(), line.start + (len(line.text) if cut is None else cut))
    parts = [] if first is None else [first]
    gap: list[str] = []
    following = lines[number + 1 : number + _MOST_LINES] if cut is None else ()
    for start, text in following:
        if not text.strip(" \t\r\\") or is_break_line(text) or is_captioned_footer(text):
            gap.append(text)
            continue
        if ends(text) or not (_goes_on(parts[-1].text, gap, text) if parts else _begins(gap, text)):
            break
        cut = _cut(text, 0)
        part = printed(source, start, start + (len(text) if cut is None else cut))
        if part is not None:
            parts.append(part)
        if cut is not None:
            break
        gap = []
    return joined(parts)


def _cut(text: str, start: int) -> int | None:
    """Where a REF or a first paragraph begins that lost its own line."""
    cuts = [match.start() for pattern in (REF, FIRST_PARAGRAPH) if (match := pattern.search(text, start))]
    return min((cut for cut in cuts if cut > 0), default=None)


def _begins(gap: Sequence[str], text: str) -> bool:
    """Whether a title begins in a line below its label; behind a blank line it must be in capitals and no sentence."""
    said = text.strip(" \t\r\\")
    return not gap or (len(gap) <= _MOST_BLANK and not any(map(_is_page, gap)) and _is_title(said))


def _goes_on(said: str, gap: Sequence[str], text: str) -> bool:
    """Whether a line goes on with a title, behind the blank lines and lines of pages between them."""
    open_ended = _OPEN_ENDED.search(said) is not None
    if not gap:
        return open_ended or said.upper() != said or _SENTENCE.match(text) is None
    if not any(map(_is_page, gap)):
        return len(gap) == 1 and open_ended and text.upper() == text
    if len(gap) == 1 and is_captioned_footer(gap[0]):
        return True
    return open_ended or text.lstrip()[:1].islower()


def _is_page(line: str) -> bool:
    return bool(line.strip(" \t\r\\"))


def _is_title(said: str) -> bool:
    return said.upper() == said and said.lower() != said and not said.endswith(".")
