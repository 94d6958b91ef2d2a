"""``preserve upgrade``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, command_options


@click.command()
@click.argument("collections", nargs=-1)
@click.option("--apply", "do", is_flag=True, help="Do it: make again what is of another form, verify, state that.")
@command_options
def upgrade(place: Place, collections: tuple[str, ...], do: bool) -> int:  # noqa: FBT001 - click hands over by keyword
    """Show what this version makes of COLLECTIONS (of all that are held, if none is named), and change nothing.

    WARC files, statements, checkpoints and receipts are evidence, and no version rewrites them. What is derived from
    them (catalogue, index) may be of another form: with --apply it is made again. Then everything is verified, and the
    ledger gets a statement of each file that was read and found whole, by this version.

    Status 1: the archive is damaged, and nothing is stated. Status 7: a newer version wrote to it.

    For example: `preserve upgrade mrkva --apply`
    """
    from preserve.cli.actions import upgrade as actions

    return actions.upgrade(place, collections=collections, do=do)
