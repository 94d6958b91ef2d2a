"""A collection of captures that others made, of every kind that is shown in its own way, and a room over it."""

import contextlib
import gzip
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from preserve.cli.main import main
from preserve.web.application import Desk
from preserve.web.exhibit.room import ExhibitRoom
from preserve.web.settings import DeskSettings
from tests.warcs import gz, record, reply, sha1

PAGE = "http://h.example/a/page.html"
HTML = "Content-Type: text/html"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
FIRST = (
    b"<html><link rel=stylesheet href=/s.css><a href='b.html'>held</a> <a href=\"http://live.example/x\">not held</a>"
    b"<img src=i.png><p>caf\xe9"
)
SECOND = FIRST + b" again"
ZIPPED = gzip.compress(b"<p><a href=b.html>zipped</a>", mtime=0)
TIMES = ("2010-01-01T00:00:00Z", "2011-06-01T12:30:00Z", "2012-12-31T23:59:59Z")


def made(number: int, date: str, uri: str, block: bytes, **more: Any) -> bytes:
    return record(number, block, uri=uri, **more).replace(b"2026-01-02T03:04:05Z", date.encode())


def records() -> list[bytes]:
    """Captures: of one page three (the third a revisit of the first), of a second two, of others one."""
    last = (
        ("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"),
        ("WARC-Refers-To-Target-URI", PAGE),
        ("WARC-Refers-To-Date", TIMES[0]),
    )
    cookie = ("Set-Cookie: secret=1", "Content-Security-Policy: default-src *", "Link: <x>; rel=preload", "Refresh: 0")
    one = TIMES[1]
    return [
        made(1, TIMES[0], PAGE, reply(FIRST, HTML, *cookie), payload_digest=sha1(FIRST)),
        made(2, one, PAGE, reply(SECOND, HTML)),
        record(
            3,
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
            *last,
            kind="revisit",
            uri=PAGE,
            payload_digest=sha1(FIRST),
        ).replace(b"2026-01-02T03:04:05Z", TIMES[2].encode()),
        made(4, one, "http://h.example/a/b.html", reply(b"<p>first of a second", HTML)),
        made(5, one, "http://h.example/a/b.html", reply(b"<p>last of a second", HTML)),
        made(6, one, "http://h.example/s.css", reply(b"a{background:url(i.png)}", "Content-Type: text/css")),
        made(7, one, "http://h.example/a/i.png", reply(PNG, "Content-Type: image/png")),
        made(8, one, "http://h.example/gone", reply(b"gone", HTML, status="404 Not Found")),
        made(9, one, "http://h.example/moved", reply(b"", "Location: /a/b.html", status="302 Found")),
        made(10, one, "http://h.example/away", reply(b"", "Location: http://live.example/", status="301 Moved")),
        made(11, one, "http://h.example/f.pdf", reply(b"%PDF-1.4", "Content-Type: application/pdf")),
        made(12, one, "http://h.example/z", reply(ZIPPED, HTML, "Content-Encoding: gzip")),
        made(13, one, "http://h.example/odd?a=1&b=%2F//x", reply(b"<p>odd", "Content-Type: text/html; charset=latin1")),
        made(14, one, "http://h.example/claims", reply(b"<p>no gzip", HTML, "Content-Encoding: gzip")),
        made(15, one, "http://h.example/evil", reply(b"x", "Content-Type: application/x-thing; a=\tb", "X-A: b")),
        made(16, one, "http://h.example/plain", reply(b"body{}")),
        made(17, one, "http://ring.invalid/x", reply(b"round", HTML, "Location: ./%78#y", status="302 Found")),
    ]


@dataclass(frozen=True)
class Exhibits:
    folder: Path

    @property
    def archives(self) -> Path:
        return self.folder / "archives"

    def settings(self, **changes: Any) -> DeskSettings:
        return DeskSettings(
            **{
                "archives": self.archives,
                "config_dir": self.folder / "config",
                "keys": self.folder / "home" / "preserve" / "keys",
                "hosts": frozenset({"testserver"}),
                **changes,
            }
        )

    def desk(self, exhibit_url: str) -> TestClient:
        made = Desk(self.settings())
        made.exhibit_url = exhibit_url
        return TestClient(made, follow_redirects=False)

    def room(self, **changes: Any) -> TestClient:
        settings = self.settings(**changes)
        faults: list[str] = []
        made = ExhibitRoom(settings, Desk(settings).library, faults.append)
        made.desk_origins = ("http://desk.example:8350",)
        client = TestClient(made, follow_redirects=False)
        client.faults = faults  # type: ignore[attr-defined]
        return client


@pytest.fixture(scope="module")
def exhibits(tmp_path_factory: pytest.TempPathFactory) -> Exhibits:
    folder = tmp_path_factory.mktemp("exhibits")
    file = folder / "old.warc.gz"
    file.write_bytes(gz(*records()))
    (folder / "config" / "collections").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.setenv("XDG_CONFIG_HOME", str(folder / "home"))
        words = ["--archives", str(folder / "archives"), "--config", str(folder / "config")]
        assert main(["import", str(file), "--into", "old", *words]) == 0
    return Exhibits(folder)


@pytest.fixture
def room(exhibits: Exhibits, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(exhibits.folder / "home"))
    return exhibits.room()
