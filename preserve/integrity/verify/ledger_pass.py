"""One reading of a ledger, first statement to last: the tree, every statement, and through them the evidence."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

from preserve.cables.page.layouts import Layout
from preserve.errors import ArchiveError, FormatError, PreserveError
from preserve.formats.tlog.files import TILE_WIDTH, Checkpoint
from preserve.formats.tlog.merkle import CompactRange, leaf_hash
from preserve.integrity.record import RecordFacts
from preserve.integrity.scan import ScannedRecord, Scanner
from preserve.integrity.verify.attestations import Attestations
from preserve.integrity.verify.checkpoint_check import check_marker
from preserve.integrity.verify.date_check import DateCheck
from preserve.integrity.verify.derived_checks import CatalogueCheck, IndexCheck
from preserve.integrity.verify.newer import Newer
from preserve.integrity.verify.record_check import FileMatcher, Matched
from preserve.integrity.verify.report import MAX_FINDINGS, Findings, Touched
from preserve.integrity.verify.resume import FileTally, Resume
from preserve.integrity.verify.sample import Sample
from preserve.limits import Limits
from preserve.model import RecordPlace
from preserve.provenance.describe import describe_cable, read_cables
from preserve.provenance.ledger import Ledger
from preserve.provenance.rows import row_of
from preserve.provenance.sealing import sealed_in
from preserve.provenance.statements import (
    AcceptedStatement,
    ArchiveStatement,
    CableStatement,
    ImportStatement,
    Moved,
    RecordStatement,
    ReleaseStatement,
    RepairStatement,
    RunStatement,
    Sealed,
    Statement,
    UnknownStatement,
    decode,
)
from preserve.store.layout import IMPORTING_SUFFIX, CollectionPaths
from preserve.store.warcfile import container_of, read_record

_TOLD_EVERY = 256


@dataclass(slots=True)
class _File:
    """One file of the archive while its statements come. ``matcher`` None: its records are not read (again)."""

    path: Path
    matcher: FileMatcher | None
    tally: FileTally = field(default_factory=FileTally)
    findings: Findings = field(default_factory=Findings)
    touched: list[str] = field(default_factory=list)
    index: IndexCheck = field(default_factory=IndexCheck)
    is_done: bool = False
    is_gone: bool = False
    """It is not there. That is one finding, told at the end with the number of records that went with it."""
    stated: int = 0
    """Number of records that the ledger has named in it."""
    unheld: Findings = field(default_factory=Findings)
    """Revisits whose original is not held: damage in a file of our own, a habit of other crawlers in one of theirs."""


@dataclass(slots=True)
class _Last:
    """The record of the last ``record`` statement: its cable's statement follows it as a rule."""

    record_id: str = ""
    file: str = ""
    facts: RecordFacts | None = None
    place: RecordPlace | None = None


class LedgerPass:
    """Reads the ledger, and holds every record, text and row of the catalogue against it."""

    def __init__(
        self,
        paths: CollectionPaths,
        *,
        findings: Findings,
        checkpoint: Checkpoint | None,
        vouching: Attestations,
        newer: Newer,
        layouts: Mapping[str, Layout],
        limits: Limits,
        scanner: Scanner | None,
        sample: Sample | None,
        resume: Resume,
        catalogue: CatalogueCheck,
        met: Callable[[Path], None],
        progress: Callable[[int], None],
    ) -> None:
        """``scanner`` None: no file is read for its records. ``sample``: some of them, at their places.

        ``met`` is told each file that is there when its first record is stated.
        """
        self._paths = paths
        self._findings = findings
        self._checkpoint = checkpoint
        self._vouching = vouching
        self._newer = newer
        self._layouts = layouts
        self._limits = limits
        self._scanner = scanner
        self._sample = sample
        self._resume = resume
        self._catalogue = catalogue
        self._met = met
        self._progress = progress
        self._ledger: Ledger | None = None
        self._files: dict[str, _File] = {}
        self._responses: set[int] = set()
        self._last = _Last()
        self._tree = CompactRange()
        self._root_at_size: bytes | None = None
        self._touched: dict[str, tuple[str | None, str, list[str], int]] = {}
        self._stray = FileTally()
        self.sealed: dict[str, tuple[Sealed, ...]] = {}
        """By name, the seals of each file: one, or more where a repair could not give back the compression."""
        self.sealed_by: dict[str, int] = {}
        """By name, the statement that sealed it last."""
        self.dates = DateCheck(now=datetime.now(UTC))
        self.records = 0
        self.statements = 0
        self.ledger_is_whole = True

    def run(self) -> None:
        """Reads everything. Damage is a finding, and reading goes on behind it."""
        if self._checkpoint is not None and self._checkpoint.size == 0:
            self._root_at_size = self._tree.root()
        try:
            ledger = self._ledger = Ledger.of_user(self._paths)
            tiles = ledger.tile_check()
            for entries in self._bundles(ledger):
                for index, entry in entries:
                    leaf = leaf_hash(entry)
                    if self.ledger_is_whole and index < ledger.covered:
                        self._tiles_found(tiles.push(leaf))
                    self._entry(index, entry, leaf)
            if self.ledger_is_whole:
                self._tiles_found(tiles.finish())
            self._journal(ledger)
        except (PreserveError, OSError) as error:
            self._findings.add("E-LEDGER-MISSING", "ledger", str(error))
            self.ledger_is_whole = False
        self._progress(self.statements)
        self._compare_root()
        self._finish_files()
        self.dates.finish(self._findings)

    def began(self, name: str) -> bool:
        """False for a file named as one being written, where it is known that this installation did not begin it."""
        return self._ledger is None or self._ledger.began(name) is not False

    def _journal(self, ledger: Ledger) -> None:
        """What the journal holds beside statements that are proved to be this installation's."""
        state = ledger.journal
        if state.defect:
            self._findings.add("E-LEDGER-JOURNAL", self._paths.pending.name, state.defect)
        elif state.torn_bytes:
            self._findings.add("W-LEDGER-TORN", self._paths.pending.name, f"{state.torn_bytes} bytes")
        if state.unknown_bytes:
            self._findings.add("W-LEDGER-JOURNAL", self._paths.pending.name, f"{state.unknown_bytes} bytes")

    def _bundles(self, ledger: Ledger) -> Iterator[Iterator[tuple[int, bytes]]]:
        """The entries bundle by bundle; a bundle that cannot be read is a finding, and the next one is read."""
        for number in ledger.bundles():
            try:
                entries = ledger.bundle(number)
            except (PreserveError, OSError) as error:
                self._findings.add("E-LEDGER-MISSING", f"statements from {number * TILE_WIDTH} on", str(error))
                self.ledger_is_whole = False
                continue
            yield enumerate(entries, number * TILE_WIDTH)
        # What a capture states from now on is not looked at: its records may stand behind what was read of their file.
        yield takewhile(lambda item: item[0] < ledger.size, ledger.uncovered())

    def _tiles_found(self, defects: list[str]) -> None:
        for path in defects:
            self._findings.add("E-LEDGER-TILE", path)

    def _entry(self, index: int, entry: bytes, leaf: bytes) -> None:
        self.statements = index + 1
        if self.ledger_is_whole:
            self._tree.append(leaf)
            self._vouching.grown(self._tree)
            if self._checkpoint is not None and self.statements == self._checkpoint.size:
                self._root_at_size = self._tree.root()
        if not index % _TOLD_EVERY:
            self._progress(index)
        try:
            statement = decode(entry)
        except FormatError as error:
            self._findings.add("E-LEDGER-STATEMENT", f"statement {index}", str(error))
            return
        if index == 0:
            check_marker(self._paths, statement, self._checkpoint, self._findings)
        self.dates.take(index, statement)
        match statement:
            case RecordStatement():
                self._record(index, statement)
                return
            case CableStatement():
                self._cable(index, statement, entry)
                return
            case UnknownStatement():
                is_covered = self._checkpoint is not None and index < self._checkpoint.size
                self._newer.take(index, statement, is_covered=is_covered)
                self._findings.add("I-LEDGER-NEWER", f"statement {index}", f"kind {statement.kind}")
                return
            case ReleaseStatement() | RunStatement() | ImportStatement() | AcceptedStatement() | Moved():
                self._catalogue.compare(index, row_of(statement))
            case ArchiveStatement() if index:
                self._findings.add(
                    "E-LEDGER-STATEMENT", f"statement {index}", "the founding, which is the first and only that"
                )
            case _:
                pass
        self._vouching.stated(index, statement)
        self._sealed(index, statement)

    def _sealed(self, index: int, statement: Statement) -> None:
        """Takes in the files that a statement seals."""
        for sealed in sealed_in(statement):
            self.sealed[sealed.name] = (*self.sealed.get(sealed.name, ()), sealed)
            self.sealed_by[sealed.name] = index
            stated = self._files[sealed.name].stated if sealed.name in self._files else 0
            # A repair that could not find every record seals what there is; records that a newer program stated are
            # not counted here.
            is_counted = not isinstance(statement, RepairStatement) and not self._newer.names(sealed.name)
            if self.ledger_is_whole and stated != sealed.records and is_counted:
                detail = f"{sealed.records} records in {sealed.name}, of which {stated} are stated"
                self._findings.add("E-LEDGER-STATEMENT", f"statement {index}", detail)
            self._seal(sealed.name, statement)

    def _compare_root(self) -> None:
        checkpoint = self._checkpoint
        if checkpoint is None:
            return
        if self.statements < checkpoint.size:
            self._findings.add("E-LEDGER-SIZE", "checkpoint", f"{checkpoint.size} stated, {self.statements} held")
        elif self.ledger_is_whole and self._root_at_size != checkpoint.root:
            self._findings.add("E-LEDGER-ROOT", "checkpoint", f"at size {checkpoint.size}")
        if self.statements > checkpoint.size:
            self._findings.add("W-LEDGER-PENDING", "ledger", f"{self.statements - checkpoint.size} statements")

    # Records.

    def _record(self, index: int, statement: RecordStatement) -> None:
        self.records += 1
        if statement.type in {"response", "resource"}:
            self._responses.add(hash(statement.record_id))
        file = self._file(statement.file)
        file.stated += 1
        if statement.type == "revisit":
            self._revisit(statement, str(statement.refers_to), file)
        self._last = _Last(statement.record_id, statement.file)
        if file.is_gone:
            self._catalogue.held(index, "records")
            self._touch(statement, file)
            return
        if self._sample is not None:
            matched = self._sample.look(statement, self._catalogue.held(index, "records"))
        elif file.matcher is not None:
            matched = file.matcher.match(statement)
        else:
            # Only its file is looked at, or it was looked at before.
            if file.is_done:
                self._catalogue.held(index, "records")
            return
        self._matched(index, statement, file, matched)

    def _revisit(self, statement: RecordStatement, refers_to: str, file: _File) -> None:
        if hash(refers_to) not in self._responses and not self._newer.names(refers_to):
            where = f"{statement.file} {statement.record_id} {statement.uri or ''}".rstrip()
            file.unheld.add("E-WARC-REVISIT", where, f"refers to {refers_to}")
        if (touched := self._touched.get(refers_to)) is not None:
            self._touched[refers_to] = (*touched[:3], touched[3] + 1)

    def _matched(self, index: int, statement: RecordStatement, file: _File, matched: Matched | None) -> None:
        if matched is None or not matched.is_whole:
            if self._sample is None or matched is not None:
                self._touch(statement, file)
            if matched is None:
                return
        file.tally.records += 1
        self._last.facts, self._last.place = matched.facts, matched.place
        if self._sample is None:
            row = row_of(statement, matched.place)
            self._catalogue.compare(index, row)
            file.index.expect(row)

    def _touch(self, statement: RecordStatement, file: _File) -> None:
        if len(self._touched) < MAX_FINDINGS:
            file.touched.append(statement.record_id)
            self._touched[statement.record_id] = (statement.uri, statement.date, [], 0)

    def _file(self, name: str) -> _File:
        file = self._files.get(name)
        if file is not None:
            return file
        path = self._paths.held_file(name)
        file = self._files[name] = _File(path, None)
        if not path.is_file():
            file.is_gone = True
            return file
        self._met(path)
        if self._scanner is None:
            return file
        tally = self._resume.tally_of(path)
        if tally is not None:
            file.tally, file.is_done = tally, True
            file.index.count, file.index.sum = tally.index_lines, int(tally.index_sum)
        else:
            rows = _readable(self._scanner, path)
            file.matcher = FileMatcher(name, rows, file.findings, is_open=path.name != name, newer=self._newer)
        return file

    def _seal(self, name: str, statement: Statement) -> None:
        """All that the ledger says of a file's records was said; what it holds beside them is looked at now."""
        file = self._files.get(name)
        if file is not None:
            self._revisits_found(file, is_own=not isinstance(statement, ImportStatement))
        if file is None or file.matcher is None:
            return
        if self.ledger_is_whole:
            file.matcher.finish()
        if isinstance(statement, ImportStatement):
            self._known_before(file, statement.lacks)
        if not file.findings.listed and not self._catalogue.defect and not self._newer.statements:
            file.tally.index_lines, file.tally.index_sum = file.index.count, str(file.index.sum)
            self._resume.is_whole(file.path, file.tally)

    def _revisits_found(self, file: _File, *, is_own: bool) -> None:
        """What a capture of our own refers to is held; of a file that others made, it may lie in one that is not."""
        if is_own:
            self._findings.join(file.unheld)
        elif file.unheld.codes:
            self._findings.codes["I-WARC-REFERENCE"] += file.unheld.codes.total()
        file.unheld = Findings()

    def _known_before(self, file: _File, lacks: Mapping[str, int]) -> None:
        """A file that was taken in damaged is as it was: what was found then is no news."""
        worse = [code for code, count in file.findings.codes.items() if count > lacks.get(code, 0)]
        if file.findings.listed and not any(code[0] in "EW" for code in worse):
            known = Findings()
            for code, count in file.findings.codes.items():
                known.codes["I-IMPORT-DAMAGED" if code[0] in "EW" else code] += count
            file.findings = known
            for record_id in file.touched:
                del self._touched[record_id]
            file.touched.clear()

    def _finish_files(self) -> None:
        for name, file in self._files.items():
            self._revisits_found(file, is_own=not file.path.name.endswith(IMPORTING_SUFFIX))
            if file.is_gone:
                self._findings.add("E-WARC-MISSING", name, f"{file.stated} records stated")
            if file.matcher is not None and self.ledger_is_whole:
                file.matcher.finish()
            self._findings.join(file.findings)

    # Texts.

    def _cable(self, index: int, statement: CableStatement, entry: bytes) -> None:
        record_id = statement.record_id
        where = f"statement {index}: {statement.published_id}"
        touched = self._touched.get(record_id)
        if touched is not None:
            touched[2].append(statement.published_id)
        if hash(record_id) not in self._responses:
            if self._newer.names(record_id):
                self._stray.texts_not_read += 1
            else:
                self._findings.add("E-CABLE-SOURCE", where, record_id)
            return
        is_last = self._last.record_id == record_id
        file = self._files.get(self._last.file) if is_last else None
        if self._scanner is not None:
            if file is not None and file.is_done:
                self._catalogue.held(index, "cables")
                return
            self._catalogue.compare(index, row_of(statement))
        elif self._sample is None or self._last.facts is None or not is_last:
            return
        tally = self._stray if file is None else file.tally
        if is_last and self._last.facts is not None and entry in self._last.facts.cables:
            tally.texts += 1
            return
        self._text_again(statement, where, tally, self._last.place if is_last else None)

    def _text_again(self, statement: CableStatement, where: str, tally: FileTally, place: RecordPlace | None) -> None:
        """Extracts with the very layout that the statement names, and says what differs."""
        layout = self._layouts.get(statement.layout_name)
        place = place or self._catalogue.place_of(statement.record_id)
        if place is None or layout is None:
            tally.texts_not_read += 1
            return
        try:
            record = read_record(self._paths, place)
        except ArchiveError:
            tally.texts_not_read += 1
            return
        cables = read_cables(record, [layout], self._limits).cables
        again = [describe_cable(statement.record_id, cable) for cable in cables]
        if any((said.extractor, said.layout) != (statement.extractor, statement.layout) for said in again):
            tally.texts_not_read += 1
            return
        tally.texts += 1
        same = next((said for said in again if said.published_id == statement.published_id), None)
        if statement in again:
            return
        if same is None:
            self._findings.add("E-CABLE-TEXT", where, "no cable is found" if not again else "it is not found")
        else:
            names = sorted(
                name for name in CableStatement.__struct_fields__ if getattr(same, name) != getattr(statement, name)
            )
            self._findings.add("E-CABLE-TEXT", where, f"differs in {', '.join(names)}")

    # What was found.

    @property
    def texts(self) -> tuple[int, int]:
        """Texts extracted again, and texts that could not be."""
        tallies = [self._stray, *(file.tally for file in self._files.values())]
        return sum(t.texts for t in tallies), sum(t.texts_not_read for t in tallies)

    @property
    def sampled(self) -> int:
        """Records read by chance."""
        return 0 if self._sample is None else self._sample.read

    def names(self, file: str) -> bool:
        """True where some statement names a file."""
        return file in self._files

    @property
    def index(self) -> IndexCheck:
        """The lines that the index must have."""
        whole = IndexCheck()
        for file in self._files.values():
            whole.add(file.index)
        return whole

    @property
    def touched(self) -> tuple[Touched, ...]:
        """The records that are damaged or lost, with what was made from them."""
        return tuple(
            Touched(record_id, uri, date, tuple(cables), revisits)
            for record_id, (uri, date, cables, revisits) in self._touched.items()
        )


def _readable(scanner: Scanner, path: Path) -> Iterator[ScannedRecord]:
    """The rows of a file; a disk that fails is a fault of that file."""
    try:
        container = container_of(path)
        if container is None:
            yield ScannedRecord(0, 0, 0, None, ("E-WARC-UNREADABLE", "no WARC or ARC file"))
            return
        yield from scanner.rows(path, container)
    except OSError as error:
        yield ScannedRecord(0, 0, 0, None, ("E-WARC-UNREADABLE", error.strerror or str(error)))
