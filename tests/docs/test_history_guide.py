"""The guide to history and releases, command by command, on the captures that it names."""

from pathlib import Path

from tests.guides import commands_of, shows, typed
from tests.layout_pages import BODY
from tests.scenarios.test_history_of_releases import page, warc

_GUIDE = Path(__file__).parents[2] / "docs" / "history.md"
_NAME = "08SAMPLETOWN12"


def test_every_command_shows_what_the_guide_says(tmp_path: Path) -> None:
    later = BODY.replace("412 of them", "XXXXXXXXXXXX of them")
    late = page(_NAME, released="2011-01-21 16:04", counter="4,039 / 251,287", body=later)
    first = ("http://a.example/12", "2010-12-01T00:00:00Z", page(_NAME))
    warc(tmp_path / "a.warc.gz", [first, ("http://a.example/12", "2011-02-13T00:00:00Z", late)])
    other = page(_NAME, counter="505 / 251,287")
    warc(tmp_path / "b.warc.gz", [("http://b.example/12", "2010-12-02T00:00:00Z", other)], first=10)
    said = ("1", "1/5/2008 12:33", _NAME, "Embassy Sampletown", "UNCLASSIFIED", "", "FM SAMPLETOWN", BODY)
    (tmp_path / "cables.csv").write_text(",".join(f'"{value}"' for value in said) + "\n", "utf-8")
    (tmp_path / "config" / "layouts").mkdir(parents=True)
    commands = commands_of(_GUIDE)
    assert len(commands) >= 9
    for command, shown in commands:
        _status, printed = typed(command, tmp_path)
        assert shows(printed, shown), (command, printed)
    assert (tmp_path / "difference.html").is_file()
