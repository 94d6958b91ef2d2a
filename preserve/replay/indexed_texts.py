"""What is indexed of a text: what reading its page gives, and what the ledger states of it."""

from dataclasses import dataclass

from preserve.cables.difference import redaction_marks
from preserve.cables.extract import Extraction
from preserve.cables.identity import cable_key
from preserve.replay.searchwords import searchable
from preserve.store.catalogue import ShownCable
from preserve.store.searchindex import Citation, IndexedText


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadText:
    """What reading a page gives for the index; see `IndexedText`. ``printed`` are the fields as printed."""

    subject: str
    origin: str
    classification: str
    tags: tuple[str, ...]
    sent: str | None
    source: str
    printed: tuple[str, ...]
    body: str
    citations: tuple[Citation, ...]


def read_text(text: Extraction) -> ReadText:
    """What is indexed of one text."""
    printed = {name: field.printed for name, field in text.fields.items()}
    head, said = text.head, text.head.headings.subject
    subject = text.title if said is None else said.text
    tags = tuple(tag.meant for tag in head.meant_tags) or tuple(printed.get("tags", "").split())
    line = head.classification_line
    classification = printed.get("classification") or ("" if line is None else line.text)
    return ReadText(
        subject=searchable(" ".join(subject.split())),
        origin=printed.get("origin", ""),
        classification=classification,
        tags=tags,
        sent=None if text.sent is None else text.sent.value,
        source=printed.get("source", ""),
        printed=tuple(printed.values()),
        body=searchable(text.body if not text.header_text else f"{text.header_text}\n{text.body}"),
        citations=_citations(text),
    )


def indexed_text(
    cable: ShownCable, text: ReadText, *, place: int, revisits: tuple[tuple[str, int], ...]
) -> IndexedText:
    """A text with what the ledger states of it. ``place``, ``revisits``: see `IndexedText`."""
    ids = dict.fromkeys((cable.published_id, cable.canonical_id or cable.published_id))
    return IndexedText(
        statement=cable.statement,
        place=place,
        record_id=cable.record.record_id,
        uri=cable.record.uri or "",
        captured=cable.record.date,
        published_id=cable.published_id,
        canonical_id=cable.canonical_id,
        subject=text.subject,
        origin=text.origin,
        classification=text.classification,
        tags=text.tags,
        sent=text.sent,
        source=text.source,
        body_sha256=cable.body_sha256,
        redactions=redaction_marks(text.body),
        head=searchable("\n".join((*ids, *text.printed))),
        body=text.body,
        key=cable_key(cable.canonical_id or cable.published_id),
        reading=f"{cable.extractor} {cable.layout}",
        citations=text.citations,
        revisits=revisits,
    )


def _citations(text: Extraction) -> tuple[Citation, ...]:
    """What a cable's list of references cites, entry by entry."""
    return tuple(
        Citation(
            entry=number,
            enumerator=entry.enumerator,
            printed=entry.text,
            cited=one.id,
            key=cable_key(one.id),
            certain=one.certain,
            year_is_assumed=one.year_is_assumed,
            rules="; ".join(one.rules),
        )
        for number, (entry, cited) in enumerate(zip(text.head.headings.refs, text.cited, strict=True), 1)
        for one in cited
    )
