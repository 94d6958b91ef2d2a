"""Pages that seldom change are asked for less often; what is due is asked for, wherever it is linked."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from preserve.config.adaptive import AdaptiveConfig
from preserve.net.exchange import Failure
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import ComparedRun, RunEnd, RunStatement, decode
from preserve.store.layout import CollectionPaths
from tests.shell import Shell
from tests.simulated import Reply, Simulation, Web, html, links, reply
from tests.site import Site

ROOT = "http://x.org/"
ROBOTS = "http://x.org/robots.txt"
HELD = "skipped not-due"


def _simulation(folder: Path, pages: Mapping[str, Reply | list[Reply] | list[bytes]]) -> Simulation:
    sim = Simulation(folder, adaptive=AdaptiveConfig(min="1d", max="60d"))
    for url, answer in pages.items():
        sim.web.pages[url] = [*answer] if isinstance(answer, list) else answer
    return sim


def _on(sim: Simulation, day: float) -> list[str]:
    """A run on a day; what it asked for, robots.txt left out."""
    sim.web.now = sim.web.start + timedelta(days=day)
    sim.web.asked.clear()
    assert sim.run().outcome == "complete"
    return sim.web.paths


@dataclass
class _Changing(Web):
    """``weeks``: addresses that show something else every so many weeks."""

    weeks: dict[str, int] = field(default_factory=dict)

    def answer(self, url: str) -> Reply:
        if url not in self.weeks:
            return super().answer(url)
        return html(f"edition {(self.now - self.start).days // 7 // self.weeks[url]}")


def _two_years(folder: Path, *, every: int, shortest: str, longest: str) -> dict[str, list[int]]:
    """The days on which each address is asked for, with a run every so many days."""
    sim = Simulation(folder, adaptive=AdaptiveConfig(min=shortest, max=longest))
    sim.web = _Changing(
        pages={ROOT: links("/weekly", "/monthly", "/never"), "http://x.org/never": html("for ever")},
        weeks={"http://x.org/weekly": 1, "http://x.org/monthly": 4},
    )
    asked: dict[str, list[int]] = {}
    for day in range(0, 731, every):
        for url in _on(sim, day):
            asked.setdefault(url.rpartition("/")[2], []).append(day)
    return asked


def _longest_gap(days: list[int]) -> int:
    return max(later - day for day, later in pairwise(days))


@pytest.mark.slow
def test_two_years_of_weekly_runs(tmp_path: Path) -> None:
    asked = _two_years(tmp_path, every=7, shortest="7d", longest="26w")
    # Intervals of 7, 10.5, 15.75 ... and at last 182 days, each up to the next run; a run 0.7 days early counts.
    assert asked["never"] == asked[""] == [7 * week for week in (0, 1, 3, 6, 10, 15, 23, 35, 52, 78, 104)]
    assert asked["weekly"] == list(range(0, 731, 7))
    assert 26 <= len(asked["monthly"]) < 80
    assert _longest_gap(asked["monthly"]) <= 4 * 7


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_years_of_daily_runs(tmp_path: Path) -> None:
    asked = _two_years(tmp_path, every=1, shortest="1d", longest="60d")
    # Intervals of 1, 1.5, 2.25, 3.375 ... days, each up to the next run; a run 0.1 days early counts.
    assert asked["never"] == asked[""] == [0, 1, 3, 6, 10, 15, 23, 35, 52, 78, 117, 175, *range(235, 731, 60)]
    assert 731 // 7 < len(asked["weekly"]) < 731 // 3
    assert _longest_gap(asked["weekly"]) <= 7
    assert len(asked["never"]) < len(asked["monthly"]) < len(asked["weekly"])
    assert _longest_gap(asked["monthly"]) <= 60


def test_without_the_option_everything_is_asked_for(tmp_path: Path) -> None:
    sim = _simulation(tmp_path, {ROOT: links("/a")})
    _on(sim, 0)
    assert _on(sim, 0.5) == []
    sim.adaptive = None
    assert _on(sim, 0.6) == [ROOT, "http://x.org/a"]


def test_what_is_not_due_is_skipped_and_the_run_is_complete(tmp_path: Path) -> None:
    sim = _simulation(tmp_path, {ROOT: links("/a", "http://y.org/"), "http://y.org/": html("y")})
    _on(sim, 0)
    assert _on(sim, 0.89) == []
    assert sim.accounts == {ROOT: HELD, "http://x.org/a": HELD, "http://y.org/": HELD}
    report = sim.run()
    assert (report.outcome, report.counts, report.reasons, report.problems) == (
        "complete",
        {"skipped": 3},
        {"not-due": 3},
        (),
    )
    assert sorted(_on(sim, 0.91)) == [ROOT, "http://x.org/a", "http://y.org/"]


@pytest.mark.parametrize("conditional", ["true", "false"])
def test_a_revisit_is_a_look_that_shows_the_same_and_its_links_are_those_of_the_page(
    tmp_path: Path, conditional: str
) -> None:
    page = html("<a href=/a>a</a>", "ETag: 1")
    again = reply(304) if conditional == "true" else page
    child = [html("1"), html("2"), html("3"), html("4")]
    sim = _simulation(tmp_path, {ROOT: [page, again], "http://x.org/a": child})
    sim.politeness = f"delay_s: 0\n  conditional: {conditional}"
    for day in (0, 1):
        assert _on(sim, day) == [ROOT, "http://x.org/a"]
    # The page is due 1.5 days from the last; the other, which changes, is reached through what the revisit repeats.
    assert _on(sim, 2.2) == ["http://x.org/a"]
    assert sim.accounts[ROOT] == HELD
    assert sim.accounts == {ROOT: HELD, "http://x.org/a": "done http-200"}


def test_what_a_redirect_leads_to_is_reached_while_the_redirect_is_not_due(tmp_path: Path) -> None:
    moved = reply(302, "", "Location: /target")
    sim = _simulation(tmp_path, {ROOT: moved, "http://x.org/target": [html(str(n)) for n in range(9)]})
    for day in (0, 1, 2.5):
        assert _on(sim, day) == [ROOT, "http://x.org/target"]
    assert _on(sim, 3.5) == ["http://x.org/target"]
    assert sim.accounts[ROOT] == HELD


def test_a_redirect_that_leads_elsewhere_has_changed(tmp_path: Path) -> None:
    there = [reply(302, "moved", f"Location: /{n}") for n in "aab"]
    sim = _simulation(tmp_path, {ROOT: there})
    for day in (0, 1, 2.5):
        assert ROOT in _on(sim, day)
    # 1.5 days, and then the mean of that and 1.
    assert ROOT not in _on(sim, 2.5 + 1.14)
    assert ROOT in _on(sim, 2.5 + 1.16)


def test_an_error_page_is_asked_for_less_often_while_it_stays_one(tmp_path: Path) -> None:
    sim = _simulation(tmp_path, {ROOT: [reply(404, "gone"), reply(404, "gone"), html("back")]})
    for day in (0, 1, 2.5):
        assert _on(sim, day) == [ROOT]
    assert sim.accounts[ROOT] == "done http-200"
    assert _on(sim, 2.5 + 1.1) == []
    assert _on(sim, 2.5 + 1.2) == [ROOT]


def test_after_a_passing_error_a_page_that_is_held_is_due(tmp_path: Path) -> None:
    page = links("/a")
    sim = _simulation(tmp_path, {ROOT: [page] * 4 + [reply(500, "oh"), page], "http://x.org/a": html("a")})
    sim.politeness = "delay_s: 0\n  retries: 0"
    for day in (0, 1, 3, 6):
        assert ROOT in _on(sim, day)
    # What it led to is due as well, and held: it is asked for though nothing leads to it.
    assert _on(sim, 10) == [ROOT, "http://x.org/a"]
    assert _on(sim, 10.8) == [ROOT]
    assert _on(sim, 11) == []


def test_after_a_passing_error_an_address_that_was_no_page_is_due_after_the_shortest_interval(tmp_path: Path) -> None:
    sim = _simulation(tmp_path, {ROOT: [*[reply(500, "oh")] * 5, html("a")]})
    sim.politeness = "delay_s: 0\n  retries: 0"
    for day in (0, 1, 2, 3):
        assert _on(sim, day) == [ROOT]
    assert _on(sim, 3.8) == []
    assert _on(sim, 4) == [ROOT]


def test_an_address_that_gave_no_reply_is_due(tmp_path: Path) -> None:
    answers: list[Reply] = [*[Failure.DISCONNECT] * 3, html("a")]
    sim = _simulation(tmp_path, {ROOT: links("/a"), "http://x.org/a": answers})
    _on(sim, 0)
    assert sim.accounts["http://x.org/a"] == "failed disconnect"
    assert _on(sim, 0.1) == ["http://x.org/a"]


def test_a_failed_look_changes_no_interval(tmp_path: Path) -> None:
    answers: list[Reply] = [html("a"), html("a"), Failure.DISCONNECT, html("a")]
    sim = _simulation(tmp_path, {ROOT: answers})
    sim.politeness = "delay_s: 0\n  retries: 0"
    for day in (0, 1, 2.5, 2.6):
        assert _on(sim, day) == [ROOT]
    # The third look was at day 2.6: 2.25 days after it, less a tenth.
    assert _on(sim, 4.7) == []
    assert _on(sim, 4.8) == [ROOT]


def test_a_challenge_is_no_look(tmp_path: Path) -> None:
    wall = reply(403, "<title>Just a moment...</title>", "Content-Type: text/html", "cf-mitigated: challenge")
    sim = _simulation(tmp_path, {ROOT: [html("a"), wall, wall, html("a")]})
    _on(sim, 0)
    for day in (1, 1.2, 1.4):
        assert _on(sim, day) == [ROOT]
    assert _on(sim, 1.5) == []


def test_what_a_page_is_made_of_is_reached_while_the_page_is_not_due(tmp_path: Path) -> None:
    css = reply(200, "@import 'b.css';", "Content-Type: text/css")
    images = [reply(200, b"\x89PNG%d" % n, "Content-Type: image/png") for n in range(9)]
    sim = _simulation(
        tmp_path,
        {
            ROOT: html("<link rel=stylesheet href=/a.css>"),
            "http://x.org/a.css": css,
            "http://x.org/b.css": reply(200, "p {background: url(i.png)}", "Content-Type: text/css"),
            "http://x.org/i.png": images,
        },
    )
    for day in (0, 1, 2.5):
        assert len(_on(sim, day)) == 4
    assert _on(sim, 3.5) == ["http://x.org/i.png"]


def test_a_sitemap_that_is_not_due_still_leads_on(tmp_path: Path) -> None:
    urls = "<urlset><url><loc>http://x.org/s</loc></url></urlset>"
    sim = _simulation(
        tmp_path,
        {
            ROBOTS: reply(200, "Sitemap: http://x.org/map.xml\n", "Content-Type: text/plain"),
            ROOT: html("root"),
            "http://x.org/map.xml": reply(200, urls, "Content-Type: application/xml"),
            "http://x.org/s": [html(str(n)) for n in range(9)],
        },
    )
    sim.scope = "include: ['re:.*']\n  sitemaps: true"
    for day in (0, 1, 2.5):
        assert len(_on(sim, day)) == 3
    assert _on(sim, 3.5) == ["http://x.org/s"]


def test_a_page_that_robots_txt_forbids_by_now_is_refused(tmp_path: Path) -> None:
    sim = _simulation(tmp_path, {ROOT: html("root")})
    sim.seeds = ("http://x.org/a", ROOT)
    _on(sim, 0)
    sim.seeds = ("http://x.org/also", *sim.seeds)
    sim.politeness = "delay_s: 100"
    sim.web.pages[ROBOTS] = reply(200, "User-agent: *\nDisallow: /a\n", "Content-Type: text/plain")
    assert _on(sim, 0.5) == []
    assert [url for _at, url in sim.web.asked] == [ROBOTS]
    refused = dict.fromkeys(sim.seeds[:2], "skipped robots")
    assert sim.accounts == {ROOT: HELD, **refused}
    assert sim.web.now - sim.web.start < timedelta(days=0.5, seconds=1)


def test_nothing_is_waited_for_where_nothing_is_asked_for(tmp_path: Path) -> None:
    paths = [f"/{n}" for n in range(100)]
    sim = _simulation(tmp_path, {ROOT: links(*paths), "http://x.org/99": [html("a"), html("b"), html("c")]})
    for day in (0, 1, 2.5):
        assert len(_on(sim, day)) == 101
    sim.politeness = "delay_s: 100"
    assert _on(sim, 3.2) == []
    assert sim.web.now - sim.web.start < timedelta(days=3.2, seconds=1)
    # Of 101 addresses one is due: it waits because robots.txt was asked for, and the others for nothing.
    assert _on(sim, 3.7) == ["http://x.org/99"]
    assert sim.web.now - sim.web.start < timedelta(days=3.7, seconds=101)


def test_what_is_due_between_pages_that_are_not_keeps_the_pace(tmp_path: Path) -> None:
    paths = [f"/{n}" for n in range(8)]
    pages = {f"http://x.org/{n}": [html(f"{n} {day}") for day in range(9)] for n in (2, 3, 6)}
    pages["http://x.org:81/"] = [html(f"{day}") for day in range(9)]
    sim = _simulation(tmp_path, {ROOT: links(*paths, "http://x.org:81/"), **pages})
    for day in (0, 1, 2.5):
        _on(sim, day)
    sim.politeness = "delay_s: 100"
    assert sorted(_on(sim, 3.7)) == [*[f"http://x.org/{n}" for n in (2, 3, 6)], "http://x.org:81/"]
    moments = [moment for moment, _url in sim.web.asked]
    assert len(moments) == 6
    assert all(99.9 < later - moment < 100.1 for moment, later in pairwise(moments))


def test_a_host_that_wants_a_pause_holds_up_only_what_is_due(tmp_path: Path) -> None:
    busy = reply(429, "", "Retry-After: 40")
    sim = _simulation(tmp_path, {ROOT: links("/a", "/b"), "http://x.org/a": [html("a"), busy, html("a")]})
    sim.politeness = "delay_s: 0\n  retries: 0"
    sim.scope = "include: ['re:.*']\n  exclude: ['http://x.org/b']"
    _on(sim, 0)
    sim.scope = "include: ['re:.*']"
    assert _on(sim, 0.5) == ["http://x.org/b"]
    began = sim.web.now
    _on(sim, 1)
    assert sim.accounts == {ROOT: "done http-200", "http://x.org/a": "done http-429", "http://x.org/b": HELD}
    assert sim.web.now - began < timedelta(days=0.5, seconds=30)


def _damage(sim: Simulation, url: str) -> None:
    """Overwrites the newest record of an address."""
    with sqlite3.connect(sim.archives / "sim" / "state" / "catalogue.sqlite") as database:
        file, offset, length = database.execute(
            "SELECT file, offset, length FROM records WHERE uri = ? AND type = 'response' ORDER BY date DESC", (url,)
        ).fetchone()
    database.close()
    path = sim.archives / "sim" / "archive" / file
    data = bytearray(path.read_bytes())
    data[offset + 20 : offset + length] = bytes(length - 20)
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.damages
@pytest.mark.parametrize("status", [200, 404])
def test_a_page_whose_record_is_damaged_is_due(tmp_path: Path, status: int) -> None:
    sim = _simulation(tmp_path, {ROOT: links("/a"), "http://x.org/a": reply(status, "a page")})
    _on(sim, 0)
    _damage(sim, "http://x.org/a")
    assert _on(sim, 0.2) == ["http://x.org/a"]
    assert _on(sim, 0.4) == []


def test_a_page_that_was_not_kept_whole_is_due(tmp_path: Path) -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 999\r\n\r\nhalf"
    sim = _simulation(tmp_path, {ROOT: [cut, html("whole")]})
    _on(sim, 0)
    assert _on(sim, 0.2) == [ROOT]
    assert _on(sim, 0.4) == []


def test_captures_dated_later_than_now_make_nothing_wait(tmp_path: Path) -> None:
    sim = _simulation(tmp_path, {ROOT: html("a")})
    sim.clock_is_right = True
    _on(sim, 30)
    assert _on(sim, 2) == [ROOT]
    assert _on(sim, 2.5) == []


def test_a_run_that_is_resumed_later_asks_for_what_was_due_when_it_began(tmp_path: Path) -> None:
    sim = _simulation(tmp_path, {ROOT: links("/a", "/b", "/c", "/d")})
    sim.politeness = "delay_s: 1"
    sim.scope = "include: ['re:.*']\n  exclude: ['http://x.org/b', 'http://x.org/c']"
    _on(sim, 0)
    sim.scope = "include: ['re:.*']"
    sim.web.now = sim.web.start + timedelta(days=0.5)
    sim.web.asked.clear()
    sim.web.stop_after = 2
    stopped = sim.run()
    assert (stopped.outcome, sim.web.paths) == ("cancelled", ["http://x.org/b"])
    sim.web.stop_after = None
    assert _on(sim, 9) == ["http://x.org/c"]
    assert sim.accounts == {
        ROOT: HELD,
        "http://x.org/a": HELD,
        "http://x.org/b": "done http-404",
        "http://x.org/c": "done http-404",
        "http://x.org/d": HELD,
    }
    assert len(_on(sim, 10)) == 5


def test_a_run_s_own_captures_make_nothing_wait(tmp_path: Path) -> None:
    sim = _simulation(tmp_path, {ROOT: links("/a", "/b")})
    sim.web.stop_after = 2
    assert sim.run().outcome == "cancelled"
    assert sim.web.paths == [ROOT]
    with sqlite3.connect(sim.archives / "sim" / "state" / "frontier.sqlite") as database:
        # As if the process had died before it could note that the page's links are saved.
        database.execute("UPDATE targets SET state = 'waiting', reason = ''")
        database.execute("DELETE FROM targets WHERE url <> ?", (ROOT,))
    database.close()
    sim.web.stop_after = None
    assert sim.run().resumed
    assert sim.accounts[ROOT] == "done http-200"
    assert len(sim.accounts) == 3


def test_several_processes_decide_as_one_does(tmp_path: Path) -> None:
    pages = {ROOT: links(*[f"http://h{n}.org/" for n in range(6)])}
    pages |= {f"http://h{n}.org/": links("/new") for n in range(6)}
    sim = _simulation(tmp_path, pages)
    sim.scope = "include: ['re:.*']\n  exclude: ['re:.*/new']"
    _on(sim, 0)
    sim.scope = "include: ['re:.*']"
    sim.web.now = sim.web.start + timedelta(days=0.5)
    report = sim.run(processes=2)
    assert (report.outcome, report.reasons["not-due"]) == ("complete", 7)
    assert sim.accounts == {
        ROOT: HELD,
        **{f"http://h{n}.org/": HELD for n in range(6)},
        **{f"http://h{n}.org/new": "done http-404" for n in range(6)},
    }
    sim.web.now = sim.web.start + timedelta(days=0.6)
    assert sim.run(processes=2).counts == {"skipped": 13}


def _adaptive_shell(shell: Shell, site: Site, schedule: str) -> None:
    shell.site_collection("demo", site, "/")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text("utf-8") + schedule, "utf-8")
    shell("init", "demo")


_SCHEDULE = "schedule:\n  every: 1d\n  adaptive: {min: 1d, max: 180d}\n"


def test_the_command_tells_what_was_not_due_and_states_it(shell: Shell, site: Site) -> None:
    site.page("/", b"<a href=/a>a</a>")
    site.page("/a", b"a")
    _adaptive_shell(shell, site, _SCHEDULE)
    first = shell.json("capture", "demo", "--adaptive")
    assert (first["counts"], first["reasons"]) == ({"done": 2}, {"http-200": 2})
    said = shell("capture", "demo", "--adaptive")
    assert "not due    2 of those skipped\n" in said
    assert "not captured as a full page" not in said
    assert site.asked == ["/robots.txt", "/", "/a", "/robots.txt"]
    assert shell.json("verify", "demo")["collections"][0]["good"] is True
    last = [decode(line.encode()) for line in shell("ledger", "log", "demo", "--json").splitlines()][-1]
    assert isinstance(last, RunStatement)
    assert last.urls == tuple(RunEnd(url=site.url(p), outcome="skipped", reason="not-due") for p in ("/", "/a"))
    shell("capture", "demo")
    assert site.asked[-3:] == ["/robots.txt", "/", "/a"]


def test_one_address_without_a_reply_is_not_all_of_them_where_others_are_not_due(shell: Shell, site: Site) -> None:
    site.page("/", b"<a href=/a>a</a>")
    site.replies["/a"] = b""
    site.closing.add("/a")
    _adaptive_shell(shell, site, _SCHEDULE)
    shell("capture", "demo", "--adaptive", status=1)
    report = shell.json("capture", "demo", "--adaptive", status=1)
    assert report["reasons"] == {"disconnect": 1, "not-due": 1}


@pytest.mark.parametrize(
    ("schedule", "right"), [("", "`schedule:` with `every: 1d`"), ("schedule: {every: 1d}\n", "Write `adaptive: {min:")]
)
def test_without_bounds_the_command_says_what_to_write(shell: Shell, site: Site, schedule: str, right: str) -> None:
    _adaptive_shell(shell, site, schedule)
    shell("capture", "demo", "--adaptive", status=2)
    assert right in shell.errors
    assert "`adaptive: {min: 1d, max: 180d}`" in shell.errors
    assert site.asked == []


def test_a_counter_in_the_footer_is_no_change(tmp_path: Path) -> None:
    pages = [html(f"<p>words that stay</p><!-- {number} -->") for number in range(9)]
    sim = _simulation(tmp_path, {ROOT: pages})
    for day in (0, 1, 2.5):
        assert _on(sim, day) == [ROOT]
    # The same text three times: due after 2.25 days, as a page whose bytes stay.
    assert _on(sim, 2.5 + 2.1) == []
    assert _on(sim, 2.5 + 2.3) == [ROOT]


def test_a_page_that_is_missing_for_the_first_time_is_looked_into_soon(tmp_path: Path) -> None:
    sim = _simulation(tmp_path, {ROOT: html("a")})
    for day in (0, 1, 2.5, 5, 9, 15, 25):
        _on(sim, day)
    sim.web.pages[ROOT] = reply(404, "gone")
    assert _on(sim, 60) == [ROOT]
    assert _on(sim, 61) == [ROOT]


def test_a_server_is_not_believed_for_ever_that_nothing_changed(tmp_path: Path) -> None:
    sim = _simulation(tmp_path, {ROOT: [html("new", "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT"), reply(304)]})
    sim.adaptive = None
    for day in range(10):
        _on(sim, day)
    sim.web.pages[ROOT] = html("old", "Last-Modified: Wed, 01 Jan 2025 00:00:00 GMT")
    report = sim.run()
    assert sim.accounts[ROOT] == "done http-200"
    assert report.compared.seen == {"changed": 1}
    assert b"If-Modified-Since" not in sim.web.requests[-1]
    assert any(b"If-Modified-Since" in request for request in sim.web.requests)


def test_a_page_that_is_lost_is_due_until_it_is_there_again(tmp_path: Path) -> None:
    sim = _simulation(tmp_path, {ROOT: links("/a", "/b"), "http://x.org/a": html("a"), "http://x.org/b": html("b")})
    for day in (0, 1, 2.5, 5):
        _on(sim, day)
    sim.web.pages[ROOT] = links("/b")
    del sim.web.pages["http://x.org/a"]
    told = []
    for day in range(9, 16):
        asked = _on(sim, day)
        report = _compared_of(sim)
        told.append(("http://x.org/a" in asked, report.lost))
    # From its first bad look on it is asked for and told each day, though its intervals would be longer.
    first = told.index((True, 1))
    assert set(told[first:]) == {(True, 1)}
    assert len(told) - first >= 5
    sim.web.pages["http://x.org/a"] = html("a")
    assert "http://x.org/a" in _on(sim, 16)
    assert "http://x.org/a" not in _on(sim, 16.5)


def _compared_of(sim: Simulation) -> ComparedRun:
    """What the last run states of held pages."""
    entries = (entry for _index, entry in Ledger(CollectionPaths(sim.archives, "sim")).raw())
    runs = [said for entry in entries if isinstance(said := decode(entry), RunStatement)]
    assert isinstance(runs[-1].compared, ComparedRun)
    return runs[-1].compared
