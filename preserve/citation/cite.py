"""One capture as the values of a citation: what it is, which bytes, where in the ledger they stand.

Tested by ``tests/scenarios/test_cite.py``.
"""

from preserve.cables.extract import Extraction
from preserve.cables.page.titles import page_title
from preserve.citation.capsule.check_capsule import without_password
from preserve.citation.passage import Passage
from preserve.citation.public_copies import public_copy
from preserve.config.arks import ark_of
from preserve.errors import FormatError, NotHeldError
from preserve.formats.citations.collections import CollectionCitation
from preserve.formats.citations.data import CitationData
from preserve.formats.tlog.files import Checkpoint
from preserve.provenance.describe import HTML_TYPES
from preserve.provenance.statements import ArchiveStatement, RunStatement, decode
from preserve.replay.recover import Capture, CollectionReader, RecoveredPage
from preserve.replay.since import other_addresses

_GONE = frozenset({404, 410})
_LAST_STATEMENTS = 1000
"""Statements among which the newest run is looked for: behind its own stand only receipts and the like."""


def cite(
    archive: CollectionReader,
    page: RecoveredPage,
    extraction: Extraction | None,
    passage: Passage | None = None,
    *,
    public_url: str = "",
    ark: str = "",
    accessed: str = "",
    is_long: bool = False,
) -> CitationData:
    """The citation of a page as this capture shows it: of its cable, or, where it has none, of the page itself.

    What the page says of its source is its claim. A page's title is its ``title`` element, and nothing else.
    ``ark``: what the collection's ARKs begin with. ``accessed`` is a day (``YYYY-MM-DD``); ``is_long``: all that
    proves the copy is printed. ``public_url``: where the collection's public replay begins.

    Raises:
        FormatError: the capture's date cannot be read.
    """
    checkpoint = _checkpoint(archive)
    capture = page.capture
    row = capture.row
    return CitationData(
        identifier="" if extraction is None else extraction.published_id,
        title=_page_title(page) if extraction is None else cable_title(extraction),
        origin=printed(extraction, "origin"),
        created=created(extraction),
        source=printed(extraction, "source"),
        source_released=printed(extraction, "source_released"),
        url=without_password(capture.url),
        second_hand=capture.second_hand,
        whole=capture.source.whole or "whole",
        in_its_place=capture.in_its_place,
        date_doubt=capture.dated.doubt,
        hidden_until_opened=extraction is not None and extraction.hidden_until_opened,
        captured=row.date,
        accessed=accessed,
        archive=checkpoint.origin if checkpoint is not None else archive.paths.name,
        archived_url=public_copy(archive, capture, public_url),
        ark=ark_of(ark, row.record_id),
        tags=tags(extraction),
        is_long=is_long,
        record_id=row.record_id,
        record_sha256=row.record_sha256,
        payload_sha256=capture.source.payload_sha256 or "",
        body_sha256=_text_sha256(archive, page, extraction),
        statement=row.statement_index,
        checkpoint_size=checkpoint.size if checkpoint is not None and checkpoint.size > row.statement_index else 0,
        moved=tuple((one.way, without_password(one.other)) for one in other_addresses(archive, capture.url)),
        url_status=_url_status(archive, capture),
        passage="" if passage is None else place_of(passage),
        quote="" if passage is None else passage.exact,
    )


def cite_collection(
    archive: CollectionReader, *, title: str = "", public_url: str = "", accessed: str = ""
) -> CollectionCitation:
    """The citation of a collection as it is at its newest checkpoint.

    Raises:
        NotHeldError: it has none yet.
    """
    checkpoint = _checkpoint(archive)
    if checkpoint is None or not checkpoint.size:
        raise NotHeldError(
            f"the log of {archive.paths.name} has no checkpoint yet", next_step="Run a capture to its end first."
        )
    begun = decode(next(data for _index, data in archive.ledger.raw(0)))
    return CollectionCitation(
        name=archive.paths.name,
        title=title,
        archive=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root,
        first=begun.created[:10] if isinstance(begun, ArchiveStatement) else "",
        last=_last_run(archive, checkpoint.size),
        public_url=public_url,
        accessed=accessed,
    )


def _last_run(archive: CollectionReader, size: int) -> str:
    """The day on which the newest run under a checkpoint ended; empty where none is among the last statements."""
    found = ""
    for index, data in archive.ledger.raw(max(0, size - _LAST_STATEMENTS)):
        if index >= size:
            break
        said = decode(data)
        if isinstance(said, RunStatement):
            found = said.ended[:10]
    return found


def cable_title(extraction: Extraction) -> str:
    """The title that a citation of a cable has: its subject, else what the page calls it."""
    subject = extraction.message.subject
    return extraction.title if subject is None else subject.text


def tags(extraction: Extraction | None) -> tuple[str, ...]:
    """What the tags of a cable mean, each once; where its message has none, those that the page prints."""
    if extraction is None:
        return ()
    meant = [tag.meant for tag in extraction.message.meant_tags] or printed(extraction, "tags").split()
    return tuple(dict.fromkeys(meant))


def _page_title(page: RecoveredPage) -> str:
    return page_title(page.content, page.content_type) if page.media_type in HTML_TYPES else ""


def _text_sha256(archive: CollectionReader, page: RecoveredPage, extraction: Extraction | None) -> str:
    if extraction is not None:
        return extraction.body_sha256
    plain = archive.plain(page)
    return "" if plain is None else plain.body_sha256


def _url_status(archive: CollectionReader, capture: Capture) -> str:
    """What the newest capture says of the address; empty where it says neither."""
    row = next(archive.catalogue.newest_of_url(capture.url), None)
    if row is None:
        return ""
    last = archive.capture(row)
    if last.is_full:
        return "live"
    return "dead" if last.source.status in _GONE else ""


def place_of(passage: Passage) -> str:
    """Where a passage stands, in words."""
    paragraph = "" if passage.paragraph is None else f"paragraph {passage.paragraph}"
    mark = f" {passage.portion_mark}" if passage.portion_mark and paragraph else ""
    return f"{paragraph}{mark}{', ' if paragraph else ''}characters {passage.start} to {passage.end} of the text"


def printed(extraction: Extraction | None, name: str) -> str:
    """A field as the page prints it; empty where it is not there."""
    field = None if extraction is None else extraction.fields.get(name)
    return "" if field is None else field.printed


def created(extraction: Extraction | None) -> str:
    """The document's date with no more precision than is known: the printed minutes of some layouts are not real."""
    field = None if extraction is None else extraction.fields.get("created")
    if field is None:
        return ""
    if field.value is None:
        return field.printed
    return field.value[:10] if field.precision == "hour" else field.value.replace("T", " ")


def _checkpoint(archive: CollectionReader) -> Checkpoint | None:
    try:
        return archive.ledger.last_checkpoint()
    except FormatError:
        return None
