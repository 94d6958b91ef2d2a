"""Replies as odd as servers send them, and an origin that sends them and notes every byte of both directions."""

import gzip
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast


class Shape(NamedTuple):
    """A reply; ``closes``: the server ends the connection behind it. ``sends``: what follows the request's fields.

    ``streams``: bytes that are made while they are sent, behind the reply.
    """

    reply: bytes
    method: str = "GET"
    closes: bool = False
    sends: bytes = b""
    streams: int = 0


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n"
BODY = b"Content-Length: 5\r\n\r\nhello"
PACKED = gzip.compress(b"hello " * 100, mtime=0)
_BLOCK = bytes(1 << 16)
SHAPES: dict[str, Shape] = {
    "plain": Shape(OK + BODY),
    "empty": Shape(OK + b"Content-Length: 0\r\n\r\n"),
    "to-close": Shape(OK + b"\r\nhello", closes=True),
    "http-1.0": Shape(b"HTTP/1.0 200 OK\r\n\r\nhello", closes=True),
    "http-1.0-length": Shape(b"HTTP/1.0 200 OK\r\n" + BODY, closes=True),
    "small-name": Shape(b"http/1.1 200 OK\r\n" + BODY),
    "no-reason": Shape(b"HTTP/1.1 200\r\n" + BODY),
    "long-reason": Shape(b"HTTP/1.1 200 " + b"very " * 500 + b"good\r\n" + BODY),
    "odd-status": Shape(b"HTTP/1.1 299 Own\r\n" + BODY),
    "blanks-in-status": Shape(b"HTTP/1.1   200   OK  \r\n" + BODY),
    "blank-first": Shape(b"\r\n\r\n" + OK + BODY),
    "bare-lf": Shape(b"HTTP/1.1 200 OK\nX: y\nContent-Length: 5\n\nhello"),
    "mixed-ends": Shape(OK + b"X: y\nZ: w\r\nContent-Length: 5\n\r\nhello"),
    "two-cr": Shape(OK + b"X: y\r\r\n" + BODY),
    "blanks-in-value": Shape(OK + b"X:    a  b   \t \r\n" + BODY),
    "no-blank": Shape(OK + b"X:y\r\ncontent-LENGTH:5\r\n\r\nhello"),
    "blank-before-colon": Shape(OK + b"X : y\r\n" + BODY),
    "folded": Shape(OK + b"X: a\r\n  b\r\n\tc\r\n" + BODY),
    "no-colon": Shape(OK + b"this is no field\r\n" + BODY),
    "latin-1": Shape(OK + b"X: caf\xe9\r\n" + BODY),
    "utf-8": Shape(OK + "X: café\r\n".encode() + BODY),
    "nul": Shape(OK + b"X: a\x00b\r\n" + BODY),
    "controls": Shape(OK + b"X: a\x01\x7fb\r\n" + BODY),
    "repeated": Shape(OK + b"Set-Cookie: a=1\r\nset-cookie: b=2\r\nSET-COOKIE: a=1\r\n" + BODY),
    "many-fields": Shape(OK + b"".join(b"X-%d: y\r\n" % number for number in range(2000)) + BODY),
    "long-field": Shape(OK + b"X: " + b"y" * 60_000 + b"\r\n" + BODY),
    "chunked": Shape(CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n"),
    "chunk-extensions": Shape(CHUNKED + b'\r\n5;a=b;c="d e"\r\nhello\r\n0;last\r\n\r\n'),
    "trailers": Shape(CHUNKED + b"Trailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: one\r\nX-T: two\r\n\r\n"),
    "chunk-zeros": Shape(CHUNKED + b"\r\n0005\r\nhello\r\n000\r\n\r\n"),
    "chunk-capitals": Shape(CHUNKED + b"\r\nA\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
    "chunk-blanks": Shape(CHUNKED + b"\r\n5 \r\nhello\r\n 0\r\n\r\n"),
    "chunks-of-one": Shape(CHUNKED + b"\r\n" + b"1\r\nx\r\n" * 500 + b"0\r\n\r\n"),
    "bad-chunk": Shape(CHUNKED + b"\r\n5\r\nhello\r\nxyz\r\n\r\n", closes=True),
    "chunked-and-length": Shape(CHUNKED + b"Content-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    "chunked-gzip": Shape(
        CHUNKED + b"Content-Encoding: gzip\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(PACKED), PACKED),
    ),
    "two-lengths": Shape(OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    "length-list": Shape(OK + b"Content-Length: 5, 5\r\n\r\nhello"),
    "early-close": Shape(OK + b"Content-Length: 50\r\n\r\nhello", closes=True),
    "early-close-chunked": Shape(CHUNKED + b"\r\n50\r\nhello", closes=True),
    "behind-the-end": Shape(OK + BODY + b"and more", closes=True),
    "100-and-103": Shape(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + BODY),
    "204-with-length": Shape(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
    "304-with-length": Shape(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    "redirect": Shape(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"),
    "head": Shape(OK + b"Content-Length: 1234\r\n\r\n", method="HEAD"),
    "post": Shape(OK + BODY, method="POST", sends=b"Content-Length: 4\r\n\r\na=b1"),
    "post-chunked": Shape(
        OK + BODY, method="POST", sends=b"Transfer-Encoding: chunked\r\n\r\n4;x\r\na=b1\r\n0\r\nT: u\r\n\r\n"
    ),
    "put": Shape(b"HTTP/1.1 201 Created\r\n\r\n", method="PUT", closes=True, sends=b"Content-Length: 1\r\n\r\nx"),
    "options": Shape(OK + b"Allow: GET\r\nContent-Length: 0\r\n\r\n", method="OPTIONS"),
    "no-http": Shape(b"<p>hello</p>", closes=True),
}  # fmt: skip


def body_length(head: bytes, held: bytes) -> bool:
    """True where the request whose head this is, is there with its body."""
    if b"transfer-encoding: chunked" in head.lower():
        return held.endswith(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(held) >= int(line.partition(b":")[2])
    return True


@dataclass
class OddOrigin:
    """``port``, and by path what it read and what it wrote."""

    replies: dict[str, Shape]
    port: int = 0
    requests: dict[str, bytes] = field(default_factory=dict)
    connections: int = 0
    streamed: int = 0
    """Bytes of streams that were taken from here."""


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = cast("_Server", self.server)
        conn: Any = self.request
        conn.settimeout(120)
        with suppress(OSError):
            if server.context is not None:
                conn = server.context.wrap_socket(conn, server_side=True)
            with conn:
                server.origin.connections += 1
                while self._one(conn, server.origin, b""):
                    pass
                if isinstance(conn, ssl.SSLSocket):
                    # With close_notify: only then the end of the connection is the end of a reply.
                    conn.unwrap()

    def _one(self, conn: Any, origin: OddOrigin, held: bytes) -> bool:
        while b"\r\n\r\n" not in held or not body_length(*held.split(b"\r\n\r\n", 1)):
            data = conn.recv(65536)
            if not data:
                return False
            held += data
        path = held.split(b" ")[1].decode()
        origin.requests[path] = held
        shape = origin.replies[path.lstrip("/").partition("?")[0]]
        conn.sendall(shape.reply)
        for _block in range(shape.streams // len(_BLOCK)):
            conn.sendall(_BLOCK)
            origin.streamed += len(_BLOCK)
        return not shape.closes


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    origin: OddOrigin
    context: ssl.SSLContext | None


@contextmanager
def odd_origin(context: ssl.SSLContext | None = None, more: dict[str, Shape] | None = None) -> Iterator[OddOrigin]:
    """An origin on the loopback that answers ``/NAME`` with the shape of that name."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.context = context
        server.origin = OddOrigin({**SHAPES, **(more or {})}, port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.origin
        server.shutdown()
        thread.join(10)
