"""How long a process of a leased collection may live: its parent writes the end of the lease to its stdin.

It kills itself, with all that it made, once that time is over or its parent is gone: what it would seal and sign by
then is a history that another machine knows nothing of. Its parent need not be able to: it may be stopped, or dead.

Tested by ``tests/unit/schedule/test_lifeline.py``.
"""

import os
import select
import signal
import threading
import time
from typing import NoReturn

_STDIN = 0
_LOOK_S = 0.5


def uptime_s() -> float:
    """Seconds on a clock that nobody sets and that goes on while the machine sleeps, where there is one.

    The same for all processes of a machine.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def line_of(until_s: float) -> bytes:
    """What is written to the stdin of a process that may live until then, by `uptime_s`."""
    return b"%.3f\n" % until_s


def live_until(until_s: float) -> None:
    """Ends this process when its time is over, which stdin may put off; watched by a thread from now on."""
    threading.Thread(target=_watch, args=(until_s,), name="lifeline", daemon=True).start()


def _watch(until_s: float) -> None:
    rest = b""
    while uptime_s() <= until_s:
        if not select.select([_STDIN], [], [], _LOOK_S)[0]:
            continue
        data = os.read(_STDIN, 4096)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        if lines:
            until_s = float(lines[-1])
    _end()


def _end() -> NoReturn:
    """Kills this process and, where it leads a group of its own, all of that."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError
