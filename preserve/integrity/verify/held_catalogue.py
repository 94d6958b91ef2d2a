"""The catalogue that is held, row by row in the order of the ledger, against what follows from the evidence.

Tested by ``tests/scenarios/test_verify_by_seals.py``.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from preserve.errors import PreserveError
from preserve.integrity.verify.kept_sums import DatabaseFile, KeptRows, KeptSums
from preserve.integrity.verify.settled import RowSums
from preserve.model import RecordPlace
from preserve.store.catalogue import Catalogue, RecordRow, StatementRow
from preserve.store.layout import CollectionPaths

_COMPARED = ("records", "cables", "releases", "runs", "imports", "judgements", "mementos")
"""Tables of which each row is held against its statement."""
LOOKS = "looks"
_BATCH = 512
"""Rows that are taken from the database at once."""


def _failing(error: sqlite3.DatabaseError) -> Iterator[tuple[object, ...]]:
    """Rows that cannot be read."""
    yield from ()
    raise error


class HeldCatalogue:
    """``defect`` says what differs; the first is enough."""

    def __init__(self, paths: CollectionPaths, kept: KeptSums | None = None) -> None:
        """``kept``: what was worked out from its bytes before, if they are the same."""
        self.defect = ""
        self._kept = kept or KeptSums(None)
        self._given: KeptRows | None = None
        self._file = DatabaseFile(paths.catalogue)
        self._sums = RowSums()
        self._from = 0
        for table in (*_COMPARED, LOOKS):
            self._sums.begin(table)
        self._catalogue: Catalogue | None = None
        self._rows: dict[str, Iterator[tuple[object, ...]]] = {}
        self._looks = 0
        self._ahead: dict[str, tuple[object, ...] | None] = {}
        self.is_held = paths.catalogue.is_file()
        if not self.is_held:
            self.defect = "missing"
            return
        try:
            self._catalogue = Catalogue.open(paths, read_only=True)
            for table in _COMPARED:
                self._rows[table] = self._catalogue.rows(table)
                self._ahead[table] = next(self._rows[table], None)
        except (PreserveError, sqlite3.DatabaseError) as error:
            self._fails(str(error))

    def pass_over(self, size: int, rows_sha256: str) -> bool:
        """Takes the rows of the statements below ``size`` at once; whether their sum is this one. Before any other."""
        if self._catalogue is None or not self._rows:
            return False
        sha256 = self._file.sha256()
        given = self._kept.rows
        if given is not None and (given.sha256, given.size, given.rows_sha256) == (sha256, size, rows_sha256):
            self._given, self._looks, self._from = given, given.looks, size
            self.begin_at(size)
            return True
        self._kept.rows = None
        try:
            for table in (*_COMPARED, LOOKS):
                for batch in self._catalogue.row_batches(table, size, _BATCH):
                    self._sums.take(table, batch)
                    self._looks += len(batch) if table == LOOKS else 0
        except sqlite3.DatabaseError as error:
            self._fails(str(error))
            return False
        self.begin_at(size)
        self._from = size
        is_same = self._sums.hexdigest() == rows_sha256
        self._kept.rows = self._summed(sha256, size) if is_same and sha256 else None
        return is_same

    def _summed(self, sha256: str, size: int) -> KeptRows | None:
        """What the rows below ``size`` gave, where the bytes are those that were hashed and there are no other rows."""
        dates, rows_sha256 = tuple(self.dates(size)), self._sums.hexdigest()
        try:
            is_all = self._catalogue is not None and self._catalogue.look_count() == self._looks
        except sqlite3.DatabaseError as error:
            self._fails(str(error))
            return None
        if not is_all or self.defect or any(row is not None for row in self._ahead.values()):
            return None
        if not self._file.is_as_it_was:
            return None
        return KeptRows(sha256=sha256, size=size, rows_sha256=rows_sha256, looks=self._looks, dates=dates)

    def begin_at(self, size: int) -> None:
        """Rows of statements below ``size`` are held against nothing. Before any is asked for."""
        if self._catalogue is None or not self._rows:
            return
        try:
            for table in _COMPARED:
                self._rows[table] = self._catalogue.rows(table, size)
                self._ahead[table] = next(self._rows[table], None)
        except sqlite3.DatabaseError as error:
            self._fails(str(error))

    def row_of_record(self, index: int) -> tuple[object, ...] | None:
        """The row of a record's statement, asked for in any order; None where there is none."""
        try:
            row = None if self._catalogue is None else next(self._catalogue.rows("records", index), None)
        except sqlite3.DatabaseError as error:
            self._fails(str(error))
            return None
        return row if row is not None and row[0] == index else None

    def statement_of(self, record_id: str) -> int | None:
        """The index of the statement of a record."""
        row = self._record(record_id)
        return None if row is None else row.statement_index

    def is_reply(self, record_id: str) -> bool:
        """Whether the statements that were passed over name a reply of this id."""
        row = self._record(record_id)
        return row is not None and row.statement_index < self._from and row.type in {"response", "resource"}

    def file_of(self, record_id: str) -> str | None:
        """The file of a record."""
        row = self._record(record_id)
        return None if row is None else row.place.file

    def _record(self, record_id: str) -> RecordRow | None:
        """The row of a record, where the database can be read and does not give another's."""
        try:
            row = None if self._catalogue is None else self._catalogue.record(record_id)
        except sqlite3.DatabaseError as error:
            self._fails(str(error))
            return None
        return row if row is not None and row.record_id == record_id else None

    def dates(self, size: int) -> list[tuple[str, str, str, str]]:
        """Run, file, first and last date of the records that are stated below ``size``."""
        if self._kept.rows is not None and self._from == self._kept.rows.size == size:
            return list(self._kept.rows.dates)
        try:
            return [] if self._catalogue is None else list(self._catalogue.dates_of_files(size))
        except sqlite3.DatabaseError as error:
            self._fails(str(error))
            return []

    def sum_of_rows(self) -> str:
        """The sum of all rows that were compared (`preserve.integrity.verify.settled.RowSums`)."""
        # Behind rows that were not gone through one by one there are none.
        return self._sums.hexdigest() if self._given is None else self._given.rows_sha256

    def close(self) -> None:
        """Closes the catalogue."""
        self._rows.clear()
        if self._catalogue is not None:
            self._catalogue.close()
            self._catalogue = None

    def _fails(self, detail: str) -> None:
        self.defect = self.defect or detail
        self._rows.clear()

    def held(self, index: int, table: str) -> tuple[object, ...] | None:
        """The row of a statement, the statement's index first; None where there is none. Asked in rising order."""
        row = self._row(index, table)
        if row is not None:
            self._sums.take_one(table, row)
        return row

    def _row(self, index: int, table: str) -> tuple[object, ...] | None:
        if not self._rows:
            return None
        try:
            row = self._ahead[table]
            while row is not None and isinstance(row[0], int) and row[0] < index:
                self._fails(f"a row for statement {row[0]}, which has none")
                row = next(self._rows[table], None) if self._rows else None
            if row is None or row[0] != index:
                self._ahead[table] = row
                return None
            self._ahead[table] = next(self._rows[table], None)
        except sqlite3.DatabaseError as error:
            self._fails(str(error))
            return None
        return row

    def compare(self, index: int, row: StatementRow) -> None:
        """Holds one statement's row against the one in the catalogue."""
        if row.table is not None and self._rows and self.held(index, row.table) != (index, *row.values):
            self._fails(f"differs at statement {index}")
        if row.looks and self._catalogue is not None:
            self._looks += len(row.looks)
            try:
                if self._catalogue.looks_stated(index) != row.looks:
                    self._fails(f"differs at statement {index}")
                self._sums.take(LOOKS, ((index, number, *look) for number, look in enumerate(row.looks)))
            except sqlite3.DatabaseError as error:
                self._fails(str(error))

    def compare_records(self, first: int, rows: Sequence[bytes]) -> None:
        """Holds the rows of records' statements from an index on, as MessagePack writes each, against the catalogue."""
        if not self._rows:
            return
        ahead, behind = self._ahead["records"], self._rows["records"]
        held: list[tuple[object, ...]] = [] if ahead is None else [ahead]
        try:
            held += islice(behind, len(rows) - len(held))
        except sqlite3.DatabaseError as error:
            # What could be read before it is held against the evidence all the same.
            behind = _failing(error)
        # The one behind them is asked for at the end of each `_row`.
        self._ahead["records"], self._rows["records"] = next(iter(held), None), chain(held[1:], behind)
        if self._sums.take_these("records", held[:-1], rows[:-1]):
            held, rows, first = held[-1:], rows[-1:], first + len(rows) - 1
            self._ahead["records"], self._rows["records"] = next(iter(held), None), behind
        for index, row in enumerate(rows, first):
            found = self._row(index, "records")
            if found is None or self._sums.take_one("records", found) != row:
                self._fails(f"differs at statement {index}")

    def place_of(self, record_id: str) -> RecordPlace | None:
        """Where the catalogue has a record; whoever reads it there sees whether that is so."""
        row = self._record(record_id)
        return None if row is None else row.place

    def compare_again(self, index: int, row: StatementRow) -> None:
        """The same of a statement that was passed over, and whose record is read again: its row is looked up."""
        if row.table is None or self._catalogue is None or not self._rows:
            return
        try:
            if next(self._catalogue.rows(row.table, index), None) != (index, *row.values):
                self._fails(f"differs at statement {index}")
        except sqlite3.DatabaseError as error:
            self._fails(str(error))

    def finish(self, statements: int) -> None:
        """At the end nothing may be left over."""
        if self._catalogue is None or not self._rows:
            return
        try:
            if any(row is not None for row in self._ahead.values()):
                self._fails("rows behind the last statement")
            elif self._catalogue.look_count() != self._looks:
                self._fails("looks that no run states")
            elif self._catalogue.ledger_size != statements:
                self._fails(f"it covers {self._catalogue.ledger_size} of {statements} statements")
            elif not self._from:
                # Its indexes are in no sum; going through them takes as long as sorting their rows.
                self._catalogue.check_sound(indexes=True)
        except (PreserveError, sqlite3.DatabaseError) as error:
            self._fails(str(error))
