"""``preserve corroborate``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, collection_option, command_options


@click.command()
@click.argument("cable")
@collection_option
@command_options
def corroborate(place: Place, cable: str, collection: tuple[str, ...]) -> int:
    """Group the sources of CABLE by what they show, at each of three checksums: of page, text, text for comparison.

    A source is a host with the source that its pages name. Captures of one source are not independent of one another:
    the newest stands for all. That sources agree is no proof of the text; they may be copies of one release, which
    is reported.

    Status 1: a capture could not be read.

    For example: `preserve corroborate 05ALMATY342`
    """
    from preserve.cli.actions import corroborate as actions

    return actions.corroborate(place, cable=cable, collection=collection)
