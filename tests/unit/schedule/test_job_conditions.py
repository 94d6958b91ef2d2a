"""What the state of a job says to alarms."""

from pathlib import Path

import pytest

from preserve.alarms.values import Observation
from preserve.config.alarm_kinds import AlarmKind
from preserve.config.schedule import ScheduleConfig, StepConfig
from preserve.schedule.child import ChildEnd
from preserve.schedule.job_conditions import (
    FILE,
    observe_checks,
    observe_disk,
    observe_job,
    observe_receipts,
    observe_trouble,
)
from preserve.schedule.job_table import CAPTURE, JobTable
from preserve.store.checks import Check
from tests.unit.schedule.doing import COMPLETE, GOOD, UNREACHED, Doing, capture_job, look, run, standing

_START = 1_704_067_200
_DAY = 86_400
_DAILY = ScheduleConfig(every="1d", retries=0)


def _observed(folder: Path, now: int, rule: ScheduleConfig = _DAILY) -> dict[tuple[AlarmKind, str], Observation]:
    found = observe_job(capture_job(rule), standing(folder, now, rule), now)
    return {(one.kind, one.subject): one for one in found}


def test_a_failed_moment_is_one_occasion_however_often_it_is_looked_at(tmp_path: Path) -> None:
    run(tmp_path, _START, _DAILY, UNREACHED)
    first = _observed(tmp_path, _START + 1)[AlarmKind.CAPTURE_FAILING, ""]
    assert first.bad
    assert "no address answered" in first.summary
    assert _observed(tmp_path, _START + 600)[AlarmKind.CAPTURE_FAILING, ""] == first
    run(tmp_path, _START + _DAY, _DAILY, UNREACHED)
    assert _observed(tmp_path, _START + _DAY)[AlarmKind.CAPTURE_FAILING, ""].occasion != first.occasion
    run(tmp_path, _START + 2 * _DAY, _DAILY)
    assert not _observed(tmp_path, _START + 2 * _DAY)[AlarmKind.CAPTURE_FAILING, ""].bad


def test_a_moment_that_waits_for_its_next_try_is_no_failure_yet(tmp_path: Path) -> None:
    rule = ScheduleConfig(every="1d")
    assert run(tmp_path, _START, rule, UNREACHED) == "waiting"
    assert (AlarmKind.CAPTURE_FAILING, "") not in _observed(tmp_path, _START, rule)


def test_overdue_is_bad_until_a_good_run(tmp_path: Path) -> None:
    run(tmp_path, _START, _DAILY, UNREACHED)
    assert not _observed(tmp_path, _START + _DAY)[AlarmKind.OVERDUE, ""].bad
    late = _observed(tmp_path, _START + _DAY + 1)[AlarmKind.OVERDUE, ""]
    assert late.bad
    assert late == _observed(tmp_path, _START + _DAY + 9000)[AlarmKind.OVERDUE, ""]
    run(tmp_path, _START + _DAY, _DAILY)
    assert not _observed(tmp_path, _START + _DAY + 1)[AlarmKind.OVERDUE, ""].bad


def test_days_without_a_look_are_told_once(tmp_path: Path) -> None:
    run(tmp_path, _START, _DAILY)
    assert (AlarmKind.NOT_LOOKED, "") not in _observed(tmp_path, _START)
    run(tmp_path, _START + 10 * _DAY, _DAILY)
    told = _observed(tmp_path, _START + 10 * _DAY)[AlarmKind.NOT_LOOKED, ""]
    assert told.bad
    assert told.summary == "none looked from 2024-01-01T00:00:00Z to 2024-01-11T00:00:00Z: 9 due moments were missed"
    run(tmp_path, _START + 11 * _DAY, _DAILY)
    assert _observed(tmp_path, _START + 11 * _DAY)[AlarmKind.NOT_LOOKED, ""] == told


def test_a_time_without_looks_that_ends_where_a_wrong_clock_was_once_is_another(tmp_path: Path) -> None:
    run(tmp_path, _START, _DAILY)
    run(tmp_path, _START + 30 * _DAY, _DAILY)
    wrong = _observed(tmp_path, _START + 30 * _DAY)[AlarmKind.NOT_LOOKED, ""]
    with JobTable.open(tmp_path, "demo", CAPTURE, _DAILY) as table:
        table.forget_to_come(_START + _DAY)
    run(tmp_path, _START + 30 * _DAY, _DAILY)
    right = _observed(tmp_path, _START + 30 * _DAY)[AlarmKind.NOT_LOOKED, ""]
    assert right.summary.startswith("none looked from 2024-01-02T00:00:00Z to 2024-01-31T00:00:00Z")
    assert right.occasion != wrong.occasion


def test_a_clock_that_was_set_back_is_bad(tmp_path: Path) -> None:
    run(tmp_path, _START, _DAILY)
    run(tmp_path, _START + _DAY, _DAILY)
    assert _observed(tmp_path, _START + 60)[AlarmKind.CLOCK_BACK, ""].bad
    assert not _observed(tmp_path, _START + _DAY)[AlarmKind.CLOCK_BACK, ""].bad


def test_each_step_is_observed_by_itself(tmp_path: Path) -> None:
    rule = ScheduleConfig(every="1d", steps=(StepConfig(replicate="/mnt/copy"), StepConfig(export="/srv/t.csv")))
    look(tmp_path, rule, Doing(_START, lambda words: ChildEnd(status=1) if words[0] == "replicate" else GOOD))
    found = _observed(tmp_path, _START, rule)
    assert found[AlarmKind.STEP_FAILING, "replicate /mnt/copy"].bad
    assert not found[AlarmKind.STEP_FAILING, "export /srv/t.csv"].bad


def test_bot_walls_and_certificates_are_taken_from_the_report(tmp_path: Path) -> None:
    report = {
        **COMPLETE,
        "reasons": {"challenge": 30, "http-200": 5},
        "problems": [[f"https://example.org/{number}", "done", "challenge"] for number in range(30)],
    }
    run(tmp_path, _START, _DAILY, ChildEnd(status=0, report=report))
    found = _observed(tmp_path, _START)
    wall = found[AlarmKind.CHALLENGE_PAGE, ""]
    assert (wall.bad, len(wall.items), wall.items_total) == (True, 20, 30)
    assert not found[AlarmKind.CERTIFICATE_INVALID, ""].bad


def _check(at: int, *, good: bool, level: str = "full") -> Check:
    return Check(
        level=level, started=at, ended=at, good=good, records=1, bytes_read=1, statements=1,
        codes={} if good else {"E-X": 1},
    )  # fmt: skip


def test_damage_is_bad_until_everything_was_read_and_found_good() -> None:
    sample = _check(1, good=False, level="sample")
    (one,) = observe_checks("demo", [sample, _check(2, good=True, level="sample")])
    assert (one.bad, one.occasion) == (True, 1)
    (one,) = observe_checks("demo", [sample, _check(3, good=True)])
    assert not one.bad
    assert observe_checks("demo", []) == []


def test_receipts_are_observed_by_authority() -> None:
    found = observe_receipts("demo", ["one", "two"], [("12.one.failed", "status 500")], 20)
    assert [(o.subject, o.bad, o.summary) for o in found] == [
        ("one", True, "status 500"),
        ("two", False, "a receipt was had"),
    ]


@pytest.mark.parametrize(("free", "bad"), [(9, True), (10, False)])
def test_a_disk_is_low_below_what_is_asked_for(free: int, bad: bool) -> None:
    assert observe_disk("demo", free, 10, _START).bad is bad
    assert observe_disk("demo", free, 10, _START).occasion == observe_disk("demo", free, 10, _START + 60).occasion


def test_a_schedule_that_cannot_be_looked_at_is_bad_until_it_can() -> None:
    assert observe_trouble("demo", FILE, "a mistake", _START).bad
    assert not observe_trouble("demo", FILE, "", _START).bad
