"""Rows for people and for other programs: an aligned table on a terminal, else values divided by tabs; CSV; JSON.

Tested by ``tests/unit/cli/test_manner.py``.
"""

import csv
import io
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from itertools import chain, islice
from typing import Any, Final

import click

from preserve.cli.shared.common import Place, asks_json
from preserve.cli.shared.manner import is_coloured
from preserve.cli.shared.tones import heading, rendered, toned
from preserve.errors import UsageError
from preserve.text import csv_cell, nearest, terminal_line

FORMATS: Final = ("table", "tsv", "csv", "json")
_MEASURED: Final = 200
"""Rows that are looked at before the first is written: the columns are as wide as these need."""
_WIDEST: Final = 60
_MOST_SIGNS: Final = 4_000
_GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class TableShape:
    """How rows are to be written: ``form`` is one of `FORMATS`, or what the command calls its own; which columns."""

    form: str
    columns: tuple[str, ...]

    @property
    def is_table(self) -> bool:
        """Whether rows are to be written here, and not by the command itself."""
        return self.form in FORMATS


def table_options(
    columns: Mapping[str, str], *, shown: Sequence[str] = (), own: str = ""
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds ``--format`` and ``--columns``; the function gets them as ``shape``.

    ``columns``: names with what stands in them. ``shown``: those of a table where none are chosen; all, if empty.
    ``own``: what the command writes where no format is chosen; without it, a table.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        told = f"{own}: for reading; " if own else ""

        @click.option(
            "--format",
            "form",
            type=click.Choice((*([own] if own else []), *FORMATS)),
            help=f"{told}table: aligned; tsv, csv: with a line of names; json: as --json."
            f" [default: {own or 'table on a terminal, else tsv'}]",
        )
        @click.option(
            "--columns", metavar="NAMES", default="", help=f"Of a table, divided by commas: {', '.join(columns)}."
        )
        @wraps(function)
        def wrapper(place: Place, *given: Any, form: str | None, columns: str, **rest: Any) -> Any:  # noqa: ANN401
            if form == "json" or place.as_json:
                asks_json.set(True)
                place, form = replace(place, as_json=True), "json"
                if columns:
                    raise UsageError("--columns is of tables", next_step="Leave it out, or choose another --format.")
            names = _chosen(columns, known)
            if names and form is None:
                form = _usual()
            form = form or own or _usual()
            if not names:
                names = tuple(shown) if form == "table" and shown else tuple(known)
            return function(place, *given, shape=TableShape(form, names), **rest)

        return wrapper

    known = tuple(columns)
    return decorate


def write_rows(shape: TableShape, rows: Iterable[Mapping[str, object]]) -> int:
    """Writes rows to stdout as they come; a list is its values with blanks between, None is empty. Their number."""
    if shape.form == "table":
        return _write_table(shape.columns, rows)
    count = -1
    write = _csv_line if shape.form == "csv" else _tsv_line
    for row in chain([{name: name for name in shape.columns}], rows):
        sys.stdout.write(write([_value(row[name]) for name in shape.columns]))
        count += 1
    return count


def _chosen(text: str, known: Sequence[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in known:
            raise UsageError(f"no column is called {terminal_line(name, 40)!r}", next_step=nearest(name, known))
    return names


def _usual() -> str:
    return "table" if sys.stdout.isatty() else "tsv"


def _value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        value = " ".join(map(str, value))
    return terminal_line(str(value), _MOST_SIGNS)


def _tsv_line(values: Sequence[str]) -> str:
    # `terminal_line` leaves neither tabs nor line ends in a value.
    return "\t".join(values) + "\n"


def _csv_line(values: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(map(csv_cell, values))
    return out.getvalue()


def _write_table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> int:
    """Aligned; numbers to the right, with thousands. The last column is cut at the edge of the terminal."""
    every = iter(rows)
    first = list(islice(every, _MEASURED))
    if not first:
        return 0
    to_right = [all(_is_number(row[name]) for row in first) for name in columns]
    heads = [name.replace("_", " ") for name in columns]
    widths = [
        min(max(len(head), *(len(_cell(row[name])) for row in first)), _WIDEST)
        for head, name in zip(heads, columns, strict=True)
    ]
    edge = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    colour = is_coloured(sys.stdout)

    def line(cells: Sequence[str], tone: Callable[[str], str]) -> str:
        return rendered("".join(_aligned(cells, widths, to_right, edge, tone)) + "\n", colour=colour)

    sys.stdout.write(line(heads, heading))
    count = 0
    for row in chain(first, every):
        sys.stdout.write(line([_cell(row[name]) for name in columns], toned))
        count += 1
    return count


def _aligned(
    cells: Sequence[str], widths: Sequence[int], to_right: Sequence[bool], edge: int | None, tone: Callable[[str], str]
) -> Iterator[str]:
    place, last = 0, max((number for number, cell in enumerate(cells) if cell), default=0)
    for number, (cell, width, right) in enumerate(zip(cells, widths, to_right, strict=True)):
        gap = _GAP if number else ""
        if edge is not None and number:
            width = min(width, max(edge - place - len(gap), 0))  # noqa: PLW2901 - what the terminal leaves of it
        text = terminal_line(cell, width) if len(cell) > width and (edge is not None or number < last) else cell
        if not width:
            return
        if right:
            text = text.rjust(width)
        elif number < last:
            text = text.ljust(width)
        yield gap + tone(text)
        if number == last:
            return
        place += len(gap) + width


def _cell(value: object) -> str:
    return f"{value:,}" if _is_number(value) and isinstance(value, int) else _value(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
