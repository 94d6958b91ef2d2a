"""Leases of whole collections: which machine has one, until when, and the fence that keeps all others from its row.

States of a row, by the clock of the database, and what leads from one to the next::

    FREE --- take: epoch + 1 ---> HELD --- give back ---> FREE
                                  |  ^
                                  |  | renew, write: same epoch, still held
                                  v  |
                                 (HELD)
                                  |
                                  | until < now
                                  v
                                 LOST --- take by anybody: epoch + 1 ---> HELD

A lease that ran out is held by nobody, also where no other machine has taken it: nothing is written with it any more.

Tested by ``tests/unit/schedule/test_leases.py``.
"""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

from preserve.errors import BrokenStateError, EnvironmentFaultError, LeaseLostError, NetworkError, UsageError
from preserve.expressions import lazy_re
from preserve.schedule.fleet_database import Execute, FleetDatabase
from preserve.schedule.lifeline import uptime_s

LEASE_S = 90.0
"""Renewed at each third. Work that could not be renewed for two thirds is ended, before anybody else may begin it."""
_ROOT = lazy_re(r"(?:[0-9a-f]{2})+\Z", re.ASCII)
_MOST = 1 << 62
_HELD = "name = ? AND holder = ? AND epoch = ? AND until > preserve_now()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What was taken. Of two leases of a collection the later one has the larger ``epoch``."""

    name: str
    holder: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest state of a collection's log that counts; ``root`` in hex, ``epoch`` of the lease that placed it."""

    size: int
    root: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """How a collection stands. ``left_s``: seconds until its lease ends; below 0 where its machine is lost.

    ``holder`` is empty where nobody has it, ``head`` None where none was placed yet.
    """

    name: str
    holder: str
    epoch: int
    left_s: float
    head: Head | None

    @property
    def is_lost(self) -> bool:
        """True where who had it has neither renewed it nor given it back."""
        return bool(self.holder) and self.left_s <= 0


class Leases:
    """The table of leases."""

    def __init__(self, database: FleetDatabase, *, lease_s: float = LEASE_S) -> None:
        self._database = database
        self.lease_s = lease_s

    def take(self, name: str, holder: str, store: str) -> Lease | None:
        """The lease of a collection, where nobody has it; None where somebody has.

        ``store`` is where its head lies: the same for all machines.

        Raises:
            UsageError: other machines have another one.
        """
        with self._database.change() as execute:
            execute(
                "INSERT INTO preserve_lease VALUES (?, ?, '', 0, 0, 0, '', 0) ON CONFLICT (name) DO NOTHING",
                (name, store),
            )
            rows = execute(
                "SELECT epoch, store FROM preserve_lease WHERE name = ? AND until <= preserve_now()"
                " FOR UPDATE SKIP LOCKED",
                (name,),
            )
            if not rows:
                return None
            if rows[0][1] != store:
                raise UsageError(
                    f"the head of {name} lies in {rows[0][1]}, not in {store}",
                    next_step="Write that store into `replicate:` of its file, as on the other machines.",
                )
            lease = Lease(name=name, holder=holder, epoch=_number(name, rows[0][0]) + 1)
            execute(
                "UPDATE preserve_lease SET holder = ?, epoch = ?, until = preserve_now() + ? WHERE name = ?",
                (holder, lease.epoch, self.lease_s, name),
            )
            return lease

    def renew(self, lease: Lease) -> None:
        """Has it last from now on.

        Raises:
            LeaseLostError: it ended.
        """
        with self.guarded(lease):
            pass

    def give_back(self, lease: Lease) -> None:
        """Leaves it to others; nothing, where it has ended."""
        with self._database.change() as execute:
            execute(f"UPDATE preserve_lease SET holder = '', until = 0 WHERE {_HELD}", _values(lease))  # noqa: S608

    @contextmanager
    def guarded(self, lease: Lease) -> Iterator[Execute]:
        """A transaction in which nobody else can take the collection. The lease lasts anew from its end on.

        Raises:
            LeaseLostError: it ended; nothing was done.
        """
        with self._database.change() as execute:
            if not execute(f"SELECT 1 FROM preserve_lease WHERE {_HELD} FOR UPDATE", _values(lease)):  # noqa: S608
                raise lost(lease)
            yield execute
            execute("UPDATE preserve_lease SET until = preserve_now() + ? WHERE name = ?", (self.lease_s, lease.name))

    def head(self, name: str) -> Head | None:
        """The head of a collection.

        Raises:
            BrokenStateError: the database holds something else in its place.
        """
        return next((row.head for row in self._rows("WHERE name = ?", (name,))), None)

    def rows(self) -> list[LeaseRow]:
        """All collections of the fleet, by name.

        Raises:
            BrokenStateError: the database holds something else in the place of one.
        """
        return self._rows("ORDER BY name", ())

    def _rows(self, which: str, values: Sequence[object]) -> list[LeaseRow]:
        with self._database.change() as execute:
            rows = execute(
                "SELECT name, holder, epoch, until - preserve_now(), head_size, head_root, head_epoch"  # noqa: S608
                f" FROM preserve_lease {which}",
                values,
            )
        return [
            LeaseRow(
                name=str(name),
                holder=str(holder),
                epoch=_number(name, epoch),
                left_s=float(left_s),
                head=_head(name, size, root, placed) if size else None,
            )
            for name, holder, epoch, left_s, size, root, placed in rows
        ]

    def table(self, name: str, kind: str) -> str:
        """What was kept of the due table of a job; empty where nothing was."""
        with self._database.change() as execute:
            rows = execute("SELECT data FROM preserve_job WHERE name = ? AND kind = ?", (name, kind))
        return str(rows[0][0]) if rows else ""

    def keep_table(self, lease: Lease, kind: str, data: str) -> None:
        """Keeps the due table of a job, as text.

        Raises:
            LeaseLostError: the lease ended; what was kept before stays.
        """
        with self.guarded(lease) as execute:
            execute(
                "INSERT INTO preserve_job VALUES (?, ?, ?) ON CONFLICT (name, kind) DO UPDATE SET data = excluded.data",
                (lease.name, kind, data),
            )


def _head(name: str, size: object, root: object, epoch: object) -> Head:
    if _ROOT.match(str(root)) is None:
        raise _broken(name)
    return Head(size=_number(name, size), root=str(root), epoch=_number(name, epoch))


def _number(name: str, value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < _MOST:
        raise _broken(name)
    return value


def _broken(name: str) -> BrokenStateError:
    return BrokenStateError(
        f"the row of {name} in preserve_lease of the fleet's database is none that this program writes",
        next_step="Find out who writes there. Where the row is deleted, the checkpoint in the store is the head.",
    )


def note_head(execute: Execute, lease: Lease, size: int, root: str) -> None:
    """Notes, in a transaction of `Leases.guarded`, the head that was placed."""
    execute(
        "UPDATE preserve_lease SET head_size = ?, head_root = ?, head_epoch = ? WHERE name = ? AND head_size <> ?",
        (size, root, lease.epoch, lease.name, size),
    )


def lost(lease: Lease) -> LeaseLostError:
    """The error for work under a lease that has ended."""
    return LeaseLostError(
        f"{lease.name}: the lease {lease.epoch} of {lease.holder} has ended; another machine may go on",
        next_step="Nothing is to be done, unless it comes again: then see the database and the network.",
    )


def _values(lease: Lease) -> Sequence[object]:
    return lease.name, lease.holder, lease.epoch


class HeldLease:
    """A lease that is renewed by a thread until this ends.

    ``is_lost`` is told by what was last heard of the database and the time since on this machine: who is cut off, or
    was asleep, knows that others may go on by now.
    """

    def __init__(self, leases: Leases, lease: Lease, begun_s: float, clock: Callable[[], float] = uptime_s) -> None:
        """``begun_s``: on ``clock``, when the lease was asked for."""
        self.lease = lease
        self._leases = leases
        self._clock = clock
        self._until_s = begun_s + leases.lease_s * 2 / 3
        self._is_refused = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease {lease.name}", daemon=True)

    @property
    def until_s(self) -> float:
        """On the clock of `uptime_s`, when all work must have ended unless it is renewed."""
        return -1.0 if self._is_refused else self._until_s

    @property
    def is_lost(self) -> bool:
        """Whether to end all work at once."""
        return self._clock() > self.until_s

    def renew(self) -> None:
        """Renews it now. What the network does not give is tried again."""
        asked_s = self._clock()
        try:
            self._leases.renew(self.lease)
        except LeaseLostError:
            self._is_refused = True
        except (NetworkError, EnvironmentFaultError):
            # It is tried again, until it is lost.
            return
        else:
            if not self.is_lost:
                self._until_s = asked_s + self._leases.lease_s * 2 / 3

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_of: object) -> None:
        self._ended.set()
        self._thread.join(2 * self._leases.lease_s)
        with suppress(NetworkError, EnvironmentFaultError):
            self._leases.give_back(self.lease)

    def _renew(self) -> None:
        while not self._ended.wait(self._leases.lease_s / 3) and not self.is_lost:
            self.renew()
