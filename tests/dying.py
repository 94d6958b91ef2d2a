"""Steps that fail, as on a full disk: for tests of what a stop anywhere leaves behind."""

from collections.abc import Sequence
from typing import Any

import pytest


def die_at(patch: pytest.MonkeyPatch, steps: Sequence[tuple[Any, str]], stop: int) -> list[int]:
    """Makes the ``stop``-th call of any of these functions fail; the number of calls so far, in a list of one."""
    calls = [0]

    def dying(function: Any) -> Any:
        def step(*args: Any, **named: Any) -> Any:
            calls[0] += 1
            if calls[0] == stop:
                raise OSError(28, "No space left on device")
            return function(*args, **named)

        return step

    for where, name in steps:
        patch.setattr(where, name, dying(getattr(where, name)))
    return calls
