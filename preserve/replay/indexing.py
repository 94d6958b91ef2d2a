"""The search index filled: what the ledger names and the index lacks is read again from the records and taken in.

It goes on where it was stopped. One that cannot be used, or that goes further than the ledger, is made anew.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from preserve.cables.extract import Extraction
from preserve.cables.identity import cable_key
from preserve.cables.page.layouts import Layout
from preserve.errors import BrokenStateError
from preserve.model import NOT_WHOLE
from preserve.provenance.derive import catch_up
from preserve.provenance.ledger import Ledger
from preserve.provenance.proved import ProvedLog
from preserve.replay.searchwords import searchable
from preserve.replay.stated_texts import TextSource, read_again
from preserve.replay.times import Times
from preserve.store.catalogue import Catalogue, ShownCable
from preserve.store.durable import Lock, remove_database
from preserve.store.layout import CollectionPaths
from preserve.store.searchindex import Citation, IndexedText, SearchIndex

_TEXTS_A_STEP = 2_000
_OPTIMISE_FROM = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFill:
    """What was done: ``added`` texts read, ``unread`` of all that could not be; ``made_anew`` says why, or is empty."""

    added: int
    unread: int
    made_anew: str = ""


def update_search(
    paths: CollectionPaths,
    secret: bytes | None,
    layouts: Callable[[], Mapping[str, Layout]],
    progress: Callable[[str, int], object] = lambda _subject, _done: None,
) -> IndexFill:
    """Takes the lock, and brings catalogue and search index up to the ledger.

    Stopped half way, the next call goes on. ``secret``: the installation's, that vouches for the rows. ``layouts`` is
    called only where something has to be read.

    Raises:
        LockedError: another process writes to the collection.
        EnvironmentFaultError: nothing can be written there.
    """
    with Lock(paths.lock, "making the search index"), Catalogue.open(paths) as writable:
        ledger = Ledger(paths, secret)
        catch_up(paths, ledger, writable)
        catalogue = writable.proved_by(ProvedLog(paths, ledger))
        index, why = _usable(paths, secret, catalogue.ledger_size)
        with index:
            done = _fill(paths, catalogue, index, layouts, progress)
            return replace(done, made_anew=why)


def _usable(paths: CollectionPaths, secret: bytes | None, size: int) -> tuple[SearchIndex, str]:
    """The index, made empty where it cannot be used, and why."""
    why = ""
    try:
        index = SearchIndex.open(paths, secret)
        held = index.ledger_size
        if held <= size:
            return index, ""
        why = f"it went up to statement {held}, the ledger has {size}"
        index.close()
    except (BrokenStateError, sqlite3.DatabaseError) as error:
        why = str(error)
    remove_database(paths.search)
    return SearchIndex.open(paths, secret), why


def _fill(
    paths: CollectionPaths,
    catalogue: Catalogue,
    index: SearchIndex,
    layouts: Callable[[], Mapping[str, Layout]],
    progress: Callable[[str, int], object],
) -> IndexFill:
    start, size = index.ledger_size, catalogue.ledger_size
    if start == size:
        return IndexFill(added=0, unread=index.unread)
    done, unread = 0, 0
    step: list[IndexedText] = []
    source = TextSource.of(paths, layouts())
    times = Times(catalogue)
    for cable, text in read_again(source, catalogue.shown_cables(start), indexed_text, expected=size - start):
        if len(step) + unread >= _TEXTS_A_STEP:
            index.add(step, unread=unread, size=cable.statement)
            progress(paths.name, done)
            step, unread = [], 0
        done += 1
        if text is None:
            unread += 1
        else:
            record = cable.record
            # Only a text that was stated late has revisits before it.
            is_late = record.statement_index < index.revisits_size
            revisits = catalogue.revisits_of(record.record_id, index.revisits_size) if is_late else ()
            step.append(replace(text, place=_place(times, cable), revisits=tuple(revisits)))
    index.finish(step, unread=unread, size=size, revisits=catalogue.revisits_since(index.revisits_size))
    if done >= _OPTIMISE_FROM:
        index.optimise()
    return IndexFill(added=done, unread=index.unread)


def _place(times: Times, cable: ShownCable) -> int:
    record = cable.record
    if record.whole in NOT_WHOLE:
        return -3
    dated = times.of(date=record.date, run=record.run, statement=record.statement_index)
    if dated.is_own:
        return dated.statement
    return -1 if dated.has_place else -2


def indexed_text(cable: ShownCable, text: Extraction) -> IndexedText:
    """What is indexed of one text."""
    printed = {name: field.printed for name, field in text.fields.items()}
    head, said = text.head, text.head.headings.subject
    subject = text.title if said is None else said.text
    tags = tuple(tag.meant for tag in head.meant_tags) or tuple(printed.get("tags", "").split())
    line = head.classification_line
    classification = printed.get("classification") or ("" if line is None else line.text)
    ids = dict.fromkeys((cable.published_id, cable.canonical_id or cable.published_id))
    return IndexedText(
        statement=cable.statement,
        place=cable.record.statement_index,
        record_id=cable.record.record_id,
        uri=cable.record.uri or "",
        captured=cable.record.date,
        published_id=cable.published_id,
        canonical_id=cable.canonical_id,
        subject=searchable(" ".join(subject.split())),
        origin=printed.get("origin", ""),
        classification=classification,
        tags=tags,
        sent=None if text.sent is None else text.sent.value,
        source=printed.get("source", ""),
        body_sha256=cable.body_sha256,
        head=searchable("\n".join((*ids, *printed.values()))),
        body=searchable(text.body if not text.header_text else f"{text.header_text}\n{text.body}"),
        key=cable_key(cable.canonical_id or cable.published_id),
        reading=f"{cable.extractor} {cable.layout}",
        citations=citations(text),
    )


def citations(text: Extraction) -> tuple[Citation, ...]:
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
