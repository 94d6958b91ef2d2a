"""Processes that help to read files end with the one that they help, however that ends."""

import os
import signal
import subprocess
import sys

import pytest

from tests.processes import is_alive, until

_PROGRAM = """
import os, sys, time
from preserve.readers.segments import SegmentReader

with SegmentReader(lambda name, spots: [], processes=2, total_bytes=0) as reader:
    pids = {reader.begin(os.getpid)() for _number in range(50)}
    reader.begin(time.sleep, 600)
    print(*pids, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="processes are looked up in /proc")  # noqa: PTH112
def test_helpers_end_when_their_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert pids
    assert all(is_alive(pid) for pid in pids)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until(lambda: not any(is_alive(pid) for pid in pids))
