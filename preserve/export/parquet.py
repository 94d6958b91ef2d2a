"""Parquet, written as rows come: memory is that of one row group, and the same rows give the same bytes.

The bytes are those of the installed version of pyarrow. Values are given in the text forms of JSON (times as RFC 3339,
UUIDs as text) and written in the types of `Kind`.

Tested by ``tests/unit/export/test_parquet.py``.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import IO, Any, Final, Self

from preserve.errors import FormatError, UsageError, install_step
from preserve.limits import MIB

_BATCH_COST: Final = 4 * MIB
_VALUE_COST: Final = 64
"""What a value takes in Python beside its characters, in bytes."""
_GROUP_BYTES: Final = 32 * MIB
"""Of a row group before it is encoded: what readers are advised to, and what is held in memory."""


class Kind(StrEnum):
    """The type of a column: in Parquet text, a list of texts, a truth, INT64, INT32, INT(16), TIMESTAMP, 16 bytes."""

    TEXT = "text"
    LIST = "list"
    TRUTH = "truth"
    NUMBER = "number"
    INTEGER = "integer"
    SHORT = "short"
    TIME = "time"
    UUID = "uuid"


class RowWriter:
    """A file that rows are added to, what is None as null. Closed, it is whole; what it writes to stays open."""

    def __init__(self, out: IO[bytes], columns: Mapping[str, Kind], notes: Mapping[str, str] | None = None) -> None:
        """``notes`` stand in the file's footer.

        Raises:
            UsageError: pyarrow is not installed.
        """
        try:
            import pyarrow as pa  # noqa: PLC0415 - an optional extra
            import pyarrow.parquet as pq  # noqa: PLC0415 - as above
        except ImportError as error:
            raise UsageError(
                "Parquet needs pyarrow, which is not installed",
                next_step=f"{install_step('export')} Or choose another form.",
            ) from error
        types = {
            Kind.TEXT: pa.string(),
            Kind.LIST: pa.list_(pa.string()),
            Kind.TRUTH: pa.bool_(),
            Kind.NUMBER: pa.int64(),
            Kind.INTEGER: pa.int32(),
            Kind.SHORT: pa.int16(),
            Kind.TIME: pa.timestamp("ms", tz="UTC"),
            Kind.UUID: pa.binary(),
        }
        self._pa = pa
        self._schema = pa.schema([(name, types[kind]) for name, kind in columns.items()], metadata=notes or None)
        self._writer = pq.ParquetWriter(out, self._schema, compression="zstd")
        self._takes = [(name, _TAKES[kind]) for name, kind in columns.items()]
        self._values: list[list[Any]] = [[] for _ in columns]
        self._cost = 0
        self._batches: list[Any] = []
        self.count = 0
        """How many rows were added."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._end_batch()
            self._write_group()
        self._writer.close()

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes a row in, with a value for each column.

        Raises:
            FormatError: a time is none.
        """
        for values, (name, take) in zip(self._values, self._takes, strict=True):
            value = row[name]
            if value is not None:
                value, size = take(value)
                self._cost += size
            values.append(value)
        self._cost += _VALUE_COST * len(self._takes)
        self.count += 1
        if self._cost >= _BATCH_COST:
            self._end_batch()

    def _end_batch(self) -> None:
        """Puts the values that are held as Python has them into the compact form of the library."""
        if not self._cost:
            return
        pa, schema = self._pa, self._schema
        arrays = [pa.array(values, type=field.type) for values, field in zip(self._values, schema, strict=True)]
        self._batches.append(pa.record_batch(arrays, schema=schema))
        self._values, self._cost = [[] for _ in self._takes], 0
        if sum(one.nbytes for one in self._batches) >= _GROUP_BYTES:
            self._write_group()

    def _write_group(self) -> None:
        if self._batches:
            table = self._pa.Table.from_batches(self._batches, schema=self._schema)
            self._writer.write_table(table, row_group_size=table.num_rows)
            self._batches.clear()


def _text(value: Any) -> tuple[Any, int]:  # noqa: ANN401 - see `_TAKES`
    """A text as UTF-8: half of a surrogate pair becomes ``?``, as in the other forms."""
    said = value if value.isascii() else value.encode("utf-8", "replace").decode()
    return said, len(said)


def _texts(value: Any) -> tuple[Any, int]:  # noqa: ANN401 - see `_TAKES`
    said = [_text(one)[0] for one in value]
    return said, sum(len(one) + _VALUE_COST for one in said)


def _as_it_is(value: Any) -> tuple[Any, int]:  # noqa: ANN401 - see `_TAKES`
    return value, 0


def _time(value: Any) -> tuple[Any, int]:  # noqa: ANN401 - see `_TAKES`
    try:
        return datetime.fromisoformat(value), 0
    except ValueError as error:
        raise FormatError(f"no time: {value[:40]!r}") from error


def _uuid(value: Any) -> tuple[Any, int]:  # noqa: ANN401 - see `_TAKES`
    return uuid.UUID(value).bytes, 0


_TAKES: Final[Mapping[Kind, Callable[[Any], tuple[Any, int]]]] = {
    Kind.TEXT: _text,
    Kind.LIST: _texts,
    Kind.TRUTH: _as_it_is,
    Kind.NUMBER: _as_it_is,
    Kind.INTEGER: _as_it_is,
    Kind.SHORT: _as_it_is,
    Kind.TIME: _time,
    Kind.UUID: _uuid,
}
"""How a value of each kind is taken in, and what it costs beside `_VALUE_COST`."""
