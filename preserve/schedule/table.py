"""The due table of a collection: what became of every due moment, exactly once (``docs/schedule.md``)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from preserve.config.schedule import ScheduleConfig, span_seconds
from preserve.errors import ArchiveError
from preserve.schedule.moments import Moment, may_begin, moments
from preserve.store.database import connect
from preserve.store.durable import make_dir

_VERSION = 1
_NOT_OF_THE_RULE = {"missed", "grace", "alive_file", "adaptive"}
"""Keys that say nothing about when moments are due."""
_SCHEMA = """
CREATE TABLE plan (id INTEGER PRIMARY KEY CHECK (id = 1), rule TEXT NOT NULL, anchor INTEGER NOT NULL,
    settled INTEGER NOT NULL) STRICT;
CREATE TABLE moment (nominal INTEGER PRIMARY KEY, start INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('running', 'ran', 'failed', 'skipped', 'missed')),
    reason TEXT NOT NULL, ended INTEGER) STRICT
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What became of a due moment. Times in seconds since 1970; ``ended`` is None while it runs."""

    nominal: int
    start: int
    outcome: str
    reason: str
    ended: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a schedule stands: ``overdue_since`` is the due moment that no good run has followed within the grace."""

    next_start: int
    last: Event | None
    last_good: Event | None
    overdue_since: int | None
    clock_back: bool


def table_path(archives: Path, name: str) -> Path:
    """The table of a collection. It is no evidence, and not derived: nothing makes it again."""
    return archives / ".schedule" / f"{name}.sqlite"


class Table:
    """The due table. `take` and `end` are for whoever holds the schedule's lock."""

    def __init__(self, connection: sqlite3.Connection, name: str, schedule: ScheduleConfig) -> None:
        self._connection = connection
        self._name = name
        self._schedule = schedule

    @classmethod
    @contextmanager
    def open(cls, archives: Path, name: str, schedule: ScheduleConfig) -> Iterator["Table"]:
        """The table, made where there is none.

        Raises:
            ArchiveError: the file is no due table.
        """
        path = table_path(archives, name)
        make_dir(path.parent)
        try:
            connection = connect(path, schema=_SCHEMA, version=_VERSION)
        except ArchiveError as error:
            raise ArchiveError(
                error.message,
                next_step=f"See whether the disk is full or read-only. If not, move {path} away: schedules begin anew.",
            ) from error
        try:
            # A moment that was taken must stay taken after a power cut.
            connection.execute("PRAGMA synchronous = FULL")
            yield cls(connection, name, schedule)
        finally:
            connection.close()

    def take(self, now: int) -> Moment | None:
        """The due moment to run now, marked as running; every other one that is due is recorded as missed.

        One that a dead process left running is recorded as failed. None: nothing is due, or the window is closed.
        """
        with self._connection as change:
            change.execute("BEGIN IMMEDIATE")
            change.execute(
                "UPDATE moment SET outcome = 'failed', reason = 'its process ended', ended = ?"
                " WHERE outcome = 'running'",
                (now,),
            )
            anchor, settled = self._plan(now)
            due = list(
                takewhile(
                    lambda moment: moment.start <= now,
                    moments(self._schedule, seed=self._name, anchor=anchor, after=settled),
                )
            )
            if not due or not may_begin(self._schedule, now):
                return None
            chosen: Moment | None = due[-1]
            if self._schedule.missed == "skip" and due[-1].start + span_seconds(self._schedule.grace) < now:
                chosen = None
            for moment in due:
                self._record(moment, *(("running", "") if moment is chosen else ("missed", "not run in time")), now)
            change.execute("UPDATE plan SET settled = ?", (due[-1].nominal,))
            return chosen

    def end(self, moment: Moment, outcome: str, reason: str, now: int) -> None:
        """Records how the moment that was taken has ended: ``ran``, ``failed`` or ``skipped``."""
        with self._connection as change:
            change.execute(
                "UPDATE moment SET outcome = ?, reason = ?, ended = ? WHERE nominal = ? AND outcome = 'running'",
                (outcome, reason, now, moment.nominal),
            )

    def events(self) -> list[Event]:
        """Every moment recorded, oldest first."""
        rows = self._connection.execute("SELECT nominal, start, outcome, reason, ended FROM moment ORDER BY nominal")
        return [_event(row) for row in rows]

    def standing(self, now: int) -> Standing:
        """How the schedule stands at ``now``. A schedule never seen before begins now."""
        with self._connection as change:
            change.execute("BEGIN IMMEDIATE")
            anchor, settled = self._plan(now)
        good = self._last("WHERE outcome = 'ran'")
        waiting = next(moments(self._schedule, seed=self._name, anchor=anchor, after=good.nominal if good else -1))
        following = next(moments(self._schedule, seed=self._name, anchor=anchor, after=settled))
        return Standing(
            next_start=following.start,
            last=self._last(""),
            last_good=good,
            overdue_since=waiting.start if waiting.start + span_seconds(self._schedule.grace) < now else None,
            clock_back=settled > now,
        )

    def _last(self, condition: str) -> Event | None:
        row = self._connection.execute(
            f"SELECT nominal, start, outcome, reason, ended FROM moment {condition} ORDER BY nominal DESC LIMIT 1"  # noqa: S608 - words of ours
        ).fetchone()
        return None if row is None else _event(row)

    def _plan(self, now: int) -> tuple[int, int]:
        """``anchor`` and ``settled``. What was due by a rule that has been changed since is recorded as skipped."""
        rule = self._schedule.model_dump_json(exclude=_NOT_OF_THE_RULE)
        row = self._connection.execute("SELECT rule, anchor, settled FROM plan").fetchone()
        if row is not None and row[0] == rule:
            return int(row[1]), int(row[2])
        anchor, settled = now, now - 1
        if row is not None:
            former = ScheduleConfig.model_validate_json(row[0])
            for moment in moments(former, seed=self._name, anchor=row[1], after=row[2]):
                if moment.start > now:
                    break
                self._record(moment, "skipped", "the schedule was changed", now)
            newest = self._connection.execute("SELECT max(nominal) FROM moment").fetchone()[0]
            anchor = max(now, row[2] + 1, (newest or 0) + 1)
            settled = anchor - 1
        self._connection.execute("INSERT OR REPLACE INTO plan VALUES (1, ?, ?, ?)", (rule, anchor, settled))
        return anchor, settled

    def _record(self, moment: Moment, outcome: str, reason: str, now: int) -> None:
        ended = None if outcome == "running" else now
        self._connection.execute(
            "INSERT INTO moment VALUES (?, ?, ?, ?, ?)", (moment.nominal, moment.start, outcome, reason, ended)
        )


def _event(row: tuple[int, int, str, str, int | None]) -> Event:
    return Event(nominal=row[0], start=row[1], outcome=row[2], reason=row[3], ended=row[4])
