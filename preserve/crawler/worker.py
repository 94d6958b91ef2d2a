"""A worker: takes addresses by host, fetches them politely, writes their records, and hands over what it found.

One exchange at a time with each host, many hosts at once. An exchange that takes its time goes on in a lane (a thread),
so that one slow host never holds up another; everything else is done here, by one thread.

Tested by ``tests/unit/crawler/test_pool.py``.
"""

import heapq
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from preserve.crawler.browser.visit import Browsing, OpenedPage
from preserve.crawler.frontier import FoundAddress, FrontierTarget
from preserve.crawler.group import Group
from preserve.crawler.outcomes import HOST_PAUSED, NOT_DUE, RETRY, AddressOutcome, is_passing, state_of
from preserve.crawler.pace import HostPace, HostState
from preserve.crawler.page import PageWriter, Visit
from preserve.crawler.robots import RobotsRules, robots_url
from preserve.crawler.turns import HostEvent, HostTurn, after
from preserve.limits import Limits
from preserve.net.exchange import Exchange
from preserve.net.fetch import Fetches, Pending

_QUICK_S = 0.01
"""How long an exchange is waited for before it goes on in a lane."""
_QUICK_ALONE_S = 0.25
"""The same, while there is no other host that waits meanwhile."""
_MAX_LANES = 64
_MAX_HOSTS = 1024
"""Hosts remembered. Beyond it, one with nothing to do is forgotten, and asked for its robots.txt when it is back."""
_MAX_REFUSALS = 100
"""Addresses ended without a request before others get their turn."""


@dataclass(slots=True)
class VisitResult:
    """What one visit showed, at once and before it is durable: for the frontier, the display, and the dealing."""

    outcomes: list[AddressOutcome] = field(default_factory=list)
    found: list[FoundAddress] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """Addresses that were found and are not to be added, each with the reason."""
    states: list[HostState] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    """Hosts that are paused for longer than a run waits."""


class Sink(Protocol):
    """Who takes what a worker gives."""

    def visited(self, visited: VisitResult) -> None:
        """Takes in what a visit showed."""
        ...

    def committed(self, group: Group) -> None:
        """Takes over a group whose records are durable."""
        ...


@dataclass(slots=True)
class _Host:
    """One host of a worker."""

    name: str
    pace: HostPace
    queue: deque[FrontierTarget] = field(default_factory=deque)
    turn: HostTurn = HostTurn.FREE
    robots: dict[str, RobotsRules] = field(default_factory=dict)
    ahead: "tuple[_Job, Pending] | None" = None
    """The next exchange, when it was begun while the last one was written."""
    asking: "_RobotsHop | None" = None
    robots_tries: int = 0

    def on(self, event: HostEvent) -> None:
        """Takes an event (`preserve.crawler.turns`)."""
        self.turn = after(self.turn, event)

    def take_rules(self, address: str, rules: RobotsRules) -> None:
        """Takes the rules of one origin; the host is asked as seldom as the strictest of its origins wants it."""
        self.robots[address] = rules
        self.pace.ask_for(max(known.delay_s for known in self.robots.values()))

    @property
    def is_idle(self) -> bool:
        """True where nothing is to be done with it now."""
        return self.turn is HostTurn.FREE and not (self.queue or self.ahead or self.asking)


@dataclass(frozen=True, slots=True)
class _RobotsHop:
    """A robots.txt being asked for: whose, where the redirects led, and how many there were."""

    address: str
    current: str
    hops: int


@dataclass(slots=True)
class _Job:
    """One exchange under way. ``target`` None: a robots.txt."""

    host: _Host
    target: FrontierTarget | None
    visit: Visit | None
    url: str
    page: OpenedPage | None = None
    """The visit of a browser, where that makes the exchange."""


class Worker:
    """Works off what it is assigned, step by step. Not for more than one thread."""

    def __init__(  # noqa: PLR0913 - all that a worker works with
        self,
        *,
        pages: PageWriter,
        fetcher: Fetches,
        sink: Sink,
        limits: Limits,
        delay_s: float,
        obey_robots: bool,
        clock: Callable[[], datetime],
        wait: Callable[[float], None],
        browser: Browsing | None = None,
        rest: Callable[[str, float], None] = lambda _url, _rest_s: None,
    ) -> None:
        """``browser`` loads the pages that it wants; one at a time. ``rest`` is told how long the host of an address is
        left alone.
        """
        self._pages = pages
        self._browser = browser
        self._fetcher = fetcher
        self._sink = sink
        self._limits = limits
        self._delay_s = delay_s
        self._obey_robots = obey_robots
        self._clock = clock
        self._wait = wait
        self._rest = rest
        self._hosts: dict[str, _Host] = {}
        self._given_up: set[str] = set()
        self._ready: deque[_Host] = deque()
        self._sleeping: list[tuple[datetime, int, _Host]] = []
        self._order = 0
        self._results: queue.SimpleQueue[tuple[_Job, Exchange | BaseException]] = queue.SimpleQueue()
        self._under_way = 0
        self._finishing = False

    def assign(self, state: HostState, targets: Sequence[FrontierTarget]) -> None:
        """Takes addresses of one host. ``state`` is what is remembered of it, and counts the first time."""
        if state.host in self._given_up:
            self._leave(state.host, targets)
            return
        host = self._hosts.get(state.host)
        if host is None:
            self._forget_idle_hosts()
            pace = HostPace(state, delay_s=self._delay_s, limits=self._limits)
            host = self._hosts[state.host] = _Host(state.host, pace)
        host.queue.extend(targets)
        self._queue(host)

    def step(self, most_s: float) -> bool:
        """Does what can be done now, or waits for it up to ``most_s`` seconds; false where nothing is left to do."""
        if self._under_way:
            self._collect(0.0)
        self._wake()
        if self._ready and self._under_way < _MAX_LANES:
            self._serve(self._ready.popleft())
            return True
        if self._under_way:
            self._pages.writer.commit_if_due()
            self._collect(min(most_s, self._sleep_s(most_s)))
            return True
        if not self._sleeping:
            return False
        self._pages.writer.commit()
        self._wait(min(most_s, self._sleep_s(most_s)))
        return True

    def commit(self) -> None:
        """Hands over what is written so far."""
        self._pages.writer.commit()

    def finish(self) -> None:
        """Takes in what is under way, commits, and seals."""
        self._finishing = True
        for host in list(self._hosts.values()):
            if host.ahead is not None:
                (job, begun), host.ahead = host.ahead, None
                host.on(HostEvent.TURN)
                self._go_on(job, begun)
        if self._browser is not None and self._under_way:
            self._browser.browser.hurry()
        while self._under_way:
            self._collect(1.0)
        if self._browser is not None:
            for exchange in self._browser.browser.robots_taken(self._limits.fetch_timeout_s):
                self._pages.write_robots(exchange)
        self._pages.writer.seal()

    def close(self) -> None:
        """Lets go of connections and, after a fault, of the open file."""
        if self._browser is not None:
            self._browser.browser.close()
        self._fetcher.close()
        self._pages.writer.abandon()

    def _forget_idle_hosts(self) -> None:
        if len(self._hosts) < _MAX_HOSTS:
            return
        now = self._clock()
        idle = [h.name for h in self._hosts.values() if h.is_idle and h.pace.wait_s(now) <= 0]
        for name in idle:
            del self._hosts[name]

    def _queue(self, host: _Host) -> None:
        """Puts a host among the ready, or among the sleeping until its time."""
        if self._finishing or host.turn is not HostTurn.FREE or not (host.queue or host.ahead):
            return
        now = self._clock()
        wait_s = 0.0 if host.ahead is not None else host.pace.wait_s(now)
        if wait_s <= 0 or self._needs_no_exchange(host):
            host.on(HostEvent.DUE)
            self._ready.append(host)
        elif wait_s > self._limits.max_wait_s:
            host.on(HostEvent.TOO_LONG)
            self._give_up(host)
        else:
            host.on(HostEvent.PAUSED)
            self._order += 1
            heapq.heappush(self._sleeping, (now.fromtimestamp(now.timestamp() + wait_s, now.tzinfo), self._order, host))

    def _needs_no_exchange(self, host: _Host) -> bool:
        """True where the next address ends without one: there is nothing to wait for."""
        target = host.queue[0]
        rules = self._rules(host, target.url)
        return rules is not None and (not rules.allowed(target.url) or self._pages.is_not_due(target))

    def _give_up(self, host: _Host) -> None:
        """Leaves a host that wants a longer pause than a run waits to the next run."""
        self._given_up.add(host.name)
        del self._hosts[host.name]
        self._leave(host.name, host.queue)

    def _leave(self, name: str, targets: Iterable[FrontierTarget]) -> None:
        visited = VisitResult(given_up=[name])
        for target in targets:
            outcome = _outcome(target, target.trouble or HOST_PAUSED)
            visited.outcomes.append(outcome)
            self._pages.writer.end(outcome)
        self._pages.writer.commit()
        self._sink.visited(visited)

    def _wake(self) -> None:
        while self._sleeping and self._sleep_s(1.0) <= 0:
            host = heapq.heappop(self._sleeping)[2]
            host.on(HostEvent.WOKEN)
            self._queue(host)

    def _sleep_s(self, most_s: float) -> float:
        """Seconds until the first sleeping host wakes, at most ``most_s``."""
        if not self._sleeping:
            return most_s
        return max(0.0, min(most_s, (self._sleeping[0][0] - self._clock()).total_seconds()))

    def _serve(self, host: _Host) -> None:
        """Begins the next exchange with a host, after ending what needs none."""
        host.on(HostEvent.TURN)
        ahead, host.ahead = host.ahead, None
        if ahead is None:
            ahead = self._begin_next(host)
        if ahead is None:
            self._queue(host)
        else:
            self._go_on(*ahead)

    def _begin_next(self, host: _Host) -> "tuple[_Job, Pending] | None":
        job = self._next_job(host)
        if job is None:
            return None
        if job.target is not None and self._browser is not None and self._browser.wants(job.target):
            job.page = self._browser.browser.open(job.url, job.target.depth)
            return job, job.page
        conditions = job.visit.conditions if job.visit is not None else {}
        return job, self._fetcher.begin(job.url, conditions)

    def _go_on(self, job: _Job, begun: Pending) -> None:
        """Waits a moment for an exchange, or lets it go on in a lane."""
        job.host.on(HostEvent.BEGUN)
        exchange = begun.quick(_QUICK_S if len(self._hosts) > 1 else _QUICK_ALONE_S)
        if exchange is not None:
            self._complete(job, exchange)
            return
        self._under_way += 1
        # No thread of a pool: the end of the program would wait for those.
        threading.Thread(target=self._run_lane, args=(job, begun), name="lane", daemon=True).start()

    def _run_lane(self, job: _Job, pending: Pending) -> None:
        try:
            self._results.put((job, pending.finish()))
        except BaseException as error:  # noqa: BLE001 - raised again by the worker's own thread
            self._results.put((job, error))

    def _collect(self, wait_s: float) -> None:
        """Completes exchanges that lanes have finished, waiting for the first of them."""
        while True:
            try:
                job, result = self._results.get(timeout=wait_s) if wait_s > 0 else self._results.get_nowait()
            except queue.Empty:
                return
            self._under_way -= 1
            if isinstance(result, BaseException):
                raise result
            self._complete(job, result)
            wait_s = 0.0

    def _next_job(self, host: _Host) -> _Job | None:
        """The next exchange with a host; None where none is wanted or may begin, or others should have their turn."""
        may_begin = host.pace.wait_s(self._clock()) <= 0
        for _count in range(_MAX_REFUSALS):
            if not host.queue:
                return None
            target = host.queue[0]
            reason = self._pages.scope.refusal(target.url, depth=target.depth, hop=target.hop)
            rules = self._rules(host, target.url) if reason is None else None
            if reason is None and rules is None:
                if not may_begin:
                    return None
                hop = host.asking or _RobotsHop(robots_url(target.url), robots_url(target.url), 0)
                host.asking = hop
                return _Job(host, None, None, hop.current)
            if reason is None and rules is not None and not rules.allowed(target.url):
                reason = rules.refusal
            visited = VisitResult()
            if reason is None and self._pages.pass_over(target, visited.found, visited.refused):
                reason = NOT_DUE
            if reason is None and not may_begin:
                return None
            host.queue.popleft()
            if reason is None:
                verdict = rules.verdict if rules is not None and self._obey_robots else "ignored"
                return _Job(host, target, self._pages.begin(target, robots=verdict), target.url)
            self._end(visited, _outcome(target, reason))
        return None

    def _rules(self, host: _Host, url: str) -> RobotsRules | None:
        """The rules that hold for an address; None where they must be asked for first."""
        if not self._obey_robots:
            return _NO_RULES
        address = robots_url(url)
        rules = host.robots.get(address)
        if rules is None and host.asking is None:
            rules = self._pages.known_robots(address)
            if rules is not None:
                host.take_rules(address, rules)
                if self._browser is not None:
                    self._browser.browser.know(address, rules)
        return None if rules is None or rules.expired(self._clock(), self._limits) else rules

    def _complete(self, job: _Job, exchange: Exchange) -> None:
        host, now = job.host, self._clock()
        visited = VisitResult()
        changed = host.pace.done(exchange, now, is_robots=job.target is None)
        if changed:
            visited.states.append(host.pace.state)
        self._rest(exchange.url, host.pace.wait_s(now))
        host.on(HostEvent.ENDED)
        if job.target is None or job.visit is None:
            self._robots_came(host, exchange, visited, now)
            self._sink.visited(visited)
        else:
            if not self._finishing and host.queue and host.pace.wait_s(now) <= 0:
                host.ahead = self._begin_next(host)
            load = None if job.page is None else job.page.load
            reason = self._pages.write(job.visit, exchange, visited.found, visited.refused, load)
            outcome = _outcome(job.target, reason)
            if is_passing(reason) and job.target.tries < self._limits.retries:
                outcome = outcome._replace(state=RETRY)
            self._end(visited, outcome)
        self._queue(host)

    def _end(self, visited: VisitResult, outcome: AddressOutcome) -> None:
        visited.outcomes.append(outcome)
        self._sink.visited(visited)
        self._pages.writer.end(outcome)

    def _robots_came(self, host: _Host, exchange: Exchange, visited: VisitResult, now: datetime) -> None:
        """Keeps a reply for robots.txt; follows its redirect, or takes it as the host's rules."""
        hop = host.asking
        if hop is None:
            raise RuntimeError("no robots.txt was asked for")
        record_id, location = self._pages.write_robots(exchange)
        if location is not None and hop.hops < self._limits.max_robots_redirects:
            host.asking = _RobotsHop(hop.address, location, hop.hops + 1)
            return
        host.asking = None
        rules = RobotsRules.from_exchange(exchange, self._limits, now=now, record_id=record_id)
        if rules.verdict == "unreachable" and host.robots_tries < self._limits.retries:
            # Asked again after the host's pause: what it would refuse is every address of the host.
            host.robots_tries += 1
            return
        host.robots_tries = 0
        host.take_rules(hop.address, rules)
        if self._browser is not None:
            self._browser.browser.know(hop.address, rules)
        self._pages.sitemaps(rules, hop.address, visited.found, visited.refused)


def _outcome(target: FrontierTarget, reason: str) -> AddressOutcome:
    return AddressOutcome(target.number, target.url, target.host, state_of(reason), reason)


_NO_RULES = RobotsRules(rules=None, refusal="", fetched=datetime.min)  # noqa: DTZ901 - never compared
