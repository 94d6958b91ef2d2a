"""The browser's driver as a process of its own: ended whatever it does, and started again for the next page.

Tested by ``tests/unit/crawler/test_browser_visit.py`` and, with Chromium, ``tests/scenarios/test_browser.py``.
"""

import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from preserve.errors import EnvironmentFaultError
from preserve.regular import read_regular

PATH_VARIABLE = "PRESERVE_CHROMIUM"
_MARK = "PRESERVE_DRIVER"
"""By this word in its environment a browser is found that did not end with its driver."""
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_MAX_LINE_BYTES = 1 << 20
"""A line of the driver: an address, or the facts of a page."""
_GRACE_S = 30.0
"""How long a page's driver may go on behind the time that it was given, for pictures and for the browser's end."""
_KILLED_S = 5.0
"""How long the end of what was killed is waited for."""
_KILL_AGAIN_S = 0.02


class LostBrowserError(Exception):
    """The browser or its driver ended, or did not end in time."""


def find_browser() -> str:
    """The path of Chromium.

    Raises:
        EnvironmentFaultError: it, or what drives it, is not installed.
    """
    if find_spec("playwright") is None:
        raise EnvironmentFaultError("pages of this collection need a browser: pip install 'preserve-warc[browser]'")
    named = os.environ.get(PATH_VARIABLE)
    found = named if named and Path(named).is_file() else None
    if not named:
        found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        where = (
            f"{PATH_VARIABLE} names no file: {named}" if named else f"install chromium, or name it in {PATH_VARIABLE}"
        )
        raise EnvironmentFaultError(f"pages of this collection need a browser, and there is none: {where}")
    return found


class Driver:
    """The process. One page at a time; not for more than one thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._mark = ""
        self._scratch: Path | None = None
        """Where driver and browser put what they need for themselves; it goes with them."""
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def visit(self, job: Mapping[str, Any], asks: Callable[[str, bool], None]) -> dict[str, Any]:
        """Has a page loaded; gives what is told at its end. ``asks`` takes each address that the page asks for.

        Raises:
            LostBrowserError: there is no end.
        """
        until = time.monotonic() + float(job["seconds"]) + _GRACE_S
        try:
            process = self._running()
            if process.stdin is not None:
                process.stdin.write(json.dumps(job).encode() + b"\n")
                process.stdin.flush()
            return self._done(until, asks)
        except OSError as error:
            self.end()
            raise LostBrowserError(f"the browser's driver ended: {error}") from error
        except LostBrowserError:
            self.end()
            raise

    def _done(self, until: float, asks: Callable[[str, bool], None]) -> dict[str, Any]:
        """What is told at the end of a page."""
        while True:
            match self._line(until):
                case {"asks": str() as url, "main": bool() as is_main}:
                    asks(url, is_main)
                case {"done": dict() as done}:
                    return done
                case _:
                    raise LostBrowserError("the browser's driver says what nobody understands")

    def _line(self, until: float) -> Any:  # noqa: ANN401 - JSON
        try:
            line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise LostBrowserError("the page did not come to an end, and its browser was ended") from None
        if line is None:
            raise LostBrowserError("the browser's driver ended")
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            return None

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self.end()
            # What is secret to the program is none of a page's business.
            environment = {name: value for name, value in os.environ.items() if not name.startswith("PRESERVE_")}
            self._scratch = Path(tempfile.mkdtemp(prefix="preserve-browser-"))
            environment["TMPDIR"] = str(self._scratch)
            environment[_MARK] = secrets.token_hex(16)
            self._mark = f"{_MARK}={environment[_MARK]}"
            self._process = subprocess.Popen(
                [sys.executable, "-m", "preserve.crawler.browser.driver"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
            self._lines = queue.SimpleQueue()
            threading.Thread(target=_read, args=(self._process, self._lines), daemon=True, name="driver").start()
        return self._process

    def kill(self) -> None:
        """Kills the driver and every process that it started, from any thread; `visit` then ends."""
        process = self._process
        if process is not None and process.poll() is None:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
        if self._mark:
            _kill_marked(self._mark.encode())

    def end(self) -> None:
        """Ends the driver and every process that it started."""
        self.kill()
        process, self._process = self._process, None
        if process is not None:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
        scratch, self._scratch = self._scratch, None
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def _kill_marked(mark: bytes) -> None:
    """Kills the groups of processes that were begun with a mark: a browser leads a group of its own.

    Again while there are any, for a process may have begun another meanwhile, and a while for their ends: they may
    write until then.
    """
    until = time.monotonic() + _KILLED_S
    while (found := _marked(mark)) and time.monotonic() < until:
        for number in found:
            with suppress(OSError):
                os.killpg(os.getpgid(number), signal.SIGKILL)
        time.sleep(_KILL_AGAIN_S)


def _marked(mark: bytes) -> list[int]:
    """Numbers of the processes that have a mark in their environment. One that has ended has none any more."""
    found: list[int] = []
    with suppress(OSError):
        found += [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _has_mark(entry, mark)]  # noqa: PTH208
    return found


def _has_mark(entry: str, mark: bytes) -> bool:
    with suppress(OSError):
        return mark in read_regular(Path("/proc", entry, "environ")).split(b"\0")
    return False


def _read(process: "subprocess.Popen[bytes]", lines: "queue.SimpleQueue[bytes | None]") -> None:
    with suppress(OSError, ValueError):
        while process.stdout is not None and (line := process.stdout.readline(_MAX_LINE_BYTES)):
            lines.put(line)
    lines.put(None)
