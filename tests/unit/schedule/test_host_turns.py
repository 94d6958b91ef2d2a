"""Turns with hosts: two leases, one host, and a clock of the database that the test sets."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from preserve.config.fleet import FLEET_VARIABLE, LEASE_VARIABLE
from preserve.crawler.browser.gates import HostGates
from preserve.errors import LeaseLostError, UsageError
from preserve.limits import DEFAULT_LIMITS
from preserve.schedule.fleet_database import SqliteDatabase
from preserve.schedule.host_turns import FleetHostTurns, OwnHostTurns, environment_of, turns_for, turns_of
from preserve.schedule.leases import Lease, Leases

_HOST = "example.org"


def _now() -> bool:
    return False


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


@pytest.fixture
def turns(tmp_path: Path, clock: list[float]) -> Callable[[str], FleetHostTurns]:
    """Makes the turns of a machine that captures a collection of its own."""
    database = SqliteDatabase(tmp_path / "fleet", lambda: clock[0])

    def make(collection: str) -> FleetHostTurns:
        lease = Leases(database, lease_s=100).take(collection, f"machine of {collection}", "s3://one")
        assert lease is not None
        return FleetHostTurns(database, lease)

    return make


def test_a_host_is_asked_by_one_machine_at_a_time_and_rests_in_between(
    turns: Callable[[str], FleetHostTurns], clock: list[float]
) -> None:
    one, two = turns("one"), turns("two")
    assert one.enter(_HOST, 0, _now)
    assert not two.enter(_HOST, 0, _now)
    assert two.enter("other.example", 0, _now)
    # What another one gives back is not the turn of this one.
    two.leave(_HOST, 0)
    assert not two.enter(_HOST, 0, _now)
    two.rest(_HOST, 10)
    one.leave(_HOST, 3)
    clock[0] += 9.9
    assert not one.enter(_HOST, 0, _now)
    assert not two.enter(_HOST, 0, _now)
    clock[0] += 0.2
    assert two.enter(_HOST, 0, _now)
    assert not one.enter(_HOST, 0, _now)


def test_a_machine_that_is_lost_holds_no_host_and_gets_none(
    turns: Callable[[str], FleetHostTurns], clock: list[float]
) -> None:
    one = turns("one")
    assert one.enter(_HOST, 0, _now)
    clock[0] += 101
    two = turns("two")
    assert two.enter(_HOST, 0, _now)
    with pytest.raises(LeaseLostError):
        one.enter(_HOST, 0, _now)


def _enters(gates: HostGates) -> bool:
    """Whether the gate opens, in one look at it and one at the database."""
    looks = iter((False, False))
    return gates.enter(_HOST, time.monotonic() + 600, lambda: next(looks, True))


def test_a_gate_opens_where_it_is_the_turn_of_both(turns: Callable[[str], FleetHostTurns]) -> None:
    one, two = HostGates(0.0, turns("one")), HostGates(0.0, turns("two"))
    assert _enters(one)
    assert not _enters(two)
    one.leave(_HOST)
    assert _enters(two)
    assert not _enters(one)
    two.rest(f"http://{_HOST}/a", 60)
    two.leave(_HOST)
    assert not _enters(one)
    assert not _enters(two)


def test_a_process_finds_its_lease(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/fleet"
    lease = Leases(SqliteDatabase(tmp_path / "fleet")).take("one", "machine", "s3://one")
    assert lease is not None
    assert turns_of(environment_of(url, lease)).enter(_HOST, 0, _now)
    other = Lease(name="one", holder="machine", epoch=2)
    with pytest.raises(LeaseLostError):
        turns_of(environment_of(url, other)).enter(_HOST, 0, _now)
    with pytest.raises(UsageError, match="names no lease"):
        turns_of({LEASE_VARIABLE: "3"})


def _by_hand(tmp_path: Path, clock: list[float]) -> OwnHostTurns:
    return OwnHostTurns(SqliteDatabase(tmp_path / "fleet", lambda: clock[0]))


def test_who_asks_by_hand_takes_turns_with_machines(
    turns: Callable[[str], FleetHostTurns], tmp_path: Path, clock: list[float]
) -> None:
    machine, hand, other = turns("one"), _by_hand(tmp_path, clock), _by_hand(tmp_path, clock)
    assert machine.enter(_HOST, 0, _now)
    assert not hand.enter(_HOST, 0, _now)
    machine.leave(_HOST, 5)
    assert not hand.enter(_HOST, 0, _now)
    clock[0] += 6
    assert hand.enter(_HOST, 0, _now)
    assert not machine.enter(_HOST, 0, _now)
    assert not other.enter(_HOST, 0, _now)
    hand.leave(_HOST, 0)
    assert other.enter(_HOST, 0, _now)


def test_who_was_killed_by_hand_leaves_a_host_to_others_when_no_exchange_can_last_any_more(
    turns: Callable[[str], FleetHostTurns], tmp_path: Path, clock: list[float]
) -> None:
    hand = _by_hand(tmp_path, clock)
    assert hand.enter(_HOST, 0, _now)
    clock[0] += DEFAULT_LIMITS.fetch_timeout_s
    assert not turns("one").enter(_HOST, 0, _now)
    clock[0] += 301
    machine = turns("two")
    assert machine.enter(_HOST, 0, _now)
    # One that slept so long takes part as it did before.
    assert not hand.enter(_HOST, 0, _now)
    machine.leave(_HOST, 0)
    assert hand.enter(_HOST, 0, _now)


def test_nothing_stays_of_leases_by_hand(tmp_path: Path, clock: list[float]) -> None:
    leases = Leases(SqliteDatabase(tmp_path / "fleet", lambda: clock[0]))
    killed = _by_hand(tmp_path, clock)
    assert killed.enter(_HOST, 0, _now)
    clock[0] += 3600
    ended = _by_hand(tmp_path, clock)
    assert len(leases.rows()) == 1
    ended.close()
    assert leases.rows() == []


def test_a_process_of_a_fleet_takes_turns_and_others_none(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/fleet"
    leases = Leases(SqliteDatabase(tmp_path / "fleet"), lease_s=1e9)
    lease = leases.take("one", "machine", "s3://one")
    assert lease is not None
    with turns_for({}) as none, turns_for(environment_of(url, lease)) as made, turns_for({FLEET_VARIABLE: url}) as own:
        assert none is None
        assert made is not None
        assert own is not None
        assert made.enter(_HOST, 0, _now)
        assert not own.enter(_HOST, 0, _now)
    assert [row.name for row in leases.rows()] == ["one"]
    with pytest.raises(UsageError, match="names no database"), turns_for({FLEET_VARIABLE: "none"}):
        pass
