"""What is still to be told, a message for each channel, kept until its channel has taken it.

Tested by ``tests/unit/alarms/test_deliver.py``.
"""

import json
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any, Final

from preserve.alarms.transitions import AlarmState, Notification
from preserve.alarms.values import MAX_ITEMS, AlarmEvent, AlarmMessage, Unsent, this_machine
from preserve.config.alarm_kinds import AlarmKind
from preserve.model import new_uuid

FIRST_PAUSE_S: Final = 60
MAX_PAUSE_S: Final = 3_600
"""Between two attempts: the first pause doubles with each failure, up to this."""
SCHEMA = """
CREATE TABLE outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, channel TEXT NOT NULL,
    event TEXT NOT NULL, collection TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, summary TEXT NOT NULL,
    items TEXT NOT NULL, items_total INTEGER NOT NULL, times INTEGER NOT NULL, bad_since INTEGER,
    created INTEGER NOT NULL, reached TEXT NOT NULL DEFAULT '[]', attempts INTEGER NOT NULL DEFAULT 0,
    failing_since INTEGER, error TEXT NOT NULL DEFAULT '', next_try INTEGER NOT NULL,
    is_refused INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX outbox_condition ON outbox (channel, collection, kind, subject, number);
"""
_MESSAGE = (
    "number, id, channel, event, collection, kind, subject, summary, items, items_total, times, bad_since, created, "
    "reached"
)
_IS_DUE = f"(next_try <= :now OR next_try > :now + {MAX_PAUSE_S})"
"""A clock that was set back puts off no attempt for longer than the longest pause."""
_OF_CONDITION = "channel = ? AND collection = ? AND kind = ? AND subject = ?"


class Outbox:
    """The table of messages. What writes is called within a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def put(self, state: AlarmState, tell: Notification, now: int) -> None:
        """Takes in what is to be told. What still waits for the same condition and channel takes it up, where it can.

        At most three wait: that it is good again, that it is bad again, that it is good once more.
        """
        waiting = self._waiting_of(state, tell.channel)
        newest = waiting[-1] if waiting else None
        if newest is not None and tell.event is AlarmEvent.HAPPENED:
            self._merge(newest, state)
        elif newest is None or tell.event is AlarmEvent.HAPPENED:
            self._insert(state, tell, now)
        elif tell.event is AlarmEvent.RESOLVED:
            if newest.event is not AlarmEvent.RESOLVED:
                self._insert(state, tell, now)
        elif newest.event is not AlarmEvent.RESOLVED:
            self._renew(newest, state)
        elif len(waiting) > 1:
            # It was good for a while that nobody was told of.
            self._db.execute("DELETE FROM outbox WHERE number = ?", (newest.number,))
            self._renew(waiting[-2], state)
        else:
            self._insert(state, tell, now)

    def renew(self, state: AlarmState) -> None:
        """Brings messages that still wait up to what was found since: the count, the summary, the items."""
        rows = self._db.execute(
            f"SELECT {_MESSAGE} FROM outbox WHERE number IN (SELECT max(number) FROM outbox "  # noqa: S608
            "WHERE collection = ? AND kind = ? AND subject = ? GROUP BY channel)",
            (state.collection, state.kind, state.subject),
        )
        for message in [_message(row) for row in rows]:
            if message.event is not AlarmEvent.RESOLVED:
                self._renew(message, state)

    def waiting(self, channel: str, now: int) -> list[int]:
        """Numbers of the messages to try now for a channel, in order; empty while all that wait are put off.

        Where the channel is tried at all, only what it refused for its own sake stays put off.
        """
        rows = self._db.execute(
            f"SELECT number, {_IS_DUE}, is_refused FROM outbox WHERE channel = :channel ORDER BY number",  # noqa: S608
            {"channel": channel, "now": now},
        ).fetchall()
        if not any(is_due for _number, is_due, _is_refused in rows):
            return []
        return [number for number, is_due, is_refused in rows if is_due or not is_refused]

    def message(self, number: int) -> AlarmMessage | None:
        """A message as it is now; None where it is gone, or must wait for an earlier one of its condition."""
        row = self._db.execute(
            f"SELECT {_MESSAGE} FROM outbox AS o WHERE number = ? AND NOT EXISTS "  # noqa: S608
            "(SELECT 1 FROM outbox AS e WHERE e.channel = o.channel AND e.collection = o.collection "
            "AND e.kind = o.kind AND e.subject = o.subject AND e.number < o.number)",
            (number,),
        ).fetchone()
        return None if row is None else _message(row)

    def sent(self, message: AlarmMessage) -> None:
        """Its channel has taken it. Where more of a happening came in meanwhile, that still waits."""
        self._db.execute("DELETE FROM outbox WHERE number = ? AND id = ?", (message.number, message.id))

    def refused(self, message: AlarmMessage, error: str, reached: Sequence[str], now: int) -> None:
        """Its channel did not take this one message, or not for every mailbox."""
        kept = json.dumps(sorted({*message.reached, *reached}))
        self._db.execute(
            "UPDATE outbox SET reached = ? WHERE number = ? AND id = ?", (kept, message.number, message.id)
        )
        self._failed([message.number], error, now, is_refused=True)

    def unreached(self, numbers: Sequence[int], error: str, now: int) -> None:
        """The channel itself could not be used: all that would have been sent is put off."""
        self._failed(numbers, error, now, is_refused=False)

    def _failed(self, numbers: Sequence[int], error: str, now: int, *, is_refused: bool) -> None:
        self._db.executemany(
            "UPDATE outbox SET attempts = attempts + 1, error = ?, failing_since = coalesce(failing_since, ?), "
            "is_refused = ?, next_try = ? + min(?, ? << min(attempts, 16)) WHERE number = ?",
            [(error, now, is_refused, now, MAX_PAUSE_S, FIRST_PAUSE_S, number) for number in numbers],
        )

    def unsent(self) -> list[Unsent]:
        """All that waits, in order."""
        rows = self._db.execute(
            f"SELECT {_MESSAGE}, attempts, failing_since, error, next_try FROM outbox ORDER BY number"  # noqa: S608
        )
        return [
            Unsent(message=_message(row[:-4]), attempts=row[-4], failing_since=row[-3], error=row[-2], next_try=row[-1])
            for row in rows
        ]

    def channels(self) -> list[str]:
        """Channels that messages wait for: those first that have failed least."""
        rows = self._db.execute("SELECT channel FROM outbox GROUP BY channel ORDER BY max(attempts), min(number)")
        return [str(row[0]) for row in rows]

    def drop_all_but(self, channels: Collection[str]) -> list[AlarmMessage]:
        """Drops what waits for channels that are none of these."""
        dropped = [unsent.message for unsent in self.unsent() if unsent.message.channel not in channels]
        self._db.executemany("DELETE FROM outbox WHERE number = ?", [(message.number,) for message in dropped])
        return dropped

    def _waiting_of(self, state: AlarmState, channel: str) -> list[AlarmMessage]:
        rows = self._db.execute(
            f"SELECT {_MESSAGE} FROM outbox WHERE {_OF_CONDITION} ORDER BY number",  # noqa: S608
            (channel, state.collection, state.kind, state.subject),
        )
        return [_message(row) for row in rows]

    def _insert(self, state: AlarmState, tell: Notification, now: int) -> None:
        self._db.execute(
            "INSERT INTO outbox (id, channel, event, collection, kind, subject, summary, items, items_total, times, "
            "bad_since, created, next_try) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(new_uuid(), tell.channel, tell.event, state.collection, state.kind, state.subject, state.summary),
                *(_json(state.items), state.items_total, state.times, state.bad_since, now, now),
            ),
        )

    def _renew(self, message: AlarmMessage, state: AlarmState) -> None:
        """The id stays: whoever got it by an attempt that seemed to fail misses no more than a count."""
        self._db.execute(
            "UPDATE outbox SET summary = ?, items = ?, items_total = ?, times = ?, bad_since = ? WHERE number = ?",
            (state.summary, _json(state.items), state.items_total, state.times, state.bad_since, message.number),
        )

    def _merge(self, message: AlarmMessage, state: AlarmState) -> None:
        """A new id: whoever got the former one by an attempt that seemed to fail must not take this for the same."""
        items = tuple(dict.fromkeys((*message.items, *state.items)))[:MAX_ITEMS]
        total = message.items_total + state.items_total
        self._db.execute(
            "UPDATE outbox SET id = ?, reached = '[]', summary = ?, items = ?, items_total = ?, times = times + 1 "
            "WHERE number = ?",
            (new_uuid(), state.summary, _json(items), total, message.number),
        )


def _json(items: Sequence[str]) -> str:
    return json.dumps(items, ensure_ascii=False)


def _message(row: Sequence[Any]) -> AlarmMessage:
    number, own_id, channel, event, collection, kind, subject, summary, items, total, times, since, created, reached = (
        row
    )
    return AlarmMessage(
        number=number,
        id=own_id,
        channel=channel,
        event=AlarmEvent(event),
        collection=collection,
        kind=AlarmKind(kind),
        subject=subject,
        summary=summary,
        items=tuple(json.loads(items)),
        items_total=total,
        times=times,
        bad_since=since,
        created=created,
        machine=this_machine(),
        reached=tuple(json.loads(reached)),
    )
