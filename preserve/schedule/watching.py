"""From what a look at a job showed to alarms: observed into the book, told again while it lasts, and sent."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from preserve.alarms.book import AlarmBook, Rules
from preserve.alarms.changes import LAST_LOOK, look
from preserve.alarms.deliver import Delivery, Secrets, deliver
from preserve.alarms.values import Observation
from preserve.cables.layouts import Layout
from preserve.config.alarms import AlarmsConfig
from preserve.errors import LockedError, NotHeldError, PreserveError
from preserve.provenance.ledger import Ledger
from preserve.provenance.receipts import held_failures
from preserve.replay.recover import open_for_reading
from preserve.schedule.jobs import Job
from preserve.schedule.observing import observe_checks, observe_disk, observe_job, observe_receipts, observe_trouble
from preserve.schedule.table import CAPTURE, Table
from preserve.store.archive import open_archive
from preserve.store.checks import noted_checks
from preserve.store.durable import free_bytes


@dataclass(frozen=True, slots=True)
class Watch:
    """Observes jobs for alarms. ``alarms`` gives the configuration as it is now; ``layouts`` are made when needed."""

    archives: Path
    alarms: Callable[[], AlarmsConfig]
    layouts: Callable[[], Mapping[str, Layout]]
    clock: Callable[[], int]

    def looked(self, job: Job, *, ran: bool) -> None:
        """Observes a job after a look at it. ``ran``: a capture has ended, so pages and texts may have changed.

        Raises:
            ArchiveError, sqlite3.DatabaseError: the book of alarms cannot be written.
        """
        now = self.clock()
        try:
            with Table.read(self.archives, job.collection, job.kind, job.rule) as table:
                found = [] if table is None else observe_job(job, table.standing(now), now)
            found += [*self._archive(job, now), observe_trouble(job.collection, "", now)]
        except (PreserveError, sqlite3.DatabaseError, OSError) as error:
            found = [observe_trouble(job.collection, str(error), now)]
        rules = self.alarms().in_force
        with AlarmBook.open(self.archives) as book:
            book.observe(found, rules, now)
            if job.kind == CAPTURE and (ran or book.mark(job.collection, LAST_LOOK) is None):
                self._changes(book, job.collection, rules, now)

    def troubled(self, collection: str, trouble: str) -> None:
        """Observes that a collection's schedule could not be looked at.

        Raises:
            ArchiveError, sqlite3.DatabaseError: the book of alarms cannot be written.
        """
        now = self.clock()
        with AlarmBook.open(self.archives) as book:
            book.observe([observe_trouble(collection, trouble, now)], self.alarms().in_force, now)

    def tell(self, secrets: Secrets, clock: Callable[[], float]) -> list[Delivery]:
        """Sends what is due, and what lasts anew. Nothing, where another process is sending.

        Raises:
            ArchiveError, sqlite3.DatabaseError: the book of alarms cannot be used.
        """
        config = self.alarms()
        with AlarmBook.open(self.archives) as book:
            book.remind(config.in_force, self.clock())
            with suppress(LockedError):
                return deliver(book, config, secrets, clock)
        return []

    def _archive(self, job: Job, now: int) -> list[Observation]:
        """What is seen in the archive itself, cheaply: checks, free space, receipts."""
        found = observe_checks(job.collection, noted_checks(self.archives, job.collection))
        try:
            paths = open_archive(self.archives, job.collection)
        except NotHeldError:
            return found
        found.append(observe_disk(job.collection, free_bytes(paths.folder), job.min_free_bytes, now))
        if job.authorities:
            failures = held_failures(paths)
            found += observe_receipts(job.collection, job.authorities, failures, Ledger(paths).covered)
        return found

    def _changes(self, book: AlarmBook, collection: str, rules: Rules, now: int) -> None:
        try:
            with open_for_reading(self.archives, [collection], self.layouts()) as (archive,):
                look(book, archive, rules, now)
        except NotHeldError:
            return
        except (PreserveError, OSError) as error:
            book.observe([observe_trouble(collection, f"changes cannot be looked for: {error}", now)], rules, now)
