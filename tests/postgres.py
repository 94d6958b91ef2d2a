"""PostgreSQL, a real server, started by a test and stopped by its process id."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pg8000 import dbapi

from tests.tools import tool_environment

_UNPACKED = Path(__file__).parents[1] / ".oracles" / "debian" / "usr" / "lib" / "postgresql"
_PLACES = [*Path("/usr/lib/postgresql").glob("*/bin"), *_UNPACKED.glob("*/bin")]
_PATIENCE_S = 120


def _user() -> dict[str, Any]:
    """As whom it runs: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _can_run(program: Path, user: dict[str, Any]) -> bool:
    """A folder on the way may be root's alone."""
    try:
        return subprocess.run([program, "--version"], check=False, capture_output=True, cwd="/", **user).returncode == 0
    except PermissionError:
        return False


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a database, while the block lasts. Skips the test where PostgreSQL is not here."""
    programs = next((place for place in _PLACES if (place / "initdb").is_file()), None)
    if programs is None:
        pytest.skip("PostgreSQL is not here: run `make oracles`")
    user = _user()
    if programs.is_relative_to(_UNPACKED):
        user["env"] = tool_environment()
    if not _can_run(programs / "initdb", user):
        pytest.skip(f"the user that PostgreSQL runs as cannot run what lies in {programs}")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if "user" in user:
            os.chown(folder, user["user"], user["group"])
        data = folder / "data"
        words = ["-D", str(data), "-U", "fleet", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
        subprocess.run([programs / "initdb", *words], check=True, capture_output=True, cwd=folder, **user)
        port = _free_port()
        server = subprocess.Popen(
            [
                *(programs / "postgres", "-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1"),
                *("-c", "unix_socket_directories=", "-c", "fsync=off"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            start_new_session=True,
            **user,
        )
        try:
            _wait(server, port)
            yield f"postgresql://fleet@127.0.0.1:{port}/postgres"
        finally:
            os.kill(server.pid, signal.SIGINT)
            server.wait(_PATIENCE_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and server.poll() is None:
        try:
            dbapi.connect("fleet", host="127.0.0.1", port=port, database="postgres").close()
        except (dbapi.Error, OSError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError("PostgreSQL did not begin")
