"""Numbers over everything are counted once for each state of the files, and nobody waits for long."""

import threading

from preserve.web.counting import Counting, ReadersFirst, Stamp


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


def test_a_long_counting_is_waited_for_while_it_is_young() -> None:
    files = _Files()
    files.may_end.clear()
    now = [100.0]
    counting = Counting(files.stamp_of, files.count, lambda: now[0])
    assert counting.of("a", 0) is None
    now[0] = 111.0
    # It would be waited for by the minute; but it began eleven seconds ago.
    assert counting.of("a", 10) is None
    files.may_end.set()
    now[0] = 101.0
    assert counting.of("a", 60) == 1


def test_a_number_that_took_long_is_shown_while_the_next_is_counted() -> None:
    files = _Files()
    now = [0.0]

    def count(name: str) -> int:
        value = files.count(name)
        now[0] += 30
        return value

    counting = Counting(files.stamp_of, count, lambda: now[0])
    assert counting.of("a", 60) == 1
    files.stamp = ((1, 2, 2),)
    files.may_end.clear()
    # A wait of ten seconds is offered and not taken: the last counting took thirty.
    assert counting.of("a", 10) == 1
    files.may_end.set()
    assert counting.of("a", 60) == 2


def test_readers_go_first() -> None:
    readers = ReadersFirst()
    begun, judged = threading.Event(), []

    def judge(row: int) -> bool:
        judged.append(row)
        return row % 2 == 0

    def count() -> None:
        left_out = readers.giving_way(judge, 60)
        begun.set()
        assert [left_out(row) for row in range(3)] == [True, False, True]

    with readers.one(), readers.one():
        counting = threading.Thread(target=count, daemon=True)
        counting.start()
        assert begun.wait(60)
        counting.join(0.05)
        assert not judged
    counting.join(60)
    assert judged == [0, 1, 2]


def test_a_counting_comes_to_its_end_beside_readers() -> None:
    readers = ReadersFirst()
    left_out = readers.giving_way(lambda _row: False, 0.001)
    with readers.one():
        assert not any(left_out(row) for row in range(500))
