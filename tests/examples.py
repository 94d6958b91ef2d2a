"""How many examples a property or a test is tried with: few in the fast suite, and all of them in `make test-all`."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest
from hypothesis import settings

_USUAL = 100
"""Of a test that says no number, where all are tried."""


def examples(most: int) -> int:
    """So many, or in the fast suite as much fewer as of a test that says no number."""
    usual = settings.default
    return most if usual is None else most * usual.max_examples // _USUAL


def pairs(first: Collection[Any], second: Collection[Any]) -> list[Any]:
    """Every pair of the two, to parametrise with; in the fast suite so few that each of both is in one at least."""
    fewer = min(len(first), len(second))
    return [
        pytest.param(one, other, marks=() if place % fewer == of_other % fewer else pytest.mark.slow)
        for place, one in enumerate(first)
        for of_other, other in enumerate(second)
    ]


def mark_slow(items: Iterable[pytest.Item]) -> None:
    """Of a test marked ``one_in(n)``, its first case and every n-th behind it are in the fast suite; others are slow.

    They are numbered as they are written, whatever else is collected, and in whatever order.
    """
    for item in items:
        mark = item.get_closest_marker("one_in")
        if mark is not None and isinstance(item, pytest.Function):
            number = next(iter(item.callspec.indices.values()))
            if number % mark.args[0]:
                item.add_marker(pytest.mark.slow)
