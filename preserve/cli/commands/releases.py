"""``preserve releases``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, command_options


@click.command()
@click.argument("name", required=False)
@click.option("--collection", "-c", multiple=True, help="Look only in this collection. May be given again.")
@command_options
def releases(place: Place, name: str | None, collection: tuple[str, ...]) -> int:
    """List the releases that are declared, how many captures and cables claim each, and where claims conflict.

    With NAME (of a declared release, or a source as pages print it): that one in full, with its cables' conflicts.

    What pages say of their source is a claim; it is linked to a release and never corrected by one.
    """
    from preserve.cli.actions import releases as actions

    return actions.releases(place, name=name, collection=collection)
