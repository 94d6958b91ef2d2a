"""The address that a citation gives for what is held is answered by the exhibit room, with the same payload."""

import gzip
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

import ada_url
import pytest
from starlette.testclient import TestClient

from preserve.citation.public_copies import public_copy
from preserve.replay.recover import open_for_reading
from preserve.web.application import Desk
from preserve.web.exhibit.room import ExhibitRoom
from preserve.web.settings import DeskSettings
from tests.desk import DemoFolder, demo
from tests.scenarios.test_rescue import LOST, NEW, OLD, WebArchive
from tests.shell import Shell
from tests.site import Site
from tests.warcs import gz, record, reply

__all__ = ["demo"]


def test_every_cited_address_gives_the_payload_that_is_cited(demo: DemoFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(demo.folder / "home"))
    settings = DeskSettings(
        archives=demo.folder / "archives",
        config_dir=demo.folder / "config",
        keys=demo.folder / "home" / "preserve" / "keys",
        hosts=frozenset({"testserver"}),
        replay_urls={"demo": "http://testserver/demo"},
    )
    application = Desk(settings)
    desk = TestClient(application, follow_redirects=False)
    room = TestClient(ExhibitRoom(settings, application.library, print), follow_redirects=False)
    ids = [hit["published_id"] for hit in desk.get("/search.json?q=the&size=100").json()["hits"]]
    assert len(ids) > 2
    for cable in ids:
        facts = desk.get(f"/cable/{cable}.json").json()
        cited = desk.get(f"/cable/{cable}/cite/csl-json").json()[0]["URL"]
        # The demo's captures may be of one second, and then the earlier has its record's address.
        assert cited.startswith(("http://testserver/demo/20", "http://testserver/demo/record/"))
        shown = room.get(cited)
        assert shown.status_code == 200
        payload = desk.get(f"/record/{facts['record']['id']}.json").json()["payload_sha256"]
        assert shown.headers["x-archive-payload-sha256"] == payload
        head, _, address = cited.removeprefix("http://testserver/demo/").partition("/")
        as_sent = f"record/{address}id_" if head == "record" else f"{head}id_/{address}"
        # A payload is what was sent, compressed where it was.
        with room.stream("GET", f"/demo/{as_sent}") as raw:
            sent = b"".join(raw.iter_raw())
        assert hashlib.sha256(sent).hexdigest() == payload


_PUBLIC = "http://testserver/old"
_HTML = "Content-Type: text/html"
_ADDRESSES = (
    "http://h.example/a b",
    "http://h.example/a%20b",
    "http://h.example/\u00e9?x=\u00e9 y",
    "http://h.example/%c3%a9",
    "http://h.example/plain#part",
    "http://h.example/plain",
    "http://h.example/a\\b",
    "http://h.example/a/b",
    "http://h.example/../up/../../over",
    "http://h.example/x/%2e%2E/dots",
    "http://h.example/.hidden/..",
    'http://h.example/"quoted"|<x>^`{y}[z]',
    "http://h.example/a?q=http://z.example//y&r=/../s",
    "http://h.example/a%",
    "http://h.example/a%zz?",
    "http://h.example//a//b;c=1",
    "http://h.example",
    "http://h.example?x#y",
    "HTTP://H.Example:80/Up",
    "http://\u00e9.example/x",
    "https://h.example/2011id_/http://other.example/",
    "http://ann:secret@h.example/private",
    "http://h.example:8080/port",
    "http://h.example/ends ",
)


def _odd_records() -> list[bytes]:
    """A capture of each address, with a payload of its own; and captures of every other kind."""
    made = [
        record(number, reply(f"<p>number {number}".encode(), _HTML), uri=url) for number, url in enumerate(_ADDRESSES)
    ]
    zipped = reply(gzip.compress(b"<p>zipped", mtime=0), _HTML, "Content-Encoding: gzip")
    others: list[tuple[str, bytes, dict[str, Any]]] = [
        ("gone", reply(b"gone", _HTML, status="404 Not Found"), {}),
        ("broken", reply(b"broken", _HTML, status="500 Oh"), {}),
        ("moved", reply(b"moved", "Location: /a/b", status="302 Found"), {}),
        ("zipped", zipped, {}),
        ("empty", reply(b"", _HTML), {}),
        ("made", b"<p>made here", {"kind": "resource", "content_type": "text/html"}),
        ("twice", reply(b"<p>first", _HTML), {}),
        ("twice", reply(b"<p>second", _HTML), {}),
    ]
    made += [
        record(number, block, uri=f"http://h.example/{name}", **more)
        for number, (name, block, more) in enumerate(others, 100)
    ]
    return [*made, record(200, b"<p>of no web", kind="resource", content_type="text/html", uri="urn:x:made")]


def _leads_to_what_is_cited(archives: Path, config: Path, name: str) -> int:
    """Asserts that the public address of every capture, as browsers ask for it, gives that very one; their number."""
    settings = DeskSettings(
        archives=archives, config_dir=config, keys=config, hosts=frozenset({"testserver"}), replay_urls={name: _PUBLIC}
    )
    room = TestClient(ExhibitRoom(settings, Desk(settings).library, print), follow_redirects=False)
    number = 0
    with open_for_reading(archives, [name], {}) as (archive,):
        rows = [row for row in archive.catalogue.rows("records") if row[2] in {"response", "revisit", "resource"}]
        for row in rows:
            capture = archive.capture_of_record(str(row[1]))
            assert capture is not None
            cited = public_copy(archive, capture, f"http://testserver/{name}")
            assert cited.isascii()
            assert "secret" not in cited
            asked = urldefrag(ada_url.URL(cited).href).url
            shown = room.get(asked)
            assert shown.status_code == capture.source.status or capture.source.status is None, (asked, shown.text)
            assert shown.headers["x-archive-record-sha256"] == capture.row.record_sha256, asked
            assert shown.headers.get("x-archive-payload-sha256") == capture.source.payload_sha256, asked
            number += 1
    return number


def test_addresses_and_captures_of_every_kind_are_led_to(shell: Shell) -> None:
    file = shell.folder / "odd.warc.gz"
    made = _odd_records()
    file.write_bytes(gz(*made))
    (shell.config / "collections").mkdir(parents=True, exist_ok=True)
    shell("import", str(file), "--into", "old")
    assert _leads_to_what_is_cited(shell.archives, shell.config, "old") == len(made)


def test_what_a_web_archive_served_is_led_to_at_the_moment_that_it_claims(shell: Shell, site: Site) -> None:
    of = WebArchive(shell, site)
    of.rows(NEW)
    of.memento(NEW, b"", status="302 Found", served="", head=f"Location: /web/{OLD}id_/{LOST}\r\n")
    of.memento(OLD)
    of.rescue(status=1)
    assert _leads_to_what_is_cited(shell.archives, shell.config, "demo") > 1
    with open_for_reading(shell.archives, ["demo"], {}) as (archive,):
        (capture,) = archive.captures_of(LOST)
        assert public_copy(archive, capture, "http://testserver/demo") == f"http://testserver/demo/{OLD}/{LOST}"
