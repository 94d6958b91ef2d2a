"""A page's visit by a browser: what it may ask for, and what is left when the browser is lost. No browser is needed."""

import threading
import time
from typing import Any

import pytest

from preserve.crawler.browser.gates import GatedFetches, HostGates
from preserve.crawler.browser.load import Artefact
from preserve.crawler.browser.process import Driver, LostBrowserError, find_browser
from preserve.crawler.browser.visit import OWN, TOO_MUCH, Browsing, PageVisit, RobotsOfHosts
from preserve.crawler.frontier import FrontierTarget
from preserve.crawler.records import artefact_record
from preserve.crawler.scope import Scope
from preserve.errors import EnvironmentFaultError
from preserve.formats.warc.record import make_record, parse_record, record_bytes
from preserve.limits import DEFAULT_LIMITS
from preserve.model import RecordPlace
from preserve.net.exchange import Request
from preserve.net.recordingproxy import STAY
from preserve.provenance.describe import KnownOfRecord, describe_fresh, resource_type
from preserve.provenance.rows import row_of
from preserve.replay.address_patterns import AddressPatterns
from tests.simulated import SimulatedFetcher, Web, reply
from tests.unit.crawler.exchanges import NOW, exchange_of, ok

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


def enter(page: PageVisit, url: str, *, main: bool = False, method: str = "GET") -> str:
    page.asks(url, main)
    return page.enter(Request(url, method, b""))


def test_what_no_page_asked_for_is_refused_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.crawler.browser.visit._ASKED_S", 0.01)
    page = visit()
    assert page.enter(Request("http://update.example/", "GET", b"")) == OWN
    assert page.refused == {OWN: 1}


def test_a_request_may_come_before_the_browser_tells_of_it() -> None:
    page = visit()
    teller = threading.Timer(0.01, page.asks, (PAGE, True))
    teller.start()
    assert page.enter(Request(PAGE, "GET", b"")) == ""
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
    page.made(exchange_of(ok("hello world")))
    assert enter(page, "http://x.org/3") == TOO_MUCH


def test_robots_are_asked_for_once_a_host_and_obeyed() -> None:
    web = Web()
    web.pages = {"http://x.org/robots.txt": reply(200, "User-agent: *\nDisallow: /secret\n")}
    robots = RobotsOfHosts(SimulatedFetcher(web), DEFAULT_LIMITS)
    page = visit(robots=robots, scope=scope("all"))
    assert enter(page, "http://x.org/secret", method="POST") == "robots"
    assert enter(page, "http://x.org/open") == ""
    assert [one.url for one in page.robots_exchanges] == ["http://x.org/robots.txt"]
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
    driver = Driver()
    with pytest.raises(LostBrowserError):
        driver.visit({"seconds": 5}, lambda _url, _main: None)
    driver.end()


def test_a_driver_that_says_nothing_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    program = tmp_path / "hangs"
    program.write_text('#!/bin/sh\necho \'{"asks": "http://x.org/", "main": true}\'\nexec sleep 1000\n')
    program.chmod(0o755)
    monkeypatch.setattr("preserve.crawler.browser.process.sys.executable", str(program))
    monkeypatch.setattr("preserve.crawler.browser.process._GRACE_S", 0.3)
    asked = []
    with pytest.raises(LostBrowserError, match="did not come to an end"):
        Driver().visit({"seconds": 0}, lambda url, main: asked.append((url, main)))
    assert asked in ([], [("http://x.org/", True)])


def test_without_a_browser_the_person_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.crawler.browser.process.find_spec", lambda _name: None)
    with pytest.raises(EnvironmentFaultError, match=r"pip install 'preserve-warc\[browser\]'"):
        find_browser()
    monkeypatch.setattr("preserve.crawler.browser.process.find_spec", lambda name: name)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnvironmentFaultError, match="install chromium"):
        find_browser()


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
    artefact = Artefact("dom", "text/html; charset=utf-8", b"<p>made")
    record = artefact_record(
        artefact, url=PAGE, page_id="1", concurrent_to="urn:uuid:2", warcinfo_id="urn:uuid:3", now=NOW
    )
    assert parse_record(record_bytes(record)).block == artefact.data
    header = record.header
    assert (header.type, header.get("WARC-Target-URI")) == ("resource", f"urn:dom:{PAGE}")
    assert (header.get("WARC-Page-ID"), header.get("WARC-Concurrent-To")) == ("1", "<urn:uuid:2>")
    assert resource_type(header) is None
    stated = describe_fresh(record, KnownOfRecord(), file="a.warc.gz", ordinal=1, run="urn:uuid:r")
    assert row_of(stated, RecordPlace(file="a.warc.gz", ordinal=1, offset=0, length=1)).values[3:5] == (None, None)
