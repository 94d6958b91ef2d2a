"""The jobs of all collections at work in one process: several captures at a time, one verification.

Tested by ``tests/scenarios/test_schedule.py``.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from preserve.errors import LockedError
from preserve.schedule.alive import tell_alive
from preserve.schedule.child import Asking, ChildEnd, run_child
from preserve.schedule.job_table import VERIFICATION, JobStatus
from preserve.schedule.jobs import Job
from preserve.schedule.runs import JobOutcome, Working, run_due
from preserve.schedule.tables import Tables

_REST_S = 300.0
"""Between two looks at a job that has nothing to do: its file of moments may be changed by others, or moved away."""


class SchedulerHost:
    """The real work: processes of this program, the clock, and the stop that was asked for."""

    def __init__(self, options: Sequence[str], say: Callable[[str], None]) -> None:
        """``options`` are given to every command: which archives, which configuration. ``say`` takes lines."""
        self._options = tuple(options)
        self._say = say
        self._level = 0
        self._stopped = threading.Event()

    def ask_to_stop(self, level: int) -> None:
        """1: what is under way finishes what it is writing; 2: at once."""
        self._level = max(self._level, level)
        self._stopped.set()

    def wait(self, most_s: float) -> None:
        """Waits, but no longer than until it is asked to stop."""
        self._stopped.wait(most_s)

    def run(self, words: Sequence[str], asking: Asking) -> ChildEnd:
        """Runs the program; see `run_child`."""
        return run_child([*words, *self._options], asking)

    def alive(self, job: Job) -> str:
        """See `tell_alive`."""
        return tell_alive(job)

    def hear(self, job: Job, line: str) -> None:
        """Passes on what a process says, with whose it is: several run at a time."""
        self._say(f"{job.title}: {line}")

    def stop(self) -> int:
        """The stop that was asked for."""
        return self._level

    def clock(self) -> int:
        """Seconds since 1970."""
        return int(time.time())


class Watching(Protocol):
    """Who is told what a look showed, for alarms."""

    def looked(self, job: Job, standing: JobStatus) -> None:
        """Takes note of a job that was looked at, and how it stands."""
        ...

    def troubled(self, collection: str, subject: str, trouble: str) -> None:
        """Takes note of why something of a collection could not be looked at."""
        ...


@dataclass(frozen=True, slots=True)
class _Rest:
    """A job that has nothing to do until a moment; looked at again after some minutes all the same."""

    job: Job
    until: int
    until_monotonic_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One look at one job: ``outcome`` is what it did, ``error`` why it could not do it, or not all of it."""

    job: Job
    outcome: JobOutcome | None = None
    error: Exception | None = None


class Scheduler:
    """Looks at jobs, each in a thread of its own and none twice at a time."""

    def __init__(self, tables: Tables, working: Working, watching: Watching, *, captures: int) -> None:
        self._tables = tables
        self._working = working
        self._watching = watching
        self._captures = ThreadPoolExecutor(captures, thread_name_prefix="capture")
        # A verification reads all there is, with all processors: one at a time.
        self._verifications = ThreadPoolExecutor(1, thread_name_prefix="verification")
        self._busy: set[str] = set()
        self._resting: dict[str, _Rest] = {}
        self._done: queue.SimpleQueue[tuple[Job, Done | None]] = queue.SimpleQueue()

    def look(self, jobs: Iterable[Job]) -> None:
        """Begins to look at those that are not being looked at, and may have something to do."""
        now, monotonic_s = self._working.clock(), time.monotonic()
        for job in jobs:
            rest = self._resting.get(job.title)
            if rest is not None and rest.job == job and now < rest.until and monotonic_s < rest.until_monotonic_s:
                continue
            if job.title not in self._busy:
                self._busy.add(job.title)
                pool = self._verifications if job.kind == VERIFICATION else self._captures
                pool.submit(self._look, job)

    @property
    def is_busy(self) -> bool:
        """True while something is under way."""
        return bool(self._busy)

    def collect(self, wait_s: float) -> list[Done]:
        """What has ended since the last call; waits up to ``wait_s`` seconds for the first."""
        found = []
        while self._busy:
            try:
                job, done = self._done.get(timeout=wait_s) if wait_s else self._done.get_nowait()
            except queue.Empty:
                break
            self._busy.discard(job.title)
            if done is not None:
                found.append(done)
                wait_s = 0.0
        return found

    def close(self) -> None:
        """Waits for what is under way; begins nothing."""
        for pool in (self._captures, self._verifications):
            pool.shutdown(cancel_futures=True)

    def _trouble(self, job: Job, error: Exception) -> None:
        # What kept the job from its look may keep the alarm from its book: the first is told in any case.
        with suppress(Exception):
            self._watching.troubled(job.collection, job.kind, str(error))

    def _look(self, job: Job) -> None:
        done: Done | None = None
        try:
            if not self._working.stop():
                outcome = run_due(self._tables, job, self._working)
                self._resting[job.title] = _Rest(job, outcome.standing.next_start, time.monotonic() + _REST_S)
                done = Done(job=job, outcome=outcome) if outcome.did_something else None
                self._watching.looked(job, outcome.standing)
        except LockedError as error:
            # Another scheduler does it, and observes it.
            done = Done(job=job, error=error)
        except Exception as error:  # noqa: BLE001 - told by the thread that collects; a mistake of ours ends no other job
            done = Done(job=job, outcome=None if done is None else done.outcome, error=error)
            self._trouble(job, error)
        finally:
            self._done.put((job, done))
