"""Exchanges made up for tests."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from preserve.errors import FormatError
from preserve.formats.http1.message import parse_response_head, split_head
from preserve.net.exchange import Exchange

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def exchange_of(reply: bytes, **changes: Any) -> Exchange:
    """An exchange with a reply; its head is read from it where that can be done."""
    values: dict[str, Any] = {
        "url": "http://x.org/",
        "method": "GET",
        "request_bytes": b"GET / HTTP/1.1\r\nHost: x.org\r\n\r\n",
        "interim_bytes": b"",
        "response_bytes": reply,
        "head": None,
        "expected_bytes": None,
        "received_bytes": 0,
        "started": NOW,
        "ended": NOW,
        "peer": None,
        "withheld": (),
        "truncated": None,
        "error": None,
    }
    with suppress(FormatError):
        values["head"] = parse_response_head(split_head(reply)[0])
    return Exchange(**{**values, **changes})


def ok(text: str | bytes) -> bytes:
    """A reply 200 with a body."""
    body = text.encode() if isinstance(text, str) else text
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def status(code: int, *fields: str) -> bytes:
    """A reply without a body."""
    lines = "".join(f"{line}\r\n" for line in fields)
    return f"HTTP/1.1 {code} X\r\n{lines}Content-Length: 0\r\n\r\n".encode()
