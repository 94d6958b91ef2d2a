"""What is held is looked at again, and a run says what became of it: sites that die, and some that live."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest

from preserve.crawler.capture import RunReport
from preserve.demo_site.pages import replies
from preserve.net.exchange import Failure
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import RunStatement, decode
from preserve.store.layout import CollectionPaths
from tests.shell import Shell
from tests.simulated import Reply, Simulation, html, links, reply
from tests.site import Site

ROOT = "http://x.org/"
NAMES = ("a", "b", "c", "d", "e")


def _text(name: str) -> str:
    return " ".join(f"{name}{word}" for word in ("lorem", "ipsum", "dolor", "amet"))


def _site(folder: Path, *, scope: str = "include: ['http://x.org/']") -> Simulation:
    sim = Simulation(folder, scope=scope)
    sim.politeness = "delay_s: 0\n  retries: 0\n  max_wait_s: 0"
    sim.web.pages[ROOT] = links(*(f"/{name}" for name in NAMES))
    for name in NAMES:
        sim.web.pages[f"{ROOT}{name}"] = html(_text(name))
    _run(sim)
    return sim


def _run(sim: Simulation, *, days: float = 1) -> RunReport:
    sim.web.now += timedelta(days=days)
    sim.web.asked.clear()
    return sim.run()


def _everywhere(answer: Reply) -> dict[str, Reply]:
    return {ROOT: answer, **{f"{ROOT}{name}": answer for name in NAMES}}


CLOSED = html("<p>This site has closed. We thank our readers.</p>")
DEATHS: dict[str, tuple[Mapping[str, Reply], dict[str, int]]] = {
    "dead": (_everywhere(reply(404, "no")), {"gone": 6}),
    "closed": (_everywhere(CLOSED), {"soft-gone": 6}),
    "closed and says where": (
        {url: html(f"<p>{url} has closed on 3.12.</p>") for url in _everywhere(CLOSED)},
        {"soft-gone": 6},
    ),
    "emptied behind its front page": (
        {ROOT: html("Welcome"), **{f"{ROOT}{name}": html("") for name in NAMES}},
        {"changed": 1, "soft-gone": 5},
    ),
    "led to its front page": (
        {ROOT: html("Welcome"), **{f"{ROOT}{name}": reply(302, "", "Location: /") for name in NAMES}},
        {"changed": 1, "soft-gone": 5},
    ),
    "moved away": (
        {url: reply(301, "", f"Location: {url.replace('x.org', 'y.org')}") for url in _everywhere(CLOSED)},
        # Where a seed leads is asked for, and is not there.
        {"gone": 1, "moved-away": 5},
    ),
    "down": (_everywhere(Failure.CONNECT), {"not-reached": 6}),
    "forbidden by robots.txt": (
        {ROOT + "robots.txt": reply(200, "User-agent: *\nDisallow: /\n", "Content-Type: text/plain")},
        {"not-reached": 6},
    ),
    "robots.txt cannot be had": ({ROOT + "robots.txt": reply(503)}, {"not-reached": 6}),
    "in trouble": ({f"{ROOT}{name}": reply(500) for name in NAMES}, {"error": 5, "unchanged": 1}),
    "behind a login that says whereto": (
        {
            **{f"{ROOT}{name}": reply(302, "", f"Location: /login?next=%2F{name}") for name in NAMES},
            **{f"{ROOT}login?next=%2F{name}": html(f"Log in to read /{name}") for name in NAMES},
        },
        {"new": 5, "soft-gone": 5, "unchanged": 1},
    ),
    "led to its front page by many addresses": (
        {
            **{f"{ROOT}{name}": reply(301, "", f"Location: /?from={name}") for name in NAMES},
            **{f"{ROOT}?from={name}": html("Welcome back, reader") for name in NAMES},
        },
        {"new": 5, "soft-gone": 5, "unchanged": 1},
    ),
    "data and no pages": (
        {f"{ROOT}{name}": reply(200, f'{{"error": "{name}"}}', "Content-Type: application/json") for name in NAMES},
        {"soft-gone": 5, "unchanged": 1},
    ),
    "behind a login": (
        {ROOT + "login": html("Log in"), **{url: reply(302, "", "Location: /login") for url in _everywhere(CLOSED)}},
        {"new": 1, "soft-gone": 6},
    ),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("death", DEATHS)
def test_a_site_that_dies_is_told_in_that_run_and_in_the_next(tmp_path: Path, death: str) -> None:
    sim = _site(tmp_path)
    pages, seen = DEATHS[death]
    sim.web.pages |= pages
    first = _run(sim)
    assert dict(first.compared.seen) == seen
    assert not first.compared.good
    lost = first.compared.lost
    assert lost >= 5
    assert {told.url for told in first.compared.told} >= {f"{ROOT}{name}" for name in NAMES}
    again = _run(sim)
    assert (again.compared.lost, again.compared.good) == (lost, False)
    entries = (entry for _index, entry in Ledger(CollectionPaths(sim.archives, "sim")).raw())
    stated = [said for entry in entries if isinstance(said := decode(entry), RunStatement)]
    assert [said.compared.good for said in stated[1:] if said.compared] == [False, False]
    assert sum(1 for end in stated[-1].urls if end.seen) >= lost


def test_a_page_that_leads_to_an_error_page_has_not_moved(tmp_path: Path) -> None:
    sim = _site(tmp_path)
    sim.web.pages[ROOT + "a"] = reply(302, "", "Location: /e/a")
    sim.web.pages[ROOT + "e/a"] = html("<title>404 Not Found</title>no")
    assert dict(_run(sim).compared.seen) == {"new": 1, "soft-gone": 1, "unchanged": 5}


@pytest.mark.parametrize("way", ["there", "where it leads to"])
@pytest.mark.parametrize(("words", "seen"), [("Sign in to go on", "soft-gone"), ("{id}: by a new layout", "held")])
def test_a_page_without_its_cable_is_the_page_where_it_names_it(
    shell: Shell, site: Site, way: str, words: str, seen: str
) -> None:
    path, page = next((path, page) for path, page in replies(1).items() if path.startswith("/cable.php?id=101"))
    site.page("/", f'<a href="{path}">x</a>'.encode())
    site.page(path, page.body)
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    (held,) = shell("list", "--collection", "demo").splitlines()[1:]
    body = f"<p>{words.format(id=held.split()[0])}</p>".encode()
    site.page("/elsewhere" if way != "there" else path, body)
    if way != "there":
        site.replies[path] = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"

    said = shell.json("capture", "demo", status=None)["compared"]["seen"]

    kept = "changed" if way == "there" else "moved"
    assert said.get(kept if seen == "held" else seen) == 1


def test_a_page_that_shows_another_cable_is_not_the_page(shell: Shell, site: Site) -> None:
    wanted = ("/cable.php?id=101", "/cable.php?id=103")
    site.page("/", "".join(f'<a href="{path}">x</a>' for path in wanted).encode())
    shown = {path: page.body for path, page in replies(1).items() if path in wanted}
    for path, body in shown.items():
        site.page(path, body)
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    site.page(wanted[0], shown[wanted[1]])
    said = shell.json("capture", "demo", status=1)["compared"]
    assert (said["seen"], said["lost"]) == ({"soft-gone": 1, "unchanged": 2}, 1)
    (told,) = said["told"]
    assert told["url"] == site.url(wanted[0])
    rot = shell.json("rot", "--all", status=1)["counts"]
    assert (rot["soft-404"], rot["alive"]) == (1, 2)


def test_a_page_that_shows_one_cable_after_the_other_changes(shell: Shell, site: Site) -> None:
    bodies = [page.body for path, page in replies(1).items() if path.startswith("/cable.php?id=10")]
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    seen = []
    for body in (bodies[0], bodies[2], bodies[2] + b"<!-- again -->", bodies[3]):
        site.page("/", body)
        seen.append(shell.json("capture", "demo", status=None)["compared"]["seen"])
    # What stands there for good is not what stood there, and what stands there for a day never was.
    assert seen[1:] == [{"soft-gone": 1}, {"soft-gone": 1}, {"changed": 1}]


def test_pages_that_each_move_are_moved(tmp_path: Path) -> None:
    sim = _site(tmp_path)
    for name in NAMES:
        sim.web.pages[f"{ROOT}{name}"] = reply(301, "", f"Location: /new/{name}")
        sim.web.pages[f"{ROOT}new/{name}"] = html(_text(name))
    report = _run(sim)
    assert dict(report.compared.seen) == {"moved": 5, "new": 5, "unchanged": 1}
    assert report.compared.good


def test_pages_that_become_documents_are_changed(tmp_path: Path) -> None:
    sim = _site(tmp_path)
    for name in NAMES:
        sim.web.pages[f"{ROOT}{name}"] = reply(200, f"%PDF-1.7 {name}", "Content-Type: application/pdf")
    assert dict(_run(sim).compared.seen) == {"changed": 5, "unchanged": 1}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("death", ["dead", "closed", "down", "forbidden by robots.txt"])
def test_a_site_that_is_back_is_good_again(tmp_path: Path, death: str) -> None:
    sim = _site(tmp_path)
    living = dict(sim.web.pages)
    sim.web.pages |= DEATHS[death][0]
    assert not _run(sim).compared.good
    assert not _run(sim).compared.good
    sim.web.pages = living
    report = _run(sim)
    assert (dict(report.compared.seen), report.compared.good) == ({"unchanged": 6}, True)


def test_a_page_that_went_with_its_link_is_asked_for_and_told_every_time(tmp_path: Path) -> None:
    sim = _site(tmp_path)
    sim.web.pages[ROOT] = links(*(f"/{name}" for name in NAMES[1:]))
    del sim.web.pages[f"{ROOT}a"]
    for changed in ({"changed": 1}, {}):
        report = _run(sim)
        assert f"{ROOT}a" in sim.web.paths
        assert dict(report.compared.seen) == {**changed, "gone": 1, "unchanged": 5 - len(changed)}
        # One page of six is more than a tenth, and one is no site.
        assert (report.compared.lost, report.compared.good) == (1, True)


def test_a_living_site_is_never_told_dead(tmp_path: Path) -> None:
    sim = _site(tmp_path)
    for turn in range(3):
        for name in NAMES[:3]:
            sim.web.pages[f"{ROOT}{name}"] = html(f"{_text(name)} edition {'x' * turn} of {name}")
        sim.web.pages[f"{ROOT}new{turn}"] = html("new")
        sim.web.pages[ROOT] = links("/a", "/b", "/d", "/e", f"/new{turn}")
        report = _run(sim)
        assert (report.compared.lost, report.compared.good) == (0, True)
        assert report.compared.seen["new"] == 1


def test_one_page_that_always_served_all_addresses_may_change(tmp_path: Path) -> None:
    sim = Simulation(tmp_path, scope="include: ['http://x.org/']")
    for word in ("one", "other", "third"):
        sim.web.pages |= _everywhere(html(f"{word} shell <a href=/a>a</a><a href=/b>b</a><a href=/c>c</a>"))
        report = _run(sim)
        assert (report.compared.lost, report.compared.good) == (0, True)


def test_what_a_run_may_not_look_at_waits_and_is_next(tmp_path: Path) -> None:
    sim = _site(tmp_path)
    names = [f"p{number}" for number in range(60)]
    sim.web.pages[ROOT] = links(*(f"/{name}" for name in names))
    for name in names:
        sim.web.pages[f"{ROOT}{name}"] = html(_text(name))
    _run(sim)
    sim.web.pages[ROOT] = links()
    sim.more = "max_recheck: 10\n"
    asked: set[str] = set()
    for _turn in range(8):
        report = _run(sim)
        assert len(sim.web.paths) <= 31
        asked |= set(sim.web.paths)
        left = report.compared.left.get("max-recheck", 0)
        assert left + len(sim.web.paths) == 66
    assert len(asked) == 66


def test_only_what_is_linked_or_long_not_looked_at_where_that_is_wanted(tmp_path: Path) -> None:
    sim = _site(tmp_path)
    sim.web.pages[ROOT] = links()
    sim.more = "recheck: linked\n"
    assert _run(sim).compared.left == {}
    assert sim.web.paths == [ROOT]
    sim.more = "recheck: 3d\n"
    report = _run(sim)
    assert (sim.web.paths, dict(report.compared.left)) == ([ROOT], {"not-due": 5})
    _run(sim, days=2)
    assert len(sim.web.paths) == 6


def test_a_held_page_is_judged_by_the_scope_of_today_and_is_no_trap(tmp_path: Path) -> None:
    trap = f"{ROOT}x/x/x/x/page"
    sim = _site(tmp_path)
    sim.scope = "include: ['http://x.org/']\n  traps: follow"
    sim.web.pages[ROOT] = links("/x/x/x/x/page", "/a")
    sim.web.pages[trap] = html("no trap")
    _run(sim)
    sim.scope = "include: ['http://x.org/']\n  exclude: ['http://x.org/b']"
    sim.web.pages[ROOT] = links()
    report = _run(sim)
    assert trap in sim.web.paths
    assert f"{ROOT}b" not in sim.web.paths
    assert dict(report.compared.left) == {"out-of-scope": 1}


def test_a_held_page_that_nothing_links_to_leads_on_as_deep_as_it_was(tmp_path: Path) -> None:
    sim = _site(tmp_path)
    sim.web.pages[ROOT] = links()
    sim.web.pages[f"{ROOT}a"] = links("/below")
    sim.web.pages[f"{ROOT}below"] = html("below")
    _run(sim)
    assert f"{ROOT}below" in sim.web.paths


def test_the_report_is_plain_json(tmp_path: Path) -> None:
    sim = _site(tmp_path)
    sim.web.pages |= DEATHS["dead"][0]
    told = json.loads(json.dumps(asdict(_run(sim))))
    assert told["compared"]["seen"] == {"gone": 6}
    assert told["compared"]["why"].startswith("6 of 6 pages")


def test_a_page_that_is_as_it_was_long_ago_has_changed_once(tmp_path: Path) -> None:
    sim = _site(tmp_path)
    page = sim.web.pages[f"{ROOT}a"]
    sim.web.pages[f"{ROOT}a"] = html("another text for a while")
    assert _run(sim).compared.seen["changed"] == 1
    sim.web.pages[f"{ROOT}a"] = page
    assert _run(sim).compared.seen["changed"] == 1
    assert dict(_run(sim).compared.seen) == {"unchanged": 6}
