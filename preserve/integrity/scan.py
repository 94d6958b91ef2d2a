"""Every record of a file, checked by itself, with as many processes as there are processors.

A large gzip file is dealt out in stretches. Where a stretch begins is a guess (a piece of an archived file can look
like a record), so the stretches are joined: one that does not begin where the last one ended is read again from
there. So what comes out is what one process gives that reads from the beginning.
"""

import os
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, Self

from preserve.errors import EnvironmentFaultError, FormatError
from preserve.formats.containers import HOLD_BYTES, Container, Spot, records_in, records_of
from preserve.formats.members import Members
from preserve.integrity.record import Facts, Fault, Wanted, facts_of
from preserve.limits import MIB

STRETCH_BYTES = 2 * MIB
_WORTH_PROCESSES_BYTES = 8 * MIB
_CHUNK_BYTES = 1 * MIB


class Row(NamedTuple):
    """One record as it was read: its place, and what was found of it; or a stretch with its fault and no facts."""

    offset: int
    length: int
    inner: int
    facts: Facts | None
    fault: Fault | None = None


class Hashed(NamedTuple):
    """A file's size in bytes and SHA-256."""

    size: int
    sha256: str


def scan_file(
    path: Path, container: Container, wanted: Wanted, *, start: int = 0, stop: int | None = None
) -> Iterator[Row]:
    """The records of a file in order, read in this process."""
    with path.open("rb") as file:
        yield from _rows(records_in(file, container, start=start, stop=stop), wanted)


def _rows(spots: Iterator[Spot], wanted: Wanted) -> Iterator[Row]:
    # One is held back: of a large record the length is known only behind it.
    last: tuple[Spot, Facts | None, Fault | None] | None = None
    try:
        for spot in spots:
            if last is not None:
                yield _row(*last)
            last = (spot, *_looked_at(spot, wanted))
    except FormatError as error:
        yield Row(0, 0, 0, None, ("E-WARC-GZIP", str(error)))
    if last is not None:
        yield _row(*last)


def _row(spot: Spot, facts: Facts | None, fault: Fault | None) -> Row:
    return Row(spot.offset, spot.length, spot.inner, facts, fault)


def _looked_at(spot: Spot, wanted: Wanted) -> tuple[Facts | None, Fault | None]:
    if spot.raw is None:
        return None, ("E-WARC-HEADER" if spot.inner or spot.is_shared else _stretch_code(spot.defect), spot.defect)
    try:
        facts = facts_of(spot.raw, wanted)
    except FormatError as error:
        return None, ("E-WARC-HEADER", str(error))
    if spot.is_shared:
        facts = facts._replace(faults=(*facts.faults, ("I-WARC-MEMBERS", "")))
    return facts, None


def _stretch_code(defect: str) -> str:
    return "E-WARC-GZIP" if "compressed piece" in defect else "E-WARC-HEADER"


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What one process read: from where to where, and the records."""

    first: int
    end: int
    rows: list[Row]


_WANTED: list[Wanted] = []
"""What the processes of a pool look for; they inherit it, so that nothing of it has to be sent."""


def _begin() -> None:
    # Ctrl-C goes to every process of a terminal; the parent alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _ready() -> None:
    """Does nothing: the first task of a pool makes its processes."""


def _stretch(path: Path, start: int, stop: int, is_guess: bool) -> _Stretch:  # noqa: FBT001 - sent by position
    with path.open("rb") as file:
        first = Members(file).next_start(start) if is_guess else start
        if first >= stop:
            return _Stretch(first, first, [])
        members = Members(file, start=first, stop=stop, hold_bytes=HOLD_BYTES)
        rows = list(_rows(records_of(members), _WANTED[0]))
        return _Stretch(first, members.offset, rows)


def hash_file(path: Path) -> Hashed:
    """Size and SHA-256 of a file."""
    digest = sha256()
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return Hashed(size, digest.hexdigest())


class Scanner:
    """Reads files, in this process or with helpers. Make it before any thread is started: it forks."""

    def __init__(self, wanted: Wanted, *, processes: int | None = None, total_bytes: int) -> None:
        """``processes`` None: as many as there are processors, and none but this where ``total_bytes`` is little."""
        self._wanted = wanted
        count = len(os.sched_getaffinity(0)) if processes is None else processes
        self._count = count
        self._pool: ProcessPoolExecutor | None = None
        if count > 1 and (total_bytes >= _WORTH_PROCESSES_BYTES or processes is not None):
            _WANTED[:] = [wanted]
            self._pool = ProcessPoolExecutor(count, mp_context=get_context("fork"), initializer=_begin)
            self._pool.submit(_ready).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def rows(self, path: Path, container: Container) -> Iterator[Row]:
        """The records of a file, in order.

        Raises:
            EnvironmentFaultError: a helper died.
            OSError: the file cannot be read.
        """
        size = path.stat().st_size
        if self._pool is None or container is not Container.WARC_GZIP or size < 2 * STRETCH_BYTES:
            yield from scan_file(path, container, self._wanted)
            return
        try:
            yield from self._dealt(self._pool, path, size)
        except BrokenProcessPool as error:
            raise _died() from error

    def _dealt(self, pool: ProcessPoolExecutor, path: Path, size: int) -> Iterator[Row]:
        starts = iter(range(0, size, STRETCH_BYTES))
        waiting: deque[tuple[int, Future[_Stretch]]] = deque()

        def deal() -> None:
            start = next(starts, None)
            if start is not None:
                stop = min(start + STRETCH_BYTES, size)
                waiting.append((stop, pool.submit(_stretch, path, start, stop, start > 0)))

        for _number in range(self._count + 2):
            deal()
        reached = 0
        try:
            while waiting:
                stop, future = waiting.popleft()
                stretch = future.result()
                deal()
                if reached >= stop:
                    # A piece that began before covers the whole stretch.
                    continue
                if stretch.first != reached:
                    stretch = pool.submit(_stretch, path, reached, stop, False).result()  # noqa: FBT003 - as it is sent
                yield from stretch.rows
                reached = stretch.end
        finally:
            for _stop, future in waiting:
                future.cancel()

    def hashed(self, path: Path) -> "Hashing":
        """Begins to take a file's SHA-256."""
        if self._pool is None:
            return Hashing(path, None)
        return Hashing(path, self._pool.submit(hash_file, path))


class Hashing:
    """A file's hash under way."""

    def __init__(self, path: Path, future: Future[Hashed] | None) -> None:
        self._path = path
        self._future = future

    def result(self) -> Hashed:
        """Waits for it.

        Raises:
            OSError: the file cannot be read.
            EnvironmentFaultError: a helper died.
        """
        try:
            return hash_file(self._path) if self._future is None else self._future.result()
        except BrokenProcessPool as error:
            raise _died() from error


def _died() -> EnvironmentFaultError:
    return EnvironmentFaultError(
        "a process that checked records was killed",
        next_step="See whether the machine ran out of memory; `--processes 1` needs the least. Nothing was changed.",
    )
