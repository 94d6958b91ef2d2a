"""One POST over HTTP whose answer comes in time or not at all. No redirect is followed, no cookie kept."""

import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit

from preserve.net.deadline import UnreachedError, answer_of, connected, trusted, words

_MAX_REPLY_BYTES = 64 * 1024
_PORTS = {"https": 443, "http": 80}


def post(
    url: str,
    body: bytes,
    fields: Mapping[str, str],
    *,
    ca_file: str | None,
    proxy: str | None,
    step_s: float,
    until: float,
) -> int:
    """The status of the answer. A step takes at most ``step_s`` seconds; all is cut at ``until`` (monotonic clock).

    Raises:
        UnreachedError: no answer came.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    way = None if proxy is None else urlsplit(proxy)
    through = None if way is None else (way.hostname or "", way.port or _PORTS["http"])
    context = None
    if parts.scheme == "https":
        context = trusted(ca_file)
        context.set_alpn_protocols(["http/1.1"])
    try:
        with connected((host, port), context=context, step_s=step_s, until=until, proxy=through) as sock:
            line = http.client.HTTPConnection(host, port)
            line.sock = sock
            target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            line.request("POST", target, body, {**fields, "Connection": "close"})
            # What it says beside the status is read to no purpose, and to no end of its own.
            return answer_of(line, _MAX_REPLY_BYTES).status
    except http.client.RemoteDisconnected:
        raise UnreachedError("the server ended the connection") from None
    except http.client.HTTPException:
        raise UnreachedError("the answer is no HTTP") from None
    except OSError as error:
        raise UnreachedError(words(error)) from None
