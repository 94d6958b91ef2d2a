"""Pace: delays, what hosts ask for, and pauses that double and are forgiven."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from preserve.crawler.pace import HostPace, HostState, retry_after
from preserve.limits import DEFAULT_LIMITS
from preserve.net.exchange import Exchange, Failure
from tests.unit.crawler.exchanges import NOW, exchange_of, ok, status

GOOD = exchange_of(ok("x"))
BUSY = exchange_of(status(503))


def _pace(state: HostState | None = None, *, delay_s: float = 0.0, chance: float = 0.0) -> HostPace:
    return HostPace(state or HostState(host="x.org"), delay_s=delay_s, limits=DEFAULT_LIMITS, chance=lambda: chance)


def _after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def _failed(failure: Failure) -> Exchange:
    return exchange_of(b"", error=failure)


def test_the_delay_counts_from_the_end_of_an_exchange() -> None:
    pace = _pace(delay_s=5)
    assert pace.wait_s(NOW) == 0
    pace.done(GOOD, NOW)
    assert pace.wait_s(_after(2)) == 3
    assert pace.wait_s(_after(6)) == 0


def test_a_clock_that_is_put_back_lengthens_no_delay() -> None:
    pace = _pace(delay_s=5)
    pace.done(GOOD, NOW)
    assert pace.wait_s(_after(-86_400)) == 5


def test_what_robots_txt_asks_for_is_obeyed_up_to_a_bound_and_never_shortens() -> None:
    pace = _pace(delay_s=5)
    pace.ask_for(2)
    assert pace.delay_s == 5
    pace.ask_for(20)
    assert pace.delay_s == 20
    pace.ask_for(1e9)
    assert pace.delay_s == DEFAULT_LIMITS.max_crawl_delay_s


def test_pauses_double_from_a_minute_to_a_day() -> None:
    pace, now, pauses = _pace(), NOW, []
    for _time in range(14):
        pace.done(BUSY, now)
        pauses.append(pace.wait_s(now))
        now += timedelta(seconds=pauses[-1])
    assert pauses[:5] == [60, 120, 240, 480, 960]
    assert pauses[-1] == 86_400


def test_a_pause_has_a_random_part_of_a_tenth() -> None:
    pace = _pace(chance=1.0)
    pace.done(BUSY, NOW)
    assert pace.wait_s(NOW) == 66


def test_trouble_is_forgiven_after_half_an_hour_of_quiet() -> None:
    pace = _pace()
    pace.done(BUSY, NOW)
    pace.done(BUSY, _after(60))
    assert pace.state.troubles == 2
    pace.done(GOOD, _after(200))
    assert pace.state.troubles == 2
    pace.done(GOOD, _after(200 + DEFAULT_LIMITS.forgiven_after_s))
    assert pace.state.is_clean
    pace.done(BUSY, _after(5000))
    assert pace.state.troubles == 1


def test_what_is_remembered_of_a_host_holds_in_the_next_run() -> None:
    pace = _pace()
    pace.done(BUSY, NOW)
    again = _pace(pace.state)
    assert again.wait_s(_after(10)) == 50
    again.done(BUSY, _after(60))
    assert again.wait_s(_after(60)) == 120


def test_one_address_that_never_answers_is_not_yet_the_hosts_trouble() -> None:
    pace = _pace()
    for failure in (Failure.TIMEOUT, Failure.DISCONNECT):
        pace.done(_failed(failure), NOW)
        assert pace.wait_s(NOW) == 0
    pace.done(_failed(Failure.TIMEOUT), NOW)
    assert pace.wait_s(NOW) == 60


def test_a_good_reply_between_them_begins_the_count_anew() -> None:
    pace = _pace()
    for exchange in (_failed(Failure.TIMEOUT), _failed(Failure.TIMEOUT), GOOD, _failed(Failure.TIMEOUT)):
        pace.done(exchange, NOW)
    assert pace.wait_s(NOW) == 0


@pytest.mark.parametrize("failure", [Failure.DNS, Failure.CONNECT, Failure.CONNECT_TIMEOUT, Failure.PROXY])
def test_a_host_that_cannot_be_reached_is_left_alone_at_once(failure: Failure) -> None:
    pace = _pace()
    assert pace.done(_failed(failure), NOW)
    assert pace.wait_s(NOW) == 60


@pytest.mark.parametrize("failure", [Failure.TLS, Failure.BAD_URL, Failure.MALFORMED, Failure.ADDRESS])
def test_other_failures_bring_no_pause(failure: Failure) -> None:
    pace = _pace()
    assert not pace.done(_failed(failure), NOW)
    assert pace.wait_s(NOW) == 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        ("Thursday, 01-Jan-26 00:01:00 GMT", 60.0),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("9" * 4000, 999_999_999.0),
        ("Thu, 01 Jan 99999999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    assert retry_after(exchange_of(status(503, f"Retry-After: {value}")), NOW) == seconds


def test_retry_after_of_a_success_says_nothing() -> None:
    reply = ok("x").replace(b"\r\n", b"\r\nRetry-After: 60\r\n", 1)
    assert retry_after(exchange_of(reply), NOW) is None


def test_retry_after_lengthens_a_pause_and_is_bound() -> None:
    pace = _pace()
    pace.done(exchange_of(status(429, "Retry-After: 600")), NOW)
    assert pace.wait_s(NOW) == 600
    pace.done(exchange_of(status(429, "Retry-After: 99999999")), NOW)
    assert pace.wait_s(NOW) == 86_400


def test_retry_after_on_another_reply_is_obeyed_without_counting_as_trouble() -> None:
    pace = _pace()
    pace.done(exchange_of(status(404, "Retry-After: 30")), NOW)
    assert (pace.wait_s(NOW), pace.state.troubles) == (30, 0)
    pace.done(GOOD, _after(31))
    assert pace.state == replace(pace.state, troubles=0, paused_until=None)
