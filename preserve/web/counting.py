"""Numbers over everything that is held: counted in a thread of their own, and again where the files have changed.

A reader waits a little for them. What was counted of an earlier state is shown until the new number is there.

Tested by ``tests/unit/web/test_counting.py``.
"""

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")
Stamp = tuple[tuple[int, int, int], ...]
"""What files looked like: of each inode, size, time of change; zeros where it is not there."""

WAIT_S: Final = 1.0
"""How long a page waits for a number; without it the page says that it is being counted."""


class Counting(Generic[Value]):
    """One kind of number, by the name of what it is of. Used by several threads.

    ``stamp_of`` says how the files look that it is counted from; ``count`` raises nothing that a reader should see.
    """

    def __init__(self, stamp_of: Callable[[str], Stamp], count: Callable[[str], Value]) -> None:
        self._stamp_of = stamp_of
        self._count = count
        self._lock = threading.Lock()
        self._working: dict[str, threading.Thread] = {}
        self._counted: dict[str, tuple[Stamp, Value]] = {}

    def of(self, name: str, wait_s: float = WAIT_S) -> Value | None:
        """The number, perhaps of the state before; None where none was ever counted and that takes longer."""
        held = self._counted.get(name)
        if held is None or held[0] != self._stamp_of(name):
            with self._lock:
                work = self._working.get(name)
                if work is None:
                    work = threading.Thread(target=self._work, args=(name,), name=f"count {name}", daemon=True)
                    self._working[name] = work
                    work.start()
            work.join(wait_s)
            held = self._counted.get(name)
        return None if held is None else held[1]

    def still(self, name: str) -> Value | None:
        """The number where it is of the files as they are now, without waiting."""
        held = self._counted.get(name)
        return None if held is None or held[0] != self._stamp_of(name) else held[1]

    def forget(self, name: str) -> None:
        """It is counted again when it is asked for next."""
        with self._lock:
            self._counted.pop(name, None)

    def _work(self, name: str) -> None:
        # What changes while it is counted is counted again the next time.
        stamp = self._stamp_of(name)
        try:
            value = self._count(name)
            with self._lock:
                self._counted[name] = (stamp, value)
        finally:
            with self._lock:
                self._working.pop(name, None)
