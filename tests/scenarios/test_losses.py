"""What an operator is told of a site that dies, and what makes it good: its pages, or a statement that it is known."""

import re
from typing import Any

import pytest

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.alarms.changes import look
from preserve.alarms.values import Observation
from preserve.config.alarm_kinds import AlarmKind
from preserve.replay.recover import open_for_reading
from tests.clocks import ShiftedClock
from tests.kept import Beginning, beginning, served, site
from tests.layout_pages import BODY, HEADER, escaped, wikileaks_page
from tests.shell import Shell
from tests.site import Site
from tests.unit.alarms.telling import START, rules

__all__ = ["beginning", "served", "site"]

CABLE = wikileaks_page(boxes=(escaped(HEADER), escaped(BODY)))
PAGE = "<html><title>{0}</title><p>Words of {0} that stay as they are.</p></html>"
NAMES = ("one", "two", "three", "four")


@pytest.fixture
def held(shell: Shell, site: Site, beginning: Beginning) -> Any:
    def make() -> None:
        for name in NAMES:
            site.page(f"/{name}", PAGE.format(name).encode())
        site.page("/", "".join(f"<a href=/{name}>x</a>" for name in NAMES).encode())
        shell.site_collection("demo", site, "/")
        shell("init", "demo")
        shell("capture", "demo")
        assert "all good" in shell("status", "demo", status=0)

    beginning(shell, make, site)
    return shell


def _dies(site: Site) -> None:
    for path in ("/", *(f"/{name}" for name in NAMES)):
        site.page(path, b"no", status="404 Not Found")


def test_a_dead_site_is_wrong_until_somebody_says_that_it_is_known(held: Any, site: Site) -> None:
    _dies(site)
    for _run in range(2):
        told = held("capture", "demo", status=1)
        assert "5 missing (5 gone)" in told
        assert f"gone        http-404             {site.url('/one')}" in told
        status = held("status", "demo", status=1)
        assert "WRONG      5 of 5 pages that are held were not to be had at the last run" in status
    assert held("rot", "accept", "-c", "demo", "--reason", "x", status=2) == ""
    assert "name the pages, or give --all" in held.errors
    held("rot", "accept", site.url("/one"), "-c", "demo", "--reason", "withdrawn", status=0)
    assert "4 of 5 pages" in held("status", "demo", status=1)
    answer = held.json("rot", "accept", "--all", "-c", "demo", "--reason", "the site has closed", status=0)
    assert len(answer["accepted"]) == 5
    assert "all good" in held("status", "demo", status=0)
    report = held.json("capture", "demo", status=0)
    assert (report["compared"]["lost"], report["compared"]["accepted"], report["compared"]["good"]) == (0, 5, True)
    assert "all good" in held("status", "demo", status=0)
    held("verify", "demo", status=0)
    held("rebuild", "demo", status=0)
    held("verify", "demo", status=0)


def test_a_loss_that_is_accepted_ends_the_alarm_of_pages_that_are_gone(
    held: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preserve.replay.link_status.MISSING_DAYS", 1)
    with AlarmDatabase.open(held.archives) as book:

        def seen() -> list[tuple[bool, str]]:
            with open_for_reading(held.archives, ["demo"], {}) as (archive,):
                found = look(book, archive, rules("keeper"), START)
            return [(one.bad, one.summary) for one in found if one.kind is AlarmKind.PAGE_GONE]

        assert seen() == []
        _dies(site)
        held("capture", "demo", status=1)
        assert [bad for bad, _summary in seen()] == [True]
        held("rot", "accept", "--all", "-c", "demo", "--reason", "the site has closed", status=0)
        assert seen() == [(False, "the loss of 5 is accepted, and no other page is gone")]


def test_what_came_back_and_went_again_is_no_longer_known(held: Any, site: Site) -> None:
    pages = dict(site.replies)
    _dies(site)
    held("capture", "demo", status=1)
    held("rot", "accept", "--all", "-c", "demo", "--reason", "closed", status=0)
    site.replies.update(pages)
    assert held.json("capture", "demo", status=0)["compared"]["seen"] == {"unchanged": 5}
    assert held("rot", "accept", "--all", "-c", "demo", "--reason", "x", status=3) == ""
    assert "no page that is held was lost" in held.errors
    _dies(site)
    assert held.json("capture", "demo", status=1)["compared"]["lost"] == 5


def test_one_page_that_went_is_told_and_is_no_dead_site(held: Any, site: Site) -> None:
    site.page("/", "".join(f"<a href=/{name}>x</a>" for name in NAMES[1:]).encode())
    site.page("/one", b"no", status="404 Not Found")
    held("capture", "demo", status=1)
    status = held("status", "demo", status=0)
    assert "1 gone, 3 unchanged; 1 not to be had" in status


def test_a_new_home_is_adopted_by_one_command(held: Any, site: Site) -> None:
    old, new = site.url("/"), site.url("/").replace("127.0.0.1", "localhost")
    for name in NAMES:
        site.replies[f"/{name}"] = f"HTTP/1.1 301 M\r\nLocation: {new}new/{name}\r\nContent-Length: 0\r\n\r\n".encode()
        site.page(f"/new/{name}", PAGE.format(name).encode())
    config = held.config / "collections" / "demo.yaml"
    config.write_text(config.read_text().replace("  - 127.0.0.1\n", "  - 127.0.0.1\n  - localhost\n"))
    report = held.json("capture", "demo", status=1)
    assert report["compared"]["seen"] == {"moved-away": 4, "unchanged": 1}
    assert held("rot", "moved", old, new + "new", "-c", "demo", status=2) == ""
    assert "ends with a slash" in held.errors
    held("rot", "moved", old, new + "new/", "-c", "demo", "--reason", "a new host", status=0)
    assert "all good" in held("status", "demo", status=0)
    report = held.json("capture", "demo", status=0)
    assert report["compared"]["seen"] == {"moved": 4, "new": 4, "unchanged": 1}
    held("verify", "demo", status=0)


def test_both_addresses_of_a_page_that_moved_stand_in_history_and_citation(shell: Shell, site: Site) -> None:
    old, new = site.url("/old/"), site.url("/new/")
    site.page("/old/cable", CABLE)
    site.page("/new/cable", CABLE)
    shell.site_collection("demo", site, "/old/cable", "/new/cable")
    shell("init", "demo")
    shell("capture", "demo")
    shell("rot", "moved", old, new, "-c", "demo", "--reason", "a new server")
    told = shell("history", "08SAMPLETOWN12")
    assert f"moved to {new}cable, as stated 20" in told
    assert f"moved from {old}cable, as stated 20" in told
    assert "a new server" in told
    assert {(one["url"], one["way"]) for one in shell.json("history", "08SAMPLETOWN12")["moved"]} == {
        (f"{old}cable", "moved to"),
        (f"{new}cable", "moved from"),
    }
    assert f"moved to {new}cable" in shell("cite", f"{old}cable")
    assert f"moved from {old}cable" in shell("cite", f"{new}cable")
    capsule = shell.folder / "moved.capsule"
    shell("cite", f"{old}cable", "--chars", "0-12", "--capsule", str(capsule))
    assert "FAIL" not in shell("check", str(capsule), status=None)
    for form in ("bibtex", "ris", "csl-json"):
        assert f"{new}cable" in shell("cite", f"{old}cable", "--format", form)


def test_history_show_and_citation_say_what_came_after_the_last_whole_capture(shell: Shell, site: Site) -> None:
    site.page("/cable", CABLE)
    site.page("/", b"<a href=/cable>c</a>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    for words in (("history", "08SAMPLETOWN12"), ("show", "08SAMPLETOWN12")):
        assert "later looks" not in shell(*words)
    site.page("/cable", b"no", status="404 Not Found")
    shell("capture", "demo", status=1)
    shell("capture", "demo", status=1)
    for words in (("history", "08SAMPLETOWN12"), ("show", "08SAMPLETOWN12"), ("show", site.url("/cable"))):
        assert re.search(r"later looks +http-404 since 20\d\d-\d\d-\d\d, 2 looks\n", shell(*words))
    (later,) = shell.json("history", "08SAMPLETOWN12")["later"]
    assert (later["url"], later["reason"], later["looks"]) == (site.url("/cable"), "http-404", 2)
    shell("cite", "08SAMPLETOWN12")
    assert "later looks: http-404 since" in shell.errors
    assert shell.json("cite", "08SAMPLETOWN12")["citations"][0]["later"]["looks"] == 2
    site.page("/cable", CABLE)
    shell("capture", "demo")
    assert "later looks" not in shell("history", "08SAMPLETOWN12")


def test_a_site_that_shuts_its_robots_txt_is_not_alive(held: Any, site: Site) -> None:
    site.page("/robots.txt", b"User-agent: *\nDisallow: /\n", kind="text/plain")
    report = held.json("capture", "demo", status=1)
    assert report["compared"]["seen"] == {"not-reached": 5}
    states = held.json("rot", status=0)["addresses"]
    assert [(row["state"], row["reason"]) for row in states] == [("unknown", "robots")] * 5


def test_a_muted_page_is_looked_at_and_raises_no_alarm(held: Any, site: Site, clock: type[ShiftedClock]) -> None:
    config, mute = held.config / "collections" / "demo.yaml", (site.url("/two"),)
    held("rot", "mute", site.url("/one"), "-c", "demo", "--reason", "it comes and goes", status=0)
    config.write_text(config.read_text() + f"mute:\n  - {mute[0]}\n")
    for name in NAMES[:2]:
        site.page(f"/{name}", b"no", status="404 Not Found")
    with AlarmDatabase.open(held.archives) as book:
        _look(held, book)
    for days in (1, 2):
        clock.days = days
        site.asked.clear()
        report = held.json("capture", "demo", status=0)
        assert {"/one", "/two"} <= set(site.asked)
        compared = report["compared"]
        assert (compared["seen"]["gone"], compared["lost"], compared["muted"], compared["quiet"]) == (2, 0, 2, 2)
    told = held("rot", status=0)
    assert told.count("\n  muted\n") == 2
    assert "2 gone" in told
    assert "; 2 muted" in told
    assert {one["url"] for one in held.json("rot", "--all")["addresses"] if one["muted"]} == {
        site.url("/one"),
        site.url("/two"),
    }
    assert "2 muted" in held("status", "demo", status=0)
    assert "no statement mutes it" in _said(held, "mute", site.url("/three"), "--end")
    assert "no page is held" in _said(held, "mute", site.url("/none"))
    with AlarmDatabase.open(held.archives) as book:
        assert [one.kind for one in _look(held, book, mute) if one.bad] == []
    held("rot", "mute", site.url("/one"), "-c", "demo", "--reason", "it is wanted again", "--end", status=0)
    assert held.json("capture", "demo", status=1)["compared"]["lost"] == 1


def _said(shell: Shell, *words: str) -> str:
    shell("rot", *words, "-c", "demo", "--reason", "x", status=3)
    return str(shell.errors)


def _look(shell: Shell, book: AlarmDatabase, mute: tuple[str, ...] = ()) -> list[Observation]:
    with open_for_reading(shell.archives, ["demo"], {}) as (archive,):
        return look(book, archive, rules(), START, mute)
