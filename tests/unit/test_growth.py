"""What holds the growth of work notices what is quadratic, in Python and in C, and nothing that is linear."""

import re

import pytest

from tests.growth import assert_linear


def _python(size: int) -> None:
    seen: list[int] = []
    for number in range(size // 3):
        if -1 not in seen:
            seen.append(number)


def _slices(size: int) -> None:
    text = b"x" * (size * 20)
    while text:
        text = text[20:]


def _expression(size: int) -> None:
    text = "<a " * (size // 2)
    assert not list(re.finditer("<a [^>]*>", text))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("run", [_slices, _python, _expression])
def test_what_is_quadratic_is_noticed(run: object) -> None:
    with pytest.raises(pytest.fail.Exception, match="not linear"):
        assert_linear(run, 16_000)  # type: ignore[arg-type]


def test_what_is_linear_passes() -> None:
    assert_linear(lambda size: sum(number % 7 for number in range(size * 50)), 40_000)
    assert_linear(lambda size: sorted(range(size, 0, -1)), 40_000)
