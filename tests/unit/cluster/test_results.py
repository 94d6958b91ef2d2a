"""What a task found comes back as it was written, or is said to be none."""

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import UNSET

from preserve.cluster.parts import EXTRACTED, INDEXED
from preserve.cluster.results import MAX_AGE_S, ResultHead, Results, written
from preserve.cluster.rows import RECORDS
from preserve.errors import BrokenStateError, LockedError
from preserve.findings import Finding
from preserve.integrity.facts import RecordFacts
from preserve.integrity.scan import ScannedRecord
from preserve.limits import MIB
from preserve.readers.extract import ExtractedPart
from preserve.readers.index import IndexedPart

JOB = "0" * 32
NAME = "a.warc.gz"
HEAD = ResultHead(JOB, NAME, 3, "ab")
ROWS = [
    ScannedRecord(0, 2, 0, RecordFacts("urn:a", "response", "http://a/", "2026", cables=(b"\xff{}",))),
    ScannedRecord(2, 1, 0, RecordFacts("urn:b", "request", None, "2026", method="HEAD", faults=(("W-X", "y"),))),
    ScannedRecord(3, 9, 0, None, ("E-WARC-GZIP", "cut")),
]


def _results(folder: Path, now: float | None = None) -> Results:
    return Results(folder / "cluster", JOB, folder.stat().st_mtime if now is None else now)


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    data = written(HEAD, map(RECORDS.write, ROWS))
    assert data == written(HEAD, [RECORDS.write(row) for row in ROWS])
    results = _results(tmp_path)
    assert results.add(NAME, "1", data) == HEAD
    assert results.head(NAME, "1") == HEAD
    assert list(results.rows(NAME, "1", RECORDS)) == ROWS
    method = next(results.rows(NAME, "1", RECORDS))
    assert method.facts is not None
    assert method.facts.method is UNSET


def test_parts_come_back_as_they_were(tmp_path: Path) -> None:
    # Lines that look like the end of a result, and characters at which other programs end lines.
    lines = [b'{"rows":1}\n', "a\r\x0b\u2028\n".encode(), b"\n"]
    told = [("there", Finding(code="I-WARC-MEMBERS", where="here"))]
    indexed = [IndexedPart(lines, 3, 1, 2, [(7, ("E-WARC-GZIP", "cut"))]), IndexedPart([], 0, 0, 0, [])]
    extracted = [
        ExtractedPart(b"".join(lines), 2, 1, told, [(7, ("E-WARC-GZIP", ""))]),
        ExtractedPart(b"", 0, 0, [], []),
    ]
    results = _results(tmp_path)
    results.add(NAME, "1", written(HEAD, map(INDEXED.write, indexed)))
    results.add(NAME, "2", written(HEAD, map(EXTRACTED.write, extracted)))
    assert list(results.rows(NAME, "1", INDEXED)) == indexed
    assert list(results.rows(NAME, "2", EXTRACTED)) == extracted


@pytest.mark.parametrize(
    "row",
    [b"[1]\n", b'[9,["",0,0,[],[]]]\nshort', b'[-1,["",0,0,[],[]]]\n', b'["",0,0,[],[]]\n', b"[0,7]\n", b"{}\n", b"x"],
)
def test_what_is_no_row_breaks_a_result(tmp_path: Path, row: bytes) -> None:
    results = _results(tmp_path)
    results.add(NAME, "1", written(HEAD, [row]))
    with pytest.raises(BrokenStateError):
        list(results.rows(NAME, "1", EXTRACTED))


def test_the_first_result_of_a_file_stays(tmp_path: Path) -> None:
    results = _results(tmp_path)
    results.add(NAME, "1", written(HEAD, map(RECORDS.write, ROWS)))
    results.add(NAME, "1", written(HEAD))
    assert list(results.rows(NAME, "1", RECORDS)) == ROWS


def test_a_result_comes_in_pieces_and_too_much_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(written(HEAD, map(RECORDS.write, ROWS)))
    results = _results(tmp_path)
    assert results.add(NAME, "1", iter([data[:9], data[9:]])) == HEAD
    assert list(results.rows(NAME, "1", RECORDS)) == ROWS
    monkeypatch.setattr("preserve.cluster.results.MAX_RESULT_BYTES", -MIB + len(data) - 1)
    taken: list[bytes] = []

    def pieces() -> Iterator[bytes]:
        for piece in (data, b"1", b"2"):
            taken.append(piece)
            yield piece

    assert results.add(NAME, "2", pieces()) is None
    assert taken == [data]


def test_a_large_result_is_the_same_and_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.cluster.results._HELD_BYTES", 1 << 16)

    def rows(count: int) -> Iterator[bytes]:
        return (RECORDS.write(ScannedRecord(0, 1, 0, None, ("E-X", os.urandom(512).hex()))) for _number in range(count))

    def peak(count: int) -> tuple[int, int]:
        tracemalloc.start()
        try:
            size = len(written(HEAD, rows(count)))
            return size, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    (size, held), (size_of_many, held_of_many) = peak(1_000), peak(4_000)
    assert held_of_many - held < (size_of_many - size) / 8
    some = list(rows(200))
    large = written(HEAD, some)
    results = _results(tmp_path)
    assert results.add(NAME, "1", large) == HEAD
    assert list(map(RECORDS.write, results.rows(NAME, "1", RECORDS))) == some
    monkeypatch.undo()
    assert written(HEAD, some) == large[:]


def test_another_result_of_the_same_file_is_told(tmp_path: Path) -> None:
    results = _results(tmp_path)
    results.add(NAME, "1", written(HEAD))
    with pytest.raises(BrokenStateError):
        results.add(NAME, "1", written(ResultHead(JOB, NAME, 4, "cd")))


def test_what_was_not_read_is_not_kept(tmp_path: Path) -> None:
    results = _results(tmp_path)
    unread = ResultHead(JOB, NAME, reason="no answer")
    assert results.add(NAME, "1", written(unread)) == unread
    assert results.head(NAME, "1") is None


def test_a_file_that_changed_and_another_job_have_no_result(tmp_path: Path) -> None:
    results = _results(tmp_path)
    results.add(NAME, "1", written(HEAD, map(RECORDS.write, ROWS)))
    assert results.head(NAME, "2") is None
    assert results.head("b.warc.gz", "1") is None
    assert results.add("b.warc.gz", "1", written(HEAD)) is None
    assert results.add(NAME, "2", written(ResultHead("1" * 32, NAME, 3, "ab"))) is None


@pytest.mark.parametrize("data", [b"", b"no gzip", written(HEAD)[:9], written(ResultHead("x", NAME))])
def test_what_is_no_result_is_none(tmp_path: Path, data: bytes) -> None:
    results = _results(tmp_path)
    assert results.add(NAME, "1", data) is None
    assert results.head(NAME, "1") is None
    assert list((tmp_path / "cluster" / JOB).iterdir()) == []


def test_a_result_that_was_cut_is_no_shorter_result(tmp_path: Path) -> None:
    results = _results(tmp_path)
    whole = written(HEAD, map(RECORDS.write, ROWS))
    results.add(NAME, "1", whole[:-12])
    with pytest.raises(BrokenStateError):
        list(results.rows(NAME, "1", RECORDS))


def test_only_one_process_has_a_job(tmp_path: Path) -> None:
    first = _results(tmp_path)
    with pytest.raises(LockedError):
        _results(tmp_path)
    first.close()
    _results(tmp_path).close()


def test_old_results_are_dropped(tmp_path: Path) -> None:
    results = _results(tmp_path)
    results.add(NAME, "1", written(HEAD))
    results.close()
    (path,) = (tmp_path / "cluster" / JOB).iterdir()
    os.utime(path, (1_000_000, 1_000_000))
    again = _results(tmp_path, 1_000_000 + MAX_AGE_S - 1)
    assert again.head(NAME, "1") == HEAD
    again.close()
    assert _results(tmp_path, 1_000_000 + MAX_AGE_S).head(NAME, "1") is None


def test_what_others_left_long_ago_is_dropped(tmp_path: Path) -> None:
    others = [Results(tmp_path / "cluster", str(number) * 32, 1_000_000) for number in range(1, 4)]
    for results, age in zip(others, (MAX_AGE_S, MAX_AGE_S - 1, MAX_AGE_S), strict=True):
        results.add(NAME, "1", written(ResultHead(results.job, NAME, 3, "ab")))
        (path,) = (tmp_path / "cluster" / results.job).iterdir()
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    for results in others[:2]:
        results.close()
    _results(tmp_path, 1_000_000).close()
    # The first was old; the second was not; the third is at work.
    left = {path.name for path in (tmp_path / "cluster").iterdir() if path.is_dir()}
    assert left == {results.job for results in others[1:]}


def test_what_was_forgotten_leaves_nothing(tmp_path: Path) -> None:
    results = _results(tmp_path)
    results.add(NAME, "1", written(HEAD))
    results.forget()
    results.close()
    assert list((tmp_path / "cluster").iterdir()) == []
