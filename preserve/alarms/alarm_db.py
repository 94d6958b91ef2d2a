"""The book of alarms: conditions, what is still to be told of them, and how far observers have looked.

``ARCHIVES/.schedule/alarms.sqlite``. It is no evidence, and nothing makes it again. What an observer saw, what is to be
told of it and how far it looked become durable together or not at all: a crash loses no alarm and tells none twice.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from preserve.alarms.outbox import SCHEMA as OUTBOX_SCHEMA
from preserve.alarms.outbox import Outbox
from preserve.alarms.transitions import AlarmState, AlarmTransition, observed, reminded
from preserve.alarms.values import AlarmMessage, Condition, Observation, Unsent
from preserve.config.alarm_kinds import AlarmKind, AlarmRule
from preserve.store.database import UnmadeError, connect
from preserve.store.durable import make_dir
from preserve.store.layout import schedule_folder

_VERSION = 1
_SCHEMA = f"""
CREATE TABLE condition (collection TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, is_bad INTEGER NOT NULL,
    bad_occasion TEXT, bad_since INTEGER, times INTEGER NOT NULL, raised INTEGER, told INTEGER,
    told_to TEXT NOT NULL, summary TEXT NOT NULL, items TEXT NOT NULL, items_total INTEGER NOT NULL,
    PRIMARY KEY (collection, kind, subject)) STRICT, WITHOUT ROWID;
CREATE TABLE mark (collection TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
    PRIMARY KEY (collection, name)) STRICT, WITHOUT ROWID;
{OUTBOX_SCHEMA}"""
_COLUMNS = (
    "collection, kind, subject, is_bad, bad_occasion, bad_since, times, raised, told, told_to, summary, "
    "items, items_total"
)
_KINDS = frozenset(AlarmKind)
Rules = Mapping[AlarmKind, AlarmRule]
"""The rule of every kind: `preserve.config.alarms.AlarmsConfig.in_force`."""


def book_path(archives: Path) -> Path:
    """Where the book of a folder of archives is."""
    return schedule_folder(archives) / "alarms.sqlite"


class AlarmDatabase:
    """An open book. Each method that changes it is one transaction; any number of processes may have it open."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._outbox = Outbox(connection)
        self.path = path

    @property
    def archives(self) -> Path:
        """The folder of the archives that it is of, absolute."""
        return self.path.absolute().parent.parent

    @classmethod
    @contextmanager
    def open(cls, archives: Path, *, read_only: bool = False) -> Iterator["AlarmDatabase"]:
        """The book, made where there is none. With ``read_only`` nothing is written; what is not there is empty.

        Raises:
            BrokenStateError: the file is no book of alarms.
            EnvironmentFaultError: the folder cannot be made.
        """
        path = book_path(archives)
        if not read_only:
            make_dir(path.parent)
        connection = _connect(path, read_only=read_only)
        try:
            if not read_only:
                # What was observed is not observed again: it must be there after a power cut.
                connection.execute("PRAGMA synchronous = FULL")
            yield cls(connection, path)
        finally:
            connection.close()

    def observe(
        self,
        observations: Iterable[Observation],
        rules: Rules,
        now: int,
        marks: Mapping[tuple[str, str], int] | None = None,
    ) -> None:
        """Takes in what was found, puts out what is to be told of it, and moves marks (collection and name to value).

        All of it in one transaction: when this raises, nothing of it has happened.
        """
        found = [observation.bounded() for observation in observations]
        with self._change():
            for observation in found:
                state = self._state(observation)
                self._keep(state, observed(state, observation, rules[observation.kind], now), now)
            self._db.executemany(
                "INSERT OR REPLACE INTO mark VALUES (?, ?, ?)",
                [(collection, name, value) for (collection, name), value in (marks or {}).items()],
            )

    def remind(self, rules: Rules, now: int) -> None:
        """Puts out what is to be told because time has passed, or a rule has changed."""
        with self._change():
            for state in self._bad():
                self._keep(state, reminded(state, rules[state.kind], now), now)

    def mark(self, collection: str, name: str) -> int | None:
        """How far an observer has looked; None: never."""
        row = self._db.execute(
            "SELECT value FROM mark WHERE collection = ? AND name = ?", (collection, name)
        ).fetchone()
        return None if row is None else int(row[0])

    def open_conditions(self, collection: str | None = None) -> list[Condition]:
        """What is bad now, those too that the rules do not tell yet: by collection, kind and subject; of one
        ``collection`` where it is given.
        """
        return [
            Condition(
                collection=state.collection,
                kind=state.kind,
                subject=state.subject,
                summary=state.summary,
                items=state.items,
                items_total=state.items_total,
                bad_since=state.bad_since or 0,
                times=state.times,
                raised=state.raised,
                told=state.told,
            )
            for state in self._bad(collection)
        ]

    def forget(self, collection: str) -> int:
        """Forgets all conditions and marks of a collection, whose observers then begin anew; how many were bad.

        What is to be told already is still told.
        """
        with self._change():
            bad = self._db.execute("SELECT count(*) FROM condition WHERE collection = ? AND is_bad", (collection,))
            count = int(bad.fetchone()[0])
            self._db.execute("DELETE FROM condition WHERE collection = ?", (collection,))
            self._db.execute("DELETE FROM mark WHERE collection = ?", (collection,))
        return count

    def unsent(self) -> list[Unsent]:
        """Every message that waits, in order."""
        return self._outbox.unsent()

    def waiting_channels(self) -> list[str]:
        """Channels that messages wait for: those first that have failed least."""
        return self._outbox.channels()

    def waiting(self, channel: str, now: int) -> list[int]:
        """Numbers of the messages to send now to a channel, in order."""
        return self._outbox.waiting(channel, now)

    def message(self, number: int) -> AlarmMessage | None:
        """A message as it is now; None where it is gone, or must wait for an earlier one of its condition."""
        return self._outbox.message(number)

    def sent(self, message: AlarmMessage) -> None:
        """Its channel has taken a message: it waits no longer."""
        with self._change():
            self._outbox.sent(message)

    def refused(self, message: AlarmMessage, error: str, reached: Sequence[str], now: int) -> None:
        """Its channel did not take a message, or only for the mailboxes ``reached``: it is tried again later."""
        with self._change():
            self._outbox.refused(message, error, reached, now)

    def unreached(self, numbers: Sequence[int], error: str, now: int) -> None:
        """A channel could not be used: its messages are tried again later."""
        with self._change():
            self._outbox.unreached(numbers, error, now)

    def drop_all_but(self, channels: Collection[str]) -> list[AlarmMessage]:
        """Drops what waits for channels that are none of these; what was dropped."""
        with self._change():
            return self._outbox.drop_all_but(channels)

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield

    def _state(self, of: Observation) -> AlarmState:
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM condition WHERE collection = ? AND kind = ? AND subject = ?",  # noqa: S608
            (of.collection, of.kind, of.subject),
        ).fetchone()
        return AlarmState(collection=of.collection, kind=of.kind, subject=of.subject) if row is None else _state(row)

    def _bad(self, collection: str | None = None) -> list[AlarmState]:
        of_one, values = ("", ()) if collection is None else ("collection = ? AND ", (collection,))
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM condition WHERE {of_one}is_bad ORDER BY collection, kind, subject",  # noqa: S608
            values,
        )
        # A kind that a newer version of the program told of stays in the book, for that version.
        return [_state(row) for row in rows if row[1] in _KINDS]

    def _keep(self, before: AlarmState, turn: AlarmTransition, now: int) -> None:
        if turn.state != before:
            self._db.execute(
                "INSERT OR REPLACE INTO condition VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                _row(turn.state),
            )
        if turn.is_counted and turn.state.raised is not None:
            self._outbox.renew(turn.state)
        for tell in turn.tells:
            self._outbox.put(turn.state, tell, now)


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    next_step = f"Move {path} away: alarms begin anew, and what was not yet told stays in that file."
    with suppress(UnmadeError):
        if path.is_file() or not read_only:
            return connect(path, schema=_SCHEMA, version=_VERSION, read_only=read_only, next_step=next_step)
    return connect(Path(":memory:"), schema=_SCHEMA, version=_VERSION, next_step=next_step)


def _row(state: AlarmState) -> tuple[object, ...]:
    return (
        *(state.collection, state.kind, state.subject, state.is_bad, state.bad_occasion),
        *(state.bad_since, state.times, state.raised, state.told, json.dumps(state.told_to), state.summary),
        *(json.dumps(state.items, ensure_ascii=False), state.items_total),
    )


def _state(row: Sequence[Any]) -> AlarmState:
    collection, kind, subject, is_bad, occasion, since, times, raised, told, told_to, summary, items, total = row
    return AlarmState(
        collection=collection,
        kind=AlarmKind(kind),
        subject=subject,
        is_bad=bool(is_bad),
        bad_occasion=occasion,
        bad_since=since,
        times=times,
        raised=raised,
        told=told,
        told_to=tuple(json.loads(told_to)),
        summary=summary,
        items=tuple(json.loads(items)),
        items_total=total,
    )
