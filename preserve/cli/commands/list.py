"""``preserve list``: what may be typed, and its help."""

from typing import TYPE_CHECKING

import click

from preserve.cli.shared.common import Place, reading_options
from preserve.cli.shared.record_filters import CABLE_COLUMNS, CABLE_SHOWN, filter_options
from preserve.cli.shared.tables import TableShape, table_options

if TYPE_CHECKING:
    from preserve.store.searchindex import Filters


@click.command("list")
@filter_options
@click.option("--cites", metavar="ID", default="", help="Cables whose references cite this one, held or not.")
@click.option("--limit", type=click.IntRange(min=1), help="Cables at most. [default: all]")
@reading_options
@table_options(CABLE_COLUMNS, shown=CABLE_SHOWN)
def list_cables(
    place: Place,
    *,
    filters: "Filters",
    collection: tuple[str, ...],
    cites: str,
    limit: int | None,
    shape: TableShape,
) -> int:
    """List the cables held, by their id: id, date of the document, classification, origin, subject, captures.

    Each stands there once, with its newest text. Off a terminal all columns are written, divided by tabs, below a line
    with their names. Status 3: there is none.

    For example: `preserve list --origin Almaty --from 2005`
    """
    from preserve.cli.actions import list as actions

    return actions.list_cables(place, filters=filters, collection=collection, cites=cites, limit=limit, shape=shape)
