"""``preserve index``: what may be typed, and its help."""

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
@click.option(
    "--processes", type=click.IntRange(1, 64), help="How many processes read records. [default: one a processor]"
)
def index(files: tuple[Path, ...], *, output: Path | None, processes: int | None) -> int:
    """Make a CDXJ index, sorted, of WARC and ARC files, whoever made them: for pywb and other replayers.

    A line is what cdxj-indexer writes for a response, a revisit or a resource with an http or https address. Records
    that were compressed several in one piece cannot be replayed from their place, and are left out.

    What is damaged is reported on stderr, and the rest is indexed. Status 1: something was damaged.
    """
    from preserve.cli.actions import index as actions

    return actions.index(files=files, output=output, processes=processes)
