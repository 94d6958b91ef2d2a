"""The head of a collection of a fleet: the checkpoint in its store. What a machine has is brought to it, and goes on.

What a machine wrote behind a head, and never placed, is set aside where another machine has placed another one: its
records are no part of the log, and are stated nowhere.

Tested by ``tests/scenarios/test_fleet.py``.
"""

import os
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from preserve.errors import ArchiveError, FormatError, NetworkError, NotHeldError
from preserve.findings import Finding
from preserve.formats.tlog.files import Checkpoint, parse_checkpoint
from preserve.formats.tlog.note import parse_note
from preserve.integrity.locks import days_of
from preserve.integrity.replica_source import Relation
from preserve.integrity.replicate import replicate
from preserve.integrity.replicate_objects import Fence, replicate_to_store
from preserve.limits import DEFAULT_LIMITS
from preserve.objects.port import ObjectStore
from preserve.objects.spool import CollectionListing, fetch_object, spool_collection
from preserve.provenance.installation import Installation
from preserve.provenance.knownlogs import KnownLogs, SeenLog, read_log
from preserve.provenance.ledger import Ledger
from preserve.schedule.leases import Head
from preserve.store.durable import Lock, make_dir, sync_dir
from preserve.store.layout import CollectionPaths, job_folder, schedule_folder

_SET_ASIDE = ".set-aside"
"""The folder, in `.schedule/` of the archives and beside the keys, of what was written and never placed."""
_DAMAGED = "Nothing is written to it. Compare the store with what other machines hold, and mend it from a copy."


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadKeeper:
    """One collection of this machine and its head, for whoever has its lease, with the number ``epoch``.

    ``say`` tells the user what is set aside.
    """

    paths: CollectionPaths
    store: ObjectStore
    keys: Path
    epoch: int
    say: Callable[[str], None]

    @property
    def where(self) -> str:
        """The copy in the store, as messages name it."""
        return f"{self.store.name}/{self.paths.name}"

    def check(self, placed: Head | None) -> None:
        """See whether this machine can go on with the collection: it has it, or the store has.

        Raises:
            NotHeldError: neither has.
            NetworkError, EnvironmentFaultError: the store does not answer, or refuses.
        """
        if placed is None and not self.paths.checkpoint.is_file() and self._note() is None:
            raise NotHeldError(
                f"{self.paths.name} is neither here nor in {self.store.name}: it waits for the machine that began it",
                next_step=f"Run `preserve init {self.paths.name}` on one machine, and copy its key to the others.",
            )

    def begin(self, placed: Head | None) -> None:
        """Brings what this machine has to the head, so that it may go on from there. ``placed``: as the database says.

        Raises:
            ArchiveError: the store has not the head that was placed, or a ledger is damaged.
            LogNotAsKnownError: the head contradicts what is known of the log.
            NetworkError, EnvironmentFaultError: the store does not answer, or refuses; there is no room.
        """
        head = self._note()
        if head is None:
            if placed is not None:
                raise ArchiveError(
                    f"{self.where} has no checkpoint, and the one of {placed.size} statements was placed there",
                    next_step=_DAMAGED,
                )
            return
        logs = KnownLogs(self.keys)
        here = read_log(self.paths, Ledger(self.paths), logs) if self.paths.checkpoint.is_file() else None
        if here is not None and here.origin != head.origin:
            raise ArchiveError(
                f"{self.paths.folder} is the log {here.origin}, and {self.where} is {head.origin}", next_step=_DAMAGED
            )
        if here is not None and here.goes_on_from(head.size, head.root):
            self._check(placed, head.size, here.goes_on_from)
            return
        make_dir(job_folder(self.paths.root, self.paths.name))
        with tempfile.TemporaryDirectory(
            prefix=".fetched-", dir=job_folder(self.paths.root, self.paths.name)
        ) as folder:
            self._bring(Path(folder), here, placed)

    def settle(self, fence: Fence) -> tuple[Finding, ...]:
        """Places the head: all of the log goes to the store, then, behind the fence, its checkpoint.

        Returns what is to be told of the copy that the store has then.

        Raises:
            ArchiveError: the copy in the store is not of this log, or a ledger is damaged.
            LockedError: somebody else has placed another one meanwhile.
            NetworkError, EnvironmentFaultError: the store, or what holds the fence, does not answer, or refuses.
        """
        days = days_of(os.environ)
        placed = replicate_to_store(self.paths, self.store, logs=KnownLogs(self.keys), fence=fence, lock_days=days)
        if placed.relation not in {Relation.NEW, Relation.OLDER, Relation.SAME} or not placed.complete:
            raise self._not_whole(f"its head could not be placed in {self.store.name}", placed.findings)
        return placed.findings

    def _note(self) -> Checkpoint | None:
        below = self.paths.checkpoint.relative_to(self.paths.folder).as_posix()
        opened = self.store.read(f"{self.paths.name}/{below}")
        if opened is None:
            return None
        try:
            return parse_checkpoint(parse_note(opened.whole(DEFAULT_LIMITS.max_note_bytes)).text)
        except (FormatError, UnicodeDecodeError) as error:
            raise ArchiveError(f"the checkpoint of {self.where} cannot be read: {error}", next_step=_DAMAGED) from error

    def _check(self, placed: Head | None, size: int, begins: Callable[[int, bytes], bool]) -> None:
        """A store that was put back to an older state is told by what the database has."""
        if placed is not None and not (placed.size <= size and begins(placed.size, bytes.fromhex(placed.root))):
            raise ArchiveError(
                f"{self.where} has {size} statements, and does not go on from the {placed.size} that were placed there",
                next_step=_DAMAGED,
            )

    def _bring(self, folder: Path, here: SeenLog | None, placed: Head | None) -> None:
        """By what the store has: what is here and not in it is set aside first."""
        listing, fetched = spool_collection(self.store, self.paths.name, folder)
        logs = KnownLogs(self.keys, at=self.store.place / self.paths.name)
        head = read_log(fetched, Ledger(fetched), logs)
        if head is None:
            raise ArchiveError(f"{self.where} has lost its checkpoint", next_step=_DAMAGED)
        self._check(placed, head.size, head.goes_on_from)
        if here is not None and (self._has_journal() or not head.goes_on_from(here.size, here.root)):
            self._set_aside(here, head)
        self._fetch(listing, fetched)
        brought = replicate(fetched, self.paths.root, logs=logs)
        if not brought.complete:
            raise self._not_whole(f"it cannot be brought up to {self.store.name}", brought.findings)
        own = KnownLogs(self.keys)
        own.meet(self.paths.folder, read_log(self.paths, Ledger(self.paths), own))

    def _has_journal(self) -> bool:
        return self.paths.pending.is_file() and self.paths.pending.stat().st_size > 0

    def _fetch(self, listing: CollectionListing, fetched: CollectionPaths) -> None:
        for name in sorted(listing.below(self.paths.archive.name)):
            key = f"{self.paths.name}/{self.paths.archive.name}/{name}"
            if "/" in name or (self.paths.archive / name).exists():
                continue
            if fetch_object(self.store, key, fetched.archive / name) is None:
                raise NetworkError(f"{self.store.name}/{key} was listed and is not there", next_step="Run it again.")

    def _set_aside(self, tail: SeenLog, head: SeenLog) -> None:
        """Moves the whole collection of this machine away, and what proves its journal; sets back what is known of it.

        Killed in between, it is done again: what is known is set back first, and that twice is the same as once.
        """
        above, beside = schedule_folder(self.paths.root) / _SET_ASIDE, self.keys / _SET_ASIDE
        # Leases are counted anew where the database was lost: what was set aside before that stays.
        ends = chain([""], (f".{number}" for number in count(2)))
        names = (f"{self.paths.name}-{self.epoch}{end}" for end in ends)
        name = next(name for name in names if not (above / name).exists() and not (beside / name).exists())
        target, journal = above / name, beside / name
        lock = Lock(self.paths.lock, "preserve schedule run") if self.paths.state.is_dir() else nullcontext()
        with lock:
            if not head.goes_on_from(tail.size, tail.root):
                KnownLogs(self.keys).set_back(self.paths.folder, tail, head)
            installation = Installation(self.keys, self.paths.name)
            make_dir(journal)
            for path in (installation.head_file, installation.unproven_file):
                if path.exists():
                    path.replace(journal / path.name)
            sync_dir(self.keys)
            make_dir(target.parent)
            self.paths.folder.replace(target)
            sync_dir(self.paths.root)
            sync_dir(target.parent)
        self.say(
            f"preserve: {self.paths.name}: another machine has placed another head; what this one wrote behind it"
            f" was set aside, in {target}, and is stated nowhere"
        )

    def _not_whole(self, what: str, findings: tuple[Finding, ...]) -> ArchiveError:
        told = "; ".join(f"{finding.code}: {finding.detail or finding.where}" for finding in findings[:3])
        return ArchiveError(f"{self.paths.name}: {what}: {told}", next_step=_DAMAGED)
