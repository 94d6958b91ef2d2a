"""The state machine of link rot: each rule of docs/link-rot.md, and what no order of looks may bring about."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.formats.errorpage import is_error_page
from preserve.replay.link_status import (
    MAX_TRANSITIONS,
    Look,
    Machine,
    Sign,
    State,
    run_through,
    sign_of_failure,
    sign_of_status,
)


def _look(day: int, sign: Sign, hour: int = 0) -> Look:
    date = f"2026-{1 + day // 28:02d}-{1 + day % 28:02d}T{hour:02d}:00:00Z"
    return Look(date=date, sign=sign, reason=sign.value, evidence=f"urn:{day}")


def _state(*signs: Sign) -> State | None:
    return run_through(_look(day, sign) for day, sign in enumerate(signs)).state


@pytest.mark.parametrize(
    ("signs", "state"),
    [
        ([Sign.SAME], State.ALIVE),
        ([Sign.SAME, Sign.OTHER], State.CHANGED),
        ([Sign.SAME, Sign.OTHER, Sign.SAME], State.ALIVE),
        ([Sign.SAME, Sign.MOVED], State.MOVED),
        ([Sign.SAME, Sign.ERROR_PAGE], State.SOFT_404),
        ([Sign.SAME, Sign.MISSING], State.UNKNOWN),
        ([Sign.SAME, Sign.MISSING, Sign.MISSING], State.GONE),
        ([Sign.MISSING, Sign.MISSING], State.GONE),
        ([Sign.SAME, Sign.MISSING, Sign.SAME, Sign.MISSING], State.UNKNOWN),
        ([Sign.SAME, Sign.MISSING, Sign.NOTHING, Sign.MISSING], State.GONE),
        ([Sign.SAME, Sign.MISSING, Sign.DOUBTFUL, Sign.MISSING], State.GONE),
        ([Sign.SAME, Sign.MISSING, Sign.MISSING, Sign.DOUBTFUL], State.GONE),
        ([Sign.SAME, Sign.MISSING, Sign.MISSING, Sign.SAME], State.ALIVE),
        ([Sign.SAME, Sign.UNREACHABLE, Sign.UNREACHABLE], State.UNKNOWN),
        ([Sign.SAME, Sign.UNREACHABLE, Sign.UNREACHABLE, Sign.UNREACHABLE], State.GONE),
        ([Sign.SAME, *[Sign.DOUBTFUL] * 20], State.UNKNOWN),
        ([Sign.SAME, *[Sign.NOTHING] * 20], State.ALIVE),
        ([Sign.NOTHING], State.UNKNOWN),
        ([Sign.SAME, Sign.UNSEEN], State.UNKNOWN),
        ([Sign.SAME, Sign.UNSEEN, Sign.SAME], State.ALIVE),
        ([Sign.SAME, Sign.MISSING, Sign.UNSEEN, Sign.MISSING, Sign.UNSEEN], State.GONE),
        ([Sign.SAME, Sign.ERROR_PAGE, Sign.UNSEEN], State.SOFT_404),
    ],
)
def test_each_rule(signs: list[Sign], state: State) -> None:
    assert _state(*signs) is state


def test_failures_on_one_day_are_one_failure() -> None:
    machine = run_through([_look(0, Sign.SAME), *[_look(1, Sign.MISSING, hour) for hour in range(20)]])
    assert (machine.state, machine.missing_days) == (State.UNKNOWN, 1)
    machine.take(_look(2, Sign.MISSING))
    assert machine.state is State.GONE


def test_a_transition_names_its_look() -> None:
    looks = [_look(0, Sign.SAME), _look(1, Sign.MISSING), _look(2, Sign.MISSING)]
    machine = run_through(looks)
    assert [(t.old, t.new, t.look) for t in machine.transitions] == [
        (None, State.ALIVE, looks[0]),
        (State.ALIVE, State.UNKNOWN, looks[1]),
        (State.UNKNOWN, State.GONE, looks[2]),
    ]
    assert (machine.since, machine.reason) == (looks[2].date, "missing")


_ANY = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(Sign)), max_size=60)


@given(_ANY)
def test_nothing_is_gone_without_failures_on_two_days(steps: list[tuple[int, Sign]]) -> None:
    day, bad_days = 0, set[int]()
    machine = Machine()
    for step, sign in steps:
        day += step
        machine.take(_look(day, sign))
        if sign in {Sign.MISSING, Sign.UNREACHABLE}:
            bad_days.add(day)
        elif sign not in {Sign.DOUBTFUL, Sign.NOTHING, Sign.UNSEEN}:
            bad_days.clear()
        assert machine.state is not State.GONE or len(bad_days) > 1
    assert all(one.new is two.old for one, two in pairwise(machine.transitions))


def test_transitions_are_bounded_and_the_rest_is_counted() -> None:
    machine = run_through(_look(n // 24, Sign.OTHER if n % 2 else Sign.SAME, n % 24) for n in range(1000))
    assert len(machine.transitions) == MAX_TRANSITIONS
    assert machine.left_out == 1000 - MAX_TRANSITIONS
    assert machine.transitions[0].look.date.startswith("2026-01-01")
    assert machine.transitions[-1].look.evidence == "urn:41"


@pytest.mark.parametrize(
    ("status", "challenge", "sign"),
    [
        (200, None, Sign.SAME),
        (200, "wall", Sign.DOUBTFUL),
        (404, "wall", Sign.DOUBTFUL),
        (404, None, Sign.MISSING),
        (410, None, Sign.MISSING),
        (451, None, Sign.MISSING),
        (301, None, Sign.MOVED),
        (401, None, Sign.DOUBTFUL),
        (403, None, Sign.DOUBTFUL),
        (429, None, Sign.DOUBTFUL),
        (503, None, Sign.DOUBTFUL),
        (None, None, Sign.DOUBTFUL),
    ],
)
def test_signs_of_replies(status: int | None, challenge: str | None, sign: Sign) -> None:
    assert sign_of_status(status, challenge)[0] is sign


def test_our_own_network_says_nothing_of_a_page() -> None:
    assert sign_of_failure("dns", others_answered=False) is Sign.UNSEEN
    assert sign_of_failure("dns", others_answered=True) is Sign.UNREACHABLE
    for reason in ("robots-unreachable", "host-paused", "proxy", "address-refused", "tls", "bad-url"):
        assert sign_of_failure(reason, others_answered=True) is Sign.UNSEEN


@pytest.mark.parametrize(
    ("content", "text", "is_error"),
    [
        (b"<title>404 Not Found</title>", "x" * 9000, True),
        (b"<title>Page not found - A site</title>", "Home About", True),
        (b"", "Sorry, the page you asked for could not be found: page not found.", True),
        (b"", "This cable does not exist.", True),
        (b"<title>Cable 05X404</title>", "Released in 2011. Room 404 of the embassy.", False),
        (b"", "The document was not signed. Nothing was found in the archive of the embassy.", False),
        (b"", "page not found " + "word " * 800, False),
        (b"<title>A history of the 404 page</title>", "word " * 800, False),
    ],
)
def test_error_pages_are_told_from_pages(content: bytes, text: str, is_error: bool) -> None:
    assert is_error_page(content, text) is is_error
