"""The jobs of one machine of a fleet: each is held by a lease of its collection, and lies in the fleet's database.

Tested by ``tests/unit/schedule/test_fleet.py`` and ``tests/scenarios/test_fleet.py``.
"""

import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from preserve.errors import ConfigError, LockedError, NetworkError
from preserve.objects.opening import open_store
from preserve.provenance.knownlogs import SeenLog
from preserve.schedule.fleet_head import HeadKeeper
from preserve.schedule.host_turns import environment_of
from preserve.schedule.job_table import JobTable
from preserve.schedule.jobs import Job
from preserve.schedule.leases import HeldLease, Lease, LeaseRow, Leases, lost, note_head
from preserve.schedule.lifeline import uptime_s
from preserve.schedule.tables import HeldJob, job_lock
from preserve.store.layout import CollectionPaths

_AGAIN_S = 1.0


def machine_name() -> str:
    """What this process is called in the table of leases: two machines of one name are told apart."""
    return f"{os.uname().nodename}-{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetTables:
    """Due tables in the database of a fleet (`preserve.schedule.tables.Tables`). ``url``: its address, maybe with a
    password.
    """

    archives: Path
    keys: Path
    leases: Leases
    say: Callable[[str], None]
    url: str = field(repr=False)
    holder: str = field(default_factory=machine_name)

    @contextmanager
    def held(self, job: Job) -> Iterator[HeldJob]:
        """See `Tables`. The lease is renewed meanwhile, and given back at the end.

        Raises:
            ConfigError: the collection names no store for its head.
            NotHeldError: it is on another machine, and not yet in the store.
        """
        if not job.store:
            raise ConfigError(
                (f"{job.collection} has no step `replicate: s3://…`: in a fleet its head lies there",),
                next_step="Write it among the `steps:` of its schedule.",
            )
        with job_lock(self.archives, job):
            begun_s = uptime_s()
            lease = self.leases.take(job.collection, self.holder, job.store)
            if lease is None:
                raise LockedError(f"{job.collection} is leased", next_step="Whoever has it does what is due.")
            with HeldLease(self.leases, lease, begun_s) as held:
                turn = _Turn(self, job, lease, held)
                turn.check()
                text = self.leases.table(job.collection, job.kind)
                with JobTable.of_text(text, job.collection, job.kind, job.rule, turn.keep(job.kind)) as table:
                    yield HeldJob(
                        table=table,
                        until_s=lambda: held.until_s,
                        begin=turn.begin,
                        settle=turn.settle,
                        store=job.store,
                        environment=environment_of(self.url, lease),
                    )

    @contextmanager
    def read(self, job: Job) -> Iterator[JobTable | None]:
        """See `Tables`."""
        text = self.leases.table(job.collection, job.kind)
        if not text:
            yield None
            return
        with JobTable.of_text(text, job.collection, job.kind, job.rule) as table:
            yield table

    def rows(self) -> dict[str, LeaseRow]:
        """How the collections of the fleet stand, by name."""
        return {row.name: row for row in self.leases.rows()}


class _Turn:
    """A machine's turn with a collection."""

    def __init__(self, fleet: FleetTables, job: Job, lease: Lease, held: HeldLease) -> None:
        self._leases = fleet.leases
        self._lease = lease
        self._held = held
        self._is_begun = False
        self._head = HeadKeeper(
            paths=CollectionPaths(fleet.archives, job.collection),
            store=open_store(job.store),
            keys=fleet.keys,
            epoch=lease.epoch,
            say=fleet.say,
        )

    def check(self) -> None:
        """Leaves the moment to a machine that has the collection, where this one cannot get it."""
        self._head.check(self._leases.head(self._lease.name))

    def begin(self) -> None:
        """Brings the collection to its head, once."""
        if not self._is_begun:
            self._head.begin(self._leases.head(self._lease.name))
            self._is_begun = True

    def settle(self) -> str:
        """Places the head; returns what is to be told of the copy in the store."""
        if self._held.is_lost:
            raise lost(self._lease)
        return "; ".join(f"{one.code}: {one.detail}" for one in self._head.settle(self._fence))

    @contextmanager
    def _fence(self, head: SeenLog | None) -> Iterator[None]:
        with self._leases.guarded(self._lease) as execute:
            yield
            if head is not None:
                note_head(execute, self._lease, head.size, head.root.hex())

    def keep(self, kind: str) -> Callable[[str], None]:
        """What keeps the due table: it is tried for as long as the lease lasts."""

        def kept(text: str) -> None:
            while True:
                try:
                    return self._leases.keep_table(self._lease, kind, text)
                except NetworkError:
                    if self._held.is_lost:
                        raise
                    threading.Event().wait(_AGAIN_S)

        return kept
