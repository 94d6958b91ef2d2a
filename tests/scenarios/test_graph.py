"""Who cites whom, on invented cables."""

import csv
import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from preserve.demo_site.pages import replies
from tests.kept import Beginning, beginning, served, site
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

PAGE = replies(1)["/cable.php?id=101"].body
REFS = b"REF: A. 04 PORT SOLACE 1204 B. 05 PORT SOLACE 12\nC. KIEV 77 D. JERSUALEM 5\nE. DOE-ROE EMAIL OF 3/4\n"
FIRST = PAGE.replace(b"REF: 04 PORT SOLACE 1204 \n", REFS)
SECOND = PAGE.replace(b"05PORTSOLACE117", b"05PORTSOLACE12").replace(b"SOLACE 000117", b"SOLACE 000012")
THIRD = PAGE.replace(b"05PORTSOLACE117", b"05KYIV77").replace(b"REF: 04 PORT SOLACE 1204", b"REF: PORT SOLACE 117")


@pytest.fixture
def held(shell: Shell, site: Site, beginning: Beginning) -> Any:
    def make() -> None:
        site.page("/one", FIRST)
        site.page("/two", SECOND)
        site.page("/three", THIRD)
        shell.site_collection("demo", site, "/one", "/two", "/three")
        shell("init", "demo")
        shell("capture", "demo")

    beginning(shell, make, site)
    return shell


def test_the_pages_are_what_they_should_be() -> None:
    assert REFS in FIRST
    assert b"05PORTSOLACE12" in SECOND
    assert b"REF: PORT SOLACE 117" in THIRD


def test_what_a_cable_cites_and_who_cites_it(held: Any) -> None:
    told = held("graph", "05PORTSOLACE117")
    lines = told.splitlines()
    assert lines[0].startswith("05PORTSOLACE117  PORT SOLACE COUNTS")
    assert lines[1] == "cites: 4"
    assert lines[2] == "  04PORTSOLACE1204  not held  (in doubt: not in the table; printed '04 PORT SOLACE 1204')"
    assert lines[3].startswith("  05PORTSOLACE12  PORT SOLACE COUNTS")
    # One post under two names: the page says KIEV, the cable is held as KYIV.
    assert lines[4].startswith("  05KYIV77  PORT SOLACE COUNTS")
    assert "year assumed" in lines[4]
    assert lines[5].startswith("  05JERUSALEM5  not held  (in doubt: one letter")
    assert lines[6] == "cited by: 1"
    assert lines[7].startswith("  05KYIV77  ")


def test_a_cable_that_is_missing_is_cited_by_those_that_are_held(held: Any) -> None:
    told = held.json("graph", "2004 PORT SOLACE 01204")
    assert {edge["citing"] for edge in told["edges"]} == {"05PORTSOLACE117", "05PORTSOLACE12"}
    assert {edge["cited"] for edge in told["edges"]} == {"04PORTSOLACE1204"}
    (missing,) = [node for node in told["nodes"] if not node["held"]]
    assert (missing["id"], missing["held_as"]) == ("04PORTSOLACE1204", [])
    held("graph", "05NOWHERE1", status=3)
    assert "neither held nor cited" in held.errors


def test_the_whole_graph(held: Any, tmp_path: Path) -> None:
    assert held("graph").splitlines() == [
        "held     3 cables",
        "cited    5 cables in 6 citations, 5 in doubt",
        "missing  2 cables",
        "  04PORTSOLACE1204  cited 2 times",
        "  05JERUSALEM5  cited 1 time",
    ]
    rows = list(csv.DictReader(io.StringIO(held("graph", "--format", "csv"))))
    assert {(row["citing"], row["cited"], row["held"]) for row in rows} == {
        ("05PORTSOLACE117", "04PORTSOLACE1204", "no"),
        ("05PORTSOLACE117", "05PORTSOLACE12", "yes"),
        ("05PORTSOLACE117", "05KYIV77", "yes"),
        ("05PORTSOLACE117", "05JERUSALEM5", "no"),
        ("05PORTSOLACE12", "04PORTSOLACE1204", "no"),
        ("05KYIV77", "05PORTSOLACE117", "yes"),
    }
    assert next(row for row in rows if row["cited"] == "05JERUSALEM5")["rules"].startswith("one letter; year")
    held("graph", "--format", "graphml", "-o", str(tmp_path / "references.graphml"))
    root = ET.parse(tmp_path / "references.graphml").getroot()
    name = "{http://graphml.graphdrawing.org/xmlns}"
    assert len(root.findall(f".//{name}node")) == 5
    assert len(root.findall(f".//{name}edge")) == 6


def test_who_cites_a_cable_is_listed(held: Any) -> None:
    def ids(*options: str, status: int = 0) -> list[str]:
        return [cable["published_id"] for cable in held.json("list", *options, status=status)["cables"]]

    assert ids("--cites", "05PORTSOLACE12") == ["05PORTSOLACE117"]
    assert ids("--cites", "05KIEV77") == ids("--cites", "05 Kyiv 77") == ["05PORTSOLACE117"]
    assert ids("--cites", "04PORTSOLACE1204", "--from", "2005") == ["05PORTSOLACE117", "05PORTSOLACE12"]
    assert ids("--cites", "05NOWHERE1", status=3) == []


def test_facets_count_the_tags_that_are_meant(held: Any) -> None:
    told = held.json("search", "lighthouses", "--facets", "--limit", "1")
    assert told["count"] == 3
    tags = {one["value"]: one["count"] for one in told["facets"]["tag"]}
    assert (tags["SENV"], tags["SCIENCE GRANTS"]) == (3, 3)
    assert [(one["value"], one["count"]) for one in told["facets"]["year"]] == [("2005", 3)]
    assert "tag     EWWT 3, SCIENCE GRANTS 3, SENV 3, XS 3" in held("search", "lighthouses", "--facets")
