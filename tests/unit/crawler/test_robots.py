"""robots.txt: the clauses of RFC 9309, and what sites ask for beside it."""

from datetime import timedelta

import pytest
from msgspec.structs import replace
from protego import Protego

from preserve.crawler.robots import RobotsRules, own_lines, robots_url
from preserve.limits import DEFAULT_LIMITS
from preserve.net.exchange import Failure, Truncation
from tests.unit.crawler.exchanges import NOW, exchange_of, ok, status


def _rules(reply: bytes, error: Failure | None = None, truncated: Truncation | None = None) -> RobotsRules:
    return RobotsRules.from_exchange(exchange_of(reply, error=error, truncated=truncated), DEFAULT_LIMITS, now=NOW)


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /private/\n", "/private/x", False),
        ("User-agent: *\nDisallow: /private/\n", "/public", True),
        # Section 2.2.1: the most specific group, whatever its case; groups of one agent are one.
        ("User-agent: preserve\nDisallow: /\n\nUser-agent: *\nAllow: /\n", "/x", False),
        ("User-agent: PreServe\nDisallow: /\n", "/x", False),
        ("User-agent: preserve\nDisallow: /a\n\nUser-agent: preserve\nDisallow: /b\n", "/a", False),
        ("User-agent: preserve\nDisallow: /a\n\nUser-agent: preserve\nDisallow: /b\n", "/b", False),
        ("User-agent: other\nDisallow: /\n", "/x", True),
        # Section 2.2.2: the longest rule, and the one that allows among equals.
        ("User-agent: *\nDisallow: /a\nAllow: /a/b\n", "/a/b/c", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a\n", "/a", True),
        ("User-agent: *\nAllow: /a\nDisallow: /a/b\n", "/a/b", False),
        # Section 2.2.3.
        ("User-agent: *\nDisallow: /*.pdf$\n", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$\n", "/x/y.pdf?z", True),
        ("User-agent: *\nDisallow: /caf%C3%A9\n", "/caf%c3%a9", False),
        ("\ufeffUser-agent: *\nDisallow: /\n", "/x", False),
        ("User-agent: *\rDisallow: /\r", "/x", False),
        ("User-agent: *\nDisallow:\n", "/x", True),
        ("<html><p>not found</p></html>", "/x", True),
        ("", "/x", True),
    ],
)
def test_the_rules_are_those_of_rfc_9309(text: str, path: str, allowed: bool) -> None:
    assert _rules(ok(text)).allowed(f"http://x.org{path}") is allowed


@pytest.mark.parametrize(
    ("code", "allowed"), [(404, True), (403, True), (401, True), (301, True), (429, False), (500, False), (503, False)]
)
def test_a_status_decides_where_there_are_no_rules(code: int, allowed: bool) -> None:
    rules = _rules(status(code))
    assert rules.allowed("http://x.org/") is allowed
    assert rules.verdict == ("none" if allowed else "unreachable")


def test_an_unreachable_host_allows_nothing_and_says_why() -> None:
    rules = _rules(b"", Failure.DNS)
    assert not rules.allowed("http://x.org/")
    assert rules.refusal == "dns"


@pytest.mark.parametrize("truncated", [Truncation.TIME, Truncation.DISCONNECT])
def test_rules_that_came_in_part_are_not_taken_for_all_of_them(truncated: Truncation) -> None:
    assert _rules(ok("User-agent: *\nAllow: /\n"), truncated=truncated).verdict == "unreachable"


def test_rules_are_read_to_the_bound_and_to_a_whole_line() -> None:
    padding = "# " + "x" * DEFAULT_LIMITS.max_robots_bytes + "\n"
    assert _rules(ok(padding + "User-agent: *\nDisallow: /\n")).allowed("http://x.org/")
    small = replace(DEFAULT_LIMITS, max_robots_bytes=40)
    text = "User-agent: *\nDisallow: /a\nDisallow: /abcdef\n"
    rules = RobotsRules.from_exchange(exchange_of(ok(text)), small, now=NOW)
    assert not rules.allowed("http://x.org/a")
    text = "User-agent: *\nAllow: /\nDisallow: /abcdef\n"
    assert RobotsRules.from_exchange(exchange_of(ok(text)), small, now=NOW).allowed("http://x.org/abc")


def test_rules_grow_old_after_a_day() -> None:
    rules = _rules(ok(""))
    assert not rules.expired(NOW + timedelta(hours=23), DEFAULT_LIMITS)
    assert rules.expired(NOW + timedelta(hours=25), DEFAULT_LIMITS)


@pytest.mark.parametrize(
    ("text", "delay_s"),
    [
        ("User-agent: *\nCrawl-delay: 7\n", 7.0),
        ("User-agent: *\nCrawl-delay: 0.5\n", 0.5),
        ("User-agent: *\nRequest-rate: 1/10\n", 10.0),
        ("User-agent: *\nRequest-rate: 2/1m\nCrawl-delay: 5\n", 30.0),
        ("User-agent: preserve\nCrawl-delay: 3\n\nUser-agent: *\nCrawl-delay: 9\n", 3.0),
        ("User-agent: *\nCrawl-delay: nan\n", 0.0),
        ("User-agent: *\nCrawl-delay: -1\n", 0.0),
        ("User-agent: *\nCrawl-delay: soon\n", 0.0),
        ("User-agent: *\nRequest-rate: 0/0\n", 0.0),
    ],
)
def test_the_delay_is_what_the_site_asks_for(text: str, delay_s: float) -> None:
    assert _rules(ok(text)).delay_s == delay_s


def test_sitemaps_are_named_whatever_the_group() -> None:
    rules = _rules(ok("Sitemap: http://x.org/a.xml\nUser-agent: other\nDisallow: /\nSitemap: http://x.org/b.xml\n"))
    assert rules.sitemaps == ("http://x.org/a.xml", "http://x.org/b.xml")


def test_the_rules_of_an_address_are_at_the_root_of_its_host_and_port() -> None:
    assert robots_url("https://x.org:8443/a/b?c#d") == "https://x.org:8443/robots.txt"


def _allowed(text: str, product: str, path: str) -> bool:
    return bool(Protego.parse(own_lines(text, product)).can_fetch(f"http://foo.bar{path}", product))


_GROUPS = (
    "allow: /foo/bar/\n\nuser-agent: FooBot\ndisallow: /\nallow: /x/\nuser-agent: BarBot\ndisallow: /\nallow: /y/\n\n\n"
    "allow: /w/\nuser-agent: BazBot\n\nuser-agent: FooBot\nallow: /z/\ndisallow: /\n"
)


# In the form of the cases of Google's parser (robots_test.cc), written anew: text, product token, path, allowed.
@pytest.mark.parametrize(
    ("text", "product", "path", "allowed"),
    [
        # Line syntax: names in any case, blanks, no colon, misspellings; rules before any name count for nobody.
        ("user-agent: FooBot\ndisallow: /\n", "FooBot", "/x", False),
        ("foo: FooBot\nbar: /\n", "FooBot", "/x", True),
        ("user-agent FooBot\ndisallow /\n", "FooBot", "/x", False),
        ("USER-AGENT: FooBot\nDISALLOW: /x\nAllow: /x/y\n", "FooBot", "/x/z", False),
        ("UseRagent: FooBot\nDissallow:/\n", "FooBot", "/x", False),
        ("  user-agent : FooBot # all\n\tdisallow :/x#y\n", "FooBot", "/x", False),
        ("Disallow: /\nuser-agent: FooBot\nAllow: /y\n", "FooBot", "/x", True),
        # Groups.
        (_GROUPS, "FooBot", "/x/b", True),
        (_GROUPS, "FooBot", "/z/d", True),
        (_GROUPS, "FooBot", "/y/c", False),
        (_GROUPS, "BarBot", "/y/c", True),
        (_GROUPS, "BarBot", "/w/a", True),
        (_GROUPS, "BarBot", "/z/d", False),
        (_GROUPS, "BazBot", "/z/d", True),
        (_GROUPS, "FooBot", "/foo/bar/", False),
        # Records that are no rules do not part the names of a group.
        ("User-agent: BarBot\nSitemap: https://foo.bar/s\nUser-agent: *\nDisallow: /\n", "FooBot", "/", False),
        ("User-agent: BarBot\nSitemap: https://foo.bar/s\nUser-agent: *\nDisallow: /\n", "BarBot", "/", False),
        ("User-agent: FooBot\nInvalid-Unknown-Line: unknown\nUser-agent: *\nDisallow: /\n", "FooBot", "/", False),
        ("User-agent: FooBot\n\n\nUser-agent: BarBot\nDisallow: /\n", "FooBot", "/", False),
        ("User-agent: FooBot\nDisallow:\nUser-agent: BarBot\nDisallow: /\n", "FooBot", "/", True),
        # The product token, and nothing behind it.
        ("User-Agent: *\nDisallow: /\nUser-Agent: Foo Bar\nAllow: /x/\nDisallow: /\n", "Foo", "/x/y", True),
        ("User-Agent: *\nDisallow: /\nUser-Agent: Foo Bar\nAllow: /x/\nDisallow: /\n", "Bar", "/x/y", False),
        ("User-agent: foobot/2.1 (+http://x)\nDisallow: /\n", "FooBot", "/x", False),
        ("User-agent: foo\nDisallow: /\n", "FooBot", "/x", True),
        ("User-agent: FooBot-News\nDisallow: /\n", "FooBot", "/x", True),
        ("User-agent: MyFooBot\nDisallow: /\n", "FooBot", "/x", True),
        ("User-agent: FooBot\nDisallow:\n\nUser-agent: *\nDisallow: /\n", "FooBot", "/x", True),
        ("User-agent: * all\nDisallow: /\n", "FooBot", "/x", False),
        ("User-agent: *bot\nDisallow: /\n", "FooBot", "/x", True),
        # Values have capitals; the longest counts; equal ones allow.
        ("user-agent: FooBot\ndisallow: /X/\n", "FooBot", "/x/y", True),
        ("user-agent: FooBot\ndisallow: /x/page.html\nallow: /x/\n", "FooBot", "/x/page.html", False),
        ("user-agent: FooBot\nallow: /x/page.html\ndisallow: /x/\n", "FooBot", "/x/page.html", True),
        ("user-agent: FooBot\ndisallow: \nallow: \n", "FooBot", "/x/page.html", True),
        ("user-agent: FooBot\ndisallow: /\nallow: /\n", "FooBot", "/x/page.html", True),
        ("user-agent: FooBot\ndisallow: /x\nallow: /x/\n", "FooBot", "/x", False),
        ("user-agent: FooBot\ndisallow: /x/page.html\nallow: /x/page.html\n", "FooBot", "/x/page.html", True),
        ("user-agent: FooBot\nallow: /page\ndisallow: /*.html\n", "FooBot", "/page.html", False),
        ("user-agent: FooBot\nallow: /x/page.\ndisallow: /*.html\n", "FooBot", "/x/page.html", True),
        ("User-agent: *\nDisallow: /x/\nUser-agent: FooBot\nDisallow: /y/\n", "FooBot", "/x/page", True),
        # Encodings and special characters.
        ("User-agent: FooBot\nDisallow: /\nAllow: /foo/bar?qux=taz&baz=http://foo.bar?tar&par\n", "FooBot",
         "/foo/bar?qux=taz&baz=http://foo.bar?tar&par", True),
        ("User-agent: FooBot\nDisallow: /\nAllow: /foo/bar/\u30c4\n", "FooBot", "/foo/bar/%E3%83%84", True),
        ("User-agent: FooBot\nDisallow: /\nAllow: /foo/bar/%62%61%7A\n", "FooBot", "/foo/bar/%62%61%7A", True),
        ("User-agent: FooBot\nDisallow: /foo/bar/quz\nAllow: /foo/*/qux\n", "FooBot", "/foo/bar/quz", False),
        ("User-agent: FooBot\nDisallow: /foo/bar$\nAllow: /foo/bar/qux\n", "FooBot", "/foo/bar", False),
        ("User-agent: FooBot\nDisallow: /foo/bar$\nAllow: /foo/bar/qux\n", "FooBot", "/foo/bar/qux", True),
        ("User-agent: FooBot\n# Disallow: /\nDisallow: /foo/quz#qux\nAllow: /\n", "FooBot", "/foo/bar", True),
        ("User-agent: FooBot\nDisallow: /a\u2028b\n", "FooBot", "/a", True),
        # "index.html" stands for its folder.
        ("User-Agent: *\nAllow: /x/index.html\nDisallow: /\n", "FooBot", "/x/", True),
        ("User-Agent: *\nAllow: /x/index.html\nDisallow: /\n", "FooBot", "/x/y", False),
        # Line ends, and nothing at all.
        ("User-Agent: foo\rAllow: /x\r\nDisallow: /", "foo", "/y", False),
        ("", "FooBot", "/x", True),
        ("\x00<html>", "FooBot", "/x", True),
    ],
)  # fmt: skip
def test_rules_are_for_whom_rfc_9309_says(text: str, product: str, path: str, allowed: bool) -> None:
    assert _allowed(text, product, path) is allowed


@pytest.mark.parametrize(
    ("text", "delay_s"),
    [
        ("User-agent: *\nCrawl-delay: 7\nUser-agent: other\nDisallow: /\n", 7.0),
        ("User-agent: other\nCrawl-delay: 7\nUser-agent: preserve/0.1\nDisallow: /\n", 7.0),
        ("User-agent: other\nCrawl-delay: 7\nUser-agent: preserve\nCrawl-delay: 2\n", 2.0),
        ("User-agent: other\nDisallow: /x\nCrawl-delay: 7\n\nUser-agent: *\nDisallow: /\n", 0.0),
        ("User-agent: pre\nCrawl-delay: 7\nDisallow:\n", 0.0),
        ("Crawl-delay: 7\nUser-agent: *\nDisallow:\n", 0.0),
    ],
)
def test_a_delay_is_for_its_group(text: str, delay_s: float) -> None:
    assert _rules(ok(text)).delay_s == delay_s
