"""Every statement: canonical, of a known kind, one founding, and dates that its place in the ledger allows."""

from collections.abc import Sequence
from datetime import UTC, datetime

from preserve.errors import ArchiveError, FormatError
from preserve.findings import Claim
from preserve.integrity.verify.checkpoint_check import check_marker
from preserve.integrity.verify.checks import CheckScope, Leaf, Said, StatementCheck, Unreadable
from preserve.integrity.verify.date_check import DateCheck
from preserve.integrity.verify.report import claim, not_checked
from preserve.provenance.statements import NEWER, ArchiveStatement, UnknownStatement
from preserve.text import counted

_STATEMENTS = "every statement can be read"


class ReadableCheck(StatementCheck):
    """Holds the format marker against the first statement, too."""

    def __init__(self, scope: CheckScope) -> None:
        self._scope = scope
        self._count = 0
        self.dates = DateCheck(now=datetime.now(UTC), runs=scope.earlier.runs)

    def take(self, index: int, statement: Said, leaf: Leaf) -> None:
        """Takes one statement."""
        scope = self._scope
        self._count = index + 1
        if isinstance(statement, Unreadable):
            scope.findings.add("E-LEDGER-STATEMENT", f"statement {index}", statement.reason)
            return
        if index == 0 and not scope.earlier.size:
            check_marker(scope.paths, statement, scope.checkpoint, scope.findings)
        if index >= scope.earlier.size:
            self.dates.take(index, statement)
        match statement:
            case UnknownStatement():
                is_covered = scope.checkpoint is not None and index < scope.checkpoint.size
                scope.newer.take(index, statement, is_covered=is_covered)
                scope.findings.add("I-LEDGER-NEWER", f"statement {index}", f"kind {statement.kind}")
            case ArchiveStatement() if index:
                scope.findings.add(
                    "E-LEDGER-STATEMENT", f"statement {index}", "the founding, which is the first and only that"
                )
            case _:
                pass

    def take_records(self, end: int, run: str, file: str, dates: Sequence[str]) -> None:
        """Takes statements of records that can be read, up to an index: their run and file, and the date of each."""
        self._count = end
        self.dates.take_records(run, file, dates)

    def end(self) -> None:
        """Tells the dates that contradict; of the claim they are no part."""
        scope = self._scope
        if scope.earlier.size:
            try:
                check_marker(scope.paths, scope.earlier.at(0), scope.checkpoint, scope.findings)
            except (ArchiveError, FormatError) as error:
                scope.findings.add("E-LEDGER-MISSING", "statement 0", str(error))
        self.dates.finish(self._scope.findings)

    def finish(self) -> Claim:
        """Whether every statement is one of a kind that is known."""
        findings, newer, earlier = self._scope.findings, self._scope.newer, self._scope.earlier
        if earlier.size and not findings.has("E-LEDGER-STATEMENT"):
            return not_checked(_STATEMENTS, earlier.told)
        if newer.statements and not findings.has("E-LEDGER-STATEMENT"):
            return not_checked(_STATEMENTS, f"{newer.statements:,} of {counted(self._count, 'statement')}, {NEWER}")
        return claim(_STATEMENTS, good=not findings.has("E-LEDGER-STATEMENT"), detail=counted(self._count, "statement"))
