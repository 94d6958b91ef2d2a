"""Whatever a server sends, and whenever: no exchange holds bytes of another one."""

import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from preserve.limits import DEFAULT_LIMITS
from preserve.net.fetch import Fetcher
from tests.examples import examples

LIMITS = replace(DEFAULT_LIMITS, connect_timeout_s=60.0, read_timeout_s=60.0)
END = b"\r\n\r\n"
TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def _reply(words: bytes, fields: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, len(words), words)


FORGED = _reply(b"forged")
LATE = st.one_of(
    st.sampled_from([b"", FORGED, FORGED * 3, FORGED[:-1], b"\r\n", TIMEOUT, b"HTTP/1.1 103 Early Hints\r\n\r\n"]),
    st.binary(max_size=50),
)
SHAPES = st.sampled_from(["length", "chunked", "close", "interim", "says close", "408"])
STEPS = st.lists(st.tuples(SHAPES, LATE, st.booleans()), min_size=2, max_size=6)


def _shaped(shape: str, words: bytes) -> bytes:
    match shape:
        case "chunked":
            return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(words), words)
        case "close":
            return b"HTTP/1.1 200 OK\r\n\r\n" + words
        case "interim":
            return b"HTTP/1.1 100 Continue\r\n\r\n" + _reply(words)
        case "says close":
            return _reply(words, b"Connection: close\r\n")
    return _reply(words)


class _Server:
    """Answers each request when it is there whole, by what ``shapes`` has for its path; 408 once for each such path.

    ``line``: the connection that was answered last; what is sent on it then comes late.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.shapes: dict[bytes, str] = {}
        self.refused: set[bytes] = set()
        self.line: socket.socket | None = None
        self.answered: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._listener = listener

    def run(self) -> None:
        while True:
            try:
                line, _peer = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        kept = b""
        with line, suppress(OSError):
            while data := line.recv(65_536):
                kept += data
                while END in kept:
                    head, _end, kept = kept.partition(END)
                    if self._answer(line, head.split(b" ")[1]):
                        return

    def _answer(self, line: socket.socket, path: bytes) -> bool:
        shape = self.shapes[path]
        closes = shape in {"close", "says close"}
        if shape == "408" and path not in self.refused:
            self.refused.add(path)
            line.sendall(TIMEOUT)
            closes = True
        else:
            line.sendall(_shaped(shape, b"page " + path))
        self.line = None if closes else line
        if closes:
            line.close()
        self.answered.put(None)
        return closes


@contextmanager
def _serving() -> Iterator[tuple[_Server, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(listener)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        yield server, listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _wait_for_arrival(fetcher: Fetcher, size: int) -> None:
    """Until so many bytes, or the end, have come to this machine."""
    (connection,) = fetcher._kept.values()
    connection._sock.settimeout(60.0)
    connection._timeout_s = None
    while len(connection._sock.recv(size or 1, socket.MSG_PEEK)) < size:
        pass


@settings(max_examples=examples(60), deadline=None)
@given(STEPS)
@example([("length", FORGED, False), ("length", b"", False), ("length", TIMEOUT, True), ("chunked", b"", False)])
@example([("length", b"", False), ("408", b"", False), ("length", b"", True), ("interim", FORGED[:9], False)])
def test_each_exchange_is_the_answer_to_its_request(steps: list[tuple[str, bytes, bool]]) -> None:
    with _serving() as (server, port):
        fetcher = Fetcher(user_agent="x", limits=LIMITS, allow_addresses=["127.0.0.1"], verify_tls=True)
        late, is_kept = b"", False
        for number, (shape, next_late, ends) in enumerate(steps):
            path = b"/%d" % number
            server.shapes[path] = shape
            exchange = fetcher.fetch(f"http://127.0.0.1:{port}{path.decode()}")
            server.answered.get(timeout=60)
            asked_twice = shape == "408" and is_kept and not late
            expected = _shaped(shape, b"page " + path)
            surplus = [late] if late else [TIMEOUT] if asked_twice else []
            if shape == "408" and not asked_twice:
                expected = TIMEOUT
            elif asked_twice:
                server.answered.get(timeout=60)
            assert exchange.interim_bytes + exchange.response_bytes == expected
            assert [each.data for each in exchange.surplus] == surplus
            assert (exchange.error, exchange.truncated) == (None, None)
            late, is_kept = b"", server.line is not None
            if server.line is not None:
                server.line.sendall(next_late)
                late = next_late
                if ends:
                    server.line.shutdown(socket.SHUT_WR)
                    is_kept = False
                if late or ends:
                    _wait_for_arrival(fetcher, len(late))
        fetcher.close()
