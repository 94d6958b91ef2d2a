"""``preserve search``: what may be typed, and its help."""

from typing import TYPE_CHECKING

import click

from preserve.cli.shared.common import Place, reading_options
from preserve.cli.shared.record_filters import CABLE_COLUMNS, CABLE_SHOWN, filter_options
from preserve.cli.shared.tables import TableShape, table_options

if TYPE_CHECKING:
    from preserve.store.searchindex import Filters


@click.command()
@click.argument("words", nargs=-1, required=True)
@filter_options
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Hits at most.")
@click.option(
    "--facets",
    "with_facets",
    is_flag=True,
    help="Also how many hits have which tag, origin, class, year, source, redaction.",
)
@reading_options
@table_options({**CABLE_COLUMNS, "passage": ""}, shown=(*CABLE_SHOWN, "passage"), own="passages")
def search(
    place: Place,
    words: tuple[str, ...],
    *,
    filters: "Filters",
    collection: tuple[str, ...],
    limit: int,
    with_facets: bool,
    shape: TableShape,
) -> int:
    """Find cables that have WORDS in their text, subject or fields, the best first, each with the passage.

    All words must be there; case and accents do not count. '"harbour master"' is a phrase, harb* a beginning of a
    word, OR, NOT and brackets work: '(harbour OR port) NOT gull'. Of each cable the newest text is searched.
    Status 3: nothing found.

    For example: `preserve search '"harbour master"' --from 2005`
    """
    from preserve.cli.actions import search as actions

    return actions.search(
        place,
        words=words,
        filters=filters,
        collection=collection,
        limit=limit,
        with_facets=with_facets,
        shape=shape,
    )
