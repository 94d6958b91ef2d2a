"""Where two texts differ: line by line, in changed lines word by word, and which redaction marks came and went.

Pure, and bounded: where a difference would cost more than `_MOST_PAIRS` comparisons, what differs is given as one piece
replaced by another, which is coarser and still true. The texts are those on the pages, not those made for comparing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from preserve.cables.difference import MARK
from preserve.expressions import lazy_re

Kind = Literal["same", "removed", "added"]

_MOST_PAIRS: Final = 4_000_000
_WORD: Final = lazy_re(r"\s+|\w+|[^\w\s]")
_NEAR: Final = 0.3
"""Share of a changed line's words that must be the same for its words to be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferencePiece:
    """A run of words of one line that is in both texts, or in one of them only."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceLine:
    """One line of a difference. ``before`` and ``after`` are its numbers in the texts, from 1; None where it is in
    none.

    ``pieces`` join to the line's text.
    """

    kind: Kind
    before: int | None
    after: int | None
    pieces: tuple[DifferencePiece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionMark:
    """A redaction mark in what differs: the run as it stands, and its line's number in its own text."""

    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passages:
    """The difference of two texts. ``lines`` holds every line of both, in order."""

    lines: tuple[DifferenceLine, ...]
    marks_added: tuple[RedactionMark, ...]
    marks_removed: tuple[RedactionMark, ...]

    def hunks(self, around: int = 2) -> Iterator[tuple[DifferenceLine, ...]]:
        """The lines that differ, each group with ``around`` lines that are the same on both sides."""
        near = [False] * len(self.lines)
        for number, line in enumerate(self.lines):
            if line.kind != "same":
                for other in range(max(0, number - around), min(len(self.lines), number + around + 1)):
                    near[other] = True
        group: list[DifferenceLine] = []
        for line, is_near in zip(self.lines, near, strict=True):
            if is_near:
                group.append(line)
            elif group:
                yield tuple(group)
                group = []
        if group:
            yield tuple(group)


def passages(before: str, after: str) -> Passages:
    """How ``after`` differs from ``before``."""
    one, other = before.split("\n"), after.split("\n")
    lines: list[DifferenceLine] = []
    for tag, first, end, start, stop in _steps(one, other):
        if tag == "equal":
            same = zip(range(first, end), range(start, stop), strict=True)
            lines += (_line("same", a, b, one[a]) for a, b in same)
        else:
            lines += _changed(one[first:end], other[start:stop], first, start)
    return Passages(
        lines=tuple(lines),
        marks_added=tuple(_marks(lines, "added")),
        marks_removed=tuple(_marks(lines, "removed")),
    )


def _steps(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """The operations of `difflib`, with what both begin and end with told without it."""
    shorter = min(len(one), len(other))
    head = next((n for n in range(shorter) if one[n] != other[n]), shorter)
    tail = next((n for n in range(shorter - head) if one[-1 - n] != other[-1 - n]), shorter - head)
    if head:
        yield "equal", 0, head, 0, head
    middle, changed = one[head : len(one) - tail], other[head : len(other) - tail]
    if len(middle) * len(changed) > _MOST_PAIRS:
        yield "replace", head, len(one) - tail, head, len(other) - tail
    elif middle or changed:
        for tag, first, end, start, stop in SequenceMatcher(None, middle, changed, autojunk=False).get_opcodes():
            yield tag, first + head, end + head, start + head, stop + head
    if tail:
        yield "equal", len(one) - tail, len(one), len(other) - tail, len(other)


def _changed(old: Sequence[str], new: Sequence[str], first: int, start: int) -> Iterator[DifferenceLine]:
    """Lines that were replaced: those that stand in the same place are compared word by word where they are alike."""
    pairs = [_words(a, b) for a, b in zip(old, new, strict=False)] if len(old) == len(new) else []
    for number, line in enumerate(old):
        pieces = pairs[number][0] if pairs else (DifferencePiece(kind="removed", text=line),)
        yield DifferenceLine(kind="removed", before=first + number + 1, after=None, pieces=pieces)
    for number, line in enumerate(new):
        pieces = pairs[number][1] if pairs else (DifferencePiece(kind="added", text=line),)
        yield DifferenceLine(kind="added", before=None, after=start + number + 1, pieces=pieces)


def _words(old: str, new: str) -> tuple[tuple[DifferencePiece, ...], tuple[DifferencePiece, ...]]:
    one, other = _WORD.findall(old), _WORD.findall(new)
    whole = (DifferencePiece(kind="removed", text=old),), (DifferencePiece(kind="added", text=new),)
    steps = list(_steps(one, other))
    same = sum(len("".join(one[first:end]).strip()) for tag, first, end, _s, _e in steps if tag == "equal")
    if same < _NEAR * max(len(old.strip()), len(new.strip())):
        return whole
    removed: list[DifferencePiece] = []
    added: list[DifferencePiece] = []
    for tag, first, end, start, stop in steps:
        is_same = tag == "equal"
        if end > first:
            removed.append(DifferencePiece(kind="same" if is_same else "removed", text="".join(one[first:end])))
        if stop > start:
            added.append(DifferencePiece(kind="same" if is_same else "added", text="".join(other[start:stop])))
    return tuple(removed), tuple(added)


def _marks(lines: Sequence[DifferenceLine], kind: Kind) -> Iterator[RedactionMark]:
    """The redaction marks in what is only in one of the texts: a mark of the whole line that a piece has a part of."""
    for line in lines:
        if line.kind != kind:
            continue
        spans: list[tuple[int, int]] = []
        at = 0
        for piece in line.pieces:
            if piece.kind == kind:
                spans.append((at, at + len(piece.text)))
            at += len(piece.text)
        text = "".join(piece.text for piece in line.pieces)
        for match in MARK.finditer(text):
            if any(start < match.end() and match.start() < end for start, end in spans):
                yield RedactionMark(text=match[0], line=(line.after if kind == "added" else line.before) or 0)


def _line(kind: Kind, before: int, after: int, text: str) -> DifferenceLine:
    return DifferenceLine(
        kind=kind, before=before + 1, after=after + 1, pieces=(DifferencePiece(kind="same", text=text),)
    )
