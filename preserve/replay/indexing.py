"""The search index filled: what the ledger names and the index lacks is taken in, in the ledger's order.

At the end of a session from what that session has read (`index_stated`); at a search all that is lacking then, each
text read again from its record (`update_search`). It goes on where it was stopped. One that cannot be used, or that
goes further than the ledger, is made anew, by a search.

Tested by ``tests/scenarios/test_index_as_stated.py``.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from preserve.cables.extract import Extraction
from preserve.cables.page.layouts import Layout
from preserve.errors import BrokenStateError, PreserveError
from preserve.model import NOT_WHOLE
from preserve.provenance.derive import catch_up
from preserve.provenance.ledger import Ledger
from preserve.provenance.proved import ProvedLog
from preserve.replay.indexed_texts import ReadText, indexed_text, read_text
from preserve.replay.stated_texts import TextSource, read_again
from preserve.replay.text_spool import TextSpool
from preserve.replay.times import Times
from preserve.store.catalogue import Catalogue, ShownCable
from preserve.store.durable import Lock, remove_database
from preserve.store.layout import CollectionPaths
from preserve.store.searchindex import IndexedText, SearchIndex

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


def index_stated(
    paths: CollectionPaths, secret: bytes | None, spool: TextSpool, stop: Callable[[], bool] = lambda: False
) -> None:
    """Takes in the texts that a session has stated, once all of them are durable; the session holds the lock still.

    It goes as far as the index before it and the spool reach without a gap; the rest, and all that fails, is left to
    the next search. ``stop`` is asked between steps.
    """
    if secret is None or not spool.find():
        return
    with suppress(PreserveError, sqlite3.Error, OSError), Catalogue.open(paths, read_only=True) as readable:
        catalogue = readable.proved_by(ProvedLog(paths, Ledger(paths, secret)))
        if not paths.search.exists() and not any(map(spool.get, _first(catalogue))):
            return
        with SearchIndex.open(paths, secret) as index:
            if index.ledger_size < catalogue.ledger_size:
                _take_stated(_Filling(catalogue, index), spool, stop)


def _first(catalogue: Catalogue) -> Iterable[ShownCable]:
    """The first text that is stated at all, if there is one."""
    for cable in catalogue.shown_cables():
        yield cable
        return


def _take_stated(filling: "_Filling", spool: TextSpool, stop: Callable[[], bool]) -> None:
    for cable in filling.lacking():
        text = spool.get(cable)
        is_due = filling.is_due
        if text is None or (is_due and stop()):
            filling.write(cable.statement)
            return
        if is_due:
            filling.write(cable.statement)
        filling.take(cable, text)
    filling.finish()


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
    source = TextSource.of(paths, layouts())
    filling = _Filling(catalogue, index)
    for cable, text in read_again(source, filling.lacking(), _taken, expected=size - start):
        if filling.is_due:
            filling.write(cable.statement)
            progress(paths.name, filling.done)
        filling.take(cable, text)
    filling.finish()
    return IndexFill(added=filling.done, unread=index.unread)


def _taken(_cable: ShownCable, text: Extraction) -> ReadText:
    return read_text(text)


@dataclass(slots=True)
class _Filling:
    """Takes texts into an index, some at a time, in the order of their statements."""

    catalogue: Catalogue
    index: SearchIndex
    done: int = 0
    _unread: int = 0
    _step: list[IndexedText] = field(default_factory=list)
    _times: Times = field(init=False)

    def __post_init__(self) -> None:
        self._times = Times(self.catalogue)

    def lacking(self) -> Iterator[ShownCable]:
        """The texts that the index does not have yet."""
        return self.catalogue.shown_cables(self.index.ledger_size)

    @property
    def is_due(self) -> bool:
        """True where so many texts wait that they are to be written."""
        return len(self._step) + self._unread >= _TEXTS_A_STEP

    def take(self, cable: ShownCable, text: ReadText | None) -> None:
        """Takes the next text; None where its record does not give it any more."""
        self.done += 1
        if text is None:
            self._unread += 1
            return
        record = cable.record
        # Only a text that was stated late has revisits before it.
        counted = self.index.revisits_size
        revisits = self.catalogue.revisits_of(record.record_id, counted) if record.statement_index < counted else ()
        place = _place(self._times, cable)
        self._step.append(indexed_text(cable, text, place=place, revisits=tuple(revisits)))

    def write(self, size: int) -> None:
        """Writes what waits: the index goes up to ``size`` statements then."""
        self.index.add(self._step, unread=self._unread, size=size)
        self._step, self._unread = [], 0

    def finish(self) -> None:
        """Writes what waits and what was captured again: the index goes as far as the catalogue then."""
        revisits = self.catalogue.revisits_since(self.index.revisits_size)
        size = self.catalogue.ledger_size
        self.index.finish(self._step, unread=self._unread, size=size, revisits=revisits)
        if self.done >= _OPTIMISE_FROM:
            self.index.optimise()


def _place(times: Times, cable: ShownCable) -> int:
    record = cable.record
    if record.whole in NOT_WHOLE:
        return -3
    dated = times.of(date=record.date, run=record.run, statement=record.statement_index)
    if dated.is_own:
        return dated.statement
    return -1 if dated.has_place else -2
