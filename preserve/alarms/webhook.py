"""Alarms by HTTP POST, signed (``docs/alarms.md``). No redirect is followed."""

import hashlib
import hmac
import http.client
from typing import Final
from urllib.parse import urlsplit

from preserve import __version__
from preserve.alarms.connections import Patience, RefusedError, UnreachedError, connected, trusted, words
from preserve.alarms.documents import MESSAGE_FIELD, json_bytes
from preserve.alarms.values import Message
from preserve.config.alarms import WebhookChannel

TIMESTAMP_FIELD: Final = "X-Preserve-Timestamp"
SIGNATURE_FIELD: Final = "X-Preserve-Signature"
_MAX_REPLY_BYTES = 64 * 1024
_PORTS = {"https": 443, "http": 80}
_GOOD = range(200, 300)
_REDIRECT = range(300, 400)


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """``v1=`` and HMAC-SHA256 in 64 hexadecimal digits, over: timestamp in decimal digits, full stop, body."""
    code = hmac.new(secret.encode("ascii"), b"%d." % timestamp + body, hashlib.sha256)
    return f"v1={code.hexdigest()}"


def post(
    channel: WebhookChannel, secret: str | None, message: Message, *, patience: Patience, until: float, now: float
) -> None:
    """Sends a message; an answer with a status of 2xx is success. ``now``: seconds since 1970.

    Raises:
        UnreachedError: no answer came.
        RefusedError: the answer says no.
    """
    parts = urlsplit(channel.webhook)
    body, stamp = json_bytes(message), int(now)
    fields = {
        "Content-Type": "application/json",
        "User-Agent": f"preserve/{__version__}",
        "Connection": "close",
        MESSAGE_FIELD: message.id,
        TIMESTAMP_FIELD: str(stamp),
    }
    if secret is not None:
        fields[SIGNATURE_FIELD] = signature(secret, stamp, body)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    way = None if channel.proxy is None else urlsplit(channel.proxy)
    proxy = None if way is None else (way.hostname or "", way.port or _PORTS["http"])
    context = None
    if parts.scheme == "https":
        context = trusted(channel.ca_file)
        context.set_alpn_protocols(["http/1.1"])
    try:
        with connected((host, port), context=context, patience=patience, until=until, proxy=proxy) as sock:
            line = http.client.HTTPConnection(host, port)
            line.sock = sock
            line.request("POST", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", body, fields)
            with line.getresponse() as reply:
                status = reply.status
                reply.read(_MAX_REPLY_BYTES)
    except http.client.RemoteDisconnected:
        raise UnreachedError("the server ended the connection") from None
    except http.client.HTTPException:
        raise UnreachedError("the answer is no HTTP") from None
    except OSError as error:
        raise UnreachedError(words(error)) from None
    if status in _REDIRECT:
        raise RefusedError(f"the answer has status {status}; no redirect is followed")
    if status not in _GOOD:
        raise RefusedError(f"the answer has status {status}")
