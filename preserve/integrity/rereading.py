"""Texts of records that are held, read by today's extractor and layouts, and stated beside what was stated before.

Nothing that is stated is replaced. A text is stated of a record only where its bytes are those that the log names: the
statement that says so is proved to be under the checkpoint (or in the journal of this installation). Files are read
one after another by as many processes as help; what is stated is durable group by group, so that a reading that was
stopped goes on, and states nothing twice.

Tested by ``tests/scenarios/test_reread.py``.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from preserve.cables.extract import is_newer
from preserve.cables.page.layouts import Layout
from preserve.errors import ArchiveError, FormatError
from preserve.formats.warc.containers import Container
from preserve.integrity.facts import RecordFacts
from preserve.integrity.record import RecordQuery
from preserve.integrity.scan import ScannedRecord, Scanner
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.progress import Tell, untold
from preserve.provenance.describe import readers_of
from preserve.provenance.leaves import Leaves
from preserve.provenance.ledger import Ledger
from preserve.provenance.proved import ProvedLog
from preserve.provenance.rows import row_of
from preserve.provenance.sealing import sealed_files
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import CableStatement, RecordStatement, decode
from preserve.readers.hashing import Fault
from preserve.replay.indexing import index_stated
from preserve.replay.recover import current_catalogue
from preserve.replay.text_spool import TextSpool
from preserve.store.catalogue import Catalogue, RecordRow, StatedReading
from preserve.store.heldfiles import archive_bytes
from preserve.store.layout import CollectionPaths
from preserve.store.readmarks import ReadMarks
from preserve.store.warcfile import container_of

_KINDS: Final = (CableStatement,)
_GROUP: Final = 1_000
_TOLD_EVERY: Final = 256
_MOST_TOLD: Final = 1_000
_PAGES: Final = frozenset({"response", "resource"})

Told = tuple[str, Fault]
"""Where (a file, a record), and a code with a detail."""


@dataclass(slots=True, kw_only=True)
class Reread:
    """What a reading of held records found. ``stated`` counts texts by layout with its version; of a dry run, those
    that would be stated.

    ``held``: texts that are stated already just so. ``newer``: pages that a later extractor read, left as they are.
    ``changed``: pages of which a layout, under the version that it has, reads another text than is stated; nothing is
    stated of these. ``faults``: records that are missing or not as the log names them; both at most a thousand.
    """

    pages: int = 0
    files: int = 0
    files_read_before: int = 0
    files_open: int = 0
    stated: dict[str, int] = field(default_factory=dict)
    pages_stated: int = 0
    held: int = 0
    newer: int = 0
    changed: list[Told] = field(default_factory=list)
    changed_total: int = 0
    faults: list[Told] = field(default_factory=list)
    faults_total: int = 0
    statements: int = 0
    """Those of the ledger at the end."""

    @property
    def total(self) -> int:
        """Number of texts that are stated, or would be."""
        return sum(self.stated.values())


@dataclass(slots=True, kw_only=True)
class Rereader:
    """One reading of all that a collection holds. The caller holds nothing; `run` takes the lock.

    ``writer`` None: a dry run, which takes no lock, states nothing and marks nothing.
    """

    paths: CollectionPaths
    writer: Writer | None
    layouts: Mapping[str, Layout]
    limits: Limits = DEFAULT_LIMITS
    processes: int | None = None
    progress: Tell = untold

    def run(self) -> Reread:
        """Reads every file that these layouts have not read yet, and states what is new.

        Raises:
            LockedError: another process writes to the collection.
            ArchiveError: the archive cannot be used.
            NewerFormatError: its ledger has statements that a newer program wrote.
            EnvironmentFaultError: a helping process was killed.
        """
        layouts = tuple(self.layouts.values())
        total = archive_bytes(self.paths)
        with ExitStack() as stack:
            spool = None if self.writer is None else stack.enter_context(TextSpool.of(self.paths))
            wanted = RecordQuery(
                identity=True, layouts=layouts, limits=self.limits, take_text=None if spool is None else spool.put
            )
            # Processes are forked before a database is opened.
            scanner = stack.enter_context(Scanner(wanted, processes=self.processes, total_bytes=total))
            if self.writer is None or spool is None:
                ledger = Ledger.of_user(self.paths)
                proof = ProvedLog(self.paths, ledger)
                catalogue = stack.enter_context(current_catalogue(self.paths, ledger, proof))
                work = _Work(self, scanner, ledger, catalogue, None)
                work.run()
                work.done.statements = catalogue.ledger_size
                return work.done
            command = f"reread {self.paths.name}"
            session = stack.enter_context(WritingSession(self.paths, self.writer, command=command, kinds=_KINDS))
            work = _Work(self, scanner, session.ledger, session.catalogue, _Stating(session))
            work.run()
            work.done.statements = session.finish()
            index_stated(self.paths, self.writer.installation.readers_secret(), spool)
            return work.done


class _Stating:
    """Proves what the log says of records, and states texts in groups."""

    def __init__(self, session: WritingSession) -> None:
        self._session = session
        self._leaves: Leaves | None = session.leaves()
        self._covered = session.ledger.covered
        self._uncovered = {
            index: (statement.record_id, statement.record_sha256)
            for index, statement in session.ledger.statements(self._covered)
            if isinstance(statement, RecordStatement)
        }
        self._group: list[bytes] = []

    def doubt(self, row: RecordRow) -> str:
        """Why it cannot be proved that the log states a record as the catalogue has it; empty where it can."""
        said = (row.record_id, row.record_sha256)
        if row.statement_index >= self._covered:
            stated = self._uncovered.get(row.statement_index)
        else:
            try:
                statement = None if self._leaves is None else decode(self._leaves.entry(row.statement_index))
            except (ArchiveError, FormatError) as error:
                return str(error)
            stated = (statement.record_id, statement.record_sha256) if isinstance(statement, RecordStatement) else None
        return "" if stated == said else "the log does not say so"

    def add(self, entries: Sequence[bytes]) -> None:
        """Takes the texts of one record; they are durable with their group."""
        self._group += entries
        if len(self._group) >= _GROUP:
            self.flush()

    def flush(self) -> None:
        """States what waits."""
        group, self._group = self._group, []
        if group:
            self._session.take(group, [row_of(decode(entry)) for entry in group])


class _Work:
    def __init__(
        self,
        order: Rereader,
        scanner: Scanner,
        ledger: Ledger,
        catalogue: Catalogue,
        stating: _Stating | None,
    ) -> None:
        self._ledger = ledger
        self._paths = order.paths
        self._readers = readers_of(tuple(order.layouts.values()))
        self._progress = order.progress
        self._scanner = scanner
        self._marks = ReadMarks.of(order.paths)
        self._catalogue = catalogue
        self._stating = stating
        self.done = Reread()

    def run(self) -> None:
        """Reads file by file. One that was read whole is marked once its texts are durable."""
        names = self._catalogue.files_in_order()
        # A catalogue that was made again knows nothing of records whose file is gone.
        for name in sorted(sealed_files(self._ledger).difference(names)):
            if not self._paths.held_file(name).is_file():
                self._fault(name, ("E-WARC-MISSING", ""))
        for name in names:
            if self._marks.is_read(name, self._readers):
                self.done.files_read_before += 1
                continue
            is_read = self._file(name)
            if self._stating is not None:
                self._stating.flush()
                if is_read:
                    self._marks.add([name], self._readers)

    def _file(self, name: str) -> bool:
        """Reads one file; false where it has to be read again another time."""
        before = self.done.faults_total
        path = self._paths.held_file(name)
        if path.is_file() and path.name != name:
            # It is being written, or taken in: whoever does that reads its pages.
            self.done.files_open += 1
            return False
        if not path.is_file():
            self._fault(name, ("E-WARC-MISSING", f"{self._catalogue.pages_in(name):,} pages were in it"))
            return False
        self.done.files += 1
        seen = 0
        try:
            for row in self._scanner.rows(path, container_of(path, name) or Container.WARC):
                if row.fault is not None:
                    self._fault(f"{name} at byte {row.offset}", row.fault)
                elif row.facts is not None and row.facts.type in _PAGES:
                    seen += self._record(name, row, row.facts)
        except OSError as error:
            self._fault(name, ("E-WARC-UNREADABLE", error.strerror or str(error)))
            return False
        missing = self._catalogue.pages_in(name) - seen
        if missing > 0:
            self._fault(
                name, ("E-WARC-LOST", f"{missing:,} pages that the ledger names were not found as it names them")
            )
        return self.done.faults_total == before

    def _record(self, name: str, row: ScannedRecord, facts: RecordFacts) -> bool:
        """Takes one page; false where it is not one that the ledger names, as it names it."""
        self.done.pages += 1
        if not self.done.pages % _TOLD_EVERY:
            self._progress(name, self.done.pages)
        held = self._catalogue.record_in(facts.record_id, name)
        where = f"{name} at byte {row.offset}: {facts.record_id}"
        if held is None:
            self._fault(where, ("E-WARC-NO-STATEMENT", ""))
            return False
        if held.record_sha256 != facts.record_sha256:
            self._fault(where, ("E-WARC-RECORD", ""))
            return False
        wanted = list(self._new(where, facts)) if facts.cables and self._is_shown(facts) else []
        if wanted and self._stating is not None:
            doubt = self._stating.doubt(held)
            if doubt:
                self._fault(where, ("E-LEDGER-RECORD", doubt))
                return True
            self._stating.add([entry for entry, _layout in wanted])
        for _entry, layout in wanted:
            self.done.stated[layout] = self.done.stated.get(layout, 0) + 1
        self.done.pages_stated += bool(wanted)
        return True

    def _is_shown(self, facts: RecordFacts) -> bool:
        """False where a web archive served something else for the address that it was asked for."""
        memento = self._catalogue.memento_in(facts.record_id)
        return memento is None or memento.verdict == "page"

    def _new(self, where: str, facts: RecordFacts) -> Iterator[tuple[bytes, str]]:
        """The texts of a page that are not stated yet, each with its layout."""
        stated = self._catalogue.readings_of(facts.record_id)
        if any(is_newer(one.extractor) for one in stated):
            self.done.newer += 1
            return
        waiting = Counter(stated)
        places = {_place(one) for one in stated}
        for entry in facts.cables:
            cable = decode(entry)
            if not isinstance(cable, CableStatement):
                raise TypeError(cable)
            reading = _reading(cable)
            if waiting[reading] > 0:
                waiting[reading] -= 1
                self.done.held += 1
            elif _place(reading) in places and reading not in stated:
                self.done.changed_total += 1
                if len(self.done.changed) < _MOST_TOLD:
                    self.done.changed.append((where, ("E-CABLE-TEXT", f"{cable.published_id}, layout {cable.layout}")))
            else:
                yield entry, cable.layout

    def _fault(self, where: str, fault: Fault) -> None:
        self.done.faults_total += 1
        if len(self.done.faults) < _MOST_TOLD:
            self.done.faults.append((where, fault))


def _reading(cable: CableStatement) -> StatedReading:
    return StatedReading(
        extractor=cable.extractor,
        layout=cable.layout,
        published_id=cable.published_id,
        canonical_id=cable.canonical_id,
        raw_sha256=cable.raw_sha256,
        body_sha256=cable.body_sha256,
        comparison_sha256=cable.comparison_sha256,
    )


def _place(reading: StatedReading) -> tuple[str, ...]:
    """What, by one version of extractor and layout, gives one text only: the bytes of the page, or of a row of it."""
    return reading.extractor, reading.layout, reading.raw_sha256
