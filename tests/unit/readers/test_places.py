"""Places of records: the same by helpers as by one process, also where stretches begin in damage."""

from collections.abc import Callable
from pathlib import Path

import pytest

from preserve.readers import segments
from preserve.readers.places import place_reader
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import iter_places
from tests.warcs import gz, record, reply

NOISE = bytes(range(256)) * 4
RECORDS = [record(n, reply(NOISE + str(n).encode() * (n % 7 * 90))) for n in range(60)]


def _damaged(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(64) + data[middle + 64 :]


@pytest.mark.parametrize(
    ("name", "written", "whole"),
    [
        ("a.warc.gz", lambda: gz(*RECORDS), True),
        ("a.warc.gz", lambda: gz(*RECORDS, gz(*RECORDS)), False),
        ("a.warc.gz", lambda: _damaged(gz(*RECORDS)), False),
        ("a.warc.gz", lambda: gz(*RECORDS)[:-20], False),
        ("a.warc", lambda: b"".join(RECORDS), True),
        ("a.txt", lambda: b"no file of records", False),
    ],
)
def test_helpers_give_the_places_that_one_process_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, written: Callable[[], bytes], whole: bool
) -> None:
    monkeypatch.setattr(segments, "STRETCH_BYTES", 4_000)
    paths = CollectionPaths(tmp_path, "sample")
    paths.archive.mkdir(parents=True)
    path = paths.archive / name
    path.write_bytes(written())
    with place_reader(paths, processes=2) as places_in:
        found = list(places_in(path))
    assert found == list(iter_places(path))
    if whole:
        assert [place.ordinal for place, _id in found] == list(range(len(RECORDS)))
        assert len({record_id for _place, record_id in found}) == len(RECORDS)
