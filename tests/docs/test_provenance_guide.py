"""The guide to provenance exports, command by command; its names of terms against the program."""

import re
from pathlib import Path

from tests.guides import commands_of, shows, typed
from tests.scenarios.test_history_of_releases import page, warc

_TOP = Path(__file__).parents[2]
_GUIDE = _TOP / "docs" / "provenance-export.md"
_NAME = "08SAMPLETOWN12"


def test_every_command_shows_what_the_guide_says(tmp_path: Path) -> None:
    first = ("http://a.example/12", "2010-12-01T00:00:00Z", page(_NAME))
    later = ("http://a.example/12", "2011-02-13T00:00:00Z", page(_NAME, released="2011-01-21 16:04"))
    warc(tmp_path / "a.warc.gz", [first, later])
    (tmp_path / "config" / "layouts").mkdir(parents=True)
    commands = commands_of(_GUIDE)
    assert len(commands) == 8
    for command, shown in commands:
        _status, printed = typed(command, tmp_path)
        assert shows(printed, shown), (command, printed)


def test_every_term_that_the_guide_names_is_one_of_the_program() -> None:
    source = (_TOP / "preserve" / "export" / "provdocument.py").read_text("utf-8")
    named = set(re.findall(r"`pv:([A-Za-z]\w+)`", _GUIDE.read_text("utf-8")))
    assert len(named) > 30
    events = {"Run", "Import", "Cut", "Repair"}
    assert {term for term in named - events if not term.startswith("claimed") and f'"{term}"' not in source} == set()
