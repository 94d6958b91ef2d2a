"""``preserve schedule``: captures and verifications at their time, and how the schedules stand."""

import sqlite3
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from preserve.cli.common import EXIT_STATUSES, Place, command_options, say
from preserve.cli.stopping import stopped_by_signals
from preserve.config.folder import list_collections, list_layouts, load_collection
from preserve.errors import CancelledError, ConfigError, LockedError, PreserveError
from preserve.schedule.jobs import Job, jobs_of
from preserve.schedule.machine import Done, Machine, Scheduler
from preserve.schedule.runs import Outcome
from preserve.schedule.standing import moment_text, wrongs
from preserve.schedule.table import Event, Standing, Step, Table

_LOOK_S = 20.0
"""Between two looks of `run` at what is due: a machine that slept, or whose clock was set, is noticed by then."""
_WAIT_S = 0.5
_captures_option = click.option(
    "--captures", type=click.IntRange(1, 64), default=4, show_default=True, help="Captures at a time."
)


@click.group(short_help="Capture and verify collections at their time.")
def schedule() -> None:
    """Capture and verify collections at the times that `schedule:` and `verification:` in their files give.

    Every due moment ends as one event: ran, failed, skipped or missed (docs/schedule.md).
    """


@schedule.command(short_help="Run what is due now, then end.")
@click.argument("collections", nargs=-1)
@_captures_option
@command_options
def once(place: Place, collections: tuple[str, ...], captures: int) -> int:
    """Run what is due now of COLLECTIONS (all that have a schedule, where none is named), then end. For cron.

    What another scheduler is running is left to it. Status 1: something failed, or was skipped. Status 2: a file has
    mistakes; the other collections were looked at.
    """
    jobs, mistakes = _Jobs(place, collections).read()
    for mistake in mistakes:
        _say_error(mistake)
    done: list[Done] = []
    with _scheduler(place, captures) as (machine, scheduler):
        scheduler.look(jobs)
        while scheduler.is_busy:
            done += scheduler.collect(_WAIT_S)
    ran = [(one.job, one.outcome) for one in done if one.outcome is not None]
    place.emit(
        {"runs": [_json(job, outcome) for job, outcome in ran]},
        "".join(_lines(job, outcome) for job, outcome in ran),
    )
    failed = [_told(one) for one in done if one.error is not None]
    if machine.stop():
        return CancelledError.exit_status
    if mistakes:
        return ConfigError.exit_status
    return 1 if any(failed) or not all(outcome.is_good for _, outcome in ran) else 0


@schedule.command(short_help="Run what is due, until stopped.")
@click.argument("collections", nargs=-1)
@_captures_option
@command_options
def run(place: Place, collections: tuple[str, ...], captures: int) -> int:
    """Run what is due of COLLECTIONS (all that have a schedule), in the foreground, until SIGTERM or Ctrl-C.

    What is under way then finishes what it is writing and seals it; the next start goes on with it. Configuration is
    read anew at each look.
    """
    said = _Once()
    files = _Jobs(place, collections)
    with _scheduler(place, captures) as (machine, scheduler):
        looked = -_LOOK_S
        while not machine.stop():
            if time.monotonic() - looked >= _LOOK_S:
                looked = time.monotonic()
                jobs, mistakes = files.read()
                said.tell("configuration", "\n".join(str(mistake) for mistake in mistakes))
                scheduler.look(jobs)
            _tell(scheduler.collect(_WAIT_S), said)
            if not scheduler.is_busy:
                machine.wait(_WAIT_S)
        while scheduler.is_busy:
            _tell(scheduler.collect(_WAIT_S), said)
    return CancelledError.exit_status


@schedule.command(short_help="Show last and next runs, and what is overdue.")
@click.argument("collections", nargs=-1)
@command_options
def status(place: Place, collections: tuple[str, ...]) -> int:
    """Show how the schedules of COLLECTIONS stand. Nothing is written.

    Status 1: a run is overdue, the last one or a step after it failed, no scheduler has looked yet, or the clock was
    set back.
    """
    now = int(time.time())
    jobs, mistakes = _Jobs(place, collections).read()
    found: list[tuple[Job, Standing | None, list[str]]] = []
    for job in jobs:
        with Table.read(place.archives, job.collection, job.kind, job.rule) as table:
            standing = None if table is None else table.standing(now)
        found.append((job, standing, wrongs(standing)))
    place.emit(
        {
            "schedules": [
                {
                    "collection": job.collection,
                    "job": job.kind,
                    **({} if standing is None else asdict(standing)),
                    "wrong": wrong,
                }
                for job, standing, wrong in found
            ]
        },
        "\n".join(_text(job, standing, wrong) for job, standing, wrong in found),
    )
    for mistake in mistakes:
        _say_error(mistake)
    if mistakes:
        return ConfigError.exit_status
    return 1 if any(wrong for _, _, wrong in found) else 0


@schedule.command(short_help="List what became of due moments.")
@click.argument("collection")
@click.option("--count", type=click.IntRange(1), default=20, show_default=True, help="How many of the last ones.")
@command_options
def log(place: Place, collection: str, count: int) -> int:
    """List what became of the last due moments of COLLECTION, oldest first, with the steps after each capture."""
    told: list[dict[str, object]] = []
    lines: list[str] = []
    for job in jobs_of(load_collection(place.config_dir, collection)):
        with Table.read(place.archives, job.collection, job.kind, job.rule) as table:
            for event in [] if table is None else table.events(count):
                steps = [] if table is None else table.steps_of(event.nominal)
                told.append({"job": job.kind, **asdict(event), "steps": [asdict(step) for step in steps]})
                lines.append(_event_lines(job, event, steps))
    place.emit({"collection": collection, "events": told}, "".join(lines))
    return 0


@contextmanager
def _scheduler(place: Place, captures: int) -> Iterator[tuple[Machine, Scheduler]]:
    """A scheduler that SIGINT and SIGTERM ask to stop, and that has ended its work when this ends."""
    machine = Machine(["--archives", str(place.archives), "--config", str(place.config_dir)], say)
    scheduler = Scheduler(place.archives, machine, captures=captures)
    with stopped_by_signals(lambda: machine.ask_to_stop(1)):
        try:
            yield machine, scheduler
        except KeyboardInterrupt:
            machine.ask_to_stop(2)
        finally:
            scheduler.close()


class _Jobs:
    """The jobs of the collections named; of all, where none is named. A file that has not changed is read once."""

    def __init__(self, place: Place, names: Sequence[str]) -> None:
        self._folder = place.config_dir
        self._names = tuple(names)
        self._known: dict[str, tuple[object, list[Job] | PreserveError]] = {}

    def read(self) -> tuple[list[Job], list[PreserveError]]:
        """The jobs, and what is wrong with files: one with mistakes keeps no other back.

        Raises:
            ConfigError: no schedule is there.
        """
        found: list[Job] = []
        mistakes: list[PreserveError] = []
        layouts = list_layouts(self._folder)
        for name in self._names or list_collections(self._folder):
            mark = (layouts, _mark(self._folder / "collections" / f"{name}.yaml"))
            known = self._known.get(name)
            if known is None or known[0] != mark:
                known = self._known[name] = (mark, self._read(name))
            if isinstance(known[1], PreserveError):
                mistakes.append(known[1])
            else:
                found += known[1]
        if not found and not mistakes:
            raise ConfigError(
                ("no collection has a schedule",), next_step="Write `schedule:` into a collection's file."
            )
        return found, mistakes

    def _read(self, name: str) -> list[Job] | PreserveError:
        try:
            jobs = jobs_of(load_collection(self._folder, name))
        except PreserveError as error:
            return error
        if self._names and not jobs:
            return ConfigError((f"{name} has no schedule",), next_step="Write `schedule:` into its file.")
        return jobs


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file does."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class _Once:
    """Says what is new: a trouble that stays is told once, not every twenty seconds."""

    def __init__(self, out: Callable[[str], None] = say) -> None:
        self._said: dict[str, str] = {}
        self._out = out

    def tell(self, about: str, text: str) -> None:
        """Says ``text``, if it is not what was said of ``about`` last. Empty: the trouble is over."""
        if text and self._said.get(about) != text:
            self._out(f"preserve: {text}")
        self._said[about] = text


def _tell(done: Sequence[Done], said: _Once) -> None:
    for one in done:
        if one.outcome is not None:
            said.tell(one.job.title, "")
            say(_lines(one.job, one.outcome).rstrip("\n"))
        elif not isinstance(one.error, LockedError):
            said.tell(one.job.title, _error_text(one))


def _told(done: Done) -> bool:
    """Says what kept a job from its look; false where another scheduler does it, which is no fault."""
    if isinstance(done.error, LockedError):
        return False
    say(f"preserve: {_error_text(done)}")
    return True


def _error_text(done: Done) -> str:
    error = done.error
    if isinstance(error, PreserveError):
        return f"schedule of {done.job.title}: {error}" + (f"\n  next: {error.next_step}" if error.next_step else "")
    if isinstance(error, sqlite3.DatabaseError | OSError):
        return f"schedule of {done.job.title}: {error}\n  next: see whether the disk is full or read-only"
    told = "".join(traceback.format_exception(error)) if error is not None else ""
    return f"schedule of {done.job.title}: a fault of the program, please report it:\n{told}"


def _say_error(error: PreserveError) -> None:
    for line in str(error).splitlines():
        say(f"preserve: {line}")
    if error.next_step:
        say(f"  next: {error.next_step}")


def _json(job: Job, outcome: Outcome) -> dict[str, object]:
    event = None if outcome.event is None else asdict(outcome.event)
    return {
        "collection": job.collection,
        "job": job.kind,
        "event": event,
        "steps": [asdict(step) for step in outcome.steps],
    }


def _text(job: Job, standing: Standing | None, wrong: Sequence[str]) -> str:
    lines = [job.title]
    if standing is not None:
        last, good = standing.last, standing.last_good
        lines += [
            f"  next  {moment_text(standing.next_start)}",
            f"  last  {'never' if last is None else f'{moment_text(last.start)}  {_end(last)}'}",
            f"  good  {'never' if good is None else moment_text(good.start)}",
        ]
    return "\n".join([*lines, *(f"  WRONG {line}" for line in wrong)]) + "\n"


def _lines(job: Job, outcome: Outcome) -> str:
    event = outcome.event
    lines = [] if event is None else [f"{job.title}: due {moment_text(event.start)}: {_end(event)}\n"]
    return "".join([*lines, *(f"{job.title}: {_step(step)}\n" for step in outcome.steps)])


def _event_lines(job: Job, event: Event, steps: Sequence[Step]) -> str:
    head = f"{moment_text(event.start)}  {job.kind:<12} {_end(event)}\n"
    return head + "".join(f"{'':<22}{_step(step)}\n" for step in steps)


def _end(event: Event) -> str:
    again = f", again at {moment_text(event.again)}" if event.again is not None else ""
    word = "failed" if event.outcome == "waiting" else event.outcome
    return f"{word}{f': {event.reason}' if event.reason else ''}{again}"


def _step(step: Step) -> str:
    return f"step {step.name}: {step.outcome}" + (f": {step.detail}" if step.detail else "")


for _command in schedule.commands.values():
    _command.epilog = EXIT_STATUSES
