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
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def visit(self, job: Mapping[str, Any], asks: Callable[[str, bool], None]) -> dict[str, Any]:
        """Has a page loaded; gives what is told at its end. ``asks`` takes each address that the page asks for.

        Raises:
            LostBrowserError: there is no end.
        """
        process = self._running()
        until = time.monotonic() + float(job["seconds"]) + _GRACE_S
        try:
            if process.stdin is not None:
                process.stdin.write(json.dumps(job).encode() + b"\n")
                process.stdin.flush()
            return self._done(until, asks)
        except OSError as error:
            self.end()
            raise LostBrowserError("the browser's driver ended") from error
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
        except ValueError:
            return None

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self.end()
            # What is secret to the program is none of a page's business.
            environment = {name: value for name, value in os.environ.items() if not name.startswith("PRESERVE_")}
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
        if process is None:
            return
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _kill_marked(mark: bytes) -> None:
    """Kills the groups of processes that were begun with a mark: a browser leads a group of its own."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError, ValueError):
            if mark in read_regular(path).split(b"\0"):
                os.killpg(os.getpgid(int(path.parent.name)), signal.SIGKILL)


def _read(process: "subprocess.Popen[bytes]", lines: "queue.SimpleQueue[bytes | None]") -> None:
    with suppress(OSError, ValueError):
        while process.stdout is not None and (line := process.stdout.readline(_MAX_LINE_BYTES)):
            lines.put(line)
    lines.put(None)
