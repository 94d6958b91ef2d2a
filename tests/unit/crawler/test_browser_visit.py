"""A page's visit by a browser: what it may ask for, and what is left when the browser is lost. No browser is needed."""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from preserve.crawler.browser.gates import GatedFetches, HostGates
from preserve.crawler.browser.load import Artefact
from preserve.crawler.browser.plain import plain
from preserve.crawler.browser.process import Driver, LostBrowserError, find_browser
from preserve.crawler.browser.visit import (
    MAX_LOADS,
    OWN,
    PAGE_OVER,
    TOO_MUCH,
    Browsing,
    Clicks,
    PageVisit,
    RobotsOfHosts,
    _artefacts,
    _behaved,
    _told,
)
from preserve.crawler.frontier import FrontierTarget
from preserve.crawler.records import artefact_record
from preserve.crawler.scope import Scope
from preserve.errors import EnvironmentFaultError
from preserve.formats.warc.record import make_record, parse_record, record_bytes
from preserve.limits import DEFAULT_LIMITS
from preserve.model import RecordPlace
from preserve.net.recordingproxy import STAY
from preserve.provenance.describe import KnownOfRecord, describe_fresh, resource_type
from preserve.provenance.rows import row_of
from preserve.replay.address_patterns import AddressPatterns
from tests.simulated import SimulatedFetcher, Web, reply
from tests.unit.crawler.exchanges import NOW

PAGE = "http://x.org/page"


def scope(requisites: str = "scope") -> Scope:
    return Scope(
        include=["http://x.org/"], exclude=["http://x.org/no/"], max_depth=3, requisites=requisites, this_year=2026
    )


def visit(**changes: Any) -> PageVisit:
    given: dict[str, Any] = {
        "url": PAGE,
        "depth": 0,
        "scope": scope(),
        "gates": HostGates(0),
        "robots": None,
        "until": time.monotonic() + 60,
    }
    return PageVisit(**{**given, **changes})


def enter(page: PageVisit, url: str, *, main: bool = False) -> str:
    page.asks(url, main)
    return page.enter(url)


def test_what_no_page_asked_for_is_refused_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.crawler.browser.visit._ASKED_S", 0.01)
    page = visit()
    assert page.enter("http://update.example/") == OWN
    assert page.refused == {OWN: 1}


def test_a_request_may_come_before_the_browser_tells_of_it() -> None:
    page = visit()
    teller = threading.Timer(0.01, page.asks, (PAGE, True))
    teller.start()
    assert page.enter(PAGE) == ""
    teller.join()


def test_scope_is_that_of_requisites() -> None:
    page = visit()
    assert enter(page, PAGE, main=True) == ""
    page.leave(PAGE)
    assert enter(page, "http://x.org/a.png") == ""
    assert enter(page, "http://y.org/a.png") == "out-of-scope"
    assert enter(visit(scope=scope("all")), "http://y.org/a.png") == ""
    assert enter(visit(scope=scope("all")), "http://x.org/no/a.png") == "out-of-scope"


def test_a_page_stays_where_it_is_and_says_where_it_would_have_gone() -> None:
    page = visit()
    assert enter(page, "http://x.org/elsewhere", main=True) == STAY
    assert enter(page, "http://x.org/elsewhere", main=True) == STAY
    assert list(page.elsewhere) == ["http://x.org/elsewhere"]
    assert page.refused == {"elsewhere": 2}


def test_a_page_that_loads_itself_again_and_again_stays() -> None:
    page = visit()
    said = []
    for _time in range(MAX_LOADS + 2):
        said.append(enter(page, PAGE, main=True))
        if not said[-1]:
            page.leave(PAGE)
    assert said == [""] * MAX_LOADS + [STAY] * 2


def test_an_address_that_is_too_long_is_refused_at_once() -> None:
    page = visit()
    assert enter(page, f"{PAGE}?{'a' * DEFAULT_LIMITS.max_url_chars}") == "url-too-long"
    assert page.refused == {"url-too-long": 1}


def test_what_was_made_and_is_not_kept_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("preserve.crawler.browser.visit._MAX_ARTEFACT_BYTES", 10)
    (tmp_path / "text.txt").write_text("text")
    (tmp_path / "dom.html").write_text("<p>" * 10)
    done = {"artefacts": {"text.txt": "", "dom.html": "", "view.png": "it failed"}}
    kept = _artefacts(done, tmp_path, NOW)
    assert _told(done, kept) == {
        "view.png": "it failed",
        "text.txt": "",
        "dom.html": "not kept: empty, or larger than 10 bytes",
    }


def test_exchanges_and_bytes_of_a_page_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.crawler.browser.visit.MAX_EXCHANGES", 2)
    page = visit()
    for number in range(2):
        url = f"http://x.org/{number}"
        assert enter(page, url) == ""
        page.leave(url)
    assert enter(page, "http://x.org/3") == TOO_MUCH
    monkeypatch.setattr("preserve.crawler.browser.visit.MAX_PAGE_BYTES", 10)
    page = visit()
    assert [page.take(8), page.take(8), page.take(8)] == [8, 2, 0]
    assert enter(page, "http://x.org/3") == TOO_MUCH


def test_a_page_that_is_over_lets_nobody_wait() -> None:
    page = visit()
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    assert page.gates.enter("x.org", time.monotonic() + 20)
    waiting = [
        threading.Thread(target=lambda url=url: answers.put(page.enter(url)), daemon=True)
        for url in (PAGE, "http://never.example/")
    ]
    page.asks(PAGE, True)
    for thread in waiting:
        thread.start()
    page.over()
    # Who waits for the browser's word or for a host's turn would do so until long after these.
    assert {answers.get(timeout=10) for _one in waiting} == {PAGE_OVER}
    assert page.enter(PAGE) == PAGE_OVER


def test_a_robots_txt_that_outlives_its_page_is_kept_for_the_next() -> None:
    web = Web()
    web.pages = {"http://x.org/robots.txt": reply(200, "User-agent: *\nDisallow: /secret\n")}
    slow = _Held(SimulatedFetcher(web))
    robots = RobotsOfHosts(slow, DEFAULT_LIMITS)
    page = visit(robots=robots)
    page.asks(PAGE, True)
    asking = threading.Thread(target=page.enter, args=(PAGE,), daemon=True)
    asking.start()
    assert slow.is_asked.wait(20)
    page.over()
    assert robots.taken(0) == ()
    slow.may_end.set()
    assert [one.url for one in robots.taken(20)] == ["http://x.org/robots.txt"]
    asking.join(20)


class _Held:
    """A fetcher whose exchanges end when they may."""

    def __init__(self, fetches: Any) -> None:
        self._fetches = fetches
        self.is_asked = threading.Event()
        self.may_end = threading.Event()

    def begin(self, url: str, extra_headers: Any) -> Any:
        self.is_asked.set()
        self.may_end.wait(20)
        return self._fetches.begin(url, extra_headers)

    def close(self) -> None:
        self._fetches.close()


def test_what_a_page_says_of_itself_keeps_its_form() -> None:
    said = {"scrolled": 3, "clicked": "x", "played": True, "ended": "e" * 999, "mistakes": ["m" * 999] * 99, "own": [1]}
    behaved = _behaved(said)
    assert (behaved["scrolled"], behaved["ended"]) == (3, "e" * 200)
    assert set(behaved) == {"scrolled", "ended", "mistakes"}
    assert (len(behaved["mistakes"]), len(behaved["mistakes"][0])) == (20, 200)
    assert _behaved("nothing like it") == {}


def test_what_a_page_gives_back_fits_into_a_line() -> None:
    deep: list[Any] = []
    deep.append(deep)
    nested: list[Any] = []
    for _level in range(100_000):
        nested = [nested]
    said = {"title": "x" * 9_999_999, "zone": NOW, "scrolled": 3, "mistakes": ["m" * 9_999] * 999, "nothing": None}
    odd = {"deep": deep, "nested": {"in": nested}, "large": 10**10_000, "ratio": float("nan"), "x" * 9_999: 1 << 40}
    found = json.loads(json.dumps(plain({**said, **odd}), allow_nan=False))
    assert (found["scrolled"], found["nothing"], len(found["title"]), found["large"]) == (3, None, 4_000, "int")
    assert len(json.dumps(found)) < 1 << 19
    assert len(plain(dict.fromkeys(range(999), "y"))) == 50
    assert (plain(None), plain("z" * 9_999), plain([said])) == (None, "z" * 4_000, str([said])[:4_000])


def test_what_was_made_has_the_date_of_its_making(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("text")
    (tmp_path / "dom.html").write_text("<p>text")
    os.utime(tmp_path / "text.txt", (2_000_000_000, 1_000_000_000))
    os.utime(tmp_path / "dom.html", (9_000_000_000, 9_000_000_000))
    started = datetime(2020, 1, 1, tzinfo=UTC)
    done = {"artefacts": {"text.txt": "", "dom.html": "", "view.png": "it failed"}}
    made = {one.kind: one.made for one in _artefacts(done, tmp_path, started)}
    # Neither before the page was begun nor behind this moment.
    assert made["text"] == started
    assert started < made["dom"] <= datetime.now(UTC)
    assert set(made) == {"text", "dom"}


def test_robots_are_asked_for_once_a_host_and_obeyed() -> None:
    web = Web()
    web.pages = {"http://x.org/robots.txt": reply(200, "User-agent: *\nDisallow: /secret\n")}
    robots = RobotsOfHosts(SimulatedFetcher(web), DEFAULT_LIMITS)
    page = visit(robots=robots, scope=scope("all"))
    assert enter(page, "http://x.org/secret") == "robots"
    assert enter(page, "http://x.org/open") == ""
    assert [one.url for one in robots.taken(0)] == ["http://x.org/robots.txt"]
    assert robots.taken(0) == ()
    assert page.verdicts == {"http://x.org/open": "rules"}


def test_a_host_is_asked_one_at_a_time_by_page_and_crawler_alike() -> None:
    gates = HostGates(0)
    until = time.monotonic() + 20
    assert gates.enter("x.org", until)
    assert not gates.enter("x.org", time.monotonic())
    assert gates.enter("y.org", time.monotonic())
    assert not gates.enter("z.org", time.monotonic() - 100)
    web = Web()
    web.pages = {PAGE: reply(200, "hello")}
    pending = GatedFetches(SimulatedFetcher(web), gates, 20).begin(PAGE, {})
    assert pending.quick(0.0) is None
    assert not web.paths
    gates.leave("x.org")
    assert pending.finish().error is None
    assert gates.enter("x.org", time.monotonic())


def test_the_delay_of_a_host_counts_from_the_end_of_an_exchange() -> None:
    gates = HostGates(1000)
    assert gates.enter("x.org", time.monotonic())
    gates.leave("x.org")
    assert not gates.enter("x.org", time.monotonic() + 20)
    gates = HostGates(0)
    gates.ask_for("x.org", 1000)
    assert gates.enter("x.org", time.monotonic())
    gates.leave("x.org")
    assert not gates.enter("x.org", time.monotonic() + 20)


def test_a_driver_that_ends_is_a_lost_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.crawler.browser.process.sys.executable", "/bin/false")
    driver = Driver("chromium")
    with pytest.raises(LostBrowserError):
        driver.visit({"seconds": 5}, lambda _url, _main: None)
    driver.end()


def test_what_a_browser_left_behind_goes_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "leaves"
    program.write_text('#!/bin/sh\nmkdir "$TMPDIR/profile"\ntouch "$TMPDIR/profile/cookies"\nexit 1\n')
    program.chmod(0o755)
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    monkeypatch.setattr("preserve.crawler.browser.ways._TEMPORARY", ())
    monkeypatch.setattr("preserve.crawler.browser.process.sys.executable", str(program))
    with pytest.raises(LostBrowserError):
        Driver("chromium").visit({"seconds": 5}, lambda _url, _main: None)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_driver_that_cannot_be_started_is_a_lost_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.crawler.browser.process.sys.executable", "/nowhere/python")
    with pytest.raises(LostBrowserError, match="driver ended"):
        Driver("chromium").visit({"seconds": 5}, lambda _url, _main: None)


@pytest.mark.parametrize("said", ["[" * 100_000, "{}", "nothing"])
def test_a_driver_that_says_nonsense_is_a_lost_browser(
    said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "said").write_text(f"{said}\n")
    program = tmp_path / "says"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/said\nexec sleep 1000\n")
    program.chmod(0o755)
    monkeypatch.setattr("preserve.crawler.browser.process.sys.executable", str(program))
    with pytest.raises(LostBrowserError, match="nobody understands"):
        Driver("chromium").visit({"seconds": 5}, lambda _url, _main: None)


def test_a_driver_that_says_nothing_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    program = tmp_path / "hangs"
    program.write_text('#!/bin/sh\necho \'{"asks": "http://x.org/", "main": true}\'\nexec sleep 1000\n')
    program.chmod(0o755)
    monkeypatch.setattr("preserve.crawler.browser.process.sys.executable", str(program))
    monkeypatch.setattr("preserve.crawler.browser.process._GRACE_S", 0.3)
    asked = []
    with pytest.raises(LostBrowserError, match="did not come to an end"):
        Driver("chromium").visit({"seconds": 0}, lambda url, main: asked.append((url, main)))
    assert asked in ([], [("http://x.org/", True)])


def test_without_a_browser_the_person_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.crawler.browser.process.find_spec", lambda _name: None)
    with pytest.raises(EnvironmentFaultError, match="Playwright") as missing:
        find_browser()
    assert "extra `browser`" in missing.value.next_step
    monkeypatch.setattr("preserve.crawler.browser.process.find_spec", lambda name: name)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnvironmentFaultError, match="there is none") as missing:
        find_browser()
    assert "Install chromium" in missing.value.next_step


@pytest.mark.parametrize(
    ("hop", "url", "wanted"),
    [("seed", PAGE, True), ("link", PAGE, True), ("requisite+", PAGE, False), ("sitemap", PAGE, False),
     ("seed", "http://x.org/other", False)],
)  # fmt: skip
def test_a_browser_loads_pages_that_are_named(hop: str, url: str, *, wanted: bool) -> None:
    target = FrontierTarget(number=1, url=url, host="x.org", via=None, depth=0, hop=hop, tries=0)
    browsing: Any = Browsing(None, AddressPatterns([PAGE]))  # type: ignore[arg-type]
    assert browsing.wants(target) is wanted


@pytest.mark.parametrize(
    ("uri", "is_page"),
    [
        ("urn:text:https://x.org/", False),
        ("urn:pageinfo:http://x.org/", False),
        ("URN:View:HTTPS://x.org/", False),
        ("<urn:dom:https://x.org/>", False),
        ("urn:preserve:dump:sha256:0a#bytes=0-9", True),
        ("urn:isbn:9780140328721", True),
        ("https://x.org/urn:text:https://x.org/", True),
    ],
)  # fmt: skip
def test_what_a_browser_made_is_told_from_what_was_brought(uri: str, is_page: bool) -> None:
    fields = [("WARC-Type", "resource"), ("WARC-Target-URI", uri), ("Content-Type", "text/html")]
    assert (resource_type(make_record(fields, b"").header) is not None) == is_page


def test_what_was_made_of_a_page_is_a_resource_and_no_page() -> None:
    artefact = Artefact("dom", "text/html; charset=utf-8", b"<p>made", NOW)
    record = artefact_record(artefact, url=PAGE, page_id="1", concurrent_to="urn:uuid:2", warcinfo_id="urn:uuid:3")
    assert parse_record(record_bytes(record)).block == artefact.data
    header = record.header
    assert (header.type, header.get("WARC-Target-URI")) == ("resource", f"urn:dom:{PAGE}")
    assert (header.get("WARC-Page-ID"), header.get("WARC-Concurrent-To")) == ("1", "<urn:uuid:2>")
    assert resource_type(header) is None
    stated = describe_fresh(record, KnownOfRecord(), file="a.warc.gz", ordinal=1, run="urn:uuid:r")
    assert row_of(stated, RecordPlace(file="a.warc.gz", ordinal=1, offset=0, length=1)).values[3:5] == (None, None)


def test_clicks_are_for_the_pages_that_are_named() -> None:
    of_site = Clicks(AddressPatterns(["http://x.org/a/", "re:^http://y[.]org/$"]), dismiss=("#no",))
    assert [of_site.fits(url) for url in ("http://x.org/a/b", "http://x.org/b", "http://y.org/")] == [True, False, True]
    assert Clicks(None).fits("http://z.org/")


def test_a_browser_gets_nothing_of_the_environment_that_it_does_not_need(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "tells"
    program.write_text(f"#!/bin/sh\nenv > {tmp_path}/told\nexit 1\n")
    program.chmod(0o755)
    for name in ("PRESERVE_PASSPHRASE", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, "word")
    monkeypatch.setattr("preserve.crawler.browser.process.sys.executable", str(program))
    with pytest.raises(LostBrowserError):
        Driver("chromium").visit({"seconds": 5}, lambda _url, _main: None)
    told = {line.partition("=")[0] for line in (tmp_path / "told").read_text().splitlines()}
    assert {"PATH", "XDG_DATA_HOME"} <= told
    assert not {"PRESERVE_PASSPHRASE", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD"} & told


_DRIVER = """
import os, subprocess, sys
from pathlib import Path
from preserve.crawler.browser import process
process._LOOK_S = 0.02
parent = os.getppid()
browser = subprocess.Popen(["sleep", "1000"], start_new_session=True)
print(os.getpid(), browser.pid, flush=True)
process.end_when_alone(parent, [Path(sys.argv[1])])
"""
_CAPTURE = f"""
import os, subprocess, sys
page, scratch = sys.argv[1:]
marked = {{**os.environ, "PRESERVE_DRIVER": scratch, "TMPDIR": scratch}}
subprocess.run([sys.executable, "-c", {_DRIVER!r}, page], start_new_session=True, env=marked)
"""


@pytest.mark.skipif(not Path("/proc/self/environ").is_file(), reason="this system has no /proc")
def test_a_browser_ends_where_the_capture_was_killed(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    (scratch / "profile").mkdir(parents=True)
    page = tmp_path / "page"
    page.mkdir()
    with subprocess.Popen([sys.executable, "-c", _CAPTURE, page, scratch], stdout=subprocess.PIPE) as capture:
        assert capture.stdout is not None
        numbers = [int(number) for number in capture.stdout.readline().split()]
        lived = [_lives(number) for number in numbers]
        capture.kill()
    assert lived == [True, True]
    until = time.monotonic() + 60
    while any(_lives(number) for number in numbers) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(_lives(number) for number in numbers)
    assert (scratch.exists(), page.exists()) == (False, False)


def _lives(number: int) -> bool:
    # By its state: what is just being begun has no command line yet, and what is over may not have been waited for.
    with suppress(OSError):
        return Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()[0] not in {b"Z", b"X"}
    return False
