"""One connection: what waits on it before a request is sent is no reply to that request."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from preserve.limits import DEFAULT_LIMITS
from preserve.net.exchange import Failure, Peer, Request, Surplus
from preserve.net.transport import Connection

PEER = Peer(ip="192.0.2.1", addresses=(), tls=None, proxy=None)
LIMITS = replace(DEFAULT_LIMITS, max_surplus_bytes=100_000, read_timeout_s=60.0)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"GET / HTTP/1.1\r\n\r\n"


@pytest.fixture
def line() -> Iterator[tuple[Connection, socket.socket]]:
    """A connection, and the server's end of it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(60.0)
        yield Connection(ours, PEER, LIMITS), theirs


def _ask(connection: Connection, theirs: socket.socket, url: str, reply: bytes) -> None:
    recording = connection.begin(Request(url, "GET", REQUEST))
    assert theirs.recv(1000) == REQUEST
    theirs.sendall(reply)
    assert connection.advance(recording, None)
    assert b"".join(recording.received) == reply


def test_a_new_connection_on_which_something_waits_is_not_used(line: tuple[Connection, socket.socket]) -> None:
    connection, theirs = line
    theirs.sendall(b"220 mail.example ESMTP\r\n")
    recording = connection.begin(Request("http://x.org/", "GET", REQUEST))
    assert (recording.failure, recording.sent, connection.open) == (Failure.UNASKED, b"", False)
    assert recording.surplus == Surplus(data=b"220 mail.example ESMTP\r\n", after="")
    assert not recording.answers_nothing
    assert theirs.recv(1000) == b""


@pytest.mark.parametrize("late", [OK, b"\r\n", OK[:20], b"HTTP/1.1 100 Continue\r\n\r\n", b"x" * 50_000])
@pytest.mark.parametrize("ends", [True, False])
def test_what_waits_on_a_kept_connection_is_surplus(
    line: tuple[Connection, socket.socket], late: bytes, ends: bool
) -> None:
    connection, theirs = line
    _ask(connection, theirs, "http://x.org/a", OK)
    assert connection.open
    theirs.sendall(late)
    if ends:
        theirs.shutdown(socket.SHUT_WR)
    recording = connection.begin(Request("http://x.org/b", "GET", REQUEST))
    assert recording.answers_nothing
    assert recording.unanswering() == Surplus(data=late, after="http://x.org/a")
    assert theirs.recv(1000) == b""


def test_an_end_that_waits_is_no_surplus_and_no_request_is_sent(line: tuple[Connection, socket.socket]) -> None:
    connection, theirs = line
    _ask(connection, theirs, "http://x.org/a", OK)
    theirs.shutdown(socket.SHUT_WR)
    recording = connection.begin(Request("http://x.org/b", "GET", REQUEST))
    assert (recording.answers_nothing, recording.unanswering(), recording.sent) == (True, None, b"")


def test_surplus_without_end_is_cut_at_its_bound(line: tuple[Connection, socket.socket]) -> None:
    connection, theirs = line
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    theirs.settimeout(0.0)
    sent = theirs.send(b"y" * 1_000_000)
    assert sent > LIMITS.max_surplus_bytes
    surplus = connection.begin(Request("http://x.org/", "GET", REQUEST)).surplus
    assert surplus is not None
    assert (len(surplus.data), surplus.cut) == (LIMITS.max_surplus_bytes, True)


def test_a_408_on_a_kept_connection_is_no_answer_and_on_a_new_one_it_is(
    line: tuple[Connection, socket.socket],
) -> None:
    connection, theirs = line
    timeout = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    _ask(connection, theirs, "http://x.org/a", OK)
    recording = connection.begin(Request("http://x.org/b", "GET", REQUEST))
    theirs.sendall(timeout)
    connection.advance(recording, None)
    assert recording.answers_nothing
    assert recording.unanswering() == Surplus(data=timeout, after="http://x.org/a")
    ours, theirs_new = socket.socketpair()
    with ours, theirs_new:
        fresh = Connection(ours, PEER, LIMITS)
        recording = fresh.begin(Request("http://x.org/b", "GET", REQUEST))
        theirs_new.sendall(timeout)
        fresh.advance(recording, None)
        assert not recording.answers_nothing


class _Tls:
    """The server's end of a TLS connection, whose records are made here and sent as the test likes."""

    def __init__(self, pem: Path, line: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self._line = line
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)

    def shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._line.sendall(self._out.read())
                self._in.write(self._line.recv(65_536))
            else:
                self._line.sendall(self._out.read())
                return

    def record(self, data: bytes) -> bytes:
        self._tls.write(data)
        return self._out.read()


@pytest.mark.parametrize("kept", [3, 5, 40, -1])
def test_a_part_of_a_tls_record_ends_the_use_of_a_connection(authority: Any, kept: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = _Tls(authority.server("127.0.0.1"), theirs)
        thread = threading.Thread(target=server.shake_hands)
        thread.start()
        context = ssl.create_default_context(cafile=str(authority.bundle))
        with context.wrap_socket(ours, server_hostname="127.0.0.1", suppress_ragged_eofs=False) as tls:
            thread.join()
            connection = Connection(tls, PEER, LIMITS)
            recording = connection.begin(Request("http://x.org/a", "GET", REQUEST))
            theirs.sendall(server.record(OK))
            connection.advance(recording, None)
            assert connection.open
            theirs.sendall(server.record(OK)[:kept])
            recording = connection.begin(Request("http://x.org/b", "GET", REQUEST))
            assert (recording.answers_nothing, recording.sent, connection.open) == (True, b"", False)
