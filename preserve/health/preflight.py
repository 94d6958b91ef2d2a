"""Whether a collection can be captured and kept on this machine: archive, key, disk, leftovers, schedule, targets.

Tested by ``tests/scenarios/test_doctor.py``.
"""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from preserve.config.collection import CollectionConfig
from preserve.config.schedule import ScheduleConfig
from preserve.config.stores import folder_of_copies
from preserve.errors import NotHeldError, PreserveError
from preserve.findings import CODES
from preserve.health.checks import CheckResult, fail, not_checked, ok, warn
from preserve.health.holding import last_run
from preserve.limits import MIB
from preserve.model import moment_text, parse_utc
from preserve.provenance.founding import load_signer
from preserve.provenance.keys import key_path
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger, check_signer
from preserve.regular import open_regular
from preserve.schedule.job_table import JobTable
from preserve.schedule.jobs import Job, jobs_of
from preserve.store.archive import open_archive
from preserve.store.durable import free_bytes
from preserve.store.layout import OPEN_SUFFIX, CollectionPaths, job_folder

_LONG_AGO_S = 86_400
_SLACK_S = 60
"""Clocks of machines that are kept right differ by less."""


def examine_collection(
    archives: Path, keys: Path, config: CollectionConfig, *, secret: bytes | None, now: int
) -> Iterator[CheckResult]:
    """The points of one collection. ``secret`` is the passphrase of its key."""
    try:
        paths = open_archive(archives, config.name)
    except NotHeldError:
        if key_path(config.name, keys).exists():
            step = f"See whether its disk is mounted. Only if there never was one: `preserve init {config.name}`."
            yield fail("archive", "there is none, and its key is here", step)
        else:
            yield warn("archive", "there is none yet", f"Run `preserve init {config.name}`.")
    except PreserveError as error:
        yield fail("archive", str(error), error.next_step or "See docs/repair.md.")
    else:
        yield from _archive(paths, config)
        yield _key(paths, keys, secret)
        yield _log(paths, KnownLogs(keys))
        yield from _clock(paths, now)
    if config.schedule is not None:
        yield from _targets(archives, config.schedule)
    for job in jobs_of(config):
        yield _scheduler(archives, job, now)


def _archive(paths: CollectionPaths, config: CollectionConfig) -> Iterator[CheckResult]:
    folders = [paths.folder, paths.archive, paths.ledger, paths.state, paths.indexes, paths.receipts]
    there = [folder for folder in folders if folder.is_dir()]
    odd = [folder for folder in folders if folder.exists() and not folder.is_dir()]
    foreign = [folder for folder in there if folder.stat().st_uid != os.geteuid()]
    files = [paths.lock, paths.pending, paths.checkpoint, paths.index, paths.catalogue, paths.frontier]
    closed = [folder for folder in there if not os.access(folder, os.W_OK | os.X_OK)]
    closed += [file for file in files if file.exists() and not os.access(file, os.W_OK)]
    if odd:
        yield fail("archive", f"{odd[0]} is no folder", "See docs/repair.md.")
    elif closed:
        yield fail("archive", f"{closed[0]} cannot be written to", "Run it as the user who owns it.")
    elif foreign:
        yield warn("archive", f"{foreign[0]} belongs to another user", "Run everything as one user.")
    else:
        yield ok("archive", str(paths.folder.absolute()))
    free, least = free_bytes(paths.folder), config.min_free_mb * MIB
    if free < least:
        step = "Make room, or move the archives to a larger disk."
        yield fail("disk", f"{free // MIB} MiB are free, captures stop below {least // MIB} MiB", step)
    else:
        yield ok("disk", f"{free // MIB:,} MiB are free")
    holder = _holder(paths.lock)
    if holder is not None:
        yield ok("lock", f"in use by {holder or 'another process'}")
        return
    left = [path.name for path in (*paths.archive.glob(f"*{OPEN_SUFFIX}"), *paths.folder.rglob(".*.part"))]
    if left:
        step = f"Run `preserve capture {paths.name}`: it seals what is whole and takes the rest away."
        yield warn("leftovers", f"a run was cut short: {left[0]}", step)


def _holder(lock: Path) -> str | None:
    """Who holds a lock; None where nobody does, or it cannot be told here.

    The kernel's list is read: to try the lock would keep a writer from it. What the file says of a holder that died is
    not believed.
    """
    try:
        status = lock.stat()
        locks = Path("/proc/locks").read_text("ascii", "replace").split()
        with open_regular(lock) as file:
            said = file.read(200).decode("utf-8", "replace").strip()
    except OSError:
        return None
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    return said if f"{device}:{status.st_ino}" in locks else None


def _log(paths: CollectionPaths, logs: KnownLogs) -> CheckResult:
    try:
        compared = logs.glance(paths, Ledger(paths))
    except PreserveError as error:
        return fail("log", str(error), error.next_step or f"Run `preserve verify {paths.name}`.")
    for finding in compared.findings:
        step = CODES[finding.code].next_step.replace("COLLECTION", paths.name)
        said = f"{finding.code}: {finding.detail}"
        return fail("log", said, step) if finding.is_problem else warn("log", said, step)
    return ok("log", "nothing is known of it yet" if compared.log is None else "it is the one that is known")


def _key(paths: CollectionPaths, keys: Path, secret: bytes | None) -> CheckResult:
    try:
        signer = load_signer(paths, keys, secret=secret)
        check_signer(paths, signer)
    except PreserveError as error:
        return fail("key", str(error), error.next_step or "Nothing can be added without it: see docs/operations.md.")
    return ok("key", signer.name)


def _clock(paths: CollectionPaths, now: int) -> Iterator[CheckResult]:
    """Nothing where the clock is after all that was captured."""
    try:
        run = last_run(Ledger.of_user(paths))
    except PreserveError as error:
        yield fail("ledger", str(error), f"Run `preserve verify {paths.name}`; see docs/repair.md.")
        return
    if run is not None and parse_utc(run.ended).timestamp() > now + _SLACK_S:
        step = "Set the clock; what was captured with a wrong one keeps its date."
        yield fail("clock", f"the last run ended at {run.ended}, which is to come", step)


def _targets(archives: Path, rule: ScheduleConfig) -> Iterator[CheckResult]:
    for step in rule.steps:
        if step.replicate is not None:
            yield _copy(archives, step.replicate)
        if step.export is not None:
            yield _folder("export", Path(step.export).parent)
    if rule.alive_file is not None:
        yield _folder("alive file", Path(rule.alive_file).parent)


def _copy(archives: Path, text: str) -> CheckResult:
    target = folder_of_copies(text)
    if target is None:
        return _bucket(text)
    if not target.is_dir():
        return fail("copy", f"there is no folder {target}", "Is its disk mounted? If it is, make the folder.")
    if not os.access(target, os.W_OK | os.X_OK):
        return _folder("copy", target)
    if archives.is_dir() and target.stat().st_dev == archives.stat().st_dev:
        return warn("copy", f"{target} is on the same disk as the archives", "Keep the copy on another disk.")
    return ok("copy", str(target))


def _bucket(text: str) -> CheckResult:
    """Whether there is what speaks to it: no network is used."""
    # What is there for stores brings what speaks to them.
    from preserve.objects.opening import open_store  # noqa: PLC0415

    try:
        open_store(text)
    except PreserveError as error:
        return fail("copy", str(error), error.next_step)
    return not_checked("copy", f"{text}: it is not asked from here; `preserve replicate --dry-run {text}` does")


def _folder(about: str, folder: Path) -> CheckResult:
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return fail(about, f"{folder} cannot be written to", "Make the folder, or write another one into the schedule.")
    return ok(about, str(folder))


def _scheduler(archives: Path, job: Job, now: int) -> CheckResult:
    start = "Start one: `preserve schedule install` shows how."
    folder = job_folder(archives, job.collection)
    if folder.exists() and not folder.is_dir():
        return fail("scheduler", f"{folder} is no folder", "Move it away: schedules begin anew.")
    try:
        with JobTable.read(archives, job.collection, job.kind, job.rule) as table:
            standing = None if table is None else table.standing(now)
    except (PreserveError, sqlite3.DatabaseError) as error:
        return fail("scheduler", str(error), getattr(error, "next_step", "") or "See docs/schedule.md.")
    looked = None if standing is None else standing.looked
    if standing is not None and standing.clock_back:
        step = f"If the clock is right: `preserve schedule forget {job.collection}`."
        return fail("scheduler", f"moments of the {job.kind} to come are recorded: the clock was set back", step)
    if looked is None:
        return warn("scheduler", f"none has looked at the {job.kind} yet", start)
    if now - looked > _LONG_AGO_S:
        return warn("scheduler", f"none has looked at the {job.kind} since {moment_text(looked)}", start)
    return ok("scheduler", f"it looked at the {job.kind} {moment_text(looked)}")
