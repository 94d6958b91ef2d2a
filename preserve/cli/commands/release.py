"""``preserve release``: what may be typed, and its help."""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, command_options
from preserve.cli.shared.engines import processes_option


@click.group()
def release() -> None:
    """Declare releases of sources. `preserve releases` lists them, with what pages claim.

    For example: `preserve release add cablebrowser-2 --released 2011-10-04`
    """


@release.command("add", short_help="Declare a release.")
@click.argument("name")
@click.option("--title", help="A few words: what was released.")
@click.option("--publisher", default="", help="Who published it.")
@click.option("--released", metavar="DATE", help="When, as precisely as it is known: 2011, 2011-10, 2011-10-04.")
@click.option("--counter", type=click.IntRange(0), help="The number of cables in it.")
@click.option("--source", "sources", multiple=True, help="What pages print as their source. May be repeated.")
@click.option("--known-from", multiple=True, help="What it is known from. May be repeated.")
@click.option("--note", default="", help="What else a reader must know.")
@click.option("--into", metavar="COLLECTION", help="State it in this collection's ledger as well.")
@command_options
def add(  # noqa: PLR0913 - one for each option
    place: Place,
    name: str,
    *,
    title: str | None,
    publisher: str,
    released: str | None,
    counter: int | None,
    sources: tuple[str, ...],
    known_from: tuple[str, ...],
    note: str,
    into: str | None,
) -> int:
    """Declare the release NAME: write releases/NAME.yaml in the folder of configuration.

    With --into it is also stated in a collection's ledger, so that whoever holds the archive has it. A release that is
    declared already is stated as it is; its file is for you to edit, and never written over.

    For example: `preserve release add cablebrowser-2 --released 2011-10-04`
    """
    from preserve.cli.actions import release as actions

    return actions.add(
        place,
        name=name,
        title=title,
        publisher=publisher,
        released=released,
        counter=counter,
        sources=sources,
        known_from=known_from,
        note=note,
        into=into,
    )


@release.command("import", short_help="Take a dump in as a release.")
@click.argument("dump", type=click.Path(path_type=Path))
@click.option("--into", required=True, metavar="COLLECTION", help="The collection; made if there is none.")
@click.option("--release", "name", required=True, metavar="NAME", help="The declared release that it is.")
@processes_option
@command_options
def import_dump(place: Place, dump: Path, *, into: str, name: str, processes: int | None) -> int:
    """Take DUMP, a table with a cable a row such as cables.csv, into a collection: every row is kept as evidence.

    Each row's bytes are one record; all records in order give the dump back to the byte. Run again, it finishes what
    was cut short, and changes nothing where the dump is held.

    Status 1: rows cannot be read as cables; they are kept, and counted.

    For example: `preserve release import c.csv --into dumps --release full`
    """
    from preserve.cli.actions import release as actions

    return actions.import_dump(place, dump=dump, into=into, name=name, processes=processes)
