"""The state machine of link rot: each rule of docs/link-rot.md, and what no order of looks may bring about."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.formats.errorpage import is_error_page
from preserve.replay.link_status import (
    MAX_TRANSITIONS,
    LinkSignal,
    LinkState,
    LinkStatusMachine,
    Probe,
    run_through,
    sign_of_failure,
    sign_of_status,
)


def _look(day: int, sign: LinkSignal, hour: int = 0) -> Probe:
    date = f"2026-{1 + day // 28:02d}-{1 + day % 28:02d}T{hour:02d}:00:00Z"
    return Probe(date=date, sign=sign, reason=sign.value, evidence=f"urn:{day}")


def _state(*signs: LinkSignal) -> LinkState | None:
    return run_through(_look(day, sign) for day, sign in enumerate(signs)).state


@pytest.mark.parametrize(
    ("signs", "state"),
    [
        ([LinkSignal.SAME], LinkState.ALIVE),
        ([LinkSignal.SAME, LinkSignal.OTHER], LinkState.CHANGED),
        ([LinkSignal.SAME, LinkSignal.OTHER, LinkSignal.SAME], LinkState.ALIVE),
        ([LinkSignal.SAME, LinkSignal.MOVED], LinkState.MOVED),
        ([LinkSignal.SAME, LinkSignal.ERROR_PAGE], LinkState.SOFT_404),
        ([LinkSignal.SAME, LinkSignal.MISSING], LinkState.UNKNOWN),
        ([LinkSignal.SAME, LinkSignal.MISSING, LinkSignal.MISSING], LinkState.GONE),
        ([LinkSignal.MISSING, LinkSignal.MISSING], LinkState.GONE),
        ([LinkSignal.SAME, LinkSignal.MISSING, LinkSignal.SAME, LinkSignal.MISSING], LinkState.UNKNOWN),
        ([LinkSignal.SAME, LinkSignal.MISSING, LinkSignal.NOTHING, LinkSignal.MISSING], LinkState.GONE),
        ([LinkSignal.SAME, LinkSignal.MISSING, LinkSignal.DOUBTFUL, LinkSignal.MISSING], LinkState.GONE),
        ([LinkSignal.SAME, LinkSignal.MISSING, LinkSignal.MISSING, LinkSignal.DOUBTFUL], LinkState.GONE),
        ([LinkSignal.SAME, LinkSignal.MISSING, LinkSignal.MISSING, LinkSignal.SAME], LinkState.ALIVE),
        ([LinkSignal.SAME, LinkSignal.UNREACHABLE, LinkSignal.UNREACHABLE], LinkState.UNKNOWN),
        ([LinkSignal.SAME, LinkSignal.UNREACHABLE, LinkSignal.UNREACHABLE, LinkSignal.UNREACHABLE], LinkState.GONE),
        ([LinkSignal.SAME, *[LinkSignal.DOUBTFUL] * 20], LinkState.UNKNOWN),
        ([LinkSignal.SAME, *[LinkSignal.NOTHING] * 20], LinkState.ALIVE),
        ([LinkSignal.NOTHING], LinkState.UNKNOWN),
        ([LinkSignal.SAME, LinkSignal.UNSEEN], LinkState.UNKNOWN),
        ([LinkSignal.SAME, LinkSignal.UNSEEN, LinkSignal.SAME], LinkState.ALIVE),
        (
            [LinkSignal.SAME, LinkSignal.MISSING, LinkSignal.UNSEEN, LinkSignal.MISSING, LinkSignal.UNSEEN],
            LinkState.GONE,
        ),
        ([LinkSignal.SAME, LinkSignal.ERROR_PAGE, LinkSignal.UNSEEN], LinkState.SOFT_404),
        ([LinkSignal.SAME, LinkSignal.ERROR_PAGE, LinkSignal.UNREACHABLE], LinkState.SOFT_404),
        ([LinkSignal.SAME, LinkSignal.ERROR_PAGE, LinkSignal.DOUBTFUL], LinkState.SOFT_404),
    ],
)
def test_each_rule(signs: list[LinkSignal], state: LinkState) -> None:
    assert _state(*signs) is state


def test_failures_on_one_day_are_one_failure() -> None:
    machine = run_through([_look(0, LinkSignal.SAME), *[_look(1, LinkSignal.MISSING, hour) for hour in range(20)]])
    assert (machine.state, machine.missing_days) == (LinkState.UNKNOWN, 1)
    machine.take(_look(2, LinkSignal.MISSING))
    assert machine.state is LinkState.GONE


def test_a_transition_names_its_look() -> None:
    looks = [_look(0, LinkSignal.SAME), _look(1, LinkSignal.MISSING), _look(2, LinkSignal.MISSING)]
    machine = run_through(looks)
    assert [(t.old, t.new, t.look) for t in machine.transitions] == [
        (None, LinkState.ALIVE, looks[0]),
        (LinkState.ALIVE, LinkState.UNKNOWN, looks[1]),
        (LinkState.UNKNOWN, LinkState.GONE, looks[2]),
    ]
    assert (machine.since, machine.reason) == (looks[2].date, "missing")


_ANY = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(LinkSignal)), max_size=60)


@given(_ANY)
def test_nothing_is_gone_without_failures_on_two_days(steps: list[tuple[int, LinkSignal]]) -> None:
    day, bad_days = 0, set[int]()
    machine = LinkStatusMachine()
    for step, sign in steps:
        day += step
        machine.take(_look(day, sign))
        if sign in {LinkSignal.MISSING, LinkSignal.UNREACHABLE}:
            bad_days.add(day)
        elif sign not in {LinkSignal.DOUBTFUL, LinkSignal.NOTHING, LinkSignal.UNSEEN}:
            bad_days.clear()
        assert machine.state is not LinkState.GONE or len(bad_days) > 1
    assert all(one.new is two.old for one, two in pairwise(machine.transitions))


def test_transitions_are_bounded_and_the_rest_is_counted() -> None:
    machine = run_through(_look(n // 24, LinkSignal.OTHER if n % 2 else LinkSignal.SAME, n % 24) for n in range(1000))
    assert len(machine.transitions) == MAX_TRANSITIONS
    assert machine.left_out == 1000 - MAX_TRANSITIONS
    assert machine.transitions[0].look.date.startswith("2026-01-01")
    assert machine.transitions[-1].look.evidence == "urn:41"


@pytest.mark.parametrize(
    ("status", "challenge", "sign"),
    [
        (200, None, LinkSignal.SAME),
        (200, "wall", LinkSignal.DOUBTFUL),
        (404, "wall", LinkSignal.DOUBTFUL),
        (404, None, LinkSignal.MISSING),
        (410, None, LinkSignal.MISSING),
        (451, None, LinkSignal.MISSING),
        (301, None, LinkSignal.MOVED),
        (304, None, LinkSignal.DOUBTFUL),
        (204, None, LinkSignal.DOUBTFUL),
        (202, None, LinkSignal.DOUBTFUL),
        (401, None, LinkSignal.DOUBTFUL),
        (403, None, LinkSignal.DOUBTFUL),
        (429, None, LinkSignal.DOUBTFUL),
        (503, None, LinkSignal.DOUBTFUL),
        (None, None, LinkSignal.DOUBTFUL),
    ],
)
def test_signs_of_replies(status: int | None, challenge: str | None, sign: LinkSignal) -> None:
    assert sign_of_status(status, challenge)[0] is sign


def test_our_own_network_says_nothing_of_a_page() -> None:
    assert sign_of_failure("dns", others_answered=False) is LinkSignal.UNSEEN
    assert sign_of_failure("dns", others_answered=True) is LinkSignal.UNREACHABLE
    for reason in ("robots-unreachable", "host-paused", "proxy", "address-refused", "tls", "bad-url"):
        assert sign_of_failure(reason, others_answered=True) is LinkSignal.UNSEEN


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
