"""Work of a schedule that is only told: a clock that a test sets, and processes that end as it says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from preserve.config.schedule import ScheduleConfig
from preserve.schedule.child import Asking, ChildEnd
from preserve.schedule.job_table import CAPTURE, JobEvent, JobStatus, JobTable, Step
from preserve.schedule.jobs import Job, step_names
from preserve.schedule.runs import JobOutcome, run_due
from preserve.schedule.tables import LocalTables

COMPLETE = {"outcome": "complete", "counts": {"done": 1}}
GOOD = ChildEnd(status=0, report=COMPLETE)
UNREACHED = ChildEnd(status=5, report=COMPLETE)


@dataclass
class Doing:
    """The work: ``now`` is the time, ``ended`` how every process ends, or what is called to find out."""

    now: int
    ended: ChildEnd | Callable[[Sequence[str]], ChildEnd] = GOOD
    level: int = 0
    alive_problem: str = ""
    done: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, words: Sequence[str], asking: Asking) -> ChildEnd:
        asking.beat()
        self.done.append(tuple(words))
        return self.ended(words) if callable(self.ended) else self.ended

    def alive(self, job: Job) -> str:
        self.done.append(("alive", job.collection))
        return self.alive_problem

    def hear(self, job: Job, line: str) -> None:
        raise AssertionError(f"{job.title} said {line}")

    def stop(self) -> int:
        return self.level

    def clock(self) -> int:
        return self.now


def capture_job(rule: ScheduleConfig) -> Job:
    """The capture of the collection ``demo``."""
    return Job(collection="demo", kind=CAPTURE, rule=rule, words=("capture", "demo", "--json"), steps=step_names(rule))


def look(folder: Path, rule: ScheduleConfig, doing: Doing) -> JobOutcome:
    """One look at the capture of ``demo``."""
    return run_due(LocalTables(folder), capture_job(rule), doing)


def run(folder: Path, now: int, rule: ScheduleConfig, ended: ChildEnd = GOOD) -> str | None:
    """One look at a time: what became of the moment that was taken; None: nothing was."""
    outcome = look(folder, rule, Doing(now, ended))
    return None if outcome.event is None else outcome.event.outcome


def events(folder: Path, rule: ScheduleConfig) -> list[JobEvent]:
    """All that is recorded."""
    with JobTable.open(folder, "demo", CAPTURE, rule) as table:
        return table.events()


def outcomes(folder: Path, rule: ScheduleConfig) -> list[str]:
    """What became of each moment, oldest first."""
    return [event.outcome for event in events(folder, rule)]


def steps(folder: Path, rule: ScheduleConfig) -> list[Step]:
    """The steps of all moments."""
    with JobTable.open(folder, "demo", CAPTURE, rule) as table:
        return [step for event in table.events() for step in table.steps_of(event.nominal)]


def standing(folder: Path, now: int, rule: ScheduleConfig) -> JobStatus:
    """How the job stands."""
    with JobTable.read(folder, "demo", CAPTURE, rule) as table:
        assert table is not None
        return table.standing(now)
