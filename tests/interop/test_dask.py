"""Workers of Dask read the files, in processes of their own: the report is that of one process."""

import json
import mmap
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from preserve.cli.main import main
from preserve.cluster.daskengine import DaskEngine
from preserve.cluster.results import Result
from preserve.cluster.task import FileTask
from tests.engines import whole_outcome
from tests.interop.conftest import COPY
from tests.shell import Shell

pytestmark = [pytest.mark.slow, pytest.mark.damages]


@pytest.fixture
def address(copied: Shell) -> Iterator[str]:
    """A scheduler with three workers, which have the environment of this process."""
    import distributed  # noqa: PLC0415 - it is slow to load

    cluster: Any = distributed.LocalCluster
    with cluster(n_workers=3, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0") as ours:
        yield str(ours.scheduler_address).replace("tcp://", "dask://")


def _report(shell: Shell, what: str, *words: str, status: int = 0) -> str:
    return json.dumps(shell.json("verify", what, *words, status=status)["collections"])


def test_three_workers_say_what_one_process_says(copied: Shell, address: str) -> None:
    assert _report(copied, "demo", "--on", address) == _report(copied, "demo", "--deep")
    assert _report(copied, COPY, "--on", address) == _report(copied, COPY)
    path = sorted((copied.archives / "demo" / "archive").iterdir())[1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    assert _report(copied, "demo", "--on", address, status=1) == _report(copied, "demo", "--deep", status=1)


def test_workers_fetch_the_files_that_they_read(
    copied: Shell, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    here, there = tmp_path / "here", tmp_path / "there"
    files = sorted((copied.archives / "demo" / "archive").iterdir())
    for command in ("index", "extract"):
        assert main([command, *map(str, files), "-o", str(here)]) == 0
        assert main([command, COPY, "--on", address, "-o", str(there)]) == 0
        assert here.read_bytes() == there.read_bytes() != b""


MUCH = b"0123456789" * (1 << 20)
"""More than two pieces."""


def _kills_its_worker(task: FileTask) -> Result:
    if task.name == "kills":
        os.kill(os.getpid(), signal.SIGKILL)
    if task.name == "much":
        with tempfile.TemporaryFile() as file:
            file.write(MUCH)
            file.flush()
            return mmap.mmap(file.fileno(), len(MUCH), prot=mmap.PROT_READ)
    return task.name.encode()


def _tasks(*names: str) -> Callable[[], FileTask | None]:
    left = [FileTask("job", "", "", "", name, None) for name in names]
    return lambda: left.pop(0) if left else None


def test_what_kills_its_worker_costs_itself_only(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.cluster.daskengine.run_task", _kills_its_worker)
    engine = DaskEngine(address.replace("dask://", "tcp://"))
    try:
        outcomes = {}
        for outcome in engine.work(_tasks("a", "kills", "b", "much", "c")):
            outcomes[outcome.task.name] = whole_outcome(outcome)
    finally:
        engine.close()
    assert {name: outcome.data for name, outcome in outcomes.items()} == {
        "a": b"a",
        "b": b"b",
        "c": b"c",
        "kills": None,
        "much": MUCH,
    }
    assert "killed" in outcomes["kills"].reason
