"""The reading view: a message's text in pieces, with its lines joined into flowing paragraphs.

It is made for reading and for nothing else. The stored text is never changed and never replaced by it: joining lines
is a guess, and every piece says which span of the body it was made from, page lines and white space included.

Lines are joined with one blank; without one where a line ends in a hyphen behind a letter, and the hyphen stays,
because nobody can tell ``Under-/Secretary`` from ``Secre-/tary``. Lines that look like a table stay lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from preserve.cables.message.grammar import Message
from preserve.cables.message.pagelines import is_break_line
from preserve.cables.message.printed import PrintedLine, lines_of, printed
from preserve.expressions import lazy_re

Kind = Literal["heading", "paragraph", "lines", "signature", "end mark"]

_COLUMNS: Final = lazy_re(r"\S(?: {3,}|\t)\S|\|")
_RULE: Final = lazy_re(r"[ \t]*+[-=*_]{3,}")
_ITEM: Final = lazy_re(r"[ \t]*(?:-{1,2}|\*|\([a-z]\)|[a-z]\)|[A-Z]\.)[ \t]")
_HYPHEN: Final = lazy_re(r"[^\W\d_]-\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewPiece:
    """A piece of the view, made from ``[start, end)`` of the body. Only the text of ``lines`` has line ends in it."""

    kind: Kind
    text: str
    start: int
    end: int


def reading_view(body: str, message: Message) -> tuple[ViewPiece, ...]:
    """The pieces of a message in order: lines of its head, paragraphs, signature and end mark; no page lines."""
    head_end = _head_end(body, message)
    text_end = min((mark.start for mark in (message.signature, message.end_mark) if mark is not None), default=None)
    end = message.preamble.message_end if text_end is None else text_end
    pieces: list[ViewPiece] = []
    for line in lines_of(body, message.preamble.message_start, head_end):
        value = printed(body, line.start, line.start + len(line.text))
        if value is not None and not is_break_line(line.text):
            pieces.append(ViewPiece(kind="heading", text=value.text, start=value.start, end=value.end))
    pieces += (_piece(block) for block in _blocks(body, head_end, max(head_end, end), message))
    if message.signature is not None:
        mark = message.signature
        pieces.append(ViewPiece(kind="signature", text=mark.text, start=mark.start, end=mark.end))
    if message.end_mark is not None:
        mark = message.end_mark
        pieces.append(ViewPiece(kind="end mark", text=mark.text, start=mark.start, end=mark.end))
    return tuple(pieces)


def _head_end(body: str, message: Message) -> int:
    """The end of the line on which the last value of the head ends, but never behind the first paragraph's start."""
    start, end = message.preamble.message_start, message.preamble.message_end
    values = (
        message.classification_line,
        message.eo,
        message.declassify_on,
        message.subject,
        message.classified_by,
        None if message.classified_by is None else message.classified_by.reason,
        *message.captions,
        *message.tags,
        *message.refs,
    )
    last = max((value.end for value in values if value is not None), default=start)
    line_end = body.find("\n", last, end)
    last = last if last == start else (end if line_end < 0 else line_end + 1)
    stops = [paragraph.start for paragraph in message.paragraphs[:1]]
    stops += [mark.start for mark in (message.signature, message.end_mark) if mark is not None]
    return max(start, min([last, *stops]))


def _blocks(body: str, start: int, end: int, message: Message) -> Iterator[list[PrintedLine]]:
    """The lines of the text, none of them blank or a page line, in blocks between breaks that are no soft ones."""
    starts = {paragraph.start for paragraph in message.paragraphs}
    soft = iter(message.soft_breaks)
    span = next(soft, None)
    block: list[PrintedLine] = []
    broken = False
    for line in lines_of(body, start, end):
        text = line.text.strip(" \t\r\\\u00a0")
        if not text.strip() or is_break_line(text):
            broken = True
            continue
        first = line.start + line.text.index(text)
        while span is not None and span[1] < first:
            span = next(soft, None)
        joins = span is not None and span[1] == first
        if block and (first in starts or (broken and not joins) or _ITEM.match(text)):
            yield block
            block = []
        block.append(PrintedLine(first, text))
        broken = False
    if block:
        yield block


def _is_table(block: list[PrintedLine]) -> bool:
    """Whether a rule stands among the lines, or at least half of them, and more than one, have columns."""
    if any(_RULE.match(line.text) for line in block):
        return True
    columns = sum(1 for line in block if _COLUMNS.search(line.text))
    return columns > 1 and columns * 2 >= len(block)


def _piece(block: list[PrintedLine]) -> ViewPiece:
    start, end = block[0].start, block[-1].start + len(block[-1].text)
    if len(block) > 1 and _is_table(block):
        return ViewPiece(kind="lines", text="\n".join(line.text for line in block), start=start, end=end)
    parts: list[str] = []
    for line in block:
        if parts and not _HYPHEN.search(parts[-1]):
            parts.append(" ")
        parts.append(" ".join(line.text.split()))
    return ViewPiece(kind="paragraph", text="".join(parts), start=start, end=end)
