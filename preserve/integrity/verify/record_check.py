"""Every record: against its statement, and by itself; every revisit: against what it refers to.

Tested by ``tests/unit/integrity/verify/test_text_check.py``.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice, takewhile
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct, field

from preserve.errors import ArchiveError, FormatError
from preserve.findings import Claim, Verdict
from preserve.integrity.scan import FileHashes, ScannedRecord, Scanner
from preserve.integrity.verify.checks import CheckScope, Leaf, Said, StatementCheck, Unreadable
from preserve.integrity.verify.earlier_replies import EarlierReplies
from preserve.integrity.verify.file_matcher import FileMatcher, Matched
from preserve.integrity.verify.fixity import PassedFile, PassedFiles, Places
from preserve.integrity.verify.held_catalogue import HeldCatalogue
from preserve.integrity.verify.index_sum import IndexSum
from preserve.integrity.verify.kept_sums import KeptSums
from preserve.integrity.verify.report import CheckedFile, Findings, claim, not_checked
from preserve.integrity.verify.resume import FileTally, Resume
from preserve.integrity.verify.sample import Sample
from preserve.integrity.verify.settled import Settled
from preserve.integrity.verify.statement_bytes import FILE, text_behind
from preserve.integrity.verify.touched import TouchedRecords
from preserve.integrity.verify.tree_check import TreeCheck
from preserve.provenance.rows import row_of
from preserve.provenance.sealing import sealed_in
from preserve.provenance.statements import (
    NEWER,
    CableStatement,
    ImportStatement,
    RecordStatement,
    RepairStatement,
    Sealed,
    Statement,
    UnknownStatement,
)
from preserve.regular import FileIdentity
from preserve.store.catalogue import Catalogue, StatementRow
from preserve.store.layout import IMPORTING_SUFFIX
from preserve.store.warcfile import container_of
from preserve.text import counted

_REPLIES = frozenset({"response", "resource"})
_RECORDS = "every record is the one in the ledger"


class FileReading(Struct):
    """One file of the archive while its statements come. ``matcher`` None: its records are not read (again)."""

    path: Path
    matcher: FileMatcher | None = None
    tally: FileTally = field(default_factory=FileTally)
    findings: Findings = field(default_factory=Findings)
    touched: list[str] = field(default_factory=list)
    index: IndexSum = field(default_factory=IndexSum)
    is_done: bool = False
    """It was found whole before, and its records are not read again."""
    is_gone: bool = False
    """It is not there. That is one finding, told at the end with the number of records that went with it."""
    passed: PassedFile | None = None
    """The statement that stands in for reading its records."""
    is_settled: bool = False
    """Statements of its records are passed over, too (`preserve.integrity.verify.settled`)."""
    first: int = 0
    """The index of the first statement of a record in it that was taken."""
    run: str = ""
    """Of the record that was stated last, and was decoded."""
    run_json: bytes = b""
    """The same as it stands in JSON."""
    stated: int = 0
    """Number of records that the ledger has named in it."""
    places: Places = field(default_factory=Places)
    bad: int = 0
    """Records that are not in it as they are stated."""
    identity: FileIdentity | None = None
    """Of the file as its reading began."""
    unheld: Findings = field(default_factory=Findings)
    """Revisits whose original is not held: damage in a file of our own, a habit of other crawlers in one of theirs."""

    def was_read_at(self, index: int) -> bool:
        """Whether a text that is stated at this index was compared when the file was read: what came later was not."""
        return self.is_done or (self.passed is not None and index < self.passed.said.size)


class LastRecord(Struct, frozen=True):
    """What the last ``record`` statement gave: its cable's statement follows it as a rule.

    ``matched`` None: the record was not read, or is not there. ``row``: what the catalogue must have of it; None, too,
    where the statement was not decoded, and all was held against it.
    """

    record_id: str
    file: FileReading
    matched: Matched | None = None
    row: StatementRow | None = None


class TakenRecords(NamedTuple):
    """What checks are to know of statements that were not decoded, from index ``first`` on, of one run in one file.

    ``dates`` and ``rows`` are of each; a row as MessagePack writes it.
    """

    first: int
    run: str
    file: str
    dates: Sequence[str]
    rows: Sequence[bytes]


class RecordReading(Struct, frozen=True, kw_only=True):
    """How records are read. ``scanner`` None: none is, but those of ``sample``, where the ``catalogue`` has them.

    ``hashes`` is told each file that is there when its first record is stated.
    """

    scanner: Scanner | None
    sample: Sample | None
    catalogue: HeldCatalogue
    resume: Resume
    hashes: FileHashes
    passed: PassedFiles
    settled: Settled = field(default_factory=Settled)
    kept: KeptSums = field(default_factory=lambda: KeptSums(None))


class RecordCheck(StatementCheck):
    """Reads each file beside the ledger, record by record."""

    def __init__(self, scope: CheckScope, tree: TreeCheck, reading: RecordReading) -> None:
        self._scope = scope
        self._tree = tree
        self._catalogue = reading.catalogue
        self._reading = reading
        self.files: dict[str, FileReading] = {}
        self._settled = settled = reading.settled
        self._earlier = scope.earlier
        older = reading.catalogue.is_reply if settled.size else self._is_earlier_reply if scope.earlier.size else None
        self.replies = EarlierReplies(older=older)
        self.touched = TouchedRecords()
        self.last: LastRecord | None = None
        self._count = 0
        self._bad = 0
        """Records that are not in the archive as they are stated."""
        for name, file in reading.passed.files.items():
            if settled.size >= file.said.size:
                self._file(name).is_settled = True

    @property
    def count(self) -> int:
        """Number of records stated so far."""
        return self._count + self._settled.records + self._earlier.records

    def names(self, file: str) -> bool:
        """True where some statement names a file."""
        return file in self.files

    def take(self, index: int, statement: Said, leaf: Leaf) -> None:
        """Takes one statement: of a record, or one that seals files."""
        match statement:
            case RecordStatement():
                self._record(index, statement)
            case CableStatement() | UnknownStatement() | Unreadable():
                pass
            case _ if index < self._earlier.size:
                pass
            case _:
                for sealed in sealed_in(statement):
                    self._count_stated(index, statement, sealed)
                    self._seal(sealed.name, statement)

    def _count_stated(self, index: int, statement: Statement, sealed: Sealed) -> None:
        """As many records are stated as the statement says that it seals."""
        if sealed.name in self.files and self.files[sealed.name].is_settled:
            if index >= self._settled.size and not isinstance(statement, RepairStatement):
                self._reading.passed.doubted(f"{sealed.name} was sealed again")
            return
        stated = self.files[sealed.name].stated if sealed.name in self.files else 0
        # A repair that could not find every record seals what there is; records that a newer program stated are not
        # counted here.
        is_counted = not isinstance(statement, RepairStatement) and not self._scope.newer.names(sealed.name)
        if self._tree.is_whole and stated != sealed.records and is_counted:
            detail = f"{sealed.records} records in {sealed.name}, of which {stated} are stated"
            self._scope.findings.add("E-LEDGER-STATEMENT", f"statement {index}", detail)

    def _is_earlier_reply(self, record_id: str) -> bool:
        """Whether a statement that an earlier check has gone through names a reply of this id: the log proves it."""
        index = self._catalogue.statement_of(record_id)
        if index is None:
            return False
        try:
            said = self._earlier.at(index)
        except (ArchiveError, FormatError):
            return False
        return isinstance(said, RecordStatement) and said.record_id == record_id and said.type in _REPLIES

    def _again(self, index: int, statement: RecordStatement, sample: Sample) -> None:
        """Reads a record that an earlier check knew, by its statement."""
        file = self._file(statement.file)
        self.last = LastRecord(statement.record_id, file)
        if not file.is_gone:
            self._matched(statement, file, sample.look(index, statement, self._catalogue.row_of_record(index)))

    def _record(self, index: int, statement: RecordStatement) -> None:
        sample = self._reading.sample
        if index < self._earlier.size and sample is not None:
            self._again(index, statement, sample)
            return
        if statement.file in self._earlier.files:
            self._reading.passed.doubted(f"a record of {statement.file} was stated after it was sealed")
        self._count += 1
        if statement.type in _REPLIES:
            self.replies.add(statement.record_id)
        file = self._file(statement.file)
        if file.run != statement.run:
            file.run, file.run_json = statement.run, msgspec.json.encode(statement.run)
        if not file.stated:
            file.first = index
        elif file.first < self._settled.size <= index:
            self._reading.passed.doubted(f"a record of {statement.file} was stated after the check")
        file.stated += 1
        if statement.type == "revisit":
            self._revisit(statement, str(statement.refers_to), file)
        self.last = LastRecord(statement.record_id, file)
        row = None if sample is None else self._catalogue.held(index, "records")
        if file.is_gone:
            self._touch(statement, file)
            return
        if file.passed is not None:
            self._passed(index, statement, file, file.passed)
            return
        if sample is not None:
            matched = sample.look(index, statement, row)
        elif file.matcher is not None:
            matched = file.matcher.match(statement)
        else:
            # Only its file is looked at, or it was looked at before.
            return
        self._matched(statement, file, matched)

    def take_expected(self, statements: Sequence[tuple[int, Leaf]], place: int) -> "TakenRecords | None":
        """Takes statements of records from a place on, as far as each is byte for byte the one that follows; None where
        the first is not: it is to be decoded.
        """
        first, leaf = statements[place]
        file = self.files.get(text_behind(FILE, leaf.entry).decode("latin-1"))
        if file is None or file.matcher is None or not file.run or min(first, file.first) < self._settled.size:
            return None
        following = takewhile(lambda one: one[1][0] == first + one[0], enumerate(islice(statements, place, None)))
        found = file.matcher.match_expected((one for _number, one in following), file.run_json)
        if found is None:
            return None
        count, run = len(found.rows), msgspec.msgpack.encode(file.run)
        self._count += count
        file.stated += count
        for expected in found.expected:
            if expected.type in _REPLIES:
                self.replies.add(expected.record_id)
        file.places.add_all(found.places)
        file.index.expect_sha256([expected.line for expected in found.expected if expected.line is not None])
        self.last = LastRecord(found.expected[-1].record_id, file, found.last)
        rows = [one.row_bytes(first + n, found.first + n, run) for n, one in enumerate(found.expected)]
        dates = [expected.date for expected in found.expected]
        return TakenRecords(first, file.run, found.last.place.file, dates, rows)

    def _passed(self, index: int, statement: RecordStatement, file: FileReading, passed: PassedFile) -> None:
        """Takes the place of a record from the catalogue: it is proved once all places of the file are."""
        held = self._catalogue.held(index, "records")
        if held is None or index >= passed.said.size:
            self._reading.passed.doubted(f"statement {index} has no row in the catalogue, or came after the check")
            return
        row = None
        with suppress(ValueError):
            place = Catalogue.place_in(held)
            row = row_of(statement, place)
        if row is None or held != (index, *row.values):
            self._reading.passed.doubted(f"statement {index} and its row in the catalogue differ")
            return
        file.places.add(place)
        self.last = LastRecord(statement.record_id, file, None, row)

    def _revisit(self, statement: RecordStatement, refers_to: str, file: FileReading) -> None:
        if refers_to not in self.replies and not self._scope.newer.names(refers_to):
            where = f"{statement.file} {statement.record_id} {statement.uri or ''}".rstrip()
            file.unheld.add("E-WARC-REVISIT", where, f"refers to {refers_to}")
        self.touched.revisited(refers_to)

    def _matched(self, statement: RecordStatement, file: FileReading, matched: Matched | None) -> None:
        is_sample = self._reading.sample is not None
        if (matched is None or not matched.is_whole) and (matched is not None or not is_sample):
            self._touch(statement, file)
        if matched is not None:
            row = None if is_sample else row_of(statement, matched.place)
            file.places.add(matched.place)
            self.last = LastRecord(statement.record_id, file, matched, row)

    def _touch(self, statement: RecordStatement, file: FileReading) -> None:
        self._bad += 1
        file.bad += 1
        if self.touched.add(statement):
            file.touched.append(statement.record_id)

    def _file(self, name: str) -> FileReading:
        file = self.files.get(name)
        if file is not None:
            return file
        path = self._scope.paths.held_file(name)
        file = self.files[name] = FileReading(path)
        if not path.is_file():
            file.is_gone = True
            return file
        if name not in self._earlier.unhashed:
            self._reading.hashes.begin(path)
        if self._reading.scanner is None or path.name in self._reading.hashes.unread:
            return file
        if (passed := self._reading.passed.files.get(name)) is not None:
            file.passed = passed
            file.tally = FileTally(texts=passed.said.texts, texts_not_read=passed.said.texts_unread)
            return file
        file.identity = FileIdentity.of(path)
        tally = self._reading.resume.tally_of(path)
        if tally is not None:
            file.tally, file.is_done = tally, True
            file.index = IndexSum(int(tally.index_sum), tally.index_lines)
        else:
            rows = self._reading.hashes.rows(path, readable_rows(self._reading.scanner, path))
            is_open = path.name != name
            file.matcher = FileMatcher(name, rows, file.findings, is_open=is_open, newer=self._scope.newer)
        return file

    def _seal(self, name: str, statement: Statement) -> None:
        """All that the ledger says of a file's records was said; what it holds beside them is looked at now."""
        file = self.files.get(name)
        if file is not None:
            self._revisits_found(file, is_own=not isinstance(statement, ImportStatement))
        if file is None or file.matcher is None:
            return
        if self._tree.is_whole:
            file.matcher.finish()
        if isinstance(statement, ImportStatement):
            self._known_before(file, statement.lacks)
        if not file.findings.listed and not self._catalogue.defect and not self._scope.newer.statements:
            file.tally.index_lines, file.tally.index_sum = file.index.count, str(file.index.sum)
            self._reading.resume.is_whole(file.path, file.tally)

    def _revisits_found(self, file: FileReading, *, is_own: bool) -> None:
        """What a capture of our own refers to is held; of a file that others made, it may lie in one that is not."""
        if is_own:
            self._scope.findings.join(file.unheld)
        elif file.unheld.codes:
            self._scope.findings.codes["I-WARC-REFERENCE"] += file.unheld.codes.total()
        file.unheld = Findings()

    def _known_before(self, file: FileReading, lacks: Mapping[str, int]) -> None:
        """A file that was taken in damaged is as it was: what was found then is no news."""
        worse = [code for code, count in file.findings.codes.items() if count > lacks.get(code, 0)]
        if file.findings.listed and not any(code[0] in "EW" for code in worse):
            known = Findings()
            for code, count in file.findings.codes.items():
                known.codes["I-IMPORT-DAMAGED" if code[0] in "EW" else code] += count
            file.findings = known
            self._bad -= file.bad
            file.bad = 0
            for record_id in file.touched:
                self.touched.drop(record_id)
            file.touched.clear()

    def end(self) -> None:
        """Finds what files hold beside the records stated, and what is missing."""
        findings = self._scope.findings
        for name, file in self.files.items():
            self._revisits_found(file, is_own=not file.path.name.endswith(IMPORTING_SUFFIX))
            if file.is_gone:
                findings.add("E-WARC-MISSING", name, f"{counted(file.stated, 'record')} stated")
            if file.matcher is not None and self._tree.is_whole:
                file.matcher.finish()
            if file.passed is not None and not file.is_settled and not _is_as_stated(file, file.passed):
                self._reading.passed.doubted(f"the records of {name}")
            findings.join(file.findings)

    def finish(self) -> Claim:
        """What is wrong with a file is wrong with its records."""
        scope, count = self._scope, self.count
        if any(code.startswith("E-WARC") or code == "E-LEDGER-RECORD" for code in scope.findings.codes):
            told = f"{self._bad:,} of {counted(count, 'record')}"
            if not self._bad:
                told = f"none of {counted(count, 'record')} differs, but the findings below are about their files"
            return Claim(name=_RECORDS, verdict=Verdict.FAIL, detail=told)
        if scope.newer.records:
            return not_checked(_RECORDS, f"{counted(scope.newer.records, 'record')} named by statements {NEWER}")
        if unread := self._reading.hashes.unread:
            return not_checked(_RECORDS, f"{counted(len(unread), 'file')} could not be read")
        if scope.level.name == "structure":
            return not_checked(_RECORDS, f"{counted(count, 'record')}; only their files were read")
        if self._reading.sample is not None:
            if self._catalogue.defect:
                return not_checked(_RECORDS, f"the catalogue, which says where they lie: {self._catalogue.defect}")
            read = len(self._reading.sample.read)
            detail = f"{read:,} of {counted(count, 'record')}, chosen by chance"
            return claim(_RECORDS, good=True, detail=detail) if read else not_checked(_RECORDS, detail)
        return claim(_RECORDS, good=True, detail=counted(count, "record"))

    def read_whole(self, sealed: Mapping[str, int], size: int) -> Iterator[CheckedFile]:
        """The files that were read to their end, and of which nothing is to be said.

        ``sealed``: by name, the statement that sealed it last. All that is said of a file is below ``size``.
        """
        for name, file in self.files.items():
            is_as_it_was = file.identity is not None and file.identity == FileIdentity.of(file.path)
            if file.matcher is None or not is_as_it_was or sealed.get(name, size) >= size or file.path.name != name:
                continue
            if not any(code[0] in "EW" or code == "I-IMPORT-DAMAGED" for code in file.findings.codes):
                yield CheckedFile(
                    file=name,
                    sha256=self._reading.hashes.of(name).sha256,
                    records=file.stated,
                    texts=file.tally.texts,
                    texts_unread=file.tally.texts_not_read,
                    places_sha256=file.places.hexdigest(),
                )


def _is_as_stated(file: FileReading, passed: PassedFile) -> bool:
    return (file.stated, file.places.hexdigest()) == (passed.said.records, passed.said.places_sha256)


def readable_rows(scanner: Scanner, path: Path) -> Iterator[ScannedRecord]:
    """The rows of a file; a disk that fails is a fault of that file."""
    try:
        container = container_of(path)
        if container is None:
            yield ScannedRecord(0, 0, 0, None, ("E-WARC-UNREADABLE", "no WARC or ARC file"))
            return
        yield from scanner.rows(path, container)
    except OSError as error:
        yield ScannedRecord(0, 0, 0, None, ("E-WARC-UNREADABLE", error.strerror or str(error)))
