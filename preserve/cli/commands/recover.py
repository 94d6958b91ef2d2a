"""``preserve recover``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, command_options


@click.command()
@click.argument("collection")
@click.option(
    "--without-unproven",
    is_flag=True,
    help="Where the secret that proves it is lost: move journal and open files to quarantine.",
)
@command_options
def recover(place: Place, collection: str, without_unproven: bool) -> int:  # noqa: FBT001 - click hands over by keyword
    """Put the archive of COLLECTION right after a run that did not end: cut back, seal, state and sign what is proved.

    Every command that writes does this first. By itself it is for an archive that is to be moved, and for one whose
    secret is lost: then nothing proves what an unfinished run wrote, and --without-unproven moves it to quarantine. Its
    addresses are asked again by the next capture. An archive whose last run ended needs the signing key alone.

    For example: `preserve recover mrkva`
    """
    from preserve.cli.actions import recover as actions

    return actions.recover(place, collection=collection, without_unproven=without_unproven)
