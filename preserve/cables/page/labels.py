"""Labels and their values in what a page shows, whatever elements it is made of.

- A **label** is a printed label of the layout (letter case counts: ``TAGS:`` stands in messages) with its colon at the
  start of a line, or as all the content of a cell or of an inline element. On a page without an element for its fields
  the first that gives an identifier begins them, and each next one must follow the one before; in between may stand a
  label that the layout does not know.
- A **value** is the next cell where the label fills its own, and in a row of header cells the cell below; else the
  rest of the line; where that is empty, the next line, unless a label or a sentence of the layout begins there.
- In an element that holds nothing but fields, a label of the layout needs no colon where it is a whole line, the first
  of its cell where there are cells; and no value goes on behind the end of its label's cell.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import Struct, field

from preserve.cables.page.fields import FieldValue, make_field
from preserve.cables.page.layouts import VALUE_CHARS, Layout, label
from preserve.cables.page.reading import published_id
from preserve.cables.page.visible import Visible
from preserve.expressions import lazy_re
from preserve.text import single_spaced

_SPACE: Final = lazy_re(r"\s*+")
_COLON: Final = lazy_re(r"\s*+:")
_UNKNOWN: Final = lazy_re(r"\s*[A-Z][A-Za-z -]{1,30}:")
_ANY_LABEL: Final = lazy_re(r"[ \t]*+[A-Z][A-Za-z][A-Za-z /()-]{0,40}:")
_LINES_BETWEEN: Final = 2
"""Lines that may stand between two fields: a label that the layout does not know, with its value."""
_MOST_MARKS: Final = 1_000
_LONGEST_CELL: Final = 2_000
_LONGEST_INDENT: Final = 200
_MOST_LINES: Final = 20
"""Lines that one value may go over."""


class _Mark(NamedTuple):
    """A label in the visible text: where it begins, where its value may begin, and the value's cell if it has one."""

    start: int
    value_start: int
    name: str
    value_cell: tuple[int, int] | None = None
    is_above: bool = False


class Fields(Struct):
    """The fields read, their spans of the visible text, and where the first label begins and the last value ends."""

    values: dict[str, FieldValue] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    start: int = 0
    end: int = 0


def read_labelled(visible: Visible, layout: Layout) -> Fields | None:
    """The fields on a page that has no element of their own for them; None where no label gives an identifier."""
    marks = _marks(visible, layout)
    for number, mark in enumerate(marks):
        if layout.labels[mark.name] != "identifier":
            continue
        start, end = _value(visible, layout, marks, number)
        if published_id(single_spaced(visible.text[start:end])) is not None:
            return _follow(visible, layout, marks[number:])
    return None


def read_table(
    visible: Visible, layout: Layout, besides: tuple[int, int] = (0, 0), *, only_fields: bool = False
) -> Fields:
    """The fields in an element that holds nothing else, as ``only_fields`` says, or on a page besides its text: values
    may go over several lines.
    """
    marks = [mark for mark in _marks(visible, layout) if not besides[0] <= mark.start < besides[1]]
    if only_fields:
        marks = _with_bare_ones(visible, layout, marks)
    fields = Fields()
    for number, mark in enumerate(marks):
        key = layout.labels[mark.name]
        if key in fields.values:
            continue
        start, end = _value(visible, layout, marks, number)
        if mark.value_cell is None:
            bound = marks[number + 1].start if number + 1 < len(marks) else len(visible.text)
            cell = _cell_around(visible, mark.start) if only_fields else None
            bound = bound if cell is None else min(bound, cell[1])
            start, end = min(start, bound), min(end, bound)
            end = _last_line(visible.text, end, bound)
        _add(fields, layout, key, visible.text, (start, end))
    return fields


def _follow(visible: Visible, layout: Layout, marks: list[_Mark]) -> Fields:
    fields = Fields(start=marks[0].start, end=marks[0].start)
    seen: set[str] = set()
    position = marks[0].start
    for number, mark in enumerate(marks):
        if mark.name in seen or mark.start < position:
            continue
        between = visible.text[position : mark.start]
        if number and (_sentence_at(visible.text, position, layout) or not _may_follow(between, mark)):
            break
        seen.add(mark.name)
        start, end = _value(visible, layout, marks, number)
        if layout.labels[mark.name] not in fields.values:
            _add(fields, layout, layout.labels[mark.name], visible.text, (start, end))
        # The next of a row of labels stands before the values, which are all below.
        position = max(position, mark.value_start if mark.is_above else end)
        fields.end = max(fields.end, position, end)
    return fields


def _add(fields: Fields, layout: Layout, key: str, text: str, span: tuple[int, int]) -> None:
    said = text[slice(*span)]
    form = layout.forms.get(key)
    if form is not None:
        found = form.search(said, 0, VALUE_CHARS)
        said = "" if found is None else found[1] or ""
    if said.strip():
        fields.values[key] = make_field(key, said, source="field", times=layout.times)
        fields.spans[key] = _trimmed(text, *span)


def _marks(visible: Visible, layout: Layout) -> list[_Mark]:
    """The labels on the page in order, at most one at a place."""
    found: dict[int, _Mark] = {}
    below = _cells_below(visible)
    for number, (start, end) in enumerate(visible.cells):
        name = label(visible.text[start:end]) if end - start <= _LONGEST_CELL else ""
        if name in layout.labels:
            begin = _skip(visible.text, start)
            following = below.get(number, number + 1)
            value = visible.cells[following] if following < len(visible.cells) else None
            found.setdefault(begin, _Mark(begin, end, name, value, number in below))
    for start, end in visible.inlines:
        name = label(visible.text[start:end])
        if name in layout.labels:
            begin = _skip(visible.text, start)
            colon = _COLON.match(visible.text, end)
            if colon is not None or ":" in visible.text[start:end] or _begins_line(visible.text, begin):
                found.setdefault(begin, _Mark(begin, end if colon is None else colon.end(), name))
    for match in layout.label_lines.finditer(f"\n{visible.text}") if layout.label_lines is not None else ():
        begin, end = match.start(1) - 1, match.end() - 1
        found.setdefault(begin, _Mark(begin, end, label(match[1])))
        if len(found) > _MOST_MARKS:
            break
    return sorted(found.values())


def _with_bare_ones(visible: Visible, layout: Layout, marks: list[_Mark]) -> list[_Mark]:
    """The marks, and between them the labels without colon that are whole lines."""
    found = {mark.start: mark for mark in marks}
    position = 0
    for line in visible.text.split("\n"):
        name, end = single_spaced(line), position + len(line)
        begin = _skip(visible.text, position)
        if name in layout.labels and begin not in found and len(found) <= _MOST_MARKS:
            cell = _cell_around(visible, begin)
            if cell is None or not visible.text[cell[0] : begin].strip():
                found[begin] = _Mark(begin, end, name)
        position = end + 1
    return sorted(found.values())


def _cell_around(visible: Visible, offset: int) -> tuple[int, int] | None:
    """The last cell that begins before a place, where it holds the place."""
    number = bisect_right(visible.cells, (offset, len(visible.text))) - 1
    cell = visible.cells[number] if number >= 0 else (0, 0)
    return cell if cell[0] <= offset < cell[1] else None


def _cells_below(visible: Visible) -> Mapping[int, int]:
    """For every cell of a row that is all header cells, the cell of the row below that stands under it."""
    if not any(is_header for _, is_header in visible.rows):
        return {}
    rows: dict[int, list[int]] = {}
    for number, (row, _) in enumerate(visible.rows):
        rows.setdefault(row, []).append(number)
    below: dict[int, int] = {}
    for row, cells in rows.items():
        under = rows.get(row + 1, [])
        if all(visible.rows[cell][1] for cell in cells) and under and not visible.rows[under[0]][1]:
            below.update(zip(cells, under, strict=False))
    return below


def _may_follow(between: str, mark: _Mark) -> bool:
    """Whether a field may come after this much other text: nothing, or what looks like a field nobody knows."""
    lines = [line for line in between.split("\n") if line.strip()]
    if len(lines) > _LINES_BETWEEN:
        return False
    if mark.value_cell is not None or not lines:
        return True
    value_below = lines[0].rstrip().endswith(":")
    return all(_UNKNOWN.match(line) for line in (lines[:1] if value_below else lines))


def _value(visible: Visible, layout: Layout, marks: list[_Mark], number: int) -> tuple[int, int]:
    """The span of a mark's value, empty where it has none."""
    mark = marks[number]
    text = visible.text
    if mark.value_cell is not None:
        start, end = mark.value_cell
        begins = number + 1 < len(marks) and marks[number + 1].start == _skip(text, start)
        if start < mark.value_start or begins or label(text[start:end]) in layout.labels:
            return mark.value_start, mark.value_start
        return start, _cut(text, start, end, layout)
    following = marks[number + 1].start if number + 1 < len(marks) else len(text)
    start = mark.value_start
    line = _line_end(text, start, following)
    end = _cut(text, start, line, layout)
    if text[start:end].strip():
        return start, end
    start = _skip(text, line)
    if start >= following or _sentence_at(text, start, layout):
        return line, line
    return start, _cut(text, start, _line_end(text, start, following), layout)


def _last_line(text: str, end: int, bound: int) -> int:
    """Where a value ends that goes on until the next label, known or not, or an empty line."""
    for _ in range(_MOST_LINES):
        following = end + 1
        if following >= bound or text[end] != "\n":
            break
        stop = _line_end(text, following, bound)
        if not text[following:stop].strip() or _ANY_LABEL.match(text, following, stop):
            break
        end = stop
    return end


def _cut(text: str, start: int, end: int, layout: Layout) -> int:
    """Where a value ends before a sentence of the layout that follows it on the same line."""
    note = layout.sentences.get("partial_note")
    if note is None or text.find(note.needle, start, end) < 0:
        return end
    found = note.pattern.search(text, start, end)
    return end if found is None else found.start()


def _sentence_at(text: str, position: int, layout: Layout) -> bool:
    place = _skip(text, position)
    # Every field asks, and next to none is followed by what such a sentence begins with.
    if not text.startswith(layout.leads, place):
        return False
    return any(sentence.begins_at(text, place) is not None for sentence in layout.sentences.values())


def _begins_line(text: str, position: int) -> bool:
    start = max(0, position - _LONGEST_INDENT)
    line = text.rfind("\n", start, position)
    return (line >= 0 or start == 0) and not text[line + 1 : position].strip()


def _line_end(text: str, position: int, bound: int) -> int:
    end = text.find("\n", position, bound)
    return bound if end < 0 else end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without the white space at its ends."""
    said = text[start:end]
    return start + len(said) - len(said.lstrip()), end - len(said) + len(said.rstrip())


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return position if match is None else match.end()
