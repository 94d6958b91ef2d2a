"""Alarms to a program of the keeper's: no shell, the JSON document on its standard input."""

import os
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from typing import IO, Final

from preserve.alarms.connections import Patience, RefusedError, UnreachedError
from preserve.alarms.documents import json_bytes
from preserve.alarms.values import Message, flat
from preserve.config.alarms import CommandChannel

HANDED_ON: Final = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
)  # fmt: skip
"""Environment variables that the program gets, and no others: they may hold secrets."""
_MAX_OUTPUT_BYTES = 4_096
_MAX_ERROR_CHARS = 200
_END_S = 1.0


def run(channel: CommandChannel, patience: Patience, message: Message) -> None:
    """Runs the program to its end; status 0 is success. In time, or it is killed with its process group.

    Raises:
        UnreachedError: it cannot be started.
        RefusedError: it failed, or took too long.
    """
    with tempfile.TemporaryFile() as document:
        document.write(json_bytes(message))
        document.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - a list of arguments out of the keeper's own file
                channel.command,
                stdin=document,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={name: os.environ[name] for name in HANDED_ON if name in os.environ},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise UnreachedError(f"{channel.command[0]} cannot be started: {error.strerror}") from None
    with process:
        _wait(process, patience)


def _wait(process: subprocess.Popen[bytes], patience: Patience) -> None:
    kept = bytearray()
    reader = threading.Thread(target=_read, args=(process.stdout, kept), daemon=True)
    reader.start()
    try:
        process.wait(patience.command_s)
    except subprocess.TimeoutExpired:
        raise RefusedError(f"it did not end within {patience.command_s:g} s and was killed") from None
    finally:
        # What it has left running holds the other end of its output.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join(_END_S)
    if process.returncode != 0:
        how = f"signal {-process.returncode}" if process.returncode < 0 else f"status {process.returncode}"
        last = bytes(kept).decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise RefusedError(f"it ended with {how}" + (f": {flat(last, _MAX_ERROR_CHARS)}" if last else ""))


def _read(output: IO[bytes] | None, kept: bytearray) -> None:
    """Reads to the end, so that the program is not held up, and keeps the beginning."""
    if output is None:
        return
    with suppress(OSError, ValueError):
        while data := output.read1(65_536):  # type: ignore[attr-defined]
            kept += data[: max(0, _MAX_OUTPUT_BYTES - len(kept))]
