"""A task that ends its process costs itself, and no other."""

import os
import signal

import pytest

from preserve.cluster.engine import NextTask
from preserve.cluster.processes import ProcessEngine
from preserve.cluster.task import FileTask
from tests.engines import whole_outcome

pytestmark = pytest.mark.slow


def _run(task: FileTask) -> bytes:
    if task.name == "kills":
        os.kill(os.getpid(), signal.SIGKILL)
    if task.name == "raises":
        raise ValueError(task.name)
    return task.name.encode()


def _tasks(*names: str) -> NextTask:
    left = [FileTask("job", "", "", "", name, None) for name in names]
    return lambda: left.pop(0) if left else None


def test_what_kills_its_process_costs_itself_only() -> None:
    engine = ProcessEngine(2, _run)
    try:
        outcomes = {}
        for outcome in engine.work(_tasks("a", "kills", "b", "raises", "c")):
            outcomes[outcome.task.name] = whole_outcome(outcome)
        assert {name: outcome.data for name, outcome in outcomes.items()} == {
            "a": b"a",
            "b": b"b",
            "c": b"c",
            "kills": None,
            "raises": None,
        }
        assert "killed" in outcomes["kills"].reason
        assert outcomes["raises"].reason == "the task failed: ValueError"
        # What runs tasks is whole after it.
        assert [whole_outcome(outcome).data for outcome in engine.work(_tasks("d"))] == [b"d"]
    finally:
        engine.close()
