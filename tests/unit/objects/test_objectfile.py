"""An object that is read as a file gives what a file gives, and asks for little."""

import io
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from preserve.errors import ArchiveError
from preserve.objects.objectfile import open_object
from preserve.objects.port import LookedAt

DATA = Random(7).randbytes(10_000)


@dataclass
class _Ranges:
    """What is asked of a store."""

    tag: str = "t"
    asked: list[tuple[int, int]] = field(default_factory=list)

    def read_range(self, _key: str, start: int, size: int, tag: str) -> bytes:
        if tag != self.tag:
            raise ArchiveError("another one")
        assert size > 0
        self.asked.append((start, size))
        return DATA[start : start + size]


def _opened(store: Any, *, ahead_bytes: int = 1024) -> Any:
    return open_object(store, "k", LookedAt(len(DATA), "t"), ahead_bytes=ahead_bytes)


def test_it_reads_and_seeks_as_a_file_does() -> None:
    chance = Random(1)
    here, there = io.BytesIO(DATA), _opened(_Ranges())
    for _turn in range(500):
        offset, size = chance.randrange(-10, len(DATA) + 10), chance.choice([0, 1, 17, 1023, 1024, 1025, 5000])
        if offset >= 0:
            assert here.seek(offset) == there.seek(offset)
        assert here.read(size) == there.read(size)
        assert here.tell() == there.tell()
    assert there.seek(-5, io.SEEK_END) == len(DATA) - 5
    assert there.read() == DATA[-5:]
    with pytest.raises(OSError, match="Invalid"):
        there.seek(-1)


def test_a_record_is_one_range() -> None:
    store = _Ranges()
    file = _opened(store)
    file.seek(3000)
    assert file.read(700) == DATA[3000:3700]
    assert store.asked == [(3000, 1024)]


def test_another_object_in_its_place_is_an_error() -> None:
    file = _opened(_Ranges(tag="other"))
    with pytest.raises(ArchiveError):
        file.read(1)
