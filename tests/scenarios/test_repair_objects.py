"""A damaged collection is made whole from its copy in object storage, of which only what is needed is fetched."""

import io
import shutil
from pathlib import Path
from typing import Any

import pytest

from preserve.formats.warc.members import iter_members
from preserve.objects.s3 import ServerPatience
from tests.kept import Beginning, beginning, copy_two_captures, served, site
from tests.objectserver import BUCKET, ObjectServer
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

pytestmark = pytest.mark.damages

WHERE = f"s3://{BUCKET}/copies"


@pytest.fixture
def demo(shell: Shell, site: Site, server: ObjectServer, beginning: Beginning) -> Any:
    """A collection of two captures, with its copy in the store."""

    def make() -> None:
        copy_two_captures(shell, site)
        server.asked.clear()

    beginning(shell, make, site, server)
    return shell


def _files(demo: Any) -> list[Path]:
    return sorted((demo.archives / "demo" / "archive").glob("*.warc.gz"))


def _flipped(data: bytes, record: int) -> bytes:
    """The file with a bit of a record flipped in its middle."""
    changed = bytearray(data)
    members = list(iter_members(io.BytesIO(data)))
    changed[members[record].offset + members[record].length // 2] ^= 0xFF
    return bytes(changed)


def _damage(path: Path, record: int) -> None:
    path.chmod(0o644)
    path.write_bytes(_flipped(path.read_bytes(), record))


def _repair(demo: Any, *words: str, where: str = WHERE, status: int = 0) -> Any:
    return demo.json("repair", "demo", "--from", where, *words, status=status)


def _fetched(server: ObjectServer) -> list[str]:
    """The names of the files of the archive that were asked for."""
    return [key.rpartition("/")[2] for method, key in server.asked if method == "GET" and "/archive/" in key]


def test_a_sound_collection_fetches_no_file_of_the_archive(demo: Any, server: ObjectServer) -> None:
    assert _repair(demo)["files"] == []
    assert _fetched(server) == []


@pytest.mark.parametrize("is_missing", [False, True], ids=["damaged", "missing"])
def test_only_what_is_damaged_is_fetched_and_once(demo: Any, server: ObjectServer, is_missing: bool) -> None:
    path = _files(demo)[0]
    right = path.read_bytes()
    if is_missing:
        path.unlink()
    else:
        _damage(path, 1)
    there = dict(server.objects)
    done = _repair(demo, "--apply")
    assert done["whole"]
    assert path.read_bytes() == right
    assert [file["sources"] for file in done["files"]] == [[f"{WHERE}/demo/archive/{path.name}"]]
    assert _fetched(server) == [path.name]
    assert server.objects == there
    assert not [method for method, _key in server.asked if method == "PUT"]
    demo("verify", "demo", "--deep")


def test_without_apply_nothing_is_changed_and_the_next_command_is_told(demo: Any, server: ObjectServer) -> None:
    path = _files(demo)[0]
    _damage(path, 1)
    damaged = path.read_bytes()
    told = demo("repair", "demo", "--from", WHERE, status=1)
    assert f"--from {WHERE} --apply" in told
    assert path.read_bytes() == damaged


def test_nothing_of_it_stays_on_this_machine(demo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spool").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
    _damage(_files(demo)[0], 1)
    done = _repair(demo, "--apply")
    assert list((tmp_path / "spool").iterdir()) == []
    assert str(tmp_path / "spool") not in str(done)


def test_records_come_from_a_copy_that_is_damaged_elsewhere(demo: Any, server: ObjectServer) -> None:
    first, second = _files(demo)
    right = first.read_bytes()
    key = f"copies/demo/archive/{first.name}"
    server.objects[key] = _flipped(server.objects[key], 2)
    _damage(first, 1)
    server.asked.clear()
    done = _repair(demo, "--apply")
    assert done["whole"]
    assert first.read_bytes() == right
    assert _fetched(server) == [first.name]
    assert second.name not in str(done)
    demo("verify", "demo", "--deep")


def test_what_is_not_the_sealed_file_never_takes_its_place(demo: Any, server: ObjectServer) -> None:
    path = _files(demo)[0]
    key = f"copies/demo/archive/{path.name}"
    size = path.stat().st_size
    path.unlink()
    server.objects[key] = b"\0" * size
    done = _repair(demo, "--apply", status=1)
    assert not done["whole"]
    assert not path.exists()
    server.objects[key] = b"\0" * (3 * size)
    server.asked.clear()
    _repair(demo, "--apply", status=1)
    assert _fetched(server) == []


def test_a_folder_is_asked_before_a_store(demo: Any, server: ObjectServer, tmp_path: Path) -> None:
    path = _files(demo)[0]
    right = path.read_bytes()
    shutil.copytree(demo.archives / "demo", tmp_path / "copies" / "demo")
    _damage(path, 1)
    done = _repair(demo, "--from", str(tmp_path / "copies"), "--apply")
    assert path.read_bytes() == right
    assert done["files"][0]["sources"] == [str(tmp_path / "copies" / "demo" / "archive" / path.name)]
    assert _fetched(server) == []


def test_the_ledger_comes_back_with_the_rest(demo: Any, server: ObjectServer) -> None:
    folder = demo.archives / "demo"
    shutil.rmtree(folder / "ledger" / "tile")
    (folder / "preserve.json").unlink()
    _files(demo)[1].unlink()
    assert _repair(demo, "--apply")["whole"]
    demo("verify", "demo", "--deep")


def test_trouble_of_the_network_is_told_and_the_repair_goes_on_later(
    demo: Any, server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preserve.objects.s3._PATIENCE", ServerPatience(tries=1, pause_s=0.001))
    first, second = _files(demo)
    right = [path.read_bytes() for path in (first, second)]
    for path in (first, second):
        _damage(path, 1)
    server.faults = [("GET", second.name, "503")] * 400
    error = _repair(demo, "--apply", status=5)["error"]
    assert "503" in error["message"]
    # The one that could be had is whole; of the other nothing is said, and nothing is put in its place.
    assert first.read_bytes() == right[0]
    assert second.read_bytes() == _flipped(right[1], 1)
    server.faults.clear()
    server.asked.clear()
    assert _repair(demo, "--apply")["whole"]
    assert [path.read_bytes() for path in (first, second)] == right
    assert _fetched(server) == [second.name]
    demo("verify", "demo", "--deep")


@pytest.mark.parametrize("end", ["", "/demo"], ids=["above", "itself"])
def test_a_store_in_a_folder_with_the_name_or_without(demo: Any, tmp_path: Path, end: str) -> None:
    where = f"file://{tmp_path}/objects"
    demo("replicate", where, "demo")
    path = _files(demo)[0]
    right = path.read_bytes()
    _damage(path, 1)
    done = _repair(demo, "--apply", where=f"{where}{end}")
    assert done["files"][0]["sources"] == [f"{where}/demo/archive/{path.name}"]
    assert path.read_bytes() == right


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("where", "status"),
    [
        (f"s3://{BUCKET}/nothing", 3),
        (f"s3://{BUCKET}/nothing/demo", 3),
        ("s3://demo", 7),
        ("s3://no-such-bucket/copies", 7),
        ("s3://[bucket/copies", 2),
        ("s3://key:secret@bucket/copies", 2),
    ],
)
def test_what_cannot_be_read_from_is_told_plainly(demo: Any, where: str, status: int) -> None:
    error = _repair(demo, where=where, status=status)["error"]
    assert error["next"]
    assert "secret" not in str(error["message"])
