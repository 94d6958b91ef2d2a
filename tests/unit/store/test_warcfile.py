"""WARC files on disk: written, sealed, read, and put right after an unclean stop."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from preserve.errors import ArchiveError, EnvironmentFaultError
from preserve.formats.warc.record import WarcRecord, make_record
from preserve.model import RecordPlace, sha256_hex
from preserve.store.layout import CollectionPaths, warc_name
from preserve.store.warcfile import WarcWriter, count_records, open_files, read_record, seal_name
from tests.readers import iter_file

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def _token_of(_name: str) -> str:
    return "token"


def _record(number: int) -> WarcRecord:
    fields = [("WARC-Type", "resource"), ("WARC-Record-ID", f"<urn:x:{number}>"), ("WARC-Date", "2026-01-01T00:00:00Z")]
    return make_record(fields, b"block %d" % number)


@pytest.fixture
def paths(tmp_path: Path) -> CollectionPaths:
    return CollectionPaths(tmp_path, "demo")


def _written(paths: CollectionPaths, count: int = 4) -> tuple[WarcWriter, list[RecordPlace]]:
    writer = WarcWriter.create(paths, NOW, _token_of)
    places = [writer.append(_record(number)) for number in range(count)]
    writer.sync()
    return writer, places


def test_a_file_is_open_by_name_until_it_is_sealed_and_then_read_only(paths: CollectionPaths) -> None:
    writer, places = _written(paths)
    assert writer.name == warc_name("demo", NOW, 1) == "demo-20260102030405678901-00001.warc.gz"
    assert [path.name for path in open_files(paths)] == [f"{writer.name}.token.open"]
    assert read_record(paths, places[2]).block == b"block 2"
    sealed = writer.finish()
    assert [path.name for path in open_files(paths)] == [f"{writer.name}.token.open"]
    path = seal_name(paths, writer.path)
    assert path == paths.archive / sealed.name
    assert open_files(paths) == []
    assert (sealed.size, sealed.records, sealed.sha256) == (path.stat().st_size, 4, sha256_hex(path.read_bytes()))
    assert not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    assert [place for place, _record, _defect in iter_file(path)] == places
    assert [read_record(paths, place).block for place in places] == [b"block %d" % n for n in range(4)]


def test_two_files_of_one_moment_get_two_names(paths: CollectionPaths) -> None:
    writers = [WarcWriter.create(paths, NOW, _token_of) for _ in range(3)]
    assert len({writer.name for writer in writers}) == 3
    for writer in writers:
        writer.abandon()


def test_a_disk_that_gives_back_other_bytes_is_told_and_nothing_is_sealed(paths: CollectionPaths) -> None:
    writer, _places = _written(paths)
    path = open_files(paths)[0]
    data = path.read_bytes()
    path.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:])
    with pytest.raises(EnvironmentFaultError):
        writer.finish()
    assert open_files(paths) == [path]


def test_the_records_of_a_file_cut_anywhere_are_counted(paths: CollectionPaths) -> None:
    writer, places = _written(paths)
    path = open_files(paths)[0]
    data = path.read_bytes()
    writer.abandon()
    for end in range(len(data) + 1):
        path.write_bytes(data[:end])
        assert count_records(path) == sum(1 for place in places if place.offset + place.length <= end)


def test_what_was_written_so_far_is_what_the_disk_has(paths: CollectionPaths) -> None:
    writer, places = _written(paths)
    path = open_files(paths)[0]
    written = writer.so_far()
    assert (written.size, written.records) == (path.stat().st_size, len(places))
    assert written.sha256 == sha256_hex(path.read_bytes())
    writer.append(_record(9))
    writer.sync()
    assert writer.so_far().sha256 == sha256_hex(path.read_bytes())
    writer.abandon()


def test_what_cannot_be_read_is_an_error_of_the_archive(paths: CollectionPaths) -> None:
    writer, places = _written(paths)
    writer.finish()
    seal_name(paths, writer.path)
    first = places[0]
    for place in (
        RecordPlace(file="absent.warc.gz", ordinal=0, offset=0, length=10),
        RecordPlace(file="../preserve.json", ordinal=0, offset=0, length=10),
        RecordPlace(file=first.file, ordinal=0, offset=first.offset + 1, length=first.length),
        RecordPlace(file=first.file, ordinal=0, offset=first.offset, length=first.length - 1),
    ):
        with pytest.raises(ArchiveError):
            read_record(paths, place)
