"""Clients that never end their request, or never read the answer: nobody waits for them, and they are let go."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from preserve.web import connections
from preserve.web.connections import BoundedConnection
from tests.desk import CABLE, DemoFolder, demo, desk
from tests.serving import announced

__all__ = ["demo", "desk"]

_ROOT = Path(__file__).parents[2]


_PATIENT = (
    "import sys; from preserve.cli.main import main; from preserve.web import connections;"
    "connections.LOOK_S = 600.0; sys.exit(main(sys.argv[1:]))"
)
"""The program, which lets nobody go while a test is under way, however slow the machine."""


@pytest.fixture
def served(demo: DemoFolder, desk: Any) -> Iterator[tuple[str, int]]:
    """The address of a desk that runs as a program: host and port."""
    words = ["--archives", str(demo.folder / "archives"), "--config", str(demo.folder / "config"), "--json"]
    with subprocess.Popen(
        [sys.executable, "-c", _PATIENT, "serve", "--desk", "127.0.0.1:0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    ) as serving:
        host, port = announced(serving)["listening"].removeprefix("http://").rstrip("/").split(":")
        yield host, int(port)
        serving.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("number", [40, pytest.param(1_000, marks=pytest.mark.slow)])
def test_slow_clients_hold_nobody_up(served: tuple[str, int], number: int) -> None:
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(served)) for _ in range(number)]
        for which, one in enumerate(slow):
            one.sendall(b"GET / HT" if which % 2 else b"GET /search HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        address = f"http://{served[0]}:{served[1]}"
        for path in ("/", "/search?q=harbour", f"/cable/{CABLE}"):
            with urllib.request.urlopen(f"{address}{path}") as answer:
                assert answer.status == 200
        # Those that end their request in the end have an answer, too.
        slow[0].sendall(b"y\r\nConnection: close\r\n\r\n")
        assert slow[0].recv(15).startswith(b"HTTP/1.1 200")
        del slow


_large_is_asked = threading.Event()


async def _large(scope: Scope, receive: Receive, send: Send) -> None:
    _large_is_asked.set()
    await Response(b"x" * (64 << 20))(scope, receive, send)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A server in a thread that looks at its connections all the time, and has one large answer."""
    monkeypatch.setattr(connections, "LOOK_S", 0.01)
    _large_is_asked.clear()
    config = uvicorn.Config(_large, port=0, log_config=None, access_log=False, http=BoundedConnection, lifespan="off")
    listening = config.bind_socket()
    listening.listen()
    server = uvicorn.Server(config)
    work = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    work.start()
    yield listening.getsockname()
    server.should_exit = True
    work.join()
    listening.close()


@pytest.mark.parametrize("head", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX: "])
def test_a_request_that_does_not_end_is_let_go(large: tuple[str, int], head: bytes) -> None:
    with socket.create_connection(large) as slow, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        slow.sendall(head)
        assert slow.recv(1) == b""


def _send_for_ever(to: socket.socket) -> None:
    while True:
        to.sendall(b"x" * 1_024)


def test_an_answer_that_is_not_read_is_let_go(large: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    # However late the request comes: it is not for want of one that the connection ends.
    looks = connections.HEAD_LOOKS
    monkeypatch.setattr(connections, "HEAD_LOOKS", 10**9)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.connect(large)
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        _large_is_asked.wait()
        monkeypatch.setattr(connections, "HEAD_LOOKS", looks)
        # Nothing is read until the other side has gone: then writing to it fails.
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            _send_for_ever(slow)
