"""Leaving lines out of a text that are on its page and not in its message: stamps, keys, empty lines of layout."""

from collections.abc import Iterable, Sequence
from functools import partial

from msgspec.structs import replace

from preserve.cables.page.layouts import Sentence
from preserve.cables.page.reading import PageText
from preserve.cables.page.texts import Segment, TextBuilder
from preserve.cables.page.unseen import HiddenText
from preserve.cables.page.visible import Visible

Span = tuple[int, int]


def disjoint(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, none inside another."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if not result or start >= result[-1][1]:
            result.append((start, end))
    return result


def cut_lines(text: str, start: int, end: int, cut: Iterable[Sentence]) -> list[Span]:
    """The spans of the lines that are cut from a part of a text, in order."""
    return disjoint(
        match.span()
        for lines in cut
        if not lines.needle or text.find(lines.needle, start, end) >= 0
        for match in lines.pattern.finditer(text, start, end)
    )


def without(builder: TextBuilder, text: str, cut: Iterable[Span], unseen: HiddenText) -> PageText:
    """A text without some spans of it, which are in order. ``builder`` made the text."""
    return _joined(builder, text, _left(0, len(text), cut), unseen)


def without_empty_ends(visible: Visible, start: int, end: int, cut: Iterable[Sentence]) -> PageText:
    """A part of what a page shows without the lines that are cut and, after that, without empty lines at its ends.

    With it goes what is not shown there.
    """
    text = visible.text
    left = _left(start, end, cut_lines(text, start, end, cut))
    first, last = 0, len(left)
    while first < last and not text[slice(*left[first])].strip("\n"):
        first += 1
    while first < last and not text[slice(*left[last - 1])].strip("\n"):
        last -= 1
    left = left[first:last]
    if left:
        begin, stop = left[0]
        left[0] = stop - len(text[begin:stop].lstrip("\n")), stop
        begin, stop = left[-1]
        left[-1] = begin, begin + len(text[begin:stop].rstrip("\n"))
    return _joined(visible.builder, text, left, visible.unseen)


def _left(start: int, end: int, cut: Iterable[Span]) -> list[Span]:
    left: list[Span] = []
    for first, stop in cut:
        left.append((start, first))
        start = stop
    return [*left, (start, end)]


def _joined(builder: TextBuilder, text: str, spans: Sequence[Span], unseen: HiddenText) -> PageText:
    said = "".join([text[start:end] for start, end in spans])
    return PageText(text=said, segments=partial(_segments, builder, spans), unseen=unseen)


def _segments(builder: TextBuilder, spans: Iterable[Span]) -> list[Segment]:
    result: list[Segment] = []
    length = 0
    for start, end in spans:
        result += [replace(segment, start=segment.start + length) for segment in builder.segments(start, end)]
        length += end - start
    return result
