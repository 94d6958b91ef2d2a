"""``preserve repair``: what may be typed, and its help."""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, command_options
from preserve.cli.shared.trusting import trust_option


@click.command()
@click.argument("collection")
@click.option(
    "--from",
    "copies",
    multiple=True,
    type=click.Path(),
    help="A copy: a folder of archives, a collection's folder, a folder of WARC files, one file, or a place in object "
    "storage (s3://BUCKET/PREFIX). May be repeated.",
)
@click.option("--apply", "do", is_flag=True, help="Repair. Without it, only say what could be repaired.")
@trust_option
@command_options
def repair(place: Place, collection: str, copies: tuple[str, ...], *, do: bool, trust: tuple[Path, ...]) -> int:
    """Make COLLECTION whole again. Make a copy of it first, as it is.

    Nobody has to trust a copy: only bytes whose SHA-256 the ledger names are taken, file by file or record by record. A
    damaged ledger is put together first, and believed if it gives the root of a checkpoint that a known key signed:
    your own key file, those by which the log is known here, one in CONFIG/trust/, or one named with --trust. What is
    known of the log decides how far it goes: a log that was rolled back or replaced comes back from a copy that has it.
    Of a copy in object storage only the ledger and the files that are damaged here are fetched, into TMPDIR.
    Damaged files are moved to quarantine/, and every repair is stated in the ledger.

    Status 1: something is damaged (without --apply), or stays so.

    For example: `preserve repair mrkva --from /mnt/copy --apply`
    """
    from preserve.cli.actions import repair as actions

    return actions.repair(place, collection=collection, copies=copies, do=do, trust=trust)
