"""The command `preserve demo`: what it shows, where it writes, and what it leaves alone."""

import json
import shutil
from pathlib import Path

import pytest

from preserve.cli.main import main

STEPS = ["init", "capture", "capture", "show", "history", "verify", "cite", "verify"]


def _tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shown(here: Path, made_demo: Path) -> Path:
    """A folder in which the demo has run, with its own in the usual place."""
    shutil.copytree(made_demo, here / ".demo", symlinks=True)
    return here


def test_as_json_it_is_one_document_with_every_step(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--json"]) == 0
    out, err = capsys.readouterr()
    data = json.loads(out)
    assert "Traceback" not in err
    assert data["good"] is True
    assert [step["command"].split()[1] for step in data["steps"]] == STEPS
    assert [step["status"] for step in data["steps"]] == [0, 0, 1, 0, 0, 0, 0, 1]
    _init, first, second, shown, history, verified, cited, damaged = (step["output"] for step in data["steps"])
    assert [url[2] for url in first["problems"]] == ["robots", "http-500"]
    assert first["cables"] == 5
    assert sorted(url[2] for url in second["problems"]) == ["http-410", "http-500", "robots"]
    assert "Ilse Quarrington" in shown["text"]
    assert [one["difference"] for one in history["observations"]] == [None, "redaction added"]
    assert [one["source_released"] for one in history["observations"]] == ["2011-10-04", "2012-06-30"]
    assert verified["collections"][0]["good"] is True
    assert verified["collections"][0]["findings"] == []
    assert cited["citations"][0]["forms"]["bibtex"].startswith("@techreport{")
    assert damaged["collections"][0]["good"] is False
    assert "E-WARC-HASH" in {finding["code"] for finding in damaged["collections"][0]["findings"]}


def test_everything_it_writes_is_in_its_folder_the_key_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--folder", "shown"]) == 0
    out, err = capsys.readouterr()
    assert {path.name for path in here.iterdir()} == {"shown"}
    assert not any(path.is_file() for path in Path.home().rglob("*"))
    key = here / "shown" / "home" / "preserve" / "keys" / "demo.key"
    assert key.stat().st_mode & 0o077 == 0
    assert "$ preserve show 05PORTSOLACE117" in out
    assert "Traceback" not in out + err


def test_a_second_time_it_replaces_what_the_first_one_made(shown: Path) -> None:
    here = shown
    (here / ".demo" / "left").write_text("by the user")
    first = {path.name for path in (here / ".demo" / "archives" / "demo" / "archive").iterdir()}
    assert main(["demo"]) == 0
    assert not (here / ".demo" / "left").exists()
    assert first.isdisjoint(path.name for path in (here / ".demo" / "archives" / "demo" / "archive").iterdir())


def test_the_folder_may_be_the_current_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--folder", "."]) == 0
    assert main(["demo", "--folder", "."]) == 0
    assert (here / "archives" / "demo" / "preserve.json").is_file()


def test_a_folder_that_no_demo_made_is_left_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "thesis").mkdir()
    (here / "thesis" / "chapter").write_text("mine")
    before = _tree(here)
    assert main(["demo", "--folder", "thesis"]) == 2
    assert _tree(here) == before
    assert "no demo made" in capsys.readouterr().err


def test_what_a_link_in_the_folder_points_to_is_left_alone(shown: Path) -> None:
    here = shown
    outside = here / "outside"
    outside.mkdir()
    (outside / "chapter").write_text("mine")
    (here / ".demo" / "link").symlink_to(outside, target_is_directory=True)
    assert main(["demo"]) == 0
    assert not (here / ".demo" / "link").exists()
    assert (outside / "chapter").read_text() == "mine"
