"""What a log states, as far as it is proved to whoever reads; and the catalogue's rows held against it (ADR 22).

The one way from the tables to a reader. A row says where to look and what to expect; the statement at its index says
what is true. A statement counts when it is under a checkpoint that the known key signed (`_believed`), or, marked as
not signed yet, when this installation's secret proves it in the journal.

Tested by ``tests/attacks/test_tables.py``.
"""

import math
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from heapq import heapify, heapreplace

from msgspec import Struct

from preserve.errors import ArchiveError, CatalogueDiffersError, EnvironmentFaultError, FormatError
from preserve.findings import CODES
from preserve.formats.tlog.files import Checkpoint, parse_checkpoint
from preserve.formats.tlog.merkle import verify_consistency
from preserve.formats.tlog.note import parse_note, parse_vkey
from preserve.model import RecordPlace
from preserve.provenance.installation import Installation
from preserve.provenance.keychain import short_key, vouched_by
from preserve.provenance.knownlogs import KnownLogs, LogNotAsKnownError, opened, read_log
from preserve.provenance.leaves import Leaves
from preserve.provenance.ledger import Ledger
from preserve.provenance.rows import row_of
from preserve.provenance.statements import CableStatement, RecordStatement, Statement, decode
from preserve.regular import read_regular
from preserve.store import mementos
from preserve.store.catalogue import TABLES, Catalogue, Row, StatementRow
from preserve.store.layout import CollectionPaths

_CABLE = b'"kind":"cable"'
"""As it stands in the canonical form of a ``cable`` statement, and in that of no other."""


class _Believed(Struct, frozen=True):
    """A checkpoint with a good signature, and what is to be said of the key that made it; empty where it is known."""

    checkpoint: Checkpoint
    remark: str


class ProvedLog:
    """The statements of one log that are proved, and the proof of the catalogue's rows.

    ``trusted``: verifier keys that the reader names. ``own_from``: from this index on statements are the reader's own,
    or it has just made their rows itself: these are held against nothing.

    Raises:
        ArchiveError: the checkpoint is not signed by the key of the log, or the log is not the one that is known.
        FormatError: the checkpoint cannot be read.
    """

    def __init__(
        self, paths: CollectionPaths, ledger: Ledger, *, trusted: Collection[str] = (), own_from: int | None = None
    ) -> None:
        self._name = paths.name
        self._ledger = ledger
        self._own_from = own_from
        self._pending: dict[int, bytes] = {}
        self._swept_from, self._swept_to = 0, -1
        self._looks: tuple[int, frozenset[Row]] = (-1, frozenset())
        self._lost: set[int] = set()
        self._unproven: set[int] = set()
        believed = _believed(paths, ledger, frozenset(trusted))
        self.signed = 0 if believed is None else believed.checkpoint.size
        """Number of statements under the checkpoint."""
        self._checkpoint = None if believed is None else believed.checkpoint
        self.remark = "" if believed is None else believed.remark
        """What is to be said of the key; empty where it is known."""
        self._leaves = None if believed is None else Leaves(Ledger(paths), believed.checkpoint)
        if self._leaves is not None:
            ledger.prove_bundles(self._leaves.check)

    def is_signed_bundle(self, number: int, entries: tuple[bytes, ...]) -> bool:
        """Whether a whole bundle, as it was read, is the one under the checkpoint."""
        with suppress(ArchiveError):
            if self._leaves is not None:
                self._leaves.check(number, entries)
                return True
        return False

    @property
    def unproven(self) -> int:
        """Number of statements met that are under no checkpoint and that nothing proves: they were left out."""
        return len(self._unproven)

    @property
    def origin(self) -> str:
        """The name of the log; empty where there is no checkpoint."""
        return "" if self._checkpoint is None else self._checkpoint.origin

    @property
    def root(self) -> bytes:
        """The root under the checkpoint; empty where there is none."""
        return b"" if self._checkpoint is None else self._checkpoint.root

    def begins_with(self, size: int, root: bytes) -> bool:
        """Whether the log under the checkpoint begins with a tree of this size and root (RFC 6962 section 2.1.2)."""
        if self._checkpoint is None or not 0 < size <= self._checkpoint.size:
            return False
        try:
            proof = self._ledger.consistency_proof(size, self._checkpoint.size)
            verify_consistency(size, root, self._checkpoint.size, self._checkpoint.root, proof)
        except (ArchiveError, FormatError, OSError):
            return False
        return True

    def is_signed(self, index: int) -> bool:
        """Whether a statement is under the checkpoint."""
        return index < self.signed

    def entry(self, index: int) -> bytes:
        """The bytes of a statement.

        Raises:
            ArchiveError, FormatError: it is missing, or not the one under the checkpoint, or not proved.
        """
        if index >= self._ledger.covered:
            if index not in self._pending:
                self._pending = dict(self._ledger.uncovered())
            if index not in self._pending:
                raise ArchiveError(f"statement {index} of {self._name} is under no checkpoint, and nothing proves it")
            return self._pending[index]
        if self._leaves is None:
            raise ArchiveError(f"statement {index} of {self._name} is under no checkpoint that can be read")
        return self._leaves.entry(index)

    def at(self, index: int) -> Statement:
        """A statement.

        Raises:
            ArchiveError, FormatError: as `entry`, or it cannot be read.
        """
        return decode(self.entry(index))

    def holds(self, table: str, row: Row) -> bool:
        """See `preserve.store.catalogue.RowProof`."""
        index = row[0]
        if not isinstance(index, int) or index < 0:
            raise self._differs("a row belongs to no statement")
        if self._own_from is not None and index >= self._own_from:
            return True
        if index >= self._ledger.size:
            self._unproven.add(index)
            return False
        if table == "looks":
            # Of these a statement has many rows, numbered.
            if tuple(row[1:]) not in self._numbered_looks(index):
                raise self._differs(f"a look of statement {index} is not what the ledger says", index)
        else:
            self._compare(table, row, self.at(index))
        return True

    def _numbered_looks(self, index: int) -> frozenset[Row]:
        """What is kept of how addresses ended, as one statement tells it: each with its number before it."""
        if self._looks[0] != index:
            said = row_of(self.at(index)).looks
            self._looks = (index, frozenset((number, *look) for number, look in enumerate(said)))
        return self._looks[1]

    def ends(self, table: str, after: int, before: int) -> None:
        """See `preserve.store.catalogue.RowProof`: of texts."""
        for index in range(after + 1, min(before, self._ledger.size)):
            entry = self.entry(index)
            if _CABLE in entry and isinstance(decode(entry), CableStatement):
                raise self._differs(f"the row of statement {index} is missing in its table {table}")

    def lacks(self, index: int) -> None:
        """See `preserve.store.catalogue.RowProof`."""
        self._lost.add(index)

    def sweep(self, rows: Callable[[str, int], Iterator[Row]], size: int, first: int = 0) -> int:
        """See `preserve.store.catalogue.RowProof`."""
        if self._swept_to >= 0 and self._swept_from <= first:
            return self._swept_to
        end = min(size, self._ledger.size)
        held_to = end if self._own_from is None else min(end, self._own_from)
        if first < held_to:
            self._sweep(rows, first, held_to)
        self._note_rows_behind(rows, end)
        self._swept_from, self._swept_to = first, end
        return end

    def _sweep(self, rows: Callable[[str, int], Iterator[Row]], first: int, end: int) -> None:
        """Holds the rows of statements from one up to another against them."""
        tables = [(table, _Ahead(rows(table, first))) for table in (*TABLES, mementos.TABLE)]
        # The table whose next row is that of the earliest statement comes first: only that one is looked at.
        coming = [(ahead.next_index, table, ahead) for table, ahead in tables]
        heapify(coming)
        for index, entry in self._ledger.raw(first):
            if index >= end:
                break
            statement = decode(entry)
            expected = None if isinstance(statement, RecordStatement) else row_of(statement)
            name = "records" if expected is None else expected.table
            due, table, ahead = coming[0]
            if due > index:
                self._miss(name, index)
                continue
            if due < index or table != name:
                raise self._differs("a row belongs to no statement")
            self._compare(table, ahead.take(), statement, expected)
            heapreplace(coming, (ahead.next_index, table, ahead))
        if coming[0][0] < end:
            raise self._differs("a row belongs to no statement")

    def _miss(self, table: str | None, index: int) -> None:
        """A statement has no row: of a record it is left out, else the table was changed."""
        if table == "records":
            self._lost.add(index)
        elif table is not None:
            raise self._differs(f"the row of statement {index} is missing in its table {table}")

    def _note_rows_behind(self, rows: Callable[[str, int], Iterator[Row]], end: int) -> None:
        for table in (*TABLES, mementos.TABLE):
            for row in rows(table, end):
                if not isinstance(row[0], int):
                    raise self._differs("a row belongs to no statement")
                self._unproven.add(row[0])

    def require_whole(self) -> None:
        """At the end of reading: nothing may have been left out because the catalogue does not have it.

        Raises:
            CatalogueDiffersError: something was.
        """
        if self._lost:
            raise self._differs(
                f"{len(self._lost)} records that the ledger names have no row and were left out, "
                f"the first by statement {min(self._lost)}"
            )

    def _compare(self, table: str, row: Row, statement: Statement, expected: StatementRow | None = None) -> None:
        """``expected``: the row of the statement, where that is known; of a record it depends on its place."""
        place = None
        if isinstance(statement, RecordStatement) and table == "records":
            place = self._place_in(row)
            if place.ordinal != statement.ordinal:
                raise self._differs(f"its row of statement {row[0]} is not what the ledger says", row[0])
        expected = expected or row_of(statement, place)
        if expected.table != table or expected.values != tuple(row[1:]):
            raise self._differs(f"its row of statement {row[0]} is not what the ledger says", row[0])

    def _place_in(self, row: Row) -> RecordPlace:
        if not all(isinstance(value, int) and value >= 0 for value in row[10:14]):
            raise self._differs(f"its row of statement {row[0]} has no place")
        return Catalogue.place_in(row)

    def _differs(self, detail: str, index: object = None) -> CatalogueDiffersError:
        unsigned = isinstance(index, int) and index >= self.signed
        return CatalogueDiffersError.of(self._name, detail + " (not signed yet)" * unsigned)


class _Ahead:
    """Rows in the order of statements, looked at one ahead.

    ``next_index``: the statement of the next one; -1 where it is of none, infinite where there is no other row.
    """

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._row: Row = ()
        self.next_index: float = -1
        self.take()

    def take(self) -> Row:
        """The next row."""
        row, self._row = self._row, next(self._rows, ())
        if not self._row:
            self.next_index = math.inf
        else:
            self.next_index = self._row[0] if isinstance(self._row[0], int) else -1
        return row


def _believed(paths: CollectionPaths, ledger: Ledger, trusted: Collection[str]) -> _Believed | None:
    """The checkpoint, once its signature is seen to be good and by the key that is known; None where there is none.

    Keys that the reader names come first, then the key by which the log is known on this machine, then the archive's.
    """
    note = ledger.note()
    logs = KnownLogs(Installation.of_user(paths.name).keys)
    place = known = None
    with suppress(EnvironmentFaultError):
        place = logs.place(paths.folder)
    if note is None:
        return None
    checkpoint = parse_checkpoint(parse_note(note).text)
    if place is not None and place.origin != checkpoint.origin:
        raise _not_as_known(paths, ledger, logs)
    with suppress(EnvironmentFaultError):
        known = logs.log(checkpoint.origin)
    remark = ""
    if known is None:
        vkey = read_regular(paths.vkey).decode("ascii", errors="replace").strip()
        remark = f"{paths.name}: signed by {short_key(vkey)}, the archive's own key, which is not known to you"
        if opened(note, parse_vkey(vkey)) is None:
            raise ArchiveError(
                f"{paths.checkpoint} is not signed by the key of the log",
                next_step=f"Run `preserve verify {paths.name}` to see what is damaged.",
            )
    else:
        keys = known.keys_at(checkpoint.size)
        vkey = keys[-1].vkey if keys else ""
        # What was verified before, and lies outside of the archive, is not verified again.
        if note != known.note and (not keys or opened(note, parse_vkey(vkey)) is None):
            seen = read_log(paths, ledger, logs)
            vkey = seen.keys[-1].vkey if seen is not None and seen.keys else ""
            if not logs.compare(paths.folder, seen).good or not vkey or opened(note, parse_vkey(vkey)) is None:
                raise _not_as_known(paths, ledger, logs)
    if trusted and vkey not in trusted:
        remark = _vouched(paths, ledger, logs, trusted, vkey)
    elif trusted:
        remark = ""
    return _Believed(checkpoint, remark)


def _vouched(paths: CollectionPaths, ledger: Ledger, logs: KnownLogs, trusted: Collection[str], vkey: str) -> str:
    """What is to be said of a log that none of the keys signed which the reader names.

    Raises:
        ArchiveError: one of them is of this log's name.
    """
    seen = read_log(paths, ledger, logs)
    if seen is not None and vouched_by(seen.keys, set(trusted), seen.notes, seen.begins_with) is not None:
        return ""
    if seen is not None and seen.origin in {parse_vkey(key).name for key in trusted}:
        raise ArchiveError(
            f"{paths.checkpoint} is signed by {short_key(vkey)}, and by no key that you trust",
            next_step=CODES["E-LEDGER-TRUST"].next_step.replace("COLLECTION", paths.name),
        )
    return f"{paths.name}: signed by {short_key(vkey)}, which is none of the keys that you trust"


def _not_as_known(paths: CollectionPaths, ledger: Ledger, logs: KnownLogs) -> ArchiveError:
    try:
        findings = logs.compare(paths.folder, read_log(paths, ledger, logs)).findings
    except FormatError as error:
        return ArchiveError(f"{paths.ledger}: {error}", next_step=f"Run `preserve verify {paths.name}`.")
    problems = [finding for finding in findings if finding.is_problem]
    if problems:
        return LogNotAsKnownError.of(paths, problems)
    return ArchiveError(
        f"{paths.checkpoint} is not signed by the key of the log",
        next_step=f"Run `preserve verify {paths.name}` to see what is damaged.",
    )
