"""``preserve list``: what may be typed, and its help."""

from typing import TYPE_CHECKING

import click

from preserve.cli.shared.common import Place, command_options
from preserve.cli.shared.record_filters import filter_options

if TYPE_CHECKING:
    from preserve.store.searchindex import Filters


@click.command("list")
@filter_options
@click.option("--cites", metavar="ID", default="", help="Cables whose references cite this one, held or not.")
@click.option("--limit", type=click.IntRange(min=1), help="Cables at most. [default: all]")
@command_options
def list_cables(place: Place, *, filters: "Filters", collection: tuple[str, ...], cites: str, limit: int | None) -> int:
    """List the cables held, by their id: id, date of the document, classification, origin, subject, captures.

    Each stands there once with its newest text. Columns are parted by a tab. Status 3: there is none.
    """
    from preserve.cli.actions import list as actions

    return actions.list_cables(place, filters=filters, collection=collection, cites=cites, limit=limit)
