"""Schedules over years, clock changes, sleep, crashes, two processes and a clock set back."""

import random
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice, pairwise, takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from preserve.config.adaptive import AdaptiveConfig
from preserve.config.schedule import ScheduleConfig
from preserve.errors import LockedError
from preserve.schedule import job_table
from preserve.schedule.child import ChildEnd
from preserve.schedule.due_times import moments
from preserve.schedule.job_status import wrongs
from preserve.schedule.job_table import CAPTURE, JobTable
from preserve.schedule.jobs import status_of_all
from preserve.schedule.runs import forget_to_come
from preserve.schedule.tables import LocalTables
from tests.unit.schedule.doing import (
    COMPLETE,
    GOOD,
    UNREACHED,
    Doing,
    capture_job,
    events,
    look,
    outcomes,
    run,
    standing,
    steps,
)

_DAY = 86_400
_START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
_VIENNA = ZoneInfo("Europe/Vienna")
_DAILY = ScheduleConfig(every="1d", retries=0)
_RETRIED = ScheduleConfig(every="1d", retries=2, retry_after="10m")


@pytest.mark.parametrize("hour", ["30 2", "0 3", "30 1"])
def test_a_daily_moment_comes_once_a_day_over_five_years_of_clock_changes(hour: str) -> None:
    schedule = ScheduleConfig(cron=f"{hour} * * *", time_zone="Europe/Vienna")
    end = int(datetime(2029, 1, 1, tzinfo=_VIENNA).timestamp())
    found = list(takewhile(lambda m: m.nominal < end, moments(schedule, seed="demo", anchor=_START, after=_START)))
    days = [datetime.fromtimestamp(moment.nominal, _VIENNA).date() for moment in found]
    assert len(days) == len(set(days)) == 366 + 3 * 365 + 366
    again = moments(schedule, seed="demo", anchor=_START, after=found[799].nominal)
    assert list(islice(again, 50)) == found[800:850]


@pytest.mark.parametrize(
    ("years", "seed", "hours"),
    [(1, 4, 11), *(pytest.param(years, seed, 4, marks=pytest.mark.slow) for years, seed in ((1, 2), (2, 7), (5, 7)))],
)
def test_years_of_looks_sleep_crashes_and_failures_record_each_due_moment_once(
    tmp_path: Path, years: int, seed: int, hours: int
) -> None:
    rule = ScheduleConfig(
        cron="30 2 * * 1", time_zone="Europe/Vienna", jitter=0.2, only="22:00-06:00", retries=2, retry_after="1h"
    )
    chance = random.Random(seed)
    end = int(datetime(2024 + years, 1, 1, tzinfo=UTC).timestamp())

    def ends(_words: Sequence[str]) -> ChildEnd:
        kind = chance.random()
        if kind < 0.1:
            raise SystemExit
        return GOOD if kind < 0.7 else UNREACHED if kind < 0.9 else ChildEnd(status=4)

    doing = Doing(_START, ends)
    taken: list[int] = []
    while doing.now < end:
        try:
            outcome = look(tmp_path, rule, doing)
            if outcome.event is not None and outcome.event.outcome != "waiting":
                taken.append(outcome.event.nominal)
        except SystemExit:
            pass
        # Mostly some hours; at times the machine sleeps for up to three weeks.
        doing.now += hours * 3600 if chance.random() < 0.98 else chance.randrange(21 * _DAY)
    recorded = events(tmp_path, rule)
    settled = recorded[-1].nominal
    due = [m.nominal for m in takewhile(lambda m: m.nominal <= settled, moments(
        rule, seed="demo", anchor=_START, after=_START - 1))]  # fmt: skip
    assert [event.nominal for event in recorded] == due
    assert len(due) >= 51 * years
    assert len(taken) == len(set(taken))
    assert {event.outcome for event in recorded[:-1]} == {"ran", "failed", "skipped", "missed"}


def test_jitter_is_bounded_and_the_same_again_and_the_window_holds() -> None:
    schedule = ScheduleConfig(every="12h", jitter=0.5, only="22:00-06:00", time_zone="Europe/Vienna")
    found = list(islice(moments(schedule, seed="demo", anchor=_START, after=0), 3000))
    assert found == list(islice(moments(schedule, seed="demo", anchor=_START, after=0), 3000))
    hours = {datetime.fromtimestamp(moment.start, _VIENNA).hour for moment in found}
    assert hours <= {22, 23, 0, 1, 2, 3, 4, 5}
    assert all(0 <= moment.start - moment.nominal <= _DAY for moment in found)
    assert [m.start for m in found] == sorted(m.start for m in found)


def test_after_a_week_asleep_one_run_makes_up_and_the_others_are_missed(tmp_path: Path) -> None:
    assert run(tmp_path, _START, _DAILY) == "ran"
    assert run(tmp_path, _START + 5, _DAILY) is None
    assert run(tmp_path, _START + 7 * _DAY + 60, _DAILY) == "ran"
    assert outcomes(tmp_path, _DAILY) == ["ran", *["missed"] * 6, "ran"]


def test_skip_makes_up_for_nothing_once_the_grace_is_over(tmp_path: Path) -> None:
    schedule = ScheduleConfig(every="1w", missed="skip", grace="1d")
    assert run(tmp_path, _START, schedule) == "ran"
    assert run(tmp_path, _START + 9 * _DAY, schedule) is None
    assert run(tmp_path, _START + 14 * _DAY + 60, schedule) == "ran"
    assert outcomes(tmp_path, schedule) == ["ran", "missed", "ran"]


def test_a_clock_set_back_runs_no_moment_twice_and_is_told(tmp_path: Path) -> None:
    run(tmp_path, _START, _DAILY)
    run(tmp_path, _START + _DAY, _DAILY)
    assert run(tmp_path, _START + 60, _DAILY) is None
    assert standing(tmp_path, _START + 60, _DAILY).clock_back
    assert run(tmp_path, _START + 2 * _DAY, _DAILY) == "ran"


def test_a_clock_that_was_set_back_for_a_while_is_no_time_without_a_look(tmp_path: Path) -> None:
    for day in range(5):
        run(tmp_path, _START + day * _DAY, _DAILY)
    run(tmp_path, _START + _DAY, _DAILY)
    run(tmp_path, _START + 5 * _DAY, _DAILY)
    assert standing(tmp_path, _START + 5 * _DAY, _DAILY).unseen is None


def test_what_was_due_while_the_clock_was_ahead_is_due_once_it_is_right(tmp_path: Path) -> None:
    rule = ScheduleConfig(every="30d", retries=0)
    assert run(tmp_path, _START, rule) == "ran"
    assert run(tmp_path, _START + 60 * _DAY + _DAY // 2, rule) == "ran"
    assert outcomes(tmp_path, rule) == ["ran", "missed", "ran"]
    set_right = _START + 31 * _DAY

    assert forget_to_come(LocalTables(tmp_path), capture_job(rule), set_right) == 2

    assert outcomes(tmp_path, rule) == ["ran"]
    assert run(tmp_path, set_right, rule) == "ran"
    assert [event.start for event in events(tmp_path, rule)] == [_START, _START + 30 * _DAY]
    assert standing(tmp_path, set_right, rule).unseen is None


def test_a_time_without_a_look_is_kept_with_what_was_missed(tmp_path: Path) -> None:
    for day in range(3):
        run(tmp_path, _START + day * _DAY, _DAILY)
    assert standing(tmp_path, _START + 2 * _DAY, _DAILY).unseen is None
    back = _START + 12 * _DAY
    assert run(tmp_path, back, _DAILY) == "ran"
    expected = (_START + 2 * _DAY, back, 9)
    assert standing(tmp_path, back, _DAILY).unseen == expected
    run(tmp_path, back + _DAY, _DAILY)
    assert standing(tmp_path, back + _DAY, _DAILY).unseen == expected


@pytest.mark.parametrize(
    ("jitter", "is_changed_meanwhile", "hours"),
    [
        (0, False, 4),
        pytest.param(0, False, 1, marks=pytest.mark.slow),
        pytest.param(0.5, True, 1, marks=pytest.mark.slow),
        pytest.param(0, True, 1, marks=pytest.mark.slow),
        pytest.param(0.5, False, 1, marks=pytest.mark.slow),
    ],
)
def test_after_a_clock_that_was_ahead_each_true_moment_is_recorded_once(
    tmp_path: Path, jitter: float, is_changed_meanwhile: bool, hours: int
) -> None:
    """Two weeks, two years that never were, and two weeks after the moments still to come were forgotten."""
    rule = ScheduleConfig(every="12h", jitter=jitter, retries=1, retry_after="1h", steps=[{"verify": 1}])
    doing = Doing(_START)
    set_right = _START + 14 * _DAY
    for now in range(_START, set_right, hours * 3600):
        look(tmp_path, rule, Doing(now))
    before = events(tmp_path, rule)
    look(tmp_path, rule, Doing(set_right + 730 * _DAY))
    if is_changed_meanwhile:
        rule = rule.model_copy(update={"every": "1d"})
        look(tmp_path, rule, Doing(set_right + 731 * _DAY))
    assert standing(tmp_path, set_right, rule).clock_back

    assert forget_to_come(LocalTables(tmp_path), capture_job(rule), set_right) > 100

    assert not standing(tmp_path, set_right, rule).clock_back
    assert events(tmp_path, rule) == before
    doing = Doing(set_right)
    for doing.now in range(set_right, set_right + 14 * _DAY, hours * 3600):
        look(tmp_path, rule, doing)
    nominals = [event.nominal for event in events(tmp_path, rule)]
    last = before[-1].nominal
    following = [nominal for nominal in nominals if nominal > last]
    pace = _DAY if is_changed_meanwhile else _DAY // 2
    assert [event.outcome for event in events(tmp_path, rule)] == ["ran"] * len(nominals)
    assert {later - earlier for earlier, later in pairwise(following)} == {pace}
    assert len(following) in {14 * _DAY // pace, 14 * _DAY // pace + 1}
    assert steps(tmp_path, rule)[-1].nominal == nominals[-1]


def _die(_words: Sequence[str]) -> ChildEnd:
    raise SystemExit


def test_a_run_whose_process_died_is_one_failed_event(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        look(tmp_path, _DAILY, Doing(_START, _die))
    assert outcomes(tmp_path, _DAILY) == ["running"]
    assert run(tmp_path, _START + 60, _DAILY) is None
    assert outcomes(tmp_path, _DAILY) == ["failed"]


def test_a_run_whose_process_died_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        look(tmp_path, _RETRIED, Doing(_START, _die))
    assert run(tmp_path, _START + 60, _RETRIED) is None
    assert run(tmp_path, _START + 60 + 600, _RETRIED) == "ran"
    (event,) = events(tmp_path, _RETRIED)
    assert (event.nominal, event.outcome, event.tries) == (_START, "ran", 1)


def test_a_try_that_no_window_is_open_for_is_none(tmp_path: Path) -> None:
    """Failed ten minutes before the window closes: the moment has failed, nothing waits for what cannot come."""
    rule = ScheduleConfig(cron="0 16 * * *", only="16:00-16:20", retries=3, retry_after="15m", grace="7d")
    due = _START + 16 * 3600
    look(tmp_path, rule, Doing(_START))
    assert run(tmp_path, due + 60, rule, UNREACHED) == "waiting"
    assert run(tmp_path, due + 17 * 60, rule, UNREACHED) == "failed"


def test_a_try_waits_for_the_next_opening_before_the_next_moment(tmp_path: Path) -> None:
    rule = ScheduleConfig(every="1w", only="00:00-01:00", retries=3, retry_after="2h")
    assert run(tmp_path, _START, rule, UNREACHED) == "waiting"
    assert run(tmp_path, _START + _DAY - 60, rule) is None
    assert run(tmp_path, _START + _DAY, rule) == "ran"


def test_a_job_that_no_scheduler_looks_at_is_wrong(tmp_path: Path) -> None:
    rule = ScheduleConfig(every="30d")
    assert run(tmp_path, _START, rule) == "ran"
    assert wrongs(standing(tmp_path, _START + _DAY, rule), "demo", _START + _DAY) == []
    (wrong,) = wrongs(standing(tmp_path, _START + 3 * _DAY, rule), "demo", _START + 3 * _DAY)
    assert wrong.startswith("no scheduler has looked at it since 2024-01-01T00:00:00Z")


def test_a_failed_run_is_tried_again_with_longer_and_longer_pauses_and_is_one_event(tmp_path: Path) -> None:
    tried = []
    for minute in range(0, 24 * 60, 5):
        doing = Doing(_START + minute * 60, UNREACHED)
        look(tmp_path, _RETRIED, doing)
        tried += [minute] * len(doing.done)
    assert tried == [0, 10, 30]
    (event,) = events(tmp_path, _RETRIED)
    assert (event.outcome, event.tries) == ("failed", 3)
    assert "no address answered" in event.reason


def test_no_run_is_tried_again_after_the_next_is_due(tmp_path: Path) -> None:
    rule = ScheduleConfig(every="1h", retries=5, retry_after="40m")
    assert run(tmp_path, _START, rule, UNREACHED) == "waiting"
    assert run(tmp_path, _START + 2400, rule, UNREACHED) == "failed"
    assert run(tmp_path, _START + 3600, rule) == "ran"
    assert outcomes(tmp_path, rule) == ["failed", "ran"]


def test_a_run_that_waits_when_the_next_is_due_has_failed(tmp_path: Path) -> None:
    assert run(tmp_path, _START, _RETRIED, UNREACHED) == "waiting"
    assert run(tmp_path, _START + _DAY, _RETRIED) == "ran"
    first, second = events(tmp_path, _RETRIED)
    assert (first.outcome, second.outcome) == ("failed", "ran")
    assert "a later moment came" in first.reason


def test_a_try_waits_for_the_window(tmp_path: Path) -> None:
    rule = ScheduleConfig(every="1d", only="22:00-06:00", retry_after="12h")
    assert run(tmp_path, _START, rule, UNREACHED) == "waiting"
    assert run(tmp_path, _START + _DAY // 2, rule) is None
    assert run(tmp_path, _START + 22 * 3600, rule) == "ran"


def test_a_run_that_was_stopped_with_the_schedule_goes_on_at_the_next_look(tmp_path: Path) -> None:
    stopped = ChildEnd(status=130, report={"outcome": "cancelled"}, stopped=True)
    assert run(tmp_path, _START, _DAILY, stopped) == "waiting"
    assert run(tmp_path, _START + 1, _DAILY, stopped) == "waiting"
    assert run(tmp_path, _START + 2, _DAILY) == "ran"
    (event,) = events(tmp_path, _DAILY)
    assert (event.outcome, event.tries) == ("ran", 0)


def test_two_processes_do_not_run_the_same_moment(tmp_path: Path) -> None:
    def other(_words: Sequence[str]) -> ChildEnd:
        with pytest.raises(LockedError, match="preserve schedule demo"):
            run(tmp_path, _START, _DAILY)
        return GOOD

    assert look(tmp_path, _DAILY, Doing(_START, other)).status == 0
    assert outcomes(tmp_path, _DAILY) == ["ran"]


def test_what_was_due_by_a_rule_that_was_changed_is_skipped(tmp_path: Path) -> None:
    run(tmp_path, _START, _DAILY)
    other = ScheduleConfig(every="2d")
    now = _START + 2 * _DAY
    assert run(tmp_path, now, other) is None
    assert run(tmp_path, now + 1, other) == "ran"
    assert outcomes(tmp_path, other) == ["ran", "skipped", "skipped", "ran"]


def test_a_change_of_what_is_done_is_no_change_of_the_moments(tmp_path: Path) -> None:
    run(tmp_path, _START, _DAILY)
    other = ScheduleConfig(every="1d", grace="2d", time_limit="1h", retries=5)
    assert run(tmp_path, _START + _DAY, other) == "ran"
    assert outcomes(tmp_path, other) == ["ran", "ran"]


def test_bounds_for_pages_that_seldom_change_begin_no_schedule_anew(tmp_path: Path) -> None:
    run(tmp_path, _START, _DAILY)
    other = ScheduleConfig(every="1d", adaptive=AdaptiveConfig(min="1d"))
    assert run(tmp_path, _START + _DAY, other) == "ran"
    assert outcomes(tmp_path, other) == ["ran", "ran"]


@pytest.mark.parametrize(
    ("ended", "outcome"),
    [
        (ChildEnd(status=1, report=COMPLETE), "ran"),
        (ChildEnd(status=1), "failed"),
        (ChildEnd(status=4), "skipped"),
        (ChildEnd(status=7, report=COMPLETE), "failed"),
        (UNREACHED, "failed"),
        (ChildEnd(status=-9), "failed"),
        (ChildEnd(status=130, report=COMPLETE), "failed"),
        (ChildEnd(status=130, report=COMPLETE, timed_out=True), "failed"),
        (ChildEnd(status=0, report=COMPLETE, timed_out=True), "ran"),
    ],
)
def test_the_end_of_a_capture_is_the_event(tmp_path: Path, ended: ChildEnd, outcome: str) -> None:
    assert run(tmp_path, _START, _DAILY, ended) == outcome


@pytest.mark.parametrize(
    ("statuses", "status"),
    [([], 0), ([0, 0], 0), ([0, 6], 6), ([5, 5], 5), ([5, 6], 7), ([7, 1, 5], 1), ([4, 0, 7], 7)],
)
def test_several_ends_have_one_status(statuses: list[int], status: int) -> None:
    assert status_of_all(statuses) == status


@pytest.mark.parametrize(
    ("ended", "status"),
    [
        (GOOD, 0),
        (ChildEnd(status=1, report=COMPLETE), 0),
        (UNREACHED, 5),
        (ChildEnd(status=7), 7),
        (ChildEnd(status=0), 7),
        (ChildEnd(status=-9), 7),
        (ChildEnd(status=130, report=COMPLETE, timed_out=True), 7),
    ],
)
def test_a_look_has_the_status_of_what_failed(tmp_path: Path, ended: ChildEnd, status: int) -> None:
    assert look(tmp_path, _DAILY, Doing(_START, ended)).status == status


def test_only_a_good_run_ends_what_is_overdue(tmp_path: Path) -> None:
    run(tmp_path, _START, _DAILY, UNREACHED)
    assert standing(tmp_path, _START + _DAY, _DAILY).overdue_since is None
    assert standing(tmp_path, _START + _DAY + 1, _DAILY).overdue_since == _START
    run(tmp_path, _START + _DAY, _DAILY)
    assert standing(tmp_path, _START + _DAY + 1, _DAILY).overdue_since is None


def test_a_run_under_way_is_not_overdue_while_its_scheduler_is_heard_of(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        look(tmp_path, _DAILY, Doing(_START, _die))
    with JobTable.open(tmp_path, "demo", CAPTURE, _DAILY) as held:
        held.looked(_START + 2 * _DAY)
    assert standing(tmp_path, _START + 2 * _DAY + 60, _DAILY).overdue_since is None
    assert standing(tmp_path, _START + 2 * _DAY + 3600, _DAILY).overdue_since == _START


def test_looking_at_how_it_stands_begins_nothing(tmp_path: Path) -> None:
    with JobTable.read(tmp_path, "demo", CAPTURE, _DAILY) as held:
        assert held is None
    assert list(tmp_path.iterdir()) == []


def test_after_years_of_minutes_looks_record_what_was_missed_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_table, "_MOST_AT_ONCE", 10)
    rule = ScheduleConfig(every="1m", retries=0)
    assert run(tmp_path, _START, rule) == "ran"
    later = _START + 35 * 60
    assert [run(tmp_path, later, rule) for _look in range(5)] == [None, None, None, "ran", None]
    assert outcomes(tmp_path, rule) == ["ran", *["missed"] * 34, "ran"]


def _full(*_words: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_a_full_disk_at_the_end_of_a_run_neither_loses_nor_repeats_its_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(JobTable, "_settle", _full)
        with pytest.raises(sqlite3.OperationalError):
            run(tmp_path, _START, _DAILY)
    assert run(tmp_path, _START + _DAY, _DAILY) == "ran"
    assert outcomes(tmp_path, _DAILY) == ["failed", "ran"]


def test_a_full_disk_before_a_run_leaves_its_moment_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, _START, _DAILY)
    with monkeypatch.context() as patch:
        patch.setattr(JobTable, "_record", _full)
        with pytest.raises(sqlite3.OperationalError):
            run(tmp_path, _START + _DAY, _DAILY)
    assert run(tmp_path, _START + _DAY, _DAILY) == "ran"
    assert outcomes(tmp_path, _DAILY) == ["ran", "ran"]


def test_a_disk_that_fills_during_a_run_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobTable, "looked", _full)
    assert run(tmp_path, _START, _DAILY) == "ran"


def test_what_was_missed_waits_for_the_window(tmp_path: Path) -> None:
    schedule = ScheduleConfig(every="1d", only="22:00-06:00")
    assert run(tmp_path, _START, schedule) == "ran"
    noon = _START + 3 * _DAY + _DAY // 2
    assert run(tmp_path, noon, schedule) is None
    assert run(tmp_path, noon + 10 * 3600, schedule) == "ran"
    assert outcomes(tmp_path, schedule) == ["ran", "missed", "missed", "ran"]
