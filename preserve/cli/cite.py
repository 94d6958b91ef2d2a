"""``preserve cite``: a citation of a captured cable."""

import sys
from pathlib import Path

import click

from preserve.citation.capsule import build_capsule
from preserve.citation.cite import cite as make_citation
from preserve.citation.quotes import find_passage
from preserve.cli.common import Place, clean, command_options, json_text
from preserve.cli.loading import reading
from preserve.errors import EnvironmentFaultError, NotHeldError, UsageError
from preserve.formats.citations import to_bibtex, to_csl_json, to_text
from preserve.replay.recover import find_one, parse_moment
from preserve.store.durable import write_atomic


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
@click.option("--quote", help="The words of the passage that is cited.")
@click.option("--paragraph", type=int, help="The number of the paragraph that is cited.")
@click.option("--chars", metavar="A-B", help="The characters that are cited, from 0; B is not among them.")
@click.option("--capsule", type=click.Path(dir_okay=False, path_type=Path), help="Write the passage's proof here.")
@command_options
def cite(  # noqa: PLR0917 - one for each option
    place: Place,
    cable: str,
    form: str,
    at: str | None,
    collection: tuple[str, ...],
    quote: str | None,
    paragraph: int | None,
    chars: str | None,
    capsule: Path | None,
) -> int:
    """Cite CABLE as a capture shows it: what it is, when and where it was captured, and the hashes that identify it."""
    with reading(place, collection) as archives:
        archive, capture = find_one(archives, cable, None if at is None else parse_moment(at))
        extraction = archive.cable(archive.page(capture), cable)
        if extraction is None:
            raise NotHeldError(f"{cable} is held, but no cable is recognised on it")
        data = make_citation(archive, capture, extraction)
        item = to_csl_json(data)
        if capsule is not None or (quote, paragraph, chars) != (None, None, None):
            passage = find_passage(extraction, quote=quote, paragraph=paragraph, chars=_span(chars))
            if capsule is not None:
                _write(capsule, build_capsule(archive, capture, extraction, passage, item))
    if form == "csl-json" or place.as_json:
        sys.stdout.write(json_text([item]))
    else:
        sys.stdout.write(clean(to_bibtex(data) if form == "bibtex" else to_text(data)))
    return 0


def _span(chars: str | None) -> tuple[int, int] | None:
    if chars is None:
        return None
    first, dash, last = chars.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal() and len(chars) <= 40):  # noqa: PLR2004 - two numbers
        raise UsageError(f"{chars[:80]!r} are no characters", next_step="Write --chars 120-180.")
    return int(first), int(last)


def _write(path: Path, data: bytes) -> None:
    try:
        write_atomic(path, data)
    except OSError as error:
        raise EnvironmentFaultError(f"{path} cannot be written: {error.strerror}") from error
