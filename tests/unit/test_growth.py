"""What holds the growth of work notices what is quadratic, and nothing that is linear, whatever the machine is."""

from collections.abc import Callable

import pytest

from tests.growth import assert_linear


class _Work:
    """A clock that goes on by what is done, a millionth of a second a step; the ``odd`` run takes three times that."""

    def __init__(self, steps: Callable[[int], int], odd: int = -1) -> None:
        self.steps, self.odd, self.runs, self.done = steps, odd, 0, 0

    def run(self, size: int) -> None:
        self.done += self.steps(size) * (3 if self.runs == self.odd else 1)
        self.runs += 1

    def seconds(self) -> float:
        return self.done / 1e6


@pytest.mark.parametrize("steps", [lambda size: size * size // 100, lambda size: size**2, lambda size: size**3])
def test_what_is_quadratic_is_noticed(steps: Callable[[int], int]) -> None:
    work = _Work(steps)
    with pytest.raises(pytest.fail.Exception, match="not linear"):
        assert_linear(work.run, 16_000, clock=work.seconds)


@pytest.mark.parametrize("odd", range(-1, 3))
@pytest.mark.parametrize("steps", [lambda size: 20 * size, lambda size: size * size.bit_length(), lambda _size: 10**6])
def test_what_is_linear_passes_with_an_odd_moment_in_it(steps: Callable[[int], int], odd: int) -> None:
    work = _Work(steps, odd)
    assert_linear(work.run, 16_000, clock=work.seconds)


def test_what_takes_no_time_says_nothing_of_its_growth() -> None:
    work = _Work(lambda size: size * size // 10_000)
    assert_linear(work.run, 16_000, clock=work.seconds)


def test_processor_time_is_the_clock_where_none_is_named() -> None:
    assert_linear(lambda size: sum(number % 7 for number in range(size * 50)), 40_000)
