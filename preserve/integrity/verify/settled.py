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
from preserve.provenance.statements import DerivedSums

_RECORD: Final = b'"kind":"record"'
_CABLE: Final = b'"kind":"cable"'
_FILE: Final = b'"file":"'
_RECORD_ID: Final = b'"record_id":"'
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
            elif _RECORD in entry:
                if not self._is_record_settled(entry):
                    yield index, entry
            elif _CABLE not in entry or not self._is_text_settled(entry):
                yield index, entry
            index += 1
        yield from enumerate(entries[index - first :], index)

    def _is_record_settled(self, entry: bytes) -> bool:
        name = _text_behind(_FILE, entry)
        self._last, self._is_last_settled = entry, name in self._files
        # In canonical JSON the one key follows the other.
        self._same = _FILE + name + b'",' + _RECORD if self._is_last_settled else _NONE
        self.records += self._is_last_settled
        return self._is_last_settled

    def _is_text_settled(self, entry: bytes) -> bool:
        record_id = _text_behind(_RECORD_ID, entry)
        if record_id == _text_behind(_RECORD_ID, self._last):
            return self._is_last_settled
        file = self.file_of(record_id.decode("ascii", "replace"))
        return file is not None and file.encode("ascii", "replace") in self._files

    @property
    def lines(self) -> IndexSum:
        """The lines of the index that follow from statements below `size`."""
        if self.sums is None:
            return IndexSum()
        return IndexSum(int(self.sums.lines_sum, 16), self.sums.lines)


def _text_behind(key: bytes, entry: bytes) -> bytes:
    """The text of a key in canonical JSON, up to the next quotation mark: names and ids have none in them."""
    start = entry.find(key)
    return b"" if start < 0 else entry[start + len(key) : entry.find(b'"', start + len(key))]


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

    def hexdigest(self) -> str:
        """64 hexadecimal digits, over all that was taken so far."""
        return hashlib.sha256(b"".join(made.digest() for made in self._tables.values())).hexdigest()
