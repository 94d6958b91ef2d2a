"""``preserve import``: what may be typed, and its help."""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, command_options
from preserve.cli.shared.engines import processes_option


@click.command("import")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--into", metavar="COLLECTION", help="The collection; made if there is none. [default: the only one held]"
)
@click.option("--damaged", is_flag=True, help="Import damaged files too, with what can be read of them.")
@processes_option
@command_options
def import_files(
    place: Place, files: tuple[Path, ...], *, into: str | None, damaged: bool, processes: int | None
) -> int:
    """Take WARC, ARC and WACZ files into a collection as evidence: wget's, Heritrix's, Browsertrix's, pywb's, warcio's.

    No byte of a file is changed. Every record is stated in the ledger and indexed, texts are extracted, and what the
    file lacked (digests, for one) is reported and stated. Of a package, each WARC file is imported by itself, with the
    package's name and hash.

    A damaged file is refused, unless --damaged is given. Without FILE, an import that was cut short is finished.
    Status 1: a file was refused.

    For example: `preserve import crawl.warc.gz --into crawls`
    """
    from preserve.cli.actions import import_ as actions

    return actions.import_files(place, files=files, into=into, damaged=damaged, processes=processes)
