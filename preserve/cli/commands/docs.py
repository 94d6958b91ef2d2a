"""``preserve docs``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, command_options


@click.command()
@click.argument("topic", required=False)
@command_options
def docs(place: Place, topic: str | None) -> int:
    """Read a page of the documentation, which came with the program. Without TOPIC, list the pages.

    A topic is a page as messages name it: `docs/repair.md`, or `repair`. On a terminal it is shown by $PAGER.

    For example: `preserve docs repair`
    """
    from preserve.cli.actions import docs as actions

    return actions.docs(place, topic=topic)
