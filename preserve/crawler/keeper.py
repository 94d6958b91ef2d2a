"""The keeper of a run: deals addresses to workers, and makes what they hand over durable, in the durable order.

**Links are saved, then statements appended and synced, then the catalogue fed, and last the addresses marked.** A
process that dies between two of these leaves an archive that is older but consistent (``docs/invariants.md``).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from preserve.crawler.frontier import Frontier, Target
from preserve.crawler.group import Group
from preserve.crawler.outcomes import FAILED, HOST_PAUSED, RETRY, Outcome
from preserve.crawler.pace import HostState
from preserve.crawler.worker import Visited
from preserve.provenance.ledger import Ledger
from preserve.store.catalogue import Catalogue
from preserve.store.warcfile import SealedFile

Assign = Callable[[HostState, Sequence[Target]], None]
"""Gives addresses of one host to a worker."""
_HOST_SHARE = 64
"""Addresses of one host given out at once."""
_LOW = 16
"""Addresses of a host left with its worker when more are given out."""
_MAX_HOSTS = 512
"""Hosts with addresses given out at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is, for a display."""

    done: int
    waiting: int
    url: str
    outcome: str


class Keeper:
    """Owns frontier, ledger and catalogue of a run; it is the `Sink` of its workers."""

    def __init__(
        self, frontier: Frontier, ledger: Ledger, catalogue: Catalogue, *, progress: Callable[[Progress], None]
    ) -> None:
        self._frontier = frontier
        self._ledger = ledger
        self._catalogue = catalogue
        self._progress = progress
        self._given_out: Counter[str] = Counter()
        self._done = 0
        self._returned = 1
        self._again = 0
        """Addresses to be asked again that are not in the frontier yet."""
        self.sealed: list[SealedFile] = []
        self.cables = 0

    def deal(self, assign: Assign) -> bool:
        """Gives out addresses of every host that is low on them; true where any were given."""
        if self._returned == 0:
            return False
        self._returned = 0
        dealt = False
        for host in self._frontier.hosts():
            held = self._given_out[host]
            if held > _LOW or (held == 0 and len(self._given_out) > _MAX_HOSTS):
                continue
            targets = self._frontier.take(host, _HOST_SHARE - held)
            if targets:
                self._given_out[host] += len(targets)
                assign(self._frontier.host_state(host), targets)
                dealt = True
        return dealt

    @property
    def is_done(self) -> bool:
        """True where no address waits and none is given out; one to be asked again may still be with a worker."""
        return not self._given_out and not self._frontier.waiting

    @property
    def is_settled(self) -> bool:
        """True where no address is anywhere but at its end."""
        return self.is_done and not self._again

    def visited(self, visited: Visited) -> None:
        """Takes in what a visit showed; none of it is durable yet."""
        self._frontier.add(visited.found)
        if visited.refused:
            self._frontier.refuse(visited.refused.items())
        self._frontier.remember(visited.states)
        for outcome in visited.outcomes:
            self._returned += 1
            self._take_back(outcome)
        for host in visited.given_up:
            self._frontier.give_up(host, HOST_PAUSED, FAILED)
            self._given_out.pop(host, None)
            self._returned += 1
        if visited.found or visited.states:
            self._returned += 1

    def committed(self, group: Group) -> None:
        """Makes a group whose records are durable part of the archive."""
        self._frontier.save()
        if group.entries:
            indexes = self._ledger.append_encoded(group.entries)
            self._catalogue.apply(indexes.start, group.rows)
            self._catalogue.commit()
        self._frontier.mark(group.outcomes)
        again = sum(outcome.state == RETRY for outcome in group.outcomes)
        self._again -= again
        self._returned += again
        self.sealed += group.sealed
        self.cables += group.cables

    def _take_back(self, outcome: Outcome) -> None:
        host = outcome.host
        self._again += outcome.state == RETRY
        self._given_out[host] -= 1
        if self._given_out[host] <= 0:
            del self._given_out[host]
        self._done += 1
        waiting = self._frontier.waiting + self._given_out.total()
        self._progress(Progress(done=self._done, waiting=waiting, url=outcome.url, outcome=outcome.reason))
