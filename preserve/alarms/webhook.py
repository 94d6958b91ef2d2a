"""Alarms by HTTP POST, signed (``docs/alarms.md``). No redirect is followed."""

import hashlib
import hmac
from typing import Final

from preserve import __version__
from preserve.alarms.documents import MESSAGE_FIELD, json_bytes
from preserve.alarms.values import AlarmMessage, Patience
from preserve.config.alarms import WebhookChannel
from preserve.net import post as net_post
from preserve.net.deadline import RefusedError

TIMESTAMP_FIELD: Final = "X-Preserve-Timestamp"
SIGNATURE_FIELD: Final = "X-Preserve-Signature"
_GOOD = range(200, 300)
_REDIRECT = range(300, 400)


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """``v1=`` and HMAC-SHA256 in 64 hexadecimal digits, over: timestamp in decimal digits, full stop, body."""
    code = hmac.new(secret.encode("ascii"), b"%d." % timestamp + body, hashlib.sha256)
    return f"v1={code.hexdigest()}"


def post(
    channel: WebhookChannel, secret: str | None, message: AlarmMessage, *, patience: Patience, until: float, now: float
) -> None:
    """Sends a message; an answer with a status of 2xx is success. ``now``: seconds since 1970.

    Raises:
        UnreachedError: no answer came.
        RefusedError: the answer says no.
    """
    body, stamp = json_bytes(message), int(now)
    fields = {
        "Content-Type": "application/json",
        "User-Agent": f"preserve/{__version__}",
        MESSAGE_FIELD: message.id,
        TIMESTAMP_FIELD: str(stamp),
    }
    if secret is not None:
        fields[SIGNATURE_FIELD] = signature(secret, stamp, body)
    status = net_post.post(
        channel.webhook,
        body,
        fields,
        ca_file=channel.ca_file,
        proxy=channel.proxy,
        step_s=patience.step_s,
        until=until,
    )
    if status in _REDIRECT:
        raise RefusedError(f"the answer has status {status}; no redirect is followed")
    if status not in _GOOD:
        raise RefusedError(f"the answer has status {status}")
