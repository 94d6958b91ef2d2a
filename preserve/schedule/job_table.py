"""The due table of one job of a collection: what became of every due moment, exactly once (``docs/schedule.md``).

A moment goes from ``running`` to one of ``ran``, ``failed``, ``skipped`` and stays there; one that failed and is tried
again before the next is due is ``waiting`` meanwhile. One that nobody took in time is ``missed``.

Tested by ``tests/unit/schedule/test_schedule.py``.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from preserve.config.spans import span_seconds
from preserve.model import is_collection_name
from preserve.schedule.due_times import DueTime, may_begin, moments, opening
from preserve.schedule.stored_json import fill, report_kept, rule_kept, text_of
from preserve.store.database import UnmadeError, connect
from preserve.store.durable import make_dir
from preserve.store.layout import job_folder, schedule_folder

if TYPE_CHECKING:
    from preserve.config.schedule import ScheduleRuleConfig

CAPTURE, VERIFICATION = "capture", "verification"
"""The jobs of a collection: each has a table, and a lock, of its own."""
DAMAGE = "damage was found"
"""What the reason of a verification begins with that found some."""
_VERSION = 3
_RULE_KEYS = {"every", "cron", "time_zone", "only", "jitter"}
"""Keys that say when moments are due; the others may change and the moments stay."""
SCHEDULE_CHANGED = "the schedule was changed"
"""The reason of a moment that was given up for that, in the table: it counts for and against nothing."""
_STEP_TRIES = 3
_MOST_AT_ONCE = 10_000
"""Due moments recorded in one look: after many years, or a clock set far ahead, the next looks go on."""
_LOOKED_EVERY_S = 300
LONG_UNSEEN_S = 2 * 86_400
"""A scheduler that looks less often than this is none: `schedule once` under cron looks every few minutes."""
_ALIVE_S = 3 * _LOOKED_EVERY_S
"""A run whose scheduler was heard of within this time is taken to be under way."""
_SCHEMA = """
CREATE TABLE plan (id INTEGER PRIMARY KEY CHECK (id = 1), rule TEXT NOT NULL, anchor INTEGER NOT NULL,
    settled INTEGER NOT NULL, looked INTEGER NOT NULL, latest INTEGER NOT NULL,
    unseen_from INTEGER, unseen_to INTEGER) STRICT;
CREATE TABLE moment (nominal INTEGER PRIMARY KEY, start INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('running', 'waiting', 'ran', 'failed', 'skipped', 'missed')),
    reason TEXT NOT NULL, tries INTEGER NOT NULL, judged TEXT NOT NULL, again INTEGER, began INTEGER, ended INTEGER,
    report TEXT NOT NULL) STRICT;
CREATE TABLE step (nominal INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('waiting', 'running', 'good', 'failed', 'skipped')),
    detail TEXT NOT NULL, tries INTEGER NOT NULL, began INTEGER, ended INTEGER,
    PRIMARY KEY (nominal, number)) STRICT
"""
_OF_WRONG_CLOCK = "(start > ? OR (outcome <> 'ran' AND ended > ?))"
"""Moments that a clock ahead of now has recorded: to come, or given up by it. What ran in this second did so by now."""
_EVENT = "nominal, start, outcome, reason, tries, again, began, ended, report"


class JobEvent(Struct, frozen=True, kw_only=True):
    """What became of a due moment. Times in seconds since 1970.

    ``tries``: how often it failed; ``again``: when it is tried again, while it is waiting. ``report``: what the run
    told (`preserve.schedule.run_summary`); empty where it told nothing.
    """

    nominal: int
    start: int
    outcome: str
    reason: str
    tries: int
    again: int | None
    began: int | None
    ended: int | None
    report: Mapping[str, object]


class Step(Struct, frozen=True, kw_only=True):
    """One step after a capture. ``number`` counts from 0; ``detail`` says why it failed."""

    nominal: int
    number: int
    name: str
    outcome: str
    detail: str
    began: int | None
    ended: int | None


class Judged(Struct, frozen=True, kw_only=True):
    """How a run ended: ``ran``, ``failed`` or ``skipped``, and why. ``report``: what it told, as JSON.

    ``is_counted``: false where it was stopped because the schedule was; it then goes on at the next look. ``status``:
    the exit status that says so: 0, 1 where damage was found, else why it failed. ``is_over``: it failed, and came to
    its end all the same: it is not tried again, and its steps follow.
    """

    outcome: str
    reason: str = ""
    report: str = ""
    is_counted: bool = True
    status: int = 0
    is_over: bool = False


class UnwatchedTime(NamedTuple):
    """A time in which no scheduler looked (seconds since 1970), and how many moments were missed in it."""

    began: int
    ended: int
    missed: int


class JobStatus(Struct, frozen=True, kw_only=True):
    """How a job stands. ``overdue_since`` is the due moment that no good run has followed within the grace; a run that
    is under way is not overdue, its time limit is its bound.

    ``looked`` is about when a scheduler last looked, at most some minutes less than true; None: never.
    """

    next_start: int
    last: JobEvent | None
    last_good: JobEvent | None
    failed_in_a_row: int
    is_under_way: bool
    overdue_since: int | None
    clock_back: bool
    looked: int | None
    steps: tuple[Step, ...]
    """Those of the last run that had any."""
    unseen: UnwatchedTime | None = None
    """The last time that was too long."""
    ended: tuple[JobEvent, ...] = ()
    """The last two moments that ran, failed or were skipped for good, oldest first."""


def table_path(archives: Path, collection: str, job: str) -> Path:
    """The due table of a job. It is no evidence, and nothing makes it again."""
    return job_folder(archives, collection) / f"{job}.sqlite"


def has_table(archives: Path, collection: str) -> bool:
    """Whether a scheduler has ever looked at a job of a collection."""
    return any(table_path(archives, collection, job).is_file() for job in (CAPTURE, VERIFICATION))


def scheduled_names(archives: Path, *, without: Collection[str]) -> list[str]:
    """The collections whose jobs a scheduler has ever looked at, but those of ``without``, in order."""
    try:
        names = {entry.name for entry in schedule_folder(archives).iterdir()}
    except OSError:
        return []
    return [name for name in sorted(names - set(without)) if is_collection_name(name) and has_table(archives, name)]


class JobTable:
    """The due table. What writes is for whoever holds the job's lock; the rest is for everyone."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        seed: str,
        rule: "ScheduleRuleConfig",
        keep: Callable[[str], None] | None = None,
    ) -> None:
        self._connection = connection
        self._seed = seed
        self._rule = rule
        self._keep = keep

    @classmethod
    @contextmanager
    def open(cls, archives: Path, collection: str, job: str, rule: "ScheduleRuleConfig") -> Iterator["JobTable"]:
        """The table for writing, made where there is none.

        Raises:
            BrokenStateError: the file is no due table.
        """
        path = table_path(archives, collection, job)
        make_dir(path.parent)
        connection = _connect(path)
        try:
            # A moment that was taken must stay taken after a power cut.
            connection.execute("PRAGMA synchronous = FULL")
            yield cls(connection, _seed(collection, job), rule)
        finally:
            connection.close()

    @classmethod
    @contextmanager
    def of_text(
        cls, text: str, collection: str, job: str, rule: "ScheduleRuleConfig", keep: Callable[[str], None] | None = None
    ) -> Iterator["JobTable"]:
        """A table that is kept elsewhere as text, empty where nothing was: ``keep`` is given the text anew before a
        change counts, and a change that it does not take is none.

        Raises:
            BrokenStateError: the text is no due table.
        """
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.executescript(_SCHEMA)
            table = cls(connection, _seed(collection, job), rule, keep)
            if text:
                fill(connection, text)
            yield table

    @classmethod
    @contextmanager
    def read(cls, archives: Path, collection: str, job: str, rule: "ScheduleRuleConfig") -> Iterator["JobTable | None"]:
        """The table for reading only; None where no scheduler has looked at the job yet.

        Raises:
            BrokenStateError: the file is no due table.
        """
        path = table_path(archives, collection, job)
        connection = None
        with suppress(UnmadeError):
            if path.is_file():
                connection = _connect(path, read_only=True)
        if connection is None:
            yield None
            return
        try:
            yield cls(connection, _seed(collection, job), rule)
        finally:
            connection.close()

    def take(self, now: int) -> DueTime | None:
        """The moment to run now, marked as running; every other one that is due is recorded as missed.

        One that a dead process left running has failed, and waits to be tried again. None: nothing is due, or the
        window is closed, or more is due than one look records.
        """
        with self._change() as change:
            for event in self._events("WHERE outcome = 'running'"):
                self._settle(event, Judged(outcome="failed", reason="its process ended"), now)
            anchor, settled = self._plan(now)
            coming = moments(self._rule, seed=self._seed, anchor=anchor, after=settled)
            due = list(islice(takewhile(lambda moment: moment.start <= now, coming), _MOST_AT_ONCE))
            if not may_begin(self._rule, now):
                return None
            if not due:
                return self._take_again(now)
            self._give_up_waiting("a later moment came")
            chosen: DueTime | None = due[-1]
            is_late = due[-1].start + span_seconds(self._rule.grace) < now
            if len(due) == _MOST_AT_ONCE or (is_late and self._rule.missed == "skip"):
                chosen = None
            for moment in due:
                self._record(moment, *(("running", "") if moment is chosen else ("missed", "not run in time")), now)
            change.execute("UPDATE plan SET settled = ?", (due[-1].nominal,))
            return chosen

    def end(self, moment: DueTime, judged: Judged, now: int, *, steps: Sequence[str] = ()) -> JobEvent:
        """Records how the moment that was taken has ended, with the steps that follow a run."""
        with self._change() as change:
            event = self._events("WHERE nominal = ?", moment.nominal)[0]
            if event.outcome == "running":
                self._settle(event, judged, now)
                if judged.outcome == "ran" or judged.is_over:
                    change.executemany(
                        "INSERT INTO step VALUES (?, ?, ?, 'waiting', '', 0, NULL, NULL)",
                        [(moment.nominal, number, name) for number, name in enumerate(steps)],
                    )
            return self._events("WHERE nominal = ?", moment.nominal)[0]

    def next_step(self, now: int) -> Step | None:
        """The next step to do, marked as running; None where none is left.

        One that a dead process left is done again, until it has ended its process three times.
        """
        with self._change() as change:
            change.execute(
                "UPDATE step SET outcome = 'failed', detail = 'its process ended', ended = ?"
                " WHERE outcome = 'running' AND tries >= ?",
                (now, _STEP_TRIES),
            )
            row = change.execute(
                "SELECT nominal, number FROM step WHERE outcome IN ('waiting', 'running')"
                " ORDER BY nominal, number LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            change.execute(
                "UPDATE step SET outcome = 'running', tries = tries + 1, began = ? WHERE nominal = ? AND number = ?",
                (now, *row),
            )
            return self._steps("WHERE nominal = ? AND number = ?", *row)[0]

    def end_step(self, step: Step, outcome: str, detail: str, now: int) -> None:
        """Records how a step ended: ``good``, ``failed``, ``skipped``; ``waiting``: it was stopped and comes again."""
        with self._change() as change:
            change.execute(
                "UPDATE step SET outcome = ?, detail = ?, ended = ?, tries = tries - ?"
                " WHERE nominal = ? AND number = ? AND outcome = 'running'",
                (outcome, detail, now, outcome == "waiting", step.nominal, step.number),
            )

    def steps_of(self, nominal: int) -> list[Step]:
        """The steps after the capture of one moment, in their order."""
        return self._steps("WHERE nominal = ? ORDER BY number", nominal)

    def was_good(self, name: str) -> bool:
        """Whether a step of this name was ever good."""
        row = self._connection.execute("SELECT 1 FROM step WHERE name = ? AND outcome = 'good' LIMIT 1", (name,))
        return row.fetchone() is not None

    def looked(self, now: int) -> None:
        """Notes that a scheduler looked, every few minutes: what watches it need not wait for a due moment.

        A time without a look that was too long is kept, until there is another one. It begins at the ``latest`` look:
        one with the clock set back makes no time that nobody looked in.
        """
        with self._change() as change:
            change.execute(
                "UPDATE plan SET unseen_from = latest, unseen_to = ? WHERE latest < ?", (now, now - LONG_UNSEEN_S)
            )
            change.execute(
                "UPDATE plan SET looked = ?, latest = max(latest, ?) WHERE NOT looked BETWEEN ? AND ?",
                (now, now, now - _LOOKED_EVERY_S, now),
            )

    def events(self, most: int | None = None) -> list[JobEvent]:
        """The moments recorded, oldest first; the last ``most`` of them."""
        return self._events("ORDER BY nominal DESC LIMIT ?", -1 if most is None else most)[::-1]

    def to_come(self, now: int) -> list[JobEvent]:
        """Moments recorded with a clock that was ahead: those still to come, and those that it gave up."""
        return self._events(f"WHERE {_OF_WRONG_CLOCK} ORDER BY nominal", now, now)

    def forget_to_come(self, now: int) -> int:
        """Forgets the moments of `to_come`, with their steps: each is due at its time, or now. Their number."""
        with self._change() as change:
            change.execute(
                f"DELETE FROM step WHERE nominal IN (SELECT nominal FROM moment WHERE {_OF_WRONG_CLOCK})",  # noqa: S608 - ours
                (now, now),
            )
            forgotten = change.execute(f"DELETE FROM moment WHERE {_OF_WRONG_CLOCK}", (now, now)).rowcount  # noqa: S608
            change.execute(
                "UPDATE plan SET anchor = min(anchor, ?), looked = min(looked, ?), latest = min(latest, ?)",
                (now, now, now),
            )
            change.execute("UPDATE plan SET unseen_from = NULL, unseen_to = NULL WHERE unseen_to > ?", (now,))
            # What was due until now and is not recorded any more is due.
            change.execute("UPDATE plan SET settled = max(anchor - 1, (SELECT coalesce(max(nominal), 0) FROM moment))")
            return forgotten

    def standing(self, now: int) -> JobStatus:
        """How the job stands at ``now``. Writes nothing."""
        row = self._connection.execute(
            "SELECT rule, anchor, settled, looked, unseen_from, unseen_to FROM plan"
        ).fetchone()
        anchor, settled, looked = (row[1], row[2], row[3]) if row else (now, now - 1, None)
        is_changed = row is not None and row[0] != self._written_rule()
        # What was due by a rule that was changed stays due until a scheduler has seen the new one.
        rule = rule_kept(row[0]) if is_changed else self._rule
        good = self._one("WHERE outcome = 'ran'")
        last = self._one("WHERE outcome <> 'missed'")
        after = good.nominal if good is not None else -1
        waiting = next(moments(rule, seed=self._seed, anchor=anchor, after=after))
        following = next(moments(rule, seed=self._seed, anchor=anchor, after=settled))
        failed = self._connection.execute(
            "SELECT count(*) FROM moment WHERE nominal > ? AND outcome IN ('failed', 'skipped')", (after,)
        ).fetchone()[0]
        stepped = self._connection.execute("SELECT max(nominal) FROM step").fetchone()[0]
        again = last.again if last is not None and last.outcome == "waiting" else None
        is_under_way = last is not None and last.outcome == "running" and looked is not None and now - looked < _ALIVE_S
        is_late = waiting.start + span_seconds(self._rule.grace) < now
        return JobStatus(
            next_start=following.start if again is None else min(following.start, again),
            last=last,
            last_good=good,
            failed_in_a_row=int(failed),
            is_under_way=is_under_way,
            overdue_since=waiting.start if is_late and not is_under_way else None,
            clock_back=settled > now,
            looked=looked,
            steps=() if stepped is None else tuple(self.steps_of(stepped)),
            unseen=None
            if row is None or row[4] is None
            else UnwatchedTime(row[4], row[5], self._missed(row[4], row[5])),
            ended=tuple(
                self._events("WHERE outcome IN ('ran', 'failed', 'skipped') ORDER BY nominal DESC LIMIT 2")[::-1]
            ),
        )

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._connection as change:
            change.execute("BEGIN IMMEDIATE")
            before = change.total_changes
            yield change
            if self._keep is not None and change.total_changes != before:
                self._keep(text_of(change))

    def _missed(self, began: int, ended: int) -> int:
        row = self._connection.execute(
            "SELECT count(*) FROM moment WHERE outcome = 'missed' AND start BETWEEN ? AND ?", (began, ended)
        ).fetchone()
        return int(row[0])

    def _take_again(self, now: int) -> DueTime | None:
        for event in self._events("WHERE outcome = 'waiting' AND again <= ?", now):
            self._connection.execute(
                "UPDATE moment SET outcome = 'running', began = ? WHERE nominal = ?", (now, event.nominal)
            )
            return DueTime(nominal=event.nominal, start=event.start)
        return None

    def _settle(self, event: JobEvent, judged: Judged, now: int) -> None:
        """Ends a run, or has it wait for the next try, where there is one before the next moment."""
        tries = event.tries + (judged.is_counted and judged.outcome != "ran")
        outcome, again = judged.outcome, None
        if outcome != "ran" and not judged.is_over and tries <= self._rule.retries:
            pause = span_seconds(self._rule.retry_after) << (tries - 1) if judged.is_counted else 0
            row = self._connection.execute("SELECT anchor FROM plan").fetchone()
            following = next(moments(self._rule, seed=self._seed, anchor=row[0], after=event.nominal))
            # A try that no window is open for before the next moment will not come.
            next_try = opening(self._rule, now + pause)
            if next_try < following.start:
                outcome, again = "waiting", next_try
        self._connection.execute(
            "UPDATE moment SET outcome = ?, reason = ?, tries = ?, judged = ?, again = ?, ended = ?, report = ?"
            " WHERE nominal = ?",
            (outcome, judged.reason, tries, judged.outcome, again, now, judged.report, event.nominal),
        )

    def _give_up_waiting(self, why: str) -> None:
        self._connection.execute(
            "UPDATE moment SET outcome = judged, reason = reason || '; ' || ?, again = NULL WHERE outcome = 'waiting'",
            (why,),
        )

    def _plan(self, now: int) -> tuple[int, int]:
        """``anchor`` and ``settled``. What was due by a rule that has been changed since is recorded as skipped."""
        rule = self._written_rule()
        row = self._connection.execute("SELECT rule, anchor, settled FROM plan").fetchone()
        if row is not None and row[0] == rule:
            return int(row[1]), int(row[2])
        anchor, settled = now, now - 1
        if row is not None:
            self._give_up_waiting(SCHEDULE_CHANGED)
            former = rule_kept(row[0])
            for moment in moments(former, seed=self._seed, anchor=row[1], after=row[2]):
                if moment.start > now:
                    break
                self._record(moment, "skipped", SCHEDULE_CHANGED, now)
            newest = self._connection.execute("SELECT max(nominal) FROM moment").fetchone()[0]
            anchor = max(now, row[2] + 1, (newest or 0) + 1)
            settled = anchor - 1
        self._connection.execute(
            "INSERT INTO plan VALUES (1, ?, ?, ?, ?, ?, NULL, NULL) "
            "ON CONFLICT (id) DO UPDATE SET rule = excluded.rule, "
            "anchor = excluded.anchor, settled = excluded.settled, looked = excluded.looked",
            (rule, anchor, settled, now, now),
        )
        return anchor, settled

    def _written_rule(self) -> str:
        return self._rule.model_dump_json(include=_RULE_KEYS)

    def _record(self, moment: DueTime, outcome: str, reason: str, now: int) -> None:
        began, ended = (now, None) if outcome == "running" else (None, now)
        self._connection.execute(
            "INSERT INTO moment VALUES (?, ?, ?, ?, 0, ?, NULL, ?, ?, '')",
            (moment.nominal, moment.start, outcome, reason, outcome, began, ended),
        )

    def _events(self, condition: str, *values: int) -> list[JobEvent]:
        rows = self._connection.execute(f"SELECT {_EVENT} FROM moment {condition}", values)  # noqa: S608 - words of ours
        names = _EVENT.split(", ")
        return [JobEvent(**{**dict(zip(names, row, strict=True)), "report": report_kept(row[-1])}) for row in rows]

    def _one(self, condition: str) -> JobEvent | None:
        found = self._events(f"{condition} ORDER BY nominal DESC LIMIT 1")
        return found[0] if found else None

    def _steps(self, condition: str, *values: int) -> list[Step]:
        rows = self._connection.execute(
            f"SELECT nominal, number, name, outcome, detail, began, ended FROM step {condition}",  # noqa: S608 - words of ours
            values,
        )
        names = ("nominal", "number", "name", "outcome", "detail", "began", "ended")
        return [Step(**dict(zip(names, row, strict=True))) for row in rows]


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    next_step = f"Move {path} away: its schedule begins anew."
    return connect(path, schema=_SCHEMA, version=_VERSION, read_only=read_only, next_step=next_step)


def _seed(collection: str, job: str) -> str:
    return collection if job == CAPTURE else f"{collection} {job}"
