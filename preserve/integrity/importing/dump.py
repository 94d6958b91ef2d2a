"""A dump with a cable a row, taken in as a release: every row a ``resource`` record, the release a statement.

The WARC file is written to ``state/`` and taken in by `Importer` as any other, so that its order for a process that
may die anywhere holds here too. The ``release`` statement is the last step; what was taken in without one is found by
its name, which is made of the dump's SHA-256, and stated by the next call.

Form of the file (``docs/formats/archive.md``): a record's target is ``urn:preserve:dump:sha256:HEX#bytes=FIRST-LAST``
and its block those bytes of the dump; ``#between=`` stands there for what is no row. What has no record between two
others is one line end: LF where one byte is left out, CRLF where two are. So the records give it back to the byte.

Tested by ``tests/scenarios/test_releases.py``.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from preserve import PROGRAM
from preserve.cables.page.layouts import Layout
from preserve.cables.page.rows import iter_rows
from preserve.config.release import ReleaseConfig
from preserve.errors import ArchiveError, EnvironmentFaultError, UsageError
from preserve.formats.warc.record import compress_member, make_record, record_bytes
from preserve.integrity.importing.files import Importer
from preserve.model import format_utc, sha256_hex
from preserve.progress import Tell, untold
from preserve.provenance.ledger import Ledger
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import CableStatement, Dump, ImportStatement, RecordStatement, ReleaseStatement
from preserve.regular import open_regular
from preserve.store.copying import Hashed, hash_file, need_room
from preserve.store.durable import Lock, make_dir
from preserve.store.layout import CollectionPaths

URN: Final = "urn:preserve:dump:sha256:"
_NAMESPACE: Final = uuid.UUID("6f2c8f0e-6b0f-5b7a-9a54-0d6f2b8f7c11")
"""Of the record ids: version 5 of RFC 9562 over the target, so that a row's id follows from its dump and place."""
_LINE_ENDS: Final = (b"\n", b"\r\n")
_BEGINNING_BYTES: Final = 8_000
_TOLD_EVERY: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedDump:
    """What became of a dump. ``outcome``: ``imported``, or ``held`` where the ledger states it already."""

    outcome: str
    dump: Dump


@dataclass(slots=True, kw_only=True)
class DumpImport:
    """One dump into one collection, as a declared release. The caller holds nothing; `run` takes the lock."""

    paths: CollectionPaths
    writer: Writer
    layouts: Mapping[str, Layout]
    release: ReleaseConfig
    now: datetime
    processes: int | None = None
    progress: Tell = untold

    def run(self, path: Path) -> ImportedDump:
        """Takes the dump in, or finishes what an earlier call began.

        Raises:
            UsageError: no layout of tables reads the file.
            LockedError: another process writes to the collection.
            NewerFormatError: its ledger has statements that a newer program wrote.
            EnvironmentFaultError: no room, or the file changes while it is read.
        """
        layout = self._layout(path)
        whole = hash_file(path)
        source = f"dump-{whole.sha256[:32]}.warc.gz"
        with WritingSession(self.paths, self.writer, command=f"release import {self.paths.name}", kinds=()):
            # Before hours of reading: what stands against writing to this log is met here.
            pass
        folder = self.paths.state / "dumps"
        make_dir(folder)
        made = folder / source
        # The importer takes the collection's own lock; this one keeps two imports of dumps from writing one file.
        with Lock(folder / "lock", f"preserve release import {self.paths.name}"):
            try:
                return self._stated(whole.sha256) or self._taken(path, whole, layout, made)
            finally:
                made.unlink(missing_ok=True)

    def _taken(self, path: Path, whole: Hashed, layout: Layout, made: Path) -> ImportedDump:
        importer = Importer(
            paths=self.paths,
            writer=self.writer,
            layouts=self.layouts,
            now=self.now,
            processes=self.processes,
            take_damaged=True,
            progress=self.progress,
        )
        if any(self.paths.archive.glob("*.importing")):
            importer.run([])
        if self._file_of(made.name) is None:
            need_room(self.paths.archive, whole.size, importer.limits.min_free_bytes)
            self._write(path, whole.sha256, layout, made)
            importer.run([made])
        file = self._file_of(made.name)
        if file is None:
            raise ArchiveError(
                f"{path.name}: its rows were not taken in", next_step=f"Run `preserve verify {self.paths.name}`."
            )
        return self._state(path.name, whole.size, whole.sha256, file)

    def _layout(self, path: Path) -> Layout:
        with open_regular(path) as stream:
            beginning = stream.read(_BEGINNING_BYTES).decode("utf-8", "replace").removeprefix("\ufeff")
        for layout in self.layouts.values():
            if layout.reads == "rows" and layout.begins is not None and layout.begins.match(beginning):
                return layout
        raise UsageError(
            f"{path}: no layout reads it as a table with a cable a row",
            next_step="Name a dump such as cables.csv, or write a layout with `reads: rows`.",
        )

    def _write(self, path: Path, sha256: str, layout: Layout, made: Path) -> None:
        date = format_utc(self.now)
        taken = hashlib.sha256()
        with open_regular(path) as source, made.open("wb") as out:
            about = f"software: {PROGRAM}\r\ndescription: rows of a dump with the SHA-256 {sha256}\r\n".encode()
            fields = [
                ("WARC-Type", "warcinfo"),
                ("WARC-Record-ID", f"<{uuid.uuid5(_NAMESPACE, URN + sha256).urn}>"),
                ("WARC-Date", date),
                ("WARC-Block-Digest", f"sha256:{sha256_hex(about)}"),
                ("Content-Type", "application/warc-fields"),
            ]
            out.write(compress_member(record_bytes(make_record(fields, about))))
            for number, (start, piece, is_row) in enumerate(_pieces(source.read, layout)):
                taken.update(piece)
                if is_row or piece not in _LINE_ENDS:
                    out.write(_record(sha256, start, piece, date, is_row=is_row))
                if not number % _TOLD_EVERY:
                    self.progress(path.name, number // 2)
        if taken.hexdigest() != sha256:
            raise EnvironmentFaultError(
                f"{path}: it changed while it was read", next_step="Import it again when nothing writes to it."
            )

    def _file_of(self, source: str) -> str | None:
        """The WARC file that was taken in and sealed under this name."""
        for _index, statement in Ledger.of_user(self.paths).statements():
            if isinstance(statement, ImportStatement) and statement.source == source:
                return statement.file
        return None

    def _stated(self, sha256: str) -> ImportedDump | None:
        for _index, statement in Ledger.of_user(self.paths).statements():
            match statement:
                case ReleaseStatement(dump=Dump() as dump, release=name) if (
                    dump.sha256 == sha256 and name == self.release.name
                ):
                    return ImportedDump(outcome="held", dump=dump)
        return None

    def _state(self, name: str, size: int, sha256: str, file: str) -> ImportedDump:
        """Counts what the ledger says of the file, and states the release under a new checkpoint."""
        dump = _dump(Ledger.of_user(self.paths), name=name, size=size, sha256=sha256, file=file)
        command = f"release import {self.paths.name}"
        with WritingSession(self.paths, self.writer, command=command, kinds=(ReleaseStatement,)) as session:
            session.state([declared_statement(self.release, dump, self.now)])
            session.finish()
        return ImportedDump(outcome="imported", dump=dump)


def _dump(ledger: Ledger, *, name: str, size: int, sha256: str, file: str) -> Dump:
    """What the log says of the file that holds a dump: rows, those that are not read, and cables on them."""
    rows: set[str] = set()
    read: set[str] = set()
    cables = 0
    for _index, statement in ledger.statements():
        match statement:
            case RecordStatement(file=held, uri=uri, record_id=record_id) if held == file and "#bytes=" in (uri or ""):
                rows.add(record_id)
            case CableStatement(record_id=record_id) if record_id in rows:
                read.add(record_id)
                cables += 1
    unreadable = len(rows) - len(read)
    return Dump(name=name, size=size, sha256=sha256, file=file, rows=len(rows), unreadable=unreadable, cables=cables)


def declared_statement(release: ReleaseConfig, dump: Dump | None, now: datetime) -> ReleaseStatement:
    """The ``release`` statement of a declared release, with the dump of it that was taken in."""
    return ReleaseStatement(
        release=release.name,
        title=release.title,
        publisher=release.publisher,
        released=release.released,
        counter=release.counter,
        sources=tuple(release.sources),
        known_from=tuple(release.known_from),
        note=release.note,
        dump=dump,
        stated=format_utc(now),
        program=PROGRAM,
    )


def _pieces(source: Callable[[int], bytes], layout: Layout) -> Iterator[tuple[int, bytes, bool]]:
    """Every byte of the file, in order: rows, and what stands between them."""
    held = _Tail(source)
    at = 0
    for row in iter_rows(held.read, layout):
        if row.start > at:
            yield at, held.take(at, row.start), False
        yield row.start, row.raw, True
        at = row.start + len(row.raw)
        held.drop(at)
    if held.end > at:
        yield at, held.take(at, held.end), False


class _Tail:
    """What was read of a file and not yet handed on: `iter_rows` gives the rows, and not what is between."""

    def __init__(self, source: Callable[[int], bytes]) -> None:
        self._source = source
        self._data = bytearray()
        self._start = 0
        self.end = 0

    def read(self, size: int) -> bytes:
        piece = self._source(size)
        self._data += piece
        self.end += len(piece)
        return piece

    def take(self, first: int, last: int) -> bytes:
        return bytes(self._data[first - self._start : last - self._start])

    def drop(self, until: int) -> None:
        """Forgets what lies before a place, now and then."""
        if until - self._start > 1 << 20:
            del self._data[: until - self._start]
            self._start = until


def _record(sha256: str, start: int, piece: bytes, date: str, *, is_row: bool) -> bytes:
    target = f"{URN}{sha256}#{'bytes' if is_row else 'between'}={start}-{start + len(piece) - 1}"
    digest = f"sha256:{sha256_hex(piece)}"
    fields = [
        ("WARC-Type", "resource"),
        ("WARC-Record-ID", f"<{uuid.uuid5(_NAMESPACE, target).urn}>"),
        ("WARC-Date", date),
        ("WARC-Target-URI", target),
        ("WARC-Block-Digest", digest),
        ("WARC-Payload-Digest", digest),
        ("Content-Type", "text/csv" if is_row else "application/octet-stream"),
    ]
    return compress_member(record_bytes(make_record(fields, piece)))
