"""``preserve export csv|jsonl|parquet``: everything recovered, as a table."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from preserve.cli.shared.common import EXIT_STATUSES, Place, command_options, counted, say
from preserve.cli.shared.loading import all_layouts, reading
from preserve.cli.shared.output import opened_output
from preserve.errors import UsageError
from preserve.export.tables import TABLES, WRITERS, table_rows
from preserve.replay.recover import CollectionReader
from preserve.replay.stated_texts import TextSource
from preserve.store.catalogue import ShownCable

_FORMS = {"csv": "CSV (RFC 4180)", "jsonl": "JSON Lines", "parquet": "Parquet"}


def table_commands() -> list[click.Command]:
    """A command for each form of table."""
    return [_command(form, title) for form, title in _FORMS.items()]


def _command(form: str, title: str) -> click.Command:
    @click.command(form, short_help=f"Everything recovered, as {title}.", epilog=EXIT_STATUSES)
    @click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The file to write; it is there whole or not at all. [default: stdout]",
    )
    @click.option("--collection", "-c", multiple=True, help="Only this collection. May be given again.")
    @click.option(
        "--table",
        type=click.Choice(list(TABLES)),
        default="texts",
        show_default=True,
        help="texts: a row for each text. references: a row for each cable that an entry of REF cites.",
    )
    @command_options
    def command(place: Place, output: Path | None, collection: tuple[str, ...], table: str) -> int:
        if place.as_json and output is None:
            raise UsageError("--json tells what was written, and needs a file", next_step="Name one with -o FILE.")
        lost: list[str] = []
        with reading(place, collection) as archives, opened_output(output) as out:
            count = WRITERS[form](_rows(archives, place, lost, table), out, TABLES[table])
        for name in lost[:20]:
            say(f"preserve: left out: {name}")
        if lost:
            say("  next: end the run that is not signed yet, or run `preserve verify` to see what is damaged")
        if output is not None:
            place.emit({"file": str(output), "rows": count, "left_out": lost}, f"{output}: {counted(count, 'row')}")
        return 1 if lost else 0

    command.help = (
        f"Write every text that is held as {title}: ids, fields, subject, tags, references, text, checksums, capture, "
        "record and claims, a row each, in the ledger's order. docs/export.md lists the columns. "
        "Status 1: a text could not be read again, or is not signed yet, and was left out."
    )
    return command


def _rows(archives: Sequence[CollectionReader], place: Place, lost: list[str], table: str) -> Iterator[dict[str, Any]]:
    layouts = all_layouts(place)
    for archive in archives:
        if unsigned := archive.ledger.size - archive.log.signed:
            lost.append(f"{archive.paths.name}: {counted(unsigned, 'statement')} under no checkpoint yet")

        def unread(cable: ShownCable, name: str = archive.paths.name) -> None:
            lost.append(f"{name}: {cable.published_id} of record {cable.record.record_id} could not be read again")

        source = TextSource.of(archive.paths, layouts)
        yield from table_rows(source, archive.catalogue, unread, table, size=archive.log.signed)
