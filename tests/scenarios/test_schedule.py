"""Schedules as an operator runs them: commands, real captures of a site on loopback, and steps after them."""

import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from preserve.provenance.checknotes import noted_checks
from preserve.schedule.child import Asking, ChildEnd, run_child
from preserve.schedule.machine import SchedulerHost
from preserve.store.checks import FULL, checks_path
from tests.objectserver import BUCKET, SECRET, serving_objects
from tests.shell import Shell
from tests.site import Site

pytestmark = pytest.mark.usefixtures("forked_program")


def _really_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program is started anew, not forked."""
    monkeypatch.setattr("preserve.schedule.child.subprocess", subprocess)


def _scheduled(shell: Shell, site: Site, text: str, name: str = "demo") -> Path:
    """A collection of one page with groups of a schedule in its file; its archive is made."""
    site.page("/a", b"<p>page</p>")
    shell.site_collection(name, site, "/a", layouts="[]")
    path = shell.config / "collections" / f"{name}.yaml"
    path.write_text(path.read_text() + text)
    shell("init", name)
    return path


def test_once_captures_what_is_due_and_status_tells_it(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _really_started(monkeypatch)
    _scheduled(shell, site, "schedule:\n  every: 1d\n")
    assert "no scheduler has looked" in shell("schedule", "status", status=1)
    assert re.fullmatch(r"demo: due \S+Z: ran\n", shell("schedule", "once"))
    assert shell("schedule", "once") == ""
    assert re.search(r"last  \S+Z  ran\n", shell("schedule", "status"))
    assert site.asked.count("/a") == 1


def test_moments_of_a_clock_that_was_ahead_are_forgotten_when_they_were_shown(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _scheduled(shell, site, "schedule:\n  every: 1d\nverification:\n  every: 10d\n")
    # All of it is done within a second, and the moments that were right in it stay.
    true = time.time()
    monkeypatch.setattr("preserve.schedule.machine.time.time", lambda: true)
    shell("schedule", "once")
    assert shell("schedule", "forget", "demo", "--yes") == "no moment recorded is still to come\n"
    with monkeypatch.context() as ahead:
        ahead.setattr("preserve.schedule.machine.time.time", lambda: true + 30 * 86_400)
        shell("schedule", "once")
    assert "preserve schedule forget demo" in shell("schedule", "status", status=1)
    shown = shell("schedule", "forget", "demo")
    assert shown.count("capture") == 30
    assert shown.count("verification") == 3
    assert "33 moments to come; nothing was changed" in shown
    shell("schedule", "status", status=1)
    assert "33 moments forgotten" in shell("schedule", "forget", "demo", "--yes")
    shell("schedule", "status")
    assert shell("schedule", "once") == ""


def test_steps_are_done_and_the_log_lists_them(
    shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _really_started(monkeypatch)
    copy, alive = tmp_path / "copy", tmp_path / "alive"
    site.page("/ping", b"ok")
    steps = (
        f"  steps:\n    - verify: 100\n    - replicate: {copy}\n    - export: {tmp_path}/demo.jsonl\n"
        f"  alive_file: {alive}\n  alive_url: {site.url('/ping')}\n"
    )
    _scheduled(shell, site, f"schedule:\n  every: 1d\n{steps}verification:\n  every: 30d\n")
    told = shell("schedule", "once")
    assert "FAIL" not in told
    assert site.asked.count("/ping") == 1
    assert alive.exists()
    assert (copy / "demo" / "ledger" / "checkpoint").is_file()
    assert (tmp_path / "demo.jsonl").is_file()
    log: Any = shell.json("schedule", "log", "demo")
    assert [(e["job"], e["outcome"]) for e in log["events"]] == [("capture", "ran"), ("verification", "ran")]
    assert [s["outcome"] for s in log["events"][0]["steps"]] == ["good"] * 4
    # The two jobs run beside each other: the checks lie in the order in which they ended.
    assert sorted(check.level for check in noted_checks(shell.archives, "demo").checks) == [FULL, "sample"]
    shell("schedule", "status")


def test_receipts_are_a_step(shell: Shell, site: Site, dead_port: int) -> None:
    authorities = f"time_authorities:\n  one: http://127.0.0.1:{dead_port}/\n"
    _scheduled(shell, site, f"{authorities}schedule:\n  every: 1d\n  steps:\n    - receipts: true\n")
    assert "step receipts: failed: status 1" in shell("schedule", "once", status=1)


def test_a_copy_in_object_storage_is_a_step(
    shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = f"  steps:\n    - replicate: s3://{BUCKET}/copies\n  alive_file: {tmp_path}/alive\n"
    _scheduled(shell, site, f"schedule:\n  every: 1d\n{steps}")
    with serving_objects() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        told = shell("schedule", "once", status=None)
        # First what tells why, where it went wrong.
        log: Any = shell.json("schedule", "log", "demo")
        (ran,) = log["events"]
        assert [(s["name"], s["outcome"], s["detail"]) for s in ran["steps"]] == [
            (f"replicate s3://{BUCKET}/copies", "good", ""),
            ("alive", "good", ""),
        ], (told, ran)
        assert SECRET not in str(log)
        assert "copies/demo/ledger/checkpoint" in server.objects
        assert (tmp_path / "alive").exists()
        shell("verify", f"s3://{BUCKET}/copies/demo")


def test_a_store_that_refuses_is_a_failed_step(
    shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = f"  steps:\n    - replicate: s3://{BUCKET}/copies\n  alive_file: {tmp_path}/alive\n"
    _scheduled(shell, site, f"schedule:\n  every: 1d\n{steps}")
    with serving_objects() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        server.faults = [("PUT", "copies/", "403")] * 9
        told = shell("schedule", "once", status=7)
    assert "403 AccessDenied" in told
    assert SECRET not in told
    assert not (tmp_path / "alive").exists()
    assert f"step replicate s3://{BUCKET}/copies" in shell("schedule", "status", status=1)


def test_a_copy_with_another_history_says_so(shell: Shell, site: Site, tmp_path: Path) -> None:
    _scheduled(shell, site, f"schedule:\n  every: 1d\n  steps:\n    - replicate: {tmp_path}/copy\n")
    shell("capture", "demo")
    (shell.archives / "demo").rename(shell.archives / "old")
    shell.begin_anew("demo")
    shell("capture", "demo")
    shell("replicate", str(tmp_path / "copy"), "demo")
    (shell.archives / "demo").rename(shell.archives / "other")
    (shell.archives / "old").rename(shell.archives / "demo")
    shell.forget_log("demo")
    assert re.search(r"step replicate \S+: failed: E-\S+: ", shell("schedule", "once", status=1))
    # The copy is smaller, and nothing of it was touched.
    shell("verify", "demo", "--archives", str(tmp_path / "copy"))


def test_a_failed_step_is_told_and_no_watcher_hears_that_all_is_well(shell: Shell, site: Site, tmp_path: Path) -> None:
    steps = f"  steps:\n    - replicate: {tmp_path}/a-file/copy\n  alive_file: {tmp_path}/alive\n"
    (tmp_path / "a-file").write_text("no folder")
    _scheduled(shell, site, f"schedule:\n  every: 1d\n{steps}")
    assert "step replicate" in shell("schedule", "once", status=7)
    assert not (tmp_path / "alive").exists()
    assert "step replicate" in shell("schedule", "status", status=1)


def test_an_alive_address_that_fails_is_a_failed_step_that_does_not_tell_the_address(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, f"schedule:\n  every: 1d\n  alive_url: {site.url('/secret-ping')}\n")
    told = shell("schedule", "once", status=7)
    assert "alive_url: status 404" in told
    assert "secret" not in told


def test_a_capture_that_cannot_begin_fails_loudly(shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    _scheduled(shell, site, "schedule:\n  every: 1d\n")

    def refuse(*_words: object, **_named: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("preserve.schedule.child.subprocess.Popen", refuse)
    assert "Cannot allocate memory" in shell("schedule", "once", status=7)
    assert "is tried again at" in shell("schedule", "status", status=1)


def test_a_scheduled_capture_asks_only_for_what_is_due(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _scheduled(shell, site, "schedule:\n  every: 1d\n  adaptive:\n    min: 1d\n")
    shell("schedule", "once")
    # Another rule is another schedule: it begins anew, and its first moment is due.
    path.write_text(path.read_text().replace("every: 1d", "every: 2d"))
    later = int(time.time()) + 60
    monkeypatch.setattr(SchedulerHost, "clock", lambda _self: later)
    shell("schedule", "once")
    log: Any = shell.json("schedule", "log", "demo", "--count", "1")
    (event,) = log["events"]
    assert event["report"]["reasons"] == {"not-due": 1}
    assert site.asked.count("/a") == 1


def test_a_site_that_is_gone_fails_and_is_tried_again(shell: Shell, site: Site, dead_port: int) -> None:
    path = _scheduled(shell, site, "schedule:\n  every: 1d\n")
    path.write_text(path.read_text().replace(f":{site.port}", f":{dead_port}"))
    told = shell("schedule", "once", status=5)
    assert re.search(r"failed: status 5: 1 of 1 addresses gave no reply \(1 connect\).*, again at \S+Z\n", told)
    assert shell("schedule", "once") == ""


@pytest.mark.parametrize(
    "text",
    [
        "every: 1x",
        "cron: '61 * * * *'",
        "every: 1d\n  cron: '0 3 * * 1'",
        "every: 1d\n  time_zone: Mars",
        "every: 1d\n  only: '25:00-06:00'",
        "every: 1d\n  time_zone: ../../etc/passwd",
        "every: 1d\n  steps:\n    - replicate: copy",
        "every: 1d\n  steps:\n    - replicate: s3://",
        "every: 1d\n  steps:\n    - replicate: s3://bucket/../other",
        "every: 1d\n  steps:\n    - replicate: s3://AKIA:geheim@bucket/copies",
        "every: 1d\n  steps:\n    - replicate: https://bucket.example.org/copies",
        "every: 1d\n  steps:\n    - verify: 5\n      receipts: true",
        "every: 1d\n  steps:\n    - {}",
        "every: 1d\n  steps:\n    - verify: 0",
        "every: 1d\n  steps:\n    - export: /srv/table.xls",
        "every: 1d\n  steps:\n    - receipts: false",
        "every: 1d\n  alive_url: ftp://ping.example.org/",
        "every: 1d\n  time_limit: never",
    ],
)
def test_mistakes_in_a_schedule_are_told(shell: Shell, site: Site, text: str) -> None:
    shell.site_collection("demo", site, "/a", layouts="[]")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + f"schedule:\n  {text}\n")
    shell("schedule", "status", status=2)
    assert "demo.yaml" in shell.errors
    assert "geheim" not in shell.errors


def test_a_file_with_mistakes_keeps_no_other_collection_from_its_run(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, "schedule:\n  every: 1d\n")
    shell.collection("broken", "titel: x\nschedule:\n  every: 1x\n")
    assert "demo: due" in shell("schedule", "once", status=2)
    assert "broken.yaml" in shell.errors
    assert "demo" in shell("schedule", "status", status=2)


def test_without_any_schedule_it_says_what_to_write(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, "")
    shell("schedule", "once", status=2)
    assert "schedule:" in shell.errors


def test_the_example_of_the_guide_is_a_schedule(shell: Shell, site: Site) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "schedule.md").read_text("utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    _scheduled(shell, site, "".join(examples))
    shell("schedule", "status", status=1)
    assert shell.errors == ""


@pytest.mark.parametrize(("command", "status"), [("status", 1), ("once", 7)])
def test_a_table_that_is_none_is_told_with_a_way_out(shell: Shell, site: Site, command: str, status: int) -> None:
    _scheduled(shell, site, "schedule:\n  every: 1d\n")
    table = shell.archives / ".schedule" / "demo" / "capture.sqlite"
    table.parent.mkdir(parents=True)
    table.write_bytes(b"no database" * 100)
    shell("schedule", command, status=status)
    assert "capture.sqlite away" in shell.errors


def test_a_child_gives_its_status_what_it_said_and_a_report_only_where_it_is_an_object(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _really_started(monkeypatch)
    heard: list[str] = []
    assert run_child(["--version"], Asking()) == ChildEnd(status=0)
    ended = run_child(["capture"], Asking(hear=heard.append))
    assert (ended.status, ended.report) == (2, None)
    assert "Missing argument" in ended.said
    assert heard == [f"preserve: {ended.said}", "  next: See `preserve capture --help`."]


def test_every_verification_is_noted_and_a_note_cut_short_takes_no_other_with_it(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, "")
    shell("capture", "demo")
    shell("verify", "demo")
    with checks_path(shell.archives, "demo").open("ab") as file:
        file.write(b'{"level":"fu')
    shell("verify", "demo", "--structure")
    checks = noted_checks(shell.archives, "demo").checks
    assert [(check.level, check.good) for check in checks] == [("full", True), ("structure", True)]
    assert checks[0].statements == checks[1].statements


@pytest.mark.damages
def test_damage_is_noted(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, "")
    shell("capture", "demo")
    (file,) = (shell.archives / "demo" / "archive").iterdir()
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-20])
    shell("verify", "demo", status=1)
    (check,) = noted_checks(shell.archives, "demo").checks
    assert not check.good
    assert check.codes


def test_an_archive_that_cannot_be_written_to_is_checked_too(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, "")
    shell("capture", "demo")
    (shell.archives / ".schedule").write_text("no folder")
    shell("verify", "demo")
    assert "is not noted" in shell.errors
