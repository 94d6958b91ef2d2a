"""What ``preserve recover`` does: puts an archive right after an unclean stop, and captures nothing."""

import os

from preserve.cli.shared.common import Place, counted
from preserve.model import check_collection_name
from preserve.provenance.founding import load_writer
from preserve.provenance.keys import passphrase
from preserve.provenance.recovery import Recovered, UnprovenError
from preserve.provenance.session import WritingSession
from preserve.store.archive import open_archive
from preserve.text import terminal_line


def recover(place: Place, *, collection: str, without_unproven: bool) -> int:
    """Put an archive right after a run that did not end: cut back, seal, state and sign what is proved."""
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
