"""Second readers, forked from a process that has loaded all they need.

To start Python anew for each capture of each test takes longer than the tests. What runs is what the program runs.

As a program (``python tests/forked_reader.py LISTENER LINE``) this is the process that forks: on each connection it
gets the words of one reader and its open files, and gives back a descriptor of the process. It ends with the line.
"""

import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

_MOST_WORDS_BYTES = 65_536
_MOST_FILES = 8
_ABOVE = 64
"""Descriptors below it are given to the files of a reader."""


class ForkedReader:
    """A reader that was forked, as far as a `subprocess.Popen` is asked for."""

    def __init__(self, process: int, stdin: IO[bytes] | None, stdout: IO[bytes]) -> None:
        self._process = process
        self.stdin = stdin
        self.stdout = stdout

    def kill(self) -> None:
        """Ends it."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def wait(self) -> None:
        """Waits for its end."""
        select.select([self._process], [], [])
        os.close(self._process)


class Forker:
    """The process that forks readers, by the address at which it listens."""

    def __init__(self, address: bytes) -> None:
        self.address = address

    def begin(self, words: Sequence[str], *, is_told: bool, printed: IO[bytes], files: Sequence[int]) -> ForkedReader:
        """A reader with these words, that is told things on its standard input or not, and gets these open files."""
        out, its_out = os.pipe()
        its_in, into = os.pipe() if is_told else (os.open(os.devnull, os.O_RDONLY), None)
        try:
            asked = json.dumps([words, [0, 1, 2, *files]]).encode()
            # A connection each: the processes of one capture ask at the same time.
            with socket.socket(socket.AF_UNIX) as asking:
                asking.connect(self.address)
                socket.send_fds(asking, [asked], [its_in, its_out, printed.fileno(), *files])
                _done, (process,), _flags, _address = socket.recv_fds(asking, 1, 1)
        finally:
            os.close(its_in)
            os.close(its_out)
        stdin = None if into is None else os.fdopen(into, "wb", buffering=0)
        return ForkedReader(process, stdin, os.fdopen(out, "rb", buffering=0))


class Subprocesses:
    """Stands for the module `subprocess` where the program begins its second reader."""

    DEVNULL = subprocess.DEVNULL
    PIPE = subprocess.PIPE

    def __init__(self, forker: Forker) -> None:
        self._forker = forker
        self.address = forker.address

    def Popen(  # noqa: N802 - the name that is called
        self, words: Sequence[str], *, stdin: int, stderr: IO[bytes], pass_fds: Sequence[int], **_more: Any
    ) -> ForkedReader:
        """A forked reader: of the words, those behind the interpreter, its option and the script are the reader's."""
        return self._forker.begin(words[3:], is_told=stdin == subprocess.PIPE, printed=stderr, files=pass_fds)


@contextmanager
def forking() -> Iterator[Subprocesses]:
    """What stands for the module `subprocess`, until the end."""
    line, theirs = socket.socketpair()
    with theirs, socket.socket(socket.AF_UNIX) as listener:
        # Without a name in the file system; the kernel chooses one that is free.
        listener.bind("")
        listener.listen(64)
        address = listener.getsockname()
        passed = listener.fileno(), theirs.fileno()
        process = subprocess.Popen([sys.executable, __file__, *map(str, passed)], pass_fds=passed)
    try:
        yield Subprocesses(Forker(address))
    finally:
        line.close()
        process.wait()


def _serve(listener: socket.socket, line: socket.socket) -> None:
    while line not in select.select([listener, line], [], [])[0]:
        asking = listener.accept()[0]
        with asking, suppress(OSError):
            # Who asks may have been killed meanwhile.
            _fork(asking, listener, line)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _fork(asking: socket.socket, *others: socket.socket) -> None:
    asked, files, _flags, _address = socket.recv_fds(asking, _MOST_WORDS_BYTES, _MOST_FILES)
    if not asked:
        return
    pid = os.fork()
    if pid == 0:
        for each in (asking, *others):
            each.close()
        words, numbers = json.loads(asked)
        _read(words, numbers, files)
    # Nobody has waited for it, so the number is still its own.
    process = os.pidfd_open(pid)
    try:
        socket.send_fds(asking, [b"."], [process])
    finally:
        for descriptor in (process, *files):
            os.close(descriptor)


def _read(words: Sequence[str], numbers: Sequence[int], files: Sequence[int]) -> None:
    """Is a reader with these words, whose open files have these numbers, to its end."""
    from preserve.store import secondchild  # noqa: PLC0415 - loaded by who forks

    status = 1
    try:
        os.setpgid(0, 0)
        above = [fcntl.fcntl(file, fcntl.F_DUPFD, max(_ABOVE, *numbers) + 1) for file in files]
        for number, file in zip(numbers, above, strict=True):
            os.dup2(file, number, inheritable=True)
        secondchild.main(words[0], follow=words[1:] == ["follow"])
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import warcio.archiveiterator  # noqa: F401

    import preserve.store.secondchild  # noqa: F401

    _serve(socket.socket(fileno=int(sys.argv[1])), socket.socket(fileno=int(sys.argv[2])))
