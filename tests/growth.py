"""Work that grows as its input does. What C does cannot be counted: its processor time is compared at two sizes."""

import gc
from collections.abc import Callable
from time import thread_time

import pytest

_TIMES = 8
_MOST_TIMES = 20
"""Between what is linear (8) and what is quadratic (64)."""
_LEAST_S = 0.05
"""Less is no work: whatever it grows by is the noise of the clock."""
_TRIES = 3


def assert_linear(run: Callable[[int], object], size: int, clock: Callable[[], float] = thread_time) -> None:
    """Fails where ``run(size)`` takes more than linear work, against an eighth of the size.

    Both are the processor time of this thread, which others on the machine hardly change; both are taken anew where
    they seem to differ by too much, so that one odd moment fails nothing. What is quadratic does so each time.
    ``clock`` (seconds) is another one only in the tests of this function.
    """
    small = size // _TIMES
    run(small)
    told = ""
    for _try in range(_TRIES):
        large_s = _seconds(run, size, clock)
        if large_s < _LEAST_S:
            return
        small_s = _seconds(run, small, clock)
        if large_s <= _MOST_TIMES * small_s:
            return
        told = f"{size} take {large_s:.3f} s of processor time, {small} take {small_s:.3f} s"
    pytest.fail(f"not linear: {told}")


def _seconds(run: Callable[[int], object], size: int, clock: Callable[[], float]) -> float:
    # A collection goes through all that the tests hold, whenever it comes.
    gc.disable()
    try:
        begun = clock()
        run(size)
        return clock() - begun
    finally:
        gc.enable()
