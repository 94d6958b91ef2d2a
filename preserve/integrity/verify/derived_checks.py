"""Catalogue and index held against what follows from the evidence, row by row, while the ledger is read."""

import sqlite3
from collections.abc import Iterator
from hashlib import sha256

from preserve.errors import PreserveError
from preserve.model import RecordPlace
from preserve.regular import open_regular
from preserve.store.catalogue import Catalogue, StatementRow
from preserve.store.index import index_line
from preserve.store.layout import CollectionPaths

_COMPARED = ("records", "cables", "releases", "runs", "imports", "judgements")
"""Tables of which each row is held against its statement."""
_MODULUS = 1 << 256
_MAX_LINE_BYTES = 1 << 20


class CatalogueCheck:
    """The held catalogue, read in the order of the ledger. ``defect`` says what differs; the first is enough."""

    def __init__(self, paths: CollectionPaths) -> None:
        self.defect = ""
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
            except sqlite3.DatabaseError as error:
                self._fails(str(error))

    def place_of(self, record_id: str) -> RecordPlace | None:
        """Where the catalogue has a record; whoever reads it there sees whether that is so."""
        try:
            row = None if self._catalogue is None else self._catalogue.record(record_id)
        except sqlite3.DatabaseError:
            return None
        return None if row is None else row.place

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
        except sqlite3.DatabaseError as error:
            self._fails(str(error))


class IndexCheck:
    """The held index against the lines that follow from the evidence.

    Both are taken as sets of lines with how often each stands there, by the sum of their SHA-256; that the file is
    sorted is seen when it is read. So the lines need not be sorted again, whatever their number.
    """

    def __init__(self) -> None:
        self.sum = 0
        self.count = 0

    def expect(self, row: StatementRow) -> None:
        """Takes in the line of one record, where it has one."""
        found = row.index_row()
        if found is not None:
            self.sum = (self.sum + _number(index_line(found))) % _MODULUS
            self.count += 1

    def add(self, other: "IndexCheck") -> None:
        """Takes in the lines of another."""
        self.sum = (self.sum + other.sum) % _MODULUS
        self.count += other.count

    def defect(self, paths: CollectionPaths) -> str:
        """What differs; empty where nothing does."""
        if not paths.index.is_file():
            return "missing" if self.count else ""
        total, count, last = 0, 0, b""
        try:
            with open_regular(paths.index) as file:
                while line := file.readline(_MAX_LINE_BYTES):
                    count += 1
                    if not line.endswith(b"\n"):
                        return f"line {count} has no end"
                    if line < last:
                        return f"line {count} is out of order"
                    total = (total + _number(line)) % _MODULUS
                    last = line
        except OSError as error:
            return str(error)
        if count != self.count:
            return f"{count} lines, {self.count} expected"
        return "" if total == self.sum else "a line differs from the evidence"


def _number(line: bytes) -> int:
    return int.from_bytes(sha256(line).digest())
