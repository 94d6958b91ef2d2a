"""``preserve rebuild``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, command_options


@click.command()
@click.argument("collection")
@command_options
def rebuild(place: Place, collection: str) -> int:
    """Make the index and the catalogue of COLLECTION again, from its WARC files and its ledger alone.

    For example: `preserve rebuild mrkva`
    """
    from preserve.cli.actions import rebuild as actions

    return actions.rebuild(place, collection=collection)
