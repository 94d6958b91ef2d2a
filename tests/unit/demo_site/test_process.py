"""The mirror's process: the bytes on the socket, its phases, and that it ends when it is told and with its parent."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from preserve.demo_site.pages import NOT_FOUND, replies
from preserve.demo_site.process import DemoMirror
from preserve.errors import EnvironmentFaultError

TIMEOUT_S = 60


def _exchange(port: int, request: bytes) -> bytes:
    """Everything that the server sends until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
        connection.sendall(request)
        received = b""
        while part := connection.recv(65_536):
            received += part
    return received


def _get(port: int, path: str) -> bytes:
    return _exchange(port, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())


def _ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_every_reply_is_on_the_socket_byte_for_byte_in_both_phases() -> None:
    with DemoMirror(0) as mirror:
        assert {p: _get(mirror.port, p) for p in replies(1)} == {p: r.wire() for p, r in replies(1).items()}
        mirror.enter_phase(2)
        assert {p: _get(mirror.port, p) for p in replies(2)} == {p: r.wire() for p, r in replies(2).items()}


def test_one_connection_carries_request_after_request() -> None:
    with DemoMirror(0) as mirror:
        one = b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n"
        two = b"GET /none HTTP/1.1\r\nHost: x\r\nCONNECTION:  Close\r\n\r\n"
        assert _exchange(mirror.port, one + two + one) == replies(1)["/robots.txt"].wire() + NOT_FOUND.wire()


def test_a_client_of_http_1_0_sees_the_end_of_the_reply() -> None:
    with DemoMirror(0) as mirror:
        assert _exchange(mirror.port, b"GET /robots.txt HTTP/1.0\r\n\r\n") == replies(1)["/robots.txt"].wire()


@pytest.mark.parametrize(
    "request_bytes",
    [b"POST / HTTP/1.1\r\n\r\n", b"\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200],
    ids=["another method", "nothing", "no version", "a head without end"],
)
def test_what_it_does_not_serve_ends_the_connection_and_nothing_else(request_bytes: bytes) -> None:
    with DemoMirror(0) as mirror:
        assert _exchange(mirror.port, request_bytes) == b""
        assert _get(mirror.port, "/robots.txt") == replies(1)["/robots.txt"].wire()


def test_it_listens_on_the_loopback_address_and_says_where() -> None:
    with DemoMirror(0) as mirror:
        assert _get(mirror.port, "/robots.txt") == replies(1)["/robots.txt"].wire()
        assert mirror.pid > 0


def test_a_port_that_is_taken_gives_another() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with DemoMirror(taken.getsockname()[1]) as mirror:
            assert mirror.port != taken.getsockname()[1]
            assert _get(mirror.port, "/") == replies(1)["/"].wire()


def test_it_has_ended_after_the_block_even_where_that_failed() -> None:
    mirror = DemoMirror(0)

    def work() -> None:
        pids.append(mirror.pid)
        raise RuntimeError

    pids: list[int] = []
    with pytest.raises(RuntimeError), mirror:
        work()
    assert _ended(pids[0])
    assert mirror.pid == 0
    mirror.close()


def test_it_ends_on_sigterm_and_the_next_order_says_so() -> None:
    with DemoMirror(0) as mirror:
        os.kill(mirror.pid, signal.SIGTERM)
        with pytest.raises(EnvironmentFaultError):
            mirror.enter_phase(2)


def test_a_server_that_does_not_start_is_an_error_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    mirror = DemoMirror(0)
    with pytest.raises(EnvironmentFaultError), mirror:
        pass
    assert mirror.pid == 0


def test_modules_in_the_users_folder_are_not_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "socketserver.py").write_text("raise SystemExit(1)\n")
    monkeypatch.chdir(tmp_path)
    with DemoMirror(0) as mirror:
        assert _get(mirror.port, "/") == replies(1)["/"].wire()


def test_it_never_outlives_a_parent_that_is_killed() -> None:
    script = (
        "from preserve.demo_site.process import DemoMirror\n"
        "with DemoMirror(0) as m:\n print(m.pid, flush=True)\n input()"
    )
    # The server inherits stderr, and nothing else holds it once the parent is dead: its end is the server's end.
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stderr is not None
        assert int(parent.stdout.readline()) > 0
        parent.kill()
        parent.wait(TIMEOUT_S)
        assert parent.stderr.read() == b""


def test_started_by_hand_it_serves_the_phase_asked_for_and_ends_with_its_input() -> None:
    command = [sys.executable, "-m", "preserve.demo_site.server", "--port", "0", "--phase", "2"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        word, port = process.stdout.readline().split()
        assert word == "listening"
        assert _get(int(port), "/cable.php?id=103") == replies(2)["/cable.php?id=103"].wire()
        process.stdin.close()
        assert process.wait(TIMEOUT_S) == 0
