"""A process that dies at any statement that it gives the book of alarms: nothing is lost, nothing told twice."""

import os
from pathlib import Path
from typing import Any

import pytest

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.alarms.deliver import deliver
from preserve.alarms.values import AlarmMessage
from preserve.config.alarm_kinds import AlarmKind
from tests.unit.alarms.telling import START, configured, found

pytestmark = pytest.mark.crash

_CONFIG = configured(keeper={"command": ["/bin/true"]}, desk={"command": ["/bin/true"]})
_SEEN = [
    [found(1)],
    [found(2), found(2, kind=AlarmKind.TEXT_CHANGED, items=("A",)), found(2, kind=AlarmKind.DISK_LOW)],
    [found(3, bad=False), found(3, kind=AlarmKind.TEXT_CHANGED, items=("B",))],
]


def _work(folder: Path, trace: Any = None) -> None:
    """Goes on where the mark says, and sends after each look."""
    with AlarmDatabase.open(folder) as book:
        book._db.set_trace_callback(trace)
        for number in range(book.mark("tides", "seen") or 0, len(_SEEN)):
            deliver(book, _CONFIG, str, lambda: START)
            book.observe(_SEEN[number], _CONFIG.in_force, START, {("tides", "seen"): number + 1})
        deliver(book, _CONFIG, str, lambda: START)
        assert book.unsent() == []


def _dies(folder: Path, stop: int) -> bool:
    """True where a process of its own came to its ``stop``-th statement, and died there."""
    child = os.fork()
    if child == 0:
        left = [stop]

        def trace(_statement: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                os._exit(137)

        try:
            _work(folder, trace)
        except BaseException:  # noqa: BLE001 - nothing of the tests' own may run in this process
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, 137}
    return status == 137


@pytest.mark.slow
def test_a_process_that_dies_at_any_statement_loses_no_alarm_and_tells_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(folder: Path) -> dict[str, list[str]]:
        """What each channel has, one that leaves out an id that it has seen."""
        seen: dict[str, dict[str, str]] = {}
        for line in (folder / "told").read_text().splitlines():
            channel, own_id, rest = line.split(" ", 2)
            seen.setdefault(channel, {}).setdefault(own_id, rest)
        return {channel: list(messages.values()) for channel, messages in seen.items()}

    def run(_channel: object, _patience: object, message: AlarmMessage) -> None:
        with Path("told").open("a", encoding="utf-8") as file:
            what = f"{message.event} {message.kind} {message.times} {','.join(message.items)}"
            file.write(f"{message.channel} {message.id} {what}\n")

    monkeypatch.setattr("preserve.alarms.deliver.run", run)
    whole: dict[str, list[str]] = {}
    for stop in range(10_000):
        folder = tmp_path / str(stop)
        folder.mkdir()
        monkeypatch.chdir(folder)
        died = _dies(folder, stop) if stop else False
        _work(folder)
        if stop == 0:
            whole = told(folder)
            assert [line.split()[:2] for line in whole["keeper"]] == [
                ["raised", "capture-failing"], ["happened", "text-changed"], ["raised", "disk-low"],
                ["resolved", "capture-failing"], ["happened", "text-changed"],
            ]  # fmt: skip
        else:
            assert told(folder) == whole
            if not died:
                assert stop > 50
                return
    pytest.fail("it never came to its end")
