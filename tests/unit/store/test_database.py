"""A database that several processes find missing at the same moment, and one that is somebody else's."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from preserve.errors import BrokenStateError, LockedError
from preserve.store import database
from preserve.store.database import connect


def test_several_that_make_a_database_at_once_all_have_it(tmp_path: Path) -> None:
    faults: list[Exception] = []

    def make(path: Path, ready: threading.Barrier) -> None:
        ready.wait()
        try:
            connect(path, schema="CREATE TABLE one (a); CREATE TABLE other (b)", version=3, next_step="").close()
        except Exception as fault:  # noqa: BLE001 - the test tells of it
            faults.append(fault)

    for number in range(30):
        ready = threading.Barrier(5)
        threads = [threading.Thread(target=make, args=(tmp_path / f"{number}.sqlite", ready)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []


def test_a_new_database_that_another_writes_to_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("preserve.store.database.time.sleep", lambda _seconds: other.execute("COMMIT"))

    connect(path, schema="CREATE TABLE one (a)", version=1, next_step="").close()

    assert not other.in_transaction


def test_a_database_that_another_is_writing_to_is_not_read_as_one_that_never_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "held.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE one (a)")
    other.execute("PRAGMA user_version = 1")
    other.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(database, "_BUSY_S", 0.0)

    with pytest.raises(LockedError, match="locked"):
        connect(path, schema="", version=1, next_step="", read_only=True)


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("put", [Path.symlink_to, Path.hardlink_to])
def test_nothing_is_written_to_a_file_that_has_another_name(
    tmp_path: Path, end: str, put: Callable[[Path, Path], None]
) -> None:
    theirs = tmp_path / "theirs"
    with closing(sqlite3.connect(theirs)) as made:
        made.execute("CREATE TABLE precious (a)")
    before = theirs.read_bytes()
    path = tmp_path / "ours.sqlite"
    put(tmp_path / f"ours.sqlite{end}", theirs)

    with pytest.raises(BrokenStateError, match="another name"):
        connect(path, schema="CREATE TABLE one (a)", version=1, next_step="")

    assert theirs.read_bytes() == before


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    "made",
    [
        "CREATE VIEW one AS WITH RECURSIVE x (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM x) SELECT a FROM x",
        "CREATE TABLE one (a); CREATE TRIGGER t BEFORE INSERT ON one BEGIN SELECT RAISE(IGNORE); END",
    ],
)
def test_a_view_or_a_trigger_is_another_hands(tmp_path: Path, made: str, *, read_only: bool) -> None:
    path = tmp_path / "ours.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{made}; PRAGMA user_version = 1")
    with pytest.raises(BrokenStateError, match="another hand"):
        connect(path, schema="CREATE TABLE one (a)", version=1, next_step="", read_only=read_only)
