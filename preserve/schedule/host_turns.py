"""Turns with hosts among machines: one exchange at a time with each, and its next one no sooner than the last allows.

A host's row names the lease of the collection that has the turn, and is as good as that lease: a machine that is lost
leaves no host behind, and its captures are dead before its leases end. When the host may be asked next is in the row,
by the clock of the database.

Tested by ``tests/unit/schedule/test_host_turns.py``.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from preserve.config.fleet import FLEET_VARIABLE, LEASE_VARIABLE
from preserve.errors import EnvironmentFaultError, NetworkError, UsageError
from preserve.limits import DEFAULT_LIMITS
from preserve.model import new_uuid
from preserve.schedule.fleet_database import Execute, FleetDatabase, open_database
from preserve.schedule.leases import Lease, lost

_LOOK_S = 0.2
_BY_HAND = "by-hand/"
"""How the leases begin that are of no collection: none has such a name."""
_EXCHANGE_S = DEFAULT_LIMITS.fetch_timeout_s + 300
_IS_LASTING = "SELECT 1 FROM preserve_lease WHERE name = ? AND epoch = ? AND until > preserve_now()"
_FREE = """
SELECT 1 FROM preserve_host WHERE host = ? AND next_at <= preserve_now() AND NOT EXISTS (
    SELECT 1 FROM preserve_lease WHERE preserve_lease.name = preserve_host.name
        AND preserve_lease.epoch = preserve_host.epoch AND until > preserve_now()
        AND NOT (preserve_lease.name = ? AND preserve_lease.epoch = ?)) FOR UPDATE SKIP LOCKED"""


class FleetHostTurns:
    """The turns of one lease (`preserve.crawler.browser.gates.HostTurns`)."""

    def __init__(self, database: FleetDatabase, lease: Lease) -> None:
        self._database = database
        self._lease = lease

    def enter(self, host: str, until: float, is_over: Callable[[], bool]) -> bool:
        """See `HostTurns`. A database that does not answer gives no turn.

        Raises:
            LeaseLostError: there are no more turns for this lease.
        """
        while not is_over():
            with suppress(NetworkError):
                if self._take(host):
                    return True
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOK_S)
        return False

    def leave(self, host: str, rest_s: float) -> None:
        """See `HostTurns`. A turn that cannot be given back ends with the lease."""
        with suppress(NetworkError, EnvironmentFaultError), self._database.change() as execute:
            execute(
                "UPDATE preserve_host SET name = '', epoch = 0 WHERE host = ? AND name = ? AND epoch = ?",
                (host, self._lease.name, self._lease.epoch),
            )
            _put_off(execute, host, rest_s)

    def rest(self, host: str, rest_s: float) -> None:
        """See `HostTurns`."""
        with suppress(NetworkError, EnvironmentFaultError), self._database.change() as execute:
            _put_off(execute, host, rest_s)

    def _take(self, host: str) -> bool:
        mine = self._lease.name, self._lease.epoch
        with self._database.change() as execute:
            self._hold(execute)
            execute("INSERT INTO preserve_host VALUES (?, '', 0, 0) ON CONFLICT (host) DO NOTHING", (host,))
            if not execute(_FREE, (host, *mine)):
                return False
            execute("UPDATE preserve_host SET name = ?, epoch = ? WHERE host = ?", (*mine, host))
            return True

    def _hold(self, execute: Execute) -> None:
        """Sees that the lease lasts, in the transaction in which a turn is taken."""
        if not execute(_IS_LASTING, (self._lease.name, self._lease.epoch)):
            raise lost(self._lease)


class OwnHostTurns(FleetHostTurns):
    """The turns of a process that no scheduler has made. Its lease is of no collection, and renewed by each turn.

    It lasts longer than an exchange can: nothing renews it in between, for a process that forks has no threads.
    """

    def __init__(self, database: FleetDatabase) -> None:
        """Raises: NetworkError, EnvironmentFaultError: the database does not answer, or refuses."""
        super().__init__(database, Lease(name=f"{_BY_HAND}{new_uuid()}", holder="", epoch=1))
        with database.change() as execute:
            # Of those that were killed nothing stays.
            execute("DELETE FROM preserve_lease WHERE name LIKE ? AND until <= preserve_now()", (f"{_BY_HAND}%",))
            self._hold(execute)

    def close(self) -> None:
        """No more turns are taken; what is left of the lease goes."""
        with suppress(NetworkError, EnvironmentFaultError), self._database.change() as execute:
            execute("DELETE FROM preserve_lease WHERE name = ?", (self._lease.name,))

    def _hold(self, execute: Execute) -> None:
        execute(
            "INSERT INTO preserve_lease VALUES (?, '', ?, 1, preserve_now() + ?, 0, '', 0)"
            " ON CONFLICT (name) DO UPDATE SET until = excluded.until",
            (self._lease.name, _BY_HAND, _EXCHANGE_S),
        )


def _put_off(execute: Execute, host: str, rest_s: float) -> None:
    execute(
        "UPDATE preserve_host SET next_at = preserve_now() + ? WHERE host = ? AND next_at < preserve_now() + ?",
        (rest_s, host, rest_s),
    )


def environment_of(url: str, lease: Lease) -> dict[str, str]:
    """What a process that captures under a lease finds it by."""
    return {FLEET_VARIABLE: url, LEASE_VARIABLE: json.dumps([lease.name, lease.holder, lease.epoch])}


@contextmanager
def turns_for(environment: Mapping[str, str]) -> Iterator[FleetHostTurns | None]:
    """The turns that a process takes among the machines of a fleet; None where it is of none.

    Under the lease by which a scheduler has made it, or by one of its own.

    Raises:
        UsageError: what the environment says of a fleet cannot be used.
        NetworkError, EnvironmentFaultError: the database does not answer, or refuses.
    """
    url = environment.get(FLEET_VARIABLE, "")
    if LEASE_VARIABLE in environment:
        yield turns_of(environment)
    elif not url:
        yield None
    else:
        turns = OwnHostTurns(open_database(url))
        try:
            yield turns
        finally:
            turns.close()


def turns_of(environment: Mapping[str, str]) -> FleetHostTurns:
    """The turns of the lease that this process works under.

    Raises:
        UsageError: the environment names none.
    """
    try:
        name, holder, epoch = json.loads(environment[LEASE_VARIABLE])
        lease = Lease(name=str(name), holder=str(holder), epoch=int(epoch))
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"{LEASE_VARIABLE} names no lease",
            next_step=f"It is set by `preserve schedule run`: unset {LEASE_VARIABLE}.",
        ) from error
    return FleetHostTurns(open_database(environment.get(FLEET_VARIABLE, "")), lease)
