"""The order of what one ledger states, and which of it is the newest."""

import pytest

from preserve.replay.times import Dated, in_order, newest


def _own(statement: int, day: int, doubt: str = "") -> Dated:
    return Dated(date=f"2026-01-{day:02}T00:00:00Z", statement=statement, doubt=doubt)


def _other(statement: int, date: str, *, has_place: bool = True) -> Dated:
    return Dated(date=date, statement=statement, is_own=False, has_place=has_place, doubt="" if has_place else "no")


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ([_own(0, 1), _own(1, 2)], [0, 1]),
        ([_own(0, 20), _own(1, 2)], [0, 1]),
        ([_own(0, 1), _own(1, 20, "ahead"), _own(2, 3)], [0, 1, 2]),
        ([_own(0, 5), _own(1, 1, "back")], [0, 1]),
        # Taken in later, and older than all: it comes first. Newer than all: it comes last.
        ([_own(0, 1), _own(1, 3), _other(2, "2011-01-01T00:00:00Z")], [2, 0, 1]),
        ([_own(0, 1), _own(1, 3), _other(2, "2026-01-02T00:00:00Z")], [0, 2, 1]),
        ([_own(0, 1), _other(1, "2026-01-09T00:00:00Z")], [0, 1]),
        # What was there before an own capture is not newer than it, whatever it says.
        ([_other(0, "2026-01-09T00:00:00Z"), _own(1, 3)], [0, 1]),
        # A date of the future of our own takes nothing from a file that is newer than what came after it.
        ([_own(0, 20), _own(1, 3), _other(2, "2026-01-05T00:00:00Z")], [0, 1, 2]),
        ([_other(0, "9999-12-31T23:59:59Z", has_place=False), _own(1, 1)], [1, 0]),
        ([_own(0, 1), _other(1, "1900-01-01T00:00:00Z", has_place=False)], [0, 1]),
    ],
)
def test_own_captures_stand_as_they_are_stated_and_others_by_their_dates(
    stated: list[Dated], expected: list[int]
) -> None:
    for given in (stated, stated[::-1]):
        assert [dated.statement for _moment, dated in in_order(given, lambda dated: dated)] == expected


class _Item:
    def __init__(self, dated: Dated) -> None:
        self.dated = dated


def test_the_newest_is_the_last_that_has_a_place() -> None:
    good = _Item(_own(0, 1))
    bad = _Item(_other(1, "9999-12-31T23:59:59Z", has_place=False))
    assert newest([good, bad]) is good
    assert newest([bad]) is bad
    assert newest(list[_Item]()) is None
