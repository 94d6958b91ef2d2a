"""One look at one job, under its lock: steps left over, then what is due, then the steps that follow it.

Everything is recorded before it is begun and after it has ended, so a scheduler that dies anywhere leaves no moment
lost and none doubled (``docs/schedule.md``).

Tested by ``tests/unit/schedule/test_schedule.py``.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from msgspec.structs import replace

from preserve.config.spans import span_seconds
from preserve.config.stores import folder_of_copies
from preserve.errors import EnvironmentFaultError, LeaseLostError, NetworkError, PreserveError
from preserve.schedule.child import Asking, ChildEnd
from preserve.schedule.job_table import JobEvent, JobStatus, JobTable, Judged, Step
from preserve.schedule.jobs import ALIVE, Job, is_made_anew, judge, judge_step, status_of, status_of_all, step_words
from preserve.schedule.tables import HeldJob, Tables

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


def run_due(tables: Tables, job: Job, working: Working) -> JobOutcome:
    """Does what is due of a job.

    Raises:
        LockedError: another scheduler does it.
        LeaseLostError: it went to another machine meanwhile.
        BrokenStateError: the table cannot be used.
        NetworkError: the database that it lies in does not answer; the moment stays due, or waits.
        sqlite3.DatabaseError: it cannot be written, as on a full disk; the moment stays due, or waits.
    """
    with tables.held(job) as held:
        table = held.table
        look = _Look(job, held, working)
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


def forget_to_come(tables: Tables, job: Job, now: int) -> int:
    """Forgets the moments of a job that were recorded with a clock that was ahead; their number.

    Raises:
        LockedError: a scheduler is at work with it.
        BrokenStateError: the table cannot be used.
        sqlite3.DatabaseError: it cannot be written.
    """
    with tables.held(job) as held:
        return held.table.forget_to_come(now)


@dataclass(frozen=True, slots=True)
class _Look:
    job: Job
    held: HeldJob
    working: Working
    statuses: list[int] = field(default_factory=list)
    """Of what was done, in its order."""

    @property
    def table(self) -> JobTable:
        return self.held.table

    def beat(self) -> None:
        # A full disk, or a database that does not answer, must not end the run that it is noted for.
        with suppress(sqlite3.DatabaseError, NetworkError):
            self.table.looked(self.working.clock())

    @property
    def asking(self) -> Asking:
        return Asking(
            stop=self.working.stop,
            until_s=self.held.until_s,
            environment=self.held.environment,
            beat=self.beat,
            hear=lambda line: self.working.hear(self.job, line),
            time_limit_s=float(span_seconds(self.job.rule.time_limit)),
        )

    def work(self) -> Judged:
        try:
            self.held.begin()
            judged = judge(self.job.kind, self.working.run(self.job.words, self.asking))
        except LeaseLostError:
            raise
        except PreserveError as error:
            return Judged(outcome="failed", reason=str(error), status=error.exit_status)
        except OSError as error:
            return Judged(outcome="failed", reason=_unstarted(error), status=_FAULT)
        try:
            self.held.settle()
        except LeaseLostError:
            raise
        except PreserveError as error:
            # It is there, and is not said to have run: a machine that is lost by now has it alone.
            if judged.outcome == "ran" or judged.is_over:
                return replace(judged, outcome="failed", reason=str(error), status=error.exit_status, is_over=False)
        return judged

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
        if step.name == f"replicate {self.held.store}":
            return self._settle()
        if step.name.startswith("replicate ") and self._is_gone(step.name):
            self.statuses.append(_FAULT)
            again = f"preserve {step.name} {self.job.collection}"
            return "failed", f"the copy that was there is gone: is its disk mounted? If it is, run `{again}` once"
        try:
            self.held.begin()
            ended = self.working.run(step_words(step.name, self.job.collection), self.asking)
        except LeaseLostError:
            raise
        except PreserveError as error:
            self.statuses.append(error.exit_status)
            return "failed", str(error)
        except OSError as error:
            self.statuses.append(_FAULT)
            return "failed", _unstarted(error)
        outcome, detail = judge_step(step.name, ended)
        if outcome == "good" and is_made_anew(ended) and self.table.was_good(step.name):
            # In a bucket this is seen only afterwards: what was there was deleted, and not by us.
            self.statuses.append(_FAULT)
            return "failed", "the copy that was there was gone, and was made anew: find out who deleted it"
        self.statuses.append(0 if outcome == "good" else status_of(ended))
        return outcome, detail

    def _settle(self) -> tuple[str, str]:
        try:
            self.held.begin()
            told = self.held.settle()
        except LeaseLostError:
            raise
        except PreserveError as error:
            self.statuses.append(error.exit_status)
            return "failed", str(error)
        self.statuses.append(1 if told else 0)
        return ("failed", told) if told else ("good", "")

    def _is_gone(self, name: str) -> bool:
        """True where a copy was made before and none is there: the folder of a disk that is not mounted."""
        folder = folder_of_copies(name.partition(" ")[2])
        if folder is None:
            # A bucket that is not there is an error of its own.
            return False
        return self.table.was_good(name) and not (folder / self.job.collection).is_dir()


def _unstarted(error: OSError) -> str:
    return f"it could not be started: {error.strerror or error}"
