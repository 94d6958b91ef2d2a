"""The extractor ``labels``: pages that print a label before every value, read by what they show.

Such a page shows, in this order: a title, the labels with their values, sometimes a sentence about the text, the
text, and a last line about its source. How each is found, in any table, list, divisions, lines or ``<pre>``:

- A **label** is a printed label of the layout (letter case counts: ``TAGS:`` stands in messages) with its colon at the
  start of a line, or as all the content of a cell or of an inline element. The first that gives an identifier begins
  the fields, and each next one must follow the one before; in between may stand a label that the layout does not know.
- A **value** is the next cell where the label fills its own; else the rest of the line; where that is empty, the next
  line, unless a label or a sentence of the layout begins there.
- The **title** is the last line before the first label, with the lines of the same block that the source wrapped.
- The **text** begins behind the last value, or behind the sentence ``partial_note`` where that follows, and ends at
  the last place of the page where the sentence ``source`` stands. Completely empty lines at its ends are layout and
  dropped; lines of blanks belong to it. In between nothing is changed.
"""

import re
from collections import deque
from dataclasses import dataclass
from typing import Final

from preserve.cables.fields import FieldValue, clip, make_field
from preserve.cables.layouts import Layout, label
from preserve.cables.reading import Reading, published_id, strays
from preserve.cables.texts import one_line
from preserve.cables.visible import Visible

_BLANKS: Final = re.compile(r"[ \t\u00a0]*+")
_SPACE: Final = re.compile(r"\s*+")
_COLON: Final = re.compile(r"\s*+:")
_UNKNOWN: Final = re.compile(r"\s*[A-Z][A-Za-z -]{1,30}:")
_LINES_BETWEEN: Final = 2
"""Lines that may stand between two fields: a label that the layout does not know, with its value."""
_MOST_MARKS: Final = 1_000
_LONGEST_TITLE: Final = 2_000
_LONGEST_INDENT: Final = 200


@dataclass(frozen=True, slots=True, order=True)
class _Mark:
    """A label in the visible text: where it begins, where its value may begin, and the value's cell if it has one."""

    start: int
    value_start: int
    name: str
    value_cell: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A value: its text, and where it ends."""

    text: str
    end: int


def read(page: str, visible: Visible, layout: Layout) -> Reading | None:
    """The cable on a page of this kind; None where it names no cable."""
    marks = _marks(visible, layout)
    first = next((n for n, mark in enumerate(marks) if _identifier(visible, layout, marks, n) is not None), None)
    if first is None:
        return None
    fields, position = _fields(visible, layout, marks[first:])
    identifier = published_id(fields["identifier"].printed)
    if identifier is None:
        return None
    note = layout.sentences.get("partial_note")
    found = note.match(visible.text, _skip(visible.text, position)) if note is not None else None
    if found is not None:
        fields["partial_note"] = make_field("partial_note", found[0], source="sentence")
        position = found.end()
    end = _closing(visible, layout, position, fields)
    start, end = _trimmed(visible.text, position, end)
    segments = visible.builder.segments(start, end)
    return Reading(
        published_id=identifier,
        title=clip(_title(visible, marks[first].start)),
        fields=fields,
        header_text=None,
        body=visible.text[start:end],
        segments=segments,
        strays=strays(page, [(s.from_start, s.from_end) for s in segments if s.copied]),
        has_table=len(set(fields) - {"identifier", "partial_note", "source", "source_released"}) > 0,
    )


def _marks(visible: Visible, layout: Layout) -> list[_Mark]:
    """The labels on the page in order, at most one at a place."""
    found: dict[int, _Mark] = {}
    for number, (start, end) in enumerate(visible.cells):
        name = label(visible.text[start:end]) if end - start <= _LONGEST_TITLE else ""
        if name in layout.labels:
            begin = _skip(visible.text, start)
            value = visible.cells[number + 1] if number + 1 < len(visible.cells) else None
            found.setdefault(begin, _Mark(begin, end, name, value))
    for start, end in visible.inlines:
        name = label(visible.text[start:end])
        if name in layout.labels:
            begin = _skip(visible.text, start)
            colon = _COLON.match(visible.text, end)
            if colon is not None or ":" in visible.text[start:end] or _begins_line(visible.text, begin):
                found.setdefault(begin, _Mark(begin, end if colon is None else colon.end(), name))
    names = "|".join(re.escape(name).replace(r"\ ", r"[ \t\u00a0]+") for name in sorted(layout.labels, reverse=True))
    at_line_start = re.compile(rf"^[ \t\u00a0]*+({names})[ \t\u00a0]*+:", re.MULTILINE)
    for match in at_line_start.finditer(visible.text):
        found.setdefault(match.start(1), _Mark(match.start(1), match.end(), label(match[1])))
        if len(found) > _MOST_MARKS:
            break
    return sorted(found.values())


def _identifier(visible: Visible, layout: Layout, marks: list[_Mark], number: int) -> str | None:
    if layout.labels[marks[number].name] != "identifier":
        return None
    return published_id(one_line(_value(visible, layout, marks, number).text))


def _fields(visible: Visible, layout: Layout, marks: list[_Mark]) -> tuple[dict[str, FieldValue], int]:
    """The fields from the first mark on, and where the last value ends."""
    fields: dict[str, FieldValue] = {}
    seen: set[str] = set()
    position = marks[0].start
    for number, mark in enumerate(marks):
        if mark.name in seen or mark.start < position:
            continue
        between = visible.text[position : mark.start]
        if number and (_sentence_at(visible.text, position, layout) or not _may_follow(between, mark)):
            break
        seen.add(mark.name)
        key = layout.labels[mark.name]
        value = _value(visible, layout, marks, number)
        if key not in fields and value.text.strip():
            fields[key] = make_field(key, value.text, source="field")
        position = max(position, value.end)
    return fields, position


def _may_follow(between: str, mark: _Mark) -> bool:
    """Whether a field may come after this much other text: nothing, or what looks like a field nobody knows."""
    lines = [line for line in between.split("\n") if line.strip()]
    if len(lines) > _LINES_BETWEEN:
        return False
    if mark.value_cell is not None or not lines:
        return True
    value_below = lines[0].rstrip().endswith(":")
    return all(_UNKNOWN.match(line) for line in (lines[:1] if value_below else lines))


def _value(visible: Visible, layout: Layout, marks: list[_Mark], number: int) -> _Found:
    mark = marks[number]
    text = visible.text
    if mark.value_cell is not None:
        start, end = mark.value_cell
        if start < mark.value_start or label(text[start:end]) in layout.labels:
            return _Found("", mark.value_start)
        return _Found(_cut(text[start:end], layout), end)
    following = marks[number + 1].start if number + 1 < len(marks) else len(text)
    start = mark.value_start
    end = _line_end(text, start, following)
    said = _cut(text[start:end], layout)
    if said.strip():
        return _Found(said, start + len(said))
    start = _skip(text, end)
    if start >= following or _sentence_at(text, start, layout):
        return _Found("", end)
    end = _line_end(text, start, following)
    said = _cut(text[start:end], layout)
    return _Found(said, start + len(said))


def _cut(said: str, layout: Layout) -> str:
    """A value without a sentence of the layout that follows it on the same line."""
    note = layout.sentences.get("partial_note")
    found = note.search(said) if note is not None else None
    return said if found is None else said[: found.start()]


def _sentence_at(text: str, position: int, layout: Layout) -> bool:
    place = _skip(text, position)
    return any(pattern.match(text, place) for pattern in layout.sentences.values())


def _closing(visible: Visible, layout: Layout, position: int, fields: dict[str, FieldValue]) -> int:
    """Reads the sentences that stand behind the text; where the text ends."""
    end = len(visible.text)
    for name, pattern in layout.sentences.items():
        last = next(iter(deque(pattern.finditer(visible.text, position), maxlen=1)), None)
        if last is None or name in fields or name == "partial_note":
            continue
        said = last[1] if pattern.groups and last[1] is not None else last[0]
        fields[name] = make_field(name, said, source="sentence")
        end = min(end, last.start())
    return end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the rest of the line that it begins in, if blank, and without empty lines at its ends."""
    blanks = _BLANKS.match(text, start, end)
    if blanks is not None and text.startswith("\n", blanks.end()):
        start = blanks.end() + 1
    while start < end and text[start] == "\n":
        start += 1
    while end > start and text[end - 1] == "\n":
        end -= 1
    return start, end


def _title(visible: Visible, before: int) -> str:
    text = visible.text
    end = len(text[:before].rstrip())
    start = end
    while start > 0 and end - start < _LONGEST_TITLE:
        line = text.rfind("\n", 0, start)
        begin = line + 1
        if not text[begin:start].strip() or (start < end and not visible.is_soft(start)):
            break
        start = max(line, 0)
        if line < 0:
            break
    return one_line(text[start:end])


def _begins_line(text: str, position: int) -> bool:
    start = max(0, position - _LONGEST_INDENT)
    line = text.rfind("\n", start, position)
    return (line >= 0 or start == 0) and not text[line + 1 : position].strip()


def _line_end(text: str, position: int, bound: int) -> int:
    end = text.find("\n", position, bound)
    return bound if end < 0 else end


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return position if match is None else match.end()
