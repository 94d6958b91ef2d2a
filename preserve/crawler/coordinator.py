"""The coordinator of a run: deals addresses to workers, and makes what they hand over durable, in the durable order.

**Links are saved, then statements appended and synced, then the catalogue fed, and last the addresses marked.** A
process that dies between two of these leaves an archive that is older but consistent (``docs/invariants.md``).

Tested by ``tests/unit/crawler/test_pool.py``.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from preserve.crawler.frontier import FoundAddress, Frontier, FrontierTarget
from preserve.crawler.group import Group
from preserve.crawler.held import HeldPages
from preserve.crawler.outcomes import HOST_PAUSED, RETRY, AddressOutcome
from preserve.crawler.pace import HostState
from preserve.crawler.worker import VisitResult
from preserve.provenance.session import WritingSession
from preserve.store.warcfile import SealedFile

Assign = Callable[[HostState, Sequence[FrontierTarget]], None]
"""Gives addresses of one host to a worker."""
_MOST_FINDINGS = 1_000
_HOST_SHARE = 64
"""Addresses of one host given out at once."""
_LOW = 16
"""Addresses of a host left with its worker when more are given out."""
_MAX_HOSTS = 512
"""Hosts with addresses given out at once."""


class Progress(NamedTuple):
    """How far a run is, for a display."""

    done: int
    waiting: int
    url: str
    outcome: str
    stored_bytes: int
    """In the files of this run, as they are on disk."""


class RunCoordinator:
    """Owns frontier and writing session of a run; it is the `Sink` of its workers."""

    def __init__(self, frontier: Frontier, session: WritingSession, *, progress: Callable[[Progress], None]) -> None:
        self._frontier = frontier
        self._session = session
        self._progress = progress
        self._given_out: dict[str, int] = {}
        self._given_out_total = 0
        self._hungry = dict.fromkeys(frontier.hosts())
        """Hosts that are low on addresses, in the order in which they became so."""
        self._later: dict[str, None] = {}
        """Hosts for which there is no room yet."""
        self._done = 0
        self._sizes: dict[str, int] = {}
        self._again = 0
        """Addresses to be asked again that are not in the frontier yet."""
        self.sealed: list[SealedFile] = []
        self.cables = 0
        self.findings: list[tuple[str, str, str]] = []
        self.browser_lacks = ""
        """Address, code and detail of pages that layouts know, of the first thousand; ``found`` counts all."""
        self.found = 0

    def deal(self, assign: Assign) -> None:
        """Gives out addresses of hosts that are low on them."""
        while self._later and len(self._given_out) + len(self._hungry) < _MAX_HOSTS:
            self._hungry[self._later.popitem()[0]] = None
        hungry, self._hungry = self._hungry, {}
        for host in hungry:
            held = self._given_out.get(host, 0)
            if held == 0 and len(self._given_out) >= _MAX_HOSTS:
                self._later[host] = None
                continue
            targets = self._frontier.take(host, _HOST_SHARE - held)
            if targets:
                self._given_out[host] = held + len(targets)
                self._given_out_total += len(targets)
                assign(self._frontier.host_state(host), targets)

    @property
    def is_done(self) -> bool:
        """True where no address waits and none is given out; one to be asked again may still be with a worker."""
        return not self._given_out_total and not self._frontier.waiting

    @property
    def is_settled(self) -> bool:
        """True where no address is anywhere but at its end."""
        return self.is_done and not self._again

    def seed(self, found: Iterable[FoundAddress]) -> None:
        """Adds addresses to begin with."""
        self._add(list(found))

    def seed_rest(self, pages: HeldPages) -> bool:
        """Adds every other held page that is to be looked at; returns whether there was one."""
        some = False
        for batch in pages.rest(self._frontier.holds):
            self._add(batch)
            self._frontier.save()
            some = True
        return some

    def put_off(self, urls: Sequence[str]) -> None:
        """Addresses that are asked for when all others have ended, in this order."""
        self._frontier.put_off(urls)

    def release(self) -> bool:
        """Takes up what was put off; returns whether there was anything."""
        hosts = self._frontier.release()
        for host in hosts:
            self._feed(host)
        return bool(hosts)

    def visited(self, visited: VisitResult) -> None:
        """Takes in what a visit showed; none of it is durable yet."""
        if visited.found:
            self._add(visited.found)
        if visited.refused:
            self._frontier.refuse(visited.refused.items())
        if visited.states:
            self._frontier.remember(visited.states)
        for outcome in visited.outcomes:
            self._take_back(outcome)
        for host in visited.given_up:
            self._frontier.give_up(host, HOST_PAUSED)
            self._given_out_total -= self._given_out.pop(host, 0)
            self._hungry.pop(host, None)
            self._later.pop(host, None)

    def committed(self, group: Group) -> None:
        """Makes a group whose records are durable part of the archive."""
        self._frontier.save(group.outcomes)
        self._session.take(group.entries, group.rows, group.files)
        for file in group.sealed:
            self._session.seal_file(file.name)
        self._frontier.mark(group.outcomes)
        for outcome in group.outcomes:
            if outcome.state == RETRY:
                self._again -= 1
                self._feed(outcome.host)
        self.sealed += group.sealed
        self._sizes.update((file.name, file.size) for file in group.files)
        self.cables += group.cables
        self.found += len(group.findings)
        self.browser_lacks = self.browser_lacks or group.browser_lacks
        self.findings += group.findings[: _MOST_FINDINGS - len(self.findings)]

    def _add(self, found: Sequence[FoundAddress]) -> None:
        self._frontier.add(found)
        for item in found:
            self._feed(item.host)

    def _feed(self, host: str) -> None:
        """Notes a host that may be given more."""
        if self._given_out.get(host, 0) <= _LOW and host not in self._later:
            self._hungry[host] = None

    def _take_back(self, outcome: AddressOutcome) -> None:
        host = outcome.host
        held = self._given_out.get(host, 0) - 1
        self._given_out_total -= 1
        if held > 0:
            self._given_out[host] = held
        else:
            self._given_out.pop(host, None)
        again = outcome.state == RETRY
        self._again += again
        self._done += not again
        self._feed(host)
        waiting = self._frontier.waiting + self._given_out_total + self._again
        self._progress(
            Progress(
                done=self._done,
                waiting=waiting,
                url=outcome.url,
                outcome=outcome.reason,
                stored_bytes=sum(self._sizes.values()),
            )
        )
