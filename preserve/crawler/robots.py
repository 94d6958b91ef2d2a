"""robots.txt as RFC 9309 has it. The reply itself is a record like any other; only its meaning is here."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from protego import Protego

from preserve.crawler.outcomes import ROBOTS, ROBOTS_UNREACHABLE
from preserve.errors import FormatError
from preserve.formats.content import decode_content
from preserve.formats.http1.stream import Payload, payload_of
from preserve.limits import Limits
from preserve.net.exchange import Exchange, Truncation

PRODUCT = "preserve"
"""The product token that a site's rules name (section 2.2.1)."""
_TOO_MANY = 429


def robots_url(url: str) -> str:
    """Where the rules for an address are (section 2.3)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsRules:
    """The rules of one host. ``rules`` None: everything is allowed, or, with a ``refusal``, nothing is.

    ``refusal`` is the reason code of an address that may not be fetched. ``delay_s``: what Crawl-delay and Request-rate
    ask for. ``record_id``: the record of the reply that said so.
    """

    rules: Protego | None
    refusal: str
    fetched: datetime
    delay_s: float = 0.0
    sitemaps: tuple[str, ...] = field(default=())
    record_id: str = ""

    @classmethod
    def from_exchange(cls, exchange: Exchange, limits: Limits, *, now: datetime, record_id: str = "") -> "RobotsRules":
        """Reads a reply (sections 2.3.1 and 2.5).

        A full reply is parsed, its first ``max_robots_bytes`` bytes; a 4xx, or redirects without end, allow everything;
        a 5xx, a 429, a failure or a cut connection allows nothing: the rules are there and cannot be had.
        """
        failure = ROBOTS_UNREACHABLE if exchange.error is None else str(exchange.error)
        closed = cls(rules=None, refusal=failure, fetched=now, record_id=record_id)
        if exchange.error is not None or exchange.head is None:
            return closed
        if exchange.truncated in {Truncation.TIME, Truncation.DISCONNECT}:
            return closed
        payload = payload_of(exchange.response_bytes, head=exchange.head)
        return cls.from_payload(payload, limits, now=now, record_id=record_id)

    @classmethod
    def from_payload(cls, payload: Payload, limits: Limits, *, now: datetime, record_id: str) -> "RobotsRules":
        """Reads a whole reply that came at ``now``, or was kept then."""
        closed = cls(rules=None, refusal=ROBOTS_UNREACHABLE, fetched=now, record_id=record_id)
        status = payload.head.status
        if 300 <= status < 500 and status != _TOO_MANY:  # noqa: PLR2004 - section 2.3.1.2 and 2.3.1.3
            return cls(rules=None, refusal="", fetched=now, record_id=record_id)
        if not 200 <= status < 300:  # noqa: PLR2004
            return closed
        try:
            codings = [c.decode("latin-1") for c in payload.head.get_all(b"content-encoding")]
            content = decode_content(payload.payload, codings, max_bytes=limits.max_decoded_bytes)
        except FormatError:
            return closed
        rules = Protego.parse(_text(content, limits))
        return cls(
            rules=rules,
            refusal=ROBOTS,
            fetched=now,
            delay_s=_delay(rules),
            sitemaps=tuple(str(url) for url in rules.sitemaps)[:100],
            record_id=record_id,
        )

    @property
    def verdict(self) -> str:
        """What the reply means, in one word, for the evidence: ``rules``, ``none`` or ``unreachable``."""
        return "rules" if self.rules is not None else "unreachable" if self.refusal else "none"

    def allowed(self, url: str) -> bool:
        """True where the rules let this program fetch the address."""
        if self.rules is None:
            return not self.refusal
        return bool(self.rules.can_fetch(url, PRODUCT))

    def expired(self, now: datetime, limits: Limits) -> bool:
        """True where they are older than RFC 9309 section 2.4 lets them be used."""
        return (now - self.fetched).total_seconds() > limits.robots_cache_s


def _text(content: bytes, limits: Limits) -> str:
    """The part that is read; a line that the bound cuts through is left out: half a rule says something else."""
    if len(content) > limits.max_robots_bytes:
        content = content[: limits.max_robots_bytes]
        content = content[: max(content.rfind(b"\n"), content.rfind(b"\r")) + 1] or content
    return content.decode("utf-8", "replace").removeprefix("\ufeff")


def _delay(rules: Protego) -> float:
    delay = float(rules.crawl_delay(PRODUCT) or 0.0)
    rate = rules.request_rate(PRODUCT)
    if rate is not None and rate.requests:
        delay = max(delay, rate.seconds / rate.requests)
    return delay if delay == delay and delay > 0 else 0.0  # noqa: PLR0124 - "nan" is a number to a parser
