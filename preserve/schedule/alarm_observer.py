"""From what a look at a job showed to alarms: observed into the book, told again while it lasts, and sent.

Tested by ``tests/scenarios/test_schedule_alarms.py``.
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from preserve.alarms.alarm_db import AlarmDatabase, Rules
from preserve.alarms.changes import LAST_LOOK, look
from preserve.alarms.deliver import Delivery, Secrets, deliver
from preserve.alarms.values import Observation
from preserve.cables.page.layouts import Layout
from preserve.config.alarms import AlarmsConfig
from preserve.errors import LockedError, NotHeldError, PreserveError
from preserve.provenance.checknotes import noted_checks
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger
from preserve.provenance.receipts import held_failures
from preserve.replay.recover import open_for_reading
from preserve.schedule.job_conditions import (
    FILE,
    observe_checks,
    observe_disk,
    observe_gone,
    observe_job,
    observe_log,
    observe_receipts,
    observe_trouble,
)
from preserve.schedule.job_table import CAPTURE, JobStatus
from preserve.schedule.jobs import Job
from preserve.store.archive import open_archive
from preserve.store.durable import free_bytes

_CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Watch:
    """Observes jobs for alarms. ``alarms`` gives the configuration as it is now; ``layouts`` are made when needed.

    While the configuration is None nothing is observed: whom to tell is not known, and what is told to nobody is not
    told again. All that is observed is durable, so it is found when the configuration is mended.
    """

    archives: Path
    logs: KnownLogs
    alarms: Callable[[], AlarmsConfig | None]
    layouts: Callable[[], Mapping[str, Layout]]
    clock: Callable[[], int]

    def looked(self, job: Job, standing: JobStatus) -> None:
        """Observes a job after a look at it, by how it stands.

        Raises:
            BrokenStateError, sqlite3.DatabaseError: the book of alarms cannot be written.
        """
        now = self.clock()
        alarms = self.alarms()
        if alarms is None:
            return
        # Whoever looks at a job has read its file.
        found = [observe_trouble(job.collection, FILE, "", now), *observe_job(job, standing, now)]
        covered = 0
        try:
            seen, covered = self._archive(job, now)
            found += [*seen, observe_trouble(job.collection, job.kind, "", now)]
        except (PreserveError, sqlite3.DatabaseError, OSError) as error:
            found.append(observe_trouble(job.collection, job.kind, str(error), now))
        rules = alarms.in_force
        with AlarmDatabase.open(self.archives) as book:
            book.observe([*found, *observe_gone(job, book.open_conditions(job.collection))], rules, now)
            # Checkpoints are signed at the end of runs, by whomever: only then may pages and texts have changed.
            if job.kind == CAPTURE and covered > (book.mark(job.collection, LAST_LOOK) or 0):
                self._changes(book, job, rules, now)

    def troubled(self, collection: str, subject: str, trouble: str) -> None:
        """Observes that something of a collection's schedule (its file, a job) could not be looked at.

        Raises:
            BrokenStateError, sqlite3.DatabaseError: the book of alarms cannot be written.
        """
        now = self.clock()
        alarms = self.alarms()
        if alarms is None:
            return
        with AlarmDatabase.open(self.archives) as book:
            book.observe([observe_trouble(collection, subject, trouble, now)], alarms.in_force, now)

    def tell(self, secrets: Secrets, clock: Callable[[], float]) -> list[Delivery]:
        """Sends what is due, and what lasts anew. Nothing, where another process is sending.

        Raises:
            BrokenStateError, sqlite3.DatabaseError: the book of alarms cannot be used.
        """
        config = self.alarms()
        if config is None:
            return []
        with AlarmDatabase.open(self.archives) as book:
            book.remind(config.in_force, self.clock())
            with suppress(LockedError):
                return deliver(book, config, secrets, clock)
        return []

    def _archive(self, job: Job, now: int) -> tuple[list[Observation], int]:
        """What is seen in the archive itself, cheaply: checks, log, free space, receipts; and how much is signed."""
        found = observe_checks(job.collection, noted_checks(self.archives, job.collection).checks)
        try:
            paths = open_archive(self.archives, job.collection)
        except NotHeldError:
            return found, 0
        ledger = Ledger(paths)
        covered = ledger.covered
        found.append(observe_log(job.collection, self.logs.glance(paths, ledger).findings, now))
        found.append(observe_disk(job.collection, free_bytes(paths.folder), job.min_free_bytes, now))
        if job.authorities:
            found += observe_receipts(job.collection, job.authorities, held_failures(paths), covered)
        return found, covered

    def _changes(self, book: AlarmDatabase, job: Job, rules: Rules, now: int) -> None:
        collection, trouble = job.collection, ""
        try:
            with open_for_reading(self.archives, [collection], self.layouts()) as (archive,):
                look(book, archive, rules, now, job.mute)
        except (PreserveError, OSError) as error:
            trouble = f"changes cannot be looked for: {error}"
        book.observe([observe_trouble(collection, _CHANGES, trouble, now)], rules, now)
