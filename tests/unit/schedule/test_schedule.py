"""Schedules over years, clock changes, sleep, crashes, two processes and a clock set back."""

import re
import sqlite3
import subprocess
from datetime import UTC, datetime
from itertools import islice, takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from preserve.config.adaptive import AdaptiveConfig
from preserve.config.schedule import ScheduleConfig
from preserve.errors import LockedError
from preserve.schedule.child import run_child
from preserve.schedule.moments import moments
from preserve.schedule.runs import Ended, run_due
from preserve.schedule.table import Table
from tests.conftest import Shell, Site

_DAY = 86_400
_START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
_VIENNA = ZoneInfo("Europe/Vienna")
_GOOD = Ended(status=0, reported=True)
_DAILY = ScheduleConfig(every="1d")


def _run(folder: Path, now: int, schedule: ScheduleConfig = _DAILY, ended: Ended = _GOOD) -> str | None:
    outcome = run_due(folder, "demo", schedule, clock=lambda: now, capture=lambda: ended)
    return None if outcome is None else outcome.outcome


def _events(folder: Path, schedule: ScheduleConfig = _DAILY) -> list[tuple[int, str]]:
    with Table.open(folder, "demo", schedule) as table:
        return [(event.nominal, event.outcome) for event in table.events()]


@pytest.mark.parametrize("hour", ["30 2", "0 3", "30 1"])
def test_a_daily_moment_comes_once_a_day_over_five_years_of_clock_changes(hour: str) -> None:
    schedule = ScheduleConfig(cron=f"{hour} * * *", time_zone="Europe/Vienna")
    end = int(datetime(2029, 1, 1, tzinfo=_VIENNA).timestamp())
    found = list(takewhile(lambda m: m.nominal < end, moments(schedule, seed="demo", anchor=_START, after=_START)))
    days = [datetime.fromtimestamp(moment.nominal, _VIENNA).date() for moment in found]
    assert len(days) == len(set(days)) == 366 + 3 * 365 + 366
    again = moments(schedule, seed="demo", anchor=_START, after=found[799].nominal)
    assert list(islice(again, 50)) == found[800:850]


def test_jitter_is_bounded_and_the_same_again_and_the_window_holds() -> None:
    schedule = ScheduleConfig(every="12h", jitter=0.5, only="22:00-06:00", time_zone="Europe/Vienna")
    found = list(islice(moments(schedule, seed="demo", anchor=_START, after=0), 3000))
    assert found == list(islice(moments(schedule, seed="demo", anchor=_START, after=0), 3000))
    hours = {datetime.fromtimestamp(moment.start, _VIENNA).hour for moment in found}
    assert hours <= {22, 23, 0, 1, 2, 3, 4, 5}
    assert all(0 <= moment.start - moment.nominal <= _DAY for moment in found)
    assert [m.start for m in found] == sorted(m.start for m in found)


def test_after_a_week_asleep_one_run_makes_up_and_the_others_are_missed(tmp_path: Path) -> None:
    assert _run(tmp_path, _START) == "ran"
    assert _run(tmp_path, _START + 5) is None
    assert _run(tmp_path, _START + 7 * _DAY + 60) == "ran"
    assert [outcome for _, outcome in _events(tmp_path)] == ["ran", *["missed"] * 6, "ran"]


def test_skip_makes_up_for_nothing_once_the_grace_is_over(tmp_path: Path) -> None:
    schedule = ScheduleConfig(every="1w", missed="skip", grace="1d")
    assert _run(tmp_path, _START, schedule) == "ran"
    assert _run(tmp_path, _START + 9 * _DAY, schedule) is None
    assert _run(tmp_path, _START + 14 * _DAY + 60, schedule) == "ran"
    assert [outcome for _, outcome in _events(tmp_path, schedule)] == ["ran", "missed", "ran"]


def test_a_clock_set_back_runs_no_moment_twice_and_is_told(tmp_path: Path) -> None:
    _run(tmp_path, _START)
    _run(tmp_path, _START + _DAY)
    assert _run(tmp_path, _START + 60) is None
    with Table.open(tmp_path, "demo", _DAILY) as table:
        assert table.standing(_START + 60).clock_back
    assert _run(tmp_path, _START + 2 * _DAY) == "ran"


def test_a_run_whose_process_died_is_one_failed_event(tmp_path: Path) -> None:
    def die() -> Ended:
        raise SystemExit

    with pytest.raises(SystemExit):
        run_due(tmp_path, "demo", _DAILY, clock=lambda: _START, capture=die)
    assert _events(tmp_path) == [(_START, "running")]
    assert _run(tmp_path, _START + 60) is None
    assert _events(tmp_path) == [(_START, "failed")]


def test_two_processes_do_not_run_the_same_moment(tmp_path: Path) -> None:
    def other() -> Ended:
        with pytest.raises(LockedError, match="preserve schedule demo"):
            _run(tmp_path, _START)
        return _GOOD

    assert run_due(tmp_path, "demo", _DAILY, clock=lambda: _START, capture=other) is not None
    assert _events(tmp_path) == [(_START, "ran")]


def test_what_was_due_by_a_rule_that_was_changed_is_skipped(tmp_path: Path) -> None:
    _run(tmp_path, _START)
    other = ScheduleConfig(every="2d")
    now = _START + 2 * _DAY
    assert _run(tmp_path, now, other) is None
    assert _run(tmp_path, now + 1, other) == "ran"
    assert [outcome for _, outcome in _events(tmp_path, other)] == ["ran", "skipped", "skipped", "ran"]


def test_bounds_for_pages_that_seldom_change_begin_no_schedule_anew(tmp_path: Path) -> None:
    _run(tmp_path, _START)
    other = ScheduleConfig(every="1d", adaptive=AdaptiveConfig(min="1d"))
    assert _run(tmp_path, _START + _DAY, other) == "ran"
    assert [outcome for _, outcome in _events(tmp_path, other)] == ["ran", "ran"]


@pytest.mark.parametrize(
    ("ended", "outcome"),
    [
        (Ended(status=1, reported=True), "ran"),
        (Ended(status=1, reported=False), "failed"),
        (Ended(status=4, reported=False), "skipped"),
        (Ended(status=5, reported=True), "failed"),
        (Ended(status=-9, reported=False), "failed"),
        (Ended(status=130, reported=True), "failed"),
    ],
)
def test_the_end_of_a_capture_is_the_event(tmp_path: Path, ended: Ended, outcome: str) -> None:
    assert _run(tmp_path, _START, ended=ended) == outcome


def test_the_alive_file_is_touched_after_good_runs_only(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    schedule = ScheduleConfig(every="1d", alive_file=str(alive))
    assert _run(tmp_path, _START, schedule, Ended(status=5, reported=True)) == "failed"
    assert not alive.exists()
    assert _run(tmp_path, _START + _DAY, schedule) == "ran"
    assert alive.exists()


def test_a_run_stays_recorded_when_the_alive_file_cannot_be_written(tmp_path: Path) -> None:
    schedule = ScheduleConfig(every="1d", alive_file=str(tmp_path / "none" / "alive"))
    with pytest.raises(FileNotFoundError):
        _run(tmp_path, _START, schedule)
    assert _events(tmp_path, schedule) == [(_START, "ran")]


def test_only_a_good_run_ends_what_is_overdue(tmp_path: Path) -> None:
    _run(tmp_path, _START, ended=Ended(status=5, reported=True))
    with Table.open(tmp_path, "demo", _DAILY) as table:
        assert table.standing(_START + _DAY).overdue_since is None
        assert table.standing(_START + _DAY + 1).overdue_since == _START
    _run(tmp_path, _START + _DAY)
    with Table.open(tmp_path, "demo", _DAILY) as table:
        assert table.standing(_START + _DAY + 1).overdue_since is None


def test_once_captures_what_is_due_and_status_tells_it(shell: Shell, site: Site) -> None:
    site.page("/a", b"<p>page</p>")
    shell.site_collection("demo", site, "/a", layouts="[]")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + "schedule:\n  every: 1d\n")
    shell("init", "demo")
    assert "demo: due" in shell("schedule", "once")
    assert shell("schedule", "once") == ""
    assert "ran" in shell("schedule", "status")


def test_a_capture_that_cannot_begin_fails_loudly(shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.site_collection("demo", site, "/a", layouts="[]")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + "schedule:\n  every: 1d\n")

    def refuse(*_words: object, **_named: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert "Cannot allocate memory" in shell("schedule", "once", status=1)
    assert "the last run failed" in shell("schedule", "status", status=1)


@pytest.mark.parametrize(
    "text", ["every: 1x", "cron: '61 * * * *'", "every: 1d\n  cron: '0 3 * * 1'", "every: 1d\n  time_zone: Mars",
             "every: 1d\n  only: '25:00-06:00'", "every: 1d\n  time_zone: ../../etc/passwd"]
)  # fmt: skip
def test_mistakes_in_a_schedule_are_told(shell: Shell, site: Site, text: str) -> None:
    shell.site_collection("demo", site, "/a", layouts="[]")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + f"schedule:\n  {text}\n")
    shell("schedule", "status", status=2)
    assert "demo.yaml" in shell.errors


def test_a_full_disk_at_the_end_of_a_run_neither_loses_nor_repeats_its_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_words: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Table, "end", full)
        with pytest.raises(sqlite3.OperationalError):
            _run(tmp_path, _START)
    assert _run(tmp_path, _START + _DAY) == "ran"
    assert [outcome for _, outcome in _events(tmp_path)] == ["failed", "ran"]


def test_a_full_disk_before_a_run_leaves_its_moment_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_words: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    _run(tmp_path, _START)
    with monkeypatch.context() as patch:
        patch.setattr(Table, "_record", full)
        with pytest.raises(sqlite3.OperationalError):
            _run(tmp_path, _START + _DAY)
    assert _run(tmp_path, _START + _DAY) == "ran"
    assert [outcome for _, outcome in _events(tmp_path)] == ["ran", "ran"]


def test_what_was_missed_waits_for_the_window(tmp_path: Path) -> None:
    schedule = ScheduleConfig(every="1d", only="22:00-06:00")
    assert _run(tmp_path, _START, schedule) == "ran"
    noon = _START + 3 * _DAY + _DAY // 2
    assert _run(tmp_path, noon, schedule) is None
    assert _run(tmp_path, noon + 10 * 3600, schedule) == "ran"
    assert [outcome for _, outcome in _events(tmp_path, schedule)] == ["ran", "missed", "missed", "ran"]


def test_a_child_gives_its_status_and_only_a_report_is_one(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_child(["--version"], stop=lambda: False) == Ended(status=0, reported=False)
    assert run_child(["capture"], stop=lambda: False) == Ended(status=2, reported=False)
    assert "Missing argument" in capfd.readouterr().err


def test_the_example_of_the_guide_is_a_schedule(shell: Shell, site: Site) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "schedule.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    shell.site_collection("demo", site, "/a", layouts="[]")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + example)
    assert "next" in shell("schedule", "status")


def test_a_table_that_is_none_is_told_with_a_way_out(shell: Shell, site: Site) -> None:
    shell.site_collection("demo", site, "/a", layouts="[]")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + "schedule:\n  every: 1d\n")
    table = shell.archives / ".schedule" / "demo.sqlite"
    table.parent.mkdir(parents=True)
    table.write_bytes(b"no database" * 100)
    for command in ("status", "once"):
        shell("schedule", command, status=1)
        assert "demo.sqlite away" in shell.errors
