"""Where the due tables of jobs are, and who has one: files of this machine, or the database of a fleet.

Tested by ``tests/unit/schedule/test_schedule.py`` and ``tests/unit/schedule/test_fleet.py``.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from preserve.schedule.job_table import JobTable, table_path
from preserve.schedule.jobs import Job
from preserve.store.durable import Lock


def _nothing() -> None:
    """One machine has its collections to itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldJob:
    """A job while nobody else is at work with it.

    ``until_s``: when its processes must have ended, on the clock of `uptime_s`; None: when they are done. ``begin``
    comes before the first of them, ``settle`` after each that captures: what it wrote counts from then on; it returns
    what is to be told of the copy. ``store``: where the head of the collection lies; copying there is settling.
    ``environment``: what its processes are told.

    Both raise `PreserveError`, `LeaseLostError` where the job went to another machine.
    """

    table: JobTable
    until_s: Callable[[], float | None] = lambda: None
    begin: Callable[[], None] = _nothing
    settle: Callable[[], str] = lambda: ""
    store: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


class Tables(Protocol):
    """The due tables of jobs."""

    def held(self, job: Job) -> AbstractContextManager[HeldJob]:
        """A job for whoever does what is due of it.

        Raises:
            LockedError: another scheduler does it.
            BrokenStateError: the table cannot be used.
            NetworkError: the database does not answer.
        """
        ...

    def read(self, job: Job) -> AbstractContextManager[JobTable | None]:
        """The table for reading only; None where no scheduler has looked at the job yet.

        Raises:
            BrokenStateError: it is no due table.
            NetworkError: the database does not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalTables:
    """Files of this machine."""

    archives: Path

    @contextmanager
    def held(self, job: Job) -> Iterator[HeldJob]:
        """See `Tables`."""
        with (
            job_lock(self.archives, job),
            JobTable.open(self.archives, job.collection, job.kind, job.rule) as table,
        ):
            yield HeldJob(table=table)

    def read(self, job: Job) -> AbstractContextManager[JobTable | None]:
        """See `Tables`."""
        return JobTable.read(self.archives, job.collection, job.kind, job.rule)


def job_lock(archives: Path, job: Job) -> Lock:
    """The lock of one scheduler of this machine at a job."""
    return Lock(table_path(archives, job.collection, job.kind).with_suffix(".lock"), f"preserve schedule {job.title}")
