"""The keeper's screen: what is good, what is wrong, and archives that cannot be read."""

import json
import os
import re
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict
from prometheus_client.parser import text_string_to_metric_families

import preserve
from preserve.cli.main import main
from preserve.cli.shared.common import keys_folder
from preserve.cli.shared.moments import written
from preserve.config.place import bundled_config_dir
from preserve.health import link_history
from preserve.provenance.checknotes import note_check
from preserve.provenance.keys import key_path
from preserve.store.checks import Check, checks_path
from preserve.store.durable import Lock
from preserve.store.layout import CollectionPaths
from tests.kept import Beginning, beginning, served, site
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

_SCHEDULE = "schedule:\n  every: 1d\nverification:\n  every: 30d\n"


def _scheduled(shell: Shell, site: Site, text: str = _SCHEDULE, name: str = "demo") -> Path:
    site.page("/a", b'<a href="/gone">x</a>')
    shell.site_collection(name, site, "/a", layouts="[]")
    path = shell.config / "collections" / f"{name}.yaml"
    path.write_text(path.read_text() + text)
    shell("init", name)
    return path


@pytest.fixture
def run(shell: Shell, site: Site, beginning: Beginning) -> Shell:
    """A collection with a schedule whose jobs were run once."""

    def make() -> None:
        _scheduled(shell, site)
        shell("schedule", "once")

    beginning(shell, make, site)
    return shell


def _captured(shell: Shell, site: Site, beginning: Beginning) -> Path:
    """A collection of one page without a schedule, captured once."""

    def make() -> None:
        _scheduled(shell, site, "")
        shell("capture", "demo")

    beginning(shell, make, site, name="captured")
    return shell.config / "collections" / "demo.yaml"


def _state(shell: Shell, status: int = 0) -> dict[str, Any]:
    answer: Any = shell.json("status", status=status)
    (state,) = answer["collections"]
    assert answer["wrong"] == len(state["wrong"])
    return dict(state)


def test_where_all_is_well_it_says_so_and_shows_what_is_held(run: Shell) -> None:
    told = run("status")
    assert "all good" in told
    for line in ("1 run, last", "verify     next", "read whole", "links      1 alive, 1 unknown", "all signed"):
        assert line in told
    state = _state(run)
    assert state["holding"]["last_run"]["counts"] == {"done": 2}
    assert state["holding"]["covered"] == state["holding"]["statements"]
    assert state["checked"]["full"]["good"] is True
    assert [job["job"] for job in state["jobs"]] == ["capture", "verification"]
    assert state["jobs"][0]["standing"]["last"]["report"]["reasons"] == {"http-200": 1, "http-404": 1}


def test_a_run_that_did_not_end_is_wrong_and_one_under_way_is_not(
    shell: Shell, site: Site, beginning: Beginning
) -> None:
    _captured(shell, site, beginning)
    paths = CollectionPaths(shell.archives, "demo")
    left = paths.archive / "demo-20260101000000-00001.warc.gz.open"
    left.write_bytes(b"")
    told = shell("status", status=1)
    assert f"WRONG      a run did not end, {left.name} is open: run `preserve capture demo` again, it goes on" in told
    with Lock(paths.lock, "another run"):
        shell("status")
    left.unlink()
    shell("status")


def test_a_missing_signing_key_is_wrong_where_the_collection_is_configured(
    shell: Shell, site: Site, beginning: Beginning
) -> None:
    _captured(shell, site, beginning)
    key = key_path("demo", keys_folder(os.environ))
    moved = key.rename(key.with_name("elsewhere"))
    assert f"WRONG      the signing key {key} is not there: nothing can be captured" in shell("status", status=1)
    (shell.config / "collections" / "demo.yaml").unlink()
    assert "signing key" not in shell("status", status=None)
    moved.rename(key)


def test_a_schedule_that_nobody_looks_at_is_wrong(shell: Shell, site: Site) -> None:
    _scheduled(shell, site)
    shell("capture", "demo")
    assert "WRONG      capture: no scheduler has looked" in shell("status", status=1)


def test_an_overdue_run_is_wrong(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time() + 2 * 86_400 + 60
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: later)
        assert "WRONG      capture: overdue: due" in run("status", status=1)
    assert _state(run)["wrong"] == []


def test_a_run_that_looked_at_nothing_that_is_held_is_told(shell: Shell, site: Site) -> None:
    site.page("/a", b"<p>The harbour.</p>")
    shell.site_collection("demo", site, "/a", layouts="[]", recheck="linked")
    shell("init", "demo")
    shell("capture", "demo")
    shell.site_collection("demo", site, "/b", layouts="[]", recheck="linked")
    shell("capture", "demo", status=None)
    assert re.search(r"last look +\S+Z nothing of what is held\n", shell("status", status=None))


def test_what_is_configured_and_not_held_and_held_and_not_configured_is_told(
    shell: Shell, site: Site, beginning: Beginning
) -> None:
    path = _captured(shell, site, beginning)
    path.rename(path.with_name("other.yaml"))
    told = shell("status", status=1)
    assert "demo" in told
    assert "not captured any more" in told
    assert "there is no archive: run `preserve init other`" in told


def test_nothing_at_all_is_nothing_wrong_and_told_with_what_to_do(shell: Shell) -> None:
    told = shell("status")
    assert "no collection is configured" in told
    assert "preserve new NAME URL" in told
    shell("status", "unknown", status=3)
    shell("status", "../etc", status=2)


def test_examples_that_came_with_the_program_count_once_they_are_named_or_held(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> tuple[int, str]:
        status = main([*words, "--archives", str(shell.archives), "--config", str(bundled_config_dir())])
        return status, capsys.readouterr().out

    status, told = run("status")
    assert status == 0
    assert "demo:" not in told
    assert preserve.status(shell.archives, config=bundled_config_dir()) == ()
    assert "preserve init demo" not in run("doctor")[1]
    status, told = run("status", "demo")
    assert status == 1
    assert "run `preserve init demo`" in told
    run("init", "demo")
    assert run("status")[1].startswith("demo: Demo mirror")


def test_a_file_with_mistakes_is_wrong_and_keeps_no_other_from_being_shown(
    shell: Shell, site: Site, beginning: Beginning
) -> None:
    _captured(shell, site, beginning)
    shell.collection("broken", "titel: x\n")
    told = shell("status", status=1)
    assert "its file has mistakes" in told
    assert "1 run, last" in told


def _check(*, good: bool, level: str = "full", at: int = 1_700_000_000) -> Check:
    codes = {} if good else {"E-LEDGER-RECORD": 2}
    return Check(
        level=level, started=at, ended=at, good=good, records=1, bytes_read=1, statements=1, codes=codes
    )  # fmt: skip


def test_damage_stays_wrong_until_everything_was_read_and_found_good(
    shell: Shell, site: Site, beginning: Beginning
) -> None:
    _captured(shell, site, beginning)
    note_check(shell.archives, "demo", _check(good=False, level="sample"))
    note_check(shell.archives, "demo", _check(good=True, level="sample"))
    assert "damage was found on 2023-11-14: E-LEDGER-RECORD" in shell("status", status=1)
    note_check(shell.archives, "demo", _check(good=True))
    state = _state(shell)
    assert state["checked"]["since"] == state["holding"]["statements"] - 1


@pytest.mark.damages
@pytest.mark.parametrize("what", ["marker", "checkpoint", "catalogue", "newer"])
def test_an_archive_that_cannot_be_read_is_wrong_and_keeps_no_other_from_being_shown(
    shell: Shell, site: Site, what: str
) -> None:
    for name in ("demo", "other"):
        _scheduled(shell, site, "", name)
        shell("capture", name)
    paths = CollectionPaths(shell.archives, "demo")
    if what == "newer":
        paths.marker.write_bytes(paths.marker.read_bytes().replace(b'"format": 2', b'"format": 99'))
    else:
        getattr(paths, what).write_bytes(b"\x00rubbish" * 1000)
    told = shell("status", status=1)
    assert "cannot be read" in told
    assert "1 run, last" in told


@pytest.mark.damages
@pytest.mark.parametrize(("what", "word"), [("ledger", "statements of the ledger"), ("archive", "1 WARC files")])
def test_evidence_that_is_gone_is_wrong(shell: Shell, site: Site, what: str, word: str, beginning: Beginning) -> None:
    _captured(shell, site, beginning)
    shutil.rmtree(shell.archives / "demo" / what)
    assert word in shell("status", "--no-links", status=1)


def test_a_receipt_for_more_than_the_ledger_has_is_wrong(shell: Shell, site: Site, beginning: Beginning) -> None:
    _captured(shell, site, beginning)
    receipts = CollectionPaths(shell.archives, "demo").receipts
    receipts.mkdir(exist_ok=True)
    (receipts / "999999.authority.tsr").write_bytes(b"")
    assert "authority vouches for 999,999 statements" in shell("status", status=1)


def test_a_checkpoint_that_no_authority_was_asked_for_is_wrong_after_a_day(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch, beginning: Beginning
) -> None:
    path = _captured(shell, site, beginning)
    path.write_text(path.read_text() + "time_authorities:\n  one: http://127.0.0.1:9/\n")
    _state(shell)
    with monkeypatch.context() as later:
        true = time.time()
        later.setattr("time.time", lambda: true + 2 * 86_400)
        assert "one has given no receipt" in shell("status", status=1)
        assert "preserve ledger stamp demo" in shell("status", status=1)
    shell("ledger", "stamp", "demo", status=1)
    (failed,) = _state(shell, status=1)["wrong"]
    assert failed.startswith("no receipt: ")


def test_a_disk_that_is_nearly_full_is_wrong(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, "min_free_mb: 1000000000\n")
    assert "disk low" in shell("status", status=1)


def test_link_rot_is_counted_once_for_a_ledger(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch, beginning: Beginning
) -> None:
    _captured(shell, site, beginning)
    first = _state(shell)["links"]

    def refuse(*_words: object) -> None:
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(link_history, "look_at", refuse)
        assert _state(shell)["links"] == first
    (shell.archives / ".schedule" / "demo" / "links.json").write_bytes(b"rubbish")
    assert _state(shell)["links"] == first
    shell("capture", "demo")
    assert _state(shell)["links"]["statements"] > first["statements"]
    assert shell.json("status", "--no-links")["collections"][0]["links"] is None


def test_metrics_are_read_by_prometheus_and_a_title_can_say_anything(run: Shell, tmp_path: Path) -> None:
    out = tmp_path / "preserve.prom"
    run("status", "--prometheus", str(out))
    families = {family.name: family for family in text_string_to_metric_families(out.read_text())}
    values = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families.values()
        for sample in family.samples
    }
    demo = ("collection", "demo")
    assert values["preserve_wrong", demo] == 0
    assert values["preserve_runs", demo] == 1
    assert values["preserve_links", demo, ("state", "alive")] == 1
    assert values["preserve_schedule_overdue", demo, ("job", "capture")] == 0
    assert abs(values["preserve_schedule_last_good_time_seconds", demo, ("job", "capture")] - time.time()) < 600
    assert all(family.documentation for family in families.values())
    assert all(family.type == "gauge" for family in families.values())


def test_status_writes_nothing_into_an_archive(shell: Shell, site: Site, beginning: Beginning) -> None:
    _captured(shell, site, beginning)
    folder = shell.archives / "demo"

    def files() -> dict[Path, int]:
        # A reader of SQLite keeps its log and shared memory beside the database.
        found = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm")))
        return {path: path.stat().st_mtime_ns for path in found}

    before = files()
    shell("status")
    assert files() == before


_KEPT = {"statements": 0, "counts": {}, "lost_since": ""}


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "kept",
    [
        {"counts": {"alive": "many"}},
        {"counts": None},
        {"counts": {"\x1b[31malive": 1}},
        {"counts": {"alive": -1}},
        {"lost_since": 5},
        {"lost_since": "2026\x1b[31m"},
        {"months": {"soon": {}}},
        {"months": {"2026-01": {"alive": 1}}},
        {"lost": [{"url": "u", "state": "away", "since": "", "reason": ""}]},
        "[" * 100_000,
    ],
)
def test_numbers_of_link_rot_that_nobody_wrote_are_worked_out_anew(
    shell: Shell, site: Site, tmp_path: Path, kept: dict[str, Any] | str, beginning: Beginning
) -> None:
    _captured(shell, site, beginning)
    true = _state(shell)
    path = shell.archives / ".schedule" / "demo" / "links.json"
    whole = {**_KEPT, "statements": true["holding"]["statements"], "counts": true["links"]["counts"]}
    path.write_text(kept if isinstance(kept, str) else json.dumps({"version": 2, "links": {**whole, **kept}}))
    assert "1 alive" in shell("status", "--prometheus", str(tmp_path / "preserve.prom"))
    assert _state(shell)["links"] == true["links"]


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "changed",
    [
        {"codes": None},
        {"codes": {"E-X": "x"}},
        {"statements": "x"},
        {"started": "x"},
        {"ended": 1 << 70},
        {"good": "no"},
        "[" * 100_000,
    ],
)
def test_a_note_of_a_check_that_is_none_is_told_until_everything_was_read(
    shell: Shell, site: Site, changed: dict[str, Any] | str, beginning: Beginning
) -> None:
    _captured(shell, site, beginning)
    note_check(shell.archives, "demo", _check(good=True))
    line = changed if isinstance(changed, str) else json.dumps({**asdict(_check(good=False)), **changed})
    with checks_path(shell.archives, "demo").open("a") as file:
        file.write(f"{line}\n")
    state = _state(shell, status=1)
    assert state["checked"]["last"] == written(_check(good=True))
    assert "a note of a check cannot be read" in state["wrong"][0]
    note_check(shell.archives, "demo", _check(good=True, level="sample"))
    _state(shell, status=1)
    note_check(shell.archives, "demo", _check(good=True))
    _state(shell)


def test_a_check_at_a_time_beyond_every_calendar_is_shown(shell: Shell, site: Site, beginning: Beginning) -> None:
    _captured(shell, site, beginning)
    note_check(shell.archives, "demo", _check(good=False, at=10**17))
    assert f"damage was found on {10**17} s" in shell("status", status=1)


@pytest.mark.parametrize("change", ["plan SET rule = '{'", "moment SET report = '[1'", "moment SET report = '[1]'"])
def test_a_table_that_holds_rubbish_is_wrong_and_says_what_helps(run: Shell, change: str) -> None:
    with closing(sqlite3.connect(run.archives / ".schedule" / "demo" / "capture.sqlite")) as table, table:
        table.execute(f"UPDATE {change}")
    told = run("status", status=1)
    assert "WRONG      capture: its table cannot be read: the due table holds" in told
    assert "1 run, last" in told
    run("schedule", "status", status=None)
    assert "Move the job's table" in run.errors


def test_a_time_of_a_table_beyond_every_calendar_is_shown_as_a_number(run: Shell) -> None:
    with closing(sqlite3.connect(run.archives / ".schedule" / "demo" / "capture.sqlite")) as table, table:
        table.execute(f"UPDATE moment SET outcome = 'waiting', again = {10**17}")
    assert f"is tried again at {10**17} s" in run("status", status=1)


def test_a_file_among_the_receipts_that_no_authority_can_have_is_no_receipt(
    shell: Shell, site: Site, tmp_path: Path, beginning: Beginning
) -> None:
    _captured(shell, site, beginning)
    folder = CollectionPaths(shell.archives, "demo").receipts
    folder.mkdir(exist_ok=True)
    for name in (b"3.\xff.tsr", b"3.\x1b[31mred.tsr", b"3.good.tsr"):
        Path(os.fsdecode(bytes(folder) + b"/" + name)).touch()
    out = tmp_path / "preserve.prom"
    told = shell("status", "--prometheus", str(out))
    assert "receipts: good 3\n" in told
    assert 'authority="good"' in out.read_text()


def test_a_collection_that_is_named_twice_is_shown_once(
    shell: Shell, site: Site, tmp_path: Path, beginning: Beginning
) -> None:
    _captured(shell, site, beginning)
    out = tmp_path / "preserve.prom"
    assert "1 collection," in shell("status", "demo", "demo", "--prometheus", str(out))
    samples = [line.rpartition(" ")[0] for line in out.read_text().splitlines() if line[0] != "#"]
    assert len(samples) == len(set(samples))


@pytest.mark.damages
def test_a_catalogue_that_is_missing_is_wrong_and_says_what_makes_it_again(shell: Shell, site: Site) -> None:
    _scheduled(shell, site, "")
    assert _state(shell)["wrong"] == []
    shell("capture", "demo")
    for path in CollectionPaths(shell.archives, "demo").state.glob("catalogue.sqlite*"):
        path.unlink()
    assert "WRONG      its catalogue is missing: run `preserve rebuild demo`" in shell("status", status=1)
    shell("rebuild", "demo")
    assert "1 run, last" in shell("status")


def test_a_program_is_told_the_same(run: Shell) -> None:
    run.collection("broken", "titel: x\n")
    broken, demo = preserve.status(str(run.archives), config=run.config)
    assert (demo.name, demo.wrong, demo.links and demo.links.counts["alive"]) == ("demo", (), 1)
    assert "its file has mistakes" in broken.wrong[0]
    assert preserve.status(run.archives, config=run.config, with_links=False)[1].links is None
    assert preserve.status(run.folder / "nowhere", config=run.folder) == ()
