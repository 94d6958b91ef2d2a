"""Robots, scope, pace, links and frontier."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from preserve.crawler.exchange import Exchange, Failure
from preserve.crawler.frontier import Frontier, Outcome
from preserve.crawler.links import extract_links
from preserve.crawler.pace import Pace
from preserve.crawler.robots import RobotsRules, robots_url
from preserve.crawler.scope import Scope
from preserve.limits import DEFAULT_LIMITS
from preserve.store.layout import CollectionPaths

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _rules(reply: bytes, error: Failure | None = None) -> RobotsRules:
    exchange = Exchange(
        url="http://x.org/robots.txt",
        method="GET",
        request_bytes=b"",
        interim_bytes=b"",
        response_bytes=reply,
        expected_bytes=None,
        received_bytes=0,
        started=NOW,
        ended=NOW,
        peer=None,
        withheld=(),
        truncated=None,
        error=error,
    )
    return RobotsRules.from_exchange(exchange, DEFAULT_LIMITS, now=NOW)


def _ok(text: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(text.encode())}\r\n\r\n{text}".encode()


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /private/\n", "/private/x", False),
        ("User-agent: *\nDisallow: /private/\n", "/public", True),
        ("User-agent: preserve\nDisallow: /\n\nUser-agent: *\nAllow: /\n", "/x", False),
        ("User-agent: other\nDisallow: /\n", "/x", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b\n", "/a/b/c", True),
        ("User-agent: *\nDisallow: /*.pdf$\n", "/x/y.pdf", False),
        ("\ufeffUser-agent: *\nDisallow: /\n", "/x", False),
        ("", "/x", True),
    ],
)
def test_the_rules_are_those_of_rfc_9309(text: str, path: str, allowed: bool) -> None:
    assert _rules(_ok(text)).allowed(f"http://x.org{path}") is allowed


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (301, True), (500, False), (503, False)])
def test_a_status_decides_where_there_are_no_rules(status: int, allowed: bool) -> None:
    assert _rules(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()).allowed("http://x.org/") is allowed


def test_an_unreachable_host_allows_nothing_and_says_why() -> None:
    rules = _rules(b"", Failure.DNS)
    assert not rules.allowed("http://x.org/")
    assert rules.refusal == "dns"


def test_rules_are_read_to_the_bound_and_grow_old() -> None:
    padding = "# " + "x" * DEFAULT_LIMITS.max_robots_bytes + "\n"
    assert _rules(_ok(padding + "User-agent: *\nDisallow: /\n")).allowed("http://x.org/")
    rules = _rules(_ok(""))
    assert not rules.expired(NOW + timedelta(hours=23), DEFAULT_LIMITS)
    assert rules.expired(NOW + timedelta(hours=25), DEFAULT_LIMITS)


def test_the_rules_of_an_address_are_at_the_root_of_its_host_and_port() -> None:
    assert robots_url("https://x.org:8443/a/b?c#d") == "https://x.org:8443/robots.txt"


def test_scope_takes_prefixes_and_expressions_and_excludes_first() -> None:
    scope = Scope(
        include=["http://x.org/cable.php?id=", "re:https?://y\\.org/\\d+$"], exclude=["re:.*id=13$"], max_depth=1
    )
    assert scope.refusal("http://x.org/cable.php?id=12", depth=1, hop="link") is None
    assert scope.refusal("https://y.org/12", depth=0, hop="link") is None
    assert scope.refusal("https://y.org/12/x", depth=0, hop="link") == "out-of-scope"
    assert scope.refusal("http://x.org/cable.php?id=13", depth=0, hop="seed") == "out-of-scope"
    assert scope.refusal("http://x.org/cable.php?id=12", depth=2, hop="link") == "too-deep"
    assert scope.refusal("http://elsewhere.org/", depth=0, hop="seedR") is None
    assert scope.refusal("http://x.org/" + "a" * 5000, depth=0, hop="seed") == "url-too-long"


def test_pace_waits_from_the_end_of_an_exchange_for_its_host_only() -> None:
    pace = Pace(delay_s=5)
    assert pace.delay("http://x.org/a", NOW) == 0
    pace.done("http://x.org/a", NOW)
    assert pace.delay("http://X.org/b", NOW + timedelta(seconds=2)) == 3
    assert pace.delay("http://y.org/", NOW) == 0
    assert pace.delay("http://x.org/", NOW + timedelta(seconds=6)) <= 0
    assert pace.delay("http://x.org/", NOW - timedelta(days=1)) == 5


def test_links_are_absolute_without_fragment_each_once_in_order() -> None:
    page = (
        b"<a href='b#x'>1</a><a href=' /c '>2</a><a href='b'>3</a><area href='//y.org/d'><iframe src='e'></iframe>"
        b"<a href='mailto:a@b'>m</a><a href='javascript:x()'>j</a><a>none</a><a href='caf\xc3\xa9?q=\xc3\xa9'>u</a>"
    )
    found = [link.url for link in extract_links(page, "text/html; charset=utf-8", "http://x.org/a/", DEFAULT_LIMITS)]
    assert found == [
        "http://x.org/a/b",
        "http://x.org/c",
        "http://y.org/d",
        "http://x.org/a/e",
        "http://x.org/a/caf%C3%A9?q=%C3%A9",
    ]


def test_a_base_element_moves_the_links_behind_it() -> None:
    page = b"<base href='http://y.org/z/'><a href='b'>1</a>"
    assert [link.url for link in extract_links(page, None, "http://x.org/", DEFAULT_LIMITS)] == ["http://y.org/z/b"]


@pytest.mark.parametrize("page", [b"", b" ", b"\x00", b"<a href=", b"<" * 10_000, "<a href='x'>".encode("utf-16")])
def test_hostile_pages_give_links_or_none(page: bytes) -> None:
    assert isinstance(extract_links(page, None, "http://x.org/", DEFAULT_LIMITS), list)


@pytest.fixture
def paths(tmp_path: Path) -> CollectionPaths:
    return CollectionPaths(tmp_path, "demo")


def test_the_frontier_gives_each_address_once_in_order(paths: CollectionPaths) -> None:
    with Frontier.open(paths) as frontier:
        frontier.start_or_resume_run(NOW)
        for url in ("http://x.org/b", "http://x.org/a", "http://X.org:80/b#f", "not an address"):
            frontier.add(url, via=None, depth=0, hop="seed")
        assert frontier.waiting() == 2
        urls = []
        while (target := frontier.next_target()) is not None:
            urls.append(target.url)
        assert urls == ["http://x.org/b", "http://x.org/a"]


def test_only_marked_addresses_are_done_when_a_run_is_resumed(paths: CollectionPaths) -> None:
    with Frontier.open(paths) as frontier:
        first = frontier.start_or_resume_run(NOW)
        for name in "abc":
            frontier.add(f"http://x.org/{name}", via=None, depth=0, hop="seed")
        taken = [frontier.next_target() for _ in range(3)]
        assert taken[0] is not None
        frontier.mark([Outcome(key=taken[0].key, state="done", reason="http-200")])
    with Frontier.open(paths) as frontier:
        second = frontier.start_or_resume_run(NOW)
        assert (second.run_id, second.resumed) == (first.run_id, True)
        frontier.settle([("http://x.org/b", 404, None)])
        target = frontier.next_target()
        assert target is not None
        assert target.url == "http://x.org/c"
        assert frontier.next_target() is None
        assert frontier.counts() == {"done": 2, "waiting": 1}
        assert list(frontier.problems()) == [("http://x.org/b", "done", "http-404")]
        frontier.end_run(NOW)
        third = frontier.start_or_resume_run(NOW)
        assert (third.resumed, frontier.counts()) == (False, {})
