"""What a browser made of a page, in the archive and at every later reading. Another driver stands in for Chromium's."""

import base64
import json
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from preserve.cli.main import main
from preserve.provenance.describe import BUILT_BY_SCRIPTS
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import CableStatement, RecordStatement, decode
from preserve.store.layout import CollectionPaths
from tests.layout_pages import mrkva_page
from tests.shell import Shell
from tests.site import Site

BUILT = mrkva_page()
EMPTY = b"<!doctype html><title>An application</title><div id=app></div><script src=/app.js></script>"


class FakeDriver:
    """Stands for driver and browser: asks for the page, and writes what a browser would have made of it."""

    document = BUILT

    def visit(self, job: Mapping[str, Any], asks: Callable[[str, bool], None]) -> dict[str, Any]:
        if not job["agent"]:
            return {"agent": "Test/1.0", "version": "Test/1.0"}
        asks(job["url"], True)
        self.ask(job)
        (Path(job["folder"]) / "dom.html").write_bytes(self.document)
        facts = {"title": "An application", "userAgent": "Test/1.0", "language": "en-US", "zone": "UTC"}
        return {"state": "whole", "version": "Test/1.0", "artefacts": {"dom.html": ""}, "page": facts}

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
