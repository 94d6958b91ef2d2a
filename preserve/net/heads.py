"""What a server says of addresses that were signed for it (HEAD), over as few connections as it lets us keep.

Such an address is a secret as long as it holds: it is in no error and no log.

Tested by ``tests/scenarios/test_object_locks.py``.
"""

import http.client
import time
import urllib.request
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from preserve.net.deadline import UnreachedError, answer_of, connected, trusted
from preserve.net.session import NoAnswerError

_MAX_HEAD_BYTES: Final = 64 * 1024
_PORTS: Final = {"https": 443, "http": 80}


class HeadReply(Struct, frozen=True):
    """The status, and the fields by their names in lower case; of one that comes twice the last."""

    status: int
    fields: Mapping[str, str]


def heads(urls: Sequence[str], *, step_s: float) -> Iterator[HeadReply]:
    """One for each address, in their order. All are of one server; no redirect is followed.

    The way there is the environment's (``HTTPS_PROXY``), as for all that is asked of a store. Each answer comes within
    ``step_s`` seconds.

    Raises:
        NoAnswerError: there is none. It says no address.
    """
    left = deque(urls)
    while left:
        yield from _over_one_connection(left, step_s)


def _over_one_connection(left: deque[str], step_s: float) -> Iterator[HeadReply]:
    """As many as the server answers on it, one at least."""
    parts = urlsplit(left[0])
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    try:
        context = trusted(None) if parts.scheme == "https" else None
        if context is not None:
            context.set_alpn_protocols(["http/1.1"])
        until = time.monotonic() + step_s * len(left)
        with connected((host, port), context=context, step_s=step_s, until=until, proxy=_proxy(host, context)) as sock:
            line = http.client.HTTPConnection(host, port)
            # It would go on by itself over a new connection, without TLS.
            line.auto_open = 0
            line.sock = sock
            while left:
                asked = urlsplit(left[0])
                # What was signed names the server as the address has it.
                line.request("HEAD", f"{asked.path}?{asked.query}", headers={"Host": asked.netloc})
                reply = answer_of(line, _MAX_HEAD_BYTES)
                reply.read()
                left.popleft()
                yield HeadReply(reply.status, {name.lower(): value for name, value in reply.getheaders()})
                if reply.will_close:
                    return
    except (OSError, UnreachedError, http.client.HTTPException) as error:
        raise NoAnswerError(type(error).__name__) from None


def _proxy(host: str, context: object) -> tuple[str, int] | None:
    """What gives a way through to a server that TLS is spoken with, by the environment."""
    said = urllib.request.getproxies_environment().get("https", "") if context is not None else ""
    if not said or urllib.request.proxy_bypass(host):
        return None
    way = urlsplit(said if "://" in said else f"http://{said}")
    return way.hostname or "", way.port or _PORTS["http"]
