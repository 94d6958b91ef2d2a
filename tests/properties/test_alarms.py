"""Random courses of observing, reminding, sending and dying: no alarm lost, none told twice, its end told after it."""

import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.alarms.deliver import deliver
from preserve.alarms.values import AlarmEvent, AlarmMessage
from preserve.config.alarm_kinds import AlarmKind, AlarmRule
from preserve.config.alarms import AlarmsConfig, CommandChannel
from preserve.net.deadline import RefusedError, UnreachedError
from tests.examples import examples
from tests.unit.alarms.telling import START, configured, found

_CHANNELS = ("desk", "keeper")
_SUBJECTS = ("a", "b")
_AFTER = 2
_AGAIN_S = 3_600
_STATE, _HAPPENING = AlarmKind.CAPTURE_FAILING, AlarmKind.TEXT_CHANGED
_Key = tuple[AlarmKind, str]


class _DeadError(BaseException):
    """The process ends here."""


class _DyingRules(dict[AlarmKind, AlarmRule]):
    def __getitem__(self, kind: AlarmKind) -> AlarmRule:
        if kind is _STATE:
            raise _DeadError
        return super().__getitem__(kind)


class Telling(RuleBasedStateMachine):
    """``told`` is what channels took, in order; a fixed point of the model is that everything was said at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.now = START
        self.occasion = 0
        self.way: dict[str, str] = dict.fromkeys(_CHANNELS, "good")
        self.told: dict[str, list[AlarmMessage]] = {name: [] for name in _CHANNELS}
        self.dies_after_sending = False
        self.bad: Counter[str] = Counter()
        """Times in a row that a state was found bad."""
        self.items: dict[str, set[str]] = {subject: set() for subject in _SUBJECTS}
        """What happened, all of which is to be told."""
        self.config = AlarmsConfig.model_validate(
            {
                "channels": {name: {"command": ["/bin/true", name]} for name in _CHANNELS},
                "rules": {"default": {"after": _AFTER, "again_after": "1h"}},
            }
        )
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("preserve.alarms.deliver.run", self._run)
        self.stack = ExitStack()
        self.book = self.stack.enter_context(AlarmDatabase.open(self.folder))

    def teardown(self) -> None:
        self.stack.close()
        self.patch.undo()
        shutil.rmtree(self.folder)

    def _run(self, channel: CommandChannel, _patience: object, message: AlarmMessage) -> None:
        name = channel.command[1]
        if self.way[name] == "refuses":
            raise RefusedError("no")
        if self.way[name] == "dead":
            raise UnreachedError("dead")
        self.told[name].append(message)
        if self.way[name] == "taken, but it seemed to fail":
            raise UnreachedError("cut")
        if self.dies_after_sending:
            raise _DeadError

    def _again(self) -> None:
        """Another process, after the death of the one before."""
        self.stack.close()
        self.stack = ExitStack()
        self.book = self.stack.enter_context(AlarmDatabase.open(self.folder))

    @rule(subject=st.sampled_from(_SUBJECTS), bad=st.booleans(), replays=st.integers(0, 2), crash=st.booleans())
    def observe(self, subject: str, *, bad: bool, replays: int, crash: bool) -> None:
        self.occasion += 1
        seen = found(self.occasion, bad=bad, kind=_STATE, subject=subject)
        if crash:
            # It dies between its writes: nothing of them may be left.
            other = found(self.occasion, kind=_HAPPENING, subject=subject)
            with pytest.raises(_DeadError):
                self.book.observe(
                    [other, seen], _DyingRules(self.config.in_force), self.now, {("tides", "mark"): 10**9}
                )
            self._again()
        for _time in range(replays + 1):
            self.book.observe([seen], self.config.in_force, self.now, {("tides", "mark"): self.occasion})
        self.bad[subject] = self.bad[subject] + 1 if bad else 0

    @rule(subject=st.sampled_from(_SUBJECTS), replays=st.integers(0, 2))
    def happen(self, subject: str, replays: int) -> None:
        self.occasion += 1
        item = f"item {self.occasion}"
        for _time in range(replays + 1):
            one = found(self.occasion, kind=_HAPPENING, subject=subject, items=(item,), items_total=1)
            self.book.observe([one], self.config.in_force, self.now)
        self.items[subject].add(item)

    @rule(seconds=st.integers(1, 5_000))
    def wait(self, seconds: int) -> None:
        self.now += seconds
        self.book.remind(self.config.in_force, self.now)

    @rule(
        name=st.sampled_from(_CHANNELS),
        way=st.sampled_from(["good", "good", "refuses", "dead", "taken, but it seemed to fail"]),
    )
    def turn(self, name: str, way: str) -> None:
        self.way[name] = way

    @rule(dies=st.booleans())
    def send(self, *, dies: bool) -> None:
        self.dies_after_sending = dies
        try:
            deliver(self.book, self.config, str, lambda: self.now)
        except _DeadError:
            self._again()
        self.dies_after_sending = False

    @invariant()
    def the_mark_has_moved_with_what_was_observed(self) -> None:
        mark = self.book.mark("tides", "mark")
        assert mark is None or mark <= self.occasion

    @invariant()
    def few_wait_for_one_condition(self) -> None:
        waiting = Counter((u.message.channel, u.message.kind, u.message.subject) for u in self.book.unsent())
        assert max(waiting.values(), default=0) <= 3

    @invariant()
    def each_was_told_in_turn(self) -> None:
        """An id tells one thing; that it is good comes after that it is bad, and neither twice in a row."""
        for name in _CHANNELS:
            for subject in _SUBJECTS:
                events = _in_turn(self.told[name], (_STATE, subject))
                for before, after in zip([AlarmEvent.RESOLVED, *events], events, strict=False):
                    assert (before is AlarmEvent.RESOLVED) == (after is AlarmEvent.RAISED), events

    @invariant()
    def at_the_end_all_is_told(self) -> None:
        """A copy of the book, sent out by channels that work, leaves each of them with the truth."""
        copy = {name: list(messages) for name, messages in self.told.items()}
        for unsent in self.book.unsent():
            copy[unsent.message.channel].append(unsent.message)
        for name in _CHANNELS:
            for subject in _SUBJECTS:
                events = _in_turn(copy[name], (_STATE, subject))
                is_told_bad = bool(events) and events[-1] is not AlarmEvent.RESOLVED
                assert is_told_bad == (self.bad[subject] >= _AFTER), (name, subject, events)
                happened = _once(copy[name], (_HAPPENING, subject))
                assert sum(message.items_total for message in happened) >= len(self.items[subject])
                if all(message.items_total <= 20 for message in happened):
                    assert {item for message in happened for item in message.items} == self.items[subject]


def _once(messages: list[AlarmMessage], key: _Key) -> list[AlarmMessage]:
    """As a receiver has them who leaves out an id that it has seen."""
    seen = {message.id: message for message in reversed(messages) if (message.kind, message.subject) == key}
    return list(reversed(seen.values()))


def _in_turn(messages: list[AlarmMessage], key: _Key) -> list[AlarmEvent]:
    ids: set[str] = set()
    events = []
    for message in messages:
        if (message.kind, message.subject) == key and message.id not in ids:
            ids.add(message.id)
            events.append(message.event)
    return events


TestTelling = Telling.TestCase
TestTelling.settings = settings(max_examples=examples(40), stateful_step_count=40, deadline=None)


def test_a_happening_is_told_once_where_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[AlarmMessage] = []
    monkeypatch.setattr("preserve.alarms.deliver.run", lambda _channel, _patience, message: told.append(message))
    config = configured(keeper={"command": ["/bin/true"]})
    with AlarmDatabase.open(tmp_path) as book:
        for occasion in [1, 1, 2, 2, 2, 3]:
            book.observe([found(occasion, kind=_HAPPENING, items=(str(occasion),))], config.in_force, START)
            deliver(book, config, str, lambda: START)
            deliver(book, config, str, lambda: START)
    assert [message.items for message in told] == [("1",), ("2",), ("3",)]
