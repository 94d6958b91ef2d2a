"""Files that other programs made, taken into a collection as evidence: copied to the byte, checked, stated, indexed.

The order, for a process that may die anywhere: a copy under a ``.part`` name, synced and read back; the name
``NAME.TOKEN.importing``; what it is and was taken from, in the journal; a statement for each record and each cable; the
``import`` statement, which seals the file; the name ``NAME``. Whatever is left half way, the next import finishes or
drops.

Tested by ``tests/scenarios/test_import.py``.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, BinaryIO

import msgspec

from preserve import PROGRAM
from preserve.cables.page.layouts import Layout
from preserve.errors import ArchiveError, FormatError
from preserve.expressions import lazy_re
from preserve.formats.wacz import DATAPACKAGE, Package, open_package, package_defects, package_signature
from preserve.formats.waczsignature import Authorities
from preserve.formats.warc.containers import Container
from preserve.integrity.duplicate_ids import References
from preserve.integrity.facts import RecordFacts
from preserve.integrity.importing.maker import maker_of
from preserve.integrity.record import RecordQuery
from preserve.integrity.scan import Scanner
from preserve.integrity.stated import statement_of
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.model import format_utc, new_uuid
from preserve.progress import Tell, untold
from preserve.provenance import statements
from preserve.provenance.describe import readers_of
from preserve.provenance.installation import FileState
from preserve.provenance.sealing import sealed_in
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import (
    IMPORT_RUN,
    CableStatement,
    ImportStatement,
    RecordStatement,
    SourcePackage,
    Statement,
)
from preserve.regular import open_regular
from preserve.replay.indexing import index_stated
from preserve.replay.link_states import keep_states
from preserve.replay.text_spool import TextSpool
from preserve.store.copying import Hashed, copy_to_part, hash_file, need_room, part_of, seal_part
from preserve.store.durable import sync_dir
from preserve.store.layout import CollectionPaths
from preserve.store.readmarks import ReadMarks
from preserve.store.secondreader import second_reading
from preserve.store.warcfile import container_of

_UNSAFE = lazy_re(r"[^A-Za-z0-9._-]+")
_KINDS = (RecordStatement, CableStatement, ImportStatement)
_MAX_NAME = 180
_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one file. ``file`` is its name in the archive; ``lacks`` counts what was found, by code.

    ``outcome``: ``imported``, ``held`` (the same bytes are there already, as ``file``), ``refused`` (see ``reason``).
    """

    source: str
    outcome: str
    file: str = ""
    records: int = 0
    cables: int = 0
    lacks: Mapping[str, int]
    reason: str = ""


class _Origin(msgspec.Struct):
    """Where a file comes from, kept beside it until it is stated."""

    source: str
    package: SourcePackage | None = None


@dataclass(slots=True, kw_only=True)
class Importer:
    """One import into one collection. The caller holds nothing; `run` takes the lock."""

    paths: CollectionPaths
    writer: Writer
    layouts: Mapping[str, Layout]
    now: datetime
    limits: Limits = DEFAULT_LIMITS
    processes: int | None = None
    take_damaged: bool = False
    progress: Tell = untold

    def run(self, files: Sequence[Path]) -> list[Imported]:
        """Finishes imports that were cut short, takes in the files, and puts all under a new checkpoint.

        Raises:
            LockedError: another process writes to the collection.
            ArchiveError: the archive is damaged.
            NewerFormatError: its ledger has statements that a newer program wrote.
            EnvironmentFaultError: no room, or the disk gives back other bytes.
        """
        total = sum(path.stat().st_size for path in files)
        with (
            TextSpool.of(self.paths) as spool,
            Scanner(self._wanted(spool), processes=self.processes, total_bytes=total) as scanner,
            self._session() as writing,
        ):
            own_from = writing.ledger.size
            session = _Session(self, scanner, writing)
            done = [session.finish(state) for state in writing.importing]
            for path in files:
                done += session.take(path)
                session.read_bytes += path.stat().st_size
            writing.finish()
            index_stated(self.paths, self.writer.installation.readers_secret(), spool)
            keep_states(self.paths, self.layouts, own_from=own_from)
        return done

    def _wanted(self, spool: TextSpool) -> RecordQuery:
        return RecordQuery(
            identity=True,
            digests=True,
            statement=True,
            layouts=tuple(self.layouts.values()),
            limits=self.limits,
            take_text=spool.put,
        )

    def _session(self) -> WritingSession:
        return WritingSession(self.paths, self.writer, command=f"import {self.paths.name}", kinds=_KINDS)


class _Session:
    def __init__(self, order: Importer, scanner: Scanner, writing: WritingSession) -> None:
        self._writing = writing
        self._order = order
        self._paths = order.paths
        self._scanner = scanner
        self.read_bytes = 0
        """Of the files that were taken."""
        self._run = f"{IMPORT_RUN}{new_uuid()}"
        self._sealed = {
            sealed.sha256: sealed.name
            for _i, statement in writing.ledger.statements()
            for sealed in sealed_in(statement)
        }

    def take(self, path: Path) -> Iterator[Imported]:
        """Takes in one file, or every WARC file of a package."""
        container = container_of(path)
        if container is None:
            yield Imported(source=path.name, outcome="refused", lacks={}, reason="it is no WARC, ARC or WACZ file")
        elif container is Container.WACZ:
            yield from self._package(path)
        else:
            with open_regular(path) as source:
                yield self._copied(source, path.stat().st_size, path.name, _Origin(path.name))

    def _package(self, path: Path) -> Iterator[Imported]:
        whole = hash_file(path)
        with open_regular(path) as stream:
            try:
                package = open_package(stream)
            except FormatError as error:
                yield Imported(source=path.name, outcome="refused", lacks={}, reason=str(error))
                return
            signature = package_signature(package, Authorities(now=datetime.now(UTC)))
            defects = list(package_defects(package, signature))
            broken = [f"{code} {where}: {detail}" for code, where, detail in defects if code.startswith("E-")]
            if broken and not self._order.take_damaged:
                lacks = Counter(code for code, _where, _detail in defects)
                yield Imported(source=path.name, outcome="refused", lacks=lacks, reason=broken[0])
                return
            about = SourcePackage(
                name=path.name,
                size=whole.size,
                sha256=whole.sha256,
                datapackage_sha256=_digest(package),
                findings=dict(Counter(code for code, _where, _detail in defects)),
            )
            for name in package.warc_names:
                yield self._member(package, name, about)

    def _member(self, package: Package, name: str, about: SourcePackage) -> Imported:
        source = f"{about.name}/{name}"
        try:
            with package.open(name) as member:
                origin = _Origin(source, about)
                return self._copied(member, package.members[name].file_size, Path(name).name, origin)
        except FormatError as error:
            return Imported(source=source, outcome="refused", lacks={}, reason=str(error))

    def _copied(self, source: BinaryIO, size: int, name: str, origin: _Origin) -> Imported:
        need_room(self._paths.archive, size, self._order.limits.min_free_bytes)
        part = part_of(self._paths.archive)
        try:
            digest = copy_to_part(source, part, size)
            if digest in self._sealed:
                held = self._sealed[digest]
                return Imported(source=origin.source, outcome="held", file=held, lacks={})
            name = self._free_name(name)
            with TemporaryFile(prefix="preserve-import-") as spool:
                found = self._look(part, name, spool)
                if found.reason and not self._order.take_damaged:
                    lacks = dict(found.lacks)
                    return Imported(source=origin.source, outcome="refused", lacks=lacks, reason=found.reason)
                about = msgspec.json.encode(origin).decode()
                path = self._paths.importing_file(name, self._writing.token_of(name))
                seal_part(part, path)
                _check_copied(path, Hashed(size, digest))
                self._writing.take([], None, [FileState(name, size, digest, "importing", about)])
                return self._state(path, name, origin, found, whole=Hashed(size, digest))
        finally:
            part.unlink(missing_ok=True)

    def finish(self, state: FileState) -> Imported:
        """Goes on with a file whose statements were not all written."""
        name = state.name
        origin = msgspec.json.decode(state.about, type=_Origin)
        path = self._paths.held_file(name)
        with TemporaryFile(prefix="preserve-import-") as spool:
            found = self._look(path, name, spool)
            return self._state(
                path, name, origin, found, whole=Hashed(state.size, state.sha256), stated=self._stated_already(name)
            )

    def _free_name(self, name: str) -> str:
        """A plain name that nothing in the archive has."""
        clean = _UNSAFE.sub("-", name).lstrip(".-_")[-_MAX_NAME:].lstrip(".-_") or "imported.warc"
        number = 1
        free = clean
        while self._paths.held_file(free).exists():
            number += 1
            free = f"{number}-{clean}"
        return free

    def _look(self, path: Path, name: str, spool: IO[bytes]) -> "_Found":
        """What is wrong with the file, and every statement about it, a line each. None is written to the ledger yet."""
        found = _Found(spool)
        with (
            TemporaryDirectory(prefix="preserve-import-") as scratch,
            closing(References(Path(scratch) / "references.sqlite")) as references,
        ):
            self._look_at_records(path, name, found, references)
            for _file, code, record_id, detail in references.faults():
                found.take([(code, detail)], f"{name} {record_id}")
        if not found.records:
            found.take([("E-WARC-EMPTY", "no record can be read")], name)
        return found

    def _look_at_records(self, path: Path, name: str, found: "_Found", references: References) -> None:
        container = container_of(path, name) or Container.WARC
        for ordinal, row in enumerate(self._scanner.rows(path, container)):
            faults = [row.fault] if row.fault is not None else []
            if row.facts is not None:
                faults += [*row.facts.faults, *row.facts.shown]
                references.add(0, row.facts)
                try:
                    entries = _stated(row.facts, name, ordinal, self._run)
                except FormatError as error:
                    faults.append(("E-WARC-HEADER", f"a record that cannot be stated: {error}"))
                else:
                    found.records += 1
                    found.cables += len(entries) - 1
                    found.spool.writelines(entry + b"\n" for entry in entries)
            found.take(faults, f"{name} at byte {row.offset}")
            if not ordinal % _BATCH:
                self._order.progress(name, ordinal, done_bytes=self.read_bytes + row.offset)
        found.maker = maker_of(path, container)
        found.take(second_reading(path, container=container).faults, name)

    def _state(
        self,
        path: Path,
        name: str,
        origin: _Origin,
        found: "_Found",
        *,
        whole: Hashed,
        stated: Counter[tuple[str, str]] | None = None,
    ) -> Imported:
        """Writes every statement that is missing, seals, and gives the file its name."""
        found.spool.seek(0)
        batch: list[bytes] = []
        for line in found.spool:
            entry = line.rstrip(b"\n")
            if stated and stated[key := _key(statements.decode(entry))] > 0:
                stated[key] -= 1
                continue
            batch.append(entry)
            if len(batch) >= _BATCH:
                self._writing.take(batch, None)
                batch = []
        _check_copied(path, whole)
        batch.append(
            statements.encode(self._seal(name, whole, container_of(path, name) or Container.WARC, origin, found))
        )
        self._writing.take(batch, None, [FileState(name, whole.size, whole.sha256, "sealed")])
        path.rename(self._paths.archive / name)
        sync_dir(self._paths.archive)
        self._sealed[whole.sha256] = name
        if not found.reason:
            # What a damaged file shows may come with a repair.
            ReadMarks.of(self._paths).add([name], readers_of(tuple(self._order.layouts.values())))
        return Imported(
            source=origin.source,
            outcome="imported",
            file=name,
            records=found.records,
            cables=found.cables,
            lacks=dict(found.lacks),
            reason=found.reason,
        )

    def _seal(
        self, name: str, whole: Hashed, container: Container, origin: _Origin, found: "_Found"
    ) -> ImportStatement:
        return ImportStatement(
            file=name,
            size=whole.size,
            sha256=whole.sha256,
            records=found.records,
            container=str(container),
            source=origin.source,
            maker=found.maker,
            package=origin.package,
            lacks=dict(found.lacks),
            imported=format_utc(self._order.now),
            program=PROGRAM,
            run=self._run,
        )

    def _stated_already(self, name: str) -> Counter[tuple[str, str]]:
        """The records and cables of this file that the ledger has, from an import that was cut short."""
        stated: Counter[tuple[str, str]] = Counter()
        for _index, statement in self._writing.ledger.statements():
            match statement:
                case RecordStatement(file=file) if file == name:
                    stated[_key(statement)] += 1
                case CableStatement(record_id=record_id) if stated["record", record_id]:
                    stated[_key(statement)] += 1
        return stated


def _check_copied(path: Path, copied: Hashed) -> None:
    """Holds a file against what was copied into it.

    Raises:
        ArchiveError: somebody else wrote to it since.
    """
    if hash_file(path) != copied:
        raise ArchiveError(
            f"{path} was changed while it was taken in; it is not sealed",
            next_step="Find out who else writes to the archive, and import the file again.",
        )


@dataclass(slots=True)
class _Found:
    """What was found of a file: its statements, a line each; counts; and the first thing that is damage."""

    spool: IO[bytes]
    maker: str = ""
    lacks: Counter[str] = field(default_factory=Counter)
    reason: str = ""
    records: int = 0
    cables: int = 0

    def take(self, faults: Iterable[tuple[str, str]], where: str) -> None:
        """The faults of one record."""
        for code, detail in faults:
            self.lacks[code] += 1
            if code.startswith("E-") and not self.reason:
                self.reason = f"{code} {where}: {detail}"


def _key(statement: Statement) -> tuple[str, str]:
    """Kind and record of what is stated of a file's records."""
    if not isinstance(statement, RecordStatement | CableStatement):
        raise TypeError(statement)
    return statements.kind_of(statement), statement.record_id


def _stated(facts: RecordFacts, file: str, ordinal: int, run: str) -> list[bytes]:
    """The statements of one record: itself, and the cables on it.

    Raises:
        FormatError: they would break the schema, or are too long.
    """
    return [statements.encode(statement_of(facts, file, ordinal, run)), *facts.cables]


def _digest(package: Package) -> str:
    with package.open(DATAPACKAGE) as stream:
        return hashlib.sha256(stream.read(DEFAULT_LIMITS.max_decoded_bytes)).hexdigest()
