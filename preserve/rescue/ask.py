"""Asking one web archive: its budget and pace, kept over jobs; one exchange at a time; what came back, taken apart.

Tested by ``tests/scenarios/test_rescue.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from preserve.config.archives import ArchiveConfig
from preserve.crawler.outcomes import HOST_PAUSED, is_passing, reason_of
from preserve.crawler.pace import HostPace, HostState
from preserve.errors import FormatError
from preserve.formats.http1.stream import Payload, payload_of
from preserve.formats.mediatype import ContentType, content_type
from preserve.formats.urls import canonical, of_header
from preserve.limits import Limits
from preserve.model import format_utc, parse_utc
from preserve.net.exchange import Exchange
from preserve.net.fetch import Fetches
from preserve.provenance.describe import challenge_in, decoded_content, media_type, type_of
from preserve.store.quota import Quotas

BUDGET, STOPPED = "budget", "stopped"
_DAY = len("2026-01-02")
_STEP_S = 1.0


class NotAskedError(Exception):
    """The archive was not asked: its budget is used up, it wants a pause, or the job is to stop."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveReply:
    """What came back. ``content``: the body with its content coding removed; None where there is none to be read."""

    exchange: Exchange
    payload: Payload | None
    content: bytes | None
    challenge: str | None

    @property
    def reason(self) -> str:
        """Its reason code (``docs/reference/outcomes.md``)."""
        return reason_of(self.exchange, challenge=self.challenge)

    @property
    def status(self) -> int | None:
        """The HTTP status."""
        return None if self.exchange.head is None else self.exchange.head.status

    @property
    def is_whole(self) -> bool:
        """True where a reply came, to its end."""
        return self.exchange.error is None and self.exchange.truncated is None and self.content is not None

    def field(self, name: bytes) -> str:
        """A header field, empty where it is not there."""
        value = None if self.exchange.head is None else self.exchange.head.get(name)
        return "" if value is None else value.decode("latin-1")

    @property
    def location(self) -> str:
        """Where it redirects to, as a reference; empty where it does not."""
        return of_header(self.field(b"location").encode("latin-1"))

    @property
    def media_type(self) -> str | None:
        """The bare media type that it says it has."""
        return None if self.exchange.head is None else media_type(self.exchange.head)

    @property
    def read_as(self) -> ContentType:
        """What the content is read as."""
        if self.payload is None:
            return content_type((), b"", nosniff=False)
        return type_of(self.payload, self.content or b"")


class Asker:
    """Asks one web archive. ``asked`` counts the requests of this job."""

    def __init__(
        self,
        archive: ArchiveConfig,
        fetcher: Fetches,
        budgets: Quotas,
        *,
        limits: Limits,
        clock: Callable[[], datetime],
        wait: Callable[[float], None],
        stop: Callable[[], bool],
    ) -> None:
        self.archive = archive
        self.asked = 0
        self._fetcher = fetcher
        self._budgets = budgets
        self._limits = limits
        self._clock = clock
        self._wait = wait
        self._stop = stop
        held = budgets.standing(archive.name)
        state = HostState(
            host=archive.name,
            troubles=held.troubles,
            last_trouble=_moment(held.last_trouble),
            paused_until=_moment(held.paused_until),
        )
        self._pace = HostPace(state, delay_s=archive.delay_s, limits=limits)
        last = _moment(held.last_asked)
        self._not_before = None if last is None else last + timedelta(seconds=archive.delay_s)

    def close(self) -> None:
        """Closes the connections that are kept open."""
        self._fetcher.close()

    def ask(self, url: str) -> list[ArchiveReply]:
        """Asks for an address, again after a passing failure. Every reply, the last one last.

        Raises:
            NotAskedError: it was not asked at all.
        """
        replies = [self._once(url)]
        while len(replies) <= self._limits.retries and is_passing(replies[-1].reason):
            try:
                replies.append(self._once(url))
            except NotAskedError:
                break
        return replies

    def _once(self, url: str) -> ArchiveReply:
        self._be_patient()
        now = self._clock()
        if not self._budgets.take(
            self.archive.name, day=format_utc(now)[:_DAY], now=format_utc(now), most=self.archive.per_day
        ):
            raise NotAskedError(BUDGET)
        self.asked += 1
        exchange = self._fetcher.begin(url, {}).finish()
        if self._pace.done(exchange, self._clock()):
            state = self._pace.state
            self._budgets.trouble(
                self.archive.name, state.troubles, _text(state.last_trouble), _text(state.paused_until)
            )
        return _reply(exchange, self._limits)

    def _be_patient(self) -> None:
        """Waits until the archive may be asked."""
        waited = 0.0
        while True:
            if self._stop():
                raise NotAskedError(STOPPED)
            now = self._clock()
            wait = self._pace.wait_s(now)
            if self._not_before is not None:
                # A clock that was put back lengthens no delay.
                wait = max(wait, min(self.archive.delay_s, (self._not_before - now).total_seconds()))
            if wait <= 0:
                self._not_before = None
                return
            if wait > self._limits.max_wait_s or waited > self._limits.max_wait_s:
                raise NotAskedError(HOST_PAUSED)
            step = min(wait, _STEP_S)
            self._wait(step)
            waited += step


def filled(template: str, url: str, *, timestamp: str = "", limit: int = 0) -> str:
    """An address of the archive made for an original address: behind a question mark it is percent-encoded whole.

    Raises:
        FormatError: no http or https address.
    """
    plain = canonical(url)
    in_query = "?" in template.partition("{url}")[0]
    return (
        template.replace("{timestamp}", timestamp)
        .replace("{limit}", str(limit))
        .replace("{url}", quote(plain, safe="") if in_query else plain)
    )


def _reply(exchange: Exchange, limits: Limits) -> ArchiveReply:
    payload = content = challenge = None
    if exchange.response_bytes and exchange.head is not None:
        try:
            payload = payload_of(exchange.response_bytes, exchange.method, head=exchange.head)
        except FormatError:
            payload = None
    if payload is not None:
        content = decoded_content(payload, limits)
        challenge = challenge_in(payload, content)
    return ArchiveReply(exchange=exchange, payload=payload, content=content, challenge=challenge)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_utc(text)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else format_utc(moment)
