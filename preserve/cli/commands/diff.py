"""``preserve diff``: what may be typed, and its help."""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, collection_option, reading_options


@click.command()
@click.argument("cable")
@click.argument("a", required=False)
@click.argument("b", required=False)
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the difference as a page as well.")
@click.option("--context", type=click.IntRange(0, 1000), default=2, show_default=True, help="Lines shown around each.")
@collection_option
@reading_options
def diff(
    place: Place,
    cable: str,
    a: str | None,
    b: str | None,
    *,
    html: Path | None,
    context: int,
    collection: tuple[str, ...],
) -> int:
    """Compare captures A and B of CABLE: lines, words in them, and redaction marks that came or went.

    A and B are numbers that `preserve history CABLE` gives, record ids, or times (the newest capture at or before it);
    B alone left out is the newest capture, both left out the newest two that differ. What is compared are the
    texts as they stand on the pages; the class follows from the rules of comparison.

    For example: `preserve diff 05ALMATY342 1 3 --html difference.html`
    """
    from preserve.cli.actions import diff as actions

    return actions.diff(place, cable=cable, a=a, b=b, html=html, context=context, collection=collection)
