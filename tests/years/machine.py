"""A machine whose clock a test sets: commands run in forked processes, which can be killed as by a power cut.

The programs are loaded once and forked, as a scheduler that runs 300 days would else spend its time in imports. The
clock that they read (`datetime.now`, `time.time`) is shifted, and a wait moves it; file times and monotonic clocks stay
true. A scheduler's own processes are forked the same way, into the same process group, by a process without threads.
"""

import errno
import importlib
import io
import json
import mmap
import os
import pkgutil
import socket
import struct
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, NoReturn

import preserve
from preserve.cli.main import main
from preserve.schedule.child import Asking, ChildEnd

_TRUE_TIME = time.time
_ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8"}


_OFFSET = struct.Struct("d")


class _Clock:
    """Shared by all processes that are forked from this one: who waits moves it for all."""

    _shared = mmap.mmap(-1, _OFFSET.size)

    @classmethod
    def time(cls) -> float:
        return _TRUE_TIME() + float(_OFFSET.unpack_from(cls._shared)[0])

    @classmethod
    def set(cls, shown_s: float) -> None:
        _OFFSET.pack_into(cls._shared, 0, shown_s - _TRUE_TIME())

    @classmethod
    def sleep(cls, seconds: float) -> None:
        cls.set(cls.time() + seconds)


class _Moment(datetime):
    """What the program takes for ``datetime``."""

    @classmethod
    def now(cls, tz: Any = None) -> "_Moment":
        return cls.fromtimestamp(_Clock.time(), tz)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with the machine while a command runs.

    ``killed_at``: the request of the server at which all its processes are killed. ``free_bytes``: what the disk is
    said to have free. ``full_after``: number of syncs after which the disk is full to the last byte.
    """

    killed_at: int | None = None
    free_bytes: int | None = None
    full_after: int | None = None


NO_FAULT = Fault()


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: its status (negative: the signal), and what it wrote."""

    status: int
    out: str
    errors: str


@dataclass
class Machine:
    """Its archives, its configuration and its home lie in a folder."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for module in pkgutil.walk_packages(preserve.__path__, "preserve."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        self.environment = {**_ENVIRONMENT, "HOME": str(home)}

    @property
    def now(self) -> datetime:
        """What its clock shows."""
        return datetime.fromtimestamp(_Clock.time(), UTC)

    def set_clock(self, moment: datetime) -> None:
        _Clock.set(moment.timestamp())

    @property
    def archives(self) -> Path:
        return self.folder / "archives"

    @property
    def config(self) -> Path:
        return self.folder / "config"

    def run(self, *words: str, fault: Fault = NO_FAULT, watch: Callable[[int], None] = lambda _group: None) -> Ran:
        """Runs a command to its end. ``watch`` is told its process group, once it is there."""
        archives = [] if "--archives" in words else ["--archives", str(self.archives)]
        arguments = [*words, *archives, "--config", str(self.config)]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            pid = os.fork()
            if pid == 0:
                os.setpgid(0, 0)
                os.environ.clear()
                os.environ.update(self.environment)
                _shift(fault)
                _become(arguments, out, errors)
            os.setpgid(pid, pid)
            watch(pid)
            _pid, status = os.waitpid(pid, 0)
            return Ran(os.waitstatus_to_exitcode(status), _text(out), _text(errors))


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _become(arguments: Sequence[str], out: BinaryIO, errors: BinaryIO) -> NoReturn:
    """The rest of this process is the command."""
    status = 99
    try:
        for file, number in ((out, 1), (errors, 2)):
            os.dup2(file.fileno(), number)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "wb", closefd=False), "utf-8", write_through=True)
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "wb", closefd=False), "utf-8", write_through=True)
        status = main(list(arguments))
    finally:
        os._exit(status)


def _shift(fault: Fault) -> None:
    """Puts the clock, the ways to begin a process, and a fault into this process. Called in a child only."""
    warnings.simplefilter("ignore")
    time.time = _Clock.time
    for name, module in list(sys.modules.items()):
        if name.startswith("preserve.") and getattr(module, "datetime", None) is datetime:
            module.datetime = _Moment  # type: ignore[attr-defined]
    loaded: Any = sys.modules
    loaded["preserve.cli.actions.capture"].time = SimpleNamespace(sleep=_Clock.sleep)
    if fault.free_bytes is not None:
        free = fault.free_bytes
        setattr(os, "statvfs", lambda _path: SimpleNamespace(f_bavail=free, f_frsize=1))  # noqa: B010 - of another type
    if fault.full_after is not None:
        _fill(fault.full_after)
    loaded["preserve.schedule.machine"].run_child = _Forks().run


def _fill(left: int) -> None:
    """The disk is full after so many syncs of one process: what was written last is not kept."""
    sync = os.fsync

    def full(number: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(number)

    for name in ("fsync", "fdatasync"):
        setattr(os, name, full)


class _Forks:
    """The scheduler's way to run the program: forked in place of started, by a process that was forked before any
    thread was made, as a lock that another thread holds is never let go in a forked process."""

    def __init__(self) -> None:
        self._asked, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            self._asked.close()
            _serve(asked)
        asked.close()

    def run(self, arguments: Sequence[str], asking: Asking) -> ChildEnd:
        """As `run_child`."""
        ended, ends = os.pipe()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors, os.fdopen(ended, "rb") as end:
            socket.send_fds(self._asked, [json.dumps(arguments).encode()], [out.fileno(), errors.fileno(), ends], 0)
            os.close(ends)
            status = int(end.read() or b"-9")
            asking.beat()
            lines = [line for line in _text(errors).splitlines() if line.startswith("preserve: ")]
            for line in lines:
                asking.hear(line)
            return ChildEnd(
                status=status, report=_report(_text(out)), said=lines[-1].removeprefix("preserve: ") if lines else ""
            )


def _report(text: str) -> dict[str, object] | None:
    try:
        report = json.loads(text)
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def _serve(asked: socket.socket) -> NoReturn:
    """Forks a process for each command that is asked for, until nobody can ask any more."""
    while True:
        data, numbers, _flags, _address = socket.recv_fds(asked, 1 << 20, 3)
        if not data:
            os._exit(0)
        if os.fork() == 0:
            asked.close()
            _answer(json.loads(data), numbers)
        for number in numbers:
            os.close(number)


def _answer(arguments: Sequence[str], numbers: Sequence[int]) -> NoReturn:
    """Runs a command in a process of its own, and tells how it ended."""
    with os.fdopen(numbers[0], "wb") as out, os.fdopen(numbers[1], "wb") as errors:
        pid = os.fork()
        if pid == 0:
            os.close(numbers[2])
            _become(arguments, out, errors)
        _pid, status = os.waitpid(pid, 0)
        os.write(numbers[2], str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
