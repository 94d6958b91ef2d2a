"""``preserve check``: what may be typed, and its help."""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, command_options
from preserve.cli.shared.trusting import trust_option


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--collection", "-c", multiple=True, help="Of documents: look only in this collection. May be repeated.")
@click.option(
    "--live",
    is_flag=True,
    help="Of documents: ask for the original pages too. One failure does not say that a page is gone.",
)
@click.option(
    "--delay",
    "delay_s",
    type=click.FloatRange(0, 3600),
    default=2.0,
    show_default=True,
    help="Seconds between two requests.",
)
@click.option(
    "--write",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the one document back with its copies named: HTML, Markdown, LaTeX or BibTeX.",
)
@trust_option
@command_options
def check(
    place: Place,
    files: tuple[Path, ...],
    collection: tuple[str, ...],
    *,
    live: bool,
    delay_s: float,
    write: Path | None,
    trust: tuple[Path, ...],
) -> int:
    """Check each of FILES: every claim that it makes, with a verdict. Status 1: one of them is FAIL, or a
    log is signed by no key that you trust.

    A capsule is checked without network and without any archive. A document (.bib .ris .json .rdf .tex .md .html .docx
    .odt .epub .pdf .txt) is held against the archives: is what it cites held, does what it quotes stand there, has the
    page changed since. Where you name keys of logs (--trust, CONFIG/trust/), only what is signed by one of them is
    believed; where you name none, the keys by which a log is known here count.

    For example: `preserve check article.docx --live`
    """
    from preserve.cli.actions import check as actions

    return actions.check(
        place, files=files, collection=collection, live=live, delay_s=delay_s, write=write, trust=trust
    )
