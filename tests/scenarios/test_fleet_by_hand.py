"""What asks hosts by hand does so in turn with the machines of the fleet that the environment names."""

import json
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from preserve.schedule.fleet_database import SqliteDatabase
from preserve.schedule.host_turns import FleetHostTurns
from preserve.schedule.leases import Leases
from tests.shell import Shell
from tests.site import Site

LOST = "http://lost.example/06TESTPOST12"


class _Fleet:
    """A machine that has the turn of the site's host until somebody has waited for it."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waited = 0
        # However slow the machine is, it is not the end of the lease that lets others ask.
        self.leases = Leases(SqliteDatabase(path), lease_s=1e9)
        lease = self.leases.take("other", "machine", "s3://one")
        assert lease is not None
        self._turns = FleetHostTurns(SqliteDatabase(path), lease)
        assert self._turns.enter("127.0.0.1", 0, lambda: False)
        # Only who waits for a turn sleeps by this.
        told = SimpleNamespace(monotonic=time.monotonic, sleep=self._sleep)
        monkeypatch.setattr("preserve.schedule.host_turns.time", told)
        monkeypatch.setenv("PRESERVE_FLEET", f"sqlite://{path}")

    def _sleep(self, _seconds: float) -> None:
        self.waited += 1
        self._turns.leave("127.0.0.1", 0)


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Fleet:
    return _Fleet(tmp_path / "fleet", monkeypatch)


def test_a_capture_waits_for_the_turn_of_its_host(shell: Shell, site: Site, fleet: _Fleet) -> None:
    site.page("/one", b"<p>page</p>")
    shell.site_collection("demo", site, "/one")
    shell("init", "demo")
    shell("capture", "demo")
    assert fleet.waited == 1
    # What it had of turns is gone with it.
    assert [row.name for row in fleet.leases.rows()] == ["other"]


def test_a_rescue_waits_for_the_turn_of_the_archives_host(shell: Shell, site: Site, fleet: _Fleet) -> None:
    (shell.config / "archives").mkdir(exist_ok=True)
    (shell.config / "archives" / "test.yaml").write_text(
        f"title: The Test Archive\nmemento: {site.url('/web/')}{{timestamp}}id_/{{url}}\n"
        f"cdx: {site.url('/cdx')}?limit={{limit}}&url={{url}}\n"
        "delay_s: 0\npage_size: 3\nallow_addresses: [127.0.0.1]\n",
        "utf-8",
    )
    site.page(f"/cdx?limit=3&url={quote(LOST, safe='')}", json.dumps([]).encode(), kind="application/json")
    shell.site_collection("demo", site, "/one")
    shell.begin_anew("demo")
    report = shell.json("rescue", LOST, "--into", "demo", status=1)
    assert ([saved["outcome"] for saved in report["saved"]], fleet.waited) == (["not-archived"], 1)
    assert [row.name for row in fleet.leases.rows()] == ["other"]


def test_a_new_collection_waits_for_the_turn_of_its_host(shell: Shell, site: Site, fleet: _Fleet) -> None:
    (shell.config / "collections").mkdir(parents=True)
    site.page("/one", b"<p>page</p>")
    shell("new", "demo", site.url("/one"), "--contact", "reader@example.org")
    assert (site.asked, fleet.waited) == (["/one"], 1)
    assert [row.name for row in fleet.leases.rows()] == ["other"]


def test_a_look_at_originals_waits_for_the_turns_of_their_hosts(
    shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.page("/one", b"<p>page</p>")
    shell.site_collection("demo", site, "/one")
    shell("init", "demo")
    shell("capture", "demo")
    fleet = _Fleet(tmp_path / "fleet", monkeypatch)
    article = tmp_path / "article.txt"
    article.write_text(site.url("/one"), "utf-8")
    asked = site.asked.count("/one")
    shell("check", str(article), "--live", "--delay", "0", status=None)
    assert (site.asked.count("/one") - asked, fleet.waited) == (1, 1)
    assert [row.name for row in fleet.leases.rows()] == ["other"]


def test_a_fleet_that_cannot_be_reached_is_told_before_anything_is_asked(
    shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.site_collection("demo", site, "/one")
    shell("init", "demo")
    monkeypatch.setenv("PRESERVE_FLEET", f"sqlite://{tmp_path}/none/fleet")
    assert "fleet" in shell.json("capture", "demo", status=7)["error"]["message"]
    assert site.asked == []
