"""``preserve recover``: puts an archive right after an unclean stop, and captures nothing."""

import os

import click

from preserve.cli.shared.common import Place, command_options, counted
from preserve.model import check_collection_name
from preserve.provenance.founding import load_writer
from preserve.provenance.keys import passphrase
from preserve.provenance.recovery import Recovered, UnprovenError
from preserve.provenance.session import WritingSession
from preserve.store.archive import open_archive
from preserve.text import terminal_line


@click.command(short_help="Finish what a stopped run left, without capturing.")
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
    """
    paths = open_archive(place.archives, check_collection_name(collection))
    writer = load_writer(paths, place.keys, secret=passphrase(os.environ))

    def run(*, without: bool) -> tuple[tuple[Recovered, ...], int]:
        session = WritingSession(paths, writer, command=f"recover {collection}", kinds=(), without_unproven=without)
        with session:
            return session.recovered, session.finish()

    moved: list[str] = []
    try:
        recovered, size = run(without=without_unproven)
    except UnprovenError as error:
        if not without_unproven:
            raise
        moved = [item.quarantined for item in error.items if item.quarantined]
        recovered, size = run(without=False)
    lines = [f"{collection}: {counted(size, 'statement')}, checkpoint signed"]
    lines += [
        f"  recovered {item.file}: {counted(item.records, 'record')} kept, {item.cut_bytes:,} bytes cut"
        for item in recovered
    ]
    lines += [f"  moved to quarantine/: {terminal_line(name, 160)}" for name in moved]
    place.emit(
        {
            "collection": collection,
            "statements": size,
            "recovered": [
                {"file": item.file, "records": item.records, "cut_bytes": item.cut_bytes} for item in recovered
            ],
            "quarantined": moved,
        },
        "\n".join(lines) + "\n",
    )
    return 0
