"""One writer a collection; who holds the lock for a moment only is waited for."""

import errno
import os
import threading
from pathlib import Path

import pytest

from preserve.errors import EnvironmentFaultError, LockedError
from preserve.store import durable
from preserve.store.durable import Lock


def test_who_comes_second_is_told_who_was_first_at_once(tmp_path: Path) -> None:
    path = tmp_path / "demo" / "state" / "lock"
    told = r"in use by preserve capture demo \(process \d+\)\Z"
    with Lock(path, "preserve capture demo"), pytest.raises(LockedError, match=told), Lock(path, "x"):
        pass
    with Lock(path, "x") as lock:
        assert lock.is_held


def test_who_holds_it_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "demo" / "state" / "lock"
    first, order = Lock(path, "preserve verify demo --state", is_brief=True), []

    def second() -> None:
        with Lock(path, "preserve capture demo"):
            order.append("second")

    first.__enter__()
    thread = threading.Thread(target=second)
    thread.start()
    order.append("first")
    first.__exit__(None, None, None)
    thread.join()
    assert order == ["first", "second"]
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.EACCES, "a user who may write there"), (errno.EROFS, "read-only"), (errno.ELOOP, "move it away")],
)
def test_what_helps_depends_on_why_a_lock_cannot_be_opened(
    tmp_path: Path, number: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> int:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(durable, "_open_lock", refuse)
    with pytest.raises(EnvironmentFaultError) as caught, Lock(tmp_path / "lock", "x"):
        pass
    assert told in caught.value.next_step
