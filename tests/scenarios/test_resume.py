"""Stopped anywhere and continued, a run gives what it gives without a stop."""

from collections import Counter
from pathlib import Path

import pytest

from preserve.model import sha256_hex
from tests.readers import iter_file
from tests.simulated import Simulation, html, links, reply

_SITE = 12
_EXCHANGES = 20


def _web(sim: Simulation) -> None:
    pages = {f"http://x.org/p{n}": links(f"/p{n + 1}", f"/p{2 * n}", f"http://y.org/p{n}") for n in range(_SITE)}
    pages |= {f"http://y.org/p{n}": html(f"<img src=/i{n % 3}.png>{n}") for n in range(_SITE)}
    pages |= {f"http://y.org/i{n}.png": reply(200, b"\x89PNG%d" % n, "Content-Type: image/png") for n in range(3)}
    sim.seeds = ("http://x.org/p1",)
    sim.scope = "include: ['re:.*']\n  max_depth: 9"
    sim.web.pages = {
        **pages,
        "http://x.org/p3": reply(302, "", "Location: /p9"),
        "http://x.org/robots.txt": reply(200, "User-agent: *\nDisallow: /p4\n", "Content-Type: text/plain"),
    }


def _held(sim: Simulation) -> Counter[tuple[str, str | None, str]]:
    """Type, address and content of every record but those that tell of the capture itself."""
    return Counter(
        (record.header.type, record.header.target_uri, sha256_hex(record.block))
        for path in (sim.archives / "sim" / "archive").glob("*.warc.gz")
        for _place, record, _defect in iter_file(path)
        if record is not None and record.header.type in {"response", "request", "revisit"}
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    sim = Simulation(tmp_path_factory.mktemp("whole"))
    _web(sim)
    assert sim.run().outcome == "complete"
    return sim


def test_the_site_of_these_tests_is_captured_whole(whole: Simulation) -> None:
    assert len(whole.web.asked) == len(set(whole.web.asked)) == _EXCHANGES
    assert whole.accounts["http://x.org/p4"] == "skipped robots"
    assert whole.accounts["http://x.org/p12"] == "done http-404"


@pytest.mark.one_in(4)
@pytest.mark.parametrize("at", range(_EXCHANGES))
def test_a_run_that_was_stopped_once_holds_the_same_records(whole: Simulation, tmp_path: Path, at: int) -> None:
    sim = Simulation(tmp_path)
    _web(sim)
    sim.web.stop_after = at
    assert sim.run().outcome == "cancelled"
    sim.web.stop_after = None
    report = sim.run()
    assert (report.outcome, report.resumed) == ("complete", True)
    assert sim.accounts == whole.accounts
    assert _held(sim) == _held(whole)
    assert Counter(url for _at, url in sim.web.asked) == Counter(url for _at, url in whole.web.asked)


def test_a_run_that_was_stopped_at_every_exchange_holds_the_same_records(whole: Simulation, tmp_path: Path) -> None:
    sim = Simulation(tmp_path)
    _web(sim)
    outcomes = []
    for count in range(_EXCHANGES + 2):
        sim.web.stop_after = count
        outcomes.append(sim.run().outcome)
        if outcomes[-1] == "complete":
            break
    assert outcomes[-1] == "complete"
    assert len(outcomes) > _EXCHANGES // 2
    assert sim.accounts == whole.accounts
    assert _held(sim) == _held(whole)
