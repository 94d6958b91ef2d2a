"""``preserve cite``: a citation of a captured cable or page, whole or of a passage."""

import json
import sys
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path

import click

from preserve.cables.extract import Extraction
from preserve.citation.cite import cite as make_citation
from preserve.citation.forms import FORMS, write
from preserve.citation.passage import Passage
from preserve.citation.quotes import find_passage
from preserve.cli.shared.clipboard import copy as copy_to_clipboard
from preserve.cli.shared.common import Place, command_options, json_text, say
from preserve.cli.shared.loading import public_url, reading
from preserve.cli.shared.output import file_fault
from preserve.errors import NotHeldError, UsageError
from preserve.formats.citations.csl import to_csl_json
from preserve.formats.citations.data import CitationData
from preserve.replay.recover import NOT_SIGNED, find_one, parse_moment
from preserve.replay.since import looks_since
from preserve.store.durable import write_atomic
from preserve.text import clean, terminal_line

# What titles in Persian, Hebrew and Arabic are written with, and no terminal acts upon.
_SHAPING = frozenset("\u200c\u200d\u200e\u200f\u061c")
_JSON_FORMS = frozenset({"csl-json", "annotation"})


@click.command(short_help="Cite a cable or a page.")
@click.argument("cable_or_url", metavar="CABLE-OR-URL")
@click.option(
    "--format",
    "forms",
    type=click.Choice(FORMS),
    multiple=True,
    default=("text",),
    show_default=True,
    help="How the citation is written. May be given again.",
)
@click.option("--at", metavar="TIME", help="Cite the newest capture at or before TIME (UTC).")
@click.option("--collection", "-c", multiple=True, help="Look only in this collection. May be given again.")
@click.option("--quote", help="The words of the passage that is cited.")
@click.option("--paragraph", type=int, help="The number of the paragraph that is cited.")
@click.option("--chars", metavar="A-B", help="The characters that are cited, from 0; B is not among them.")
@click.option("--cut", is_flag=True, help="Cite a capture that is not whole, where no whole one is held.")
@click.option("--accessed", metavar="DATE", help="The day on which you looked at it (2026-11-25). [default: today]")
@click.option("--copy", is_flag=True, help="Put the citation onto the clipboard too.")
@click.option("--capsule", type=click.Path(dir_okay=False, path_type=Path), help="Write the passage's proof here.")
@command_options
def cite(  # noqa: PLR0917 - one for each option
    place: Place,
    cable_or_url: str,
    forms: tuple[str, ...],
    at: str | None,
    collection: tuple[str, ...],
    quote: str | None,
    paragraph: int | None,
    chars: str | None,
    cut: bool,  # noqa: FBT001 - click hands over by keyword
    accessed: str | None,
    copy: bool,  # noqa: FBT001 - click hands over by keyword
    capsule: Path | None,
) -> int:
    """Cite a captured cable (by its id) or page (by its address): what it is, when it was captured, and its hashes.

    A passage is cited with --quote, --paragraph or --chars. A capture that is not whole (cut, a part, or not to be
    decoded) is cited with --cut only, and the citation says what it is.
    """
    day = _day(accessed, datetime.now(UTC).date())
    with reading(place, collection) as archives:
        archive, capture = find_one(archives, cable_or_url, None if at is None else parse_moment(at))
        if not capture.is_signed:
            raise NotHeldError(
                f"{cable_or_url} is held and not signed yet: {NOT_SIGNED}",
                next_step="Run a capture to its end first, then cite it.",
            )
        if capture.lack and not cut:
            raise UsageError(
                f"{cable_or_url}: {capture.lack}; no whole one is held",
                next_step="Capture it again, or give --cut: the citation then says that it is not whole.",
            )
        page = archive.page(capture)
        extraction = archive.cable(page, cable_or_url)
        if extraction is None and "://" not in cable_or_url:
            raise NotHeldError(
                f"{cable_or_url} is held, but no cable is recognised on it", next_step="Cite it by its address."
            )
        passage = None
        if capsule is not None or (quote, paragraph, chars) != (None, None, None):
            passage = find_passage(_cable(extraction), quote=quote, paragraph=paragraph, chars=_span(chars))
        data = make_citation(
            archive, page, extraction, passage, public_url=public_url(place, archive.paths.name), accessed=day
        )
        texts = {form: write(data, form, passage) for form in forms}
        later = looks_since(archive.catalogue, capture.url)
        if capsule is not None and passage is not None:
            # The capsule says what the log says: nothing of today, nothing of where the copy can be seen.
            from preserve.citation.capsule.build import build_capsule  # noqa: PLC0415 - half as much again to load

            item = to_csl_json(replace(data, public_url="", accessed="", date_doubt=""))
            made = build_capsule(archive, capture, _cable(extraction), passage, item)
            _write(capsule, made.data)
            for each in made.left_out:
                click.echo(f"not in the capsule: {terminal_line(each, 300)}", err=True)
    if capture.dated.doubt:
        say(f"preserve: captured {capture.row.date}: {capture.dated.doubt}")
    if later is not None:
        say(f"preserve: {later.url}: later looks: {later.words}")
    shown = {form: _safe(form, text) for form, text in texts.items()}
    answer = {**_answer(data, shown, passage), "later": None if later is None else asdict(later)}
    sys.stdout.write(json_text(answer) if place.as_json else "\n".join(shown.values()))
    if copy:
        sys.stdout.flush()
        copy_to_clipboard("\n".join(shown.values()))
    return 0


def _answer(data: CitationData, texts: dict[str, str], passage: Passage | None) -> dict[str, object]:
    answer: dict[str, object] = {"csl": to_csl_json(data), "forms": texts}
    if passage is not None:
        answer["passage"] = {
            name: getattr(passage, name)
            for name in (
                "exact",
                "start",
                "end",
                "byte_start",
                "byte_end",
                "paragraph",
                "portion_mark",
                "folded_blanks",
                "page_lines",
            )
        }
    return answer


def _safe(form: str, text: str) -> str:
    if form in _JSON_FORMS:
        return json_text(json.loads(text))
    return "".join(sign if sign in _SHAPING else clean(sign) for sign in text)


def _cable(extraction: Extraction | None) -> Extraction:
    if extraction is None:
        raise UsageError(
            "no cable is recognised on the page, and only passages of cables are cited",
            next_step="Cite the page as a whole.",
        )
    return extraction


def _day(accessed: str | None, today: date) -> str:
    if accessed is None:
        return today.isoformat()
    try:
        return datetime.strptime(accessed, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        raise UsageError(f"{accessed[:80]!r} is no day", next_step="Write --accessed 2026-11-25.") from None


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
        raise file_fault(path, error) from error
