"""What ``preserve schedule`` does: captures and verifications at their time, and how the schedules stand.

Tested by ``tests/scenarios/test_schedule.py``.
"""

import sqlite3
import time
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Self

from preserve.cli.shared.common import Place, counted, say, say_error
from preserve.cli.shared.configured import read_secret
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.moments import written_fields
from preserve.cli.shared.scheduler_loop import Alarms, Jobs, Once, told_of
from preserve.cli.shared.stopping import stopped_by_signals
from preserve.config.folder import load_collection
from preserve.errors import CancelledError, ConfigError, EnvironmentFaultError, LockedError, PreserveError
from preserve.model import moment_text
from preserve.provenance.checknotes import noted_checks
from preserve.provenance.knownlogs import KnownLogs
from preserve.schedule.alarm_observer import Watch
from preserve.schedule.fleet import FleetTables
from preserve.schedule.fleet_database import open_database
from preserve.schedule.job_conditions import FILE
from preserve.schedule.job_status import wrongs
from preserve.schedule.job_table import VERIFICATION, JobEvent, JobStatus, JobTable, Step, table_path
from preserve.schedule.jobs import Job, jobs_of, status_of_all
from preserve.schedule.leases import LeaseRow, Leases
from preserve.schedule.machine import Done, Scheduler, SchedulerHost
from preserve.schedule.runs import JobOutcome, forget_to_come
from preserve.schedule.tables import LocalTables, Tables
from preserve.store.checks import lasting_damage

_LOOK_S = 20.0
"""Between two looks of `run` at what is due: a machine that slept, or whose clock was set, is noticed by then."""


_WAIT_S = 0.5


def once(place: Place, *, collections: tuple[str, ...], captures: int, fleet: str | None) -> int:
    """Run what is due now of COLLECTIONS (all that have a schedule, where none is named), then end."""
    jobs, mistakes = Jobs(place, collections).read()
    done: list[Done] = []
    with _Running(place, captures, fleet) as running:
        running.scheduler.look(jobs)
        while running.scheduler.is_busy:
            done += running.scheduler.collect(_WAIT_S)
    ran = [(one.job, one.outcome) for one in done if one.outcome is not None]
    place.emit(
        {"runs": [_json(job, outcome) for job, outcome in ran]},
        "".join(_lines(job, outcome) for job, outcome in ran),
    )
    troubles = [trouble for one in done if (trouble := told_of(one))]
    for trouble in troubles:
        say(f"preserve: {trouble}")
    for error in mistakes.values():
        say_error(error)
    unsent = running.tell(mistakes, Once())
    if running.machine.stop():
        return CancelledError.exit_status
    if mistakes or running.alarms.mistake is not None:
        return ConfigError.exit_status
    faults = [EnvironmentFaultError.exit_status] if troubles or unsent else []
    return status_of_all([*(outcome.status for _, outcome in ran), *faults])


def run(place: Place, *, collections: tuple[str, ...], captures: int, fleet: str | None) -> int:
    """Run what is due of COLLECTIONS (all that have a schedule), in the foreground, until SIGTERM or Ctrl-C."""
    files = Jobs(place, collections)
    files.read()
    said = Once()
    with _Running(place, captures, fleet) as running, ThreadPoolExecutor(1, thread_name_prefix="alarms") as teller:
        telling: Future[bool] | None = None
        looked = -_LOOK_S
        while not running.machine.stop():
            if time.monotonic() - looked >= _LOOK_S:
                looked = time.monotonic()
                mistakes = _look(running, files, said)
                if telling is None or telling.done():
                    telling = teller.submit(running.tell, mistakes, said)
            _tell(running.scheduler.collect(_WAIT_S), said)
            if not running.scheduler.is_busy:
                running.machine.wait(_WAIT_S)
        while running.scheduler.is_busy:
            _tell(running.scheduler.collect(_WAIT_S), said)
    return CancelledError.exit_status


def _look(running: "_Running", files: Jobs, said: Once) -> dict[str, PreserveError]:
    """One look at what is due; what is wrong with files."""
    try:
        jobs, mistakes = files.read()
    except PreserveError as error:
        # An editor may take a file away for a moment: no reason to end.
        said.tell("configuration", str(error))
        return {}
    said.tell("configuration", "\n".join(str(mistake) for mistake in mistakes.values()))
    running.scheduler.look(jobs)
    return mistakes


def status(place: Place, *, collections: tuple[str, ...], fleet: str | None) -> int:
    """Show how the schedules of COLLECTIONS stand."""
    now = int(time.time())
    jobs, mistakes = Jobs(place, collections).read()
    tables = _tables(place, fleet)
    rows = tables.rows() if isinstance(tables, FleetTables) else {}
    found: list[tuple[Job, JobStatus | None, list[str]]] = []
    for job in jobs:
        standing = None
        try:
            with tables.read(job) as table:
                standing = None if table is None else table.standing(now)
            wrong = [*wrongs(standing, job.collection, now), *_damage(place, job)]
        except PreserveError as error:
            # One table keeps no other from being shown.
            say_error(error)
            wrong = [f"its table cannot be read: {error}"]
        except (sqlite3.DatabaseError, OSError) as error:
            path = table_path(place.archives, job.collection, job.kind)
            wrong = [f"its table cannot be read: {error}; move {path} away: its schedule begins anew"]
        found.append((job, standing, wrong))
    place.emit(
        {
            "schedules": [
                {
                    "collection": job.collection,
                    "job": job.kind,
                    **({} if standing is None else written_fields(standing)),
                    **({"lease": written_fields(rows[job.collection])} if job.collection in rows else {}),
                    "wrong": wrong,
                }
                for job, standing, wrong in found
            ]
        },
        "\n".join(_text(job, standing, wrong, rows.get(job.collection)) for job, standing, wrong in found),
    )
    for mistake in mistakes.values():
        say_error(mistake)
    if mistakes:
        return ConfigError.exit_status
    return 1 if any(wrong for _, _, wrong in found) else 0


def _tables(place: Place, fleet: str | None) -> Tables:
    """Where the due tables are: here, or in the database of the fleet."""
    if fleet is None:
        return LocalTables(place.archives)
    return FleetTables(
        archives=place.archives, keys=place.keys, leases=Leases(open_database(fleet)), say=say, url=fleet
    )


def _damage(place: Place, job: Job) -> list[str]:
    """Damage that a verification found, until a good one of everything: also one by hand, after a repair."""
    if job.kind != VERIFICATION:
        return []
    damage = lasting_damage(noted_checks(place.archives, job.collection).checks)
    return [] if damage is None else [f"damage was found at {moment_text(damage.ended)}: see `preserve status`"]


def log(place: Place, *, collection: str, count: int) -> int:
    """List what became of the last due moments of COLLECTION, oldest first, with the steps after each capture."""
    told: list[dict[str, object]] = []
    lines: list[str] = []
    for job in jobs_of(load_collection(place.config_dir, collection)):
        with JobTable.read(place.archives, job.collection, job.kind, job.rule) as table:
            for event in [] if table is None else table.events(count):
                steps = [] if table is None else table.steps_of(event.nominal)
                told.append(
                    {"job": job.kind, **written_fields(event), "steps": [written_fields(step) for step in steps]}
                )
                lines.append(_event_lines(job, event, steps))
    place.emit({"collection": collection, "events": told}, "".join(lines))
    return 0


def forget(place: Place, *, collection: str, yes: bool) -> int:
    """Show the moments of COLLECTION that are recorded and still to come: the clock was ahead when they were."""
    now = int(time.time())
    found: list[tuple[Job, list[JobEvent]]] = []
    for job in jobs_of(load_collection(place.config_dir, collection)):
        with JobTable.read(place.archives, job.collection, job.kind, job.rule) as table:
            if table is not None and table.standing(now).clock_back:
                found.append((job, table.to_come(now)))
    if yes:
        for job, _ in found:
            forget_to_come(LocalTables(place.archives), job, now)
    number = sum(len(events) for _, events in found)
    told = "forgotten" if yes else "to come; nothing was changed, --yes forgets them"
    place.emit(
        {
            "collection": collection,
            "forgotten": yes,
            "events": [{"job": job.kind, **written_fields(event)} for job, events in found for event in events],
        },
        "".join(
            [
                *(_event_lines(job, event, []) for job, events in found for event in events),
                f"{counted(number, 'moment')} {told}\n" if found else "no moment recorded is still to come\n",
            ]
        ),
    )
    return 0


class _Running:
    """A scheduler with its alarms. SIGINT and SIGTERM ask it to stop; it has ended its work when this ends."""

    def __init__(self, place: Place, captures: int, fleet: str | None) -> None:
        self.alarms = Alarms(place)
        self.machine = SchedulerHost(["--archives", str(place.archives), "--config", str(place.config_dir)], say)
        self.watch = Watch(
            place.archives, KnownLogs(place.keys), self.alarms.read, partial(all_layouts, place), self.machine.clock
        )
        self.scheduler = Scheduler(_tables(place, fleet), self.machine, self.watch, captures=captures)
        self._signals = ExitStack()

    def __enter__(self) -> Self:
        self._signals.enter_context(stopped_by_signals(lambda: self.machine.ask_to_stop(1)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, KeyboardInterrupt):
            self.machine.ask_to_stop(2)
        self.scheduler.close()
        self._signals.close()
        return isinstance(error, KeyboardInterrupt)

    def tell(self, mistakes: Mapping[str, PreserveError], said: Once) -> bool:
        """Sends alarms; says what keeps them from being sent. True where some are not."""
        try:
            for name, mistake in mistakes.items():
                self.watch.troubled(name, FILE, str(mistake))
            deliveries = self.watch.tell(read_secret, time.time)
        except (PreserveError, sqlite3.DatabaseError, OSError) as error:
            said.tell("alarms", f"alarms cannot be sent: {error}")
            return True
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it: it is said, and tried again
            trace = "".join(traceback.format_exception(error))
            said.tell("alarms", f"alarms cannot be sent: a fault of the program, please report it:\n{trace}")
            return True
        failed = {delivery.channel: delivery.error for delivery in deliveries if delivery.error}
        told = "; ".join(f"not sent to {channel}: {error}" for channel, error in failed.items())
        wrong = self.alarms.mistake
        said.tell("alarms", str(wrong) if wrong is not None else told and f"alarms are {told}")
        return bool(failed)


def _tell(done: Sequence[Done], said: Once) -> None:
    for one in done:
        if one.outcome is not None:
            say(_lines(one.job, one.outcome).rstrip("\n"))
        if isinstance(one.error, LockedError):
            # Whoever has it is at work: what was told before is neither over nor new.
            continue
        said.tell(one.job.title, told_of(one))


def _json(job: Job, outcome: JobOutcome) -> dict[str, object]:
    event = None if outcome.event is None else written_fields(outcome.event)
    return {
        "collection": job.collection,
        "job": job.kind,
        "event": event,
        "steps": [written_fields(step) for step in outcome.steps],
    }


def _text(job: Job, standing: JobStatus | None, wrong: Sequence[str], row: LeaseRow | None) -> str:
    lines = [job.title]
    if standing is not None:
        last, good = standing.last, standing.last_good
        lines += [
            f"  next  {moment_text(standing.next_start)}",
            f"  last  {'never' if last is None else f'{moment_text(last.start)}  {_end(last)}'}",
            f"  good  {'never' if good is None else moment_text(good.start)}",
        ]
    if row is not None:
        lines += [f"  held  {_holder(row)}", f"  head  {_head(row)}"]
    return "\n".join([*lines, *(f"  WRONG {line}" for line in wrong)]) + "\n"


def _holder(row: LeaseRow) -> str:
    if not row.holder:
        return "by no machine"
    return f"by {row.holder}" + (", which is lost: another one may go on" if row.is_lost else "")


def _head(row: LeaseRow) -> str:
    if row.head is None:
        return "none placed yet"
    return f"{counted(row.head.size, 'statement')}, placed by lease {row.head.epoch} of {row.epoch}"


def _lines(job: Job, outcome: JobOutcome) -> str:
    event = outcome.event
    lines = [] if event is None else [f"{job.title}: due {moment_text(event.start)}: {_end(event)}\n"]
    return "".join([*lines, *(f"{job.title}: {_step(step)}\n" for step in outcome.steps)])


def _event_lines(job: Job, event: JobEvent, steps: Sequence[Step]) -> str:
    head = f"{moment_text(event.start)}  {job.kind:<12} {_end(event)}\n"
    return head + "".join(f"{'':<22}{_step(step)}\n" for step in steps)


def _end(event: JobEvent) -> str:
    again = f", again at {moment_text(event.again)}" if event.again is not None else ""
    word = "failed" if event.outcome == "waiting" else event.outcome
    return f"{word}{f': {event.reason}' if event.reason else ''}{again}"


def _step(step: Step) -> str:
    return f"step {step.name}: {step.outcome}" + (f": {step.detail}" if step.detail else "")
