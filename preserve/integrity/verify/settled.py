"""Statements that a signed check has read, and whose files are still the same: their hashes are taken, and no more.

The check read every statement below its ``size``, and nothing was wrong with one of them; under the same root they are
the same. So of a record or a text in a file that is passed over (`preserve.integrity.verify.fixity`) only the leaf is
hashed: the tree is held against the root, and the statement is not decoded. What follows from it (a row of the
catalogue, a line of the index) is held against the sums that the check stated, together with all others.

All other kinds of statement are decoded and checked as ever: there are few, and checks ask for them.

Tested by ``tests/scenarios/test_verify_by_seals.py``.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from preserve.integrity.verify.index_sum import IndexSum
from preserve.integrity.verify.statement_bytes import CABLE, FILE, RECORD, RECORD_ID, text_behind
from preserve.provenance.statements import DerivedSums

_NONE: Final = b'"kind":"record"' * 2
"""Stands in no statement."""
_ENCODE: Final = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class Settled:
    """``size``: the statements below it were read by the check that stated ``sums``. ``files``: those passed over, as
    their names stand in statements. ``file_of`` gives the file of a record, where the catalogue has it.

    ``records``: how many statements of records were not decoded.
    """

    size: int = 0
    sums: DerivedSums | None = None
    files: Collection[bytes] = ()
    file_of: Callable[[str], str | None] = lambda _record_id: None
    records: int = 0
    _last: bytes = b""
    _same: bytes = _NONE
    _is_last_settled: bool = False
    _files: frozenset[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._files = frozenset(self.files)

    def left(self, first: int, entries: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
        """Index and bytes of those statements of which more is to be known than the hash.

        ``entries`` follow one another from index ``first`` on, and on those of the last call.
        """
        index = first
        for entry in entries[: max(0, self.size - first)]:
            # Nearly all: the records of one file follow one another.
            if self._same in entry:
                self._last = entry
                self.records += 1
            elif RECORD in entry:
                if not self._is_record_settled(entry):
                    yield index, entry
            elif CABLE not in entry or not self._is_text_settled(entry):
                yield index, entry
            index += 1
        yield from enumerate(entries[index - first :], index)

    def are_settled(self, end: int, files: Collection[str]) -> bool:
        """Whether nothing more is to be known of records in these files, and their texts, stated below ``end``."""
        return end <= self.size and all(name.encode("latin-1") in self._files for name in files)

    def left_of(self, records: int, others: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        """The same of a bundle in which so many statements of records are settled, and the texts behind them.

        ``others``: all its other statements, as its shape has them (`preserve.integrity.verify.statement_bytes`).
        """
        self.records += records
        for number, entry in others:
            if CABLE not in entry or not self._is_text_settled(entry):
                yield number, entry

    def _is_record_settled(self, entry: bytes) -> bool:
        name = text_behind(FILE, entry)
        self._last, self._is_last_settled = entry, name in self._files
        # In canonical JSON the one key follows the other.
        self._same = FILE + name + b'",' + RECORD if self._is_last_settled else _NONE
        self.records += self._is_last_settled
        return self._is_last_settled

    def _is_text_settled(self, entry: bytes) -> bool:
        record_id = text_behind(RECORD_ID, entry)
        if record_id == text_behind(RECORD_ID, self._last):
            return self._is_last_settled
        file = self.file_of(record_id.decode("ascii", "replace"))
        return file is not None and file.encode("ascii", "replace") in self._files

    @property
    def lines(self) -> IndexSum:
        """The lines of the index that follow from statements below `size`."""
        if self.sums is None:
            return IndexSum()
        return IndexSum(int(self.sums.lines_sum, 16), self.sums.lines)


class RowSums:
    """The rows of tables, each row as MessagePack writes an array of its values, table after table, hashed.

    SHA-256 over the SHA-256 of the rows of each table, in the order in which `Tables` names them.
    """

    def __init__(self) -> None:
        self._tables: dict[str, hashlib._Hash] = {}

    def begin(self, table: str) -> None:
        """The tables are begun in their order."""
        self._tables[table] = hashlib.sha256()

    def take(self, table: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Takes in rows of a table."""
        self._tables[table].update(b"".join(map(_ENCODE, rows)))

    def take_these(self, table: str, rows: Iterable[tuple[object, ...]], written: Sequence[bytes]) -> bool:
        """Takes in rows, if these stand for them, one for each; whether they do."""
        if list(map(_ENCODE, rows)) != written:
            return False
        self._tables[table].update(b"".join(written))
        return True

    def take_one(self, table: str, row: tuple[object, ...]) -> bytes:
        """Takes in one row, and gives what stands for it."""
        encoded = _ENCODE(row)
        self._tables[table].update(encoded)
        return encoded

    def hexdigest(self) -> str:
        """64 hexadecimal digits, over all that was taken so far."""
        return hashlib.sha256(b"".join(made.digest() for made in self._tables.values())).hexdigest()
