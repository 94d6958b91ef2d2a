"""Processes that end with the lease of their collection, whatever becomes of who made them."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from preserve.schedule.lifeline import line_of, uptime_s
from tests.processes import is_alive, until

_PROGRAM = """
import subprocess, sys, time
from preserve.schedule import lifeline
made = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.DEVNULL)
print(made.pid, flush=True)
lifeline.live_until(float(sys.argv[1]))
time.sleep(600)
"""
_LONG_S = 1e6


@pytest.fixture
def process() -> Iterator["subprocess.Popen[bytes]"]:
    """One that may live for long, with a process that it made."""
    until_s = uptime_s() + _LONG_S
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(until_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as made:
        yield made
        made.kill()


@pytest.mark.parametrize("is_told", [True, False])
def test_it_and_what_it_made_are_killed(process: "subprocess.Popen[bytes]", is_told: bool) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    made = int(process.stdout.readline())
    process.stdin.write(line_of(uptime_s() + 2 * _LONG_S))
    process.stdin.flush()
    assert process.poll() is None
    if is_told:
        process.stdin.write(line_of(0.0))
    process.stdin.close()
    assert process.wait(60) == -signal.SIGKILL
    until(lambda: not is_alive(made))
