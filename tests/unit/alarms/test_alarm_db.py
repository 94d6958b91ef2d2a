"""What is told and when, with a clock that the test turns."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from preserve.alarms.alarm_db import AlarmDatabase, book_path
from preserve.alarms.outbox import FIRST_PAUSE_S, MAX_PAUSE_S
from preserve.alarms.values import MAX_ITEMS, AlarmEvent
from preserve.config.alarm_kinds import AlarmKind, AlarmRule
from preserve.errors import BrokenStateError
from tests.unit.alarms.telling import DAY, START, found, rules


@pytest.fixture
def book(tmp_path: Path) -> Iterator[AlarmDatabase]:
    with AlarmDatabase.open(tmp_path) as opened:
        yield opened


def _events(book: AlarmDatabase) -> list[tuple[str, AlarmEvent]]:
    return [(unsent.message.channel, unsent.message.event) for unsent in book.unsent()]


def _send_all(book: AlarmDatabase) -> list[AlarmEvent]:
    events = []
    for unsent in book.unsent():
        message = book.message(unsent.message.number)
        assert message is not None
        events.append(message.event)
        book.sent(message)
    return events


def test_what_is_bad_is_told_to_every_channel_once(book: AlarmDatabase) -> None:
    book.observe([found(1)], rules("keeper", "desk"), START)
    assert _events(book) == [("keeper", AlarmEvent.RAISED), ("desk", AlarmEvent.RAISED)]
    (condition,) = book.open_conditions()
    assert (condition.bad_since, condition.raised, condition.told, condition.times) == (START, START, START, 1)
    assert condition.summary == "no address answered"
    _send_all(book)
    book.observe([found(2)], rules("keeper", "desk"), START + 60)
    assert book.unsent() == []
    assert book.open_conditions()[0].times == 2


def test_one_occasion_counts_once_however_often_it_is_observed(book: AlarmDatabase) -> None:
    twice = rules("keeper", after=2)
    for _again in range(5):
        book.observe([found(1), found(1)], twice, START)
    assert book.unsent() == []
    assert book.open_conditions()[0].raised is None
    book.observe([found(2)], twice, START + 60)
    assert _events(book) == [("keeper", AlarmEvent.RAISED)]
    assert book.unsent()[0].message.times == 2


def test_good_between_begins_the_count_anew(book: AlarmDatabase) -> None:
    twice = rules("keeper", after=2)
    for occasion, bad in enumerate([True, False, True, False]):
        book.observe([found(occasion, bad=bad)], twice, START + occasion)
    assert book.unsent() == []
    assert book.open_conditions() == []


def test_it_is_told_again_while_it_lasts_also_when_nothing_is_observed(book: AlarmDatabase) -> None:
    book.observe([found(1)], rules("keeper"), START)
    _send_all(book)
    book.remind(rules("keeper"), START + DAY - 1)
    assert book.unsent() == []
    book.remind(rules("keeper"), START + DAY)
    assert _send_all(book) == [AlarmEvent.AGAIN]
    book.remind(rules("keeper"), START + DAY + 1)
    assert book.unsent() == []
    book.observe([found(2)], rules("keeper"), START + 2 * DAY)
    assert _send_all(book) == [AlarmEvent.AGAIN]


def test_a_clock_set_back_puts_off_no_reminder_for_longer_than_its_span(book: AlarmDatabase) -> None:
    book.observe([found(1)], rules("keeper"), START)
    _send_all(book)
    book.remind(rules("keeper"), START - 100 * DAY)
    book.remind(rules("keeper"), START - 99 * DAY)
    assert _send_all(book) == [AlarmEvent.AGAIN]


def test_that_it_is_good_again_is_told_to_whom_it_was_told_that_it_is_bad(book: AlarmDatabase) -> None:
    book.observe([found(1)], rules("keeper"), START)
    _send_all(book)
    book.observe([found(2, bad=False)], rules("keeper", "desk"), START + 60)
    book.observe([found(3, bad=False)], rules("keeper", "desk"), START + 120)
    assert _events(book) == [("keeper", AlarmEvent.RESOLVED)]
    assert book.open_conditions() == []


def test_that_it_is_good_again_is_not_told_where_the_rule_says_so(book: AlarmDatabase) -> None:
    silent = rules("keeper", resolved=False)
    book.observe([found(1)], silent, START)
    _send_all(book)
    book.observe([found(2, bad=False)], silent, START + 60)
    assert book.unsent() == []


def test_a_second_attempt_of_one_occasion_makes_it_good_and_a_replay_of_both_changes_nothing(
    book: AlarmDatabase,
) -> None:
    for _again in range(3):
        book.observe([found(1), found(1, bad=False)], rules("keeper"), START)
    assert _events(book) == [("keeper", AlarmEvent.RAISED), ("keeper", AlarmEvent.RESOLVED)]


def test_it_is_good_again_also_at_an_occasion_at_which_it_was_good_before(book: AlarmDatabase) -> None:
    good = found("next moment", bad=False)
    book.observe([good, found("moment"), good], rules("keeper"), START)
    assert [event for _, event in _events(book)] == [AlarmEvent.RAISED, AlarmEvent.RESOLVED]


@pytest.mark.parametrize("kind", [AlarmKind.OVERDUE, AlarmKind.DAMAGE_FOUND, AlarmKind.PAGE_GONE])
def test_what_is_found_once_only_is_told_at_once(book: AlarmDatabase, kind: AlarmKind) -> None:
    book.observe([found(1, kind=kind)], rules("keeper", after=5), START)
    assert _events(book) == [("keeper", AlarmEvent.RAISED)]


def test_what_waits_takes_up_the_count_and_a_good_end_waits_behind_it(book: AlarmDatabase) -> None:
    keeper = rules("keeper")
    book.observe([found(1)], keeper, START)
    own_id = book.unsent()[0].message.id
    for day in range(1, 5):
        book.observe([found(day + 1, summary=f"day {day}", items=(f"/{day}",))], keeper, START + day * DAY)
    (waiting,) = book.unsent()
    assert (waiting.message.times, waiting.message.summary, waiting.message.items) == (5, "day 4", ("/4",))
    assert waiting.message.id == own_id
    book.observe([found(9, bad=False)], keeper, START + 9 * DAY)
    assert _events(book) == [("keeper", AlarmEvent.RAISED), ("keeper", AlarmEvent.RESOLVED)]
    first, second = book.unsent()
    assert book.message(second.message.number) is None
    book.sent(first.message)
    assert book.message(second.message.number) is not None


def test_a_condition_that_flaps_while_nobody_can_be_told_fills_no_book(book: AlarmDatabase) -> None:
    keeper = rules("keeper")
    book.observe([found(0)], keeper, START)
    _send_all(book)
    for occasion in range(1, 100):
        book.observe([found(occasion, bad=occasion % 2 == 0)], keeper, START + occasion)
    assert [event for _, event in _events(book)] == [AlarmEvent.RESOLVED, AlarmEvent.RAISED, AlarmEvent.RESOLVED]
    book.observe([found(100)], keeper, START + 100)
    assert [event for _, event in _events(book)] == [AlarmEvent.RESOLVED, AlarmEvent.RAISED]


def test_a_happening_is_told_once_an_occasion_and_what_waits_is_joined(book: AlarmDatabase) -> None:
    keeper = rules("keeper")
    one = found(5, kind=AlarmKind.TEXT_CHANGED, items=("A",), items_total=1)
    book.observe([one], keeper, START)
    book.observe([one], keeper, START)
    (first,) = book.unsent()
    assert (first.message.event, first.message.times) == (AlarmEvent.HAPPENED, 1)
    many = tuple(f"B{n}" for n in range(30))
    book.observe([found(9, kind=AlarmKind.TEXT_CHANGED, items=many, items_total=1000)], keeper, START + 60)
    (joined,) = book.unsent()
    assert (joined.message.times, joined.message.items_total) == (2, 1001)
    assert joined.message.items == ("A", *many[: MAX_ITEMS - 1])
    assert book.open_conditions() == []
    # What was sent while more came in still waits, with what came in.
    assert joined.message.id != first.message.id
    book.sent(first.message)
    assert [unsent.message.id for unsent in book.unsent()] == [joined.message.id]
    book.sent(joined.message)
    assert book.unsent() == []
    book.observe([found(10, kind=AlarmKind.TEXT_CHANGED, bad=False)], keeper, START + 99)
    assert book.unsent() == []


def test_more_pages_gone_are_told_and_time_is_not(book: AlarmDatabase) -> None:
    keeper = rules("keeper")
    book.observe([found(1, kind=AlarmKind.PAGE_GONE)], keeper, START)
    assert _send_all(book) == [AlarmEvent.RAISED]
    book.remind(keeper, START + 100 * DAY)
    assert book.unsent() == []
    book.observe([found(2, kind=AlarmKind.PAGE_GONE)], keeper, START + 60)
    assert _send_all(book) == [AlarmEvent.AGAIN]
    book.observe([found(3, kind=AlarmKind.PAGE_GONE, bad=False)], keeper, START + 90)
    assert _send_all(book) == [AlarmEvent.RESOLVED]


def test_a_kind_that_is_switched_off_is_kept_and_told_when_it_is_switched_on(book: AlarmDatabase) -> None:
    book.observe([found(1)], rules(), START)
    assert book.unsent() == []
    assert book.open_conditions()[0].raised == START
    book.remind(rules("keeper"), START + 60)
    assert _events(book) == [("keeper", AlarmEvent.RAISED)]


def test_a_channel_that_comes_later_is_told_as_if_for_the_first_time(book: AlarmDatabase) -> None:
    book.observe([found(1)], rules("keeper"), START)
    _send_all(book)
    book.remind(rules("keeper", "desk"), START + DAY)
    assert _events(book) == [("keeper", AlarmEvent.AGAIN), ("desk", AlarmEvent.RAISED)]


def test_a_rule_that_waits_for_less_raises_what_is_bad_already(book: AlarmDatabase) -> None:
    book.observe([found(1)], rules("keeper", after=3), START)
    book.remind(rules("keeper", after=1), START + 1)
    assert _events(book) == [("keeper", AlarmEvent.RAISED)]


def test_conditions_of_other_subjects_kinds_and_collections_are_others(book: AlarmDatabase) -> None:
    several = [
        found(1),
        found(1, subject="b"),
        found(1, kind=AlarmKind.DISK_LOW),
        found(1, collection="waves"),
    ]
    book.observe(several, rules("keeper"), START)
    assert len(book.open_conditions()) == len(book.unsent()) == 4


def test_marks_move_with_what_was_observed_or_not_at_all(book: AlarmDatabase) -> None:
    assert book.mark("tides", "changes") is None
    book.observe([found(1)], rules("keeper"), START, {("tides", "changes"): 12})
    assert book.mark("tides", "changes") == 12
    with pytest.raises(KeyError):
        book.observe(
            [found(2), found(3, kind=AlarmKind.OVERDUE)], {AlarmKind.CAPTURE_FAILING: AlarmRule(to=("keeper",))}, START
        )
    assert book.mark("tides", "changes") == 12
    assert book.open_conditions()[0].times == 1


def test_texts_of_pages_become_one_line_of_bounded_length(book: AlarmDatabase) -> None:
    nasty = "http://e.example/\r\nBcc: all@example.org\x1b[2J\ud800" + "x" * 10_000
    book.observe([found("o" * 999, summary=nasty, subject=nasty, items=(nasty,) * 50)], rules("keeper"), START)
    message = book.unsent()[0].message
    for text in (message.summary, message.subject, *message.items):
        assert text.isprintable()
        assert len(text) <= 500
    assert (len(message.items), message.items_total) == (MAX_ITEMS, 50)


def test_a_pause_doubles_up_to_an_hour_and_a_clock_set_back_does_not_lengthen_it(book: AlarmDatabase) -> None:
    book.observe([found(1)], rules("keeper"), START)
    (number,) = book.waiting("keeper", START)
    now, pauses = START, []
    for _attempt in range(9):
        book.unreached([number], "no answer in time", now)
        (waiting,) = book.unsent()
        pauses.append(waiting.next_try - now)
        assert book.waiting("keeper", now + pauses[-1] - 1) == []
        now = waiting.next_try
        assert book.waiting("keeper", now) == [number]
    assert pauses == [min(FIRST_PAUSE_S << n, MAX_PAUSE_S) for n in range(9)]
    (waiting,) = book.unsent()
    assert (waiting.attempts, waiting.failing_since, waiting.error) == (9, START, "no answer in time")
    book.unreached([number], "no answer in time", now)
    assert book.waiting("keeper", START - 365 * DAY) == [number]


def test_what_a_channel_refuses_puts_off_no_other(book: AlarmDatabase) -> None:
    book.observe([found(1), found(1, subject="b")], rules("keeper"), START)
    first, second = book.waiting("keeper", START)
    message = book.message(first)
    assert message is not None
    book.refused(message, "554 no", [], START)
    assert book.waiting("keeper", START) == [second]
    # What was only not reached goes along as soon as the channel is tried at all.
    book.unreached([second], "no", START)
    book.observe([found(1, subject="c")], rules("keeper"), START)
    assert len(book.waiting("keeper", START)) == 2


def test_a_channel_that_is_gone_keeps_its_messages_until_they_are_dropped(book: AlarmDatabase) -> None:
    book.observe([found(1)], rules("keeper", "desk"), START)
    dropped = book.drop_all_but({"desk"})
    assert [message.channel for message in dropped] == ["keeper"]
    assert _events(book) == [("desk", AlarmEvent.RAISED)]


def test_a_collection_that_is_forgotten_begins_anew_and_what_waits_is_still_told(book: AlarmDatabase) -> None:
    both = [found(1), found(1, collection="waves")]
    book.observe(both, rules("keeper"), START, {("tides", "changes"): 1, ("waves", "changes"): 2})
    assert book.forget("tides") == 1
    assert [condition.collection for condition in book.open_conditions()] == ["waves"]
    assert (book.mark("tides", "changes"), book.mark("waves", "changes")) == (None, 2)
    assert len(book.unsent()) == 2


def test_the_book_is_the_same_for_the_next_process(tmp_path: Path) -> None:
    with AlarmDatabase.open(tmp_path) as book:
        book.observe([found(1, items=("é",))], rules("keeper"), START, {("tides", "changes"): 3})
        before = (book.open_conditions(), book.unsent())
    with AlarmDatabase.open(tmp_path, read_only=True) as again:
        assert (again.open_conditions(), again.unsent()) == before
        assert again.mark("tides", "changes") == 3


def test_reading_makes_no_book(tmp_path: Path) -> None:
    with AlarmDatabase.open(tmp_path / "archives", read_only=True) as book:
        assert (book.open_conditions(), book.unsent()) == ([], [])
    assert not (tmp_path / "archives").exists()


def test_a_book_that_another_process_is_about_to_make_is_empty(tmp_path: Path) -> None:
    path = book_path(tmp_path)
    path.parent.mkdir()
    sqlite3.connect(path).executescript("PRAGMA journal_mode = WAL").connection.close()
    with AlarmDatabase.open(tmp_path, read_only=True) as book:
        assert book.unsent() == []


def test_a_book_that_is_none_is_told_with_a_way_out(tmp_path: Path) -> None:
    path = book_path(tmp_path)
    path.parent.mkdir()
    path.write_bytes(b"no database" * 100)
    for read_only in (False, True):
        with pytest.raises(BrokenStateError) as caught, AlarmDatabase.open(tmp_path, read_only=read_only):
            pass
        assert f"Move {path} away" in caught.value.next_step


def test_several_may_observe_at_once(tmp_path: Path) -> None:
    def observer(first: int) -> None:
        with AlarmDatabase.open(tmp_path) as book:
            for occasion in range(first, first + 50):
                book.observe([found(occasion)], rules("keeper"), START)

    with AlarmDatabase.open(tmp_path) as book:
        threads = [threading.Thread(target=observer, args=(1000 * number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert book.open_conditions()[0].times == 150
