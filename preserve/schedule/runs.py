"""One scheduled run of a collection, under the schedule's lock, in a process of its own.

A capture that dies takes no schedule with it, and its memory is given back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from preserve.config.schedule import ScheduleConfig
from preserve.errors import CancelledError, LockedError
from preserve.schedule.moments import Moment
from preserve.schedule.table import Table, table_path
from preserve.store.durable import Lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a capture ended: its exit status (negative: the signal that killed it), and whether it gave its report."""

    status: int
    reported: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a due moment that was taken: ``ran``, ``failed`` or ``skipped``, and why."""

    moment: Moment
    outcome: str
    reason: str


def run_due(
    archives: Path, name: str, schedule: ScheduleConfig, *, clock: Callable[[], int], capture: Callable[[], Ended]
) -> Outcome | None:
    """Runs a collection if it is due; None if it is not.

    Raises:
        LockedError: another process runs the collection's schedule; it records what is due.
        OSError: the alive file cannot be written; the run is recorded.
    """
    lock = table_path(archives, name).with_suffix(".lock")
    with Lock(lock, f"preserve schedule {name}"), Table.open(archives, name, schedule) as table:
        moment = table.take(clock())
        if moment is None:
            return None
        try:
            outcome, reason = judged(capture())
        except OSError as error:
            outcome, reason = "failed", f"the capture could not be started: {error.strerror or error}"
        table.end(moment, outcome, reason, clock())
        if outcome == "ran" and schedule.alive_file is not None:
            Path(schedule.alive_file).touch()
        return Outcome(moment=moment, outcome=outcome, reason=reason)


def judged(ended: Ended) -> tuple[str, str]:
    """The event that a capture's end makes. Status 1 with a report is a run: some address gave no reply."""
    if ended.status == 0:
        return "ran", ""
    if ended.status == 1 and ended.reported:
        return "ran", "some addresses gave no reply, or pages no cable"
    if ended.status == LockedError.exit_status:
        return "skipped", "another process was writing to the collection"
    if ended.status == CancelledError.exit_status:
        return "failed", "it was stopped"
    if ended.status < 0:
        return "failed", f"it was killed by signal {-ended.status}"
    return "failed", f"the capture ended with status {ended.status}"
