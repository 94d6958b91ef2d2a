"""One WARC file held against its ledger statements, record by record, in one pass.

A record is found by its id, so that one lost or damaged record does not put all that follow out of step. In a sound
file nothing is kept but the record at hand; only after damage are the rows of the rest of that file held.

Tested by ``tests/damage/test_corpus.py``.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from preserve.integrity.expected import ExpectedRecord
from preserve.integrity.facts import RecordFacts
from preserve.integrity.scan import ScannedRecord
from preserve.integrity.verify.checks import Leaf
from preserve.integrity.verify.newer import Newer
from preserve.integrity.verify.report import Findings
from preserve.model import RecordPlace, whole_date
from preserve.provenance.statements import RecordStatement

_COMPARED = ("type", "uri", "refers_to", "status", "whole", "method")
_DIGESTS = ("block_sha256", "payload_sha256")


_Found = tuple[int, RecordPlace, RecordFacts]
"""Ordinal, place, and what was found there."""


class Matched(NamedTuple):
    """The record of a statement: where it lies, the texts in it, and whether it is the one stated."""

    place: RecordPlace
    cables: tuple[bytes, ...]
    is_whole: bool


class MatchedRun(NamedTuple):
    """Records that follow one another, each the one stated: the ordinal of the first, what was read of each, and what
    followed from it. ``last``: the last of them.
    """

    first: int
    rows: Sequence[ScannedRecord]
    expected: Sequence[ExpectedRecord]
    last: Matched

    @property
    def places(self) -> Iterator[tuple[int, int, int, int]]:
        """Of each ordinal, offset, length and inner offset."""
        return ((ordinal, row.offset, row.length, row.inner) for ordinal, row in enumerate(self.rows, self.first))


class FileMatcher:
    """Takes the rows of one file as its statements come. ``is_open``: a capture or an import has not ended it."""

    def __init__(
        self,
        name: str,
        rows: Iterator[ScannedRecord],
        findings: Findings,
        *,
        is_open: bool,
        first: int = 0,
        newer: Newer | None = None,
    ) -> None:
        """``first`` is the ordinal of the first row. ``newer``: what statements of a newer program name."""
        self._name = name
        self._rows = rows
        self._ahead: ScannedRecord | None = None
        self._findings = findings
        self._is_open = is_open
        self._newer = newer
        self._waiting: dict[str, deque[_Found]] = {}
        self._ordinal = first
        self._furthest = -1
        self._is_broken = False

    def match(self, statement: RecordStatement) -> Matched | None:
        """Finds the record of one ``record`` statement and compares it; None where it is lost."""
        wanted = statement.record_id
        found = self._put_by(wanted) or self._advance_to(wanted)
        where = self._where(wanted, statement.uri)
        if found is None:
            self._found("E-WARC-LOST", where, f"ordinal {statement.ordinal}")
            return None
        ordinal, place, facts = found
        is_whole = self._tell(facts, where)
        if ordinal < self._furthest:
            self._found("E-WARC-ORDER", where)
        self._furthest = max(self._furthest, ordinal)
        if facts.record_sha256 != statement.record_sha256:
            self._found("E-WARC-RECORD", where, f"SHA-256 is {facts.record_sha256}")
            is_whole = False
        else:
            self._said(statement, facts, where)
            if ordinal != statement.ordinal and not self._is_broken:
                self._found("E-WARC-ORDER", where, f"now record {ordinal}")
        return Matched(place, facts.cables, is_whole)

    def match_expected(self, statements: Iterable[tuple[int, Leaf]], run: bytes) -> MatchedRun | None:
        """The next records, as far as each statement is the one that follows from its record; None where the first is
        not: that is to be decoded.

        ``run`` is the text of their run as it stands in JSON.
        """
        if self._waiting:
            return None
        first = ordinal = self._ordinal
        rows: list[ScannedRecord] = []
        found: list[ExpectedRecord] = []
        for _index, leaf in statements:
            row = self._ahead = self._ahead or next(self._rows, None)
            if row is None or row.expected is None or not row.expected.is_entry(leaf.entry, ordinal, run):
                break
            self._ahead = None
            rows.append(row)
            found.append(row.expected)
            ordinal += 1
            if row.facts is not None and row.facts.faults:
                self._tell(row.facts, self._where(row.facts.record_id, row.facts.uri))
        if not rows:
            return None
        self._ordinal, self._furthest = ordinal, ordinal - 1
        facts = rows[-1].facts
        last = Matched(self._place(ordinal - 1, rows[-1]), () if facts is None else facts.cables, is_whole=True)
        return MatchedRun(first, rows, found, last)

    def _tell(self, facts: RecordFacts, where: str) -> bool:
        """Tells what was found of a record by itself; whether it is no damage."""
        for code, detail in facts.faults:
            self._found(code, where, detail)
        return not any(code.startswith("E-") for code, _detail in facts.faults)

    def _where(self, record_id: str, uri: str | None) -> str:
        return f"{self._name} {record_id} {uri or ''}".rstrip()

    def _place(self, ordinal: int, row: ScannedRecord) -> RecordPlace:
        return RecordPlace(file=self._name, ordinal=ordinal, offset=row.offset, length=row.length, inner=row.inner)

    def _said(self, statement: RecordStatement, facts: RecordFacts, where: str) -> None:
        """The record is the one stated: then the statement must say what is in it."""
        differs = [name for name in _COMPARED if getattr(facts, name) != getattr(statement, name)]
        if facts.type == "revisit" and "status" in differs:
            # Of a revisit's reply the head alone is there, and is not read.
            differs.remove("status")
        if facts.block_sha256 is not None:
            # Of a record too large to be held they are not taken.
            differs += [name for name in _DIGESTS if getattr(facts, name) != getattr(statement, name)]
        if facts.date != statement.date and whole_date(facts.date) != statement.date:
            differs.append("date")
        if differs:
            self._found("E-LEDGER-RECORD", where, f"differs in {', '.join(differs)}")

    def finish(self) -> None:
        """Reads to the end: what is left has no statement.

        In a file that was left open, what stands behind the last stated record is the tail that the next run cuts: no
        capture yet, so no damage to one.
        """
        if self._is_open:
            return
        for ordinal, place, facts in sorted(chain(*self._waiting.values()), key=itemgetter(0)):
            self._stray(facts.record_id, ordinal, place.offset)
        self._waiting.clear()
        while (found := self._next()) is not None:
            ordinal, place, facts = found
            self._stray(facts.record_id, ordinal, place.offset)

    def _stray(self, record_id: str, ordinal: int, offset: int) -> None:
        if self._newer is not None and self._newer.names(record_id):
            self._newer.records += 1
            return
        self._found("E-WARC-NO-STATEMENT", f"{self._name} {record_id}", f"record {ordinal}, at byte {offset}")

    def _advance_to(self, wanted: str) -> _Found | None:
        while (found := self._next()) is not None:
            if found[2].record_id == wanted:
                return found
            self._waiting.setdefault(found[2].record_id, deque()).append(found)
            self._is_broken = True
        return None

    def _put_by(self, wanted: str) -> _Found | None:
        waiting = self._waiting.get(wanted)
        if waiting is None:
            return None
        if len(waiting) == 1:
            del self._waiting[wanted]
        return waiting.popleft()

    def _next(self) -> _Found | None:
        while (row := self._ahead or next(self._rows, None)) is not None:
            self._ahead = None
            ordinal = self._ordinal
            self._ordinal += 1
            if (facts := row.found()) is None:
                code, detail = row.fault or ("E-WARC-HEADER", "")
                if not (self._is_open and code == "E-WARC-GZIP"):
                    self._found(code, f"{self._name} at byte {row.offset}", detail)
                self._is_broken = True
                continue
            return ordinal, self._place(ordinal, row), facts
        return None

    def _found(self, code: str, where: str, detail: str = "") -> None:
        self._findings.add(code, where, detail)
