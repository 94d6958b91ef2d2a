"""Politeness in time: when a host may be asked again. Its state is a value, kept over runs and restarts.

One exchange at a time with each host; ``delay_s`` between the end of one and the beginning of the next, more where its
robots.txt asks for it; Retry-After in both forms (RFC 9110 section 10.2.3); and a pause that doubles with each trouble.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from preserve.crawler.outcomes import Trouble, host_trouble
from preserve.limits import Limits
from preserve.net.exchange import Exchange

_DOUBTS = 3
"""Addresses in a row without an answer after which it is the host that has the trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """What is remembered of a host: how often it was in trouble, when last, and until when it is left alone."""

    host: str
    troubles: int = 0
    last_trouble: datetime | None = None
    paused_until: datetime | None = None

    @property
    def is_clean(self) -> bool:
        """True where there is nothing to remember."""
        return self.troubles == 0 and self.paused_until is None


class HostPace:
    """The pace of one host. Moments are those of the caller's clock."""

    def __init__(
        self, state: HostState, *, delay_s: float, limits: Limits, chance: Callable[[], float] = random.random
    ) -> None:
        self.state = state
        self._delay_s = delay_s
        self._asked_s = 0.0
        self._limits = limits
        self._chance = chance
        self._ended: datetime | None = None
        self._doubts = 0

    def ask_for(self, delay_s: float) -> None:
        """What the host's robots.txt asks for, up to ``max_crawl_delay_s``."""
        self._asked_s = min(delay_s, self._limits.max_crawl_delay_s)

    @property
    def delay_s(self) -> float:
        """Seconds between two exchanges."""
        return max(self._delay_s, self._asked_s)

    def wait_s(self, now: datetime) -> float:
        """Seconds until the host may be asked; 0: now. A clock that was put back lengthens no delay."""
        wait = 0.0
        if self._ended is not None:
            wait = min(self.delay_s, self.delay_s - (now - self._ended).total_seconds())
        if self.state.paused_until is not None:
            wait = max(wait, min((self.state.paused_until - now).total_seconds(), self._limits.max_pause_s))
        return max(0.0, wait)

    def done(self, exchange: Exchange, now: datetime, *, is_robots: bool = False) -> bool:
        """Takes in how an exchange ended. Returns whether the remembered state changed."""
        self._ended = now
        before = self.state
        asked = retry_after(exchange, now)
        trouble = host_trouble(exchange, is_robots=is_robots)
        self._doubts = self._doubts + 1 if trouble is Trouble.PERHAPS else 0
        if trouble is Trouble.SURE or self._doubts >= _DOUBTS or (is_robots and self._doubts):
            self._trouble(now, asked)
        elif trouble is Trouble.NONE:
            self._quiet(now, asked)
        return self.state != before

    def _trouble(self, now: datetime, asked: float | None) -> None:
        limits = self._limits
        troubles = 1 if self._is_forgiven(now) else self.state.troubles + 1
        pause = min(limits.first_pause_s * 2 ** min(troubles - 1, 20), limits.max_pause_s)
        pause *= 1 + 0.1 * self._chance()
        pause = min(max(pause, asked or 0.0), limits.max_pause_s)
        self.state = HostState(
            host=self.state.host, troubles=troubles, last_trouble=now, paused_until=now + timedelta(seconds=pause)
        )

    def _quiet(self, now: datetime, asked: float | None) -> None:
        if self.state.troubles and self._is_forgiven(now):
            self.state = HostState(host=self.state.host)
        elif self.state.paused_until is not None:
            self.state = replace(self.state, paused_until=None)
        if asked:
            pause = min(asked, self._limits.max_pause_s)
            self.state = replace(self.state, paused_until=now + timedelta(seconds=pause))

    def _is_forgiven(self, now: datetime) -> bool:
        """True after a quiet time since the last trouble, the pause that it brought not counted."""
        last = self.state.paused_until or self.state.last_trouble
        return last is None or (now - last).total_seconds() >= self._limits.forgiven_after_s


def retry_after(exchange: Exchange, now: datetime) -> float | None:
    """Seconds that a reply asks to be left alone, or None. Only of replies that are no success."""
    if exchange.head is None or exchange.head.status < 300:  # noqa: PLR2004 - a success asks for nothing
        return None
    text = (exchange.head.get(b"retry-after") or b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
