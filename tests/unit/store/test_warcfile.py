"""WARC files on disk: written, sealed, read, and put right after an unclean stop."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from preserve.errors import ArchiveError, EnvironmentFaultError
from preserve.formats.warc import Record, make_record
from preserve.model import RecordPlace, sha256_hex
from preserve.store.layout import CollectionPaths, warc_name
from preserve.store.warcfile import WarcWriter, iter_file, open_files, read_record, recover_open_files

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def _record(number: int) -> Record:
    fields = [("WARC-Type", "resource"), ("WARC-Record-ID", f"<urn:x:{number}>"), ("WARC-Date", "2026-01-01T00:00:00Z")]
    return make_record(fields, b"block %d" % number)


@pytest.fixture
def paths(tmp_path: Path) -> CollectionPaths:
    return CollectionPaths(tmp_path, "demo")


def _written(paths: CollectionPaths, count: int = 4) -> tuple[WarcWriter, list[RecordPlace]]:
    writer = WarcWriter.create(paths, NOW)
    places = [writer.append(_record(number)) for number in range(count)]
    writer.sync()
    return writer, places


def test_a_file_is_open_by_name_until_it_is_sealed_and_then_read_only(paths: CollectionPaths) -> None:
    writer, places = _written(paths)
    assert writer.name == warc_name("demo", NOW, 1) == "demo-20260102030405678901-00001.warc.gz"
    assert [path.name for path in open_files(paths)] == [f"{writer.name}.open"]
    assert read_record(paths, places[2]).block == b"block 2"
    sealed = writer.seal()
    path = paths.archive / sealed.name
    assert open_files(paths) == []
    assert (sealed.size, sealed.records, sealed.sha256) == (path.stat().st_size, 4, sha256_hex(path.read_bytes()))
    assert not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    assert [place for place, _record, _defect in iter_file(path)] == places
    assert [read_record(paths, place).block for place in places] == [b"block %d" % n for n in range(4)]


def test_two_files_of_one_moment_get_two_names(paths: CollectionPaths) -> None:
    writers = [WarcWriter.create(paths, NOW) for _ in range(3)]
    assert len({writer.name for writer in writers}) == 3
    for writer in writers:
        writer.abandon()


def test_a_disk_that_gives_back_other_bytes_is_told_and_nothing_is_sealed(paths: CollectionPaths) -> None:
    writer, _places = _written(paths)
    path = open_files(paths)[0]
    data = path.read_bytes()
    path.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:])
    with pytest.raises(EnvironmentFaultError):
        writer.seal()
    assert open_files(paths) == [path]


def test_a_file_cut_anywhere_keeps_its_whole_records_and_is_sealed(tmp_path: Path) -> None:
    writer, places = _written(CollectionPaths(tmp_path, "whole"))
    data = open_files(CollectionPaths(tmp_path, "whole"))[0].read_bytes()
    writer.abandon()
    for end in range(len(data) + 1):
        paths = CollectionPaths(tmp_path / str(end), "demo")
        paths.archive.mkdir(parents=True)
        (paths.archive / "demo-1.warc.gz.open").write_bytes(data[:end])
        (recovered,) = recover_open_files(paths, set())
        whole = [place for place in places if place.offset + place.length <= end]
        assert (recovered.records, recovered.kept_bytes + recovered.cut_bytes) == (len(whole), end)
        assert open_files(paths) == []
        path = paths.archive / "demo-1.warc.gz"
        assert path.is_file() is bool(whole)
        if whole:
            assert recovered.sha256 == sha256_hex(path.read_bytes())
        assert recover_open_files(paths, set()) == []


def test_recovery_never_cuts_a_stated_record(paths: CollectionPaths) -> None:
    writer, places = _written(paths)
    writer.abandon()
    path = open_files(paths)[0]
    data = bytearray(path.read_bytes())
    data[places[1].offset + 20] ^= 0xFF
    path.write_bytes(bytes(data))
    (recovered,) = recover_open_files(paths, {"urn:x:2"})
    assert recovered.kept_bytes == places[2].offset + places[2].length
    assert recovered.records == 2


def test_what_cannot_be_read_is_an_error_of_the_archive(paths: CollectionPaths) -> None:
    writer, places = _written(paths)
    writer.seal()
    first = places[0]
    for place in (
        RecordPlace(file="absent.warc.gz", ordinal=0, offset=0, length=10),
        RecordPlace(file="../preserve.json", ordinal=0, offset=0, length=10),
        RecordPlace(file=first.file, ordinal=0, offset=first.offset + 1, length=first.length),
        RecordPlace(file=first.file, ordinal=0, offset=first.offset, length=first.length - 1),
    ):
        with pytest.raises(ArchiveError):
            read_record(paths, place)
