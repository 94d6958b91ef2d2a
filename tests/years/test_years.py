"""The short form of a year; the long one is `make years`."""

from pathlib import Path

import pytest

from tests.years.year import live, short_script


@pytest.mark.slow
def test_a_short_year_of_daily_captures_misses_no_alarm_and_gives_no_false_one(tmp_path: Path) -> None:
    told = live(tmp_path, short_script())
    assert (
        "\n".join(("missed:", *told.missed, "false:", *told.false, "amiss:", *told.amiss)) == "missed:\nfalse:\namiss:"
    )
    assert told.changes > 50
    assert told.alarms > 50
