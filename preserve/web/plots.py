"""Plots as numbers that a template draws: bars, rows of bars, the cables around one. Each has a table of the same."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log10
from typing import Final

_WIDTH: Final = 720
_HEIGHT: Final = 180
_LEFT: Final = 52
_BOTTOM: Final = 28
_TOP: Final = 10
_MOST_LABELS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar. ``note`` is said of it; ``href``: a path of the desk that it leads to, or empty."""

    label: str
    value: int
    note: str = ""
    href: str = ""
    is_apart: bool = False
    """True of what has no place on the axis: no date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBar:
    """A bar with its place in the drawing, in its units."""

    bar: Bar
    x: float
    y: float
    width: float
    height: float
    has_label: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A line across the drawing, and its value."""

    y: float
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A drawing of bars. ``name`` tells it from others on the page."""

    name: str
    title: str
    unit: str
    width: int
    height: int
    base: float
    drawn: Sequence[DrawnBar] = ()
    ticks: Sequence[Tick] = ()
    notes: str = ""
    """What the last column of the table says; empty: there is none."""

    @property
    def summary(self) -> str:
        """The plot in a sentence, for who does not see it."""
        if not self.drawn:
            return f"{self.title}: nothing to show."
        dated = [one.bar for one in self.drawn if not one.bar.is_apart] or [one.bar for one in self.drawn]
        top = max(dated, key=lambda bar: bar.value)
        return (
            f"{self.title}: {len(dated)} bars from {dated[0].label} to {dated[-1].label}; "
            f"the highest is {top.label} with {top.value:,} {self.unit}."
        )


def bars(values: Sequence[Bar], *, name: str, title: str, unit: str, notes: str = "") -> Plot:
    """A plot of bars beside one another, the highest as high as there is room."""
    top = _rounded(max((bar.value for bar in values), default=0))
    room = _HEIGHT - _BOTTOM - _TOP
    step = (_WIDTH - _LEFT) / max(1, len(values))
    every = max(1, -(-len(values) // _MOST_LABELS))
    drawn = [
        DrawnBar(
            bar=bar,
            x=round(_LEFT + number * step + step * 0.08, 2),
            y=round(_HEIGHT - _BOTTOM - room * bar.value / top, 2) if top else _HEIGHT - _BOTTOM,
            width=round(min(step * 0.84, 60), 2),
            height=round(room * bar.value / top, 2) if top else 0,
            has_label=number % every == 0 or bar.is_apart,
        )
        for number, bar in enumerate(values)
    ]
    # Half of an odd number is no count.
    parts = ((1, 2) if top % 2 == 0 else (2,)) if top else ()
    ticks = [Tick(y=_HEIGHT - _BOTTOM - room * part / 2, value=top * part // 2) for part in parts]
    return Plot(
        name=name,
        title=title,
        unit=unit,
        width=_WIDTH,
        height=_HEIGHT,
        base=_HEIGHT - _BOTTOM,
        drawn=drawn,
        ticks=ticks,
        notes=notes,
    )


def _rounded(most: int) -> int:
    """The next number that is easy to read: 1, 2, 4, 6, 8 or 10 times a power of ten."""
    if most <= 2:  # noqa: PLR2004 - small ones stand for themselves
        return most
    unit = 10 ** int(log10(most))
    return next(int(step * unit) for step in (1, 2, 4, 6, 8, 10) if step * unit >= most)


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRow:
    """One row of a `Panels`: bars as (x, y, width, height) over ``base``; ``most``: the value that is as high as it."""

    label: str
    base: float
    most: int
    bars: Sequence[tuple[float, float, float, float]]
    is_apart: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Panels:
    """Rows of bars under one another over the same times, each with a scale of its own: few are seen beside many.

    ``labels``: x and text of times; ``table``: each time with the value of every row.
    """

    name: str
    title: str
    width: int
    height: int
    left: int
    right: int
    rows: Sequence[PanelRow]
    labels: Sequence[tuple[float, str]]
    table: Sequence[tuple[str, Sequence[int]]]

    @property
    def summary(self) -> str:
        """The drawing in a sentence, for who does not see it."""
        if not self.table:
            return f"{self.title}: nothing to show."
        label, values = self.table[-1]
        said = ", ".join(f"{value:,} {row.label}" for row, value in zip(self.rows, values, strict=True))
        return f"{self.title}, from {self.table[0][0]} to {label}; at the end: {said}."


_PANEL: Final = 40
_PANEL_LEFT: Final = 94
_PANEL_RIGHT: Final = 650


def panels(
    times: Sequence[str], rows: Mapping[str, Sequence[int]], *, name: str, title: str, apart: Collection[str] = ()
) -> Panels:
    """The drawing of some numbers at the same times; rows that are never more than 0 are left out."""
    step = (_PANEL_RIGHT - _PANEL_LEFT) / max(1, len(times))
    every = max(1, -(-len(times) // (_MOST_LABELS // 2)))
    drawn: list[PanelRow] = []
    for label, values in rows.items():
        most = max(values, default=0)
        if not most:
            continue
        base = (len(drawn) + 1) * _PANEL - 2
        bars = [
            (
                round(_PANEL_LEFT + number * step, 2),
                round(base - (_PANEL - 10) * value / most, 2),
                round(min(step * 0.9, 60), 2),
                round((_PANEL - 10) * value / most, 2),
            )
            for number, value in enumerate(values)
            if value
        ]
        drawn.append(PanelRow(label=label, base=base, most=most, bars=bars, is_apart=label in apart))
    shown = [values for values in rows.values() if any(values)]
    return Panels(
        name=name,
        title=title,
        width=_WIDTH,
        height=len(drawn) * _PANEL + 22,
        left=_PANEL_LEFT,
        right=_PANEL_RIGHT,
        rows=drawn,
        labels=[
            (round(_PANEL_LEFT + number * step + min(step * 0.9, 60) / 2, 2), time)
            for number, time in enumerate(times)
            if number % every == 0
        ],
        table=[(time, [values[number] for values in shown]) for number, time in enumerate(times)],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a whole, in numbers and words."""

    label: str
    part: int
    whole: int
    part_words: str
    whole_words: str
    note: str = ""

    @property
    def percent(self) -> float:
        """The length of its bar."""
        return round(100 * min(self.part, self.whole) / self.whole, 2) if self.whole > 0 else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EgoNode:
    """A cable in the drawing of what is around one: its id, where it leads, whether it is held."""

    id: str
    href: str
    is_held: bool
    subject: str
    x: float = 0
    y: float = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EgoPlot:
    """What cites a cable on the left, the cable, what it cites on the right."""

    left: int
    """Where it begins: on a side without cables nothing is left blank."""
    width: int
    height: int
    centre: EgoNode
    citing: Sequence[EgoNode] = ()
    cited: Sequence[EgoNode] = ()
    left_out: int = 0

    @property
    def columns(self) -> int:
        """How many there are: one, two or three."""
        return 1 + bool(self.citing) + bool(self.cited)


MOST_NODES: Final = 18
"""Cables drawn on each side; the table has all."""
_CENTRE: Final = 360
_HALF_NODE: Final = 95


def ego(centre: EgoNode, citing: Sequence[EgoNode], cited: Sequence[EgoNode]) -> EgoPlot:
    """The drawing around one cable."""
    rows = max(1, min(MOST_NODES, max(len(citing), len(cited))))
    height = 40 + rows * 34
    left_out = max(0, len(citing) - MOST_NODES) + max(0, len(cited) - MOST_NODES)
    left = 0 if citing else _CENTRE - _HALF_NODE
    return EgoPlot(
        left=left,
        width=(2 * _CENTRE if cited else _CENTRE + _HALF_NODE) - left,
        height=height,
        centre=_at(centre, _CENTRE, height / 2),
        citing=_column(citing[:MOST_NODES], 100, height),
        cited=_column(cited[:MOST_NODES], 620, height),
        left_out=left_out,
    )


def _column(nodes: Sequence[EgoNode], x: float, height: float) -> list[EgoNode]:
    step = (height - 20) / max(1, len(nodes))
    return [_at(node, x, 10 + step * (number + 0.5)) for number, node in enumerate(nodes)]


def _at(node: EgoNode, x: float, y: float) -> EgoNode:
    return replace(node, x=round(x, 1), y=round(y, 1))
