"""Numbers over everything are counted once for each state of the files, and nobody waits for long."""

import threading

from preserve.web.counting import Counting, Stamp


class _Files:
    """Files whose look a test sets, and a count that waits until it may end."""

    def __init__(self) -> None:
        self.stamp: Stamp = ((1, 1, 1),)
        self.counted = 0
        self.may_end = threading.Event()
        self.may_end.set()

    def stamp_of(self, _name: str) -> Stamp:
        return self.stamp

    def count(self, _name: str) -> int:
        assert self.may_end.wait(60)
        self.counted += 1
        return self.counted


def test_one_state_is_counted_once() -> None:
    files = _Files()
    counting = Counting(files.stamp_of, files.count)
    assert [counting.of("a", 60) for _ in range(3)] == [1, 1, 1]
    assert counting.still("a") == 1


def test_another_state_is_counted_anew_and_the_last_number_stands_until_then() -> None:
    files = _Files()
    counting = Counting(files.stamp_of, files.count)
    assert counting.of("a", 60) == 1
    files.stamp = ((1, 2, 2),)
    files.may_end.clear()
    assert counting.of("a", 0) == 1
    assert counting.still("a") is None
    files.may_end.set()
    assert counting.of("a", 60) == 2
    assert counting.still("a") == 2


def test_what_was_never_counted_is_not_waited_for() -> None:
    files = _Files()
    files.may_end.clear()
    counting = Counting(files.stamp_of, files.count)
    assert counting.of("a", 0) is None
    assert counting.of("a", 0) is None
    files.may_end.set()
    assert counting.of("a", 60) == 1


def test_what_is_forgotten_is_counted_again() -> None:
    files = _Files()
    counting = Counting(files.stamp_of, files.count)
    assert counting.of("a", 60) == 1
    counting.forget("a")
    assert counting.of("a", 60) == 2
