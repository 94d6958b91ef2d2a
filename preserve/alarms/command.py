"""Alarms to a program of the operator's: no shell, the JSON document on its standard input.

Tested by ``tests/unit/alarms/test_deliver.py``.
"""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from preserve.alarms.documents import json_bytes
from preserve.alarms.values import AlarmMessage, Patience
from preserve.config.alarms import CommandChannel
from preserve.net.deadline import RefusedError, UnreachedError
from preserve.text import terminal_line

HANDED_ON: Final = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
)  # fmt: skip
"""Environment variables that the program gets, and no others: they may hold secrets."""
_MAX_OUTPUT_BYTES = 4_096
_MAX_ERROR_CHARS = 200
_END_S = 1.0
_LOOK_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended: its status, or less than 0 the signal; ``last``: the last line that it printed, or empty."""

    status: int
    last: str


def run(channel: CommandChannel, patience: Patience, message: AlarmMessage) -> None:
    """Runs the program to its end; status 0 is success.

    Raises:
        UnreachedError: it cannot be started.
        RefusedError: it failed, or took too long.
    """
    ended = run_to_end(channel.command, json_bytes(message), patience)
    if ended.status != 0:
        how = f"signal {-ended.status}" if ended.status < 0 else f"status {ended.status}"
        raise RefusedError(f"it ended with {how}" + (f": {ended.last}" if ended.last else ""))


def run_to_end(words: Sequence[str], given: bytes, patience: Patience) -> Ended:
    """Runs a program with these bytes on its standard input. In time, or it is killed with its process group.

    Raises:
        UnreachedError: it cannot be started.
        RefusedError: it took too long.
    """
    output, inherited = os.pipe()
    with tempfile.TemporaryFile() as document:
        document.write(given)
        document.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - a list of arguments out of the operator's own file, or our own
                words,
                stdin=document,
                stdout=inherited,
                stderr=subprocess.STDOUT,
                env={name: os.environ[name] for name in HANDED_ON if name in os.environ},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            os.close(output)
            raise UnreachedError(f"{words[0]} cannot be started: {error.strerror}") from None
        finally:
            os.close(inherited)
    kept = bytearray()
    # It owns its end of the pipe: what has left the group may hold the other end for as long as it likes.
    reader = threading.Thread(target=_read, args=(output, kept), daemon=True)
    reader.start()
    is_ended = _wait(process, patience)
    reader.join(_END_S)
    if not is_ended:
        raise RefusedError(f"it did not end within {patience.command_s:g} s and was killed")
    last = bytes(kept).decode("utf-8", "replace").strip().rpartition("\n")[2]
    return Ended(status=process.returncode, last=terminal_line(last, _MAX_ERROR_CHARS))


def _wait(process: "subprocess.Popen[bytes]", patience: Patience) -> bool:
    """Waits in time, and kills what is left of the process group. True where the program has ended by itself."""
    until = time.monotonic() + patience.command_s
    try:
        while not (is_ended := _has_ended(process.pid)) and time.monotonic() < until:
            time.sleep(_LOOK_S)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return is_ended


def _has_ended(pid: int) -> bool:
    """True where a child has ended. It is not reaped: until then nobody else gets its number, nor that of its group."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
    except ChildProcessError:
        return True


def _read(output: int, kept: bytearray) -> None:
    """Reads to the end, so that the program is not held up, and keeps the beginning."""
    with os.fdopen(output, "rb", buffering=0) as file:
        while data := file.read(65_536):
            kept += data[: max(0, _MAX_OUTPUT_BYTES - len(kept))]
