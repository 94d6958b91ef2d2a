"""``preserve history``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, collection_option, reading_options


@click.command()
@click.argument("cable")
@collection_option
@click.option("--verbose", "-v", is_flag=True, help="Name the rules of comparison that changed something.")
@reading_options
def history(place: Place, cable: str, collection: tuple[str, ...], *, verbose: bool) -> int:
    """List every capture of CABLE, oldest first: what its page claimed, how its text differs from the one before.

    A cable that is published under several ids is listed under all of them; each is compared with its own. The class
    of a difference is one of: same bytes, same body, same after rules, redaction added, redaction removed, text
    changed. A capture that is not whole is compared with none. Claims that contradict one another are listed with the
    capture that shows it.

    Below them stands what was seen at an address after its last whole capture, and where its page has moved to or
    from, as `preserve rot moved` stated.

    Status 1: a capture could not be read; it is named.

    For example: `preserve history 05ALMATY342`
    """
    from preserve.cli.actions import history as actions

    return actions.history(place, cable=cable, collection=collection, verbose=verbose)
