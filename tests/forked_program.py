"""The program as a process of its own, forked from one that has loaded it.

A schedule starts the program anew for each run and each step of it, and what it loads takes longer than what it does
in a test. What runs, and how it is stopped and ends, is as the program has it; but one begins when the other has
ended: two jobs that began at the very same moment would find each other's open files, or not.

As a program (``python -m tests.forked_program LISTENER LINE``) this is the process that forks: on each connection it
gets the words, the folder and the environment of one process with its three open files, and gives back its number,
and its status when it has ended. It ends with the line.
"""

import gc
import importlib
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from preserve.store import secondreader
from tests.forked_reader import Forker, Subprocesses

_MOST_BYTES = 1 << 18
_PROGRAM = ["-m", "preserve"]
_ROOT = Path(__file__).parents[1]


class ForkedProgram:
    """A process of the program, as far as a `subprocess.Popen` is asked for."""

    def __init__(
        self, pid: int, told: socket.socket, stdin: IO[bytes], stderr: IO[bytes], ended: Callable[[], object]
    ) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stderr = stderr
        self.returncode: int | None = None
        self._told = told
        self._ended = ended

    def send_signal(self, number: int) -> None:
        """Sends a signal, unless it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, timeout: float | None = None) -> int:
        """Its status, when it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not, in so many seconds.
        """
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(_PROGRAM, timeout or 0)
            self.returncode = int(self._told.recv(16))
            self._told.close()
            self._ended()
        return self.returncode


class Programs:
    """Stands for the module `subprocess` where a schedule starts the program."""

    PIPE = subprocess.PIPE
    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self, readers: Subprocesses) -> None:
        self._readers = readers
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._address = b""
        self._only_one = threading.Lock()

    def Popen(  # noqa: N802 - the name that is called
        self,
        words: Sequence[str],
        *,
        stdin: int,
        stdout: IO[bytes],
        stderr: int,
        start_new_session: bool,
        env: Mapping[str, str],
    ) -> ForkedProgram:
        """A forked process of the program, in a session of its own."""
        assert list(words[:3]) == [sys.executable, *_PROGRAM]
        assert (stdin, stderr, start_new_session) == (subprocess.PIPE, subprocess.PIPE, True)
        # Given back by whoever sees that it has ended.
        self._only_one.acquire()
        try:
            return self._forked(words[3:], stdout, env)
        except BaseException:
            self._only_one.release()
            raise

    def close(self) -> None:
        """Ends the process that forks, where there is one."""
        if self._line is not None and self._process is not None:
            self._line.close()
            self._process.wait()

    def _forked(self, words: Sequence[str], stdout: IO[bytes], env: Mapping[str, str]) -> ForkedProgram:
        its_in, into = os.pipe()
        errors, its_errors = os.pipe()
        asking = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            asking.connect(self._begun())
            asked = json.dumps([words, str(Path.cwd()), dict(env), self._readers.address.hex()]).encode()
            socket.send_fds(asking, [asked], [its_in, stdout.fileno(), its_errors])
            pid = int(asking.recv(16))
        finally:
            os.close(its_in)
            os.close(its_errors)
        reading, writing = os.fdopen(errors, "rb"), os.fdopen(into, "wb")
        return ForkedProgram(pid, asking, writing, reading, self._only_one.release)

    def _begun(self) -> bytes:
        """The address of the process that forks, which is begun where it is first needed."""
        if self._line is None:
            self._line, theirs = socket.socketpair()
            with theirs, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
                # Without a name in the file system; the kernel chooses one that is free.
                listener.bind("")
                listener.listen(64)
                self._address = listener.getsockname()
                passed = listener.fileno(), theirs.fileno()
                words = [sys.executable, "-m", "tests.forked_program", *map(str, passed)]
                self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, pass_fds=passed, cwd=_ROOT)
        return self._address


@contextmanager
def programs(readers: Subprocesses) -> Iterator[Programs]:
    """What stands for the module `subprocess`, until the end."""
    stand_in = Programs(readers)
    try:
        yield stand_in
    finally:
        stand_in.close()


def _serve(listener: socket.socket, line: socket.socket) -> list[str] | None:
    """Forks until the line ends; in a process that was forked, gives the words of its command."""
    running: dict[int, tuple[int, socket.socket]] = {}
    while True:
        waited: list[Any] = [listener, line, *running]
        ready = select.select(waited, [], [])[0]
        if line in ready:
            return None
        for pidfd in running.keys() & set(ready):
            pid, asking = running.pop(pidfd)
            os.close(pidfd)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            with asking, suppress(OSError):
                # Who asks may have been killed meanwhile.
                asking.send(str(status).encode())
        if listener in ready:
            asking = listener.accept()[0]
            asked, files, _flags, _address = socket.recv_fds(asking, _MOST_BYTES, 3)
            pid = os.fork()
            if pid == 0:
                for pidfd, (_pid, other) in running.items():
                    os.close(pidfd)
                    other.close()
                for each in (asking, listener, line):
                    each.close()
                words, folder, environment, address = json.loads(asked)
                _become(files, folder, environment)
                vars(secondreader)["subprocess"] = Subprocesses(Forker(bytes.fromhex(address)))
                return [str(word) for word in words]
            running[os.pidfd_open(pid)] = pid, asking
            for file in files:
                os.close(file)
            with suppress(OSError):
                asking.send(str(pid).encode())


def _become(files: Sequence[int], folder: str, environment: Mapping[str, str]) -> None:
    """Makes this process one that was started anew with these open files, as far as it can tell."""
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number, inheritable=True)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    random.seed()
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _load() -> None:
    for name in ("capture", "export", "replicate", "verify"):
        importlib.import_module(f"preserve.cli.actions.{name}")
    # As in the tests themselves.
    stand_in: Any = lambda _file: None  # noqa: E731
    os.fsync = stand_in
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    os.setsid()
    _load()
    _words = _serve(socket.socket(fileno=int(sys.argv[1])), socket.socket(fileno=int(sys.argv[2])))
    if _words is not None:
        from preserve.cli.main import main

        sys.argv = ["preserve", *_words]
        sys.exit(main())
