"""``preserve export``: what may be typed, and its help.

Tested by ``tests/scenarios/test_export_provenance.py``.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from preserve.cli.shared.common import Place, command_options
from preserve.cli.shared.engines import on_option
from preserve.cli.shared.record_filters import document_filters

if TYPE_CHECKING:
    from preserve.store.searchindex import Filters

_FORMS = {"csv": "CSV (RFC 4180)", "jsonl": "JSON Lines", "parquet": "Parquet"}
_TABLES = ("texts", "references", "index")
_SUBJECT = click.argument("subject", metavar="[ID-OR-URL]", required=False)
_COLLECTION = click.option(
    "--collection", "-c", multiple=True, help="Only this collection; all of it where no id or address is named."
)
_OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; it is there whole or not at all. [default: stdout]",
)


@click.group()
def export() -> None:
    """Hand everything recovered to other programs.

    For example: `preserve export csv -o cables.csv`
    """


def _command(form: str, title: str) -> click.Command:
    @click.command(form, short_help=f"Everything recovered, as {title}.")
    @click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
        help="The file to write, there whole or not at all; - is stdout. [default: -]",
    )
    @click.option("--collection", "-c", multiple=True, help="Only this collection. May be repeated.")
    @click.option(
        "--table",
        type=click.Choice(_TABLES),
        default="texts",
        show_default=True,
        help="texts: a row for each text. references: a row for each cable that an entry of REF cites. index: a row "
        "for each capture, in the columns of Common Crawl's index.",
    )
    @on_option
    @command_options
    def command(
        place: Place, output: Path | None, collection: tuple[str, ...], *, table: str, engine: str | None
    ) -> int:
        from preserve.cli.actions import export as actions

        return actions.table(place, form=form, output=output, collection=collection, kind=table, engine=engine)

    command.help = (
        f"Write every text that is held as {title}: ids, fields, subject, tags, references, text, checksums, capture, "
        "record and claims, a row each, in the ledger's order; with --table, another table.\n\n"
        "docs/export.md lists the columns. What config/blocked.yaml names is left out. With --on every file is a task "
        "of its own, and the table is the same (`preserve docs cluster`).\n\n"
        "Status 1: a text could not be read again, or is not signed yet, and was left out; 7: a file was read by no "
        "worker, and its texts were left out.\n\n"
        f"For example: `preserve export {form} -o cables.{form}`"
    )
    return command


for _form, _title in _FORMS.items():
    export.add_command(_command(_form, _title))


@export.command(short_help="Provenance as W3C PROV.")
@_SUBJECT
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "n", "turtle"]),
    default="json",
    show_default=True,
    help="PROV-JSON, PROV-N, or PROV-O in Turtle.",
)
@_OUTPUT
@_COLLECTION
@command_options
def prov(place: Place, subject: str | None, form: str, output: Path | None, collection: tuple[str, ...]) -> int:
    """Write where a cable or a page comes from as W3C PROV.

    Pages, captures, records, texts, the runs and repairs behind them, the checkpoint over them and its receipts. What a
    page printed stands apart as its claims. Needs the extra `export`.

    For example: `preserve export prov 05ALMATY342 --format turtle`
    """
    from preserve.cli.actions import export as actions

    return actions.prov(place, subject=subject, form=form, output=output, collection=collection)


@export.command(short_help="Provenance as PREMIS 3 XML.")
@_SUBJECT
@_OUTPUT
@_COLLECTION
@command_options
def premis(place: Place, subject: str | None, output: Path | None, collection: tuple[str, ...]) -> int:
    """Write where a cable or a page comes from as PREMIS 3.0 XML.

    Files, captures and texts as objects, what was done to them as events, programs and time authorities as agents.

    For example: `preserve export premis -c mrkva -o mrkva.xml`
    """
    from preserve.cli.actions import export as actions

    return actions.premis(place, subject=subject, output=output, collection=collection)


@export.command("ro-crate", short_help="Captures, texts and proofs as an RO-Crate.")
@_SUBJECT
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="The folder to make, or a file that ends in .zip; it is there whole or not at all.",
)
@_COLLECTION
@command_options
def ro_crate(place: Place, subject: str | None, output: Path, collection: tuple[str, ...]) -> int:
    """Write captures, the texts on them and what proves them as an RO-Crate 1.1, for a deposit.

    Each record as a WARC file of its own, each text as a file, statements with proofs of inclusion, the checkpoint,
    receipts, and PREMIS. Status 1: a record or text could not be read again and was left out.

    For example: `preserve export ro-crate 05ALMATY342 -o cable.zip`
    """
    from preserve.cli.actions import export as actions

    return actions.ro_crate(place, subject=subject, output=output, collection=collection)


@export.command(short_help="Captures that replay in a browser, as WACZ.")
@click.argument("collection")
@document_filters
@click.option("--search", "words", default="", metavar="WORDS", help="Only pages of cables with these words in them.")
@click.option("--title", default="", help="What the package is called. [default: the collection's title]")
@click.option("--unsigned", is_flag=True, help="Do not sign it, though there is a key.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    required=True,
    help="The file to write, there whole or not at all; - is stdout.",
)
@command_options
def wacz(
    place: Place,
    collection: str,
    *,
    filters: "Filters",
    words: str,
    title: str,
    unsigned: bool,
    output: Path,
) -> int:
    """Write COLLECTION as a WACZ package: it replays in ReplayWeb.page and pywb, and holds what proves it.

    WARC files, index, the list of pages with titles and texts; ledger, checkpoint, receipts and a checker. With
    filters or --search only the pages of cables that are found, with the style sheets and pictures of all pages. The
    same archive and options give the same bytes. What config/blocked.yaml names is left out. `preserve key wacz` makes
    the key that signs it.

    Status 1: something is under no checkpoint yet, and was left out.

    For example: `preserve export wacz mrkva --search harbour -o harbour.wacz`
    """
    from preserve.cli.actions import export_packages as actions

    return actions.wacz(
        place, collection=collection, filters=filters, words=words, title=title, unsigned=unsigned, output=output
    )


@export.command(short_help="A collection as a bag, for a transfer.")
@click.argument("collection")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="The folder to make; it is there whole or not at all.",
)
@click.option("--organization", default="", help="Who hands it over: Source-Organization in bag-info.txt.")
@command_options
def bag(place: Place, collection: str, *, output: Path, organization: str) -> int:
    """Write COLLECTION as a bag (BagIt 1.0, RFC 8493), to hand it over to another archive.

    In data/ lies a copy as `preserve replicate` makes it: all that the checkpoint covers, each file held against the
    ledger, a collection that `preserve` and pywb open as it is. Stopped and run again, it goes on. It is a copy:
    nothing that blocked.yaml names is left out.

    For example: `preserve export bag mrkva -o mrkva-bag`
    """
    from preserve.cli.actions import export_packages as actions

    return actions.bag(place, collection=collection, output=output, organization=organization)


@export.command(short_help="Metadata of a collection, as DataCite.")
@click.argument("collection")
@click.option("--doi", default="", help="The DOI, where it has one.")
@click.option("--creator", "creators", multiple=True, help="Who made it: 'Family, Given', or an organization.")
@click.option("--publisher", default="", help="Who publishes it.")
@click.option("--rights", default="", help="Under which terms, in a line.")
@click.option("--url", default="", help="Where it can be found.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write. [default: stdout]"
)
@command_options
def datacite(
    place: Place,
    collection: str,
    *,
    doi: str,
    creators: tuple[str, ...],
    publisher: str,
    rights: str,
    url: str,
    output: Path | None,
) -> int:
    """Write what COLLECTION is at its checkpoint as metadata of DataCite 4.6, in JSON.

    Zenodo and others take it for a deposit. The version is the size of the checkpoint, the root of the log an alternate
    identifier. What nobody says stands as :unav or :tba.

    For example: `preserve export datacite mrkva --creator 'Doe, Jane'`
    """
    from preserve.cli.actions import export_packages as actions

    return actions.datacite(
        place,
        collection=collection,
        doi=doi,
        creators=creators,
        publisher=publisher,
        rights=rights,
        url=url,
        output=output,
    )
