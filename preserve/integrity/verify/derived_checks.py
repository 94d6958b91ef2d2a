"""Index and catalogue: every line and every row against what follows from the evidence.

Tested by ``tests/damage/test_corpus.py``.
"""

from collections.abc import Sequence
from functools import cached_property

from preserve.findings import Claim
from preserve.integrity.scan import FileHashes
from preserve.integrity.verify.checks import CheckScope, Leaf, Said, StatementCheck, Unreadable
from preserve.integrity.verify.index_sum import IndexSum
from preserve.integrity.verify.record_check import RecordCheck, RecordReading
from preserve.integrity.verify.report import claim, not_checked
from preserve.integrity.verify.tree_check import TreeCheck
from preserve.provenance.rows import row_of
from preserve.provenance.statements import (
    NEWER,
    AcceptedStatement,
    CableStatement,
    ImportStatement,
    MementoStatement,
    Moved,
    Muted,
    RecordStatement,
    ReleaseStatement,
    RunStatement,
)

_INDEX = "index agrees with the evidence"
_CATALOGUE = "catalogue agrees with the evidence"
_INCOMPLETE = ("E-WARC-MISSING", "E-WARC-LOST", "E-LEDGER-STATEMENT", "E-LEDGER-MISSING", "E-LEDGER-SIZE")
_GOING_ON = ("I-WARC-WRITING", "I-LEDGER-WRITING")
_UNENDED = ("W-WARC-OPEN", "W-LEDGER-PENDING", "E-LEDGER-JOURNAL", "W-LEDGER-JOURNAL")


class Obstacle:
    """What keeps the derived from being held against the evidence: what comes of damaged evidence proves nothing."""

    def __init__(self, scope: CheckScope, hashes: FileHashes) -> None:
        self._scope = scope
        self._hashes = hashes

    @cached_property
    def reason(self) -> str:
        """Empty where there is none. Asked once the evidence was checked to its end."""
        findings, newer = self._scope.findings, self._scope.newer
        if self._scope.underived:
            return self._scope.underived
        if self._scope.level.name != "full":
            return "not every record was read"
        if newer.statements:
            return f"what follows from statements {NEWER} is not known"
        if self._hashes.unread:
            return "not every file could be read"
        if findings.has(*_INCOMPLETE):
            return "the evidence is not whole"
        if findings.has(*_UNENDED):
            return "a capture did not end; the next one brings them up to date"
        if findings.has(*_GOING_ON):
            return "somebody writes to the collection now, and brings them up to date at the end"
        return ""


class IndexCheck(StatementCheck):
    """Lines are summed up by file, as the note of a verification that was stopped has them."""

    def __init__(self, scope: CheckScope, records: RecordCheck, reading: RecordReading, obstacle: Obstacle) -> None:
        self._scope = scope
        self._records = records
        self._settled = reading.settled
        self._kept = reading.kept
        self._obstacle = obstacle
        self._defect = ""
        self.sum = IndexSum()

    def take(self, index: int, statement: Said, leaf: Leaf) -> None:
        """Takes in the line of a record that was read."""
        last = self._records.last
        if isinstance(statement, RecordStatement) and last is not None and last.row is not None:
            last.file.index.expect(last.row)

    def end(self) -> None:
        """Reads the index."""
        if self._obstacle.reason:
            return
        self.sum = self._settled.lines
        for file in self._records.files.values():
            # Lines of what was stated before are in that sum already, also of files that are read again.
            if not file.stated or file.first >= self._settled.size:
                self.sum.add(file.index)
        self._defect = self.sum.defect(self._scope.paths, self._kept)
        if self._defect:
            self._scope.findings.add("E-INDEX", self._scope.paths.index.name, self._defect)

    def finish(self) -> Claim:
        """Whether the index has these lines and no others."""
        reason = self._obstacle.reason
        return not_checked(_INDEX, reason) if reason else claim(_INDEX, good=not self._defect)


class CatalogueCheck(StatementCheck):
    """Rows of records that are not read again are passed over."""

    def __init__(
        self, scope: CheckScope, tree: TreeCheck, records: RecordCheck, reading: RecordReading, obstacle: Obstacle
    ) -> None:
        self._scope = scope
        self._tree = tree
        self._records = records
        self._held = reading.catalogue
        self._from = max(reading.settled.size, scope.earlier.size)
        self._obstacle = obstacle
        self._is_good = True

    def take(self, index: int, statement: Said, leaf: Leaf) -> None:
        """Holds the row of a statement against the one in the catalogue: of one whose row is in the sum, it was."""
        if index < self._from:
            self._take_again(index, statement)
            return
        match statement:
            case RecordStatement() | CableStatement() if self._scope.level.name != "full":
                return
            case RecordStatement() if self._records.last is not None and self._records.last.file.passed is not None:
                # Its row was held against the statement when its place was taken from it.
                return
            case RecordStatement():
                row = None if self._records.last is None else self._records.last.row
                if row is None:
                    self._held.held(index, "records")
                else:
                    self._held.compare(index, row)
            case CableStatement(record_id=record_id):
                last = self._records.last
                if last is not None and last.record_id == record_id and last.file.is_done:
                    self._held.held(index, "cables")
                else:
                    self._held.compare(index, row_of(statement))
            case ReleaseStatement() | RunStatement() | ImportStatement() | AcceptedStatement() | Moved() | Muted():
                self._held.compare(index, row_of(statement))
            case MementoStatement():
                self._held.compare(index, row_of(statement))
            case Unreadable() | _:
                return

    def take_records(self, first: int, rows: Sequence[bytes]) -> None:
        """Holds the rows of records' statements from an index on, as MessagePack writes each, against the catalogue."""
        self._held.compare_records(first, rows)

    def _take_again(self, index: int, statement: Said) -> None:
        """Of what is in the sum, the rows of records that were read again now: the sum is of then."""
        last = self._records.last
        if last is None or last.row is None or last.file.passed is not None:
            return
        if isinstance(statement, RecordStatement):
            self._held.compare_again(index, last.row)
        elif isinstance(statement, CableStatement) and statement.record_id == last.record_id:
            self._held.compare_again(index, row_of(statement))

    def end(self) -> None:
        """At the end nothing may be left over."""
        if self._obstacle.reason:
            return
        self._held.finish(self._tree.statements)
        # An archive that holds nothing needs none.
        self._is_good = not self._held.defect or not (self._held.is_held or self._records.count)
        if not self._is_good:
            self._scope.findings.add("E-CATALOGUE", self._scope.paths.catalogue.name, self._held.defect)

    def finish(self) -> Claim:
        """Whether the catalogue has these rows and no others."""
        reason = self._obstacle.reason
        return not_checked(_CATALOGUE, reason) if reason else claim(_CATALOGUE, good=self._is_good)
