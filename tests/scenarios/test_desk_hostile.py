"""The desk over pages that were made to break it, and beside a rebuild."""

import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from starlette.testclient import TestClient

from preserve.web.application import Desk
from preserve.web.responses import path_of
from preserve.web.settings import DeskSettings
from tests.desk import CABLE, DemoFolder, demo, desk
from tests.layout_pages import escaped, wikileaks_page
from tests.shell import Shell
from tests.site import Site

__all__ = ["demo", "desk"]

_SUBJECT = "</title><script>alert(1)</script><img src=x onerror=alert(2)> {{70007*70009}} ${70007*70009} \u202egnp.exe"
_BODY = (
    "UNCLAS SAMPLETOWN 000012\n\nE.O. 12958: N/A\nTAGS: PREL, <B>X\n"
    f"SUBJECT: {_SUBJECT}\nREF: A. 04 <svg/onload=alert(3)> 99\n\n"
    "1. (U) </p></main><style>*{display:none}</style><a href='javascript:alert(4)'>x</a> harbour XXXXXXXX\n"
    "1. (U) The number one again. ]]> <!-- --> \x07\x1b[31m\n"
)


@pytest.fixture
def hostile(shell: Shell, site: Site) -> TestClient:
    shown = escaped(_BODY).replace("\x07", "").replace("\x1b", "")
    site.page("/a", wikileaks_page(boxes=("VZCZCX", shown), heading=escaped(f"08SAMPLETOWN12, {_SUBJECT}")))
    shell.site_collection("demo", site, "/a")
    shell("init", "demo")
    shell("capture", "demo", status=None)
    shell("list")
    settings = DeskSettings(
        archives=shell.archives, config_dir=shell.config, keys=Path.home(), hosts=frozenset({"testserver"})
    )
    return TestClient(Desk(settings), follow_redirects=False)


def test_a_hostile_cable_stays_text(hostile: TestClient) -> None:
    hits = hostile.get("/search.json?q=harbour").json()["hits"]
    assert [hit["published_id"] for hit in hits] == ["08SAMPLETOWN12"]
    facts = hostile.get("/cable/08SAMPLETOWN12.json").json()
    assert "<script>" in facts["text"]
    paths = [
        "/",
        "/search?q=harbour",
        "/cable/08SAMPLETOWN12",
        "/cable/08SAMPLETOWN12?view=text",
        "/cable/08SAMPLETOWN12/cite",
        "/cable/08SAMPLETOWN12/cite?paragraph=2",
        "/cable/08SAMPLETOWN12/history",
        "/graph/08SAMPLETOWN12",
        "/browse/tag",
        "/releases",
        path_of("record", facts["record"]["id"]),
        path_of("page", url=facts["url"]),
        f"/statement/demo/{facts['record']['statement']}",
    ]
    for path in paths:
        answer = hostile.get(path)
        assert answer.status_code in {200, 400, 404}, (path, answer.text)
        page: Any = lxml.html.document_fromstring(answer.text)
        assert not page.xpath("//script[not(@type='application/ld+json')]"), path
        assert not page.xpath("//img | //style | //*[@onload] | //*[@onerror]"), path
        assert not [href for href in page.xpath("//@href") if href.lower().startswith("javascript")], path
        assert len(page.xpath("//main")) == 1
        assert "\u202e" not in answer.text
        assert "4901120063" not in page.xpath("//h1")[0].text_content()
        assert len(page.xpath("//@id")) == len(set(page.xpath("//@id")))
    for ending in ("csv", "jsonl", "ris", "bib", "atom"):
        assert hostile.get(f"/search.{ending}").status_code == 200
    lxml.html.document_fromstring(hostile.get("/cable/08SAMPLETOWN12").text)


def test_entries_of_bibtex_have_keys_of_their_own_and_braces_that_pair(shell: Shell, site: Site) -> None:
    subject = "A BRACE } OPENS { AND { STAYS"
    site.page("/a", wikileaks_page(boxes=("VZCZCX", _BODY[:40]), heading=f"08SAMPLETOWN12, {subject}"))
    for name in ("one", "two"):
        shell.site_collection(name, site, "/a")
        shell("init", name)
        shell("capture", name, status=None)
    shell("list")
    settings = DeskSettings(
        archives=shell.archives, config_dir=shell.config, keys=Path.home(), hosts=frozenset({"testserver"})
    )
    written = TestClient(Desk(settings)).get("/search.bib").text
    assert re.findall(r"@techreport\{([^,]*),", written) == ["08SAMPLETOWN12", "08SAMPLETOWN12-2"]
    assert r"BRACE \textbraceright{} OPENS" in written
    depth = 0
    for sign in written:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0
    # Between entries nothing is open: BibTeX counts braces whatever stands before them.
    assert all(one.count("{") == one.count("}") for one in written.split("@techreport")[1:])


def test_repeated_numbers_of_paragraphs_have_addresses_of_their_own(hostile: TestClient) -> None:
    page: Any = lxml.html.document_fromstring(hostile.get("/cable/08SAMPLETOWN12").text)
    assert page.xpath("//p/@id") == ["p1", "p1-2"]


def test_a_rebuild_beside_it_holds_nothing_up(demo: DemoFolder, desk: TestClient, tmp_path: Path) -> None:
    archives = demo.copy(tmp_path / "archives")
    client: Any = demo.desk(archives)
    words = [sys.executable, "-m", "preserve", "rebuild", "demo", "--archives", str(archives)]
    done = threading.Event()

    def rebuild() -> None:
        subprocess.run(words, check=True, capture_output=True, cwd=Path(__file__).parents[2])
        done.set()

    work = threading.Thread(target=rebuild)
    work.start()
    seen = set()
    while not done.is_set():
        seen.add(client.get(f"/cable/{CABLE}").status_code)
        assert work.is_alive() or done.is_set()
    work.join()
    assert seen <= {200, 503}
    assert client.get(f"/cable/{CABLE}").status_code == 200
    # That the catalogue is being made may be said to the operator.
    assert not [line for line in client.faults if "fault of the program" in line]
