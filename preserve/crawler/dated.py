"""A fetcher whose first reply is held against the clock before anybody gets it (`preserve.provenance.clock`)."""

from collections.abc import Mapping

from preserve.net.exchange import Exchange
from preserve.net.fetch import Fetches, Pending
from preserve.provenance.clock import ServerClock


class DatedFetches:
    """Gives what another fetcher gives; in the place of a reply that contradicts the clock it raises."""

    def __init__(self, fetches: Fetches, clock: ServerClock) -> None:
        self._fetches = fetches
        self._clock = clock

    def begin(self, url: str, extra_headers: Mapping[str, str]) -> Pending:
        """Begins an exchange."""
        return _Dated(self._fetches.begin(url, extra_headers), self._clock)

    def close(self) -> None:
        """Closes the connections that are kept open."""
        self._fetches.close()


class _Dated:
    def __init__(self, pending: Pending, clock: ServerClock) -> None:
        self._pending = pending
        self._clock = clock

    def quick(self, patience_s: float) -> Exchange | None:
        exchange = self._pending.quick(patience_s)
        return None if exchange is None else self._held(exchange)

    def finish(self) -> Exchange:
        return self._held(self._pending.finish())

    def _held(self, exchange: Exchange) -> Exchange:
        if exchange.head is not None:
            self._clock.take(exchange.url, exchange.head.fields)
        return exchange
