"""The end of a message: its signature and its end mark.

The signature is the name of the head of post, on a line of its own or behind the last sentence. Behind it may stand
``NNNN``, page lines, classifications with their captions, and lines that others added: rules, number signs, print
tracks, notes of a later review or of the communications centre.

Tested by ``tests/unit/cables/message/test_grammar.py``.
"""

import re
from typing import Final

from msgspec import Struct

from preserve.cables.message.classification import CAPTION, is_caption_line, is_captioned_footer
from preserve.cables.message.pagelines import is_break_line
from preserve.cables.message.printed import PATTERN_CHARS, PrintedValue, printed, trimmed_end
from preserve.expressions import lazy_re

_MOST_LINES: Final = 16
"""Lines at the end that are looked at, blank ones not counted."""
_BEFORE: Final = 200
"""Characters before a signature that tell whether it can be one."""
_END_MARK: Final = lazy_re(r"(?:^|(?<=\s))(N{3,4}(?:MAFVVZCZ)?)[ \t\\\r]*$")
_SIGNED_LINE: Final = lazy_re(
    r"[A-Z][A-Z'\u2019.-]{1,24}(?: [A-Z][A-Z'\u2019-]{1,24})?|"
    r"(?:[A-Z]\. ?){1,2}[A-Z][A-Z'\u2019-]{1,24}|(?:DE|VAN|VON|DEL|MC|ST\.)(?: [A-Z][A-Z'\u2019-]{1,24}){1,2}|"
    r"[A-Z][A-Za-z'\u2019-]{2,24}"
)
_SIGNED_INLINE: Final = lazy_re(r"(?:[.!?\"\u201d\u2019)*#])[ \t]+([A-Z][A-Z'\u2019-]{2,24})\Z")
_SIGNED_AFTER_CUT: Final = lazy_re(r"X{5,40}[ \t]+([A-Z][A-Za-z'\u2019-]{2,24})\Z")
_NO_NAME: Final = lazy_re(
    r"(?:END|BEGIN|UNQUOTE|UNCLASSIFIED|UNCLAS|CONFIDENTIAL|SECRET|SUMMARY|COMMENT|NOTE|MINIMIZE|BT)\b", re.IGNORECASE
)
_ADDED: Final = lazy_re(
    r"[-=*_ ]{3,}$|[-=* ]{2,}CABLE ENDS[-=* ]*$|\* {0,3}Missing Section \d{1,3} {0,3}\*$|<< END OF DOCUMENT >>$|"
    r"\*{3} Current |Track impresi|ID:[ \t]*\d{1,7}$|(?:Margaret P\. Grafeld|Sheryl P\. Walter) Declassified|"
    r"Declassified/Released US Department|Review \d{1,2} [A-Z]{3} \d{4}$|BT$|#\d{1,5}$|#{1,8}$|"
    r"\d{4}[A-Z]{3,12}\d{3,6} - (?:Classification: )?[A-Z]"
)
_BESIDE: Final = lazy_re(r"[.>]$|\(?(?:drafted|drafter|cleared|approved)(?: by)?\b ?:?[ \t].{0,120}$", re.IGNORECASE)
"""Lines behind a signature that are passed over: a sign alone, or who drafted and cleared the message."""
_MINIMIZE: Final = lazy_re(r"MINIMIZE CONSIDERED\b.{0,60}$")
_NOTE: Final = lazy_re(r"^[ \t]*\(?NOTE(?: BY [A-Z]|: ?NOT PASSED)", re.MULTILINE)
_NOTE_CHARS: Final = 600
"""Characters at the end in which a note of the communications centre is looked for."""
_FEET: Final = (" UNCLASSIFIED", " CONFIDENTIAL", " SECRET")
"""Feet of pages that lost their own line."""


class Ending(Struct, frozen=True, kw_only=True):
    """Where the text ends without signature and end mark, and these as printed, if there are any."""

    text_end: int
    signature: PrintedValue | None
    end_mark: PrintedValue | None


def read_ending(body: str, start: int, end: int) -> Ending:
    """The end of the message in ``[start, end)``."""
    ending = _read(body, start, end)
    first = max(start, end - _NOTE_CHARS)
    note = _NOTE.search(body, first, end) if body.find("NOTE", first, end) >= 0 else None
    if note is None:
        return ending
    above = _read(body, start, note.start())
    if above.signature is not None and above.end_mark is None:
        return Ending(text_end=above.text_end, signature=above.signature, end_mark=ending.end_mark)
    if ending.signature is None or _is_over(body[note.start() : ending.signature.start]):
        return ending
    stop = trimmed_end(body, start, end if ending.end_mark is None else ending.end_mark.start)
    return Ending(text_end=stop, signature=None, end_mark=ending.end_mark)


def _is_over(note: str) -> bool:
    """Whether a note is over where a line that may sign begins: its sentence ended, or a blank line came."""
    *before, rest = note.split("\n")
    last = before[-1].strip(" \t\r\\") if before else ""
    return bool(before) and not rest.strip() and (not last or last.endswith((".", ".)")))


def _read(body: str, start: int, end: int) -> Ending:
    """The same, whatever notes stand there."""
    end = stop = trimmed_end(body, start, end)
    end_mark: PrintedValue | None = None
    for _ in range(_MOST_LINES):
        if stop <= start:
            break
        first = max(body.rfind("\n", start, stop) + 1, start)
        first = max(first, stop - PATTERN_CHARS)
        line = body[first:stop].strip(" \t\r\\")
        mark = _END_MARK.search(body, first, stop) if end_mark is None and line[-4:].strip("NZC") != line[-4:] else None
        if mark is not None:
            end_mark = printed(body, mark.start(1), mark.end(1))
            end = stop = trimmed_end(body, start, mark.start(1))
        elif line and not (
            is_break_line(line) or is_caption_line(line) or _MINIMIZE.match(line) or _BESIDE.match(line)
        ):
            if not (_ADDED.match(line) or is_captioned_footer(line)):
                return _signed(body, start, (first, stop), end_mark, end)
            end = stop = trimmed_end(body, start, first)
        else:
            stop = trimmed_end(body, start, first)
    return Ending(text_end=end, signature=None, end_mark=end_mark)


def _signed(body: str, start: int, line_span: tuple[int, int], end_mark: PrintedValue | None, end: int) -> Ending:
    """The ending whose last line of text has that span; ``end`` is where the text ends if it signs nothing."""
    first, stop = line_span
    line = body[first:stop].strip(" \t\r\\")
    begin = first + body[first:stop].index(line)
    name = line.strip("# \t")
    for foot in _FEET:
        name = name.removesuffix(foot).rstrip()
    if name[-1:] in {".", ","} and _SIGNED_LINE.fullmatch(name[:-1]):
        name = name[:-1]
    if _SIGNED_LINE.fullmatch(name):
        begin += line.index(name)
        line = name
    if _NO_NAME.match(line) is None and CAPTION.fullmatch(line) is None:
        before = body[max(start, begin - _BEFORE) : begin]
        if _SIGNED_LINE.fullmatch(line) and _may_be_signed(line, before):
            signature = printed(body, begin, begin + len(line))
            return Ending(text_end=_before(body, start, begin), signature=signature, end_mark=end_mark)
    match = _SIGNED_INLINE.search(line) or _SIGNED_AFTER_CUT.search(line)
    if match is None or _NO_NAME.match(match[1]) or CAPTION.fullmatch(match[1]):
        return Ending(text_end=end, signature=None, end_mark=end_mark)
    signature = printed(body, begin + match.start(1), begin + match.end(1))
    return Ending(text_end=begin + match.start(1), signature=signature, end_mark=end_mark)


def _before(body: str, start: int, end: int) -> int:
    """The end of the text above a signature, without the page lines between."""
    for _ in range(_MOST_LINES):
        end = trimmed_end(body, start, end)
        first = max(body.rfind("\n", start, end) + 1, start, end - PATTERN_CHARS)
        if not is_break_line(body[first:end]):
            break
        end = first
    return end


def _may_be_signed(line: str, before: str) -> bool:
    """A word that is not all in capitals signs only where a sentence or a blank line ends before it."""
    if line.upper() == line:
        return True
    last = before.removesuffix("\n").split("\n")[-1].strip(" \t\r\\")
    return (
        not last
        or last.endswith((".", "!", "?", '"', "\u201d", "-", "*", "X"))
        or is_break_line(last)
        or CAPTION.search(last) is not None
    )
