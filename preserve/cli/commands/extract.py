"""``preserve extract``: what may be typed, and its help."""

from pathlib import Path

import click


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE...")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it here, in place of what is there. [default: to stdout]",
)
@click.option("--layout", "chosen", multiple=True, help="Read by this layout only. May be given again.")
@click.option("--message", is_flag=True, help="Take the messages apart: every value with its place in text and bytes.")
@click.option("--only-cables", is_flag=True, help="No lines for pages that no layout recognises; they are counted.")
@click.option(
    "--processes", type=click.IntRange(1, 64), help="How many processes read records. [default: one a processor]"
)
@click.option(
    "--config",
    "config_dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="PRESERVE_CONFIG",
    show_envvar=True,
    help="Folder with layouts/. [default: ./config, else the one that came with the program]",
)
def extract(
    files: tuple[Path, ...],
    *,
    config_dir: Path | None,
    output: Path | None,
    chosen: tuple[str, ...],
    message: bool,
    only_cables: bool,
    processes: int | None,
) -> int:
    """Read the cables in FILEs: WARC and ARC files, saved pages, and tables with a cable a row such as cables.csv.

    A JSON line for each cable: its ids, fields, header and text, and three checksums. A page that no layout recognises
    is no cable: its line has the kind "page", and what it shows.

    Findings are reported on stderr. Status 1: something could not be read, or a known page shows no whole cable.
    """
    from preserve.cli.actions import extract as actions

    return actions.extract(
        files=files,
        config_dir=config_dir,
        output=output,
        chosen=chosen,
        message=message,
        only_cables=only_cables,
        processes=processes,
    )
