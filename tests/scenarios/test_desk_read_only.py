"""The desk as another user on an archive that nobody may write to, and the logs that whoever writes leaves behind."""

import ctypes
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from preserve.errors import EnvironmentFaultError, LockedError
from preserve.store.database import connect, require_still
from tests.desk import CABLE, DemoFolder, demo, desk
from tests.shell import Shell
from tests.site import Site

__all__ = ["demo", "desk"]

_ROOT = Path(__file__).parents[2]
_NOBODY = 65_534
_ASK = """
import json, sys
from pathlib import Path
from starlette.testclient import TestClient
from preserve.web.application import Desk
from preserve.web.settings import DeskSettings
folder = Path(sys.argv[1])
settings = DeskSettings(archives=folder / "archives", config_dir=folder / "config",
                        keys=folder / "no-keys", hosts=frozenset({"testserver"}))
client = TestClient(Desk(settings, lambda text: print(text, file=sys.stderr)))
for path in sys.argv[2:]:
    answer = client.get(path)
    print(json.dumps([path, answer.status_code, answer.text]))
"""


def _still(folder: Path) -> None:
    """Nobody writes there from now on."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)


def _writable(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture
def medium(demo: DemoFolder) -> Iterator[Path]:
    """A copy of the demonstration that is read only, at a place that other users reach."""
    folder = Path(tempfile.mkdtemp(prefix="preserve-medium-"))
    try:
        for name in ("archives", "config"):
            shutil.copytree(demo.folder / name, folder / name)
        if os.geteuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, _NOBODY, _NOBODY)
        _still(folder)
        yield folder
    finally:
        _writable(folder)
        shutil.rmtree(folder)


def _without_rights() -> None:
    """Takes from root what lets it pass over the rights of files (prctl(2), PR_CAPBSET_DROP), from the next exec on."""
    for capability in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
        if ctypes.CDLL(None, use_errno=True).prctl(24, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")


def _ask(folder: Path, *paths: str) -> dict[str, tuple[int, str]]:
    """Answers of a desk of whoever may not write there: root is another user, without its rights over files."""
    other: dict[str, Any] = {"preexec_fn": _without_rights} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [sys.executable, "-c", _ASK, str(folder), *paths],
        capture_output=True,
        cwd="/",
        check=False,
        timeout=120,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(_ROOT),
            "HOME": "/nonexistent",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        **other,
    )
    assert done.returncode == 0, done.stderr.decode()[-2_000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {path: (status, text) for path, status, text in found}


_PATHS = (
    "/",
    "/search?q=harbour",
    f"/cable/{CABLE}",
    f"/cable/{CABLE}/history",
    f"/graph/{CABLE}",
    "/statement/demo/5",
    "/operator",
    "/collection/demo",
    "/healthz",
)


def test_another_user_reads_from_a_folder_that_nobody_writes_to(medium: Path) -> None:
    before = sorted(str(path) for path in medium.rglob("*"))
    found = _ask(medium, *_PATHS)
    assert {path: status for path, (status, _text) in found.items()} == dict.fromkeys(_PATHS, 200)
    assert json.loads(found["/healthz"][1]) == {"good": True, "collections": ["demo"], "troubles": {}}
    assert "PASS" in found[f"/cable/{CABLE}"][1]
    assert CABLE in found["/search?q=harbour"][1]
    assert sorted(str(path) for path in medium.rglob("*")) == before


def test_a_log_that_cannot_be_read_is_told_and_the_past_is_not_shown(medium: Path) -> None:
    state = medium / "archives" / "demo" / "state"
    _writable(medium)
    for path in state.glob("catalogue.sqlite-*"):
        path.unlink()
    copy = state / "copy.sqlite"
    shutil.copy(state / "catalogue.sqlite", copy)
    with sqlite3.connect(copy) as database:
        database.execute("PRAGMA wal_autocheckpoint = 0")
        database.execute("CREATE TABLE more (a)")
        database.commit()
        shutil.copy(f"{copy}-wal", state / "catalogue.sqlite-wal")
    database.close()
    assert (state / "catalogue.sqlite-wal").stat().st_size > 0
    _still(medium)
    found = _ask(medium, "/", f"/cable/{CABLE}.json")
    assert found["/"][0] == 503
    assert "preserve list" in json.loads(found[f"/cable/{CABLE}.json"][1])["next_step"]


def _logs(shell: Shell) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (shell.archives / "demo" / "state").glob("*-wal")}


def test_whoever_writes_leaves_no_log_behind(shell: Shell, site: Site) -> None:
    site.page("/", b"<p>page</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    for words in (("capture", "demo"), ("rebuild", "demo"), ("list",), ("reread", "demo"), ("index", "demo")):
        shell(*words, status=None)
        assert not any(_logs(shell).values()), words


def test_a_log_is_taken_in_beside_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "one.sqlite"
    given: dict[str, Any] = {"schema": "CREATE TABLE one (a)", "version": 1, "next_step": ""}
    connect(path, **given).close()
    reader = connect(path, **given, read_only=True)
    writer = connect(path, **given)
    with writer:
        writer.execute("INSERT INTO one VALUES (1)")
    writer.execute("INSERT INTO one VALUES (2)")
    writer.close()
    assert path.with_name("one.sqlite-wal").stat().st_size == 0
    assert reader.execute("SELECT a FROM one").fetchall() == [(1,)]
    reader.close()


def test_what_is_read_without_locks_must_not_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "still" / "one.sqlite"
    path.parent.mkdir()
    given: dict[str, Any] = {"schema": "CREATE TABLE one (a)", "version": 1, "next_step": ""}
    connect(path, **given).close()
    opened = sqlite3.connect

    def refuse(name: object, **named: Any) -> sqlite3.Connection:
        if "mode=ro" in str(name):
            raise _cannot_open()
        made: sqlite3.Connection = opened(str(name), **named)
        return made

    def _cannot_open() -> sqlite3.OperationalError:
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        return error

    with monkeypatch.context() as patch:
        patch.setattr("preserve.store.database.sqlite3.connect", refuse)
        patch.setattr("preserve.store.database.os.access", lambda *_given: False)
        reader = connect(path, **given, read_only=True)
    require_still(reader, "it")
    with connect(path, **given) as writer:
        writer.execute("INSERT INTO one VALUES (1)")
    writer.close()
    with pytest.raises(LockedError, match="written to while it was read"):
        require_still(reader, "it")
    reader.close()


def test_a_log_beside_a_file_that_cannot_be_locked_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "one.sqlite"
    path.write_bytes(b"")
    path.with_name("one.sqlite-wal").write_bytes(b"frames")

    def refuse(*_given: object, **_named: object) -> sqlite3.Connection:
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error

    monkeypatch.setattr("preserve.store.database.sqlite3.connect", refuse)
    monkeypatch.setattr("preserve.store.database.os.access", lambda *_given: False)
    with pytest.raises(EnvironmentFaultError, match="has a log that cannot be read"):
        connect(path, schema="", version=1, next_step="", read_only=True)
