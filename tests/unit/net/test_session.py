"""Requests that are no capture: what comes back, and what is told where nothing does."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from preserve.net.deadline import UnreachedError
from preserve.net.post import post
from preserve.net.session import NoAnswerError, UnendingError, ask
from preserve.net.smtp import MailServer, sending


@contextmanager
def _accepting(server: socket.socket, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """Answers the first that connects, in a thread; nobody is waited for who gave up before."""

    def work() -> None:
        with suppress(OSError):
            line, _peer = server.accept()
            with line:
                answer(line)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextmanager
def _answering(*parts: bytes, pause_s: float = 0.0) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives one answer, in parts; its address, and what it was sent."""
    sent: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(line: socket.socket) -> None:
            sent.append(line.recv(65_536))
            for part in parts:
                line.sendall(part)
                time.sleep(pause_s)

        with _accepting(server, answer):
            yield f"http://127.0.0.1:{server.getsockname()[1]}/x", sent


def test_a_body_is_posted_and_the_answer_read_within_its_bound() -> None:
    with _answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes") as (url, sent):
        answer = ask(url, proxy=None, connect_s=5, read_s=5, body=b"?", fields={"X-Of": "ours"}, max_bytes=3)
    assert (answer.status, answer.body) == (200, b"yes")
    assert sent[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert b"X-Of: ours\r\n" in sent[0]


def test_an_answer_beyond_its_bound_is_given_up() -> None:
    with (
        _answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nyes!") as (url, _sent),
        pytest.raises(UnendingError, match="too long"),
    ):
        ask(url, proxy=None, connect_s=5, read_s=5, max_bytes=3)


def test_the_body_of_another_status_is_not_read_and_no_redirect_followed() -> None:
    with _answering(b"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 3\r\n\r\nyes") as (url, sent):
        answer = ask(url, proxy=None, connect_s=5, read_s=5, max_bytes=1)
    assert (answer.status, answer.body) == (302, b"")
    assert sent[0].startswith(b"GET /x")


def test_a_failure_names_its_kind_and_never_the_address(dead_port: int) -> None:
    with pytest.raises(NoAnswerError) as caught:
        ask(f"http://127.0.0.1:{dead_port}/secret", proxy=None, connect_s=5, read_s=5)
    assert str(caught.value) == "ConnectionError"


@contextmanager
def _endless(first: bytes, piece: bytes) -> Iterator[str]:
    """A server that answers without end, until nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(line: socket.socket) -> None:
            if not first.startswith(b"220") and not piece.startswith(b"220"):
                line.recv(65_536)
            line.sendall(first)
            while True:
                line.sendall(piece)

        with _accepting(server, answer):
            yield f"http://127.0.0.1:{server.getsockname()[1]}/x"


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 10_000),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n" * 1_000),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1_000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 10_000),
    ],
)
def test_an_answer_without_end_is_given_up(first: bytes, piece: bytes) -> None:
    with _endless(first, piece) as url, pytest.raises(NoAnswerError):
        ask(url, proxy=None, connect_s=30, read_s=30, max_bytes=1_000)


def test_an_answer_that_drips_is_cut_in_time() -> None:
    drips = [b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 40]
    with _answering(*drips, pause_s=0.05) as (url, _sent), pytest.raises(UnendingError):
        ask(url, proxy=None, connect_s=0.3, read_s=0.3, max_bytes=1_000)


@pytest.mark.parametrize(
    ("first", "piece"), [(b"", b"220-" + b"x" * 400 + b"\r\n"), (b"220 hello\r\n", b"250-more\r\n" * 100)]
)
def test_a_mail_server_whose_reply_never_ends_is_left(first: bytes, piece: bytes) -> None:
    with _endless(first, piece) as url:
        server = MailServer(address=("127.0.0.1", int(url.split(":")[2].removesuffix("/x"))), tls="none")
        with (
            pytest.raises(UnreachedError, match="too long"),
            sending(server, step_s=30, until=time.monotonic() + 60) as send,
        ):
            send("a@example.org", ["b@example.org"], b"x")


@pytest.mark.parametrize("piece", [b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000, b"HTTP/1.1 200 OK\r\nX: y" + b"y" * 9_000])
def test_a_receiver_whose_answer_never_ends_is_left(piece: bytes) -> None:
    with _endless(b"", piece) as url, pytest.raises(UnreachedError):
        post(url, b"{}", {}, ca_file=None, proxy=None, step_s=30, until=time.monotonic() + 60)
