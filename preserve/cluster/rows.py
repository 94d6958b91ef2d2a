"""How what a task finds is written, a row each, and read back by a schema.

A row is a line with a JSON array; bytes may follow it, in the number that the array begins with.

Tested by ``tests/unit/cluster/test_results.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar, cast

import msgspec
from msgspec import UNSET

from preserve.integrity.scan import ScannedRecord
from preserve.limits import MIB

_MAX_BLOCK_BYTES: Final = 1024 * MIB
_NO_METHOD: Final = ""

T = TypeVar("T")
Read = Callable[[int], bytes]
"""The next bytes, as many as are asked for, or fewer at the end."""


@dataclass(frozen=True, slots=True)
class RowCodec(Generic[T]):
    """``read`` is given the line, and what is behind it; it raises ValueError or EOFError where that is no row."""

    write: Callable[[T], bytes]
    read: Callable[[bytes, Read], T]


def block_codec(kind: type[T], taken: Callable[[T], tuple[bytes, T]], put: Callable[[T, bytes], T]) -> RowCodec[T]:
    """Rows with bytes of their own, which ``taken`` takes out and ``put`` puts back."""
    decoder = msgspec.json.Decoder(cast("type[tuple[int, T]]", tuple[int, kind]))  # type: ignore[valid-type]

    def write(row: T) -> bytes:
        block, rest = taken(row)
        return msgspec.json.encode((len(block), rest)) + b"\n" + block

    def read(line: bytes, more: Read) -> T:
        size, rest = decoder.decode(line)
        if not 0 <= size <= _MAX_BLOCK_BYTES:
            raise ValueError("no such size")
        block = more(size)
        if len(block) != size:
            raise EOFError
        return put(rest, block)

    return RowCodec(write, read)


_RECORD: Final = msgspec.json.Decoder(ScannedRecord)


def _write_record(row: ScannedRecord) -> bytes:
    # Text in the place of what JSON has no word for.
    if row.facts is not None and row.facts.method is UNSET:
        row = row._replace(facts=row.facts._replace(method=_NO_METHOD))
    return msgspec.json.encode(row) + b"\n"


def _read_record(line: bytes, _more: Read) -> ScannedRecord:
    row = _RECORD.decode(line)
    if row.facts is None or row.facts.method != _NO_METHOD:
        return row
    return row._replace(facts=row.facts._replace(method=UNSET))


RECORDS: Final = RowCodec(_write_record, _read_record)
"""What a check finds of each record."""
