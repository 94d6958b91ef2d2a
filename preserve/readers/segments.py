"""Reads the records of a file with as many processes as there are processors.

A small file that was told of is read whole by a helper, before it is asked for. A large gzip file is dealt out in
stretches. Where a stretch begins is a guess (a piece of an archived file can look
like a record), so the stretches are joined: one that does not begin where the last one ended is read again from
there. So what comes out is what one process gives that reads from the beginning.

Tested by ``tests/unit/integrity/test_scan.py``.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Generic, ParamSpec, Self, TypeVar

from preserve.errors import EnvironmentFaultError
from preserve.formats.warc.containers import HOLD_BYTES, Container, RecordSpan, records_in, records_of
from preserve.formats.warc.members import Members
from preserve.limits import MIB
from preserve.readers.hashing import Fault
from preserve.replay.worker_process import begin_helper
from preserve.store.heldfiles import open_written

STRETCH_BYTES = 2 * MIB
_WORTH_PROCESSES_BYTES = 8 * MIB

T = TypeVar("T")
U = TypeVar("U")
_P = ParamSpec("_P")
_R = TypeVar("_R")
Look = Callable[[str, Iterator[RecordSpan]], Iterable[T]]
"""Takes the records of the file with this name, or of a stretch of it; gives what it finds, which a pipe can carry."""
Gather = Callable[[str, Iterable[T]], Iterable[U]]
"""Makes less of what was found in a file of this name, or in a stretch of it. It is sent, by its own name."""


@dataclass(frozen=True, slots=True)
class _Stretch(Generic[T]):
    """What one process read: from where to where, and what it found."""

    first: int
    end: int
    found: list[T]


_LOOK: list[Look[Any]] = []
"""What the processes of a pool do; they inherit it, so that nothing of it has to be sent."""


def _ready() -> None:
    """Does nothing: the first task of a pool makes its processes."""


def _as_found(_name: str, found: Iterable[T]) -> Iterable[T]:
    return found


def _stretch(
    path: Path,
    start: int,
    stop: int,
    is_guess: bool,  # noqa: FBT001 - sent by position
    gather: Gather[Any, Any],
) -> _Stretch[Any]:
    with open_written(path) as file:
        first = Members(file, start=start).next_start(start, stop) if is_guess else start
        if first >= stop:
            return _Stretch(first, first, [])
        members = Members(file, start=first, stop=stop, hold_bytes=HOLD_BYTES)
        found = list(gather(path.name, _LOOK[0](path.name, records_of(members))))
        return _Stretch(first, members.offset, found)


def _whole(path: Path) -> list[Any]:
    with open_written(path) as file:
        return list(_LOOK[0](path.name, records_in(file, Container.WARC_GZIP)))


class SegmentReader(Generic[T]):
    """Reads files, in this process or with helpers. Make it before any thread is started: it forks."""

    def __init__(
        self,
        look: Look[T],
        *,
        processes: int | None = None,
        total_bytes: int,
        before: Callable[[], object] | None = None,
    ) -> None:
        """``processes`` None: as many as there are processors, and none but this where ``total_bytes`` is little.

        ``before`` is called once, before helpers are made.
        """
        self._look = look
        self.done_bytes = 0
        """Of the files whose pieces were given: up to the last piece that is whole."""
        self._count = len(os.sched_getaffinity(0)) if processes is None else processes
        self._pool: ProcessPoolExecutor | None = None
        self._expected: dict[Path, None] = {}
        self._ahead: dict[Path, Future[list[T]]] = {}
        if self._count > 1 and (total_bytes >= _WORTH_PROCESSES_BYTES or processes is not None):
            if before is not None:
                before()
            _LOOK[:] = [look]
            self._pool = ProcessPoolExecutor(self._count, mp_context=get_context("fork"), initializer=begin_helper)
            self._pool.submit(_ready).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def expect(self, paths: Iterable[Path]) -> None:
        """Tells of files that will be asked for, in this order as a rule: helpers read small ones ahead, a few at once.

        Nothing is read before the first of them is asked for.
        """
        if self._pool is not None:
            self._expected = {path: None for path in paths if _is_small_gzip(path)}

    def _read_ahead(self, pool: ProcessPoolExecutor, path: Path) -> list[T]:
        """What is found in a file that was told of; the next ones are begun."""
        future = self._ahead.pop(path, None)
        if future is None:
            self._expected.pop(path, None)
            future = pool.submit(_whole, path)
            if len(self._ahead) > self._count:
                # They come in another order: one that is asked for later is read then.
                self._ahead.pop(next(iter(self._ahead))).cancel()
        while self._expected and len(self._ahead) <= self._count:
            following = next(iter(self._expected))
            del self._expected[following]
            self._ahead[following] = pool.submit(_whole, following)
        return future.result()

    def over(self, path: Path, container: Container) -> Iterator[T]:
        """What is found in a file, in order.

        Raises:
            FormatError: a Zstandard file whose dictionary cannot be read; a package.
            EnvironmentFaultError: a helper died.
            OSError: the file cannot be read.
        """
        return self.gathered(path, container, _as_found)

    def gathered(self, path: Path, container: Container, gather: Gather[T, U]) -> Iterator[U]:
        """The same of a file that was not told of, gathered where it is found: what a helper sends costs time.

        Raises what `over` raises.
        """
        pool = self._pool if container is Container.WARC_GZIP else None
        with open_written(path) as file:
            size = os.fstat(file.fileno()).st_size
            is_told_of = path in self._ahead or path in self._expected
            if pool is None or (size < 2 * STRETCH_BYTES and not is_told_of):
                yield from gather(path.name, self._look(path.name, records_in(file, container)))
                self.done_bytes += size
                return
        try:
            if is_told_of:
                yield from gather(path.name, self._read_ahead(pool, path))
                self.done_bytes += size
            else:
                yield from self._dealt(pool, path, size, gather)
        except BrokenProcessPool as error:
            raise _died() from error

    def _dealt(self, pool: ProcessPoolExecutor, path: Path, size: int, gather: Gather[T, U]) -> Iterator[U]:
        starts = iter(range(0, size, STRETCH_BYTES))
        waiting: deque[tuple[int, Future[_Stretch[U]]]] = deque()

        def deal() -> None:
            start = next(starts, None)
            if start is not None:
                stop = min(start + STRETCH_BYTES, size)
                waiting.append((stop, pool.submit(_stretch, path, start, stop, start > 0, gather)))

        for _number in range(self._count + 2):
            deal()
        reached, before = 0, self.done_bytes
        try:
            while waiting:
                stop, future = waiting.popleft()
                stretch = future.result()
                deal()
                if reached >= stop:
                    # A piece that began before covers the whole stretch.
                    continue
                if stretch.first != reached:
                    again = pool.submit(_stretch, path, reached, stop, False, gather)  # noqa: FBT003 - as it is sent
                    stretch = again.result()
                yield from stretch.found
                reached = stretch.end
                self.done_bytes = before + reached
        finally:
            for _stop, future in waiting:
                future.cancel()

    def begin(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> Callable[[], _R]:
        """Begins some other work in a helper; what is given waits for it, or does it where there is no helper.

        What is given raises what ``function`` raises, and EnvironmentFaultError where a helper died.
        """
        if self._pool is None:
            return lambda: function(*args, **kwargs)
        future = self._pool.submit(function, *args, **kwargs)

        def result() -> _R:
            try:
                return future.result()
            except BrokenProcessPool as error:
                raise _died() from error

        return result


def stretch_fault(spot: RecordSpan) -> Fault:
    """The finding for a stretch that holds no record."""
    return ("E-WARC-GZIP" if spot.is_damaged_piece else "E-WARC-HEADER"), spot.defect


def _is_small_gzip(path: Path) -> bool:
    """Whether a file is too small to be dealt out in stretches, by its name and size."""
    try:
        return path.name.endswith(".warc.gz") and path.stat().st_size < 2 * STRETCH_BYTES
    except OSError:
        return False


def _died() -> EnvironmentFaultError:
    return EnvironmentFaultError(
        "a process that read records was killed",
        next_step="See whether the machine ran out of memory; `--processes 1` needs the least. Nothing was changed.",
    )
