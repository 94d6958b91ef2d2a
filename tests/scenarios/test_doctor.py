"""What the doctor finds: each point that can fail, made to fail."""

import ctypes
import fcntl
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preserve.health import machine
from preserve.store.layout import CollectionPaths
from tests.shell import Shell
from tests.site import Site


def _collection(shell: Shell, site: Site, text: str = "") -> Path:
    site.page("/a", b"<p>page</p>")
    shell.site_collection("demo", site, "/a", layouts="[]")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + text)
    shell("init", "demo")
    return path


def _points(shell: Shell, status: int = 0) -> dict[tuple[str, str], list[str]]:
    answer: Any = shell.json("doctor", status=status)
    found: dict[tuple[str, str], list[str]] = {}
    for point in answer["points"]:
        found.setdefault((point["of"], point["about"]), []).append(f"{point['mark']} {point['detail']}")
        assert bool(point["next_step"]) == (point["mark"] in {"WARN", "FAIL"})
    return found


def _keys_of(_shell: Shell) -> Path:
    return Path.home() / ".config" / "preserve" / "keys"


def test_a_machine_in_order_has_nothing_in_the_way(shell: Shell, site: Site) -> None:
    _collection(shell, site)
    told = shell("doctor")
    assert "FAIL" not in told
    assert "nothing stands in the way" in told
    points = _points(shell)
    for about in ("archive", "disk", "key", "configuration"):
        assert points["demo", about][0].startswith("OK")
    assert [path.name for path in shell.archives.iterdir()] == ["demo"]


def test_all_mistakes_of_all_files_are_told(shell: Shell, site: Site) -> None:
    _collection(shell, site)
    shell.collection("broken", "titel: x\ncontact: nobody\n")
    (shell.config / "alarms.yaml").write_text("channels:\n  desk:\n    webhoook: x\n")
    points = _points(shell, status=1)
    assert len(points["broken", "configuration"]) > 2
    assert points["machine", "configuration"][0].startswith("FAIL")
    assert points["demo", "key"][0].startswith("OK")


def _open_key(shell: Shell) -> None:
    (_keys_of(shell) / "demo.key").chmod(0o644)


def _no_key(shell: Shell) -> None:
    (_keys_of(shell) / "demo.key").unlink()


def _other_key(shell: Shell) -> None:
    key = _keys_of(shell) / "demo.key"
    key.unlink()
    shell("init", "demo", "--archives", str(shell.folder / "third"))


@pytest.mark.parametrize("spoil", [_open_key, _no_key, _other_key])
def test_a_key_that_cannot_sign_is_found(shell: Shell, site: Site, spoil: Callable[[Shell], None]) -> None:
    _collection(shell, site)
    spoil(shell)
    assert _points(shell, status=1)["demo", "key"][0].startswith("FAIL")


def test_a_folder_of_keys_that_others_can_write_to_is_found(shell: Shell, site: Site) -> None:
    _collection(shell, site)
    _keys_of(shell).chmod(0o777)
    assert _points(shell, status=1)["machine", "keys"][0].startswith("FAIL")


def test_secrets_that_cannot_be_had_are_found(shell: Shell, site: Site) -> None:
    _collection(shell, site, "secret_headers:\n  Authorization: env:NOT_SET_ANYWHERE\n")
    (shell.config / "alarms.yaml").write_text(
        "channels:\n  desk:\n    webhook: http://127.0.0.1:9/\n    secret: env:NOT_SET_ANYWHERE\n"
        "  pager:\n    command: [/no/such/program]\n"
    )
    points = _points(shell, status=1)
    assert points["demo", "secrets"][0].startswith("FAIL")
    assert points["machine", "alarms to desk"][0].startswith("FAIL")
    assert points["machine", "alarms to pager"][0].startswith("FAIL")


def test_a_copy_in_object_storage_is_not_asked_but_must_be_possible(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = "  steps:\n    - replicate: s3://bucket/copies\n"
    _collection(shell, site, f"schedule:\n  every: 1d\n{steps}")
    assert _points(shell)["demo", "copy"][0].startswith("NOT CHECKED")
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    found = _points(shell, status=1)["demo", "copy"][0]
    assert found.startswith("FAIL")
    assert "obstore" in found


@pytest.mark.usefixtures("forked_program")
def test_targets_that_are_not_there_are_found(shell: Shell, site: Site, tmp_path: Path) -> None:
    steps = f"  steps:\n    - replicate: {tmp_path}/none\n    - export: {tmp_path}/none/t.csv\n"
    _collection(shell, site, f"schedule:\n  every: 1d\n{steps}  alive_file: {tmp_path}/none/alive\n")
    points = _points(shell, status=1)
    for about in ("copy", "export", "alive file"):
        assert points["demo", about][0].startswith("FAIL")
    (tmp_path / "none").mkdir()
    points = _points(shell)
    assert points["demo", "copy"][0].startswith("WARN")
    assert "same disk" in points["demo", "copy"][0]
    assert points["demo", "scheduler"][0].startswith("WARN")
    shell("schedule", "once", status=None)
    assert _points(shell)["demo", "scheduler"][0].startswith("OK")


def test_a_full_disk_is_found(shell: Shell, site: Site) -> None:
    _collection(shell, site, "min_free_mb: 1000000000\n")
    assert _points(shell, status=1)["demo", "disk"][0].startswith("FAIL")


def test_what_a_run_that_was_cut_short_left_is_found_unless_somebody_is_writing(shell: Shell, site: Site) -> None:
    _collection(shell, site)
    shell("capture", "demo")
    paths = CollectionPaths(shell.archives, "demo")
    (paths.archive / "x.warc.gz.open").write_bytes(b"")
    assert _points(shell)["demo", "leftovers"][0].startswith("WARN")
    paths.lock.write_text("preserve capture demo (process 1)\n")
    assert ("demo", "lock") not in _points(shell)
    with paths.lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        points = _points(shell)
    assert "preserve capture demo" in points["demo", "lock"][0]
    assert ("demo", "leftovers") not in points
    (paths.archive / "x.warc.gz.open").unlink()


def test_a_clock_before_the_last_run_is_found(shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    _collection(shell, site)
    shell("capture", "demo")
    earlier = time.time() - 3600
    monkeypatch.setattr(time, "time", lambda: earlier)
    assert _points(shell, status=1)["demo", "clock"][0].startswith("FAIL")
    monkeypatch.setattr(time, "time", lambda: 86_400.0)
    assert _points(shell, status=1)["machine", "clock"][0].startswith("FAIL")


@pytest.mark.parametrize(("state", "mark"), [(5, "WARN"), (0, "OK"), (-1, "NOT CHECKED")])
def test_the_kernel_says_whether_the_clock_is_kept(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch, state: int, mark: str
) -> None:
    class Library:
        def adjtimex(self, _buffer: object) -> int:
            return state

    _collection(shell, site)
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: Library())
    assert _points(shell)["machine", "clock"][1].startswith(mark)


def test_locks_that_keep_nobody_apart_are_found(shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    _collection(shell, site)
    monkeypatch.setattr(fcntl, "flock", lambda *_words: None)
    assert _points(shell, status=1)["machine", "locks"][0].startswith("FAIL")


def test_a_network_file_system_is_told(shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    _collection(shell, site)
    monkeypatch.setattr(machine, "_file_system", lambda _folder: "nfs4")
    assert any("nfs4" in line for line in _points(shell)["machine", "archives"])


def test_folders_that_are_not_there_or_cannot_be_written_to_are_found(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.page("/a", b"x")
    shell.site_collection("demo", site, "/a", layouts="[]")
    points = _points(shell, status=1)
    assert points["machine", "archives"][0].startswith("FAIL")
    assert points["demo", "archive"][0].startswith("WARN")
    shell("init", "demo")

    def refuse(*_words: object, **_named: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    points = _points(shell, status=1)
    assert points["machine", "archives"][0].startswith("FAIL")
    assert points["machine", "temporary files"][0].startswith("FAIL")


@pytest.mark.damages
@pytest.mark.parametrize("what", ["alarms.sqlite", "demo", "demo/capture.sqlite"])
def test_rubbish_beside_the_archives_is_found(shell: Shell, site: Site, what: str) -> None:
    _collection(shell, site, "schedule:\n  every: 1d\n")
    path = shell.archives / ".schedule" / what
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"rubbish" * 100)
    points = _points(shell, status=1)
    assert any(line.startswith("FAIL") for lines in points.values() for line in lines)


def test_a_key_whose_archive_is_not_there_is_a_disk_that_may_not_be_mounted(shell: Shell, site: Site) -> None:
    _collection(shell, site)
    (shell.archives / "demo").rename(shell.folder / "elsewhere")
    assert "its key is here" in _points(shell, status=1)["demo", "archive"][0]
    assert "mounted" in shell("status", status=1)


def test_a_file_in_the_place_of_a_folder_is_found(shell: Shell, site: Site) -> None:
    _collection(shell, site)
    (shell.archives / "demo" / "receipts").write_bytes(b"")
    assert _points(shell, status=1)["demo", "archive"][0].startswith("FAIL")


@pytest.mark.damages
@pytest.mark.parametrize("what", ["marker", "checkpoint"])
def test_an_archive_that_cannot_be_used_is_found(shell: Shell, site: Site, what: str) -> None:
    _collection(shell, site)
    shell("capture", "demo")
    getattr(CollectionPaths(shell.archives, "demo"), what).write_bytes(b"\x00rubbish")
    points = _points(shell, status=1)
    assert any(line.startswith("FAIL") for (of, _about), lines in points.items() if of == "demo" for line in lines)


def test_a_collection_that_is_not_configured_is_told(shell: Shell, site: Site) -> None:
    shell("doctor", "unknown", status=3)
    _collection(shell, site).rename(shell.config / "collections" / "other.yaml")
    shell("doctor", "demo", status=3)
    assert "not captured any more" in shell.errors
    shell("doctor", "../etc", status=2)


def test_where_there_is_no_collection_yet_that_is_said_and_nothing_is_wrong(shell: Shell) -> None:
    told = shell("doctor")
    assert "there is no collection yet; `preserve new NAME URL`" in told
    assert "nothing stands in the way" in told
    assert shell("status", status=0)


def test_archives_that_are_gone_are_missed_where_a_key_is_left(shell: Shell) -> None:
    _keys_of(shell).mkdir(parents=True)
    assert "there is no folder" in shell("doctor", status=1)
