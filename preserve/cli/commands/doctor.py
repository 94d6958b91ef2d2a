"""``preserve doctor``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, command_options


@click.command()
@click.argument("collections", nargs=-1)
@command_options
def doctor(place: Place, collections: tuple[str, ...]) -> int:
    """Check whether this machine can do the work: clock, disk, permissions, locks, keys, configuration, secrets; for
    each of COLLECTIONS (all that are configured) its archive, key, leftovers, copies and scheduler.

    Each point is OK, WARN (it works now, and may not last), FAIL or NOT CHECKED. Nothing is changed and nobody is
    asked over the network. Status 1: a point fails.

    For example: `preserve doctor mrkva`
    """
    from preserve.cli.actions import doctor as actions

    return actions.doctor(place, collections=collections)
