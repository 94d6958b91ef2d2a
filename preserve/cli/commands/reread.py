"""``preserve reread``: what may be typed, and its help."""

import click

from preserve.cli.shared.common import Place, command_options
from preserve.cli.shared.engines import processes_option


@click.command()
@click.argument("collection")
@click.option(
    "--layout",
    "chosen",
    multiple=True,
    help="Read by this layout. May be repeated. [default: those of the collection's file]",
)
@click.option("--dry-run", is_flag=True, help="Count what would be stated, and state nothing.")
@processes_option
@command_options
def reread(place: Place, collection: str, *, chosen: tuple[str, ...], dry_run: bool, processes: int | None) -> int:
    """Read every page that COLLECTION holds by the layouts and the extractor of today, and state the texts that are
    new in its ledger: of pages that no layout knew when they were kept, and of those that an earlier version of the
    extractor read. What is stated stays beside them, and nothing is asked over the network.

    Stopped, it goes on when it is run again; files that these layouts have read are passed over. A record that is
    damaged or missing is reported, and the others are read. Where a layout reads another text than it did under the
    same version, that is reported, and not stated.

    Status 1: a record could not be read, or a layout was changed without a new version. Status 4: a capture writes.

    For example: `preserve reread mrkva --dry-run`
    """
    from preserve.cli.actions import reread as actions

    return actions.reread(place, collection=collection, chosen=chosen, dry_run=dry_run, processes=processes)
