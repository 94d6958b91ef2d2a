"""Requests that are no capture: what comes back, and what is told where nothing does."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from preserve.net.session import NoAnswerError, UnendingError, ask


@contextmanager
def _answering(*parts: bytes, pause_s: float = 0.0) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives one answer, in parts; its address, and what it was sent."""
    sent: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            line, _peer = server.accept()
            with line:
                sent.append(line.recv(65_536))
                for part in parts:
                    line.sendall(part)
                    time.sleep(pause_s)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x", sent
        thread.join()


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
