"""What the desk listens with."""

import socket

import uvicorn

from preserve.web.server import _listening


def _config(port: int) -> uvicorn.Config:
    return uvicorn.Config("none:none", host="127.0.0.1", port=port, log_config=None)


def test_no_answer_waits_until_its_head_was_acknowledged() -> None:
    with (
        _listening(_config(0), "--desk") as listening,
        socket.create_connection(listening.getsockname(), timeout=30),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
