"""Which cases of a test are in the fast suite."""

import pytest


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("case", "_more"), [(number, "") for number in range(5)])
def test_the_first_case_and_every_third_behind_it_are_not_slow(
    request: pytest.FixtureRequest, case: int, _more: str
) -> None:
    assert (request.node.get_closest_marker("slow") is None) == (case in {0, 3})


@pytest.mark.one_in(2)
@pytest.mark.parametrize("one", range(3))
@pytest.mark.parametrize("other", range(3))
def test_pairs_are_numbered_as_one_row(request: pytest.FixtureRequest, one: int, other: int) -> None:
    assert (request.node.get_closest_marker("slow") is None) == ((one + other) % 2 == 0)
