"""What `extract` reads as a table: a row for each of its lines, the same values, and the same bytes each time."""

import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from preserve.cli.main import main
from preserve.export.extracts import columns
from tests.scenarios.test_history_of_releases import page, warc
from tests.warcs import gz, record, reply


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A page with a cable, a page of another kind in an odd text, and a saved page."""
    cables = warc(tmp_path / "a.warc.gz", [("http://a.example/12", "2010-12-01T00:00:00Z", page("08SAMPLETOWN12"))])
    other = tmp_path / "b.warc.gz"
    other.write_bytes(gz(record(7, reply("<p>one\u2028two\x85three".encode(), "Content-Type: text/html"))))
    saved = tmp_path / "saved.html"
    saved.write_bytes(page("08SAMPLETOWN13"))
    return [str(cables), str(other), str(saved)]


@pytest.mark.parametrize("more", [[], ["--message"], ["--only-cables"]])
def test_every_line_is_a_row(files: list[str], more: list[str], tmp_path: Path) -> None:
    lines_file, table_file, again = (tmp_path / name for name in ("e.jsonl", "e.parquet", "again.parquet"))
    assert main(["extract", *files, *more, "-o", str(lines_file)]) == 0
    for path in (table_file, again):
        assert main(["extract", *files, *more, "--format", "parquet", "-o", str(path)]) == 0
    assert table_file.read_bytes() == again.read_bytes()
    table = pq.read_table(table_file)
    assert table.column_names == list(columns())
    lines = [json.loads(line) for line in lines_file.read_text("utf-8").split("\n")[:-1]]
    assert len(lines) == (2 if more == ["--only-cables"] else 3)
    for row, line in zip(table.to_pylist(), lines, strict=True):
        place, sums = line["from"], line["sha256"]
        assert (row["kind"], row["text"], row["header"]) == (line["kind"], line["body"], line.get("header"))
        assert (row["file"], row["offset"], row["record_id"], row["url"], row["captured"]) == tuple(
            place.get(name) for name in ("file", "offset", "record_id", "uri", "date")
        )
        assert [row[f"{name}_sha256"] for name in ("raw", "body", "comparison")] == list(sums.values())
        for name in ("published_id", "canonical_id", "canonical_id_by", "title", "layout", "extractor", "encoding"):
            assert row[name] == line.get(name)
        for name in ("fields", "bytes", "message"):
            assert (None if row[name] is None else json.loads(row[name])) == line.get(name)
        for name in ("released", "date_time_group"):
            field = line.get("fields", {}).get(name, {})
            assert [row[f"{name}_{part}"] for part in ("printed", "value", "precision")] == [
                field.get(part) for part in ("printed", "value", "precision")
            ]
        assert row["findings"] == [one["code"] for one in line["findings"]]


def test_the_table_goes_to_stdout_too(files: list[str], capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["extract", files[0], "--format", "parquet", "-o", "-"]) == 0
    (row,) = pq.read_table(io.BytesIO(capsysbinary.readouterr().out)).to_pylist()
    assert row["published_id"] == "08SAMPLETOWN12"
