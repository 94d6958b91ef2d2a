"""Citations of a cable or a paragraph in every form, and the capsule that proves a passage.

Tested by ``tests/scenarios/test_desk.py``.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from preserve.citation.capsule.build import build_capsule, citation_item
from preserve.citation.cite import cite
from preserve.citation.forms import FORMS, available, write
from preserve.citation.passage import Passage
from preserve.citation.quotable import of_cable
from preserve.citation.quotes import find_passage
from preserve.errors import EnvironmentFaultError, NotHeldError, UsageError
from preserve.formats.citations.csl import to_csl_json
from preserve.formats.citations.data import CitationData
from preserve.replay.recover import NOT_SIGNED
from preserve.web.library import Shelf
from preserve.web.metadata import CSL_TYPE, fixed_path, links_back
from preserve.web.pages.cable import find_cable
from preserve.web.responses import DeskPage, File, Link, path_of
from preserve.web.routing import DeskRequest
from preserve.web.seen import SeenCable

_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "ris": ("application/x-research-info-systems", "ris"),
    "bibtex": ("application/x-bibtex", "bib"),
    "biblatex": ("application/x-bibtex", "bib"),
    "csl-json": (CSL_TYPE, "json"),
    "annotation": ("application/ld+json", "json"),
}
_SHOWN: Final = ("text", "chicago-notes", "bibtex", "ris", "csl-json", "wikitext", "markdown", "pwid")
_MOST_QUOTED: Final = 4_000


def _cited(shelf: Shelf, asked: DeskRequest) -> tuple[SeenCable, CitationData, Passage | None]:
    """What is cited.

    Raises:
        NotHeldError: it is not signed yet, or has no such passage.
        UsageError: the passage stands in more than one place.
    """
    seen = find_cable(shelf, asked.rest[0], asked.first("at") or None)
    if not seen.capture.is_signed:
        raise NotHeldError(f"{seen.published_id} is held and not signed yet: {NOT_SIGNED}")
    quote, paragraph = asked.first("quote")[:_MOST_QUOTED] or None, asked.first("paragraph") or None
    passage = None
    if quote is not None or paragraph is not None:
        passage = find_passage(of_cable(seen.extraction), quote=quote, paragraph=paragraph)
    data = cite(
        seen.archive,
        seen.page,
        seen.extraction,
        passage,
        public_url=shelf.settings.replay_urls.get(seen.capture.collection, ""),
        ark=shelf.settings.arks.get(seen.capture.collection, ""),
        accessed=datetime.now(UTC).date().isoformat(),
    )
    return seen, data, passage


def cite_page(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """The forms of a citation on one page, to copy from, with links to each as a file."""
    seen, data, passage = _cited(shelf, asked)
    forms = {}
    for form in _SHOWN:
        # Styles of journals need a library that not everybody has.
        with suppress(EnvironmentFaultError):
            forms[form] = write(data, form, passage).strip()
    name = seen.published_id
    named = {key: value for key in ("at", "paragraph", "quote") if (value := asked.first(key))}
    paragraphs = [one.number.text for one in seen.extraction.message.paragraphs]
    return DeskPage(
        template="cite.html",
        title=f"Cite {name}",
        data={"cable": name, "csl": to_csl_json(data), "forms": forms},
        context={
            "name": name,
            "forms": forms,
            "all_forms": available(data, passage),
            "named": named,
            "passage": passage,
            "paragraphs": list(dict.fromkeys(paragraphs)),
            "fixed": fixed_path(seen),
            "asked": asked,
        },
        is_indexed=False,
        twin=path_of("cable", name, "cite.json", **named),
        links=(Link("cite-as", fixed_path(seen)),),
    )


def citation(shelf: Shelf, asked: DeskRequest) -> File:
    """A citation in one form."""
    form = asked.rest[1]
    if form not in FORMS:
        raise NotHeldError(f"there is no form {form[:40]!r} of a citation", next_step=f"There are {', '.join(FORMS)}.")
    seen, data, passage = _cited(shelf, asked)
    media_type, ending = _TYPES.get(form, ("text/plain; charset=utf-8", "txt"))
    return File(
        body=write(data, form, passage).encode("utf-8", "replace"),
        media_type=media_type,
        name=f"{seen.published_id}-{form}.{ending}" if form in _TYPES else "",
        links=links_back("describes", seen.published_id),
    )


def capsule(shelf: Shelf, asked: DeskRequest) -> File:
    """The proof of a passage as one file, which checks itself without this program."""
    seen, data, passage = _cited(shelf, asked)
    if passage is None:
        raise UsageError("a capsule proves a passage", next_step="Choose a paragraph, or give the words of a quote.")
    made = build_capsule(
        seen.archive,
        seen.capture,
        text=of_cable(seen.extraction),
        extraction=seen.extraction,
        passage=passage,
        citation=citation_item(data),
    )
    return File(body=made.data, media_type="application/zip", name=f"{seen.published_id}-capsule.zip")
