"""A damaged collection made whole again from copies that nobody has to trust: only bytes that the ledger names go in.

First the ledger (`preserve.integrity.repair.ledger_repair`), for it is the measure of all else. Then each file that is
not the one that was sealed: a copy of the whole file, where one has it; else record by record, out of the damaged
file and all copies.
The damaged file is moved to ``quarantine/``, never deleted, and every repair is a statement.

Tested by ``tests/scenarios/test_repair.py``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path

from preserve import PROGRAM
from preserve.errors import ArchiveError, FormatError
from preserve.formats.tlog.note import Verifier
from preserve.formats.warc.containers import Container, record_at
from preserve.formats.warc.members import read_member
from preserve.formats.warc.record import (
    RecordHeader,
    WarcRecord,
    compress_member,
    parse_record,
    record_bytes,
    record_sha256,
)
from preserve.integrity.record import RecordQuery
from preserve.integrity.repair.copies import Copies, CopyFile
from preserve.integrity.repair.ledger_repair import LedgerCopy, mend, whole_ledger
from preserve.integrity.repair.receipts import FoundReceipt, missing_receipts
from preserve.integrity.scan import Scanner
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.model import format_utc
from preserve.progress import Tell, untold
from preserve.provenance import statements
from preserve.provenance.derive import rebuild, refuse
from preserve.provenance.knownlogs import KnownLog
from preserve.provenance.sealing import ARCHIVE_FOLDER, sealed_in
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import RepairStatement, Sealed, UnknownStatement
from preserve.regular import open_regular
from preserve.store.copying import copy_to_part, hash_file, need_room, part_of, seal_part, set_aside, write_part
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import container_of
from preserve.text import counted

_BY_RECORD = {".warc": Container.WARC, ".warc.gz": Container.WARC_GZIP}
"""Containers that are put together record by record; of others only the whole file can be had."""

_MOST_TIMES = 2
"""An object that is larger than so many times what was sealed under its name is not fetched to be searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What can be done about one file. ``path`` is relative to the collection.

    ``records`` is how many belong into it, ``found`` how many of these were found, in the file itself or in a copy.
    ``exact``: the result is the file that was sealed, byte for byte. ``sources``: where the bytes come from.
    """

    path: str
    records: int = 0
    found: int = 0
    exact: bool = False
    sources: tuple[str, ...] = ()
    reason: str = ""

    @property
    def is_whole(self) -> bool:
        """True where nothing is missing afterwards."""
        return self.exact or (self.records > 0 and self.found == self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What was found, and, with ``applied``, done. ``quarantined``: names below ``quarantine/``."""

    collection: str
    plans: tuple[Plan, ...]
    applied: bool
    quarantined: tuple[str, ...] = ()
    pending: int = 0

    @property
    def is_whole(self) -> bool:
        """True where nothing stays damaged that was found damaged."""
        return all(plan.is_whole for plan in self.plans)


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a wanted record was found."""

    path: Path
    container: Container
    offset: int
    length: int
    inner: int


@dataclass(slots=True)
class _Job:
    """One file that is not as it was sealed."""

    name: str
    seals: tuple[Sealed, ...]
    wanted: list[str] = field(default_factory=list)
    """SHA-256 of its records, in order."""
    whole: CopyFile | None = None
    spots: dict[str, _Spot] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Repairer:
    """One repair of one collection. ``known``: keys that the reader has from elsewhere than the archive.

    ``log``: what is known of the log that lies there, or is to lie there.

    ``writer`` is asked for when format marker and ledger are whole again; without signer the log's key is not at hand.
    """

    paths: CollectionPaths
    copies: Copies
    known: Sequence[Verifier]
    log: KnownLog | None
    writer: Callable[[], Writer]
    now: datetime
    limits: Limits = DEFAULT_LIMITS
    progress: Tell = untold
    _quarantined: list[str] = field(default_factory=list)

    def look(self) -> Repaired:
        """What could be done. Nothing is changed.

        Raises:
            NoAnchorError: the ledger cannot be put together, so that nothing can be measured by it.
        """
        whole = whole_ledger(self.paths, self.copies.collections(self.paths.name), self.known, self.log)
        plans = _ledger_plans(whole)
        plans += [
            Plan(path=item.path, exact=True, sources=(self.copies.where(item.source),))
            for item in self._receipts(whole)
        ]
        plans += [self._plan(job) for job in self._jobs(whole)]
        return Repaired(collection=self.paths.name, plans=tuple(plans), applied=False)

    def apply(self) -> Repaired:
        """Does it. Stopped anywhere, it can be run again.

        Raises:
            NoAnchorError: as for `look`.
            NewerFormatError: the ledger has statements that a newer program wrote.
            LockedError: another process writes to the collection.
            EnvironmentFaultError: no room, or the disk gives back other bytes.
        """
        make_dir(self.paths.state)
        wholes: list[LedgerCopy] = []
        written: list[str] = []

        def put_together() -> Writer:
            whole = whole_ledger(self.paths, self.copies.collections(self.paths.name), self.known, self.log)
            refuse(
                self.paths.name,
                sum(isinstance(statement, UnknownStatement) for _index, statement in whole.statements()),
            )
            wholes.append(whole)
            written.extend(mend(whole).written)
            return self.writer()

        with WritingSession(
            self.paths,
            self.writer(),
            command=f"repair {self.paths.name}",
            kinds=(RepairStatement,),
            prepare=put_together,
        ) as session:
            (whole,) = wholes
            plans = _ledger_plans(whole)
            session.state([self._small(path, ()) for path in written])
            for item in self._receipts(whole):
                make_dir(self.paths.receipts)
                quarantined = self._aside(self.paths.folder / item.path)
                write_atomic(self.paths.folder / item.path, item.data)
                plans.append(Plan(path=item.path, exact=True, sources=(self.copies.where(item.source),)))
                session.state([self._small(item.path, (item.source.name,), quarantined)])
            plans += [self._restored(job, session) for job in self._jobs(whole)]
            session.release_catalogue()
            rebuild(self.paths, session.ledger)
            session.finish()
            pending = session.ledger.size - session.ledger.covered
        return Repaired(
            collection=self.paths.name,
            plans=tuple(plans),
            applied=True,
            quarantined=tuple(self._quarantined),
            pending=pending,
        )

    def _receipts(self, whole: LedgerCopy) -> list[FoundReceipt]:
        return missing_receipts(whole, self.copies.collections(self.paths.name))

    def _jobs(self, whole: LedgerCopy) -> Iterator[_Job]:
        """The files that are not as they were sealed, with what was found of each: those that a copy has whole first.

        What was fetched for one of these is there until the next is asked for.
        """
        sealed: dict[str, tuple[Sealed, ...]] = {}
        for _index, statement in whole.statements():
            for item in sealed_in(statement):
                sealed[item.name] = (*sealed.get(item.name, ()), item)
        jobs = {}
        for number, (name, seals) in enumerate(sealed.items()):
            self.progress(name, number, total=len(sealed))
            if not _is_sealed(self.paths.archive / name, seals):
                jobs[name] = _Job(name, seals)
        if not jobs:
            return
        for _index, statement in whole.statements():
            if isinstance(statement, statements.RecordStatement) and statement.file in jobs:
                jobs[statement.file].wanted.append(statement.record_sha256)
        files = [*self._strangers(sealed), *self.copies.files(self.paths.name)]
        for job in jobs.values():
            job.whole = next(
                (file for file in files if _may_be(file, job) and _is_sealed(file.brought(), job.seals)), None
            )
            if job.whole is not None:
                yield job
                job.whole.put_away()
        left = [job for job in jobs.values() if job.whole is None]
        self._find_records(left, files)
        yield from left

    def _strangers(self, sealed: Mapping[str, object]) -> list[CopyFile]:
        """Files that lie in the archive under names that the ledger does not have: one may be a sealed one, renamed."""
        if not self.paths.archive.is_dir():
            return []
        there = sorted(path for path in self.paths.archive.iterdir() if path.is_file() and not path.is_symlink())
        return [CopyFile(path) for path in there if path.name not in sealed and not path.name.startswith(".")]

    def _find_records(self, jobs: Sequence[_Job], files: Sequence[CopyFile]) -> None:
        """Looks for every wanted record: first in the damaged file, then in files of its name, then in all others."""
        missing: dict[str, list[_Job]] = {}
        for job in jobs:
            for sha256 in job.wanted:
                missing.setdefault(sha256, []).append(job)
        names = {job.name for job in jobs}
        own = [CopyFile(self.paths.archive / job.name) for job in jobs]
        kept = sorted(self.paths.quarantine.glob("*")) if self.paths.quarantine.is_dir() else []
        order = chain(own, sorted(files, key=lambda file: file.path.name not in names), map(CopyFile, kept))
        with Scanner(RecordQuery(digests=False, identity=True), processes=1, total_bytes=0) as scanner:
            for file in order:
                if not missing:
                    return
                if file.store is not None and not _is_worth_fetching(file, missing):
                    continue
                self.progress(f"{len(missing):,} records to find: {file.path.name}", len(jobs))
                with suppress(OSError):
                    _look_through(file.brought(), scanner, missing)

    def _restored(self, job: _Job, session: WritingSession) -> Plan:
        plan = self._plan(job)
        own = {self.paths.archive / job.name}
        if not plan.is_whole and not any(_from_elsewhere(job, sha256, own) for sha256 in job.wanted):
            # No copy has more than the damaged file itself.
            return replace(plan, found=0)
        path = self.paths.archive / job.name
        need_room(path.parent, job.seals[-1].size, self.limits.min_free_bytes)
        part = part_of(path.parent)
        try:
            if job.whole is not None:
                size = job.whole.path.stat().st_size
                with open_regular(job.whole.path) as source:
                    sha256 = copy_to_part(source, part, size)
            else:
                size, sha256 = write_part(_pieces(job), part)
            exact = sha256 in {sealed.sha256 for sealed in job.seals}
            if job.whole is not None and not exact:
                raise ArchiveError(
                    f"{self.copies.where(job.whole.path)} is not any more what it was when it was looked at; "
                    "nothing was put in place",
                    next_step="Run it again when nothing writes to the copy.",
                )
            quarantined = self._aside(path)
            seal_part(part, path)
            if job.whole is not None and job.whole.store is None and job.whole.path.parent == path.parent:
                # It was renamed, and is there twice now.
                self._aside(job.whole.path)
        finally:
            part.unlink(missing_ok=True)
        session.state([self._statement(job, plan, (size, sha256), exact=exact, quarantined=quarantined)])
        return Plan(
            path=plan.path,
            records=plan.records,
            found=plan.found,
            exact=exact,
            sources=plan.sources,
            reason=plan.reason,
        )

    def _plan(self, job: _Job) -> Plan:
        path = f"{ARCHIVE_FOLDER}{job.name}"
        records = len(job.wanted)
        if job.whole is not None:
            whole = self.copies.where(job.whole.path)
            return Plan(path=path, records=records, found=records, exact=True, sources=(whole,))
        found = sum(1 for sha256 in job.wanted if sha256 in job.spots)
        sources = tuple(sorted({self.copies.where(spot.path) for spot in job.spots.values()}))
        reason = ""
        if _container_by_name(job.name) is None:
            found, reason = 0, "such a file can only be taken from a copy as a whole, and none has it"
        elif found < records:
            left = records - found
            reason = f"{counted(left, 'record')} {'is' if left == 1 else 'are'} in no copy"
        return Plan(path=path, records=records, found=found, sources=sources, reason=reason)

    def _aside(self, path: Path) -> str | None:
        """Moves a damaged file out of the way, if there is one."""
        if not path.exists():
            return None
        name = set_aside(path, self.paths.quarantine)
        self._quarantined.append(name)
        return name

    def _small(self, path: str, sources: Sequence[str], quarantined: str | None = None) -> RepairStatement:
        """The statement of a file that holds no records."""
        size, sha256 = hash_file(self.paths.folder / path)
        return RepairStatement(
            path=path,
            size=size,
            sha256=sha256,
            records=0,
            restored_records=0,
            exact=True,
            quarantined=quarantined,
            sources=tuple(sources),
            repaired=format_utc(self.now),
            program=PROGRAM,
        )

    def _statement(
        self, job: _Job, plan: Plan, made: tuple[int, str], *, exact: bool, quarantined: str | None
    ) -> RepairStatement:
        own = {self.paths.archive / job.name}
        return RepairStatement(
            path=plan.path,
            size=made[0],
            sha256=made[1],
            records=plan.records if job.whole is not None else plan.found,
            restored_records=sum(1 for sha256 in job.wanted if job.whole or _from_elsewhere(job, sha256, own)),
            exact=exact,
            quarantined=quarantined,
            sources=tuple(Path(source).name for source in plan.sources),
            repaired=format_utc(self.now),
            program=PROGRAM,
        )


def _ledger_plans(whole: LedgerCopy) -> list[Plan]:
    return [Plan(path=path, exact=True, sources=("the ledger's parts",)) for path in dict.fromkeys(whole.damage)]


def _from_elsewhere(job: _Job, sha256: str, own: set[Path]) -> bool:
    spot = job.spots.get(sha256)
    return spot is not None and spot.path not in own


def _container_by_name(name: str) -> Container | None:
    return next((kind for end, kind in _BY_RECORD.items() if name.lower().endswith(end)), None)


def _is_sealed(path: Path, seals: Sequence[Sealed]) -> bool:
    try:
        if path.stat().st_size not in {sealed.size for sealed in seals}:
            return False
        return hash_file(path).sha256 in {sealed.sha256 for sealed in seals}
    except OSError:
        return False


def _may_be(file: CopyFile, job: _Job) -> bool:
    try:
        return file.may_be_for(job.name) and file.size() in {sealed.size for sealed in job.seals}
    except OSError:
        return False


def _is_worth_fetching(file: CopyFile, missing: Mapping[str, Sequence[_Job]]) -> bool:
    """Whether records are missing of the file of its name. One much larger was put there by somebody else."""
    return any(
        file.may_be_for(job.name) and file.size() <= _MOST_TIMES * max(sealed.size for sealed in job.seals)
        for jobs in missing.values()
        for job in jobs
    )


def _look_through(path: Path, scanner: Scanner, missing: dict[str, list[_Job]]) -> None:
    if not path.is_file():
        return
    container = container_of(path)
    if container is None or container is Container.WACZ:
        return
    for row in scanner.rows(path, container):
        sha256 = None if row.facts is None else row.facts.record_sha256
        for job in missing.pop(sha256, ()) if sha256 is not None else ():
            job.spots[sha256 or ""] = _Spot(path, container, row.offset, row.length, row.inner)


def _pieces(job: _Job) -> Iterator[bytes]:
    """The file put together again: every record that was found, in the order of the ledger."""
    container = _container_by_name(job.name)
    for sha256 in job.wanted:
        spot = job.spots.get(sha256)
        if spot is not None:
            yield _piece(spot, sha256, container)


def _piece(spot: _Spot, sha256: str, container: Container | None) -> bytes:
    """One record as it goes into the file: with the compression that it had, where that can be kept.

    Raises:
        FormatError: the copy changed while it was read.
    """
    with open_regular(spot.path) as file:
        if (
            container is Container.WARC_GZIP
            and spot.container is Container.WARC_GZIP
            and not spot.inner
            and spot.length
        ):
            file.seek(spot.offset)
            member = file.read(spot.length)
            with suppress(FormatError):
                record = parse_record(read_member(member))
                if record_sha256(record.header.raw, record.block) == sha256:
                    return member
        raw = record_at(file, spot.container, spot.offset, spot.inner)
    if not isinstance(raw.header, RecordHeader):
        raise FormatError(f"{spot.path}: the record is not there any more")
    record = WarcRecord(header=raw.header, block=bytes(raw.block or b""))
    if record_sha256(record.header.raw, record.block) != sha256:
        raise FormatError(f"{spot.path}: the record is not there any more")
    data = record_bytes(record)
    return data if container is Container.WARC else compress_member(data)
