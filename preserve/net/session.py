"""Requests over HTTP that are no capture: to time authorities, and to whoever watches this machine."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

_PART_BYTES = 1 << 14


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
    import requests  # noqa: PLC0415 - most commands ask nobody

    session = requests.Session()
    # Neither a proxy nor passwords out of the environment.
    session.trust_env = False
    session.proxies = {} if proxy is None else {"http": proxy, "https": proxy}
    deadline = time.monotonic() + connect_s + read_s
    try:
        with session.request(
            "GET" if body is None else "POST",
            url,
            data=body,
            headers=dict(fields or {}),
            timeout=(connect_s, read_s),
            allow_redirects=False,
            stream=True,
        ) as reply:
            if not max_bytes or reply.status_code != requests.codes.ok:
                return Answer(reply.status_code, b"")
            taken = bytearray()
            for part in reply.iter_content(_PART_BYTES):
                taken += part
                if len(taken) > max_bytes or time.monotonic() > deadline:
                    raise UnendingError("the answer is too long, or comes too slowly")
            return Answer(reply.status_code, bytes(taken))
    except (requests.RequestException, OSError, ValueError) as error:
        raise NoAnswerError(type(error).__name__) from error
    finally:
        session.close()
