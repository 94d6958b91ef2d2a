"""robots.txt as RFC 9309 has it. The reply itself is a record like any other; only its meaning is here.

Which lines are for this program is decided here, by section 2.2; what their paths mean is Protego's to say.
"""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

from protego import Protego

from preserve.crawler.outcomes import ROBOTS, ROBOTS_UNREACHABLE
from preserve.errors import FormatError
from preserve.expressions import lazy_re
from preserve.formats.content import decode_content
from preserve.formats.http1.stream import Payload, payload_of
from preserve.limits import Limits
from preserve.net.exchange import Exchange, Truncation

PRODUCT = "preserve"
"""The product token that a site's rules name (section 2.2.1)."""
_TOO_MANY = 429
_LINE_END = lazy_re(r"\r\n?|\n")
_TOKEN = lazy_re(r"[A-Za-z_-]+")
_OTHER_LINE_ENDS = lazy_re(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What ends a line for `str.splitlines`, and stands for itself in a rule."""
_FIELDS = {
    **dict.fromkeys(("user-agent", "useragent", "user agent"), "user-agent"),
    **dict.fromkeys(("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"), "disallow"),
    "allow": "allow",
    **dict.fromkeys(("crawl-delay", "crawl delay"), "crawl-delay"),
    **dict.fromkeys(("request-rate", "request rate"), "request-rate"),
    **dict.fromkeys(("sitemap", "sitemaps", "site-map"), "sitemap"),
}
"""Names of lines, and how they are misspelt; Google's parser and Protego forgive the same."""
_RULES = frozenset({"allow", "disallow"})


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
        payload = payload_of(exchange.response_bytes, exchange.method, head=exchange.head)
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
        rules = Protego.parse(own_lines(_text(content, limits)))
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


def own_lines(text: str, product: str = PRODUCT) -> str:
    """The lines of a robots.txt that are for a product token, as one group; and its sitemaps.

    A group begins with lines that name whom it is for, and goes on to the next such line behind a rule; only rules end
    the naming, not blank lines nor other records (sections 2.2 and 2.2.4). Of a name, the product token counts,
    whatever its case, and what follows it does not (2.2.1). All groups for the token are one; where there are none,
    those for ``*`` hold.
    """
    sitemaps: list[str] = []
    groups = _groups(text, sitemaps)
    lines: list[str] = []
    for token in (product.lower(), "*"):
        named = [group for group in groups if token in group.names]
        lines = [line for group in named for line in group.lines_for(token)]
        if named:
            break
    return "\n".join(["User-agent: *", *lines, *sitemaps, ""])


@dataclass(slots=True)
class _Group:
    """Whom a group names, each with the number of lines above; and its lines in the form that Protego reads."""

    names: dict[str, int] = field(default_factory=dict)
    lines: list[tuple[str, str]] = field(default_factory=list)

    def lines_for(self, token: str) -> list[str]:
        """All rules; of other records that stand among the names the first one below this name, or the last above."""
        rules = [f"{name}: {value}" for name, value in self.lines if name in _RULES]
        place = self.names[token]
        for record in ("crawl-delay", "request-rate"):
            below = [value for name, value in self.lines[place:] if name == record]
            above = [value for name, value in self.lines[:place] if name == record]
            rules += [f"{record}: {value}" for value in (below[:1] or above[-1:])]
        return rules


def _groups(text: str, sitemaps: list[str]) -> list[_Group]:
    """The groups of a robots.txt; lines that name sitemaps, which are of no group, are added to ``sitemaps``."""
    groups: list[_Group] = []
    has_rules = True
    for line in _LINE_END.split(text):
        name, value = _record(line)
        value = _OTHER_LINE_ENDS.sub(lambda match: quote(match[0]), value)
        if name == "user-agent":
            if has_rules:
                groups.append(_Group())
                has_rules = False
            groups[-1].names.setdefault(_token(value), len(groups[-1].lines))
        elif name == "sitemap":
            sitemaps.append(f"sitemap: {value}")
        elif name and groups:
            has_rules |= name in _RULES
            groups[-1].lines.append((name, value))
    return groups


def _record(line: str) -> tuple[str, str]:
    """Name and value of a line, without its comment; an empty name where it is no line that is known."""
    line = line.partition("#")[0].strip()
    name, _colon, value = line.partition(":")
    known = _FIELDS.get(name.strip().lower())
    if known is not None:
        return known, value.strip()
    # Without a colon, or with one in its value only.
    words = line.split()
    for count in (1, 2):
        known = _FIELDS.get(" ".join(words[:count]).lower())
        if known is not None and len(words) > count:
            return known, " ".join(words[count:])
    return "", ""


def _token(name: str) -> str:
    """The product token of a name in small letters, or ``*``; empty where it has none."""
    if name.split(maxsplit=1)[:1] == ["*"]:
        return "*"
    match = _TOKEN.match(name)
    return "" if match is None else match[0].lower()


def _delay(rules: Protego) -> float:
    delay = float(rules.crawl_delay(PRODUCT) or 0.0)
    rate = rules.request_rate(PRODUCT)
    if rate is not None and rate.requests:
        delay = max(delay, rate.seconds / rate.requests)
    return delay if delay == delay and delay > 0 else 0.0  # noqa: PLR0124 - "nan" is a number to a parser
