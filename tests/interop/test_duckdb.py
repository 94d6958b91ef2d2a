"""DuckDB on the tables that are exported: the queries of the page, and the index beside that of cdxj-indexer."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from preserve.cli.main import main
from tests.cdxj import parse_line
from tests.interop.test_index import INDEXER, RECORDS
from tests.scenarios.test_history_of_releases import page, warc
from tests.shell import Shell
from tests.warcs import gz, record, reply

pytestmark = pytest.mark.interop

_TOP = Path(__file__).parents[2]
_PYTHON = _TOP / ".oracles" / "bin" / "python"
_PAGE = _TOP / "docs" / "parquet.md"
_RUN = """
import sys, json, duckdb
duckdb.sql("SET TimeZone = 'UTC'")
for query in json.load(sys.stdin):
    found = duckdb.sql(query)
    told = duckdb.sql(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({query.rstrip().rstrip(';')})")
    print(json.dumps([found.columns, told.fetchall()]))
"""
_SHOWN = re.compile(r"^```sql\n(.*?)^```\n\n((?:^\|[^\n]*\n)+)", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True, scope="module")
def _installed() -> None:
    try:
        subprocess.run([_PYTHON, "-c", "import duckdb"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("duckdb is not here: run `make oracles`")


def _asked(folder: Path, *queries: str) -> list[tuple[list[str], list[list[str | None]]]]:
    """Columns and rows of each query, as text."""
    done = subprocess.run(
        [_PYTHON, "-c", _RUN], input=json.dumps(queries), capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def test_the_queries_of_the_page_answer_what_it_shows(shell: Shell, tmp_path: Path) -> None:
    one, other = page("08SAMPLETOWN12"), page("08SAMPLETOWN13")
    gone = "https://cables.example.org/12"
    cables = warc(
        tmp_path / "a.warc.gz",
        [
            ("http://www.example.co.uk/12", "2010-12-01T00:00:00Z", one),
            ("http://www.example.co.uk/13", "2010-12-02T00:00:00Z", other),
            (gone, "2010-12-03T00:00:00Z", one),
        ],
    )
    later = tmp_path / "b.warc.gz"
    errors = [
        record(number, reply(b"gone", status="404 Not Found"), uri=uri).replace(b"2026-01-02T03:04:05Z", date)
        for number, uri, date in (
            (90, gone, b"2011-02-13T00:00:00Z"),
            (91, "http://example.org/robots.txt", b"2011-02-12T00:00:00Z"),
        )
    ]
    later.write_bytes(gz(*errors))
    shell("import", str(cables), str(later), "--into", "held")
    shell("export", "parquet", "-o", str(tmp_path / "texts.parquet"))
    shell("export", "parquet", "--table", "index", "-o", str(tmp_path / "index.parquet"))
    shown = _SHOWN.findall(_PAGE.read_text("utf-8"))
    assert len(shown) == 3
    for (query, table), (columns, rows) in zip(shown, _asked(tmp_path, *(one for one, _ in shown)), strict=True):
        head, _rule, *lines = table.splitlines()
        assert columns == _cells(head), query
        # An offset is that of a compressor.
        wanted = [[cell for cell in _cells(line) if cell != "…"] for line in lines]
        kept = [number for number, cell in enumerate(_cells(lines[-1])) if cell != "…"]
        assert [[row[number] for number in kept] for row in rows] == wanted, query


def test_a_file_a_collection_is_one_table_in_parts(shell: Shell, tmp_path: Path) -> None:
    for number, name in enumerate(("one", "two")):
        file = warc(
            tmp_path / f"{name}.warc.gz", [(f"http://{name}.example.org/", "2010-12-01T00:00:00Z", b"x")], first=number
        )
        shell("import", str(file), "--into", name)
        part = tmp_path / "index" / f"crawl={name}"
        part.mkdir(parents=True)
        shell("export", "parquet", "--table", "index", "-c", name, "-o", str(part / "part-0.parquet"))
    table = "read_parquet('index/*/*.parquet', hive_partitioning = true)"
    whole, one = _asked(
        tmp_path,
        f"SELECT crawl, url_host_name FROM {table} ORDER BY crawl",
        f"SELECT url_host_name FROM {table} WHERE crawl = 'one'",
    )
    assert whole[1] == [["one", "one.example.org"], ["two", "two.example.org"]]
    assert one[1] == [["one.example.org"]]


@pytest.mark.slow
def test_the_table_of_files_has_the_lines_of_cdxj_indexer(tmp_path: Path) -> None:
    if not INDEXER.is_file():
        pytest.skip("cdxj-indexer is not installed here: run `make oracles`")
    file, table = tmp_path / "a.warc.gz", tmp_path / "index.parquet"
    file.write_bytes(gz(*RECORDS))
    assert main(["index", str(file), "--format", "parquet", "-o", str(table)]) == 0
    done = subprocess.run([INDEXER, "-s", file], capture_output=True, check=True)
    lines = [parse_line(line) for line in sorted(done.stdout.decode().splitlines())]
    wanted = [
        [
            line.key,
            line.timestamp,
            line.fields["url"],
            line.fields.get("mime"),
            line.fields.get("status"),
            line.fields["digest"].removeprefix("sha1:"),
            line.fields["offset"],
            line.fields["length"],
            line.fields["filename"],
        ]
        for line in lines
        if line.fields.get("url", "").startswith("http")
    ]
    query = (
        "SELECT url_surtkey, strftime(fetch_time, '%Y%m%d%H%M%S'), url, content_mime_type, fetch_status, "
        "content_digest, warc_record_offset, warc_record_length, warc_filename FROM 'index.parquet'"
    )
    ((_columns, rows),) = _asked(tmp_path, query)
    assert rows == wanted
    assert len(rows) == 37
