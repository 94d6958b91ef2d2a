"""The index of a collection and of files as a table: the captures of the CDXJ index, in its order."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyarrow import dataset

from preserve.export.tables import TABLES
from preserve.formats.cdxj import CdxLine, parse_line
from preserve.store.layout import CollectionPaths
from tests.scenarios.test_history_of_releases import page, warc
from tests.shell import Shell
from tests.warcs import gz, record, reply, sha1

FIRST, SECOND = "http://www.example.co.uk/12?x=1", "https://cables.example.org:8443/a%20b"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two pages with cables; and a redirect, robots.txt, what was not modified, and no reply."""
    cables = warc(
        tmp_path / "a.warc.gz",
        [
            (FIRST, "2010-12-01T00:00:00Z", page("08SAMPLETOWN12")),
            (SECOND, "2010-12-03T00:00:00Z", page("08SAMPLETOWN13")),
        ],
    )
    others = tmp_path / "b.warc.gz"
    others.write_bytes(
        gz(
            record(
                90,
                reply(b"", "Location: /there", status="301 Moved"),
                ("WARC-Truncated", "length"),
                ("WARC-Identified-Payload-Type", "application/x-empty"),
                uri="http://example.org/a",
            ),
            record(91, reply(b"none", status="404 No"), uri="http://example.org/robots.txt"),
            record(
                92,
                reply(b"", status="304 Not"),
                ("WARC-Refers-To", "<urn:uuid:00000000-0000-4000-8000-000000000001>"),
                kind="revisit",
                payload_digest=sha1(b"x"),
                uri=SECOND,
            ),
            record(93, b"text", kind="resource", content_type="text/plain", uri="http://example.org/res"),
        )
    )
    return cables, others


@pytest.fixture
def held(shell: Shell, files: tuple[Path, Path]) -> Shell:
    shell("import", *map(str, files), "--into", "held")
    return shell


def _as_in_cdxj(row: dict[str, Any]) -> tuple[object, ...]:
    digest = row["content_digest"]
    return (
        row["url_surtkey"],
        f"{row['fetch_time']:%Y%m%d%H%M%S}",
        row["url"],
        row["content_mime_type"],
        row["fetch_status"],
        digest if digest is None or ":" in digest else f"sha1:{digest}",
        row["warc_record_length"],
        row["warc_record_offset"],
        row["warc_filename"],
    )


def _of_line(line: CdxLine) -> tuple[object, ...]:
    said = line.fields
    mime, status = said.get("mime"), said.get("status")
    return (
        line.key,
        line.timestamp,
        said["url"],
        None if mime == "unk" else mime,
        None if status is None else int(status),
        said.get("digest"),
        int(said["length"]),
        int(said["offset"]),
        said["filename"],
    )


def test_the_table_of_a_collection_has_the_captures_of_its_index(held: Shell, tmp_path: Path) -> None:
    path = tmp_path / "i.parquet"
    answer = held.json("export", "parquet", "--table", "index", "-o", str(path))
    assert answer == {"file": str(path), "rows": 5, "left_out": []}
    rows = pq.read_table(path).to_pylist()
    index = CollectionPaths(held.archives, "held").index.read_text("utf-8").splitlines()
    assert [_as_in_cdxj(row) for row in rows] == [_of_line(parse_line(line)) for line in index]
    assert {row["crawl"] for row in rows} == {"held"}
    by_url = {row["url"]: row for row in rows if row["content_mime_type"] != "warc/revisit"}
    assert by_url[FIRST]["warc_record_id"].hex() == "00000000000040008000000000000000"
    assert by_url[FIRST]["url_host_registered_domain"] == "example.co.uk"
    assert by_url["http://example.org/a"]["content_truncated"] == "unspecified"
    assert by_url["http://example.org/a"]["fetch_redirect"] is None


def test_the_same_archive_gives_the_same_bytes_and_every_form_the_same_rows(held: Shell, tmp_path: Path) -> None:
    one, other = tmp_path / "1.parquet", tmp_path / "2.parquet"
    for path in (one, other):
        held("export", "parquet", "--table", "index", "-o", str(path))
    assert one.read_bytes() == other.read_bytes()
    lines = [json.loads(line) for line in held("export", "jsonl", "--table", "index", "-o", "-").splitlines()]
    assert all(tuple(line) == TABLES["index"] for line in lines)
    rows = pq.read_table(one).to_pylist()
    assert [line["url"] for line in lines] == [row["url"] for row in rows]
    assert [line["fetch_time"] for line in lines] == [f"{row['fetch_time']:%Y-%m-%dT%H:%M:%SZ}" for row in rows]
    assert [line["warc_record_id"].replace("-", "") for line in lines] == [row["warc_record_id"].hex() for row in rows]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("names", [f"url: {SECOND}", "cable: 08SAMPLETOWN13"])
def test_what_is_not_shown_is_in_no_table(held: Shell, names: str) -> None:
    (held.config / "blocked.yaml").write_text(f"blocked:\n  - {names}\n    reason: so\n", "utf-8")
    index = held("export", "jsonl", "--table", "index")
    assert "what blocked.yaml names is left out" in held.errors
    urls = [json.loads(line)["url"] for line in index.splitlines()]
    assert urls == ["http://example.org/a", "http://example.org/robots.txt", FIRST]
    for table in ("texts", "references"):
        ids = {json.loads(line)["published_id"] for line in held("export", "jsonl", "--table", table).splitlines()}
        assert ids <= {"08SAMPLETOWN12"}


def test_a_file_a_collection_is_one_table_in_parts(shell: Shell, files: tuple[Path, Path], tmp_path: Path) -> None:
    for name, file in zip(("one", "two"), files, strict=True):
        shell("import", str(file), "--into", name)
        part = tmp_path / "index" / f"crawl={name}"
        part.mkdir(parents=True)
        shell("export", "parquet", "--table", "index", "-c", name, "-o", str(part / "part-0.parquet"))
    table = dataset.dataset(tmp_path / "index", partitioning="hive")
    whole = table.to_table().to_pylist()
    assert sorted((row["crawl"], row["url"]) for row in whole) == [
        ("one", FIRST),
        ("one", SECOND),
        ("two", "http://example.org/a"),
        ("two", "http://example.org/robots.txt"),
        ("two", SECOND),
    ]
    wanted = dataset.field("crawl") == "one"
    assert [Path(part.path).parent.name for part in table.get_fragments(filter=wanted)] == ["crawl=one"]
    assert {row["warc_filename"] for row in table.to_table(filter=wanted).to_pylist()} == {"a.warc.gz"}


def test_the_table_of_files_says_what_their_headers_say(
    files: tuple[Path, Path], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    from preserve.cli.main import main  # noqa: PLC0415 - it reads the environment that the fixtures set

    lines, table = tmp_path / "i.cdxj", tmp_path / "i.parquet"
    names = [str(path) for path in files]
    assert main(["index", *names, "-o", str(lines)]) == 0
    assert main(["index", *names, "--format", "parquet", "-o", str(table)]) == 0
    rows = pq.read_table(table).to_pylist()
    wanted = [_of_line(parse_line(line)) for line in lines.read_text("utf-8").splitlines()]
    assert [_as_in_cdxj(row) for row in rows] == wanted
    moved = next(row for row in rows if row["fetch_status"] == 301)
    assert moved["fetch_redirect"] == "http://example.org/there"
    assert (moved["content_truncated"], moved["content_mime_detected"]) == ("length", "application/x-empty")
    assert moved["warc_record_id"].hex() == "0000000000004000800000000000005a"
    assert {row["crawl"] for row in rows} == {None}
    capsysbinary.readouterr()
    assert main(["index", *names, "--format", "parquet", "-o", "-"]) == 0
    assert pq.read_table(io.BytesIO(capsysbinary.readouterr().out)).to_pylist() == rows
