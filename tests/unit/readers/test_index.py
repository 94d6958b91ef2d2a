"""The index of files of whatever origin: what has a line, what is left out, what is told."""

import gzip
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preserve.cli.main import main
from preserve.formats.cdxj import CdxLine
from preserve.readers import index as indexing
from preserve.readers import segments
from preserve.readers.hashing import MOST_TOLD
from preserve.readers.index import IndexedFile, IndexedPart, captures_of, index_files, indexed_parts
from preserve.readers.segments import SegmentReader
from tests.cdxj import parse_line
from tests.examples import examples
from tests.warcs import arc, chunked, dictionary, gz, page, record, reply, sha1, zst

HTML = "Content-Type: text/html; charset=utf-8"
RECORDS = [
    record(0, b"software: x\r\n", kind="warcinfo", content_type="application/warc-fields"),
    record(1, reply(b"one", HTML), payload_digest="sha256:as-it-is-declared"),
    record(2, b"GET / HTTP/1.1\r\n\r\n", kind="request", content_type="application/http; msgtype=request"),
    record(3, reply(b"", status="304 Not"), kind="revisit", payload_digest=sha1(b"one")),
    record(4, b"text", kind="resource", content_type="text/plain; x=y"),
    record(5, b"a: b", kind="resource", content_type="application/warc-fields"),
    record(6, b"a host", kind="resource", content_type="text/dns", uri="dns:example.org"),
    record(7, chunked(b"seven"), uri="<https://www.example.org/A b?z=1&a=2>"),
    record(8, b"no reply"),
    record(9, b"about", kind="metadata", content_type="text/plain"),
    record(10, reply(b"ten"), uri="http://?no-host"),
]
KEYS = ["org,example)/1", "org,example)/3", "org,example)/4", "org,example)/8", "org,example)/a%20b?a=2&z=1"]


def index(path: Path, processes: int = 1) -> tuple[list[bytes], IndexedFile]:
    lines: list[bytes] = []
    with SegmentReader(captures_of, processes=processes, total_bytes=0) as reading:
        (told,) = index_files([path], partial(indexed_parts, reading), lines.extend)
    return lines, told


def parsed(lines: list[bytes]) -> list[CdxLine]:
    return [parse_line(line.decode()) for line in lines]


def test_captures_of_addresses_have_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gz(*RECORDS))
    lines, told = index(path)
    assert [line.key for line in parsed(lines)] == KEYS
    assert (told.lines, told.records, told.shared, told.unkeyed, told.faults) == (5, 11, 0, 1, [])
    first, revisit, resource, odd, chunks = parsed(lines)
    pieces = [gz(data) for data in RECORDS]
    assert first == CdxLine(
        key="org,example)/1",
        timestamp="20260102030405",
        fields={
            "url": "http://example.org/1",
            "mime": "text/html",
            "status": "200",
            "digest": "sha256:as-it-is-declared",
            "length": str(len(pieces[1])),
            "offset": str(len(pieces[0])),
            "filename": "a.warc.gz",
        },
    )
    assert [revisit.fields[name] for name in ("mime", "status", "digest")] == ["warc/revisit", "304", sha1(b"one")]
    assert (resource.fields["mime"], resource.fields["digest"]) == ("text/plain", sha1(b"text"))
    assert "status" not in resource.fields
    assert (odd.fields["digest"], "mime" in odd.fields) == (sha1(b"no reply"), False)
    assert (chunks.fields["url"], chunks.fields["digest"]) == ("https://www.example.org/A%20b?z=1&a=2", sha1(b"seven"))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.warc", b"".join(RECORDS)),
        ("a.warc.zst", zst(RECORDS)),
        ("a.warc.zst", zst(RECORDS, dictionary())),
        ("a.warc.gz", gz(*RECORDS)),
    ],
)
def test_every_place_in_the_index_is_that_of_its_record(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    lines, told = index(path)
    assert [line.key for line in parsed(lines)] == KEYS
    assert not told.faults
    places = {int(line.fields["offset"]): int(line.fields["length"]) for line in parsed(lines)}
    assert len(places) == 5
    if name == "a.warc":
        assert {data[at : at + length] + b"\r\n\r\n" for at, length in places.items()} <= set(RECORDS)


@pytest.mark.parametrize("version", [1, 2])
def test_arc_files_are_indexed(tmp_path: Path, version: int) -> None:
    records = arc(version, reply(b"one", HTML), reply(b"two"))
    for name, data in (("a.arc", b"".join(records)), ("a.arc.gz", gz(*records))):
        path = tmp_path / name
        path.write_bytes(data)
        lines, told = index(path)
        assert [(p.key, p.fields["status"], p.fields["digest"]) for p in parsed(lines)] == [
            ("org,example)/0", "200", sha1(b"one")),
            ("org,example)/1", "200", sha1(b"two")),
        ]
        assert told.records == 3


def test_records_that_share_a_piece_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gz(page(20)) + gz(b"".join(RECORDS)))
    lines, told = index(path)
    assert ([line.key for line in parsed(lines)], told.shared) == (["org,example)/20"], 6)


def test_a_large_record_is_indexed_like_a_small_one(tmp_path: Path) -> None:
    large = record(1, reply(bytes(20 << 20), HTML))
    path = tmp_path / "a.warc.gz"
    for data in (gz(page(2), large, page(3)), gz(page(2), page(3), large)):
        path.write_bytes(data)
        lines, told = index(path)
        line = parsed(lines)[0]
        assert (line.fields["digest"], line.fields["length"]) == (sha1(bytes(20 << 20)), str(len(gz(large))))
        assert (line.fields["mime"], told.lines, told.faults) == ("text/html", 3, [])


def test_several_processes_give_the_same_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "STRETCH_BYTES", 4096)
    path = tmp_path / "a.warc.gz"
    inner = gz(*(page(number, 300) for number in range(40)))
    stored = gzip.compress(record(900, reply(inner)), 0, mtime=0)
    data = gz(*(page(number, 600) for number in range(60))) + stored + gz(*(page(number) for number in range(60, 70)))
    path.write_bytes(data)
    lines, told = index(path)
    assert (len(lines), told.faults) == (71, [])
    assert index(path, 2) == (lines, told)
    path.write_bytes(data[:9000] + bytes(50) + data[9050:-20])
    lines, told = index(path)
    assert 60 <= len(lines) < 71
    assert len(told.faults) >= 2
    assert index(path, 2) == (lines, told)


@settings(max_examples=examples(30))
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60), st.integers(1, 2000))
def test_what_is_sorted_on_disk_is_sorted(numbers: list[int], most: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexing, "SORTED_BYTES", most)
        patch.setattr(indexing, "_LINES_A_PART", 7)
        path = Path(folder) / "a.warc"
        path.write_bytes(b"".join(page(number) for number in numbers))
        lines, told = index(path)
    assert lines == sorted(lines)
    assert len(lines) == told.lines == len(numbers)


def test_the_command_writes_an_index_in_place_of_the_last_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "a.warc.gz", tmp_path / "a.cdxj"
    path.write_bytes(gz(*RECORDS))
    out.write_bytes(b"old")
    assert main(["index", str(path), "-o", str(out)]) == 0
    assert out.read_bytes() == b"".join(index(path)[0])
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.cdxj", "a.warc.gz"]
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"{path}: 1 captures left out: their address or date is none\n")


def test_the_command_writes_to_stdout_and_tells_of_damage(tmp_path: Path, capfdbinary: Any) -> None:
    path, other = tmp_path / "a.warc.gz", tmp_path / "b.txt"
    path.write_bytes(gz(page(1)) + gz(page(2))[:-9] + gz(page(3)) + gz(page(4) + page(5)))
    other.write_bytes(b"hello")
    assert main(["index", str(path), str(other)]) == 1
    told = capfdbinary.readouterr()
    assert [line.split(b" ")[0] for line in told.out.splitlines()] == [b"org,example)/1", b"org,example)/3"]
    assert b"a.warc.gz at byte " in told.err
    assert b"E-WARC-GZIP" in told.err
    assert b"2 captures left out: several records are in one compressed piece" in told.err
    assert b"b.txt at byte 0: E-WARC-UNREADABLE: it is no WARC or ARC file" in told.err
    assert main(["index", str(tmp_path / "none.warc")]) == 3


def test_a_file_is_not_written_over_by_its_own_index(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gz(page(1)))
    assert main(["index", str(path), "-o", str(tmp_path / "." / "a.warc.gz")]) == 2
    assert path.read_bytes() == gz(page(1))


def test_of_many_places_that_are_damaged_some_are_told_and_all_counted() -> None:
    told = IndexedFile(Path("a.warc.gz"))
    for number in range(7):
        told.take(IndexedPart([], 0, 0, 0, [(9 * number + place, ("E-WARC-GZIP", "")) for place in range(9)]))
    assert told.fault_count == 63
    assert [offset for offset, _fault in told.faults] == list(range(MOST_TOLD))
