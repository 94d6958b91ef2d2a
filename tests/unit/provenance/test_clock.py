"""Times of runs held against their order, and what servers say of the time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.model import format_utc
from preserve.provenance.clock import ClockError, ServerClock, Span, is_possible, out_of_order, server_time

_START = datetime(2026, 3, 1, tzinfo=UTC)


def _spans(*days: float) -> list[Span]:
    moments = [format_utc(_START + timedelta(days=day)) for day in days]
    return [Span(index, f"run-{index}", moment, moment) for index, moment in enumerate(moments)]


@pytest.mark.parametrize(
    ("days", "wrong"),
    [
        ([], []),
        ([1], []),
        ([1, 2, 3], []),
        ([1, 1, 1], []),
        ([1, 31, 2, 3], [1]),
        ([1, 2, -700, 3], [2]),
        ([31, 2], [0]),
        ([1, 2, 31], []),
        ([1, 3650, 2, -1, 3], [1, 3]),
        ([1, 40, 41, 2, 3, 4], [1, 2]),
        ([5, 6, 7, 1], [3]),
    ],
)
def test_a_jump_is_the_run_that_jumped_and_no_other(days: list[float], wrong: list[int]) -> None:
    assert [span.statement for span in out_of_order(_spans(*days))] == wrong


def test_a_minute_is_no_jump_and_two_are() -> None:
    minute = 1 / 1440
    assert out_of_order(_spans(1, 1 - 0.9 * minute, 2)) == []
    assert [span.statement for span in out_of_order(_spans(0, 1, 1 - 2 * minute, 2, 3))] in ([1], [2])


def test_a_run_that_ends_before_it_began_contradicts_itself() -> None:
    began, ended = format_utc(_START), format_utc(_START - timedelta(hours=1))
    assert out_of_order([Span(0, "run", began, ended)])


@given(st.lists(st.integers(0, 50), max_size=30))
def test_what_is_left_is_in_order_and_as_much_as_can_be(days: list[int]) -> None:
    spans = _spans(*days)
    wrong = {span.statement for span in out_of_order(spans)}
    left = [day for index, day in enumerate(days) if index not in wrong]
    assert left == sorted(left)
    longest = [1] * len(days)
    for index, day in enumerate(days):
        longest[index] = 1 + max((longest[k] for k in range(index) if days[k] <= day), default=0)
    assert len(left) == max(longest, default=0)


@pytest.mark.parametrize(
    ("date", "is_so"),
    [
        ("2011-10-04T00:00:00Z", True),
        ("2026-03-01T00:00:30Z", True),
        ("2026-03-02T00:00:00Z", False),
        ("9999-12-31T23:59:59Z", False),
        ("1900-01-01T00:00:00Z", False),
        ("0001-01-01T00:00:00Z", False),
        ("no date", False),
    ],
)
def test_a_date_of_others_is_possible_between_the_first_page_and_the_taking_in(date: str, is_so: bool) -> None:
    assert is_possible(date, format_utc(_START)) is is_so


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([(b"Date", b"Sun, 01 Mar 2026 00:00:00 GMT")], _START),
        ([(b"date", b"Sun, 01 Mar 2026 00:00:00 GMT"), (b"Age", b"3600")], _START + timedelta(hours=1)),
        ([(b"Age", b"3600")], None),
        ([(b"Date", b"yesterday")], None),
        ([(b"Date", b"Sun, 99 Mar 2026 00:00:00 GMT")], None),
        ([(b"Date", b"\xff\xfe")], None),
        ([(b"Date", b"Sun, 01 Mar 2026 00:00:00 GMT"), (b"Age", b"9" * 5000)], _START),
        ([(b"Date", b"Fri, 31 Dec 9999 23:59:59 GMT"), (b"Age", b"999999999")], None),
    ],
)
def test_the_time_of_a_server_is_its_date_and_its_age(fields: list[tuple[bytes, bytes]], said: datetime | None) -> None:
    assert server_time(fields) == said


def test_only_the_first_reply_with_a_date_is_held_against_the_clock() -> None:
    clock = ServerClock(lambda: _START)
    clock.take("http://a.example/", [(b"Server", b"x")])
    clock.take("http://a.example/", [(b"Date", b"Sun, 01 Mar 2026 00:30:00 GMT")])
    clock.take("http://b.example/", [(b"Date", b"Sun, 01 Mar 2020 00:30:00 GMT")])
    with pytest.raises(ClockError, match=r"b\.example"):
        ServerClock(lambda: _START).take("http://b.example/", [(b"Date", b"Sun, 01 Mar 2020 00:30:00 GMT")])
