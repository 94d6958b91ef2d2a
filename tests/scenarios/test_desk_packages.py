"""A package of a collection, given out by the desk in ranges, to pages of other sites too."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from preserve.cli.main import main
from preserve.errors import LockedError, UsageError
from preserve.export.zipstream import LaidOut, Part
from preserve.web.application import Desk
from preserve.web.pages import packages
from tests.desk import CABLE, DemoFolder, demo, desk

__all__ = ["demo", "desk"]
_PATH = "/wacz/demo.wacz"


def test_the_package_is_the_one_that_is_exported(
    demo: DemoFolder, desk: TestClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = desk.get(_PATH)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/wacz"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert int(answer.headers["content-length"]) == len(answer.content)
    place = ["--archives", str(demo.folder / "archives"), "--config", str(demo.folder / "config")]
    assert main(["export", "wacz", "demo", "--unsigned", "-o", str(tmp_path / "a.wacz"), *place]) == 0
    assert (tmp_path / "a.wacz").read_bytes() == answer.content
    assert main(["verify", str(tmp_path / "a.wacz"), *place]) == 0
    assert "a.wacz: good" in capsys.readouterr().out


def test_ranges_are_those_of_the_whole(desk: TestClient) -> None:
    whole = desk.get(_PATH)
    size, tag = len(whole.content), whole.headers["etag"]
    for asked, start, end in (
        ("0-0", 0, 1),
        ("10-20000", 10, 20_001),
        (f"{size - 5}-", size - 5, size),
        ("-7", size - 7, size),
        (f"100-{10 * size}", 100, size),
    ):
        part = desk.get(_PATH, headers={"Range": f"bytes={asked}"})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert part.content == whole.content[start:end]
    past = desk.get(_PATH, headers={"Range": f"bytes={size}-"})
    assert (past.status_code, past.headers["content-range"]) == (416, f"bytes */{size}")
    for other in ("bytes=-", "lines=1-2", "bytes=1-2,5-6", "bytes=9-3x"):
        assert desk.get(_PATH, headers={"Range": other}).status_code == 200
    assert desk.get(_PATH, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200
    assert desk.get(_PATH, headers={"If-None-Match": tag}).status_code == 304
    head = desk.head(_PATH)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))
    asked_first = desk.options(_PATH, headers={"Access-Control-Request-Method": "GET", "Origin": "https://x.org"})
    assert asked_first.headers["access-control-allow-origin"] == "*"


def test_what_is_not_shown_is_not_in_it_and_what_is_too_large_is_not_made(
    demo: DemoFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(demo.folder / "home"))
    (tmp_path / "blocked.yaml").write_text(f"blocked:\n  - cable: {CABLE}\n    reason: a test\n", encoding="utf-8")
    client = demo.desk(config_dir=tmp_path)
    with zipfile.ZipFile(io.BytesIO(client.get(_PATH).content)) as package:
        assert CABLE.encode() not in package.read("pages/pages.jsonl")
        assert json.loads(package.read("datapackage.json"))["preserve"]["is_everything"] is False
    assert client.get("/wacz/other.wacz").status_code == 404
    assert client.get("/wacz/demo").status_code == 404
    for bound in ("MAX_PACKAGE_BYTES", "MAX_PACKAGE_HELD_BYTES"):
        with monkeypatch.context() as patch:
            patch.setattr(packages, bound, 1_000)
            refused = demo.desk().get(_PATH)
            assert refused.status_code == 400
            assert "too large" in refused.text


def test_one_package_is_made_at_a_time_and_two_are_kept(demo: DemoFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(demo.folder / "home"))
    app = demo.desk().app
    assert isinstance(app, Desk)
    library, made = app.library, LaidOut((), lambda _listed: [], most_held_bytes=100, most_bytes=100)

    def while_making() -> LaidOut:
        with pytest.raises(LockedError):
            library.package("b", (1,), lambda: made)
        return made

    def never() -> LaidOut:
        raise AssertionError

    assert library.package("a", (1,), while_making) is made
    assert library.package("a", (1,), never) is made
    for name in ("b", "c"):
        library.package(name, (1,), lambda: made)
    with pytest.raises(AssertionError):
        library.package("a", (1,), never)

    def too_large() -> LaidOut:
        return LaidOut([Part(name="a", pieces=lambda: [b"x"])], lambda _listed: [], most_held_bytes=0, most_bytes=0)

    for make in (too_large, never):
        with pytest.raises(UsageError, match="too large"):
            library.package("d", (1,), make)
    assert library.package("d", (2,), lambda: made) is made
    monkeypatch.setattr(LaidOut, "is_still", lambda _self: False)
    with pytest.raises(AssertionError):
        library.package("d", (2,), never)


def test_the_collection_leads_to_its_package_and_to_a_reader_of_packages(desk: TestClient) -> None:
    text = desk.get("/collection/demo").text
    assert f'href="{_PATH}"' in text
    assert "https://replayweb.page/?source=http%3A//testserver/wacz/demo.wacz" in text
