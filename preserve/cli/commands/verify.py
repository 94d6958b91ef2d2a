"""``preserve verify``: what may be typed, and its help.

Tested by ``tests/scenarios/test_damage.py``.
"""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, command_options
from preserve.cli.shared.engines import on_option, processes_option
from preserve.cli.shared.trusting import trust_option


@click.command()
@click.argument("what", nargs=-1, metavar="[COLLECTION|FILE|STORE/COLLECTION]...")
@click.option("--structure", is_flag=True, help="Files, hashes, ledger and signatures only; no record is read.")
@click.option(
    "--sample",
    type=float,
    metavar="PERCENT",
    help="What came since the last sample, and this part of all else, by chance.",
)
@click.option("--deep", is_flag=True, help="Read every record, also of files that were read before and are unchanged.")
@click.option(
    "--deepen", type=click.FloatRange(0, 100), metavar="PERCENT", help="Read this part of them, longest not read first."
)
@click.option("--state", is_flag=True, help="State in the ledger which files were read and found whole.")
@processes_option
@on_option
@click.option("--second-reader", is_flag=True, help="Have warcio read every file, too, and compare what it reads.")
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the outcome as one page of HTML, too.",
)
@trust_option
@command_options
def verify(  # noqa: PLR0913 - one for each option
    place: Place,
    what: tuple[str, ...],
    *,
    structure: bool,
    sample: float | None,
    deep: bool,
    deepen: float | None,
    state: bool,
    processes: int | None,
    engine: str | None,
    second_reader: bool,
    report_file: Path | None,
    trust: tuple[Path, ...],
) -> int:
    """Check collections against their ledgers (all that are held, if none is named), or WARC, ARC and WACZ files.

    Of a collection: each record, each file, the tree, the signature, receipts of time authorities, the texts, the
    index, the catalogue. Keys and roots that you trust lie in CONFIG/trust/, or are named with --trust; no key is
    believed for lying in the archive. Stopped and run again, it hashes the files that it found whole, and does not
    read their records again.

    With --state the ledger says which files were read record by record and found whole; the lock and the signing key
    are needed for that. A later check takes the SHA-256 of such a file and does not read its records again, where the
    statement is under a checkpoint of your own key, or of one that you trust. `--deep` reads everything.

    With --sample the first check goes through files, ledger and signatures, and reads this part of the records. A
    later check goes on from the last that found nothing: it reads what came since, files that are not the same on disk,
    and this part of the statements, records and files from before, chosen by chance. The rest is NOT CHECKED. 100
    leaves nothing out.

    A FILE is checked by itself, whoever made it: every record, every digest, what records say of one another. That
    nothing was changed or taken out, only a ledger can show. Of a signed WACZ file the key, the domain, the names and
    dates of the certificate are reported, and whether a root that you trust leads to it.

    A copy in object storage is named with its store: s3://BUCKET/PREFIX/COLLECTION, or file:///FOLDER/COLLECTION. One
    file at a time is fetched into TMPDIR. What cannot be read there is NOT CHECKED, and no damage.

    With --on every file is a task of its own, and read whatever the ledger says of earlier checks; the report is the
    same. What no worker could read is NOT CHECKED. Stopped and run again, it reads what is missing (`preserve docs
    cluster`).

    Each claim is PASS, FAIL, NOT CHECKED or NOT PROVEN. Without --state nothing is changed; the date and the
    outcome for a collection are noted beside it, for `preserve status`. Status 1: something was found.

    For example: `preserve verify mrkva --sample 5`
    """
    from preserve.cli.actions import verify as actions

    return actions.verify(
        place,
        what=what,
        structure=structure,
        sample=sample,
        deep=deep,
        deepen=deepen,
        state=state,
        processes=processes,
        engine=engine,
        second_reader=second_reader,
        report_file=report_file,
        trust=trust,
    )
