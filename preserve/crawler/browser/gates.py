"""One exchange at a time with each host, whoever makes it: the crawler, a page that a browser loads, another machine.

Tested by ``tests/unit/crawler/test_browser_visit.py`` and, with Chromium, ``tests/scenarios/test_browser.py``.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from preserve.net.addresses import split_url
from preserve.net.exchange import Exchange, ExchangeError
from preserve.net.fetch import Fetches, Pending

_AT_ONCE_S = 0.5
"""Who gives the moment of the call waits for nothing; what is over for longer gets no turn."""
FLEET_PATIENCE_S: Final = 7 * 86_400.0
"""How long a turn among machines is waited for. Nobody waits so long: the lease ends before."""


@dataclass(slots=True)
class _Gate:
    is_taken: bool = False
    free_at: float = 0.0
    delay_s: float = 0.0


class HostTurns(Protocol):
    """Turns with hosts among machines that capture different collections."""

    def enter(self, host: str, until: float, is_over: Callable[[], bool]) -> bool:
        """Waits for the host's turn; false where it does not come before ``until``, or it is over."""
        ...

    def leave(self, host: str, rest_s: float) -> None:
        """The turn is over. Nobody is to ask the host for so many seconds."""
        ...

    def rest(self, host: str, rest_s: float) -> None:
        """The same, whoever has the turn now."""
        ...


class HostGates:
    """Gates by host; any number of threads may come to one. Moments are those of the monotonic clock.

    ``turns``: those of other machines, which are waited for behind the gate.
    """

    def __init__(self, delay_s: float, turns: HostTurns | None = None) -> None:
        self._delay_s = delay_s
        self._turns = turns
        self._gates: dict[str, _Gate] = {}
        self._changed = threading.Condition()

    def ask_for(self, host: str, delay_s: float) -> None:
        """What a host's robots.txt asks for between two exchanges."""
        with self._changed:
            gate = self._gate(host)
            gate.delay_s = max(gate.delay_s, delay_s)

    def enter(self, host: str, until: float, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Waits for the host's turn; false where it does not come before ``until``, or `wake` finds ``is_over``."""
        if not self._enter(host, until, is_over):
            return False
        if self._turns is None or self._turns.enter(host, until, is_over):
            return True
        with self._changed:
            self._gate(host).is_taken = False
            self._changed.notify_all()
        return False

    def _enter(self, host: str, until: float, is_over: Callable[[], bool]) -> bool:
        with self._changed:
            gate = self._gate(host)
            while not is_over():
                now = time.monotonic()
                wait_s = until - now if gate.is_taken else gate.free_at - now
                if not gate.is_taken and wait_s <= 0 and now <= until + _AT_ONCE_S:
                    gate.is_taken = True
                    return True
                if now + max(wait_s, 0.0) > until or now >= until:
                    return False
                self._changed.wait(wait_s)
            return False

    def wake(self) -> None:
        """Lets everybody who waits look whether that is still wanted."""
        with self._changed:
            self._changed.notify_all()

    def leave(self, host: str) -> None:
        """The turn is over."""
        if self._turns is not None:
            self._turns.leave(host, self._gate(host).delay_s)
        with self._changed:
            gate = self._gate(host)
            gate.is_taken = False
            gate.free_at = time.monotonic() + gate.delay_s
            self._changed.notify_all()

    def rest(self, url: str, rest_s: float) -> None:
        """What the host of an address asks for beside: after a reply that says so, or trouble."""
        if self._turns is not None:
            host = host_of(url)
            if rest_s > self._gate(host).delay_s:
                self._turns.rest(host, rest_s)

    def _gate(self, host: str) -> _Gate:
        return self._gates.setdefault(host, _Gate(delay_s=self._delay_s))


def host_of(url: str) -> str:
    """The host that a gate stands for; empty where an address has none."""
    try:
        return split_url(url)[0].host
    except ExchangeError:
        return ""


_Fetcher = TypeVar("_Fetcher", bound=Fetches)


class GatedFetches:
    """What another fetcher gives, each exchange behind the gate of its host."""

    def __init__(self, fetches: Fetches, gates: HostGates, patience_s: float) -> None:
        self._fetches = fetches
        self._gates = gates
        self._patience_s = patience_s

    def begin(self, url: str, extra_headers: Mapping[str, str]) -> Pending:
        """Begins an exchange, where its host may be asked now; else it begins when it is waited for."""
        host = host_of(url)
        if self._gates.enter(host, time.monotonic()):
            return _Gated(lambda: self._fetches.begin(url, extra_headers), self._gates, host, has_turn=True)
        pending = _Gated(lambda: self._fetches.begin(url, extra_headers), self._gates, host, has_turn=False)
        pending.until = time.monotonic() + self._patience_s
        return pending

    def fetch(self, url: str) -> Exchange:
        """One exchange, in its turn."""
        return self.begin(url, {}).finish()

    def close(self) -> None:
        """Closes the connections that are kept open."""
        self._fetches.close()


def in_turn(fetcher: _Fetcher, turns: HostTurns | None, delay_s: float) -> _Fetcher | GatedFetches:
    """What asks hosts in their turns among the machines of a fleet; as it is where there is none."""
    return fetcher if turns is None else GatedFetches(fetcher, HostGates(delay_s, turns), FLEET_PATIENCE_S)


class _Gated:
    def __init__(self, begin: Callable[[], Pending], gates: HostGates, host: str, *, has_turn: bool) -> None:
        self._begin = begin
        self._gates = gates
        self._host = host
        self.until = 0.0
        self._pending = begin() if has_turn else None

    def quick(self, patience_s: float) -> Exchange | None:
        exchange = None if self._pending is None else self._pending.quick(patience_s)
        if exchange is not None:
            self._gates.leave(self._host)
        return exchange

    def finish(self) -> Exchange:
        # A page holds no gate for longer than it lasts: where the wait is over nevertheless, the turn is taken.
        has_turn = self._pending is not None or self._gates.enter(self._host, self.until)
        try:
            return (self._pending or self._begin()).finish()
        finally:
            if has_turn:
                self._gates.leave(self._host)
