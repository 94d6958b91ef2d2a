"""The program as a process of its own, which is asked to stop when the schedule is, and ends when the schedule dies.

Tested by ``tests/unit/schedule/test_steps.py``.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import BinaryIO

from msgspec import Struct

from preserve.limits import MIB
from preserve.schedule.lifeline import line_of, uptime_s

_LOOK_S = 0.5
_MAX_REPORT_BYTES = 64 * MIB
_MESSAGE = "preserve: "
_MAX_LINE_BYTES = 4096
_LAST_WORDS_S = 5.0
_PATIENCE_S = 600.0
"""How long a process may take to end after it was asked to at its time limit."""


class ChildEnd(Struct, frozen=True, kw_only=True):
    """How a process ended: its exit status (negative: the signal that killed it), and the JSON object it gave, if any.

    ``said``: its last message on stderr. ``stopped``: it was asked to, because the schedule was; ``timed_out``: because
    its time was over.
    """

    status: int
    report: Mapping[str, object] | None = None
    said: str = ""
    stopped: bool = False
    timed_out: bool = False


class Asking(Struct, frozen=True, kw_only=True):
    """What a child is told while it runs. ``stop``: 0 go on, 1 finish and seal, 2 at once.

    ``until_s``: on the clock of `uptime_s`, when it must have ended, whatever it is doing; None: it may finish.
    ``environment``: variables beside ours. ``beat`` is called at each look, ``hear`` with each line that it says on
    stderr, by another thread.
    """

    stop: Callable[[], int] = lambda: 0
    until_s: Callable[[], float | None] = lambda: None
    environment: Mapping[str, str] = {}
    beat: Callable[[], None] = lambda: None
    hear: Callable[[str], None] = lambda _line: None
    time_limit_s: float = 7 * 86_400.0


def run_child(arguments: Sequence[str], asking: Asking) -> ChildEnd:
    """Runs the program with ``arguments`` to its end. Its stdout is its report, what it says on stderr is heard.

    When ``asking.stop`` says so, or its time is over, it gets SIGTERM once, finishes what is being written and seals
    it; one that does not end ten minutes after its time is killed. Once ``asking.until_s`` is over, or we are dead,
    it is killed at once, and kills itself (`preserve.schedule.lifeline`).

    Raises:
        OSError: it cannot be started.
    """
    with tempfile.TemporaryFile() as report:
        until_s = asking.until_s()
        way = ["--until-stdin-closes"] if until_s is None else [f"--live-until={until_s:.3f}"]
        # A session of its own: Ctrl-C reaches it once, through us. Its stdin closes when we die, however we do.
        process = subprocess.Popen(  # noqa: S603 - our own program, a list of arguments
            [sys.executable, "-m", "preserve", *way, *arguments],
            stdin=subprocess.PIPE,
            stdout=report,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, **asking.environment},
        )
        ear = _Ear(process, asking.hear)
        try:
            stopped, timed_out = _wait(process, asking)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.wait()
            ear.close()
        return ChildEnd(
            status=process.returncode,
            report=_report(report),
            said=ear.said,
            stopped=stopped,
            timed_out=timed_out,
        )


class _Ear:
    """Hears what a process says on stderr, in a thread, line by line. ``said`` is its last message."""

    def __init__(self, process: "subprocess.Popen[bytes]", hear: Callable[[str], None]) -> None:
        self.said = ""
        self._pipe = process.stderr
        self._hear = hear
        self._thread = threading.Thread(target=self._listen, name="stderr", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Waits for the last line. A process that it made and left behind may hold the pipe: not for ever."""
        self._thread.join(_LAST_WORDS_S)

    def _listen(self) -> None:
        if self._pipe is None:
            return
        with self._pipe as pipe:
            while line := pipe.readline(_MAX_LINE_BYTES):
                text = "".join(c if c.isprintable() else " " for c in line.decode("utf-8", "replace")).rstrip()
                if text.startswith(_MESSAGE):
                    self.said = text.removeprefix(_MESSAGE)
                if text:
                    self._hear(text)


def _wait(process: "subprocess.Popen[bytes]", asking: Asking) -> tuple[bool, bool]:
    """Waits for the end; whether it was asked to stop, and whether its time was over."""
    begun = time.monotonic()
    asked, timed_out = 0, False
    until_s = None
    while True:
        try:
            process.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            until_s = _put_off(process, asking.until_s(), until_s)
            asking.beat()
            wanted = asking.stop()
            while asked < wanted:
                asked += 1
                process.send_signal(signal.SIGTERM if asked == 1 else signal.SIGINT)
            spent_s = time.monotonic() - begun
            if spent_s > asking.time_limit_s and not timed_out and not asked:
                process.send_signal(signal.SIGTERM)
                timed_out = True
            if timed_out and spent_s > asking.time_limit_s + _PATIENCE_S:
                _kill(process)
        else:
            return asked > 0, timed_out


def _put_off(process: "subprocess.Popen[bytes]", until_s: float | None, told_s: float | None) -> float | None:
    """Tells a process how long it may live, where that has changed; kills it when that is over."""
    if until_s is not None and uptime_s() > until_s:
        _kill(process)
    elif until_s is not None and until_s != told_s and process.stdin is not None:
        with suppress(OSError):
            os.write(process.stdin.fileno(), line_of(until_s))
    return until_s


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kills the process and those it made."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _report(file: BinaryIO) -> Mapping[str, object] | None:
    file.seek(0)
    try:
        value = json.loads(file.read(_MAX_REPORT_BYTES))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
