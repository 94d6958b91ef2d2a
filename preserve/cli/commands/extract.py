"""``preserve extract``: what may be typed, and its help."""

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
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="jsonl: a line each. parquet: a row each; needs the extra `export`.",
)
@click.option("--layout", "chosen", multiple=True, help="Read by this layout only. May be repeated.")
@click.option("--message", is_flag=True, help="Take the messages apart: every value with its place in text and bytes.")
@click.option("--only-cables", is_flag=True, help="No lines for pages that no layout recognises; they are counted.")
@processes_option
@on_option
@click.option(
    "--config",
    "config_dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="PRESERVE_CONFIG",
    show_envvar=True,
    help="Folder with layouts/. [default: ./config, else ~/.config/preserve, else the one that came with the program]",
)
def extract(  # noqa: PLR0913 - one for each option
    files: tuple[Path | str, ...],
    *,
    config_dir: Path | None,
    output: Path | None,
    form: str,
    chosen: tuple[str, ...],
    message: bool,
    only_cables: bool,
    processes: int | None,
    engine: str | None,
) -> int:
    """Read the cables in FILEs: WARC and ARC files, saved pages, and tables with a cable a row such as cables.csv.

    A JSON line for each cable: its ids, fields, header and text, and three checksums. A page that no layout recognises
    is no cable: its line has the kind "page", and what it shows. docs/export.md lists the columns of the table.

    s3://BUCKET/PREFIX/COLLECTION names the files of a copy in object storage: each is fetched, read if it is the one
    that was sealed, and put away.

    With --on every file is a task of its own, and what is written is the same. Stopped and run again, it reads what is
    missing (`preserve docs cluster`).

    Findings are reported on stderr. Status 1: something could not be read, or a known page shows no whole cable; 7: a
    file was read by no worker, and is named.

    For example: `preserve extract crawl.warc.gz -o cables.jsonl`
    """
    from preserve.cli.actions import extract as actions

    return actions.extract(
        files=files,
        config_dir=config_dir,
        output=output,
        form=form,
        chosen=chosen,
        message=message,
        only_cables=only_cables,
        processes=processes,
        engine=engine,
    )
