"""Pages whose server fails for days, and sites larger than what a run looks at: nothing living is left out for long."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from preserve.crawler.capture import RunReport
from preserve.net.exchange import Failure
from preserve.replay.comparing import LOST
from tests.simulated import Simulation, Web, html, links, reply

ROOT, OTHER = "http://x.org/", "http://y.org/"
WEEK = range(1, 8)


def _pages(number: int, host: str = ROOT) -> list[str]:
    return [f"{host}p{n}" for n in range(number)]


def _site(folder: Path, urls: list[str], *, linked: bool) -> Simulation:
    """A site of pages, all captured once; ``linked``: whether its front page still links to them then."""
    sim = Simulation(folder, scope="include: ['http://x.org/']")
    sim.web.pages = {ROOT: links(*urls), **{url: _page(url) for url in urls}}
    sim.run()
    if not linked:
        sim.web.pages[ROOT] = html("Welcome")
    return sim


def _page(url: str) -> bytes:
    return html(f"page {' '.join(url[-1] * 20)} of {'x' * len(url)}{url.translate(_LETTERS)}")


_LETTERS = str.maketrans("0123456789", "abcdefghij")


def _on(sim: Simulation, day: int) -> RunReport:
    sim.web.now = sim.web.start + timedelta(days=day)
    sim.web.asked.clear()
    return sim.run()


def _lost(report: RunReport) -> set[str]:
    return {told.url for told in report.compared.told if told.seen in LOST}


def test_some_pages_give_503_for_a_week_and_every_other_page_is_looked_at_each_day(tmp_path: Path) -> None:
    urls = _pages(60)
    sim = _site(tmp_path, urls, linked=True)
    bad = set(urls[5:11])
    sim.web.pages |= dict.fromkeys(bad, reply(503))
    first = _on(sim, 1)
    # Nothing was known of it: the pages behind those that made the host pause were not reached, and that is all.
    assert {told.reason for told in first.compared.told if told.seen in LOST} == {"http-503", "host-paused"}
    for day in WEEK[1:]:
        report = _on(sim, day)
        assert set(sim.web.paths) >= {ROOT, *urls} - bad
        assert _lost(report) == bad
        assert report.compared.good
        assert {told.reason for told in report.compared.told if told.seen == "error"} == {"http-503"}
    sim.web.pages |= {url: _page(url) for url in bad}
    back = _on(sim, 9)
    assert (back.compared.lost, dict(back.compared.seen)) == (0, {"unchanged": 61})


def test_a_page_that_was_asked_for_in_vain_keeps_its_own_reason_when_its_host_is_given_up(tmp_path: Path) -> None:
    urls = _pages(3)
    sim = _site(tmp_path, urls, linked=True)
    sim.web.pages |= dict.fromkeys(urls, reply(503))
    _on(sim, 1)
    assert {sim.accounts[url] for url in urls} == {"done http-503"}


def test_held_pages_that_fail_without_a_reply_do_not_stay_at_the_front(tmp_path: Path) -> None:
    urls = _pages(60)
    sim = _site(tmp_path, urls, linked=False)
    sim.politeness = "delay_s: 0\n  retries: 0"
    sim.more = "max_recheck: 10\n"
    dead = urls[:10]
    sim.web.pages |= dict.fromkeys(dead, Failure.TLS)
    times: Counter[str] = Counter()
    for day in WEEK:
        _on(sim, day)
        times.update(url for url, how in sim.accounts.items() if how != "skipped not-due")
    assert set(times) >= set(urls)
    # A run takes twenty by lot and ten by their order: no dead page takes the place of a living one each day.
    assert max(times[url] for url in dead) < len(WEEK)


class _TwoSites(Web):
    """``is_dead``: whether the first site answers 404 everywhere."""

    is_dead = False

    def answer(self, url: str) -> "bytes | Failure":
        if self.is_dead and url.startswith(ROOT) and not url.endswith("/robots.txt"):
            return reply(404, "no such page")
        return super().answer(url)


@pytest.mark.parametrize(
    ("number", "most"), [(300, 20), pytest.param(2_000, 50, marks=pytest.mark.slow)], ids=["small", "large"]
)
def test_a_site_larger_than_a_run_looks_at_dies_and_is_told_at_once(tmp_path: Path, number: int, most: int) -> None:
    dying, living = _pages(number), _pages(number // 10, OTHER)
    sim = Simulation(tmp_path, seeds=(ROOT, OTHER), scope=f"include: ['{ROOT}', '{OTHER}']")
    web = _TwoSites(pages={ROOT: links(*dying), OTHER: links(*living)})
    web.pages |= {url: _page(url) for url in (*dying, *living)}
    sim.web = web
    sim.run()
    web.pages |= {ROOT: html("Welcome to pages"), OTHER: html("Other things are here")}
    sim.more = f"max_recheck: {most}\n"
    quiet = _on(sim, 1)
    assert (quiet.compared.lost, quiet.compared.good) == (0, True)
    assert quiet.compared.left["max-recheck"] > number - 2 * most - 20

    web.is_dead = True
    for day in (2, 3, 4):
        report = _on(sim, day)
        lost = _lost(report)
        assert not report.compared.good
        assert lost
        assert all(url.startswith(ROOT) for url in lost)
        # What it may look at, the sample and the two seeds.
        assert report.compared.looked <= most + 22
