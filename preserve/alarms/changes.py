"""What has become of a collection's pages since the last look: pages gone, texts and redactions changed.

A look costs nothing where the ledger has not grown. Else it goes over what was stated since the last one
(`preserve.replay.link_states`), and reads again only pages whose payload has changed.

Tested by ``tests/scenarios/test_alarm_changes.py``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from preserve.alarms.alarm_db import AlarmDatabase, Rules
from preserve.alarms.values import MAX_ITEMS, Observation
from preserve.cables.difference import Difference, classify
from preserve.cables.extract import Extraction
from preserve.config.alarm_kinds import AlarmKind
from preserve.errors import ArchiveError
from preserve.provenance.judgements import Judgements
from preserve.replay.link_states import LinkLook, look_at
from preserve.replay.link_status import LOST
from preserve.replay.muting import Muting
from preserve.replay.recover import Capture, CollectionReader
from preserve.store.catalogue import RecordRow
from preserve.store.layout import job_folder

LAST_LOOK, FIRST_LOOK = "changes", "changes-first"
"""Names of the marks: the ledger's size at the last look, and at the first one."""
_ALL_THERE = "every page that was gone is there again"
_CHANGED = {
    Difference.TEXT_CHANGED: AlarmKind.TEXT_CHANGED,
    Difference.REDACTION_ADDED: AlarmKind.REDACTION_CHANGED,
    Difference.REDACTION_REMOVED: AlarmKind.REDACTION_CHANGED,
}


def look(
    book: AlarmDatabase, archive: CollectionReader, rules: Rules, now: int, mute: Sequence[str] = ()
) -> list[Observation]:
    """Looks at a collection, and takes what was found and how far it looked into the book, both or neither.

    ``mute``: patterns of addresses that raise no alarm, beside those that the ledger states.

    The first look finds nothing: what was so before is known. For one process at a time a collection.

    Raises:
        ArchiveError: the ledger or the catalogue is damaged.
    """
    name = archive.paths.name
    mark, first = book.mark(name, LAST_LOOK), book.mark(name, FIRST_LOOK)
    place = job_folder(archive.paths.root, name) / "looked.links"
    found, size = of_archive(archive, mark, first=first, mute=mute, place=place)
    marks = {(name, LAST_LOOK): size}
    if not _is_after(archive, mark, first):
        marks[name, FIRST_LOOK] = size
    if found or size != mark or len(marks) > 1:
        book.observe(found, rules, now, marks)
    return found


def of_archive(
    archive: CollectionReader,
    mark: int | None,
    *,
    first: int | None = None,
    mute: Sequence[str] = (),
    place: Path | None = None,
) -> tuple[list[Observation], int]:
    """What was found since ``mark``, the ledger's size at the last look (None: never), and the mark for the next look.

    ``first``: the size at the first look; pages are bad while any is lost that was not lost then. By default ``mark``.
    ``place``: where the states of links are kept for the next look, if at all.

    Raises:
        ArchiveError: the ledger or the catalogue is damaged.
    """
    size = archive.catalogue.ledger_size
    first = mark if first is None else first
    if mark is None or first is None or not _is_after(archive, mark, first) or size == mark:
        return [], size
    judgements = Judgements.read(archive.catalogue, archive.log.entry)
    muting = Muting(mute, judgements)
    links = look_at(archive, place, first=first, mark=mark)
    return [*_gone(archive, links, judgements, muting), *_texts(archive, mark, size, muting)], size


def _is_after(archive: CollectionReader, mark: int | None, first: int | None) -> bool:
    """False where there was no look yet, or where it saw more than is there now: another copy of the collection."""
    return mark is not None and first is not None and first <= mark <= archive.catalogue.ledger_size


@dataclass(slots=True)
class _Items:
    """Some examples, and the number of all."""

    some: list[str] = field(default_factory=list)
    total: int = 0

    def add(self, item: str) -> None:
        self.total += 1
        if len(self.some) < MAX_ITEMS:
            self.some.append(item)


def _gone(archive: CollectionReader, links: LinkLook, judgements: Judgements, muting: Muting) -> Iterator[Observation]:
    """One condition for the whole collection: a site that dies is one alarm."""
    size = links.states.size
    new, lost, accepted = _Items(), 0, 0
    for key, address in sorted(links.states.addresses.items()):
        if not address.is_lost or address.at_first in LOST or muting.holds(address.url):
            continue
        if judgements.is_accepted(address.url, partial(archive.catalogue.last_whole, address.url, "")):
            accepted += 1
            continue
        lost += 1
        if links.before.get(key, address.state) not in LOST:
            new.add(address.url)
    name = archive.paths.name
    if new.total:
        summary = f"{new.total:,} newly gone; {lost:,} that were there at the first look are gone now"
        yield Observation(
            collection=name,
            kind=AlarmKind.PAGE_GONE,
            bad=True,
            summary=summary,
            items=tuple(new.some),
            items_total=new.total,
            occasion=size,
        )
    elif not lost:
        summary = f"the loss of {accepted:,} is accepted, and no other page is gone" if accepted else _ALL_THERE
        yield Observation(collection=name, kind=AlarmKind.PAGE_GONE, bad=False, summary=summary, occasion=size)


def _texts(archive: CollectionReader, mark: int, size: int, muting: Muting) -> Iterator[Observation]:
    found = {AlarmKind.TEXT_CHANGED: _Items(), AlarmKind.REDACTION_CHANGED: _Items()}
    for row in archive.catalogue.replies_since(mark):
        if muting.holds(row.uri or ""):
            continue
        for published_id, difference in _differences(archive, row, mark):
            if difference in _CHANGED:
                found[_CHANGED[difference]].add(f"{published_id} {row.uri}: {difference}")
    for kind, items in found.items():
        if items.total:
            yield Observation(
                collection=archive.paths.name,
                kind=kind,
                bad=True,
                summary=f"{items.total:,} since the last look",
                items=tuple(items.some),
                items_total=items.total,
                occasion=size,
            )


def _differences(archive: CollectionReader, row: RecordRow, mark: int) -> Iterator[tuple[str, Difference]]:
    """The texts of a page at its newest capture, if that is ``row``, held against those at the newest before ``mark``.

    What cannot be read says nothing of the page: to tell of it is for ``preserve verify``.
    """
    try:
        pair = _pair(archive, row, mark)
        if pair is None or _payload(pair[0]) == _payload(pair[1]):
            return
        before, after = (_cables(archive, capture) for capture in pair)
    except ArchiveError:
        return
    for published_id, text in after.items():
        if published_id in before:
            yield published_id, classify(before[published_id], text)


def _pair(archive: CollectionReader, row: RecordRow, mark: int) -> tuple[Capture, Capture] | None:
    newest: Capture | None = None
    if not archive.capture(row).is_full:
        return None
    for other in archive.catalogue.newest_of_url(row.uri or ""):
        capture = archive.capture(other)
        if not capture.is_full:
            continue
        is_new = other.statement_index >= mark
        if newest is None:
            # The newest of all may be an older capture that is stated only now, or another new one, which has its turn.
            if other.statement_index != row.statement_index:
                return None
            newest = capture
        elif not is_new:
            return capture, newest
    return None


def _payload(capture: Capture) -> str:
    return capture.source.payload_sha256 or capture.source.record_id


def _cables(archive: CollectionReader, capture: Capture) -> dict[str, Extraction]:
    return {cable.published_id: cable for cable in archive.read(archive.page(capture)).cables}
