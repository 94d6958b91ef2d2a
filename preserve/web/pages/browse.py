"""What is held, by origin, tag, classification, month: counts that lead to searches."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from preserve.errors import NotHeldError
from preserve.web.glossary import tag_meaning
from preserve.web.library import Shelf
from preserve.web.plots import Bar, bars
from preserve.web.responses import DeskPage, path_of
from preserve.web.routing import DeskRequest

_KINDS: Final[Mapping[str, str]] = {
    "origin": "Origins",
    "tag": "Tags",
    "class": "Classifications",
    "month": "Months",
    "source": "Source releases",
}
_TOP: Final = 8


def _counts(shelf: Shelf, kind: str) -> dict[str, int]:
    """Cables by a value, over the collections; by name, months in their order."""
    found: dict[str, int] = {}
    for name in shelf.names:
        overview = shelf.overview(name)
        if overview is None:
            continue
        said = (
            overview.written
            if kind == "month"
            else {value: count for (of, value), count in overview.facets.items() if of == kind}
        )
        for value, count in said.items():
            found[value] = found.get(value, 0) + count
    return dict(sorted(found.items()))


def _row(kind: str, value: str, count: int) -> dict[str, object]:
    query = {"from": value, "to": value} if kind == "month" else {kind: value}
    return {
        "value": value or "no date",
        "count": count,
        "path": f"/search?{urlencode(query, errors='replace')}" if value else "",
        "meaning": tag_meaning(value) if kind == "tag" else "",
    }


def browse(shelf: Shelf, _asked: DeskRequest) -> DeskPage:
    """The ways to go through what is held, each with its commonest values."""
    parts = []
    for kind, label in _KINDS.items():
        counts = _counts(shelf, kind)
        top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_TOP]
        parts.append((kind, label, len(counts), [_row(kind, value, count) for value, count in top]))
    return DeskPage(
        template="browse.html",
        title="Browse",
        data={kind: {"values": count, "commonest": rows} for kind, _label, count, rows in parts},
        context={"parts": parts},
        twin="/browse.json",
    )


def by_kind(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """Every value of one kind."""
    kind = asked.rest[0]
    if kind not in _KINDS:
        raise NotHeldError("There is no such page here.")
    counts = _counts(shelf, kind)
    rows = [_row(kind, value, count) for value, count in counts.items()]
    plot = None
    if kind == "month":
        years: dict[str, int] = {}
        for month, count in counts.items():
            years[month[:4]] = years.get(month[:4], 0) + count
        values = [
            Bar(label=year, value=count, href=f"/search?from={year}&to={year}") for year, count in years.items() if year
        ]
        if years.get(""):
            values.append(Bar(label="no date", value=years[""], is_apart=True))
        plot = bars(values, name="held", title="Cables held, by year of the document", unit="cables")
    return DeskPage(
        template="browse_kind.html",
        title=f"Browse: {_KINDS[kind].lower()}",
        data={"kind": kind, "values": rows},
        context={"kind": kind, "label": _KINDS[kind], "rows": rows, "plot": plot},
        is_indexed=False,
        twin=path_of("browse", f"{kind}.json"),
    )
