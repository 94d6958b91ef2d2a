"""What every store must do: a folder, a server of our own, and SeaweedFS."""

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from preserve.errors import ArchiveError, FormatError, UsageError
from preserve.objects.folder import FolderStore
from preserve.objects.opening import open_store
from preserve.objects.port import DeclaredHashError, LookedAt, ObjectStore, mapped
from preserve.objects.probe import probe
from preserve.objects.s3 import BucketStore
from tests.objectserver import BUCKET, serving_objects
from tests.seaweed import seaweed

_KINDS = ["folder", "server", pytest.param("seaweed", marks=[pytest.mark.slow, pytest.mark.interop])]


@pytest.fixture(scope="module", params=_KINDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    folder = tmp_path_factory.mktemp("store")
    if request.param == "folder":
        yield FolderStore("file:///store", folder)
        return
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "server":
            with serving_objects() as server:
                for name, value in server.environment().items():
                    patch.setenv(name, value)
                yield BucketStore(f"s3://{BUCKET}/p/q", BUCKET, "p/q", environment=os.environ)
        else:
            with seaweed(folder) as environment:
                for name, value in environment.items():
                    patch.setenv(name, value)
                yield BucketStore(f"s3://{BUCKET}/p/q", BUCKET, "p/q", environment=os.environ)


@pytest.fixture
def top(request: pytest.FixtureRequest) -> str:
    """A folder of the test's own in the store."""
    return "".join(letter if letter.isalnum() else "-" for letter in request.node.name)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _make(store: ObjectStore, key: str, data: bytes) -> bool:
    return store.create(key, data, _sha256(data))


def _read(store: ObjectStore, key: str) -> bytes | None:
    opened = store.read(key)
    return None if opened is None else opened.whole(1 << 30)


def test_the_first_bytes_under_a_key_stay(place: ObjectStore, top: str) -> None:
    assert _make(place, f"{top}/a", b"first")
    assert not _make(place, f"{top}/a", b"second")
    assert _read(place, f"{top}/a") == b"first"


def test_bytes_that_are_not_those_declared_make_no_object(place: ObjectStore, top: str) -> None:
    with pytest.raises(DeclaredHashError):
        place.create(f"{top}/a", b"bytes", _sha256(b"others"))
    assert _read(place, f"{top}/a") is None
    assert list(place.list(top)) == []


@pytest.mark.parametrize("size", [0, 1, (1 << 20) + 1, (5 << 20) + 17])
def test_what_is_given_comes_back(place: ObjectStore, top: str, size: int, tmp_path: Path) -> None:
    data = (b"0123456789abcde\n" * (size // 16 + 1))[:size]
    path = tmp_path / "file"
    path.write_bytes(data)
    with mapped(path) as held:
        assert place.create(f"{top}/x001/067", held, _sha256(data))
    opened = place.read(f"{top}/x001/067")
    assert opened is not None
    assert (opened.size, b"".join(opened.chunks) == data) == (size, True)
    (listed,) = place.list(top)
    assert (listed.key, listed.size) == (f"{top}/x001/067", size)
    assert list(place.list(top)) == [listed]


def test_a_listing_says_that_another_object_has_taken_a_place(place: ObjectStore, top: str) -> None:
    _make(place, f"{top}/a", b"first")
    (first,), opened = place.list(top), place.read(f"{top}/a")
    assert opened is not None
    assert place.replace(f"{top}/a", b"other", opened.tag)
    (second,) = place.list(top)
    assert (first.size, first.state != second.state) == (second.size, True)


def test_what_is_looked_at_is_what_is_read(place: ObjectStore, top: str) -> None:
    _make(place, f"{top}/a", b"0123456789")
    opened, found = place.read(f"{top}/a"), place.look(f"{top}/a")
    assert opened is not None
    assert found == LookedAt(10, opened.tag)
    assert place.look(f"{top}/b") is None


def test_a_range_is_of_the_object_that_was_opened(place: ObjectStore, top: str) -> None:
    _make(place, f"{top}/a", b"0123456789")
    opened = place.read(f"{top}/a")
    assert opened is not None
    assert place.read_range(f"{top}/a", 3, 4, opened.tag) == b"3456"
    assert place.replace(f"{top}/a", b"abcdefghij", opened.tag)
    with pytest.raises(ArchiveError):
        place.read_range(f"{top}/a", 3, 4, opened.tag)


def test_only_what_was_read_is_replaced(place: ObjectStore, top: str) -> None:
    _make(place, f"{top}/a", b"first")
    opened = place.read(f"{top}/a")
    assert opened is not None
    assert place.replace(f"{top}/a", b"second", opened.tag)
    assert not place.replace(f"{top}/a", b"third", opened.tag)
    assert not place.replace(f"{top}/none", b"third", opened.tag)
    assert (_read(place, f"{top}/a"), _read(place, f"{top}/none")) == (b"second", None)


def test_a_listing_has_all_below_a_folder_and_no_neighbours(place: ObjectStore, top: str) -> None:
    for key in ("a", "b/c", "b/d/e"):
        _make(place, f"{top}/{key}", key.encode())
    _make(place, f"{top}x/f", b"f")
    assert sorted(item.key for item in place.list(top)) == [f"{top}/a", f"{top}/b/c", f"{top}/b/d/e"]
    assert [item.key for item in place.list(f"{top}/b/d")] == [f"{top}/b/d/e"]
    assert list(place.list(f"{top}-none")) == []


def test_of_many_writers_one_wins(place: ObjectStore, top: str) -> None:
    made: list[bytes] = []
    replaced: list[bytes] = []
    _make(place, f"{top}/head", b"head")
    opened = place.read(f"{top}/head")
    assert opened is not None
    tag = opened.tag

    def write(data: bytes) -> None:
        if _make(place, f"{top}/a", data):
            made.append(data)
        if place.replace(f"{top}/head", data, tag):
            replaced.append(data)

    threads = [threading.Thread(target=write, args=(b"%d" % number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [_read(place, f"{top}/a")] == made
    assert [_read(place, f"{top}/head")] == replaced


def test_a_store_that_keeps_what_it_is_given_is_taken(place: ObjectStore) -> None:
    probe(place)
    probe(place)


@pytest.mark.parametrize("key", ["", "/a", "a//b", "a/../b", ".a", "a/.b", "a b", "a\n", "ä", "a/" * 500])
def test_no_key_leads_anywhere_else(place: ObjectStore, key: str) -> None:
    with pytest.raises(FormatError):
        place.read(key)
    with pytest.raises(FormatError):
        _make(place, key, b"")


@pytest.mark.parametrize(
    "name", ["s3://key:secret@bucket/x", "s3://b/p?token=secret", "s3://b/p#secret", "S3://b:secret/x", "s3://bu/a//b"]
)
def test_a_name_with_a_secret_in_it_is_not_repeated(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        open_store(name)
    assert "secret@" not in str(raised.value)


def test_a_store_is_named_as_it_was_written() -> None:
    assert open_store("s3://some-bucket/a/b/").name == "s3://some-bucket/a/b"
    assert open_store("s3://some-bucket").name == "s3://some-bucket"
    assert open_store("file:///some/folder/").name == "file:///some/folder"
