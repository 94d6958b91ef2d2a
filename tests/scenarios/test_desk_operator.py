"""What the desk tells an operator: coverage, space, what became of links over time; and whose receipts are held."""

import json
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from starlette.testclient import TestClient

from preserve.health.link_history import LinkCounts, LostLink
from preserve.replay.link_status import LinkState
from preserve.web.application import Desk
from preserve.web.pages.operator import links_over_time
from preserve.web.responses import size_words
from preserve.web.settings import DeskSettings
from tests.shell import Shell
from tests.site import Site


def _dom(text: str) -> Any:
    return lxml.html.fromstring(text)


@pytest.fixture
def desk(shell: Shell) -> TestClient:
    settings = DeskSettings(
        archives=shell.archives, config_dir=shell.config, keys=Path.home(), hosts=frozenset({"testserver"})
    )
    return TestClient(Desk(settings), follow_redirects=False)


def _captured(shell: Shell, site: Site, authority: Any) -> dict[str, Any]:
    site.page("/", b"<p>page</p>")
    shell.site_collection("demo", site, "/")
    with (shell.config / "collections" / "demo.yaml").open("a") as file:
        file.write(f"time_authorities:\n  one: {authority.url}\n")
    shell("init", "demo")
    report: dict[str, Any] = shell.json("capture", "demo")
    return report


def _receipts(desk: TestClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.get(path).json()["receipts"]
    return found


def test_receipts_are_told_where_they_count(shell: Shell, site: Site, time_authority: Any, desk: TestClient) -> None:
    authority = time_authority()
    size = _captured(shell, site, authority)["checkpoint_size"]
    (said,) = _receipts(desk, "/statement/demo/1.json")
    assert (said["authority"], said["size"], said["word"]) == ("one", size, "NOT CHECKED")
    assert said["moment"].startswith("20")
    (shell.config / "trust").mkdir()
    (shell.config / "trust" / "root.pem").write_bytes(authority.root.read_bytes())
    assert [one["word"] for one in _receipts(desk, "/statement/demo/1.json")] == ["PASS"]
    statement = desk.get("/statement/demo/2")
    assert "one says that it existed at 20" in _dom(statement.text).text_content()
    record = json.loads(desk.get("/statement/demo/2/entry").content)["record_id"]
    assert [one["word"] for one in _receipts(desk, f"/record/{record}.json")] == ["PASS"]
    # One of another history vouches for nothing here, and one that is cut says nothing.
    receipts = shell.archives / "demo" / "receipts"
    (receipts / f"{size - 1}.one.tsr").write_bytes((receipts / f"{size}.one.tsr").read_bytes())
    (receipts / f"{size - 1}.checkpoint").write_bytes((receipts / f"{size}.checkpoint").read_bytes())
    (other,) = _receipts(desk, "/statement/demo/1.json")
    assert (other["word"], other["size"]) == ("FAIL", size - 1)
    (receipts / f"{size - 1}.one.tsr").write_bytes(b"\x30\x03")
    assert [one["word"] for one in _receipts(desk, "/statement/demo/1.json")] == ["FAIL"]
    for path in receipts.iterdir():
        path.unlink()
    assert _receipts(desk, "/statement/demo/1.json") == []
    assert "No time authority has vouched for it" in desk.get("/statement/demo/1").text


def test_coverage_space_and_links_of_a_collection(
    shell: Shell, site: Site, time_authority: Any, desk: TestClient
) -> None:
    size = _captured(shell, site, time_authority())["checkpoint_size"]
    assert "Not worked out yet" in desk.get("/collection/demo").text
    shell("status", status=None)
    for path in ("/collection/demo", "/operator"):
        page = _dom(desk.get(path).text)
        shares = {
            " ".join(row.xpath("./th/text()")): [cell.text_content() for cell in row.xpath("./td")[:2]]
            for row in page.xpath("//table[@class='shares']//tbody/tr")
        }
        assert shares["Statements under a signed checkpoint"][0] == f"{size:,}"
        assert shares["Statements vouched for by one"][0] == f"{size:,}"
        assert shares["WARC files"][0].endswith(("kB", " B"))
        assert {"Free on the disk", "Statements shown here"} <= shares.keys()
        states = page.xpath("//figure[figcaption[@id='states-caption']]//table")[0]
        assert [cell.text_content() for cell in states.xpath(".//thead//th")] == ["Month", "alive"]
        assert [cell.text_content() for cell in states.xpath(".//tbody//td")] == ["1"]


def _links(months: dict[str, dict[str, int]], lost: tuple[LostLink, ...] = ()) -> LinkCounts:
    empty = dict.fromkeys((str(state) for state in LinkState), 0)
    return LinkCounts(
        statements=1,
        counts=empty,
        lost_since="",
        months={month: {**empty, **counts} for month, counts in months.items()},
        lost=lost,
    )


def test_months_without_a_change_stand_in_the_plot_too() -> None:
    plot = links_over_time(_links({"2025-11": {"alive": 3}, "2026-02": {"alive": 2, "gone": 1}}))
    assert plot is not None
    assert plot.table == [("2025-11", [3, 0]), ("2025-12", [3, 0]), ("2026-01", [3, 0]), ("2026-02", [2, 1])]
    assert [(row.label, row.most, row.is_apart) for row in plot.rows] == [("alive", 3, False), ("gone", 1, True)]
    assert plot.summary.endswith("from 2025-11 to 2026-02; at the end: 2 alive, 1 gone.")
    assert links_over_time(_links({})) is None


def test_dates_that_lie_ages_apart_make_no_endless_plot() -> None:
    plot = links_over_time(_links({"0001-01": {"alive": 1}, "2026-02": {"alive": 2}, "9999-12": {"alive": 3}}))
    assert plot is not None
    assert plot.table == [("0001-01", [1]), ("2026-02", [2]), ("9999-12", [3])]


@pytest.mark.parametrize(
    ("size", "words"),
    [(-1, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (45_600, "46 kB"), (7 * 10**12, "7.0 TB"), (10**16, "10000 TB")],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert size_words(size) == words
