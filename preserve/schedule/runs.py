"""One look at one job, under its lock: steps left over, then what is due, then the steps that follow it.

Everything is recorded before it is begun and after it has ended, so a scheduler that dies anywhere leaves no moment
lost and none doubled (``docs/schedule.md``).

Tested by ``tests/unit/schedule/test_schedule.py``.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from preserve.config.spans import span_seconds
from preserve.errors import EnvironmentFaultError
from preserve.schedule.child import Asking, ChildEnd
from preserve.schedule.job_table import JobEvent, JobStatus, JobTable, Judged, Step, table_path
from preserve.schedule.jobs import ALIVE, Job, judge, judge_step, status_of, status_of_all, step_words
from preserve.store.durable import Lock

_FAULT = EnvironmentFaultError.exit_status


class Working(Protocol):
    """What a look does its work with, so that a test can do other work."""

    def run(self, words: Sequence[str], asking: Asking) -> ChildEnd:
        """Runs the program to its end. Raises OSError where it cannot be started."""
        ...

    def alive(self, job: Job) -> str:
        """Tells whoever watches that a run was good; returns what failed, or nothing."""
        ...

    def hear(self, job: Job, line: str) -> None:
        """Takes a line that a process of a job said on stderr."""
        ...

    def stop(self) -> int:
        """0 go on; 1 finish what is being written; 2 at once."""
        ...

    def clock(self) -> int:
        """Seconds since 1970."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """What a look did: the moment that was run, if one was, and the steps that were done.

    ``standing``: how the job stands after it. ``status``: 0 where all was good, 1 where something was found, else the
    exit status that says why something failed.
    """

    event: JobEvent | None
    steps: tuple[Step, ...]
    standing: JobStatus
    status: int = 0

    @property
    def did_something(self) -> bool:
        """True where something was due."""
        return self.event is not None or bool(self.steps)


def run_due(archives: Path, job: Job, working: Working) -> JobOutcome:
    """Does what is due of a job.

    Raises:
        LockedError: another scheduler does it.
        BrokenStateError: the table cannot be used.
        sqlite3.DatabaseError: it cannot be written, as on a full disk; the moment stays due, or waits.
    """
    with _held(archives, job) as table:
        look = _Look(job, table, working)
        look.beat()
        steps = look.steps()
        moment = None if working.stop() else table.take(working.clock())
        event = None
        if moment is not None:
            judged = look.work()
            look.statuses.append(judged.status)
            # What was captured is copied and verified, whatever it shows; but nobody is told that all is well.
            follow = job.steps if judged.outcome == "ran" else tuple(step for step in job.steps if step != ALIVE)
            event = table.end(moment, judged, working.clock(), steps=follow)
            steps += look.steps()
        return JobOutcome(
            event=event,
            steps=tuple(steps),
            standing=table.standing(working.clock()),
            status=status_of_all(look.statuses),
        )


def forget_to_come(archives: Path, job: Job, now: int) -> int:
    """Forgets the moments of a job that were recorded with a clock that was ahead; their number.

    Raises:
        LockedError: a scheduler is at work with it.
        BrokenStateError: the table cannot be used.
        sqlite3.DatabaseError: it cannot be written.
    """
    with _held(archives, job) as table:
        return table.forget_to_come(now)


@contextmanager
def _held(archives: Path, job: Job) -> Iterator[JobTable]:
    """The table of a job, for writing, while nobody else is at work with it."""
    lock = table_path(archives, job.collection, job.kind).with_suffix(".lock")
    with (
        Lock(lock, f"preserve schedule {job.title}"),
        JobTable.open(archives, job.collection, job.kind, job.rule) as table,
    ):
        yield table


@dataclass(frozen=True, slots=True)
class _Look:
    job: Job
    table: JobTable
    working: Working
    statuses: list[int] = field(default_factory=list)
    """Of what was done, in its order."""

    def beat(self) -> None:
        # A full disk must not end the run that it is noted for.
        with suppress(sqlite3.DatabaseError):
            self.table.looked(self.working.clock())

    @property
    def asking(self) -> Asking:
        return Asking(
            stop=self.working.stop,
            beat=self.beat,
            hear=lambda line: self.working.hear(self.job, line),
            time_limit_s=float(span_seconds(self.job.rule.time_limit)),
        )

    def work(self) -> Judged:
        try:
            return judge(self.job.kind, self.working.run(self.job.words, self.asking))
        except OSError as error:
            return Judged(outcome="failed", reason=_unstarted(error), status=_FAULT)

    def steps(self) -> list[Step]:
        """Does the steps that are left, in their order. One that fails keeps no other from being done, but `ALIVE`."""
        done = []
        while not self.working.stop():
            step = self.table.next_step(self.working.clock())
            if step is None:
                break
            outcome, detail = self._do(step)
            self.table.end_step(step, outcome, detail, self.working.clock())
            done += [one for one in self.table.steps_of(step.nominal) if one.number == step.number]
        return done

    def _do(self, step: Step) -> tuple[str, str]:
        if step.name == ALIVE:
            if any(one.outcome != "good" for one in self.table.steps_of(step.nominal) if one.number < step.number):
                self.statuses.append(_FAULT)
                return "skipped", "a step before it was not good"
            problem = self.working.alive(self.job)
            self.statuses.append(_FAULT if problem else 0)
            return ("failed" if problem else "good"), problem
        if step.name.startswith("replicate ") and self._is_gone(step.name):
            self.statuses.append(_FAULT)
            again = f"preserve {step.name} {self.job.collection}"
            return "failed", f"the copy that was there is gone: is its disk mounted? If it is, run `{again}` once"
        try:
            ended = self.working.run(step_words(step.name, self.job.collection), self.asking)
        except OSError as error:
            self.statuses.append(_FAULT)
            return "failed", _unstarted(error)
        outcome, detail = judge_step(step.name, ended)
        self.statuses.append(0 if outcome == "good" else status_of(ended))
        return outcome, detail

    def _is_gone(self, name: str) -> bool:
        """True where a copy was made before and none is there: the folder of a disk that is not mounted."""
        folder = Path(name.partition(" ")[2]) / self.job.collection
        return self.table.was_good(name) and not folder.is_dir()


def _unstarted(error: OSError) -> str:
    return f"it could not be started: {error.strerror or error}"
