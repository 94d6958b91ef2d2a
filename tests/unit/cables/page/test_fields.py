"""What printed times mean, also those that no cable can have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.page.fields import find_group, moment

FORMS = [
    "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}",
    "{month}/{day}/{year:04} {hour}:{minute:02}",
    "{year:04} February {day}, {hour:02}:{minute:02} (Friday)",
    "Fri Dec {day:02} {hour:02}:{minute:02}:{second:02} +0100 {year:04}",
    "Thu, {day} Jan {year:04} {hour:02}:{minute:02} UTC",
    "{day} APR {year:04}",
    "{day:02}{hour:02}{minute:02}Z DEC 66",
]


@pytest.mark.parametrize(
    ("printed", "value", "precision"),
    [
        ("0123-01-05 12:33:07", "0123-01-05T12:33:07", "second"),
        ("0123-01-05 12:33:00", "0123-01-05T12:33", "minute"),
        ("0001-01-05", "0001-01-05", "day"),
        ("1/5/0009 0:00", "0009-01-05T00:00", "minute"),
        ("0000-01-05 12:33:00", None, None),
        ("2005-02-30 08:10:00", None, None),
        ("2005-01-31 24:10:00", None, None),
        ("9999-12-31 23:59:59", "9999-12-31T23:59:59", "second"),
    ],
)
def test_a_time_of_any_year_is_read_or_unknown(printed: str, value: str | None, precision: str | None) -> None:
    assert moment(printed) == (value, precision)


def test_of_a_time_whose_minutes_are_not_real_the_hour_is_kept() -> None:
    assert moment("0123-01-05 12:12", times="hour") == ("0123-01-05T12", "hour")
    assert moment("0123-01-05 12:12", times="day") == ("0123-01-05", "day")


@given(
    st.sampled_from(FORMS),
    st.integers(0, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.integers(0, 25),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_every_number_in_a_time_gives_a_value_with_its_precision(
    form: str, year: int, month: int, day: int, hour: int, minute: int, second: int
) -> None:
    printed = form.format(year=year, month=month, day=day, hour=hour, minute=minute, second=second)
    value, precision = moment(printed)
    assert (value is None) == (precision is None)
    assert value is None or len(value) == {"day": 10, "minute": 16, "second": 19}[str(precision)]
    group = find_group(printed, 0)
    assert group is None or group[2] is None or len(group[2]) == len("1966-12-28T18:48")
