"""The mirror as the demo holds it: started, moved on to its next state, stopped."""

import subprocess
import sys
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
        command = [sys.executable, "-m", "preserve.mirror.server", "--port", str(self._wanted)]
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        word, _blank, port = self._answer().partition(" ")
        if word != "listening":
            raise EnvironmentFaultError("the demo's mirror did not start")
        self.port = int(port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        if process is None:
            return
        self._stream(process.stdin).close()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._stream(process.stdout).close()

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid if self._process is not None else 0

    @property
    def base_url(self) -> str:
        """The mirror's address, with its slash."""
        return f"http://127.0.0.1:{self.port}/"

    def enter_phase(self, phase: int) -> None:
        """Changes what the mirror serves."""
        assert self._process is not None
        stream = self._stream(self._process.stdin)
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
