"""The mirror as the demo holds it: started, moved on to its next state, stopped."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from preserve.errors import EnvironmentFaultError

PORT = 8342
"""The port that config/collections/demo.yaml names; another is taken where it is in use."""
_STOP_TIMEOUT_S = 10


class DemoMirror:
    """The server process. It ends when its stdin closes, so it never outlives this process."""

    def __init__(self, port: int = PORT) -> None:
        self._wanted = port
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        """Starts the server and waits until it listens.

        Raises:
            EnvironmentFaultError: it does not start.
        """
        command = [sys.executable, "-m", "preserve.demo_site.server", "--port", str(self._wanted)]
        # A session of its own: Ctrl-C stops the work, not the mirror under it. The program's own folder: `-m` looks for
        # modules in the current folder first, and what lies in the user's is not ours to import.
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
        )
        try:
            word, _blank, port = self._answer().partition(" ")
        except BaseException:
            self.close()
            raise
        if word != "listening":
            self.close()
            raise EnvironmentFaultError(
                "the demo's mirror did not start", next_step="Run `python -m preserve.demo_site.server` to see why."
            )
        self.port = int(port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the server and waits for its end; does nothing where it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(BrokenPipeError):
            self._stream(process.stdin).close()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._stream(process.stdout).close()

    @property
    def pid(self) -> int:
        """Process id of the server; 0 where it is not running."""
        return self._process.pid if self._process is not None else 0

    def enter_phase(self, phase: int) -> None:
        """Changes what the mirror serves; every request sent after this is answered in that phase.

        Raises:
            EnvironmentFaultError: the server is gone.
        """
        assert self._process is not None
        stream = self._stream(self._process.stdin)
        with suppress(BrokenPipeError):
            stream.write(f"{phase}\n")
            stream.flush()
        if self._answer() != f"phase {phase}":
            raise EnvironmentFaultError("the demo's mirror stopped")

    def _answer(self) -> str:
        assert self._process is not None
        return self._stream(self._process.stdout).readline().strip()

    @staticmethod
    def _stream(stream: IO[str] | None) -> IO[str]:
        assert stream is not None
        return stream
