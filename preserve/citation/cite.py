"""One capture of one cable as the values of a citation: what it is, which bytes, where in the ledger they stand."""

from preserve.cables.extract import Extraction
from preserve.errors import FormatError
from preserve.formats.citations import CitationData
from preserve.formats.tlog import Checkpoint
from preserve.replay.recover import Archive, Capture


def cite(archive: Archive, capture: Capture, extraction: Extraction) -> CitationData:
    """The citation of a cable as this capture shows it. What the page says of its source is its claim.

    Raises:
        FormatError: the capture's date cannot be read.
    """
    checkpoint = _checkpoint(archive)
    row = capture.row
    subject = extraction.message.subject
    return CitationData(
        identifier=extraction.published_id,
        title=extraction.title if subject is None else subject.text,
        origin=_printed(extraction, "origin"),
        created=_created(extraction),
        source=_printed(extraction, "source"),
        source_released=_printed(extraction, "source_released"),
        url=capture.url,
        second_hand=capture.second_hand,
        captured=row.date,
        archive=checkpoint.origin if checkpoint is not None else archive.paths.name,
        record_id=row.record_id,
        record_sha256=row.record_sha256,
        body_sha256=extraction.body_sha256,
        statement=row.statement_index,
        checkpoint_size=checkpoint.size if checkpoint is not None and checkpoint.size > row.statement_index else 0,
    )


def _printed(extraction: Extraction, name: str) -> str:
    field = extraction.fields.get(name)
    return "" if field is None else field.printed


def _created(extraction: Extraction) -> str:
    """The document's date with no more precision than is known: the printed minutes of some layouts are not real."""
    field = extraction.fields.get("created")
    if field is None:
        return ""
    if field.value is None:
        return field.printed
    return field.value[:10] if field.precision == "hour" else field.value.replace("T", " ")


def _checkpoint(archive: Archive) -> Checkpoint | None:
    try:
        return archive.ledger.last_checkpoint()
    except FormatError:
        return None
