"""Replies to any method end where their request says: a reply to HEAD has no body, whatever length it names."""

import socket
from collections.abc import Iterator

import pytest

from preserve.formats.http1.stream import PayloadStream, payload_of
from preserve.limits import DEFAULT_LIMITS
from preserve.net.exchange import Peer, Request, Truncation
from preserve.net.transport import Connection, Recording

PEER = Peer(ip="127.0.0.1", addresses=("127.0.0.1",), tls=None, proxy=None)
OK = b"HTTP/1.1 200 OK\r\n"
# Method, the reply, its payload, whether another request may follow on the connection.
VECTORS: dict[str, tuple[str, bytes, bytes, bool]] = {
    "head-length": ("HEAD", OK + b"Content-Length: 1234\r\n\r\n", b"", True),
    "head-chunked": ("HEAD", OK + b"Transfer-Encoding: chunked\r\n\r\n", b"", True),
    "head-nothing": ("HEAD", OK + b"\r\n", b"", True),
    "post": ("POST", OK + b"Content-Length: 2\r\n\r\nok", b"ok", True),
    "post-chunked": ("POST", OK + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nT: x\r\n\r\n", b"ok", True),
    "put-created": ("PUT", b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", b"", True),
    "post-205": ("POST", b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", b"", True),
    "204-length": ("DELETE", b"HTTP/1.1 204 No Content\r\nContent-Length: 10\r\n\r\n", b"", True),
    "304-length": ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", b"", True),
    "options": ("OPTIONS", OK + b"Allow: GET\r\nContent-Length: 0\r\n\r\n", b"", True),
    "100-before": ("POST", b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", b"ok", True),
    "103-before-head": ("HEAD", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"\r\n", b"", True),
    "101": ("GET", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", b"", False),
    "1.0": ("POST", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
}  # fmt: skip


@pytest.fixture
def line() -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(60.0)
        yield Connection(ours, PEER, DEFAULT_LIMITS), theirs


def _ask(line: tuple[Connection, socket.socket], method: str, reply: bytes) -> Recording:
    connection, theirs = line
    request = f"{method} / HTTP/1.1\r\nHost: x.org\r\n\r\n".encode()
    recording = connection.begin(Request("http://x.org/", method, request))
    assert theirs.recv(1000) == request
    theirs.sendall(reply)
    assert connection.advance(recording, None)
    return recording


@pytest.mark.parametrize("name", VECTORS)
def test_a_reply_ends_by_its_method_and_status(name: str, line: tuple[Connection, socket.socket]) -> None:
    method, reply, payload, keeps = VECTORS[name]
    # The server leaves the connection open: only the framing can end the reply.
    recording = _ask(line, method, reply)
    assert (b"".join(recording.received), recording.failure, recording.truncated) == (reply, None, None)
    assert line[0].open is keeps
    block = reply[recording.scanner.interim_bytes :]
    read = payload_of(block, method)
    assert (read.payload, read.complete, read.defects) == (payload, True, ())


@pytest.mark.parametrize("name", [name for name in VECTORS if "before" not in name])
def test_a_stored_reply_is_read_by_its_method_in_pieces_too(name: str) -> None:
    method, reply, payload, _keeps = VECTORS[name]
    stream = PayloadStream(method)
    read = b"".join(stream.feed(reply[at : at + 1]) for at in range(len(reply)))
    stream.finish()
    assert (read, stream.complete, stream.defects) == (payload, True, ())


def test_a_body_behind_a_reply_to_head_is_kept_and_ends_the_connection(line: tuple[Connection, socket.socket]) -> None:
    reply = OK + b"Content-Length: 2\r\n\r\nok"
    recording = _ask(line, "HEAD", reply)
    assert b"".join(recording.received) == reply
    assert not line[0].open
    assert payload_of(reply, "HEAD").defects == ("extra-bytes",)


def test_the_same_reply_to_get_is_not_whole_without_its_body(line: tuple[Connection, socket.socket]) -> None:
    connection, theirs = line
    recording = connection.begin(Request("http://x.org/", "GET", b"GET / HTTP/1.1\r\n\r\n"))
    theirs.sendall(VECTORS["head-length"][1])
    theirs.close()
    assert connection.advance(recording, None)
    assert recording.truncated is Truncation.DISCONNECT
