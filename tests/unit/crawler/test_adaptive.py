"""When an address is due: the fold over its captures, against values computed by hand, and what holds of any."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.crawler.adaptive import PastCapture, is_due, next_due

DAY = 86_400
START = datetime(2026, 1, 1, tzinfo=UTC)


def _at(day: float) -> datetime:
    return START + timedelta(days=day)


def _looks(*looks: tuple[float, str]) -> list[PastCapture]:
    return [PastCapture(_at(day), content) for day, content in looks]


@pytest.mark.parametrize(
    ("looks", "due_day"),
    [
        # The first interval is the shortest.
        ([(0, "a")], 1),
        ([(0, "a"), (1, "a")], 1 + 1.5),
        ([(0, "a"), (1, "a"), (2.5, "a")], 2.5 + 2.25),
        # 2.25 and then (2.25 + 1) / 2, and half as long again.
        ([(0, "a"), (1, "a"), (2.5, "a"), (5, "b")], 5 + 1.625),
        ([(0, "a"), (1, "a"), (2.5, "a"), (5, "b"), (7, "b")], 7 + 2.4375),
        # A change at the shortest interval leaves it there.
        ([(0, "a"), (1, "b"), (2, "c")], 2 + 1),
        # What was there before the last time is a change as well.
        ([(0, "a"), (1, "b"), (2, "a")], 2 + 1),
        # 1.5, 2.25, 3.375, and the longest: 4.
        ([(0, "a"), (1, "a"), (3, "a"), (6, "a"), (10, "a")], 10 + 4),
        ([(0, "a"), (1, "a"), (3, "a"), (6, "a"), (10, "a"), (14, "a")], 14 + 4),
        ([(0, "a"), (1, "a"), (3, "a"), (6, "a"), (10, "a"), (14, "b")], 14 + 2.5),
        # Less than a tenth of the shortest apart: one look, which shows the last.
        ([(0, "a"), (0.09, "a"), (0.099, "a")], 0.099 + 1),
        ([(0, "a"), (0.1, "a")], 0.1 + 1.5),
        ([(0, "a"), (1, "error"), (1.01, "a")], 1.01 + 1.5),
        # Counted from the first: looks without end are no one look.
        ([(0, "a"), (0.06, "a"), (0.12, "a")], 0.12 + 1.5),
        # In any order.
        ([(5, "b"), (1, "a"), (0, "a"), (2.5, "a")], 5 + 1.625),
    ],
)
def test_intervals_computed_by_hand(looks: Sequence[tuple[float, str]], due_day: float) -> None:
    assert next_due(_looks(*looks), DAY, 4 * DAY) == _at(due_day)


def test_without_a_look_nothing_can_be_said() -> None:
    with pytest.raises(ValueError, match="no look"):
        next_due([], DAY, DAY)


def test_an_address_is_due_a_tenth_of_the_shortest_interval_early() -> None:
    assert is_due(_at(30), _at(29.9), DAY)
    assert not is_due(_at(30), _at(29.899), DAY)


_HISTORIES = st.lists(st.tuples(st.floats(0, 4000), st.sampled_from("abc")), min_size=1, max_size=40)
_BOUNDS = st.tuples(st.integers(3600, 10**6), st.integers(0, 10**8)).map(lambda b: (b[0], b[0] + b[1]))


def _interval_s(looks: Sequence[PastCapture], bounds: tuple[int, int]) -> float:
    return (next_due(looks, *bounds) - max(look.date for look in looks)).total_seconds()


@given(_HISTORIES, _BOUNDS)
def test_the_interval_stays_between_its_bounds(history: Sequence[tuple[float, str]], bounds: tuple[int, int]) -> None:
    interval_s = _interval_s(_looks(*history), bounds)
    assert bounds[0] - 1e-5 <= interval_s <= bounds[1] + 1e-5


@given(_HISTORIES, _BOUNDS, st.floats(1, 400))
def test_the_same_again_makes_it_no_shorter_and_a_change_no_longer(
    history: Sequence[tuple[float, str]], bounds: tuple[int, int], later: float
) -> None:
    looks = sorted(_looks(*history))
    last = looks[-1]
    moment = last.date + timedelta(seconds=bounds[0] * later)
    before_s = _interval_s(looks, bounds)
    assert _interval_s([*looks, PastCapture(moment, last.content)], bounds) >= before_s - 1e-5
    assert _interval_s([*looks, PastCapture(moment, "other")], bounds) <= before_s + 1e-5


@given(_HISTORIES, _BOUNDS, st.integers(0, 10**7))
def test_a_longer_longest_interval_makes_nothing_due_earlier(
    history: Sequence[tuple[float, str]], bounds: tuple[int, int], more_s: int
) -> None:
    looks = _looks(*history)
    assert next_due(looks, bounds[0], bounds[1] + more_s) >= next_due(looks, *bounds)
