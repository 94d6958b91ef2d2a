"""Robots, pace and back-off in whole captures, on a made-up web with a made-up clock."""

from datetime import timedelta
from pathlib import Path

import pytest

from preserve.net.exchange import Failure
from tests.simulated import Simulation, html, links, reply

ROBOTS = "http://x.org/robots.txt"
HOME = "http://x.org/"


@pytest.fixture
def sim(tmp_path: Path) -> Simulation:
    return Simulation(tmp_path)


def _robots(text: str) -> bytes:
    return reply(200, text, "Content-Type: text/plain")


def test_the_delay_stands_between_all_exchanges_with_a_host_robots_txt_among_them(sim: Simulation) -> None:
    sim.politeness = "delay_s: 5"
    sim.web.took_s = 2
    sim.web.pages = {HOME: links("/a", "/b"), "http://x.org/a": html("a"), "http://x.org/b": html("b")}
    assert sim.run().outcome == "complete"
    assert [round(at) for at, _url in sim.web.asked] == [0, 7, 14, 21]


def test_crawl_delay_and_request_rate_are_honoured_where_they_ask_for_more(sim: Simulation) -> None:
    sim.politeness = "delay_s: 1"
    sim.web.pages = {ROBOTS: _robots("User-agent: *\nCrawl-delay: 10\nRequest-rate: 1/20\n"), HOME: links("/a", "/b")}
    sim.run()
    assert [round(at) for at, _url in sim.web.asked] == [0, 20, 40, 60]


def test_hosts_do_not_wait_for_one_another(sim: Simulation) -> None:
    sim.politeness = "delay_s: 30"
    sim.seeds = tuple(f"http://h{n}.org/" for n in range(9))
    sim.run()
    assert {round(at) for at, _url in sim.web.asked} == {0, 30}
    assert len(sim.web.asked) == 18


def test_rules_that_forbid_skip_the_address_and_its_record_of_robots_txt_is_kept(sim: Simulation) -> None:
    sim.web.pages = {ROBOTS: _robots("User-agent: *\nDisallow: /private\n"), HOME: links("/private", "/public")}
    report = sim.run()
    assert sim.web.paths == [HOME, "http://x.org/public"]
    assert sim.accounts["http://x.org/private"] == "skipped robots"
    assert report.counts == {"done": 2, "skipped": 1}


def test_redirects_of_robots_txt_are_followed_five_times_and_a_sixth_allows_everything(sim: Simulation) -> None:
    hops = [f"http://x.org/r{n}" for n in range(1, 8)]
    for here, there in zip([ROBOTS, *hops], hops, strict=False):
        sim.web.pages[here] = reply(301, "", f"Location: {there}")
    sim.web.pages[hops[4]] = _robots("User-agent: *\nDisallow: /\n")
    sim.run()
    assert sim.accounts == {HOME: "skipped robots"}
    sim.web.pages[hops[4]] = reply(301, "", f"Location: {hops[5]}")
    sim.run()
    assert sim.accounts == {HOME: "done http-404"}
    assert hops[5] not in sim.web.paths[len(hops) :][:5]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("trouble", [reply(503), reply(500), reply(429), Failure.TIMEOUT, Failure.CONNECT, Failure.DNS])
def test_a_robots_txt_that_cannot_be_had_is_asked_again_after_pauses_and_then_allows_nothing(
    sim: Simulation, trouble: bytes | Failure
) -> None:
    sim.web.pages = {ROBOTS: trouble, HOME: html("x")}
    sim.run()
    assert sim.web.paths == []
    first, second, third = sim.web.times(ROBOTS)
    assert first == 0
    assert 60 <= second <= 66
    assert 120 <= third - second <= 132
    assert sim.accounts[HOME].startswith("failed ")


def test_a_robots_txt_that_comes_at_the_second_time_opens_the_host(sim: Simulation) -> None:
    sim.web.pages = {ROBOTS: [reply(503), _robots("")], HOME: html("x")}
    sim.run()
    assert sim.accounts == {HOME: "done http-200"}


@pytest.mark.slow
def test_rules_are_asked_for_again_after_a_day(sim: Simulation) -> None:
    sim.politeness = "delay_s: 240"
    sim.web.pages = {HOME: links(*(f"/{n}" for n in range(375)))}
    sim.run()
    assert len(sim.web.times(ROBOTS)) == 2
    assert 86_400 <= sim.web.times(ROBOTS)[1] <= 86_400 + 2 * 240


def test_robots_txt_is_not_asked_for_where_it_is_to_be_ignored(sim: Simulation) -> None:
    sim.politeness = "delay_s: 0\n  robots: ignore"
    sim.web.pages = {ROBOTS: _robots("User-agent: *\nDisallow: /\n"), HOME: html("x")}
    sim.run()
    assert [url for _at, url in sim.web.asked] == [HOME]


def test_an_overloaded_host_is_left_alone_for_pauses_that_double_and_its_pages_are_not_lost(sim: Simulation) -> None:
    sim.web.pages = {HOME: links("/a", "/b"), "http://x.org/a": [reply(503), reply(429), html("a")]}
    sim.run()
    first, second, third = sim.web.times("http://x.org/a")
    assert 60 <= second - first <= 66
    assert 120 <= third - second <= 132
    assert sim.accounts["http://x.org/a"] == "done http-200"
    # The others of the host waited too, and came before what had failed.
    assert first + 60 <= sim.web.times("http://x.org/b")[0] <= second


def test_retry_after_is_honoured_in_both_forms(sim: Simulation) -> None:
    date = "Thu, 01 Jan 2026 00:08:00 GMT"
    sim.web.pages = {
        HOME: [reply(503, "", "Retry-After: 200"), reply(503, "", f"Retry-After: {date}"), html("x")],
    }
    sim.run()
    assert sim.web.times(HOME) == [0, 200, 480]


def test_a_host_that_asks_for_longer_than_a_run_waits_is_left_to_the_next_run(sim: Simulation) -> None:
    sim.seeds = (HOME, "http://y.org/")
    sim.web.pages = {
        HOME: links("/a", "/b"),
        "http://x.org/a": reply(503, "", "Retry-After: 7200"),
        "http://y.org/": html("y"),
    }
    report = sim.run()
    assert report.outcome == "complete"
    assert sim.accounts == {
        HOME: "done http-200",
        "http://y.org/": "done http-200",
        "http://x.org/a": "done http-503",
        "http://x.org/b": "failed host-paused",
    }
    # The pause holds in the next run, a new one, and is over after its time.
    sim.web.asked.clear()
    sim.run()
    assert [url for url in sim.web.paths if "x.org" in url] == []
    assert sim.accounts[HOME] == "failed host-paused"
    sim.web.now += timedelta(hours=2)
    sim.web.pages["http://x.org/a"] = html("a")
    sim.run()
    assert sim.accounts["http://x.org/a"] == "done http-200"


def test_troubles_are_counted_on_in_the_next_run_and_forgiven_after_quiet(sim: Simulation) -> None:
    sim.politeness = "delay_s: 0\n  retries: 0\n  robots: ignore"
    sim.web.pages = {HOME: reply(503)}
    for _run in range(3):
        sim.run()
    first, second, third = sim.web.times(HOME)
    assert 60 <= second - first <= 67
    assert 120 <= third - second <= 133
    sim.web.now += timedelta(hours=1)
    sim.run()
    sim.run()
    fourth, fifth = sim.web.times(HOME)[3:]
    assert 60 <= fifth - fourth <= 67


def test_one_address_that_never_answers_does_not_hold_up_its_host(sim: Simulation) -> None:
    sim.web.pages = {HOME: links("/dead", "/a", "/b"), "http://x.org/dead": Failure.TIMEOUT}
    sim.run()
    assert sim.web.times("http://x.org/b") == [0]
    assert len(sim.web.times("http://x.org/dead")) == 3
    assert sim.accounts["http://x.org/dead"] == "failed timeout"


def test_permanent_failures_are_not_asked_again(sim: Simulation) -> None:
    sim.web.pages = {HOME: links("/gone", "/tls"), "http://x.org/gone": reply(410), "http://x.org/tls": Failure.TLS}
    sim.run()
    assert len(sim.web.asked) == 4
    assert sim.accounts["http://x.org/tls"] == "failed tls"
