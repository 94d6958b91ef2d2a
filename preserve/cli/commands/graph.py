"""``preserve graph``: what may be typed, and its help."""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, command_options


@click.command()
@click.argument("cable", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "graphml", "csv", "json"]),
    default="text",
    show_default=True,
    help="graphml and csv are read by the usual programs for networks; csv has an edge a row.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; it is there whole or not at all. [default: stdout]",
)
@click.option("--collection", "-c", multiple=True, help="Only this collection. May be repeated.")
@command_options
def graph(place: Place, cable: str | None, *, form: str, output: Path | None, collection: tuple[str, ...]) -> int:
    """What CABLE cites and who cites it, or all that the cables held cite; and which of these are missing.

    CABLE is any id of it; it need not be held. Of each cable the newest text counts. A citation whose reading leaves a
    doubt says so. Status 3: CABLE is neither held nor cited.

    For example: `preserve graph 05ALMATY342 --format csv -o edges.csv`
    """
    from preserve.cli.actions import graph as actions

    return actions.graph(place, cable=cable, form=form, output=output, collection=collection)
