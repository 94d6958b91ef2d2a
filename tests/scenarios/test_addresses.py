"""Addresses as browsers read them, from pages to requests."""

from pathlib import Path

import pytest

from tests.simulated import Simulation, html, reply


@pytest.fixture
def sim(tmp_path: Path) -> Simulation:
    return Simulation(tmp_path)


def test_what_is_asked_for_is_what_a_browser_asks_for(sim: Simulation) -> None:
    body = "<base href=/d/><base href=/no/><a href='a\\b?q=\"x\"'>1</a><a href='c#d'>2</a><a href='../e'>3</a>"
    moved = reply(302, "", "Location: /caf\\x")
    sim.web.pages = {"http://x.org/": html(body, "Refresh: 5;url='/later' x"), "http://x.org/e": moved}
    sim.run()
    asked = {path.removeprefix("http://x.org") for path in sim.web.paths}
    assert asked >= {"/", "/d/a/b?q=%22x%22", "/d/c", "/e", "/later", "/caf/x"}
    assert "/no/c" not in asked


def test_every_address_that_is_left_out_stands_in_the_report(sim: Simulation) -> None:
    long, session = "b" * 5000, "PHPSESSID=" + "0" * 31
    body = f"<a href=//y.org/>1</a><a href=/a/a/a/a/>2</a><a href='/p?{session}1'>3</a><a href='/p?{session}2'>4</a>"
    sim.scope = "include: ['http://x.org/']"
    sim.web.pages = {"http://x.org/": html(f"{body}<a href={long}>5</a>"), f"http://x.org/p?{session}1": html("p")}
    report = sim.run()
    left = {url: how for url, how in sim.accounts.items() if how.startswith("skipped")}
    assert left == {
        "http://y.org/": "skipped out-of-scope",
        "http://x.org/a/a/a/a/": "skipped trap-repetition",
        f"http://x.org/p?{session}2": "skipped trap-session",
        f"http://x.org/{long}": "skipped url-too-long",
    }
    assert report.refused == {"out-of-scope": 1, "trap-repetition": 1, "trap-session": 1, "url-too-long": 1}


def test_sitemaps_are_named_as_addresses_and_of_the_own_host(sim: Simulation) -> None:
    sim.scope = "include: ['re:.*']\n  sitemaps: true"
    sim.politeness = "delay_s: 0\n  robots: obey"
    listed = "<urlset><loc>http://x.org/listed</loc></urlset>"
    named = "Sitemap: HTTP://X.ORG:80/a|b.xml\nSitemap: /c.xml\nSitemap: http://y.org/d.xml\n"
    sim.web.pages = {"http://x.org/robots.txt": reply(200, named), "http://x.org/": html("x")}
    sim.web.pages |= {f"http://x.org/{path}": reply(200, listed) for path in ("a|b.xml", "c.xml")}
    report = sim.run()
    assert {"http://x.org/a|b.xml", "http://x.org/c.xml", "http://x.org/listed"} <= set(sim.web.paths)
    assert sim.accounts["http://y.org/d.xml"] == "skipped out-of-scope"
    assert report.refused == {"out-of-scope": 1}


def test_what_was_not_read_of_a_page_or_list_is_told(sim: Simulation) -> None:
    sim.scope = "include: ['re:.*']\n  sitemaps: true"
    sim.politeness = "delay_s: 0\n  robots: obey"
    sim.web.pages = {
        "http://x.org/robots.txt": reply(200, "Sitemap: http://x.org/map.xml\n"),
        "http://x.org/map.xml": html("<p>gone"),
        "http://x.org/": html("".join(f"<a href=/{n}>x</a>" for n in range(9))),
    }
    report = sim.run(max_links_per_page=5)
    assert set(report.findings) == {
        ("http://x.org/", "W-LINKS-PART", "more than 5 links"),
        ("http://x.org/map.xml", "W-LINKS-PART", "no sitemap but <p>"),
    }
    assert report.findings_total == 2
    assert not {f"http://x.org/{n}" for n in range(5)} - set(sim.web.paths)
