"""An operator's own copy of ReplayWeb.page on the address of the exhibit room, and what is no part of it."""

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from preserve.cli.main import main
from preserve.errors import UsageError
from preserve.web.exhibit.own_copy import OwnCopy
from preserve.web.reached import ServedNames
from tests.desk import DemoFolder, demo

__all__ = ["demo"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    (copy / "adblock").mkdir(parents=True)
    for name in ("index.html", "ui.js", "sw.js", "adblock/rules.gz"):
        (copy / name).write_text(f"this is {name}", encoding="ascii")
    (tmp_path / "secret").write_text("secret", encoding="ascii")
    (copy / "link").symlink_to(tmp_path / "secret")
    return copy


def _room(_request: Any) -> PlainTextResponse:
    return PlainTextResponse("the room")


def test_only_the_files_of_the_copy_are_given_out(folder: Path) -> None:
    room = Starlette(routes=[Route("/{rest:path}", _room)])
    names = ServedNames({"testserver"})
    client = TestClient(OwnCopy(folder, room, names, lambda: "http://127.0.0.1:8350"), follow_redirects=False)
    for name, kind in {"": "text/html", "sw.js": "text/javascript", "adblock/rules.gz": "application/gzip"}.items():
        answer = client.get(f"/replay-web-page/{name}")
        assert (answer.status_code, answer.text) == (200, f"this is {name or 'index.html'}")
        assert answer.headers["content-type"].startswith(kind)
        assert "connect-src 'self' data: blob: http://127.0.0.1:8350;" in answer.headers["content-security-policy"]
    assert client.head("/replay-web-page/ui.js").headers["content-length"] == str(len("this is ui.js"))
    for name in ("link", "../secret", "%2e%2e/secret", "adblock", "none"):
        answer = client.get(f"/replay-web-page/{name}")
        assert answer.text in {"There is no such file.\n", "the room"}, name
    assert client.post("/replay-web-page/ui.js").status_code == 405
    assert client.get("/demo/20110101000000/http://a.org/").text == "the room"
    worker = {"Service-Worker": "script"}
    assert client.get("/replay-web-page/sw.js", headers=worker).status_code == 200
    assert client.get("/replay-web-page/ui.js", headers=worker).status_code == 403
    assert client.get("/replay-web-page/ui.js", headers={"Host": "evil.example"}).status_code == 400


def test_a_folder_that_is_no_copy_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="no copy of ReplayWeb"):
        OwnCopy(tmp_path, lambda *_given: None, ServedNames(()), str)  # type: ignore[arg-type]
    assert main(["serve", "run", "--replay-web-page", str(tmp_path)]) != 0
    assert "--replay-web-page is of no use alone" in capsys.readouterr().err


def test_the_page_of_a_collection_leads_to_the_copy(demo: DemoFolder, folder: Path) -> None:
    client = demo.desk(replay_web_page=folder)
    assert "https://replayweb.page/?source=" in client.get("/collection/demo").text
    client.app.exhibit_url = "http://127.0.0.1:8351"  # type: ignore[attr-defined]
    assert 'href="http://127.0.0.1:8351/replay-web-page/?source=http' in client.get("/collection/demo").text
