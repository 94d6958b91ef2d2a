"""How every collection is doing: what the operator's screen, the JSON of it and the metrics are made from.

Tested by ``tests/scenarios/test_status.py``.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from preserve.cables.page.layouts import Layout
from preserve.errors import PreserveError
from preserve.health.holding import Holding, holding_of
from preserve.health.link_history import LinkCounts, kept_links, links_of
from preserve.health.waiting import Waiting, waiting_in
from preserve.limits import MIB
from preserve.model import moment_text
from preserve.provenance.checknotes import noted_checks
from preserve.provenance.keys import key_path
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger
from preserve.provenance.receipts import failed_authority
from preserve.schedule.job_status import wrongs
from preserve.schedule.job_table import JobStatus, JobTable, has_table
from preserve.schedule.jobs import jobs_of
from preserve.store.archive import open_archive
from preserve.store.checks import WHOLE, Check, lasting_damage
from preserve.store.durable import free_bytes

if TYPE_CHECKING:
    from preserve.config.collection import CollectionConfig

_TOLD_CODES = 8
_ASKED_WITHIN_S = 86_400
"""What no run asks a receipt for, the next one does."""


class JobState(Struct, frozen=True, kw_only=True):
    """A scheduled job. ``standing`` None: no scheduler has looked at it yet."""

    job: str
    standing: JobStatus | None
    wrong: tuple[str, ...]


class LastCheck(Struct, frozen=True, kw_only=True):
    """Verifications. ``full`` and ``last``: the last one that read everything, and the last one of any level.

    ``since``: statements that came after the full one. ``damage``: the newest that found damage, where no good full
    one came after it.
    """

    full: Check | None = None
    last: Check | None = None
    since: int | None = None
    damage: Check | None = None


class CollectionState(Struct, frozen=True, kw_only=True):
    """One collection. ``wrong`` is what an operator must look at, a line each; none where all is well."""

    name: str
    title: str
    is_configured: bool
    is_held: bool
    holding: Holding | None = None
    jobs: tuple[JobState, ...] = ()
    checked: LastCheck = field(default_factory=LastCheck)
    links: LinkCounts | None = None
    waiting: Waiting | None = None
    free_bytes: int | None = None
    min_free_bytes: int = 0
    wrong: tuple[str, ...] = ()


class StatusReader(Struct, frozen=True):
    """Where to look, and at what time (seconds since 1970). ``layouts`` are made when they are needed.

    ``keeps`` False: nothing is written for the next look; what would have to be worked out is left out. ``keys``: the
    folder of signing keys, where one that is missing is wrong, since this installation captures.
    """

    archives: Path
    logs: KnownLogs
    now: int
    layouts: Callable[[], Mapping[str, Layout]]
    keeps: bool = True
    keys: Path | None = None

    def state_of(
        self, name: str, config: "CollectionConfig | None", *, mistake: str = "", with_links: bool = True
    ) -> CollectionState:
        """How a collection is doing. ``config`` None: it has no file, or one with a ``mistake``. Raises nothing that an
        archive can cause: what cannot be read is one of the things that are wrong.
        """
        wrong = [mistake] if mistake else []
        jobs = () if config is None else self._jobs(config, wrong)
        checked = self._checked(name, wrong)
        holding = links = free = waiting = None
        is_held = (self.archives / name).is_dir()
        min_free = 0 if config is None else config.min_free_mb * MIB
        try:
            if is_held:
                paths = open_archive(self.archives, name)
                free = free_bytes(paths.folder)
                holding = holding_of(paths)
                wrong += [
                    f"{finding.code}: {finding.detail} Run `preserve verify {name}`."
                    for finding in self.logs.glance(paths, Ledger(paths)).findings
                    if finding.is_problem
                ]
                waiting = waiting_in(paths, config, self.layouts()) if self.keeps else None
                if with_links and not self.keeps:
                    links = kept_links(self.archives, name)
                elif with_links:
                    links = links_of(self.archives, name, self.layouts(), holding.statements)
        except (PreserveError, sqlite3.DatabaseError, OSError) as error:
            wrong.append(f"cannot be read: {error}")
        if holding is not None and checked.full is not None and checked.full.statements is not None:
            since = max(0, holding.statements - checked.full.statements)
            checked = LastCheck(full=checked.full, last=checked.last, since=since, damage=checked.damage)
        if config is not None:
            wrong += self._what_is_missing(name, is_held=is_held)
        if config is None and not mistake and has_table(self.archives, name):
            wrong.append("it was scheduled, and its file is gone: nothing of it is captured")
        if free is not None and free < min_free:
            wrong.append(f"disk low: {free // MIB} MiB are free, captures stop below {min_free // MIB} MiB")
        if holding is not None:
            wrong += self._wrong_in(holding, name, config)
        return CollectionState(
            name=name,
            title="" if config is None else config.title,
            is_configured=config is not None or bool(mistake),
            is_held=is_held,
            holding=holding,
            jobs=tuple(jobs),
            checked=checked,
            links=links,
            waiting=waiting,
            free_bytes=free,
            min_free_bytes=min_free,
            wrong=tuple(wrong),
        )

    def _wrong_in(self, holding: Holding, name: str, config: "CollectionConfig | None") -> Iterator[str]:
        """What is wrong with what is held, a line each."""
        # An authority that is not asked any more cannot make its failure good.
        asked = None if config is None else config.time_authorities
        for file, reason in holding.unstamped:
            if asked is None or failed_authority(file) in asked:
                yield f"no receipt: {file}: {reason}"
        for authority, size in holding.receipts.items():
            if size > holding.statements:
                yield (
                    f"{authority} vouches for {size:,} statements, the ledger has {holding.statements:,}: "
                    "was it set back?"
                )
        yield from self._without_receipt(config, holding)
        look = holding.last_look
        if look is not None and not look.good:
            yield (
                f"{look.lost:,} of {look.looked:,} pages that are held were not to be had at the last run: see "
                f"`preserve rot -c {name}`; if it is known, `preserve rot accept --all -c {name} --reason WHY`"
            )
        if holding.unended:
            yield f"a run did not end, {holding.unended[0]} is open: run `preserve capture {name}` again, it goes on"
        if holding.lost_files:
            yield f"{holding.lost_files:,} WARC files are gone: see docs/repair.md"
        if holding.lost_statements:
            yield f"{holding.lost_statements:,} statements of the ledger are gone: see docs/repair.md"
        if holding.last_run is not None and not holding.is_counted:
            yield f"its catalogue is missing: run `preserve rebuild {name}`"

    def _jobs(self, config: "CollectionConfig", wrong: list[str]) -> Sequence[JobState]:
        found = []
        for job in jobs_of(config):
            standing = None
            try:
                with JobTable.read(self.archives, job.collection, job.kind, job.rule) as table:
                    standing = None if table is None else table.standing(self.now)
                lines = tuple(wrongs(standing, job.collection, self.now))
            except (PreserveError, sqlite3.DatabaseError, OSError) as error:
                lines = (f"its table cannot be read: {error}",)
            found.append(JobState(job=job.kind, standing=standing, wrong=lines))
            wrong += [f"{job.kind}: {line}" for line in lines]
        return found

    def _what_is_missing(self, name: str, *, is_held: bool) -> Iterator[str]:
        """Of what a configured collection needs: its archive, and the key that signs what is added to it."""
        path = None if self.keys is None else key_path(name, self.keys)
        if not is_held:
            yield f"there is no archive: run `preserve init {name}`; if there was one, see whether its disk is mounted"
        elif path is not None and not os.path.lexists(path):
            yield f"the signing key {path} is not there: nothing can be captured; put a copy of it back"

    def _without_receipt(self, config: "CollectionConfig | None", holding: Holding) -> Iterator[str]:
        """Authorities that give none and have not failed either: nobody asked them, after an import, say."""
        if config is None or holding.signed is None or self.now - holding.signed < _ASKED_WITHIN_S:
            return
        failed = {failed_authority(file) for file, _reason in holding.unstamped}
        step = f"run `preserve ledger stamp {config.name}`"
        for authority in config.time_authorities:
            if authority not in failed and holding.receipts.get(authority, 0) < holding.covered:
                yield f"{authority} has given no receipt of the newest checkpoint: {step}"

    def _checked(self, name: str, wrong: list[str]) -> LastCheck:
        try:
            notes = noted_checks(self.archives, name)
        except (PreserveError, OSError) as error:
            wrong.append(f"the notes of checks cannot be read: {error}")
            return LastCheck()
        checks = notes.checks
        if notes.unread:
            which = "a note of a check" if notes.unread == 1 else f"{notes.unread:,} notes of checks"
            wrong.append(f"{which} cannot be read, it may have named damage: run `preserve verify {name}`")
        full = next((check for check in reversed(checks) if check.level in WHOLE), None)
        damage = lasting_damage(checks)
        if damage is not None:
            codes = ", ".join(list(damage.codes)[:_TOLD_CODES]) or "a claim failed"
            wrong.append(f"damage was found on {day(damage.ended)}: {codes}; run `preserve verify {name}`")
        return LastCheck(full=full, last=checks[-1] if checks else None, damage=damage)


def day(value: int) -> str:
    """Seconds since 1970 as a day."""
    return moment_text(value).partition("T")[0]
