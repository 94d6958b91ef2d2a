"""The browser's driver as a process of its own: ended whatever it does, and started again for the next page.

Tested by ``tests/unit/crawler/test_browser_visit.py`` and, with Chromium, ``tests/scenarios/test_browser.py``.
"""

import json
import os
import queue
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from preserve.crawler.browser.takes import too_much
from preserve.crawler.browser.ways import OWN_USER, own_folder, program_of, temporary_folder
from preserve.errors import EnvironmentFaultError, install_step
from preserve.regular import read_regular

PATH_VARIABLE = "PRESERVE_CHROMIUM"
_MARK = "PRESERVE_DRIVER"
"""By this word in its environment a browser is found that did not end with its driver."""
_PASSED = re.compile(
    r"PATH|HOME|LANG|LANGUAGE|LC_[A-Z]+|TZ|LD_LIBRARY_PATH|PYTHON(PATH|HOME)|XDG_[A-Z_]+|FONTCONFIG_[A-Z]+"
)
"""What driver and browser get of the environment; whatever else is in it is none of a page's business."""
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_MAX_LINE_BYTES = 1 << 20
"""A line of the driver: an address, or the facts of a page."""
_GRACE_S = 30.0
"""How long a page's driver may go on behind the time that it was given, for pictures and for the browser's end."""
_KILLED_S = 5.0
"""How long the end of what was killed is waited for."""
_KILL_AGAIN_S = 0.02
_LOOK_S = 1.0
"""How often it is looked at what a browser takes of the machine."""


class LostBrowserError(Exception):
    """The browser or its driver ended, or did not end in time."""


def find_browser() -> str:
    """The path of Chromium.

    Raises:
        EnvironmentFaultError: it, or what drives it, is not installed.
    """
    if find_spec("playwright") is None:
        raise EnvironmentFaultError(
            "pages of this collection need a browser, and Playwright, which drives it, is not installed",
            next_step=install_step("browser"),
        )
    named = os.environ.get(PATH_VARIABLE)
    found = named if named and Path(named).is_file() else None
    if not named:
        found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        where = f": {PATH_VARIABLE} names no file: {named}" if named else ""
        raise EnvironmentFaultError(
            f"pages of this collection need a browser, and there is none{where}",
            next_step=f"Install chromium, or name it in {PATH_VARIABLE}.",
        )
    return found


class Driver:
    """The process. One page at a time; not for more than one thread. ``browser``: the path of Chromium."""

    def __init__(self, browser: str) -> None:
        self._browser = browser
        self._process: subprocess.Popen[bytes] | None = None
        self._mark = ""
        self._scratch: Path | None = None
        """Where driver and browser put what they need for themselves; it goes with them."""
        self._as_user: Path | None = None
        """The program that is Chromium as another user."""
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def visit(self, job: Mapping[str, Any], asks: Callable[[str, bool], None]) -> dict[str, Any]:
        """Has a page loaded; gives what is told at its end. ``asks`` takes each address that the page asks for.

        ``user`` of the job: which user Chromium becomes; None: that of the program.

        Raises:
            LostBrowserError: there is no end.
        """
        until = time.monotonic() + float(job["seconds"]) + _GRACE_S
        try:
            process, scratch = self._running()
            with _profile(job.get("user"), scratch) as profile:
                placed = {**job, "browser": self._program(job.get("user"), scratch), "profile": str(profile)}
                if process.stdin is not None:
                    process.stdin.write(json.dumps(placed).encode() + b"\n")
                    process.stdin.flush()
                return self._done(until, asks, lambda: too_much(process.pid, scratch))
        except PermissionError as error:
            self.end()
            return {"state": "failed", "why": f"not allowed: {error}", "refused": OWN_USER}
        except OSError as error:
            self.end()
            raise LostBrowserError(f"the browser's driver ended: {error}") from error
        except LostBrowserError:
            self.end()
            raise

    def _done(self, until: float, asks: Callable[[str, bool], None], look: Callable[[], str]) -> dict[str, Any]:
        """What is told at the end of a page. ``look`` says why it is to be ended before."""
        look_at = time.monotonic() + _LOOK_S
        while True:
            line = self._line(min(until, look_at))
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + _LOOK_S
                if why := look():
                    raise LostBrowserError(why)
            if line == b"":
                if time.monotonic() >= until:
                    raise LostBrowserError("the page did not come to an end, and its browser was ended")
                continue
            match _read_line(line):
                case {"asks": str() as url, "main": bool() as is_main}:
                    asks(url, is_main)
                case {"done": dict() as done}:
                    return done
                case _:
                    raise LostBrowserError("the browser's driver says what nobody understands")

    def _line(self, until: float) -> bytes:
        """What the driver says next; nothing where it says nothing until then."""
        try:
            line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return b""
        if line is None:
            raise LostBrowserError("the browser's driver ended")
        return line

    def _program(self, user: int | None, scratch: Path) -> str:
        if user is None:
            return self._browser
        if self._as_user is None:
            self._as_user = program_of(user, self._browser, scratch)
        return str(self._as_user)

    def _running(self) -> "tuple[subprocess.Popen[bytes], Path]":
        """The process, and where it puts what it needs for itself."""
        if self._process is None or self._scratch is None or self._process.poll() is not None:
            self.end()
            environment = {name: value for name, value in os.environ.items() if _PASSED.fullmatch(name)}
            self._scratch = Path(tempfile.mkdtemp(prefix="preserve-browser-", dir=temporary_folder()))
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
        return self._process, self._scratch

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
        self._as_user = None
        scratch, self._scratch = self._scratch, None
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def _read_line(line: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


@contextmanager
def _profile(user: int | None, scratch: Path) -> Iterator[Path]:
    """The folder of a browser's profile, for one page."""
    folder = own_folder(user, scratch / f"profile-{secrets.token_hex(8)}")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def end_when_alone(parent: int, folders: Sequence[Path]) -> None:
    """Waits until the process that began this one is gone; then ends all that this one began, and itself.

    For the driver: a page may hold it for ever, and who would have ended it was killed. ``folders`` go with it, and the
    one that was made for it.
    """
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    mark = os.environ.get(_MARK)
    if mark:
        _kill_marked(f"{_MARK}={mark}".encode(), spared=os.getpgid(0))
        # With a mark there is a folder, too; without one it would be that of all programs.
        for folder in (*folders, Path(os.environ["TMPDIR"])):
            shutil.rmtree(folder, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)


def _kill_marked(mark: bytes, spared: int = 0) -> None:
    """Kills the groups of processes that were begun with a mark: a browser leads a group of its own.

    Again while there are any, for a process may have begun another meanwhile, and a while for their ends: they may
    write until then. ``spared``: a group that is not killed.
    """
    until = time.monotonic() + _KILLED_S
    while (found := _groups(mark) - {spared}) and time.monotonic() < until:
        for group in found:
            with suppress(OSError):
                os.killpg(group, signal.SIGKILL)
        time.sleep(_KILL_AGAIN_S)


def _groups(mark: bytes) -> set[int]:
    found = set[int]()
    for number in _marked(mark):
        with suppress(OSError):
            found.add(os.getpgid(number))
    return found


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
