"""``preserve releases``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, collection_option, command_options
from preserve.cli.shared.tables import TableShape, table_options

COLUMNS = {
    "name": "",
    "declared": "",
    "released": "",
    "captures": "captures that claim it",
    "cables": "their cables",
    "first_captured": "",
    "last_captured": "",
    "title": "",
    "counter": "cables in it, as declared",
    "publisher": "",
}
"""Columns of a table of releases."""


@click.command()
@click.argument("name", required=False)
@collection_option
@command_options
@table_options(COLUMNS, shown=("name", "declared", "released", "captures", "cables", "title"), own="report")
def releases(place: Place, name: str | None, *, collection: tuple[str, ...], shape: TableShape) -> int:
    """List the releases that are declared, how many captures and cables claim each, and where claims conflict.

    With NAME (of a declared release, or a source as pages print it): that one in full, with its cables' conflicts.

    What pages say of their source is a claim; it is linked to a release and never corrected by one.

    For example: `preserve releases cablebrowser-2`
    """
    from preserve.cli.actions import releases as actions

    return actions.releases(place, name=name, collection=collection, shape=shape)
