"""How an address can end: the closed list of states and reason codes, each permanent or passing.

``docs/reference/outcomes.md`` is generated from `REASONS`. A reply has the reason ``http-STATUS``.

Tested by ``tests/unit/crawler/test_frontier.py``.
"""

from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from preserve.net.exchange import Exchange, Failure

DONE, FAILED, SKIPPED, RETRY = "done", "failed", "skipped", "retry"
CHALLENGE = "challenge"
OUT_OF_SCOPE, TOO_DEEP, TOO_LONG = "out-of-scope", "too-deep", "url-too-long"
TRAP_REPEAT, TRAP_CALENDAR, TRAP_SESSION = "trap-repetition", "trap-calendar", "trap-session"
ROBOTS, ROBOTS_UNREACHABLE = "robots", "robots-unreachable"
HOST_PAUSED = "host-paused"
ALARMED = frozenset({"challenge", "tls"})
"""Reasons that there is an alarm of."""
NOT_DUE = "not-due"
RESCUED, NOT_ARCHIVED, NO_GOOD_MEMENTO, NO_ANSWER = "rescued", "not-archived", "no-good-memento", "no-answer"


class Reason(Struct, frozen=True):
    """One row of the table. ``passing``: the same request may well succeed later."""

    state: str
    passing: bool
    meaning: str


_PASSES, _STAYS = True, False
REASONS: dict[str, Reason] = {
    "captured": Reason(DONE, _STAYS, "Captured by a run that was stopped before it could note the status."),
    CHALLENGE: Reason(DONE, _STAYS, "A bot wall's challenge came in the place of the page; kept, and not defied."),
    "cut-length": Reason(DONE, _STAYS, "The reply was longer than `max_body_mb` and is cut there."),
    "cut-time": Reason(DONE, _PASSES, "The reply fell silent, or took too long; what came is kept."),
    "cut-unspecified": Reason(DONE, _PASSES, "A browser's page was over before the reply was; what came is kept."),
    "cut-disconnect": Reason(DONE, _PASSES, "The connection ended before the reply did; what came is kept."),
    "malformed-reply": Reason(DONE, _STAYS, "What came is no HTTP reply; it is kept to the last byte."),
    "bad-url": Reason(FAILED, _STAYS, "The address cannot be asked for."),
    "dns": Reason(FAILED, _PASSES, "The host's name has no address."),
    "address-refused": Reason(FAILED, _STAYS, "The host has only private or special addresses; see `allow_addresses`."),
    "proxy": Reason(FAILED, _PASSES, "The proxy gave no way to the host."),
    "connect": Reason(FAILED, _PASSES, "The host took no connection."),
    "connect-timeout": Reason(FAILED, _PASSES, "The host did not take the connection in time."),
    "tls": Reason(FAILED, _STAYS, "The TLS handshake failed, or the certificate is not accepted; see `tls`."),
    "timeout": Reason(FAILED, _PASSES, "The host sent nothing in time."),
    "disconnect": Reason(FAILED, _PASSES, "The host closed the connection before the first byte."),
    "unasked-reply": Reason(
        FAILED, _PASSES, "The host sent bytes on a new connection before it was asked; they are kept, and are no page."
    ),
    ROBOTS_UNREACHABLE: Reason(FAILED, _PASSES, "The host's robots.txt cannot be had, so nothing may be fetched."),
    HOST_PAUSED: Reason(FAILED, _PASSES, "The host asked for a pause, or failed, for longer than a run waits."),
    ROBOTS: Reason(SKIPPED, _STAYS, "The host's robots.txt does not allow it."),
    OUT_OF_SCOPE: Reason(SKIPPED, _STAYS, "Not of the collection, by `include` or `exclude`."),
    TOO_DEEP: Reason(SKIPPED, _STAYS, "More links from a seed than `max_depth`."),
    TOO_LONG: Reason(SKIPPED, _STAYS, "An address of more than 4,000 characters."),
    TRAP_REPEAT: Reason(SKIPPED, _STAYS, "The address repeats its own parts: a path that grows for ever."),
    TRAP_CALENDAR: Reason(SKIPPED, _STAYS, "A calendar far from the present: a site that makes up its pages."),
    NOT_DUE: Reason(SKIPPED, _PASSES, "Held, and not due by `adaptive`; what its held copy leads to was followed."),
    RESCUED: Reason(DONE, _STAYS, "Of a rescue: a web archive served a memento of it, which is held."),
    NOT_ARCHIVED: Reason(DONE, _PASSES, "Of a rescue: every web archive that was asked says that it has none."),
    NO_GOOD_MEMENTO: Reason(DONE, _PASSES, "Of a rescue: web archives list it, and no memento served was the page."),
    NO_ANSWER: Reason(FAILED, _PASSES, "Of a rescue: none has it, and some web archive gave no usable answer."),
    TRAP_SESSION: Reason(SKIPPED, _STAYS, "An address that is known already, under another session id."),
}


class AddressOutcome(NamedTuple):
    """How an address ended; ``number`` is its place in the frontier. ``retry``: it is asked again in this run."""

    number: int
    url: str
    host: str
    state: str
    reason: str


def is_passing(reason: str) -> bool:
    """True where the same request may well succeed later: 408, 425, 429 and 5xx among the replies."""
    known = REASONS.get(reason)
    if known is not None:
        return known.passing
    status = reason.removeprefix("http-")
    return status in {"408", "425", "429"} or status[0] == "5"


def troubles() -> list[str]:
    """Reasons of addresses that were asked for in vain, and may answer later; those of replies left out."""
    unasked = {HOST_PAUSED, ROBOTS_UNREACHABLE}
    return [name for name, one in REASONS.items() if one.state == FAILED and one.passing and name not in unasked]


def reason_of(exchange: Exchange, *, challenge: str | None) -> str:
    """The reason code of an exchange."""
    if exchange.error is not None:
        return str(exchange.error)
    if exchange.truncated is not None:
        return f"cut-{exchange.truncated}"
    if challenge is not None:
        return CHALLENGE
    return "malformed-reply" if exchange.head is None else f"http-{exchange.head.status:03d}"


def reason_of_reply(status: int | None, challenge: str | None) -> str:
    """The reason code of a held reply. One without a status is a revisit by the server's word, or unreadable."""
    if challenge is not None:
        return CHALLENGE
    return "captured" if status is None else f"http-{status:03d}"


def state_of(reason: str) -> str:
    """``done``, ``failed`` or ``skipped``."""
    known = REASONS.get(reason)
    return DONE if known is None else known.state


class Trouble(Enum):
    """What an exchange says of its host: nothing bad, perhaps that it is in trouble, or that it surely is."""

    NONE = 0
    PERHAPS = 1
    SURE = 2


def host_trouble(exchange: Exchange, *, is_robots: bool = False) -> Trouble:
    """Whether the host itself is in trouble or wants to be left alone.

    One address that never answers may be a fault of its own; a robots.txt that fails stands for the whole host.
    """
    if exchange.error is not None:
        if exchange.error in _HOST_FAILURES:
            return Trouble.SURE
        return Trouble.PERHAPS if exchange.error in {Failure.TIMEOUT, Failure.DISCONNECT} else Trouble.NONE
    if exchange.head is None:
        return Trouble.NONE
    status = exchange.head.status
    return Trouble.SURE if status in {429, 503} or (is_robots and status >= _SERVER_ERROR) else Trouble.NONE


_SERVER_ERROR = 500
_HOST_FAILURES = frozenset({Failure.DNS, Failure.CONNECT, Failure.CONNECT_TIMEOUT, Failure.PROXY})
