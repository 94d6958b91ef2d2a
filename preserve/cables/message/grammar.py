"""The grammar of a message's text: its preamble and header, its head, its paragraphs and its end.

Texts come in many states (a newspaper's time line first, a row of a table, line ends lost), so nothing is expected at a
fixed place: each part is searched for, and what is not found is None or empty. Nothing is repaired: paragraphs are
numbered as they are printed, repeats and gaps included, and letter case stays. Every value keeps its place in the text.

Worked example of a head::

    UNCLAS SECTION 01 OF 02 SAMPLETOWN 000123
    SIPDIS
    E.O. 12958: N/A
    TAGS: PREL, Human Rights
    SUBJECT: FIRST LINE
    AND SECOND LINE
    REF: A. 04 SAMPLETOWN 99
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field

from preserve.cables.message.authority import ClassifiedBy, DeclassifyOn, read_in_paragraph
from preserve.cables.message.classification import (
    ClassificationLine,
    classification_lines,
    read_captions,
    read_classification,
)
from preserve.cables.message.ending import read_ending
from preserve.cables.message.headings import Headings, read_headings
from preserve.cables.message.meanttags import MeantTag, meant_tags
from preserve.cables.message.pagelines import PageLine, read_gaps
from preserve.cables.message.paragraphs import Paragraph, first_start, paragraph_starts, read_paragraphs
from preserve.cables.message.preamble import Preamble, read_preamble
from preserve.cables.message.printed import PATTERN_CHARS, PrintedLine, PrintedValue, lines_of
from preserve.cables.message.references import Reference
from preserve.cables.message.subject import Subject
from preserve.cables.message.transmission import TransmissionHeader, read_header

_HEAD_LINES: Final = 400
"""Lines at the start in which a head is looked for; of texts without numbered paragraphs it has no other end."""


class Message(Struct, frozen=True, kw_only=True):
    """What the text of a message says in its fixed forms.

    Values are as printed, with their offsets in the body; those of ``header`` refer to the text that its ``part``
    names. What the tags mean stands beside them. ``soft_breaks`` are spans of white space and page lines inside a
    sentence, for the reading view alone.
    """

    preamble: Preamble = field(default_factory=Preamble)
    header: TransmissionHeader | None = None
    classification_line: ClassificationLine | None = None
    captions: tuple[PrintedValue, ...] = ()
    eo: PrintedValue | None = None
    declassify_on: DeclassifyOn | None = None
    tags: tuple[PrintedValue, ...] = ()
    meant_tags: tuple[MeantTag, ...] = ()
    subject: Subject | None = None
    refs: tuple[Reference, ...] = ()
    classified_by: ClassifiedBy | None = None
    paragraphs: tuple[Paragraph, ...] = ()
    page_lines: tuple[PageLine, ...] = ()
    soft_breaks: tuple[tuple[int, int], ...] = ()
    signature: PrintedValue | None = None
    end_mark: PrintedValue | None = None


class MessageHead(Struct, frozen=True, kw_only=True):
    """What stands before a message's paragraphs: what is asked for most, at half of what the whole message costs.

    ``lines`` are those of the head; ``headings`` what its labels say.
    """

    preamble: Preamble
    header: TransmissionHeader | None
    classification_line: ClassificationLine | None
    headings: Headings
    meant_tags: tuple[MeantTag, ...]
    lines: Sequence[PrintedLine]


def parse_head(body: str, header: str | None = None) -> MessageHead:
    """The head of the message in a body; see `parse_message`."""
    preamble = read_preamble(body)
    start, end = preamble.message_start, preamble.message_end
    first = first_start(body, start, end)
    lines = _head_lines(body, start, end if first is None else first.start())
    classified = classification_lines(lines)
    if len(classified) > 1:
        lines = lines[: classified[1]]
    headings = read_headings(body, lines)
    return MessageHead(
        preamble=preamble,
        header=_header(body, header, preamble),
        classification_line=read_classification(body, lines, classified[0] if classified else None),
        headings=headings,
        meant_tags=meant_tags(body, headings.tags),
        lines=lines,
    )


def parse_message(body: str, header: str | None = None, head: MessageHead | None = None) -> Message:
    """The message in a body. ``header`` is the text of the page's own box for the transmission header, if it has one.

    A header that stands inside the body is read where the box has none. ``head`` is that of these two, where it was
    read before. Never fails; time is linear in the lengths.
    """
    if head is None:
        head = parse_head(body, header)
    preamble, headings, line = head.preamble, head.headings, head.classification_line
    start, end = preamble.message_start, preamble.message_end
    ending = read_ending(body, start, end)
    paragraphs = read_paragraphs(body, paragraph_starts(body, start, end), ending.text_end)
    pages, soft = read_gaps(body, start, end)
    return Message(
        preamble=preamble,
        header=head.header,
        classification_line=line,
        captions=read_captions(body, head.lines, line),
        eo=headings.eo,
        declassify_on=headings.declassify_on,
        tags=headings.tags,
        meant_tags=head.meant_tags,
        subject=headings.subject,
        refs=headings.refs,
        classified_by=headings.classified_by or _classified_by(body, paragraphs),
        paragraphs=paragraphs,
        page_lines=pages,
        soft_breaks=soft,
        signature=ending.signature,
        end_mark=ending.end_mark,
    )


def _header(body: str, header: str | None, preamble: Preamble) -> TransmissionHeader | None:
    if header:
        found = read_header(header, 0, len(header), "header")
        if found is not None:
            return found
    return None if preamble.header_span is None else read_header(body, *preamble.header_span, "body")


def _classified_by(body: str, paragraphs: Sequence[Paragraph]) -> ClassifiedBy | None:
    if not paragraphs:
        return None
    first = paragraphs[0]
    behind = first.number.end + 1 if first.mark is None else first.mark.end + 1
    return read_in_paragraph(body, behind, first.end)


def _head_lines(body: str, start: int, end: int) -> list[PrintedLine]:
    """The lines of the head, of each no more than patterns look at."""
    lines: list[PrintedLine] = []
    for line in lines_of(body, start, max(start, end)):
        lines.append(line if len(line.text) <= PATTERN_CHARS else PrintedLine(line.start, line.text[:PATTERN_CHARS]))
        if len(lines) >= _HEAD_LINES:
            break
    return lines


__all__ = ["Message", "MessageHead", "Paragraph", "PrintedValue", "parse_head", "parse_message"]
