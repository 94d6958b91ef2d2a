"""What a browser made of a page, in the archive and at every later reading. Another driver stands in for Chromium's."""

import base64
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image
from starlette.testclient import TestClient

from preserve.cli.main import main
from preserve.cli.shared.common import keys_folder
from preserve.provenance.describe import BUILT_BY_SCRIPTS, MADE_HERE
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import CableStatement, RecordStatement, decode
from preserve.store.layout import CollectionPaths
from preserve.web.application import Desk
from preserve.web.exhibit.room import ExhibitRoom
from preserve.web.settings import DeskSettings
from tests.layout_pages import mrkva_page
from tests.shell import Shell
from tests.site import Site
from tests.unit.export.premis_rules import NS, check_premis

BUILT = mrkva_page()
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
EMPTY = b"<!doctype html><title>An application</title><div id=app></div><script src=/app.js></script>"


class FakeDriver:
    """Stands for driver and browser: asks for the page, and writes what a browser would have made of it."""

    document = BUILT
    version = "Test/1.0"
    pictures: Mapping[str, bytes] = {"view.png": PICTURE}

    def __init__(self, browser: str) -> None:
        assert browser == "/nowhere"

    def visit(self, job: Mapping[str, Any], asks: Callable[[str, bool], None]) -> dict[str, Any]:
        if not job["agent"]:
            return {"agent": "Test/1.0", "version": "Test/1.0"}
        asks(job["url"], True)
        self.ask(job)
        (Path(job["folder"]) / "dom.html").write_bytes(self.document)
        for name, data in self.pictures.items():
            (Path(job["folder"]) / name).write_bytes(data)
        made = dict.fromkeys(("dom.html", *self.pictures), "")
        facts = {"title": "An application", "userAgent": "Test/1.0", "language": "en-US", "zone": "UTC"}
        return {"state": "whole", "version": self.version, "artefacts": made, "page": facts}

    def ask(self, job: Mapping[str, Any]) -> None:
        proxy, page = urlsplit(job["proxy"]), urlsplit(job["url"])
        word = base64.b64encode(f"{job['page']}:{job['word']}".encode()).decode()
        connection = HTTPConnection(proxy.hostname or "", proxy.port, timeout=60)
        connection.request("GET", job["url"], headers={"Host": page.netloc, "Proxy-Authorization": f"Basic {word}"})
        connection.getresponse().read()
        connection.close()

    def kill(self) -> None:
        """There is nothing to kill."""

    def end(self) -> None:
        """There is nothing to end."""


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, site: Site, shell: Shell) -> str:
    """A collection of one page, whose cable is built by a script."""
    monkeypatch.setattr("preserve.crawler.browser.visit.find_browser", lambda: "/nowhere")
    monkeypatch.setattr("preserve.crawler.browser.visit.Driver", FakeDriver)
    site.page("/app", EMPTY)
    shell.site_collection("demo", site, "/app")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + "browser: all\n")
    shell("init", "demo")
    return site.url("/app")


def stated(shell: Shell) -> tuple[list[CableStatement], dict[str, RecordStatement]]:
    said = [decode(entry) for _index, entry in Ledger(CollectionPaths(shell.archives, "demo")).raw(0)]
    records = {one.record_id: one for one in said if isinstance(one, RecordStatement)}
    return [one for one in said if isinstance(one, CableStatement)], records


def test_a_cable_that_scripts_built_is_read_from_the_document_and_said_to_be(app: str, shell: Shell) -> None:
    shell("capture", "demo")
    (cable,), records = stated(shell)
    record = records[cable.record_id]
    assert (cable.published_id, cable.read_in) == ("08SAMPLETOWN12", "dom")
    assert (record.type, record.uri) == ("resource", f"urn:dom:{app}")
    assert cable.raw_sha256 == record.block_sha256
    shown = shell.json("show", "08SAMPLETOWN12")
    assert (shown["url"], shown["record"]["id"]) == (app, cable.record_id)
    assert shown["cable"]["read_in"] == "dom"
    assert shown["second_hand"] == {"document": cable.record_id, "page": app, "told": BUILT_BY_SCRIPTS}
    assert "second hand" in shell("show", "08SAMPLETOWN12")
    # The page's own capture is what its server sent.
    own = shell.json("show", app)
    assert own["second_hand"] is None
    assert own["record"]["id"] != cable.record_id
    assert "cable" not in own


def test_a_text_of_the_document_is_verified_and_cited_as_such(app: str, shell: Shell) -> None:
    shell("capture", "demo")
    (cable,), _records = stated(shell)
    claims = {one["claim"]: one for one in shell.json("verify", "demo", "--deep")["collections"][0]["claims"]}
    assert claims["every text follows from its bytes"]["verdict"] == "PASS"
    assert "1 text " in claims["every text follows from its bytes"]["detail"]
    (cited,) = shell.json("cite", "08SAMPLETOWN12")["citations"]
    assert cited["csl"]["URL"] == app
    assert cited["csl"]["custom"]["second_hand"] == BUILT_BY_SCRIPTS
    assert cited["csl"]["number"] == cable.published_id
    shell("cite", "08SAMPLETOWN12", "--chars", "0-12", "--capsule", str(shell.folder / "cited.wacz"))
    told = shell("check", str(shell.folder / "cited.wacz"))
    assert BUILT_BY_SCRIPTS in told
    files = map(str, (shell.archives / "demo" / "archive").glob("*.warc.gz"))
    assert main(["extract", *files, "--config", str(shell.config), "--only-cables"]) == 0
    (line,) = shell.capsys.readouterr()[0].splitlines()
    said = json.loads(line)
    assert (said["published_id"], said["from"]["record_id"], said["from"]["read_in"]) == (
        cable.published_id, cable.record_id, "dom",
    )  # fmt: skip


def test_where_the_reply_shows_the_cable_the_document_is_not_read(app: str, site: Site, shell: Shell) -> None:
    site.page("/app", BUILT)
    shell("capture", "demo")
    (cable,), records = stated(shell)
    assert (records[cable.record_id].type, records[cable.record_id].uri) == ("response", app)
    shell("verify", "demo", "--deep")


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops"])
def test_of_an_error_page_the_document_is_not_read(status: str, app: str, site: Site, shell: Shell) -> None:
    site.page("/app", EMPTY, status=status)
    shell("capture", "demo", status=None)
    assert stated(shell)[0] == []
    assert app


def test_a_document_without_a_cable_is_nothing_amiss(app: str, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeDriver, "document", BUILT.replace(b"08SAMPLETOWN12", b""))
    shell("capture", "demo")
    assert stated(shell)[0] == []
    assert app


def desk_of(shell: Shell, **changes: Any) -> TestClient:
    settings = DeskSettings(
        archives=shell.archives,
        config_dir=shell.config,
        keys=keys_folder(os.environ),
        hosts=frozenset({"testserver"}),
        **changes,
    )
    return TestClient(Desk(settings, lambda _fault: None), follow_redirects=False)


class NarrowDriver(FakeDriver):
    """Stands for a machine that gives a browser no sandbox."""

    def visit(self, job: Mapping[str, Any], asks: Callable[[str, bool], None]) -> dict[str, Any]:
        if job["sandbox"]:
            return {"state": "failed", "why": "No usable sandbox!", "refused": "sandbox"}
        return super().visit(job, asks)


def test_without_its_sandbox_a_browser_runs_and_that_is_said_once(
    app: str, site: Site, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preserve.crawler.browser.visit.Driver", NarrowDriver)
    site.page("/app", EMPTY + b"<a href=/other>")
    site.page("/other", EMPTY)
    told = shell("capture", "demo") + shell.errors
    assert told.count("browser    ran without its sandbox: this machine") == 1
    said = desk_of(shell).get("/page", params={"url": app}).text
    assert "without the browser&#39;s sandbox" in said


def test_a_sandbox_that_is_required_is_had_or_nothing_is_asked(
    app: str, site: Site, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + "browser_sandbox: required\n")
    shell("capture", "demo")
    asked = len(site.asked)
    assert app
    monkeypatch.setattr("preserve.crawler.browser.visit.Driver", NarrowDriver)
    shell("capture", "demo", status=None)
    assert shell.status != 0
    assert "No usable sandbox!" in shell.errors
    assert "browser_sandbox" in shell.errors
    assert len(site.asked) == asked


def test_the_desk_shows_pictures_beside_the_text_and_says_who_made_them(
    app: str, site: Site, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell("capture", "demo")
    site.page("/app", EMPTY + b"<p>changed")
    monkeypatch.setattr(FakeDriver, "version", "Test/2.0")
    shell("capture", "demo", status=None)
    desk = desk_of(shell)
    said = desk.get("/page.json", params={"url": app}).json()
    assert (list(said["pictures"]), said["pictures_by"]) == (["view"], "Test/2.0")
    page = desk.get("/page", params={"url": app}).text
    picture = f"/record/{said['pictures']['view']}/picture"
    assert f'src="{picture}"' in page
    assert "are no bytes of the page" in page
    assert "drawn by another browser version, Test/1.0" in page
    first = desk.get("/page", params={"url": app, "at": said["captures"][0]["record"]}).text
    assert "Test/1.0" in first
    assert "another browser version" not in first
    shown = desk.get(picture)
    assert (shown.content, shown.headers["content-type"]) == (PICTURE, "image/png")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert shown.headers["cross-origin-resource-policy"] == "same-origin"
    # No other record is given out as a picture.
    assert desk.get(f"/record/{said['record']}/picture").status_code == 404


def test_exports_of_provenance_say_who_made_what_scripts_built(app: str, shell: Shell) -> None:
    shell("capture", "demo")
    (cable,), records = stated(shell)
    view = next(one for one in records.values() if one.uri == f"urn:view:{app}")
    root = check_premis(shell("export", "premis", "-c", "demo").encode())
    events = root.findall(f"{NS}event")
    said = {one.findtext(f"{NS}linkingObjectIdentifier/{NS}linkingObjectIdentifierValue"): one for one in events}
    for record_id in (cable.record_id, view.record_id):
        assert said[record_id].findtext(f"{NS}eventType") == "creation"
        assert MADE_HERE in (said[record_id].findtext(f"{NS}eventDetailInformation/{NS}eventDetail") or "")
    reply = next(one for one in records.values() if (one.type, one.uri) == ("response", app))
    assert said[reply.record_id].findtext(f"{NS}eventType") == "capture"
    values = {
        (one.findtext(f"{NS}significantPropertiesType"), one.findtext(f"{NS}significantPropertiesValue"))
        for one in root.iter(f"{NS}significantProperties")
    }
    assert {("read in", BUILT_BY_SCRIPTS), ("made of the page", app)} <= values
    document = json.loads(shell("export", "prov", "-c", "demo"))
    entities = document["entity"]
    for record_id in (cable.record_id, view.record_id):
        entity = entities[f"uuid:{record_id.removeprefix('urn:uuid:')}"]
        assert entity["pv:madeBy"] == MADE_HERE
        assert "pv:captured" not in entity
    (text,) = (one for one in entities.values() if one.get("pv:publishedId") == cable.published_id)
    assert text["pv:readIn"] == BUILT_BY_SCRIPTS
    # The one page that there is, and no page of a name that this program gave.
    pages = [one["pv:url"]["$"] for one in entities.values() if one["prov:type"]["$"] == "pv:Page"]
    assert all(one.startswith("http") for one in pages)
    folder = shell.folder / "crate"
    shell("export", "ro-crate", "-c", "demo", "-o", str(folder))
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    assert MADE_HERE in {one.get("description") for one in graph if one["@type"] == "CreateAction"}


def test_the_exhibit_room_says_what_is_no_capture(app: str, shell: Shell) -> None:
    shell("capture", "demo")
    (cable,), records = stated(shell)
    view = next(one for one in records.values() if one.uri == f"urn:view:{app}")
    settings = DeskSettings(
        archives=shell.archives,
        config_dir=shell.config,
        keys=keys_folder(os.environ),
        hosts=frozenset({"testserver"}),
    )
    faults: list[str] = []
    room = TestClient(ExhibitRoom(settings, Desk(settings).library, faults.append), follow_redirects=False)
    picture = room.get(f"/record/{view.record_id}")
    assert picture.status_code == 404
    assert MADE_HERE in picture.text
    document = room.get(f"/record/{cable.record_id}")
    assert (document.status_code, document.headers["x-archive-second-hand"]) == (200, BUILT_BY_SCRIPTS)
    # It is no memento of the page, whose own is the reply.
    assert "memento-datetime" not in document.headers
    assert room.get(f"/demo/{app}").headers["location"].endswith(app)
    (shell.config / "blocked.yaml").write_text(f"blocked:\n  - url: {app}\n    reason: a test\n")
    for record_id in (view.record_id, cable.record_id):
        blocked = TestClient(ExhibitRoom(settings, Desk(settings).library, faults.append), follow_redirects=False)
        assert blocked.get(f"/record/{record_id}").status_code == 451
    assert not faults


def test_what_is_no_picture_is_not_given_out_as_one(app: str, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeDriver, "pictures", {"view.png": b"<script>alert(1)</script>"})
    shell("capture", "demo")
    desk = desk_of(shell)
    said = desk.get("/page.json", params={"url": app}).json()
    assert desk.get(f"/record/{said['pictures']['view']}/picture").status_code == 404


def test_a_picture_of_what_is_blocked_is_blocked(app: str, shell: Shell) -> None:
    shell("capture", "demo")
    said = desk_of(shell).get("/page.json", params={"url": app}).json()
    (shell.config / "blocked.yaml").write_text("blocked:\n  - cable: 08SAMPLETOWN12\n    reason: a test\n")
    assert desk_of(shell).get(f"/record/{said['pictures']['view']}/picture").status_code == 451


def test_a_blocked_picture_is_not_led_to(app: str, shell: Shell) -> None:
    shell("capture", "demo")
    said = desk_of(shell).get("/page.json", params={"url": app}).json()
    for blocked in (f"record: {said['pictures']['view']}", "cable: 08SAMPLETOWN12"):
        (shell.config / "blocked.yaml").write_text(f"blocked:\n  - {blocked}\n    reason: a test\n")
        desk = desk_of(shell)
        assert desk.get("/page.json", params={"url": app}).json()["pictures"] == {}
        assert "/picture" not in desk.get("/page", params={"url": app}).text


def drawn(*boxes: tuple[int, int, int, int]) -> bytes:
    image = Image.new("RGB", (320, 200), "white")
    for box in boxes:
        image.paste((20, 20, 120), box)
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def twice(app: str, site: Site, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two captures of the page, by two versions of a browser; an area came."""
    monkeypatch.setattr(FakeDriver, "pictures", {"view.png": drawn()})
    shell("capture", "demo")
    site.page("/app", EMPTY + b"<p>changed")
    monkeypatch.setattr(FakeDriver, "version", "Test/2.0")
    monkeypatch.setattr(FakeDriver, "document", BUILT.replace(b"</", b"more</", 1))
    monkeypatch.setattr(FakeDriver, "pictures", {"view.png": drawn((16, 32, 48, 40))})
    shell("capture", "demo", status=None)
    return app


def test_the_desk_compares_the_pictures_of_two_captures(twice: str, shell: Shell) -> None:
    desk = desk_of(shell)
    page = desk.get("/page", params={"url": twice}).text
    assert "/page/pictures?" in page
    found = desk.get("/page/pictures.json", params={"url": twice}).json()
    assert (found["changed_pixels"], found["pixels"], found["kind"]) == (256, 64_000, "view")
    assert found["areas"] == [
        {"left": 16, "top": 32, "width": 32, "height": 8, "pixels": 256, "place": "on the left, 16% of the way down"}
    ]
    assert found["made_differently"] == [{"what": "browser", "before": "Test/1.0", "after": "Test/2.0"}]
    named = {"url": twice, "a": found["before"]["record"], "b": found["after"]["record"]}
    shown = desk.get("/page/pictures", params=named)
    assert "0.40%" in shown.text
    assert "made by another browser version: Test/1.0, then Test/2.0" in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    marked = desk.get("/page/changed", params=named)
    assert (marked.content[:8], marked.headers["content-type"]) == (b"\x89PNG\r\n\x1a\n", "image/png")
    assert marked.headers["x-content-type-options"] == "nosniff"
    assert marked.headers["cross-origin-resource-policy"] == "same-origin"
    tag = marked.headers["etag"]
    assert desk.get("/page/changed", params=named, headers={"If-None-Match": tag}).status_code == 304
    # The differences of a cable that the page shows lead there, too.
    assert "/page/pictures?" in desk.get("/cable/08SAMPLETOWN12/diff/1..2").text


def test_pictures_that_cannot_be_compared_are_a_message(
    app: str, site: Site, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeDriver, "pictures", {"view.png": drawn()})
    shell("capture", "demo")
    site.page("/app", EMPTY + b"<p>changed")
    monkeypatch.setattr(FakeDriver, "pictures", {"view.png": drawn()[:60]})
    shell("capture", "demo", status=None)
    desk = desk_of(shell)
    shown = desk.get("/page/pictures", params={"url": app})
    assert shown.status_code == 200
    assert "cannot be compared: the second picture cannot be read" in shown.text
    assert desk.get("/page/changed", params={"url": app}).status_code == 404
    assert desk.get("/page/pictures").status_code == 400
    assert desk.get("/page/pictures", params={"url": app, "kind": "../x"}).status_code == 400
    assert desk.get("/page/pictures", params={"url": app, "a": "urn:uuid:x"}).status_code == 404


def test_pictures_of_what_is_blocked_are_not_compared(twice: str, shell: Shell) -> None:
    found = desk_of(shell).get("/page/pictures.json", params={"url": twice}).json()
    named = {"a": found["before"]["record"], "b": found["after"]["record"]}
    for blocked in (
        f"url: {twice}",
        "cable: 08SAMPLETOWN12",
        f"record: {found['before']['record']}",
        f"record: {found['after']['picture']}",
    ):
        (shell.config / "blocked.yaml").write_text(f"blocked:\n  - {blocked}\n    reason: a test\n")
        desk = desk_of(shell)
        for path in ("/page/pictures", "/page/changed"):
            assert desk.get(path, params=named).status_code in {404, 451}, (blocked, path)


def test_a_package_names_the_pictures_of_its_pages(app: str, shell: Shell) -> None:
    shell("capture", "demo")
    path = shell.folder / "demo.wacz"
    shell("export", "wacz", "demo", "-o", str(path))
    with zipfile.ZipFile(path) as package:
        _header, line = map(json.loads, package.read("pages/pages.jsonl").splitlines())
    said = desk_of(shell).get("/page.json", params={"url": app}).json()
    assert line["url"] == app
    assert line["pictures"] == {f"urn:view:{app}": said["pictures"]["view"].removeprefix("urn:uuid:")}
    assert "E-WACZ-PAGES" not in json.dumps(shell.json("verify", str(path), status=None))
