"""Every record of a file: the same whoever reads it, whatever is damaged in it."""

import gzip
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from preserve.formats.warc.containers import Container
from preserve.integrity.record import RecordQuery
from preserve.integrity.scan import ScannedRecord, Scanner
from preserve.limits import MIB
from preserve.model import sha256_hex
from preserve.readers import segments
from preserve.store.copying import hash_file
from tests.warcs import arc, dictionary, gz, page, record, reply, sha1, zst

STRETCH = 4096
WANTED = RecordQuery(identity=True, statement=True)


@pytest.fixture(scope="module")
def two() -> Iterator[Scanner]:
    with pytest.MonkeyPatch.context() as patch, Scanner(WANTED, processes=2, total_bytes=0) as scanner:
        patch.setattr(segments, "STRETCH_BYTES", STRETCH)
        yield scanner


def one(path: Path, container: Container = Container.WARC_GZIP, wanted: RecordQuery = WANTED) -> list[ScannedRecord]:
    with Scanner(wanted, processes=1, total_bytes=0) as scanner:
        return list(scanner.rows(path, container))


def many(count: int, size: int = 400) -> list[bytes]:
    return [page(number, size + 37 * (number % 11)) for number in range(count)]


def inside(count: int) -> bytes:
    """A record whose payload is a compressed WARC file, stored as it is: pieces seem to begin in the middle of it."""
    payload = gz(*many(count))
    return gzip.compress(record(900, reply(payload), payload_digest=sha1(payload)), 0, mtime=0)


@pytest.mark.parametrize("count", [1, 2, 5, 9, 17, 30, 61])
def test_two_processes_give_what_one_gives_whatever_the_size(two: Scanner, tmp_path: Path, count: int) -> None:
    path = tmp_path / "a.warc.gz"
    for tail in (b"", b"\x00" * 100, gz(b"no record"), gz(page(1))[:-4]):
        path.write_bytes(gz(*many(count)) + tail)
        assert list(two.rows(path, Container.WARC_GZIP)) == one(path)


@pytest.mark.parametrize("count", [3, 30])
def test_a_file_inside_of_a_record_is_no_file_for_several_processes_either(
    two: Scanner, tmp_path: Path, count: int
) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gz(*many(4)) + inside(count) + gz(*many(4)) + inside(count) * 2)
    rows = one(path)
    assert len(rows) == 11
    assert not any(row.fault for row in rows)
    assert list(two.rows(path, Container.WARC_GZIP)) == rows


def test_pieces_larger_than_a_stretch_are_read_once(two: Scanner, tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gz(page(1), page(2, 5 * STRETCH), page(3), page(4, 2 * STRETCH), page(5, 3 * STRETCH)))
    assert len(one(path)) == 5
    assert list(two.rows(path, Container.WARC_GZIP)) == one(path)


def test_a_file_that_is_one_piece_gives_all_its_records(two: Scanner, tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gz(b"".join(many(40))))
    rows = one(path)
    assert len(rows) == 40
    assert all(row.facts is not None and ("I-WARC-MEMBERS", "") in row.facts.faults for row in rows)
    assert list(two.rows(path, Container.WARC_GZIP)) == rows


@pytest.mark.parametrize("seed", range(25))
def test_damage_gives_the_same_rows_in_one_process_and_in_two(two: Scanner, tmp_path: Path, seed: int) -> None:
    data = bytearray(gz(*many(25)) + inside(6) + gz(*many(5)))
    for number in range(1 + seed % 3):
        at = (seed * 7919 + number * 104_729) % len(data)
        match seed % 4:
            case 0:
                data[at] ^= 1 << seed % 8
            case 1:
                del data[at : at + 900]
            case 2:
                data[at : at + 40] = bytes(40)
            case _:
                data[at:at] = gz(page(77))[: 30 + seed]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(data)
    rows = one(path)
    assert list(two.rows(path, Container.WARC_GZIP)) == rows
    assert sum(row.facts is not None for row in rows) >= 20
    assert all(row.facts is not None or row.fault for row in rows)


def test_damage_is_found_and_its_neighbours_are_read(tmp_path: Path) -> None:
    pieces = [gz(data) for data in many(5)]
    data = bytearray(b"".join(pieces))
    data[len(pieces[0]) + len(pieces[1]) // 2] ^= 1
    path = tmp_path / "a.warc.gz"
    path.write_bytes(data)
    rows = one(path)
    assert [row.fault and row.fault[0] for row in rows] == [None, "E-WARC-GZIP", None, None, None]
    path.write_bytes(b"".join(pieces[:2]) + gz(page(9)[:-4]) + gz(page(10)[4:]) + b"".join(pieces[2:]))
    told = [row.fault[0] if row.fault else [code for code, _d in row.facts.faults] for row in one(path) if row.facts]
    assert [code for codes in told for code in codes] == ["W-WARC-LINE-ENDS"]
    assert sum(row.fault is not None for row in one(path)) == 1


@pytest.mark.parametrize(
    ("container", "data"),
    [
        (Container.WARC, b"".join(many(6))),
        (Container.WARC_ZSTD, zst(many(6))),
        (Container.WARC_ZSTD, zst(many(6), dictionary())),
        (Container.ARC, b"".join(arc(1, *(reply(b"x" * n) for n in range(5))))),
        (Container.ARC, b"".join(arc(2, *(reply(b"x" * n) for n in range(5))))),
        (Container.ARC_GZIP, gz(*arc(1, *(reply(b"x" * n) for n in range(5))))),
    ],
)
def test_every_container_gives_its_records(tmp_path: Path, container: Container, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    rows = one(path, container)
    assert len(rows) == 6
    assert all(row.facts is not None and not [f for f in row.facts.faults if f[0][0] == "E"] for row in rows)
    # The line ends between the records of an uncompressed file are of none.
    between = 6 * {Container.WARC: 4, Container.ARC: 1}.get(container, 0)
    assert sum(row.length for row in rows) + between in {len(data), len(data) - 8 - len(dictionary())}


def test_a_dictionary_that_cannot_be_read_is_one_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.zst"
    path.write_bytes(zst(many(3), dictionary())[:100])
    (row,) = one(path, Container.WARC_ZSTD)
    assert row.fault is not None
    assert row.fault[0] == "E-WARC-GZIP"


@pytest.mark.one_in(3)
@pytest.mark.parametrize("container", [Container.WARC_GZIP, Container.WARC, Container.WARC_ZSTD])
def test_a_record_of_64_mib_is_read_in_little_memory(tmp_path: Path, container: Container) -> None:
    block = bytes(64 * MIB)
    data = record(1, block, kind="resource", content_type="text/plain", payload_digest=sha1(block))
    path = tmp_path / "a"
    packed = {Container.WARC_GZIP: gz, Container.WARC_ZSTD: lambda d: zst([d]), Container.WARC: bytes}
    path.write_bytes(packed[container](data))
    del block, data
    tracemalloc.start()
    try:
        (row,) = one(path, container)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert row.facts is not None
    assert row.facts.faults == ()
    assert row.length == path.stat().st_size - (4 if container is Container.WARC else 0)
    assert peak < 40 * MIB


def test_a_large_piece_that_is_damaged_is_told_of_and_what_follows_is_read(tmp_path: Path) -> None:
    pieces = [gz(page(1)), gz(page(2, 18 * MIB)), gz(page(3))]
    data = bytearray(b"".join(pieces))
    data[len(data) // 2] ^= 8
    path = tmp_path / "a.warc.gz"
    path.write_bytes(data)
    rows = one(path, wanted=RecordQuery())
    assert rows[-1].facts is not None
    assert rows[-1].offset == len(data) - len(pieces[2])
    assert any(row.fault or (row.facts and row.facts.faults) for row in rows[1:-1])


def test_a_hash_is_taken_by_a_helper_as_by_oneself(two: Scanner, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc" * 1000)
    assert two.hashed(path)() == hash_file(path) == (3000, sha256_hex(b"abc" * 1000))
    with pytest.raises(FileNotFoundError):
        two.hashed(tmp_path / "b")()


def test_small_files_that_were_told_of_are_read_by_helpers_in_whatever_order_they_are_asked_for(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.warc.gz" for number in range(9)]
    for number, path in enumerate(paths):
        path.write_bytes(gz(*many(number)) + (b"" if number % 3 else gz(page(1))[:-4]))
    with Scanner(WANTED, processes=2, total_bytes=0) as scanner:
        scanner.expect([*paths, tmp_path / "gone.warc.gz", tmp_path / "plain.warc"])
        for order in (paths, paths[::-1], [*paths[5:], *paths[:5]]):
            for path in order:
                assert list(scanner.rows(path, Container.WARC_GZIP)) == one(path)
            scanner.expect(paths)


def test_a_small_file_that_was_told_of_is_not_read_by_this_process(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.warc.gz" for number in range(6)]
    for path in paths:
        path.write_bytes(gz(page(1)))
    with segments.SegmentReader(lambda _name, _spots: [os.getpid()], processes=2, total_bytes=0) as reading:
        reading.expect(paths[1:])
        by = [next(reading.over(path, Container.WARC_GZIP)) for path in paths]
    assert [pid == os.getpid() for pid in by] == [True, *[False] * 5]


def test_a_file_that_is_gone_by_the_time_it_is_read_ahead_is_a_fault_when_it_is_asked_for(tmp_path: Path) -> None:
    first, second = tmp_path / "1.warc.gz", tmp_path / "2.warc.gz"
    first.write_bytes(gz(page(1)))
    second.mkdir()
    with Scanner(WANTED, processes=2, total_bytes=0) as scanner:
        scanner.expect([first, second])
        assert list(scanner.rows(first, Container.WARC_GZIP)) == one(first)
        with pytest.raises(OSError, match=r"2\.warc\.gz"):
            list(scanner.rows(second, Container.WARC_GZIP))
