"""Every text that the ledger names, read again from its record: in the ledger's order, by as many processes as help.

Memory is that of a few batches, whatever the size of the archive.

Tested by ``tests/scenarios/test_index_as_stated.py``.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import Any, Final, Self, TypeVar

from preserve.cables.extract import Extraction
from preserve.cables.page.layouts import Layout
from preserve.errors import ArchiveError, EnvironmentFaultError
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.provenance.describe import read_cables
from preserve.replay.worker_process import begin_helper
from preserve.store.catalogue import ShownCable
from preserve.store.heldfiles import is_elsewhere
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import read_stated

T = TypeVar("T")
_BATCH: Final = 128
_WORTH_PROCESSES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSource:
    """Where texts are read from, and by which layouts."""

    paths: CollectionPaths
    layouts: tuple[Layout, ...]
    limits: Limits = DEFAULT_LIMITS

    @classmethod
    def of(cls, paths: CollectionPaths, layouts: Mapping[str, Layout]) -> Self:
        """A collection, read by all of some layouts."""
        return cls(paths=paths, layouts=tuple(layouts.values()))


Take = Callable[[ShownCable, Extraction], T]
"""Takes what it wants of a text; a pipe must be able to carry what it gives."""

_WORK: list[tuple[TextSource, Take[Any]]] = []
"""What the helping processes do; they inherit it, so that nothing of it has to be sent."""


def read_again(
    source: TextSource, cables: Iterable[ShownCable], take: Take[T], *, expected: int = _WORTH_PROCESSES
) -> Iterator[tuple[ShownCable, T | None]]:
    """Each text, and what ``take`` gives for it: None where its record no longer gives the text that the ledger names.

    Called before any thread is started: it forks, where ``expected`` texts are worth it.

    Raises:
        EnvironmentFaultError: a helping process was killed.
    """
    rows = iter(cables)
    count = len(os.sched_getaffinity(0))
    if count == 1 or expected < _WORTH_PROCESSES or is_elsewhere(source.paths):
        while batch := list(islice(rows, _BATCH)):
            yield from zip(batch, _read(source, take, batch), strict=True)
        return
    _WORK[:] = [(source, take)]
    pool = ProcessPoolExecutor(count, mp_context=get_context("fork"), initializer=begin_helper)
    waiting: deque[tuple[list[ShownCable], Future[list[Any]]]] = deque()
    try:
        while True:
            while len(waiting) < count + 2 and (batch := list(islice(rows, _BATCH))):
                waiting.append((batch, pool.submit(_read_batch, batch)))
            if not waiting:
                return
            batch, future = waiting.popleft()
            yield from zip(batch, future.result(), strict=True)
    except BrokenProcessPool as error:
        raise EnvironmentFaultError(
            "a process that read texts was killed",
            next_step="See whether the machine ran out of memory, then run it again: it goes on.",
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def read_here(source: TextSource, cable: ShownCable) -> Extraction | None:
    """One text, read by this process; None as in `read_again`."""
    return _read(source, lambda _cable, text: text, [cable])[0]


def _read_batch(batch: list[ShownCable]) -> list[Any]:
    source, take = _WORK[0]
    return _read(source, take, batch)


def _read(source: TextSource, take: Take[T], batch: list[ShownCable]) -> list[T | None]:
    found: list[T | None] = []
    last, texts = "", ()  # type: tuple[str, tuple[Extraction, ...]]
    for cable in batch:
        if cable.record.record_id != last:
            last, texts = cable.record.record_id, _texts(source, cable)
        meant = (t for t in texts if t.published_id == cable.published_id and t.body_sha256 == cable.body_sha256)
        text = next(meant, None)
        found.append(None if text is None else take(cable, text))
    return found


def _texts(source: TextSource, cable: ShownCable) -> tuple[Extraction, ...]:
    try:
        record = read_stated(source.paths, cable.record.place, cable.record).record
    except ArchiveError:
        return ()
    return read_cables(record, source.layouts, source.limits).cables
