"""The demo mirror as a handle: starts its process, moves it on, and ends that one process."""

import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from preserve.errors import EnvironmentFault

DEFAULT_PORT = 8342
STOP_TIMEOUT_S = 5.0
_FOLDER = Path(__file__).parents[2]


class DemoMirror:
    """A context manager: inside it the mirror answers at ``base_url``, at first in its first phase."""

    def __init__(self, port: int = DEFAULT_PORT) -> None:
        self._wanted_port = port
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        """Starts the process and waits until it answers.

        Raises:
            EnvironmentFault: it does not start.
        """
        # In a group of its own, so that Ctrl-C in the terminal stops the work and not the mirror under it. It ends with
        # the pipe that is its standard input. Its folder is the program's, so that it imports what this process runs.
        command = [sys.executable, "-m", "preserve.demo.server", "--port", str(self._wanted_port)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_FOLDER,
                text=True,
                process_group=0,
            )
        except OSError as error:
            raise EnvironmentFault(f"the demo mirror cannot be started: {error}") from error
        try:
            word, _, port = self._answer().partition(" ")
            if word != "listening":
                raise EnvironmentFault("the demo mirror said something else than its port")
            self.port = int(port)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def netloc(self) -> str:
        """``127.0.0.1:8342``, with the port that it really got."""
        return f"127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """The address of the front page, with a slash at the end."""
        return f"http://{self.netloc}/"

    @property
    def pid(self) -> int:
        """The process's id.

        Raises:
            EnvironmentFault: it does not run.
        """
        if self._process is None:
            raise EnvironmentFault("the demo mirror is not running")
        return self._process.pid

    def next_phase(self) -> None:
        """Moves the mirror to its second phase; every request sent after this is answered in it.

        Raises:
            EnvironmentFault: the process is gone.
        """
        if self._process is None:
            raise EnvironmentFault("the demo mirror is not running")
        self._process.send_signal(signal.SIGUSR1)
        if self._answer() != "phase 2":
            raise EnvironmentFault("the demo mirror did not move to its second phase")

    def close(self) -> None:
        """Ends the process, by its id; does nothing where it has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _answer(self) -> str:
        """The next line that the process prints.

        Raises:
            EnvironmentFault: it ended instead.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise EnvironmentFault(
                "the demo mirror ended",
                next_step="Run `python -m preserve.demo.server` to see why.",
            )
        return line.rstrip("\n")
