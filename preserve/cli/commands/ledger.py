"""``preserve ledger``: what may be typed, and its help.

Tested by ``tests/scenarios/test_ledger_commands.py``.
"""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, command_options
from preserve.cli.shared.tables import TableShape, table_options
from preserve.cli.shared.trusting import trust_option


@click.group()
def ledger() -> None:
    """Look into a collection's log, prove what is in it, check that nothing before a checkpoint changed.

    For example: `preserve ledger log mrkva --count 20`
    """


@ledger.command(short_help="List statements.")
@click.argument("collection")
@click.option("--from", "first", type=click.IntRange(0), default=0, show_default=True, help="First statement.")
@click.option("--count", type=click.IntRange(1), help="How many; by default all.")
@command_options
@table_options({"statement": "", "kind": "", "about": "what it is about"})
def log(place: Place, collection: str, first: int, count: int | None, *, shape: TableShape) -> int:
    """List the statements of COLLECTION: number, kind, and what each is about.

    With --json: JSON Lines, each statement as it is in the ledger, and not one document.

    For example: `preserve ledger log mrkva --from 100 --count 20`
    """
    from preserve.cli.actions import ledger as actions

    return actions.log(place, collection=collection, first=first, count=count, shape=shape)


@ledger.command(short_help="Prove that a record is in the log.")
@click.argument("collection")
@click.argument("record")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the proof here, not to stdout.")
@click.option(
    "--entry", "entry_to", type=click.Path(dir_okay=False, path_type=Path), help="Write the statement's bytes here."
)
@command_options
def prove(place: Place, collection: str, record: str, out: Path | None, entry_to: Path | None) -> int:
    """Write a proof (c2sp.org/tlog-proof@v1) that the statement of RECORD is under the newest checkpoint.

    RECORD is a record's id, or the number of a statement. Whoever has the statement's bytes, the proof and the log's
    public key can check it without the archive: docs/check-a-record.md.

    For example: `preserve ledger prove mrkva 17 --out proof --entry statement`
    """
    from preserve.cli.actions import ledger as actions

    return actions.prove(place, collection=collection, record=record, out=out, entry_to=entry_to)


@ledger.command(short_help="Check that nothing before a checkpoint changed.")
@click.argument("collection")
@click.argument("older", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--entry", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The bytes of a statement.")
@trust_option
@command_options
def check(place: Place, collection: str, older: Path, entry: Path | None, trust: tuple[Path, ...]) -> int:
    """Prove that the log of COLLECTION is what it was at an older checkpoint, with more behind it.

    OLDER is a checkpoint that you kept, or a proof with one in it; with --entry, the statement's place under it is
    checked as well. Status 1: it is not so.

    For example: `preserve ledger check mrkva checkpoint-2025`
    """
    from preserve.cli.actions import ledger as actions

    return actions.check(place, collection=collection, older=older, entry=entry, trust=trust)


@ledger.command(short_help="Vouch for the log as a witness.")
@click.argument("collection")
@click.option("--name", required=True, help="The witness's name, such as example.org/witness.")
@command_options
def witness(place: Place, collection: str, name: str) -> int:
    """Sign the newest checkpoint of COLLECTION as a witness, after proving that the log only grew since the last time.

    The witness's key and the last checkpoint that it saw lie with the keys, outside the archive. A witness signs with a
    time (C2SP tlog-cosignature); give its public key to those who check.

    For example: `preserve ledger witness mrkva --name example.org/witness`
    """
    from preserve.cli.actions import ledger as actions

    return actions.witness(place, collection=collection, name=name)


@ledger.command(short_help="Ask time authorities for receipts.")
@click.argument("collection")
@command_options
def stamp(place: Place, collection: str) -> int:
    """Ask the collection's time authorities for receipts of the newest checkpoint, as a capture does at its end.

    Status 1: one gave none.

    For example: `preserve ledger stamp mrkva`
    """
    from preserve.cli.actions import ledger as actions

    return actions.stamp(place, collection=collection)


@ledger.command(short_help="Accept that a log is not the one known.")
@click.argument("collection")
@click.option("--lost", is_flag=True, help="Its newest part is lost for good: begin a new log that follows it.")
@click.option("--replaced", is_flag=True, help="You put another archive, or another state of it, there yourself.")
@command_options
def accept(place: Place, collection: str, *, lost: bool, replaced: bool) -> int:
    """Go on with COLLECTION although its log is not what is known of it. `preserve verify` says what is wrong.

    --lost: the log was rolled back, and no copy has its newest part (`preserve repair COLLECTION --from REPLICA` takes
    it from one). One key never signs two histories, so a new log begins with a new key: its first statement names the
    old log, and all that is left of it is stated again. The old ledger is kept in ledger-before/.

    --replaced: what lies in this folder now is known from now on. Nothing is written to it, and a fork stays one.

    For example: `preserve ledger accept mrkva --lost`
    """
    from preserve.cli.actions import ledger as actions

    return actions.accept(place, collection=collection, lost=lost, replaced=replaced)
