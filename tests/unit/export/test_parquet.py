"""Parquet as rows come: values of every kind, bytes that are the same each time, and groups of bounded size."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preserve.errors import FormatError
from preserve.export import parquet
from preserve.export.parquet import Kind, RowWriter
from preserve.limits import MIB

ROW = {
    "text": "a\ud800b",
    "list": ["\ud800", "b"],
    "truth": True,
    "number": 2**40,
    "integer": 2**31 - 1,
    "short": 404,
    "time": "2026-01-02T03:04:05Z",
    "uuid": "00000000-0000-4000-8000-00000000005a",
}
COLUMNS = {name: Kind(name) for name in ROW}


def _written(*rows: dict[str, Any], **notes: str) -> bytes:
    out = io.BytesIO()
    with RowWriter(out, COLUMNS, notes) as writer:
        for row in rows:
            writer.add(row)
    assert writer.count == len(rows)
    return out.getvalue()


def test_values_of_every_kind_come_back() -> None:
    table = pq.read_table(io.BytesIO(_written(ROW, dict.fromkeys(ROW), made="here")))
    one, nothing = table.to_pylist()
    assert one == {
        **ROW,
        "text": "a?b",
        "list": ["?", "b"],
        "time": one["time"],
        "uuid": bytes.fromhex("0000000000004000800000000000005a"),
    }
    assert one["time"].isoformat() == "2026-01-02T03:04:05+00:00"
    assert set(nothing.values()) == {None}
    assert table.schema.metadata[b"made"] == b"here"
    assert list(table.schema.types) == [
        pa.string(), pa.list_(pa.string()), pa.bool_(), pa.int64(), pa.int32(), pa.int16(), pa.timestamp("ms", "UTC"),
        pa.binary(),
    ]  # fmt: skip


def test_no_rows_are_a_table_too() -> None:
    assert pq.read_table(io.BytesIO(_written())).column_names == list(ROW)


def test_the_same_rows_give_the_same_bytes() -> None:
    assert _written(*[ROW] * 100, a="1", b="2") == _written(*[ROW] * 100, a="1", b="2")


def test_what_is_no_time_is_told() -> None:
    with pytest.raises(FormatError, match="no time: 'soon'"):
        _written({**ROW, "time": "soon"})


def test_no_more_is_held_than_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_BATCH_COST", MIB // 8)
    monkeypatch.setattr(parquet, "_GROUP_BYTES", MIB)
    rows = [{**ROW, "text": chr(97 + number % 26) * 50_000} for number in range(100)]
    file = pq.ParquetFile(io.BytesIO(_written(*rows)))
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    assert sum(sizes) == 100
    assert max(sizes) * 50_000 < 2 * MIB
    assert [row["text"] for row in file.read().to_pylist()] == [row["text"] for row in rows]
