"""Turns of machines with a job: by one database, with work that is only told."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from preserve.config.schedule import ScheduleConfig
from preserve.errors import ConfigError, LeaseLostError, LockedError, NetworkError
from preserve.findings import Finding
from preserve.schedule.child import ChildEnd
from preserve.schedule.fleet import FleetTables
from preserve.schedule.fleet_database import SqliteDatabase
from preserve.schedule.fleet_head import HeadKeeper
from preserve.schedule.jobs import Job
from preserve.schedule.leases import Leases
from preserve.schedule.runs import run_due
from tests.unit.schedule.doing import GOOD, Doing, capture_job

_START = 1_800_000_000
_DAY = 86_400


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """The capture of a collection whose head is in a store."""
    store = f"file://{tmp_path}/store"
    rule = ScheduleConfig.model_validate({"every": "1d", "steps": [{"receipts": True}, {"replicate": store}]})
    return replace(capture_job(rule), store=store)


@pytest.fixture
def heads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done with heads: it is only noted."""
    done: list[str] = []
    monkeypatch.setattr(HeadKeeper, "check", lambda *_of: None)
    monkeypatch.setattr(HeadKeeper, "begin", lambda *_of: done.append("begin"))

    def settle(*_of: object) -> tuple[Finding, ...]:
        done.append("settle")
        return ()

    monkeypatch.setattr(HeadKeeper, "settle", settle)
    return done


def _machine(tmp_path: Path, name: str, now: list[float]) -> FleetTables:
    database = SqliteDatabase(tmp_path / "fleet", lambda: now[0])
    return FleetTables(
        archives=tmp_path / name,
        keys=tmp_path / f"{name}-keys",
        leases=Leases(database),
        say=print,
        url=database.name,
        holder=name,
    )


def test_a_moment_is_done_once_and_its_head_is_placed_before_it_counts(
    tmp_path: Path, job: Job, heads: list[str]
) -> None:
    now = [0.0]
    one, two = _machine(tmp_path, "one", now), _machine(tmp_path, "two", now)
    doing = Doing(_START)
    outcome = run_due(one, job, doing)
    assert outcome.event is not None
    assert outcome.event.outcome == "ran"
    # Copying to where the head is, is placing it: no process is made for that.
    assert [step.outcome for step in outcome.steps] == ["good", "good"]
    assert [words[0] for words in doing.done] == ["capture", "ledger"]
    assert heads == ["begin", "settle", "settle"]
    assert not run_due(two, job, Doing(_START)).did_something
    assert run_due(two, job, Doing(_START + _DAY)).did_something
    with one.read(job) as table:
        assert table is not None
        assert [event.outcome for event in table.events()] == ["ran", "ran"]
    assert one.rows()["demo"].epoch == 3


def test_a_machine_that_is_lost_records_nothing_and_another_one_tries_again(
    tmp_path: Path, job: Job, heads: list[str]
) -> None:
    now = [0.0]
    one, two = _machine(tmp_path, "one", now), _machine(tmp_path, "two", now)

    def meanwhile(_words: Sequence[str]) -> ChildEnd:
        with pytest.raises(LockedError):
            run_due(two, job, Doing(_START))
        now[0] += 100
        other = run_due(two, job, Doing(_START))
        assert other.event is None
        assert other.standing.last is not None
        assert (other.standing.last.outcome, other.standing.last.reason) == ("waiting", "its process ended")
        return GOOD

    with pytest.raises(LeaseLostError):
        run_due(one, job, Doing(_START, meanwhile))
    again = run_due(two, job, Doing(_START + _DAY // 2))
    assert again.event is not None
    assert (again.event.outcome, again.event.tries) == ("ran", 1)


def test_a_capture_whose_head_is_not_placed_has_not_run(
    tmp_path: Path, job: Job, heads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_of: object) -> None:
        raise NetworkError("the store is away")

    monkeypatch.setattr(HeadKeeper, "settle", away)
    outcome = run_due(_machine(tmp_path, "one", [0.0]), job, Doing(_START))
    assert outcome.event is not None
    assert (outcome.event.outcome, outcome.event.reason, outcome.status) == ("waiting", "the store is away", 5)
    assert outcome.steps == ()


def test_what_is_to_be_told_of_the_copy_fails_its_step_and_not_the_capture(
    tmp_path: Path, job: Job, heads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Finding(code="W-REPLICA-LOCK", where="a.warc.gz", detail="its retention ends")
    monkeypatch.setattr(HeadKeeper, "settle", lambda *_of: (told,))
    outcome = run_due(_machine(tmp_path, "one", [0.0]), job, Doing(_START))
    assert outcome.event is not None
    assert (outcome.event.outcome, outcome.status, heads) == ("ran", 1, ["begin"])
    (copied,) = (step for step in outcome.steps if step.name.startswith("replicate"))
    assert (copied.outcome, copied.detail) == ("failed", "W-REPLICA-LOCK: its retention ends")


def test_a_collection_without_a_store_is_no_ones(tmp_path: Path, job: Job) -> None:
    with pytest.raises(ConfigError, match="no step `replicate: s3://"):
        run_due(_machine(tmp_path, "one", [0.0]), replace(job, store=""), Doing(_START))
