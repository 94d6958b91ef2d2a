"""Scope and traps."""

import pytest

from preserve.crawler.scope import Scope


def _scope(requisites: str = "scope", *, traps: bool = True, max_depth: int = 1) -> Scope:
    return Scope(
        include=["http://x.org/cable.php?id=", "re:https?://y\\.org/\\d+$", "http://z.org/"],
        exclude=["re:.*id=13$"],
        max_depth=max_depth,
        requisites=requisites,
        this_year=2026,
        traps=traps,
    )


@pytest.mark.parametrize(
    ("url", "depth", "hop", "reason"),
    [
        ("http://x.org/cable.php?id=12", 1, "link", None),
        ("https://y.org/12", 0, "link", None),
        ("https://y.org/12/x", 0, "link", "out-of-scope"),
        ("http://x.org/cable.php?id=13", 0, "seed", "out-of-scope"),
        ("http://x.org/cable.php?id=12", 2, "link", "too-deep"),
        ("http://elsewhere.org/", 0, "seedR", None),
        ("http://x.org/" + "a" * 5000, 0, "seed", "url-too-long"),
        ("http://z.org/style.css", 2, "requisite", None),
        ("http://elsewhere.org/style.css", 2, "requisite", "out-of-scope"),
    ],
)
def test_scope_takes_prefixes_and_expressions_and_excludes_first(
    url: str, depth: int, hop: str, reason: str | None
) -> None:
    assert _scope().refusal(url, depth=depth, hop=hop) == reason


def test_what_a_page_is_made_of_may_lie_anywhere_where_that_is_asked_for() -> None:
    assert _scope("all").refusal("http://elsewhere.org/style.css", depth=2, hop="requisite+") is None
    assert _scope("all").refusal("http://elsewhere.org/page", depth=1, hop="link") == "out-of-scope"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/a/b/c/d/e/f/g/h/i/j/k", None),
        ("/a/a/a", None),
        ("/a/a/a/a", "trap-repetition"),
        ("/favicons/x/favicons/x/favicons/x/favicons/", "trap-repetition"),
        ("/a/b/a/b/a/b/c/d/e/f", "trap-repetition"),
        ("/" * 200, None),
        ("/x?p=1&p=1&p=1&p=1", "trap-repetition"),
        ("/x?p=1&p=2&p=3&p=4", None),
        ("/calendar/2026-07", None),
        ("/calendar/1066-10", None),
        ("/calendar/2031/01", "trap-calendar"),
        ("/cal?year=2031&month=1", "trap-calendar"),
        ("/cable.php?year=2005&id=1234", None),
        ("/cable.php?year=2005&id=2613", None),
        ("/date/2005-02-03/1500.html", None),
        ("/date/2005-02-03/2613.html", None),
        ("/day/2613", None),
        ("/year/2613/", "trap-calendar"),
        ("/leapyear=2613", None),
        ("/0/0/0/0/0/12.html", None),
        ("/find?q=x&a=&a=&a=&a=&a=", None),
        ("/events?month=2031-01", "trap-calendar"),
        ("/cable/1966/12/66BUENOSAIRES2481.html", None),
        ("/cable/2088/12/x.html", None),
        ("/calendar/item-12345", None),
    ],
)
def test_what_a_site_makes_up_without_end_is_left_by_rule(path: str, reason: str | None) -> None:
    url = f"http://z.org{path}"
    assert _scope(max_depth=9).refusal(url, depth=1, hop="link") == reason
    assert _scope(max_depth=9).refusal(url, depth=0, hop="seed") is None
    assert _scope(max_depth=9, traps=False).refusal(url, depth=1, hop="link") is None


def test_beginnings_are_compared_in_canonical_form() -> None:
    def refusal(entry: str, url: str) -> str | None:
        scope = Scope(include=[entry], exclude=[], max_depth=9, requisites="none", this_year=2026)
        return scope.refusal(url, depth=1, hop="link")

    assert refusal("HTTP://X.ORG:80/%7euser/", "http://x.org/~user/a") is None
    assert refusal("http://x.org/a|", "http://x.org/a%7Cb") is None
    assert refusal("http://x.org/a?", "http://x.org/a?b") is None
    assert refusal("http://x.org/a?", "http://x.org/ab") == "out-of-scope"
    assert refusal("http://b\u00fccher.example/", "http://xn--bcher-kva.example/a") is None
    assert refusal("http://x.org./", "http://x.org/a") is None
    assert refusal("http://x.org/", "http://x.org..") == "out-of-scope"
