"""``preserve schedule``: captures at their time, and how the schedules stand."""

import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial

import click

from preserve.cli.capture import stopped_by_signals
from preserve.cli.common import EXIT_STATUSES, Place, command_options, say
from preserve.config.folder import list_collections, load_collection
from preserve.config.schedule import ScheduleConfig
from preserve.errors import CancelledError, ConfigError, LockedError, PreserveError
from preserve.schedule.child import run_child
from preserve.schedule.runs import Outcome, run_due
from preserve.schedule.table import Standing, Table

_LOOK_S = 20.0
"""Between two looks of `run` at what is due: a machine that slept, or whose clock was set, is noticed by then."""


@click.group(short_help="Capture collections at their time.")
def schedule() -> None:
    """Capture collections at the times that `schedule:` in their files gives (docs/schedule.md).

    Every due moment ends as one event: ran, failed, skipped or missed.
    """


@schedule.command(short_help="Run what is due now, then end.")
@click.argument("collections", nargs=-1)
@command_options
def once(place: Place, collections: tuple[str, ...]) -> int:
    """Run what is due now of COLLECTIONS (all that have a schedule, where none is named), then end. For cron.

    Status 1: a capture failed, or was skipped. Status 4: another process runs a schedule.
    """
    with stopped_by_signals() as stop:
        status, ran = _round(place, _scheduled(place, collections), stop)
    place.emit(
        {"runs": [{"collection": name, **asdict(outcome)} for name, outcome in ran]},
        "".join(_line(name, outcome) + "\n" for name, outcome in ran),
    )
    return status


@schedule.command(short_help="Run what is due, until stopped.")
@click.argument("collections", nargs=-1)
@command_options
def run(place: Place, collections: tuple[str, ...]) -> int:
    """Run what is due of COLLECTIONS (all that have a schedule), in the foreground, until SIGTERM or Ctrl-C.

    A capture that is under way then finishes what it is writing and seals it. Configuration is read anew at each look.
    """
    _scheduled(place, collections)
    with stopped_by_signals() as stop:
        while not stop.is_set():
            try:
                for name, outcome in _round(place, _scheduled(place, collections), stop)[1]:
                    say(_line(name, outcome))
            except ConfigError as error:
                say(f"preserve: {error}")
            stop.wait(_LOOK_S)
    return CancelledError.exit_status


@schedule.command(short_help="Show last and next captures, and what is overdue.")
@click.argument("collections", nargs=-1)
@command_options
def status(place: Place, collections: tuple[str, ...]) -> int:
    """Show how the schedules of COLLECTIONS stand. A schedule that was never looked at begins now.

    Status 1: a capture is overdue, the last one failed, or the clock was set back.
    """
    now = int(time.time())
    found: dict[str, Standing] = {}
    for name, plan in _scheduled(place, collections):
        with Table.open(place.archives, name, plan) as table:
            found[name] = table.standing(now)
    wrong = {name: _wrong(standing) for name, standing in found.items()}
    place.emit(
        {"schedules": [{"collection": n, **asdict(s), "wrong": wrong[n]} for n, s in found.items()]},
        "\n".join(_text(name, standing, wrong[name]) for name, standing in found.items()),
    )
    return 1 if any(wrong.values()) else 0


def _scheduled(place: Place, names: Sequence[str]) -> list[tuple[str, ScheduleConfig]]:
    """The schedules of the collections named; of all that have one, where none is named.

    Raises:
        ConfigError: a file has mistakes, or no schedule is there.
    """
    found = []
    for name in names or list_collections(place.config_dir):
        plan = load_collection(place.config_dir, name).schedule
        if plan is not None:
            found.append((name, plan))
        elif names:
            raise ConfigError((f"{name} has no schedule",), next_step="Write `schedule:` into its file.")
    if not found:
        raise ConfigError(("no collection has a schedule",), next_step="Write `schedule:` into a collection's file.")
    return found


def _round(
    place: Place, plans: Sequence[tuple[str, ScheduleConfig]], stop: threading.Event
) -> tuple[int, list[tuple[str, Outcome]]]:
    """One look at each schedule. What goes wrong with one keeps no other from its run."""
    ran: list[tuple[str, Outcome]] = []
    worst = 0
    for name, plan in plans:
        if stop.is_set():
            return CancelledError.exit_status, ran
        words = ["capture", name, "--json", "--archives", str(place.archives), "--config", str(place.config_dir)]
        try:
            outcome = run_due(
                place.archives,
                name,
                plan,
                clock=lambda: int(time.time()),
                capture=partial(run_child, words, stop=stop.is_set),
            )
        except (PreserveError, sqlite3.DatabaseError, OSError) as error:
            say(f"preserve: schedule of {name}: {error}")
            if isinstance(error, PreserveError) and error.next_step:
                say(f"  next: {error.next_step}")
            worst = worst or (LockedError.exit_status if isinstance(error, LockedError) else 1)
            continue
        if outcome is not None:
            ran.append((name, outcome))
            worst = worst if outcome.outcome == "ran" else 1
    return CancelledError.exit_status if stop.is_set() else worst, ran


def _wrong(standing: Standing) -> list[str]:
    """What a keeper must look at, in words."""
    wrong = []
    if standing.overdue_since is not None:
        wrong.append(f"overdue: due {_told(standing.overdue_since)}, no good run since")
    if standing.last is not None and standing.last.outcome in ("failed", "skipped"):
        wrong.append(f"the last run {_ended(standing.last.outcome)}: {standing.last.reason}")
    if standing.clock_back:
        wrong.append(
            "the clock is before the last moment recorded: it was set back, nothing is due until it is past it"
        )
    return wrong


def _text(name: str, standing: Standing, wrong: Sequence[str]) -> str:
    last = standing.last
    lines = [
        name,
        f"  next  {_told(standing.next_start)}",
        f"  last  {'never' if last is None else f'{_told(last.start)}  {last.outcome}  {last.reason}'.rstrip()}",
        f"  good  {'never' if standing.last_good is None else _told(standing.last_good.start)}",
        *(f"  WRONG {line}" for line in wrong),
    ]
    return "\n".join(lines) + "\n"


def _line(name: str, outcome: Outcome) -> str:
    reason = f" ({outcome.reason})" if outcome.reason else ""
    return f"{name}: due {_told(outcome.moment.start)}: {outcome.outcome}{reason}"


def _ended(outcome: str) -> str:
    return "was skipped" if outcome == "skipped" else outcome


def _told(value: int) -> str:
    return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ}"


for _command in schedule.commands.values():
    _command.epilog = EXIT_STATUSES
