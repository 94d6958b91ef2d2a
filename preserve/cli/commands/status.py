"""``preserve status``: what may be typed, and its help."""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, command_options


@click.command()
@click.argument("collections", nargs=-1)
@click.option("--no-links", is_flag=True, help="Leave link rot out: it takes seconds where a large archive has grown.")
@click.option(
    "--prometheus",
    "metrics_to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write metrics for the textfile collector of node_exporter to this file, too.",
)
@command_options
def status(place: Place, collections: tuple[str, ...], *, no_links: bool, metrics_to: Path | None) -> int:
    """Show how COLLECTIONS are doing (all that you configured or that are held): captures, schedules, verifications,
    link rot, size, ledger, receipts, alarms.

    Status 1: something is wrong, and WRONG says what: a run is overdue or failed, damage was found, the disk is low, a
    receipt or an alarm could not be had or sent. Nothing is written into an archive.

    For example: `preserve status mrkva`
    """
    from preserve.cli.actions import status as actions

    return actions.status(place, collections=collections, no_links=no_links, metrics_to=metrics_to)
