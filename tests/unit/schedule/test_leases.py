"""Machines that take, renew, lose and give back leases in any order, by a clock of the database that the test sets."""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from preserve.errors import BrokenStateError, LeaseLostError, NetworkError, UsageError
from preserve.schedule.fleet_database import FleetDatabase, PostgresDatabase, SqliteDatabase, open_database
from preserve.schedule.leases import Lease, Leases, note_head
from tests.postgres import postgres

SetClock = Callable[[float], None]
_NAMES = ("one", "two", "three")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[FleetDatabase, SetClock]]:
    if request.param == "sqlite":
        now = [0.0]
        yield SqliteDatabase(tmp_path / "fleet", lambda: now[0]), lambda value: now.__setitem__(0, value)
        return
    with postgres() as url:
        database = PostgresDatabase(url)
        with database.change() as execute:
            execute("CREATE TABLE clock AS SELECT 0::double precision AS now", ())
            execute(
                "CREATE OR REPLACE FUNCTION preserve_now() RETURNS double precision LANGUAGE sql VOLATILE"
                " AS 'SELECT now FROM clock'",
                (),
            )

        def set_clock(value: float) -> None:
            with database.change() as execute:
                execute("UPDATE clock SET now = ?", (value,))

        yield database, set_clock


def test_no_two_machines_hold_one_collection_and_a_lost_lease_writes_nothing(
    fleet: tuple[FleetDatabase, SetClock],
) -> None:
    database, set_clock = fleet
    leases, chance, now = Leases(database, lease_s=10), random.Random(3), 1000.0
    held: dict[tuple[str, str], Lease] = {}
    ends: dict[str, tuple[Lease, float]] = {}
    epochs = dict.fromkeys(_NAMES, 0)
    written = dict.fromkeys(_NAMES, "")
    set_clock(now)
    for step in range(300):
        machine, name = chance.choice("abc"), chance.choice(_NAMES)
        mine = held.get((machine, name))
        current, until = ends.get(name, (None, 0.0))
        match chance.randrange(5):
            case 0:
                now += chance.choice((1.0, 4.0, 11.0))
                set_clock(now)
            case 1 | 2:
                taken = leases.take(name, machine, "s3://one")
                assert (taken is not None) == (until <= now)
                if taken is not None:
                    assert taken.epoch == epochs[name] + 1
                    epochs[name] += 1
                    held[machine, name], ends[name] = taken, (taken, now + 10)
            case 3 if mine is not None:
                is_good = mine == current and now < until
                text = f"{step}"
                if is_good:
                    leases.keep_table(mine, "capture", text)
                    written[name], ends[name] = text, (mine, now + 10)
                else:
                    with pytest.raises(LeaseLostError):
                        leases.keep_table(mine, "capture", text)
                assert leases.table(name, "capture") == written[name]
            case 4 if mine is not None:
                leases.give_back(mine)
                if mine == current and now < until:
                    ends[name] = (mine, 0.0)
    assert min(epochs.values()) > 5


def test_what_fails_within_a_guard_changes_nothing(fleet: tuple[FleetDatabase, SetClock]) -> None:
    database, set_clock = fleet
    set_clock(1.0)
    leases = Leases(database)
    lease = leases.take("demo", "a", "s3://one")
    assert lease is not None
    with suppress(ZeroDivisionError), leases.guarded(lease) as execute:
        note_head(execute, lease, 7, "ab")
        raise ZeroDivisionError
    assert leases.head("demo") is None
    with leases.guarded(lease) as execute:
        note_head(execute, lease, 7, "ab")
    head = leases.head("demo")
    assert head is not None
    assert (head.size, head.root, head.epoch) == (7, "ab", 1)


def test_a_machine_that_does_not_come_back_is_lost(fleet: tuple[FleetDatabase, SetClock]) -> None:
    database, set_clock = fleet
    set_clock(100.0)
    leases = Leases(database, lease_s=10)
    assert leases.take("demo", "a", "s3://one") is not None
    set_clock(109.0)
    assert [row.is_lost for row in leases.rows()] == [False]
    set_clock(110.0)
    assert [row.is_lost for row in leases.rows()] == [True]


def test_the_head_of_a_collection_lies_in_one_store(fleet: tuple[FleetDatabase, SetClock]) -> None:
    leases = Leases(fleet[0])
    lease = leases.take("demo", "a", "s3://one")
    assert lease is not None
    leases.give_back(lease)
    with pytest.raises(UsageError, match="the head of demo lies in s3://one, not in s3://two"):
        leases.take("demo", "b", "s3://two")
    assert leases.take("demo", "b", "s3://one") is not None


@pytest.mark.parametrize(
    "change",
    ["head_root = 'zz'", "head_root = ''", "head_size = -1", "epoch = -1", "head_epoch = 9223372036854775807"],
)
def test_a_row_that_others_wrote_is_told_and_costs_its_collection_only(
    fleet: tuple[FleetDatabase, SetClock], change: str
) -> None:
    database, leases = fleet[0], Leases(fleet[0])
    for name in ("one", "two"):
        lease = leases.take(name, "a", "s3://one")
        assert lease is not None
        with leases.guarded(lease) as execute:
            note_head(execute, lease, 7, "ab")
    with database.change() as execute:
        execute(f"UPDATE preserve_lease SET {change} WHERE name = 'one'", ())
    for ask in (leases.rows, lambda: leases.head("one")):
        with pytest.raises(BrokenStateError, match="the row of one"):
            ask()
    assert leases.head("two") is not None


@pytest.mark.slow
def test_who_stands_still_locks_a_row_no_longer_than_a_lease_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.schedule.fleet_database._IDLE_S", 0.2)
    with postgres() as url:
        leases, others = Leases(PostgresDatabase(url)), PostgresDatabase(url)
        lease = leases.take("demo", "a", "s3://one")
        assert lease is not None
        is_free = False
        with pytest.raises(NetworkError), leases.guarded(lease), others.change() as execute:
            # This waits until the server has ended the transaction around it.
            is_free = execute("SELECT 1 FROM preserve_lease WHERE name = 'demo' FOR UPDATE", ()) == [[1]]
        assert is_free


def test_what_a_block_raises_is_not_said_of_the_database(fleet: tuple[FleetDatabase, SetClock]) -> None:
    with pytest.raises(FileNotFoundError, match="mine"), fleet[0].change():
        raise FileNotFoundError("mine")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:secret@h/d?x=1",
        "postgresql://:secret@h/d",
        "mysql://u:secret@h/d",
        "postgresql://u:secret@[h/d",
        "postgresql://u:secret@\u2100/d",
    ],
)
def test_what_is_no_address_is_not_repeated(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_database(url)
    assert "secret" not in f"{caught.value} {caught.value.next_step}"


def test_a_password_is_in_no_name() -> None:
    assert open_database("postgresql://u:secret@h/d").name == "postgresql://u@h:5432/d"
