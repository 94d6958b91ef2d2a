"""``preserve replicate``: what may be typed, and its help."""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, command_options
from preserve.cli.shared.trusting import trust_option


@click.command()
@click.argument("dest", type=click.Path(file_okay=False))
@click.argument("collection", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Say what would be copied; change nothing.")
@click.option("--check", is_flag=True, help="Read the files that the copy has already, too, and compare their SHA-256.")
@trust_option
@command_options
def replicate(
    place: Place, dest: str, collection: tuple[str, ...], *, dry_run: bool, check: bool, trust: tuple[Path, ...]
) -> int:
    """Bring the copies of collections below DEST up to date (of all that are held, if none is named).

    DEST is a folder, or a place in object storage: s3://BUCKET/PREFIX (the extra [s3]; credentials are read from the
    environment, as AWS_ACCESS_KEY_ID and the like), or file:///FOLDER for the same in a folder. A store that writes
    over what it holds, or takes bytes that are not those declared, is refused.

    What is missing there is copied, held against the ledger, and read back. A file that is there is never replaced by a
    different one. Comparing two copies is comparing the checkpoints of their logs: same, older, newer or forked.
    A copy in a folder is an archive of its own: `preserve verify --archives DEST`. No copy vouches for itself: its log
    is held against the keys of the source, and both against what is known of them here and the keys that you name.

    Status 1: a copy has another history or key, shares files with the source, or a file differs.

    For example: `preserve replicate /mnt/copy mrkva`
    """
    from preserve.cli.actions import replicate as actions

    return actions.replicate(place, dest=dest, collection=collection, dry_run=dry_run, check=check, trust=trust)
