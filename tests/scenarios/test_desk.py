"""The web desk: every page and its twin, what it refuses, what it finds, and that it changes nothing."""

import csv
import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from preserve.cli.main import main
from preserve.provenance.installation import Installation
from preserve.replay.searching import Order, Question, Searchable, ask
from preserve.store.layout import CollectionPaths
from preserve.store.searchindex import FacetChoice, Filters, SearchIndex
from preserve.web.application import ExportBucket, Gauges
from preserve.web.responses import path_of
from preserve.web.settings import EXPORTS_AT_ONCE, MAX_TARGET_BYTES
from tests.desk import CABLE, DemoFolder, demo, desk
from tests.examples import examples
from tests.serving import announced

__all__ = ["demo", "desk"]

_RECORD = "RECORD"
_PAGES = [
    "/",
    "/search",
    "/search?q=harbour",
    "/search?q=harbour&tag=PREL&-class=SECRET&sort=newest&size=50",
    f"/search?q={CABLE.lower()}",
    f"/cable/{CABLE}",
    f"/cable/{CABLE}?view=text",
    f"/cable/{CABLE}/at/RECORD",
    f"/cable/{CABLE}/at/2100",
    f"/cable/{CABLE}/cite",
    f"/cable/{CABLE}/cite?paragraph=2",
    f"/cable/{CABLE}/history",
    f"/cable/{CABLE}/diff",
    f"/cable/{CABLE}/diff/1..2",
    f"/cable/{CABLE}/diff?a=1&b=2",
    f"/graph/{CABLE}",
    "/page?url=URL",
    "/browse",
    "/browse/origin",
    "/browse/tag",
    "/browse/class",
    "/browse/month",
    "/browse/source",
    "/record/RECORD",
    "/statement/demo/0",
    "/statement/demo/5",
    "/collection/demo",
    "/operator",
    "/releases",
    "/about",
    "/accessibility",
]
_FILES = [
    "/search.csv",
    "/search.jsonl",
    "/search.ris",
    "/search.bib",
    "/search.atom",
    f"/cable/{CABLE}/text",
    f"/cable/{CABLE}/cite/ris",
    f"/cable/{CABLE}/cite/bibtex",
    f"/cable/{CABLE}/cite/csl-json",
    f"/cable/{CABLE}/capsule.zip?paragraph=2",
    f"/cable/{CABLE}/linkset.json",
    "/statement/demo/5/entry",
    "/statement/demo/5/proof",
    "/checkpoint/demo",
    "/healthz",
    "/robots.txt",
    "/sitemap.xml",
    "/openapi.json",
    "/static/desk.css",
    "/static/mark.svg",
]


def _dom(text: str) -> Any:
    return lxml.html.document_fromstring(text)


def _path(desk: TestClient, path: str) -> str:
    if "RECORD" not in path and "URL" not in path:
        return path
    facts = desk.get(f"/cable/{CABLE}.json").json()
    return path.replace("RECORD", facts["record"]["id"]).replace("URL", facts["url"])


@pytest.mark.one_in(3)
@pytest.mark.parametrize("path", _PAGES)
def test_every_page_answers_and_is_made_well(desk: TestClient, path: str) -> None:
    answer = desk.get(_path(desk, path))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers
    page = _dom(answer.text)
    assert len(page.xpath("//h1")) == 1
    assert page.xpath("//title")[0].text_content().endswith(" preserve")
    assert page.xpath("//main")
    assert page.xpath("/html/@lang") == ["en"]
    assert not page.xpath("//script[not(@type='application/ld+json')]")
    assert not page.xpath("//@style")
    assert not page.xpath("//@onclick")
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    for label in page.xpath("//label/@for"):
        assert label in ids
    assert "demo: as of statement" in answer.text


@pytest.mark.parametrize("most", [80, pytest.param(400, marks=pytest.mark.slow)])
def test_every_link_of_every_page_leads_somewhere(desk: TestClient, most: int) -> None:
    to_do, seen = ["/"], set[str]()
    while to_do:
        path = to_do.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = desk.get(path)
        assert answer.status_code == 200, (path, answer.text[-600:])
        if not answer.headers["content-type"].startswith("text/html") or len(seen) > most:
            continue
        page = _dom(answer.text)
        found = [href.partition("#")[0] for href in page.xpath("//a/@href") if href.startswith("/")]
        # The walk goes into searches only from pages, and takes no export twice.
        to_do += [href for href in found if "capsule" not in href and not href.startswith("/search")]
    assert len(seen) > 60


@pytest.mark.parametrize("path", _FILES)
def test_every_file_answers(desk: TestClient, path: str) -> None:
    answer = desk.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.content
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.one_in(3)
@pytest.mark.parametrize("path", [path for path in _PAGES if path not in {"/accessibility", "/operator"}])
def test_every_page_has_a_twin_in_json(desk: TestClient, path: str) -> None:
    name, mark, query = _path(desk, path).partition("?")
    twin = ("/index.json" if name == "/" else f"{name}.json") + mark + query
    answer = desk.get(twin)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    negotiated = desk.get(_path(desk, path), headers={"accept": "application/json"})
    # Room on the disk changes while others work, and readers of a database keep a log beside it.
    changing = {"free_bytes": 0, "all_bytes": 0}
    assert {**negotiated.json(), **changing} == {**answer.json(), **changing}


@pytest.mark.parametrize("path", ["/", f"/cable/{CABLE}", "/search.csv", "/static/desk.css"])
def test_validators_and_head(desk: TestClient, path: str) -> None:
    got = desk.get(path)
    tag = got.headers["etag"]
    assert tag.startswith('"')
    again = desk.get(path, headers={"if-none-match": f'"x", {tag}'})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == tag
    assert desk.get(path, headers={"if-none-match": '"x"'}).status_code == 200
    head = desk.head(path)
    assert head.status_code == 200
    assert head.content == b""
    assert {**head.headers} == {**got.headers}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_only_reading(desk: TestClient, method: str) -> None:
    answer = desk.request(method, "/")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_options_for_programs_in_browsers(desk: TestClient) -> None:
    answer = desk.options(
        "/search.json", headers={"access-control-request-method": "GET", "origin": "https://x.example"}
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "*"


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "", "a b", "testserver:x", "[::"])
def test_a_name_that_it_is_not_known_by_is_refused(desk: TestClient, host: str) -> None:
    assert desk.get("/", headers={"host": host}).status_code == 400


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/cable/99NOWHERE1", 404),
        ("/cable/99NOWHERE1.json", 404),
        ("/cable/http:%2F%2Fx", 404),
        ("/cable/%FF", 400),
        ("/cable/a%00b", 400),
        (f"/cable/{CABLE}/at/yesterday", 400),
        (f"/cable/{CABLE}/at/1999", 404),
        (f"/cable/{CABLE}/at/urn:uuid:nothing", 404),
        (f"/cable/{CABLE}/cite/nothing", 404),
        (f"/cable/{CABLE}/cite?paragraph=99", 404),
        (f"/cable/{CABLE}/cite?quote=nowhere+in+it", 404),
        (f"/cable/{CABLE}/capsule.zip", 400),
        (f"/cable/{CABLE}/diff/7..8", 404),
        ("/graph/99NOWHERE1", 404),
        ("/record/nothing", 404),
        ("/statement/demo/99999", 404),
        ("/statement/demo/-1", 404),
        ("/statement/demo/x", 404),
        ("/statement/other/1", 404),
        ("/collection/other", 404),
        ("/static/..%2Fbase.html", 404),
        ("/static/base.html", 404),
        ("/metrics", 404),
        ("/page", 400),
        ("/page?url=x", 400),
        ("/page?url=http://nowhere.example/", 404),
        ("/search?from=soon", 400),
        ("/search?from=2005-13", 400),
        ("/search?from=2006&to=2005", 400),
        ("/search?q=-(x+OR+y)", 400),
        ("/search?q=NOT+x", 400),
        ("/search?after=zzz", 400),
        ("/search?" + "&".join(f"tag=T{n}" for n in range(30)), 400),
        ("/search?" + "&".join(f"x{n}=" for n in range(100)), 400),
        ("/search?q=" + "x" * 3_000, 400),
        ("/search?q=" + "x" * (MAX_TARGET_BYTES + 1), 414),
        ("//evil.example/", 404),
        ("/replay/x", 404),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_page(desk: Any, path: str, status: int) -> None:
    answer = desk.get(f"http://testserver{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert not desk.faults
    if answer.headers["content-type"] == "application/json":
        assert answer.json()["status"] == status
    else:
        assert "Traceback" not in answer.text
        assert len(_dom(answer.text).xpath("//h1")) == 1


def test_a_cable_is_shown_with_its_verdicts_dates_and_references(desk: TestClient) -> None:
    page = _dom(desk.get(f"/cable/{CABLE}").text)
    words = [one.text_content() for one in page.xpath("//ul[@class='verdicts']/li/span[1]")]
    assert words[:3] == ["PASS", "PASS", "PASS"]
    assert words[-1] == "NOT CHECKED"
    dates = [one.text_content() for one in page.xpath("//dl[@class='dates']//dt")]
    assert dates == ["Written", "Released by its source", "Captured", "Accessed"]
    assert page.xpath("//p[@id='p2']/a[@href='#p2']/@aria-label") == ["Link to paragraph 2"]
    assert page.xpath("//p[@id='p2']//span[@class='redaction']/span/text()") == ["[redaction mark] "]
    assert CABLE in page.xpath("//p[@class='citation']")[0].text_content()
    assert len(page.xpath("//section[@aria-labelledby='captures']//tbody/tr")) == 2


def test_paragraphs_have_the_words_of_the_text_and_nothing_else(desk: TestClient) -> None:
    facts = desk.get(f"/cable/{CABLE}.json").json()
    page = _dom(desk.get(f"/cable/{CABLE}").text)
    (paragraph,) = page.xpath("//p[@id='p1']")
    assert "".join(paragraph.itertext()).split() == [
        word for word in "".join(paragraph.itertext()).split() if word in facts["text"]
    ]


def test_metadata_for_reference_managers(desk: TestClient) -> None:
    page = _dom(desk.get(f"/cable/{CABLE}").text)
    meta = {one.get("name"): one.get("content") for one in page.xpath("//meta[@name]")}
    assert meta["citation_technical_report_number"] == CABLE
    assert meta["citation_author"] == "Embassy Port Solace,"
    assert meta["citation_technical_report_institution"] == "Embassy Port Solace"
    assert meta["citation_publication_date"] == "2005/03/14"
    assert meta["DC.type"] == "report"
    assert meta["DC.coverage"].startswith("urn:pwid:")
    assert "/at/urn:uuid:" in meta["citation_public_url"]
    assert not page.xpath("//*[@class='Z3988']")
    structured = json.loads(page.xpath("//script[@type='application/ld+json']/text()")[0])
    assert structured["@type"] == "Report"
    assert structured["reportNumber"] == CABLE
    hits = _dom(desk.get("/search?q=harbour").text).xpath("//span[@class='Z3988']/@title")
    assert hits
    assert all("rft.type=report" in hit for hit in hits)


def test_search_counts_filters_and_exports_agree(desk: TestClient) -> None:
    everything = desk.get("/search.json").json()
    assert everything["count"] == 4
    origins = {one["value"]: one["count"] for one in everything["facets"]["origin"]}
    for origin, count in origins.items():
        only = desk.get("/search.json", params={"origin": origin}).json()
        without = desk.get("/search.json", params={"-origin": origin}).json()
        assert only["count"] == count
        assert without["count"] == 4 - count
        assert {hit["origin"] for hit in only["hits"]} == {origin}
        rows = list(csv.DictReader(io.StringIO(desk.get("/search.csv", params={"origin": origin}).text)))
        assert [row["published_id"] for row in rows] == [hit["published_id"] for hit in only["hits"]]
    redacted = desk.get("/search.json?redacted=yes").json()
    assert [hit["published_id"] for hit in redacted["hits"]] == [CABLE]
    lines = [json.loads(line) for line in desk.get("/search.jsonl?redacted=no").text.splitlines()]
    assert len(lines) == 3
    assert CABLE not in {line["published_id"] for line in lines}
    assert desk.get("/search.ris").text.count("TY  - RPRT") == 4
    assert desk.get("/search.bib").text.count("@techreport{") == 4
    feed = ET.fromstring(desk.get("/search.atom").text)
    assert len(feed.findall("{http://www.w3.org/2005/Atom}entry")) == 4
    assert sum(everything["months"].values()) == 4


@pytest.mark.parametrize("order", ["rank", "newest", "oldest", "id"])
def test_pages_of_a_result_have_every_hit_once(
    demo: DemoFolder, desk: TestClient, order: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr("preserve.web.pages.search.PAGE_SIZES", (1, 50, 100))
    found, path = [], f"/search.json?q=e*&sort={order}"
    while path:
        page = desk.get(path).json()
        found += [hit["published_id"] for hit in page["hits"]]
        path = page["next"].replace("/search", "/search.json", 1)
    everything = desk.get(f"/search.json?q=e*&sort={order}&size=100").json()
    assert found == [hit["published_id"] for hit in everything["hits"]]
    assert len(found) == 4


_CHOICES = [
    FacetChoice("tag", "SENV"),
    FacetChoice("origin", "Embassy Port Solace"),
    FacetChoice("year", "2005"),
    FacetChoice("redacted", "yes"),
    FacetChoice("class", "no such"),
    FacetChoice("source", ""),
]
_FILTERS = [
    Filters(),
    Filters(all_texts=True),
    Filters(first="2005", last="2006-07"),
    Filters(last="2005-03-14"),
    Filters(origin="solace"),
    *(
        Filters(chosen=(choice._replace(is_out=is_out),), all_texts=is_out)
        for is_out in (False, True)
        for choice in _CHOICES
    ),
    Filters(chosen=(FacetChoice("redacted", "no", is_out=True), FacetChoice("tag", "EWWT"))),
]


@pytest.mark.parametrize("filters", _FILTERS)
def test_what_is_kept_of_an_index_gives_the_answers_of_the_index(
    demo: DemoFolder, desk: TestClient, filters: Filters
) -> None:
    paths = CollectionPaths(demo.folder / "archives", "demo")
    with SearchIndex.open(paths, Installation.of_user("demo").readers_secret(), read_only=True) as index:
        plain = Searchable(name="demo", index=index, remarks=())
        kept = Searchable(name="demo", index=index, remarks=(), columns=index.columns())
        asked_for: list[tuple[str | None, Order]] = [
            ("e*", "rank"),
            ("harbour", "newest"),
            ("e*", "oldest"),
            (None, "id"),
            (None, "newest"),
        ]
        for words, order in asked_for:
            asked = Question(words=words, filters=filters, order=order, limit=3, with_facets=True)
            first = ask([kept], asked)
            assert first == ask([plain], asked)
            if first.following:
                following = replace(asked, after=first.following)
                assert ask([kept], following) == ask([plain], following)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("said", [CABLE, CABLE.lower(), "05 Port Solace 117", "05PORTSOLACE000117"])
def test_an_id_is_found_in_any_spelling(desk: TestClient, said: str) -> None:
    assert desk.get("/search.json", params={"q": said}).json()["direct"] == [CABLE]
    assert desk.get(path_of("cable", said)).status_code == 200


def test_a_difference_has_its_words_and_marks(desk: TestClient) -> None:
    said = desk.get(f"/cable/{CABLE}/diff.json").json()
    assert said["class"] == "redaction added"
    assert len(said["marks_added"]) == 1
    page = _dom(desk.get(f"/cable/{CABLE}/diff").text)
    assert "Ilse Quarrington" in " ".join(one.text_content() for one in page.xpath("//del"))
    assert any("XXXX" in one.text_content() for one in page.xpath("//ins"))
    assert {one.text_content() for one in page.xpath("//td[@class='s']/span[@class='unseen']")} >= {"removed", "added"}


def test_a_capsule_that_was_downloaded_checks(desk: TestClient, tmp_path: Path, capsys: Any) -> None:
    capsule = tmp_path / "passage.capsule.zip"
    capsule.write_bytes(desk.get(f"/cable/{CABLE}/capsule.zip?paragraph=2").content)
    assert main(["check", str(capsule)]) == 0
    assert "PASS" in capsys.readouterr().out


def test_a_statement_that_was_downloaded_checks(demo: DemoFolder, desk: TestClient, tmp_path: Path) -> None:
    entry, proof = tmp_path / "entry", tmp_path / "proof"
    entry.write_bytes(desk.get("/statement/demo/5/entry").content)
    proof.write_bytes(desk.get("/statement/demo/5/proof").content)
    words = ["ledger", "check", "demo", str(proof), "--entry", str(entry), "--archives", str(demo.folder / "archives")]
    assert main(words) == 0


def test_what_is_damaged_is_shown_as_such(demo: DemoFolder, desk: TestClient, tmp_path: Path) -> None:
    facts = desk.get(f"/cable/{CABLE}.json").json()
    archives = demo.copy(tmp_path / "archives")
    path = archives / "demo" / "archive" / facts["record"]["file"]
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[facts["record"]["offset"] + 400] ^= 1
    path.write_bytes(data)
    damaged: Any = demo.desk(archives)
    record = facts["record"]["id"]
    for asked in (f"/cable/{CABLE}", f"/cable/{CABLE}/at/{record}", f"/record/{record}", f"/cable/{CABLE}/text"):
        answer = damaged.get(asked)
        assert answer.status_code == 500
        assert "<h1>FAIL</h1>" in answer.text
        assert facts["text"][:60] not in answer.text
    unread = damaged.get(f"/cable/{CABLE}/history.json").json()["unread"]
    assert [one["record"] for one in unread] == [record]
    assert damaged.get("/cable/06VELDORA42").status_code == 200
    assert not damaged.faults


def test_without_a_search_index_cables_are_read_and_what_is_missing_is_told(
    demo: DemoFolder, desk: TestClient, tmp_path: Path
) -> None:
    archives = demo.copy(tmp_path / "archives")
    (archives / "demo" / "state" / "search.sqlite").unlink()
    client = demo.desk(archives)
    page = client.get(f"/cable/{CABLE}")
    assert page.status_code == 200
    assert "demo cannot be searched now" in page.text
    assert "is left out" not in page.text
    answer = client.get("/search.json")
    assert answer.status_code == 503
    assert "preserve list -c demo" in answer.json()["next_step"]
    assert "<h1>It cannot be searched yet</h1>" in client.get("/search?q=harbour").text
    assert client.get("/healthz").json()["good"] is True


def test_a_question_that_takes_too_long_is_ended_and_is_no_fault(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def ranks(index: SearchIndex, *_given: object) -> object:
        monkeypatch.setattr("preserve.store.database._STEPS_A_LOOK", 1)
        index.limit_time(-1.0)
        return index._db.execute("SELECT count(*) FROM cables").fetchall()

    monkeypatch.setattr(SearchIndex, "ranks", ranks)
    answer = desk.get("/search.json?q=harbour")
    assert answer.status_code == 503
    assert "Narrow it" in answer.json()["next_step"]
    assert not desk.faults


def test_a_changed_row_of_the_catalogue_is_a_fail(demo: DemoFolder, desk: TestClient, tmp_path: Path) -> None:
    archives = demo.copy(tmp_path / "archives")
    with sqlite3.connect(archives / "demo" / "state" / "catalogue.sqlite") as database:
        database.execute("UPDATE records SET date = '2001-01-01T00:00:00Z' WHERE type = 'response'")
    answer = demo.desk(archives).get(f"/cable/{CABLE}")
    assert answer.status_code == 500
    assert "FAIL" in answer.text
    assert "preserve rebuild demo" in answer.text


def test_no_page_says_where_the_archives_lie_on_the_disk(demo: DemoFolder, desk: TestClient, tmp_path: Path) -> None:
    archives = demo.copy(tmp_path / "archives")
    catalogue = archives / "demo" / "state" / "catalogue.sqlite"
    with sqlite3.connect(catalogue) as database:
        database.execute("PRAGMA user_version = 1")
    database.close()
    client: Any = demo.desk(archives)
    for path in ("/", "/search?q=harbour", f"/cable/{CABLE}", "/operator", "/collection/demo", "/healthz"):
        for asked in (path, path if path == "/healthz" else path_of("index.json") if path == "/" else f"{path}.json"):
            answer = client.get(asked)
            assert str(tmp_path) not in answer.text
            assert "catalogue.sqlite of demo has schema 1" in answer.text or path == "/"
    assert any(str(catalogue) in line for line in client.faults)
    assert len(client.faults) == len(set(client.faults))


def test_what_became_of_an_address_stands_on_its_pages(desk: TestClient) -> None:
    record = desk.get(f"/cable/{CABLE}.json").json()["record"]["id"]
    facts = desk.get(f"/record/{record}.json").json()
    assert facts["link"]["state"] in {"alive", "changed"}
    assert facts["link"]["looks"] > 0
    of_page = desk.get(path_of("page.json", url=facts["uri"])).json()
    assert of_page["link"] == facts["link"]
    for path in (f"/record/{record}", path_of("page", url=facts["uri"])):
        shown: Any = lxml.html.document_fromstring(desk.get(path).text)
        text = " ".join(shown.text_content().split())
        assert f"On the web{facts['link']['state']} since " in text


def test_what_is_behind_is_told_on_every_page(demo: DemoFolder, desk: TestClient, tmp_path: Path) -> None:
    archives = demo.copy(tmp_path / "archives")
    with sqlite3.connect(archives / "demo" / "state" / "catalogue.sqlite") as database:
        size = database.execute("SELECT value FROM meta WHERE name = 'ledger_size'").fetchone()[0]
        for table in ("records", "cables", "runs", "looks"):
            database.execute(f"DELETE FROM {table} WHERE statement >= 30")
        database.execute("UPDATE meta SET value = 30 WHERE name = 'ledger_size'")
    page = demo.desk(archives).get("/").text
    assert f"demo: as of statement 30 of {size}" in page
    with sqlite3.connect(archives / "demo" / "state" / "catalogue.sqlite") as database:
        assert database.execute("SELECT value FROM meta WHERE name = 'ledger_size'").fetchone()[0] == 30


def test_nothing_is_written(demo: DemoFolder, desk: TestClient) -> None:
    def files() -> dict[str, tuple[int, int]]:
        found = {}
        for path in sorted(demo.folder.rglob("*")):
            if path.is_file() and not path.name.endswith(("-shm", "-wal")):
                said = path.stat()
                found[str(path)] = (said.st_size, said.st_mtime_ns)
        return found

    before = files()
    for path in (*_PAGES, *_FILES):
        desk.get(_path(desk, path))
    assert files() == before


@pytest.fixture
def blocking(demo: DemoFolder, tmp_path: Path) -> TestClient:
    config = tmp_path / "config"
    shutil.copytree(demo.folder / "config", config)
    said = f"blocked:\n  - cable: {CABLE}\n    reason: by order of the harbour court\n"
    (config / "blocked.yaml").write_text(said, "utf-8")
    return demo.desk(config_dir=config)


def test_what_is_blocked_is_on_no_page_and_in_no_export(desk: TestClient, blocking: TestClient) -> None:
    record = desk.get(f"/cable/{CABLE}.json").json()
    subject = "LIGHTHOUSES AND FINDS"
    for path in (*_PAGES, *_FILES):
        asked = path.replace("RECORD", record["record"]["id"]).replace("URL", record["url"])
        answer = blocking.get(asked)
        if CABLE in path and "search" not in path:
            assert answer.status_code == 451, path
            assert "by order of the harbour court" in answer.text
            assert 'rel="blocked-by"' in answer.headers["link"]
        elif path.startswith(("/page", "/record")):
            assert answer.status_code == 451, path
        elif path not in {"/about", "/operator", f"/search?q={CABLE.lower()}"}:
            assert answer.status_code == 200, path
            assert CABLE not in answer.text, path
            assert subject not in answer.text, path
    assert blocking.get("/search.json").json()["count"] == 3
    assert {"value": "yes"} not in blocking.get("/search.json").json()["facets"]["redacted"]
    assert blocking.get(f"/search.json?q={CABLE}").json()["direct"] == []
    for path in ("/about", "/operator"):
        assert "by order of the harbour court" in blocking.get(path).text
    statements = [blocking.get(f"/statement/demo/{number}").status_code for number in range(60)]
    assert 451 in statements
    assert 200 in statements


def test_a_list_with_a_mistake_shows_nothing(demo: DemoFolder, desk: TestClient) -> None:
    place = demo.folder / "config" / "blocked.yaml"
    place.write_text("blocked:\n  - cabel: X\n", "utf-8")
    try:
        assert demo.desk().get("/").status_code == 400
    finally:
        place.unlink()


def test_under_a_path_behind_a_proxy(demo: DemoFolder, desk: TestClient) -> None:
    proxied = demo.desk(
        public_url="https://archive.example.org/cables", hosts=frozenset({"testserver", "archive.example.org"})
    )
    for path in (f"/cable/{CABLE}", f"/cables/cable/{CABLE}"):
        answer = proxied.get(path)
        page = _dom(answer.text)
        assert all(href.startswith(("/cables/", "#", "http")) for href in page.xpath("//a/@href"))
        assert "https://archive.example.org/cables/cable/" in answer.headers["link"]
    assert "Disallow: /cables/search" in proxied.get("/robots.txt").text


def test_forwarded_fields_count_from_named_proxies_only(demo: DemoFolder, desk: TestClient) -> None:
    fields = {"x-forwarded-prefix": "/desk", "x-forwarded-proto": "https", "x-forwarded-host": "testserver"}
    assert "/desk/search" not in desk.get("/", headers=fields).text
    named = demo.desk(proxies=frozenset({"testclient"}))
    answer = named.get(f"/cable/{CABLE}", headers=fields)
    assert 'href="/desk/search"' in answer.text
    assert "https://testserver/desk/cable/" in answer.headers["link"]
    for bad in ("//evil.example", "/a/../b", '/x"onload', "javascript:"):
        assert "evil" not in named.get("/", headers={"x-forwarded-prefix": bad}).text
        assert "onload" not in named.get("/", headers={"x-forwarded-prefix": bad}).text
    assert "https://evil" not in named.get("/", headers={"x-forwarded-host": "evil.example"}).text


def test_exports_are_counted_by_whom_they_go_to() -> None:
    clock = iter([0.0] * (EXPORTS_AT_ONCE + 2) + [3.1, 3.1])
    bucket = ExportBucket(lambda: next(clock))
    assert [bucket.take("a") for _ in range(EXPORTS_AT_ONCE)] == [0] * EXPORTS_AT_ONCE
    assert bucket.take("a") == 4
    assert bucket.take("b") == 0
    assert bucket.take("a") == 0
    assert bucket.take("a") > 0


def test_too_many_exports_are_told_to_wait(desk: TestClient) -> None:
    answers = [desk.get("/search.csv").status_code for _ in range(EXPORTS_AT_ONCE + 1)]
    assert answers == [200] * EXPORTS_AT_ONCE + [429]
    assert int(desk.get("/search.ris").headers["retry-after"]) >= 1
    assert desk.get("/search").status_code == 200


def test_metrics_have_an_address_of_their_own(desk: TestClient) -> None:
    assert desk.get("/metrics").status_code == 404
    application: Any = desk.app
    watched = TestClient(Gauges(application))
    answer = watched.get("/metrics")
    assert 'preserve_cables{collection="demo"} 4' in answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert watched.head("/metrics").content == b""
    assert watched.get("/").status_code == 404
    assert watched.get("/operator").status_code == 404
    assert watched.post("/metrics").status_code == 405


@settings(max_examples=examples(60))
@given(
    said=st.text(max_size=200)
    | st.sampled_from(
        ["<script>alert(1)</script>", '"><img src=x onerror=a>', "{{7*7}}", "a' OR 1=1--", '"\\', "\u202eabc"]
    ),
    kind=st.sampled_from(["q", "tag", "origin", "-class", "from", "sort", "after", "year", "url"]),
)
def test_whatever_is_asked_stays_text(demo: DemoFolder, said: str, kind: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(demo.folder / "home"))
        client: Any = demo.desk()
        said = said.encode("utf-8", "ignore").decode()
        for path in ("/search", "/page"):
            answer = client.get(path, params={kind: said})
            assert answer.status_code < 500, answer.text
            assert not client.faults
            page = _dom(answer.text)
            assert not page.xpath("//script")
            assert not page.xpath("//img")
            assert not page.xpath("//@onerror")
            assert "\u202e" not in answer.text


@settings(max_examples=examples(40))
@given(parts=st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=5))
def test_whatever_path_is_asked_is_answered(demo: DemoFolder, parts: list[str]) -> None:
    client: Any = demo.desk()
    path = path_of(*[part.encode("utf-8", "ignore").decode() for part in parts])
    answer = client.get(f"http://testserver{path}")
    assert answer.status_code < 500
    assert not client.faults


def test_the_program_serves_and_ends_cleanly(demo: DemoFolder, desk: TestClient) -> None:
    words = ["serve", "--desk", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]
    words += ["--archives", str(demo.folder / "archives"), "--config", str(demo.folder / "config"), "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "preserve", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        said = announced(process)
        address = said["listening"]
        with urllib.request.urlopen(f"{address}healthz") as answer:
            assert json.load(answer) == {"good": True, "collections": ["demo"], "troubles": {}}
            assert "server" not in answer.headers
        with urllib.request.urlopen(said["metrics"]) as answer:
            assert b"preserve_status_time_seconds" in answer.read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_it_serves_on_sockets_that_systemd_has_opened(demo: DemoFolder, desk: TestClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as desk_socket, socket.create_server(("127.0.0.1", 0)) as room_socket:
        opened = (desk_socket.fileno(), room_socket.fileno())
        places = [f"127.0.0.1:{one.getsockname()[1]}" for one in (desk_socket, room_socket)]
        words = ["serve", "--desk", places[0], "--listening-fd", str(opened[0])]
        words += ["--replay", places[1], "--replay-fd", str(opened[1])]
        words += ["--archives", str(demo.folder / "archives"), "--config", str(demo.folder / "config"), "--json"]
        with subprocess.Popen(
            [sys.executable, "-m", "preserve", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=opened,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        ) as process:
            said = announced(process)
            assert [said["listening"], said["replay"]] == [f"http://{place}/" for place in places]
            with urllib.request.urlopen(f"{said['listening']}healthz") as answer:
                assert json.load(answer)["good"]
            with urllib.request.urlopen(said["replay"]) as answer:
                assert b"The exhibit room" in answer.read()
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


def test_without_its_libraries_it_tells_what_to_install(demo: DemoFolder, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.delitem(sys.modules, "preserve.web.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["serve", "--archives", str(demo.folder / "archives")]) == 7
    assert "`preserve docs install`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--desk", "nowhere"], "is no address to listen on"),
        (["--desk", "127.0.0.1:99999"], "is no address to listen on"),
        (["--metrics", "8352"], "Write --metrics 127.0.0.1:8352"),
        (["--public-url", "ftp://x"], "is no address of a desk"),
        (["--proxy", "everybody"], "is no address of a proxy"),
        (["other"], "no archive of other is held"),
    ],
)
def test_a_mistake_of_the_operator_is_told(demo: DemoFolder, words: list[str], told: str, capsys: Any) -> None:
    assert main(["serve", *words, "--archives", str(demo.folder / "archives")]) in {2, 3}
    assert told in capsys.readouterr().err


def test_units_of_systemd_are_shown_and_written(
    demo: DemoFolder, capsys: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    words = ["serve", "install", "--systemd", "--archives", str(demo.folder / "archives"), "--json"]
    assert main(words) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["written"] is False
    assert set(said["units"]) == {"preserve-desk.socket", "preserve-desk.service"}
    assert "ListenStream=127.0.0.1:8350" in said["units"]["preserve-desk.socket"]
    assert "--listening-fd 3" in said["units"]["preserve-desk.service"]
    assert "--replay" not in said["units"]["preserve-desk.service"]
    more = ["--replay", "127.0.0.1:8351", "--replay-url", "https://replay.example.org", "--proxy", "127.0.0.1"]
    assert main([*words, *more, "--host", "archive.example.org"]) == 0
    said = json.loads(capsys.readouterr().out)["units"]
    assert "ListenStream=127.0.0.1:8350\nListenStream=127.0.0.1:8351\n" in said["preserve-desk.socket"]
    service = said["preserve-desk.service"]
    assert "--desk 127.0.0.1:8350 --listening-fd 3 --replay 127.0.0.1:8351 --replay-fd 4" in service
    assert "--replay-url https://replay.example.org --host archive.example.org --proxy 127.0.0.1" in service
    for wrong in (["--replay", "127.0.0.1:8350"], ["--replay-url", "https://x.example"], ["--desk", "8350"]):
        assert main([*words, *wrong]) == 2
    assert main([*words, "--yes"]) == 0
    assert (tmp_path / "systemd" / "user" / "preserve-desk.socket").is_file()
    assert main(["serve", "install", "--archives", "."]) == 2
