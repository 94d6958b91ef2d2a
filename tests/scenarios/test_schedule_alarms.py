"""Schedules that go wrong, as their keeper hears of it: a real capture, a real receiver, and one that is away."""

import json
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.cli.shared.common import Place
from preserve.cli.shared.scheduler_loop import Alarms
from preserve.schedule.machine import SchedulerHost
from tests.shell import Shell
from tests.site import Site

pytestmark = pytest.mark.usefixtures("forked_program")


def _scheduled(shell: Shell, site: Site, text: str, alarms: str) -> Path:
    site.page("/a", b"<p>page</p>")
    shell.site_collection("demo", site, "/a", layouts="[]")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + text)
    (shell.config / "alarms.yaml").write_text(alarms)
    shell("init", "demo")
    return path


def _pager(folder: Path) -> str:
    """A channel that appends what it is told to a file."""
    script = folder / "page"
    script.write_text(f'#!/bin/sh\ncat >> "{folder}/told"\necho >> "{folder}/told"\n')
    script.chmod(0o755)
    return f"channels:\n  pager:\n    command: [{script}]\n"


def _told(folder: Path) -> list[tuple[str, str]]:
    told = folder / "told"
    lines = told.read_text().splitlines() if told.exists() else []
    documents: list[dict[str, Any]] = [json.loads(line) for line in lines if line]
    return [(str(one["event"]), str(one["kind"])) for one in documents]


def test_a_capture_that_fails_is_told_once_and_its_end_too(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _scheduled(shell, site, "schedule:\n  every: 1d\n  retries: 0\n", _pager(shell.folder))
    good = path.read_text()
    path.write_text(good + "secret_headers:\n  Authorization: env:NOT_SET_ANYWHERE\n")
    shell("schedule", "once", status=2)
    assert _told(shell.folder) == [("raised", "capture-failing")]
    shell("schedule", "once")
    assert _told(shell.folder) == [("raised", "capture-failing")]
    path.write_text(good)
    later = SchedulerHost([], print).clock() + 86_400
    monkeypatch.setattr(SchedulerHost, "clock", lambda _self: later)
    shell("schedule", "once")
    assert _told(shell.folder) == [("raised", "capture-failing"), ("resolved", "capture-failing")]


def test_an_alarm_waits_for_a_receiver_that_is_away(shell: Shell, site: Site, dead_port: int) -> None:
    alarms = f"channels:\n  desk:\n    webhook: http://127.0.0.1:{dead_port}/hook\n"
    _scheduled(shell, site, "schedule:\n  every: 1d\nmin_free_mb: 1000000000\n", alarms)
    shell("schedule", "once", status=7)
    assert "alarms are not sent to desk" in shell.errors
    with AlarmDatabase.open(shell.archives) as book:
        assert {one.message.kind for one in book.unsent()} == {"disk-low"}
    assert "disk-low" in shell("alarms", "list", status=1)
    told = shell("status", status=1)
    assert "raised     demo: disk-low" in told
    assert "an alarm is not sent to desk" in told


def test_mistakes_in_the_alarms_keep_no_capture_from_its_run(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, "schedule:\n  every: 1d\n", "channels:\n  desk:\n    webhoook: x\n")
    assert "ran" in shell("schedule", "once", status=2)
    assert "alarms.yaml" in shell.errors


def test_a_file_with_mistakes_is_told(shell: Shell, site: Site) -> None:
    path = _scheduled(shell, site, "schedule:\n  every: 1d\n", _pager(shell.folder))
    path.write_text("titel: x\n")
    shell("schedule", "once", status=2)
    assert _told(shell.folder) == [("raised", "schedule-failing")]


@pytest.mark.damages
def test_a_table_that_cannot_be_used_is_told(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, "schedule:\n  every: 1d\n", _pager(shell.folder))
    table = shell.archives / ".schedule" / "demo" / "capture.sqlite"
    table.parent.mkdir(parents=True)
    table.write_bytes(b"no database" * 100)
    shell("schedule", "once", status=7)
    assert _told(shell.folder) == [("raised", "schedule-failing")]


def test_what_changed_while_the_alarms_had_mistakes_is_told_when_they_are_mended(shell: Shell, site: Site) -> None:
    good = _pager(shell.folder)
    path = _scheduled(shell, site, "schedule:\n  every: 1d\n  retries: 0\n", good)
    path.write_text(path.read_text() + "secret_headers:\n  Authorization: env:NOT_SET_ANYWHERE\n")
    (shell.config / "alarms.yaml").write_text(good.replace("command", "comand"))
    shell("schedule", "once", status=2)
    assert _told(shell.folder) == []
    (shell.config / "alarms.yaml").write_text(good)
    shell("schedule", "once")
    assert _told(shell.folder) == [("raised", "capture-failing")]


def test_threads_that_ask_for_the_alarms_at_once_all_get_them(tmp_path: Path) -> None:
    (tmp_path / "alarms.yaml").write_text(_pager(tmp_path))
    place = Place(archives=tmp_path, config_dir=tmp_path, keys=tmp_path, as_json=False)
    for _time in range(20):
        alarms, ready = Alarms(place), threading.Barrier(4)

        def ask(alarms: Alarms = alarms, ready: threading.Barrier = ready) -> bool:
            ready.wait()
            read = alarms.read()
            return read is not None and list(read.channels) == ["pager"]

        with ThreadPoolExecutor(4) as threads:
            assert all(asked.result() for asked in [threads.submit(ask) for _thread in range(4)])


def test_a_step_that_stands_in_the_file_no_more_is_resolved(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = f"  steps:\n    - export: {shell.folder}/missing/t.csv\n"
    path = _scheduled(shell, site, f"schedule:\n  every: 1d\n{step}", _pager(shell.folder))
    shell("schedule", "once", status=2)
    assert _told(shell.folder) == [("raised", "step-failing")]
    path.write_text(path.read_text().replace("missing/", ""))
    shell("schedule", "once")
    assert _told(shell.folder) == [("raised", "step-failing"), ("resolved", "step-failing")]


def test_a_collection_whose_file_is_gone_is_told_until_that_is_meant(shell: Shell, site: Site) -> None:
    path = _scheduled(shell, site, "schedule:\n  every: 1d\n", _pager(shell.folder))
    shell("schedule", "once")
    path.rename(path.with_suffix(".away"))
    shell("schedule", "once", status=2)
    assert "demo was scheduled, and collections/demo.yaml is gone" in shell.errors
    assert _told(shell.folder) == [("raised", "schedule-failing")]
    assert "its file is gone" in shell("status", status=1)
    path.with_suffix(".away").rename(path)
    shell("schedule", "once")
    assert _told(shell.folder) == [("raised", "schedule-failing"), ("resolved", "schedule-failing")]
    path.unlink()
    shutil.rmtree(shell.archives / ".schedule" / "demo")
    shell("status")
    shell("schedule", "once", status=2)
    assert "no collection has a schedule" in shell.errors


def test_a_kind_that_a_newer_version_told_of_keeps_no_other_alarm_back(shell: Shell, site: Site) -> None:
    path = _scheduled(shell, site, "schedule:\n  every: 1d\n  retries: 0\n", _pager(shell.folder))
    path.write_text(path.read_text() + "secret_headers:\n  Authorization: env:NOT_SET_ANYWHERE\n")
    with AlarmDatabase.open(shell.archives) as book, closing(sqlite3.connect(book.path)) as database, database:
        database.execute(
            "INSERT INTO condition VALUES ('demo', 'from-newer', '', 1, 'x', 1, 1, 1, 1, '[]', 'x', '[]', 0)"
        )
    shell("schedule", "once", status=2)
    assert _told(shell.folder) == [("raised", "capture-failing")]
    shell("alarms", "list", status=1)


@pytest.mark.damages
def test_damage_that_a_verification_finds_is_told(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, "verification:\n  every: 30d\n", _pager(shell.folder))
    shell("capture", "demo")
    (file,) = (shell.archives / "demo" / "archive").iterdir()
    file.chmod(0o644)
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    assert "damage was found" in shell("schedule", "once", status=1)
    assert "WRONG damage was found at" in shell("schedule", "status", status=1)
    assert _told(shell.folder) == [("raised", "damage-found")]
    assert "damage was found" in shell("status", status=1)
    file.write_bytes(whole)
    shell("verify", "demo")
    for command in (["schedule", "status"], ["status"], ["schedule", "once"]):
        shell(*command)
    assert _told(shell.folder) == [("raised", "damage-found"), ("resolved", "damage-found")]


@pytest.mark.damages
def test_a_log_that_was_rolled_back_is_told_at_the_next_look_and_resolved_when_it_is_back(
    shell: Shell, site: Site
) -> None:
    _scheduled(shell, site, "verification:\n  every: 30d\n", _pager(shell.folder))
    shell("capture", "demo")
    shutil.copytree(shell.archives / "demo", shell.folder / "before")
    shell("capture", "demo")
    # The verification that is due states what it read: the copy is taken behind it.
    shell("schedule", "once")
    shell("replicate", str(shell.folder / "backup"))
    assert _told(shell.folder) == []
    shutil.rmtree(shell.archives / "demo")
    shutil.copytree(shell.folder / "before", shell.archives / "demo")
    # Nothing is due: it is a look at what is there.
    shell("schedule", "once", status=None)
    assert _told(shell.folder) == [("raised", "log-differs")]
    for words in (("alarms", "list"), ("status",), ("doctor",)):
        assert "E-LEDGER-ROLLED-BACK" in shell(*words, status=1)
    shell("repair", "demo", "--from", str(shell.folder / "backup"), "--apply")
    shell("schedule", "once")
    assert _told(shell.folder) == [("raised", "log-differs"), ("resolved", "log-differs")]


def test_a_page_that_is_lost_since_the_last_capture_is_told(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _scheduled(shell, site, "schedule:\n  every: 1d\n", _pager(shell.folder))
    shell("schedule", "once")
    assert _told(shell.folder) == []
    site.page("/a", b"<title>404 Not Found</title><h1>Not Found</h1>")
    later = SchedulerHost([], print).clock() + 86_400
    monkeypatch.setattr(SchedulerHost, "clock", lambda _self: later)
    # The only page that there is: the run is not good, and what it saw says more than that it did not answer.
    shell("schedule", "once", status=1)
    told = [("raised", "capture-failing"), ("raised", "page-gone")]
    assert sorted(_told(shell.folder)) == told
    # Looked at again, it is told no more.
    shell("schedule", "once", status=None)
    assert sorted(_told(shell.folder)) == told


def test_a_page_that_is_missing_is_told_in_that_run_and_when_it_is_back(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _scheduled(shell, site, "schedule:\n  every: 1d\n", _pager(shell.folder))
    site.page("/a", b"<p>words</p><a href=/b>b</a>")
    site.page("/b", b"<p>other words</p>")
    shell("schedule", "once")
    held = site.replies.pop("/b")
    site.page("/b", b"no", status="404 Not Found")
    for days, told in (
        (1, [("raised", "page-missing")]),
        (2, [("raised", "page-missing"), ("resolved", "page-missing")]),
    ):
        later = SchedulerHost([], print).clock() + days * 86_400
        monkeypatch.setattr(SchedulerHost, "clock", lambda _self, later=later: later)
        shell("schedule", "once", status=0)
        assert _told(shell.folder) == told
        site.replies["/b"] = held


def test_what_a_capture_by_hand_found_is_told_at_the_next_look(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, "schedule:\n  every: 1d\n", _pager(shell.folder))
    shell("schedule", "once")
    site.page("/a", b"<title>404 Not Found</title><h1>Not Found</h1>")
    shell("capture", "demo", status=None)
    shell("schedule", "once")
    assert _told(shell.folder) == [("raised", "page-gone")]


@pytest.mark.damages
def test_a_table_that_cannot_be_used_stays_raised_while_the_other_job_is_well(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, "schedule:\n  every: 1d\nverification:\n  every: 1d\n", _pager(shell.folder))
    table = shell.archives / ".schedule" / "demo" / "verification.sqlite"
    table.parent.mkdir(parents=True)
    table.write_bytes(b"no database" * 100)
    for _look in range(3):
        shell("schedule", "once", status=7)
    assert _told(shell.folder) == [("raised", "schedule-failing")]
    table.unlink()
    shell("schedule", "once", status=None)
    assert _told(shell.folder) == [("raised", "schedule-failing"), ("resolved", "schedule-failing")]
