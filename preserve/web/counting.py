"""Numbers over everything that is held: counted in a thread of their own, and again where the files have changed.

Pages wait a little for them, and only while the counting is young: what takes long holds up nobody twice. What was
counted of an earlier state is shown until the new number is there. The counting lets readers go first: Python runs one
thread at a time, and a search gives way at each of its rows.

Tested by ``tests/unit/web/test_counting.py``.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")
Row = TypeVar("Row")
Stamp = tuple[tuple[int, int, int], ...]
"""What files looked like: of each inode, size, time of change; zeros where it is not there."""

WAIT_S: Final = 1.0
"""For how long after a counting has begun pages wait for its number; then they say that it is being counted."""


_ROWS_AT_A_TIME: Final = 50
_GIVE_WAY_S: Final = 0.025
"""How long a counting waits for readers between so many rows, so that it comes to its end beside any number of them."""


class ReadersFirst:
    """Who is being answered at the moment. Used by several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._answered = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """While somebody is answered."""
        with self._changed:
            self._answered += 1
        try:
            yield
        finally:
            with self._changed:
                self._answered -= 1
                self._changed.notify_all()

    def giving_way(self, judge: Callable[[Row], bool], wait_s: float = _GIVE_WAY_S) -> Callable[[Row], bool]:
        """A judge of rows that are counted one by one: before some of them, readers are waited for."""
        numbers = itertools.count()

        def judged(row: Row) -> bool:
            if next(numbers) % _ROWS_AT_A_TIME == 0 and self._answered:
                with self._changed:
                    self._changed.wait_for(lambda: not self._answered, wait_s)
            return judge(row)

        return judged


@dataclass(frozen=True, slots=True)
class _Counted(Generic[Value]):
    """A number, how the files looked that it was counted from, and how long that took."""

    stamp: Stamp
    value: Value
    took_s: float


@dataclass(frozen=True, slots=True)
class _Work:
    """A counting that goes on, and when it began by the clock of the class."""

    thread: threading.Thread
    begun_s: float


class Counting(Generic[Value]):
    """One kind of number, by the name of what it is of. Used by several threads.

    ``stamp_of`` says how the files look that it is counted from; ``count`` raises nothing that a reader should see.
    """

    def __init__(
        self,
        stamp_of: Callable[[str], Stamp],
        count: Callable[[str], Value],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stamp_of = stamp_of
        self._count = count
        self._clock = clock
        self._lock = threading.Lock()
        self._working: dict[str, _Work] = {}
        self._counted: dict[str, _Counted[Value]] = {}

    def of(self, name: str, wait_s: float = WAIT_S) -> Value | None:
        """The number, perhaps of the state before; None where none was ever counted and that takes longer."""
        held = self._counted.get(name)
        if held is None or held.stamp != self._stamp_of(name):
            work = self._begun(name)
            # Where the state before took longer than a reader waits, its number is shown at once.
            if held is None or held.took_s <= wait_s:
                work.thread.join(max(0.0, work.begun_s + wait_s - self._clock()))
            held = self._counted.get(name)
        return None if held is None else held.value

    def still(self, name: str) -> Value | None:
        """The number where it is of the files as they are now, without waiting."""
        held = self._counted.get(name)
        return None if held is None or held.stamp != self._stamp_of(name) else held.value

    def forget(self, name: str) -> None:
        """It is counted again when it is asked for next."""
        with self._lock:
            self._counted.pop(name, None)

    def _begun(self, name: str) -> _Work:
        with self._lock:
            work = self._working.get(name)
            if work is None:
                thread = threading.Thread(target=self._work, args=(name,), name=f"count {name}", daemon=True)
                work = _Work(thread, self._clock())
                self._working[name] = work
                thread.start()
            return work

    def _work(self, name: str) -> None:
        # What changes while it is counted is counted again the next time.
        stamp = self._stamp_of(name)
        begun_s = self._clock()
        try:
            value = self._count(name)
            with self._lock:
                self._counted[name] = _Counted(stamp, value, self._clock() - begun_s)
        finally:
            with self._lock:
                self._working.pop(name, None)
