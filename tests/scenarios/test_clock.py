"""A clock that jumps, and dates of others that cannot be: what is captured last stays the newest, and all is told."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from preserve.formats.warc.record import compress_member
from tests.clocks import ShiftedClock
from tests.layout_pages import mrkva_page
from tests.shell import Shell
from tests.site import Site
from tests.warcs import record, reply

_PAGE = "<html><body><p>{}</p></body></html>"


@pytest.fixture
def demo(shell: Shell, site: Site) -> Any:
    site.page("/", _PAGE.format("one").encode())
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    return shell


def _shows(shell: Shell, site: Site) -> str:
    return str(shell.json("show", site.url("/"))["text"]).strip()


def test_a_capture_of_the_future_does_not_hide_what_comes_after_it(
    demo: Any, site: Site, clock: type[ShiftedClock]
) -> None:
    clock.days = 30
    site.page("/", _PAGE.format("two").encode())
    demo("capture", "demo")
    assert _shows(demo, site) == "two"
    clock.days = 0
    site.page("/", _PAGE.format("three").encode())
    asked = len(site.asked)
    demo("capture", "demo", status=7)
    assert "the last run of this collection ended at" in demo.errors
    assert "--clock-is-right" in demo.errors
    assert len(site.asked) == asked
    demo("capture", "demo", "--clock-is-right")

    assert _shows(demo, site) == "three"
    told = demo.json("show", site.url("/"), "--at", "2099")
    assert told["text"].strip() == "three"
    assert told["date_doubt"] is None
    demo("cite", site.url("/"))
    assert "in doubt" not in demo.errors
    report = demo.json("verify", "demo", status=1)["collections"][0]
    assert report["good"] is True
    assert sorted(finding["code"] for finding in report["findings"]) == ["W-CLOCK-AHEAD", "W-CLOCK-ORDER"]


def test_a_page_that_changed_and_died_after_a_jump_is_told(demo: Any, site: Site, clock: type[ShiftedClock]) -> None:
    clock.days = 30
    demo("capture", "demo")
    site.page("/", b"", status="410 Gone")
    for clock.days in (1, 2):
        demo("capture", "demo", "--clock-is-right", status=None)
    (row,) = demo.json("rot", status=1)["addresses"]
    assert row["state"] == "gone"


def test_a_clock_that_is_set_back_is_told_by_the_capture_that_lies(
    demo: Any, site: Site, clock: type[ShiftedClock]
) -> None:
    clock.days = -400
    site.page("/", _PAGE.format("two").encode())
    demo("capture", "demo", status=7)
    demo("capture", "demo", "--clock-is-right")
    told = demo.json("show", site.url("/"))
    assert told["text"].strip() == "two"
    clock.days = 0
    demo("capture", "demo")
    site.page("/", _PAGE.format("three").encode())
    demo("capture", "demo")
    report = demo.json("verify", "demo", status=1)["collections"][0]
    assert [finding["code"] for finding in report["findings"]] == ["W-CLOCK-ORDER"]
    assert _shows(demo, site) == "three"


def test_the_first_server_that_says_another_time_stops_the_run_before_more_is_asked(
    demo: Any, site: Site, clock: type[ShiftedClock]
) -> None:
    page = site.replies["/"]
    site.replies["/robots.txt"] = (
        b"HTTP/1.1 404 Not Found\r\nDate: Thu, 01 Jan 2009 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n"
    )
    files = sorted((demo.archives / "demo" / "archive").iterdir())
    asked = len(site.asked)
    demo("capture", "demo", status=7)
    assert "2009-01-01T00:00:00" in demo.errors
    assert site.asked[asked:] == ["/robots.txt"]
    assert sorted((demo.archives / "demo" / "archive").iterdir()) == files
    path = demo.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + "server_clock: ignore\n")
    demo("capture", "demo")
    assert site.replies["/"] == page
    demo("verify", "demo")


def test_a_run_that_a_wrong_clock_began_is_no_run_of_the_future(
    demo: Any, site: Site, clock: type[ShiftedClock]
) -> None:
    now = datetime.now().astimezone()
    date = now.strftime("%a, %d %b %Y %H:%M:%S %z").encode()
    site.replies["/robots.txt"] = b"HTTP/1.1 404 Not Found\r\nDate: " + date + b"\r\nContent-Length: 0\r\n\r\n"
    clock.days = 900
    demo("capture", "demo", status=7)
    clock.days = 0
    demo("capture", "demo")
    demo("verify", "demo")


@pytest.mark.one_in(2)
@pytest.mark.parametrize("date", ["9999-12-31T23:59:59Z", "1900-01-01T00:00:00Z"])
def test_an_imported_date_that_cannot_be_is_told_and_never_the_newest_or_the_first(
    shell: Shell, site: Site, tmp_path: Path, date: str
) -> None:
    site.page("/c", mrkva_page())
    shell.site_collection("demo", site, "/c")
    shell("init", "demo")
    theirs = record(1, reply(mrkva_page().replace(b"the", b"that"), "Content-Type: text/html"), uri=site.url("/c"))
    theirs = theirs.replace(b"2026-01-02T03:04:05Z", date.encode())
    (tmp_path / "theirs.warc.gz").write_bytes(compress_member(theirs))
    shell("import", str(tmp_path / "theirs.warc.gz"), "--into", "demo")
    only = shell.json("show", site.url("/c"))
    assert "the date cannot be: it was imported at" in str(only["date_doubt"])
    shell("cite", site.url("/c"))
    assert "the date cannot be" in shell.errors
    shell("capture", "demo")
    shown = shell.json("show", site.url("/c"))
    assert shown["date_doubt"] is None
    assert shown["captured"] != date
    report = shell.json("verify", "demo", status=1)["collections"][0]
    assert [finding["code"] for finding in report["findings"]] == ["W-DATE"]
    identifier = json.loads(shell("list", "--json"))["cables"][0]["published_id"]
    observations: Any = shell.json("history", identifier)["observations"]
    assert [one["captured"] == date for one in observations] == [False, True]
    assert "in doubt" in shell("history", identifier)
