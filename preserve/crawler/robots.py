"""robots.txt as RFC 9309 has it. The reply itself is a record like any other; only its meaning is here."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from protego import Protego

from preserve.crawler.exchange import Exchange
from preserve.errors import FormatError
from preserve.formats.content import decode_content
from preserve.formats.http1 import payload_of
from preserve.limits import Limits

PRODUCT = "preserve"
"""The product token that a site's rules name (section 2.2.1)."""
REFUSED = "robots"
UNREACHABLE = "robots-unreachable"


def robots_url(url: str) -> str:
    """Where the rules for an address are (section 2.3)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsRules:
    """The rules of one host. ``rules`` None: everything is allowed, or, with a ``refusal``, nothing is.

    ``refusal`` is the reason code of an address that may not be fetched.
    """

    rules: Protego | None
    refusal: str
    fetched: datetime

    @classmethod
    def from_exchange(cls, exchange: Exchange | None, limits: Limits, *, now: datetime) -> "RobotsRules":
        """Reads a reply (sections 2.3.1 and 2.5).

        A full reply is parsed, its first ``max_robots_bytes`` bytes; a 4xx, or redirects without end, allow everything;
        a 5xx, a failure or a cut connection allows nothing.
        """
        failure = UNREACHABLE if exchange is None or exchange.error is None else str(exchange.error)
        closed = cls(rules=None, refusal=failure, fetched=now)
        if exchange is None or exchange.error is not None:
            return closed
        try:
            payload = payload_of(exchange.response_bytes)
            status = payload.head.status
            if 300 <= status < 500:  # noqa: PLR2004 - section 2.3.1.2 and 2.3.1.3
                return cls(rules=None, refusal="", fetched=now)
            if not 200 <= status < 300:  # noqa: PLR2004
                return closed
            codings = [c.decode("latin-1") for c in payload.head.get_all(b"content-encoding")]
            content = decode_content(payload.payload, codings, max_bytes=limits.max_decoded_bytes)
        except FormatError:
            return closed
        text = content[: limits.max_robots_bytes].decode("utf-8", "replace").removeprefix("\ufeff")
        return cls(rules=Protego.parse(text), refusal=REFUSED, fetched=now)

    def allowed(self, url: str) -> bool:
        """True where the rules let this program fetch the address."""
        if self.rules is None:
            return not self.refusal
        return bool(self.rules.can_fetch(url, PRODUCT))

    def expired(self, now: datetime, limits: Limits) -> bool:
        """True where they are older than RFC 9309 section 2.4 lets them be used."""
        return (now - self.fetched).total_seconds() > limits.robots_cache_s
