"""Requests over HTTP that are no capture: to time authorities, and to whoever watches this machine."""

import base64
import http.client
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit

from preserve.net.deadline import TooLongError, UnreachedError, answer_of, connected, trusted

_MAX_HEAD_BYTES = 256 * 1024
_PORTS = {"https": 443, "http": 80}
_OK = 200


class NoAnswerError(Exception):
    """No answer came. The text is the kind of failure; it never holds the address, which may be a secret."""


class UnendingError(NoAnswerError):
    """The answer is larger than its bound, or comes too slowly."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``body`` is empty where none was asked for, or where the status is not 200."""

    status: int
    body: bytes


def ask(
    url: str,
    *,
    proxy: str | None,
    connect_s: float,
    read_s: float,
    body: bytes | None = None,
    fields: Mapping[str, str] | None = None,
    max_bytes: int = 0,
) -> Answer:
    """Asks for an address, with POST where there is a body; no redirect is followed.

    ``max_bytes``: of the answer's body; 0 where it is not read. It comes within ``connect_s + read_s`` seconds.

    Raises:
        NoAnswerError: there is none, or (`UnendingError`) none that ends within the bounds.
    """
    until = time.monotonic() + connect_s + read_s
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        way = None if proxy is None else urlsplit(proxy)
        through = None if way is None else (way.hostname or "", way.port or _PORTS["http"])
        given = dict(fields or {})
        if parts.username is not None:
            secret = unquote_to_bytes(f"{parts.username}:{parts.password or ''}")
            given["Authorization"] = f"Basic {base64.b64encode(secret).decode('ascii')}"
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        context = trusted(None) if parts.scheme == "https" else None
        if context is not None:
            context.set_alpn_protocols(["http/1.1"])
        elif through is not None:
            # A proxy is asked for what is not encrypted by the whole address.
            target, address, through = f"http://{parts.netloc.rpartition('@')[2]}{target}", through, None
        address = address if proxy is not None and context is None else (host, port)
        with connected(address, context=context, step_s=max(connect_s, read_s), until=until, proxy=through) as sock:
            line = http.client.HTTPConnection(host, port)
            line.sock = sock
            line.request("GET" if body is None else "POST", target, body, {**given, "Connection": "close"})
            reply = answer_of(line, _MAX_HEAD_BYTES + max_bytes)
            taken = reply.read(max_bytes + 1) if max_bytes and reply.status == _OK else b""
    except (TooLongError, TimeoutError) as error:
        raise UnendingError("the answer is too long, or comes too slowly") from error
    except http.client.HTTPException as error:
        raise NoAnswerError(type(error).__name__) from error
    except (OSError, UnreachedError) as error:
        raise NoAnswerError("name not found" if isinstance(error, socket.gaierror) else "ConnectionError") from error
    except (KeyError, ValueError) as error:
        raise NoAnswerError("no address") from error
    # What was cut in time may read like what has ended.
    if len(taken) > max_bytes or time.monotonic() >= until:
        raise UnendingError("the answer is too long, or comes too slowly")
    return Answer(reply.status, taken)
