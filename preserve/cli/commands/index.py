"""``preserve index``: what may be typed, and its help."""

from pathlib import Path

import click

from preserve.cli.shared.common import PathOrStore
from preserve.cli.shared.engines import on_option, processes_option


@click.command()
@click.argument("files", nargs=-1, required=True, type=PathOrStore(path_type=Path, dir_okay=False), metavar="FILE...")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write it here, in place of what is there; - is stdout. [default: -]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["cdxj", "parquet"]),
    default="cdxj",
    show_default=True,
    help="cdxj: lines for replayers. parquet: the same as a table, in the columns of Common Crawl's index.",
)
@processes_option
@on_option
def index(
    files: tuple[Path | str, ...], *, output: Path | None, form: str, processes: int | None, engine: str | None
) -> int:
    """Make an index, sorted, of WARC and ARC files, whoever made them: for pywb and other replayers, or as a table.

    A line is what cdxj-indexer writes for a response, a revisit or a resource with an http or https address. Records
    that were compressed several in one piece cannot be replayed from their place, and are left out.

    docs/export.md lists the columns of the table, which needs the extra `export`; `preserve export parquet --table
    index` writes that of a collection, without reading its files.

    s3://BUCKET/PREFIX/COLLECTION names the files of a copy in object storage: each is fetched, read if it is the one
    that was sealed, and put away.

    With --on every file is a task of its own, and the index is the same. Stopped and run again, it reads what is
    missing (`preserve docs cluster`).

    What is damaged is reported on stderr, and the rest is indexed. Status 1: something was damaged; 7: a file was read
    by no worker, and is named.

    For example: `preserve index *.warc.gz -o index.cdxj`
    """
    from preserve.cli.actions import index as actions

    return actions.index(files=files, output=output, form=form, processes=processes, engine=engine)
