"""``preserve cite``: a citation of a captured cable."""

import sys

import click

from preserve.citation.cite import cite as make_citation
from preserve.cli.common import Place, clean, command_options, json_text
from preserve.cli.loading import reading
from preserve.errors import NotHeldError
from preserve.formats.citations import to_bibtex, to_csl_json, to_text
from preserve.replay.recover import find_one, parse_moment


@click.command(short_help="Cite a cable.")
@click.argument("cable")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "bibtex", "csl-json"]),
    default="text",
    show_default=True,
    help="How the citation is written.",
)
@click.option("--at", metavar="TIME", help="Cite the newest capture at or before TIME (UTC).")
@click.option("--collection", "-c", multiple=True, help="Look only in this collection. May be given again.")
@command_options
def cite(place: Place, cable: str, form: str, at: str | None, collection: tuple[str, ...]) -> int:
    """Cite CABLE as a capture shows it: what it is, when and where it was captured, and the hashes that identify it."""
    with reading(place, collection) as archives:
        archive, capture = find_one(archives, cable, None if at is None else parse_moment(at))
        extraction = archive.cable(archive.page(capture), cable)
        if extraction is None:
            raise NotHeldError(f"{cable} is held, but no cable is recognised on it")
        data = make_citation(archive, capture, extraction)
    item = to_csl_json(data)
    if form == "csl-json" or place.as_json:
        sys.stdout.write(json_text([item]))
    else:
        sys.stdout.write(clean(to_bibtex(data) if form == "bibtex" else to_text(data)))
    return 0
