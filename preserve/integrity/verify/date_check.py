"""Dates held against the order of the ledger, against now, and against when they were taken in (ADR 0016)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct, field

from preserve.integrity.verify.report import Findings
from preserve.model import format_utc, parse_utc
from preserve.provenance.clock import TOLERANCE, WEB_BEGAN, Span, is_possible, out_of_order
from preserve.provenance.statements import ImportStatement, MementoStatement, RecordStatement, RunStatement, Statement


class _Between(Struct):
    """The earliest and the latest date of the records of one run in one file, as texts compare."""

    first: str
    last: str


class DateCheck(Struct):
    """Takes statements in the ledger's order. Memory grows with runs and imported files, not with records."""

    now: datetime
    runs: list[Span] = field(default_factory=list)
    """Those that are stated, in the ledger's order."""
    _dated: dict[tuple[str, str], _Between] = field(default_factory=dict)
    """By run and file."""
    _imports: dict[tuple[str, str], str] = field(default_factory=dict)
    """By run and file: when it was taken in."""
    _mementos: list[str] = field(default_factory=list)

    def take(self, index: int, statement: Statement) -> None:
        """Takes one statement."""
        match statement:
            case RecordStatement(run=run, file=file, date=date):
                self.take_records(run, file, (date,))
            case RunStatement(run=run, started=started, ended=ended, part=1):
                self.runs.append(Span(index, run, started, ended))
            case ImportStatement(run=run, file=file, imported=imported):
                self._imports[run, file] = imported
            case MementoStatement(memento=memento, served=str() as served, verdict="page", record_id=str()):
                if not is_possible(served, format_utc(self.now)):
                    self._mementos.append(f"{memento}: served as of {served}")
            case _:
                pass

    def take_records(self, run: str, file: str, dates: Sequence[str]) -> None:
        """Takes the date of each of some records of a run in a file, one at least."""
        first, last = min(dates), max(dates)
        between = self._dated.get((run, file))
        if between is None:
            self._dated[run, file] = _Between(first, last)
        else:
            between.first, between.last = min(first, between.first), max(last, between.last)

    def between(self, run: str, file: str, first: str, last: str) -> None:
        """Takes the earliest and the latest date of the records of a run in a file, once, before any statement."""
        self._dated[run, file] = _Between(first, last)

    def finish(self, findings: Findings) -> None:
        """Tells what contradicts."""
        for span in out_of_order(self.runs):
            findings.add("W-CLOCK-ORDER", f"statement {span.statement}", f"run {span.run} of {span.ended}")
        ahead = {span.run for span in self.runs if self._is_ahead(span.ended)}
        for span in self.runs:
            if span.run in ahead:
                findings.add("W-CLOCK-AHEAD", f"statement {span.statement}", f"run {span.run} of {span.ended}")
        for (run, file), between in self._dated.items():
            taken_in = self._imports.get((run, file))
            if taken_in is not None:
                self._imported(findings, between, file, taken_in)
            elif run not in ahead and self._is_ahead(between.last):
                findings.add("W-CLOCK-AHEAD", file, f"a record of {between.last}")
        for memento in self._mementos:
            findings.add("W-DATE", memento)

    def stamped(self, findings: Findings, receipts: Iterable[tuple[int, datetime]]) -> None:
        """Tells of runs that ended after a receipt was given for a checkpoint that covers them: size and moment."""
        told = {span.statement for span in self.runs if self._is_ahead(span.ended)}
        for size, moment in receipts:
            latest = (moment + TOLERANCE).timestamp()
            for span in self.runs:
                if span.statement < size and span.statement not in told and parse_utc(span.ended).timestamp() > latest:
                    told.add(span.statement)
                    detail = f"run {span.run} of {span.ended}, which was stamped at {format_utc(moment)}"
                    findings.add("W-CLOCK-AHEAD", f"statement {span.statement}", detail)

    def _imported(self, findings: Findings, between: _Between, file: str, imported: str) -> None:
        for date in dict.fromkeys((between.first, between.last)):
            if not is_possible(date, imported):
                why = "before the web" if parse_utc(date) < parse_utc(WEB_BEGAN) else f"imported at {imported}"
                findings.add("W-DATE", file, f"a record of {date}, {why}")

    def _is_ahead(self, date: str) -> bool:
        return parse_utc(date).timestamp() > (self.now + TOLERANCE).timestamp()
