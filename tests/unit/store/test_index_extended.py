"""Lines put between those of an index that is there: the same file as if it were written whole."""

import errno
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from preserve.store import index
from preserve.store.index import UnusableIndexError, extend_index
from preserve.store.layout import CollectionPaths


@pytest.fixture
def paths(tmp_path: Path) -> CollectionPaths:
    found = CollectionPaths(tmp_path, "c")
    found.indexes.mkdir(parents=True)
    return found


def _extended(paths: CollectionPaths, monkeypatch: pytest.MonkeyPatch, held: list[bytes], new: list[bytes]) -> bytes:
    def lines(_catalogue: object, first: int) -> Iterator[bytes]:
        assert first == 7
        return iter(sorted(new))

    monkeypatch.setattr(index, "index_lines", lines)
    paths.index.write_bytes(b"".join(sorted(held)))
    extend_index(paths, None, 7)  # type: ignore[arg-type]
    return paths.index.read_bytes()


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_file_that_would_be_written_whole(
    paths: CollectionPaths, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(index, "_STEP", chance.choice([1, 3, 1024]))
    made = [
        b"%s %d%s\n" % (b"k" * chance.randrange(4), chance.randrange(30), b"x" * chance.randrange(40))
        for _number in range(chance.randrange(60))
    ]
    cut = chance.randrange(len(made) + 1)
    held, new = made[:cut], made[cut:]
    assert _extended(paths, monkeypatch, held, new) == b"".join(sorted(made))
    assert [path.name for path in paths.indexes.iterdir()] == [paths.index.name]


def test_it_reads_lines_in_the_logarithm_of_their_number(
    paths: CollectionPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    begin = index._begin_of_line

    def counted(*where: object) -> int:
        looks.append(where)
        return begin(*where)  # type: ignore[arg-type]

    monkeypatch.setattr(index, "_begin_of_line", counted)
    held = [b"key %06d\n" % number for number in range(0, 20_000, 2)]
    _extended(paths, monkeypatch, held, [b"key 012345\n"])
    assert len(looks) < 25


def test_a_line_without_end_is_not_gone_on_with(paths: CollectionPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnusableIndexError, match="no end"):
        _extended(paths, monkeypatch, [b"a"], [b"b\n"])
    assert paths.index.read_bytes() == b"a"


def test_a_disk_that_cannot_be_written_to_is_told_of(paths: CollectionPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_values: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(index, "replace_synced", full)
    with pytest.raises(OSError, match="no room"):
        _extended(paths, monkeypatch, [b"a\n"], [b"b\n"])
    assert paths.index.read_bytes() == b"a\n"


def test_no_index_is_nothing_to_add_to(paths: CollectionPaths) -> None:
    with pytest.raises(UnusableIndexError):
        extend_index(paths, None, 7)  # type: ignore[arg-type]
