"""The guide to layouts: its example reads its page, by the command that it shows, and gives what it says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from preserve.cli.main import main
from preserve.config.layout import LayoutConfig

_GUIDE = (Path(__file__).parents[2] / "docs" / "layouts.md").read_text("utf-8")


def _blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", _GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-config" / "layouts").mkdir(parents=True)
    return tmp_path


def _extracted(capsys: pytest.CaptureFixture[str], words: list[str]) -> dict[str, Any]:
    assert main(words) == 0
    (line,) = capsys.readouterr().out.splitlines()
    cable: dict[str, Any] = json.loads(line)
    return cable


def test_ten_lines_read_a_new_mirror(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout, (page,), (shown,), (command,) = _blocks("yaml")[0], _blocks("html"), _blocks("json"), _blocks("console")
    assert len(layout.splitlines()) <= 10
    (folder / "my-config" / "layouts" / "harbour.yaml").write_text(layout, "utf-8")
    (folder / "page.html").write_text(page, "utf-8")
    assert command.startswith("$ preserve ")
    cable = _extracted(capsys, command.split()[2:])
    wanted = json.loads(shown)
    assert {name: value["printed"] for name, value in cable["fields"].items()} == wanted.pop("fields")
    assert {name: cable[name] for name in wanted} == wanted
    assert cable["findings"] == []
    assert (cable["sent"]["value"], cable["sent"]["precision"]) == ("2005-03-15T10:20", "minute")


def test_a_text_whose_first_lines_are_fields(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "my-config" / "layouts" / "texts.yaml").write_text(_blocks("yaml")[1], "utf-8")
    (folder / "one.txt").write_text("05PORTSOLACE118\n2005-03-15\nEmbassy Port Solace\nUNCLAS\nHOLLOWAY\n", "utf-8")
    cable = _extracted(capsys, ["extract", "--config", "my-config", "one.txt"])
    assert (cable["published_id"], cable["body"]) == ("05PORTSOLACE118", "UNCLAS\nHOLLOWAY\n")
    assert cable["fields"]["origin"]["printed"] == "Embassy Port Solace"


def test_every_key_that_the_guide_names_is_one() -> None:
    named = set(re.findall(r"`([a-z_]+)(?:: [a-z0-9#@.]+)?`", _GUIDE))
    known = set(LayoutConfig.model_fields)
    assert {"recognise", "begins", "labels", "values", "sentences", "forms", "body", "header", "cut"} <= named & known
