"""How an observation, or time that passes, turns a condition, and what is to be told of it. Pure.

Tested by ``tests/unit/alarms/test_alarm_db.py``.
"""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from preserve.alarms.kinds import KINDS
from preserve.alarms.values import AlarmEvent, Observation
from preserve.config.alarm_kinds import AlarmKind, AlarmRule


class AlarmState(Struct, frozen=True, kw_only=True):
    """What is kept of a condition. ``told_to``: the channels that were told since it was raised."""

    collection: str
    kind: AlarmKind
    subject: str
    is_bad: bool = False
    bad_occasion: str | None = None
    bad_since: int | None = None
    times: int = 0
    raised: int | None = None
    told: int | None = None
    told_to: tuple[str, ...] = ()
    summary: str = ""
    items: tuple[str, ...] = ()
    items_total: int = 0


class Notification(NamedTuple):
    """What is to be told, and to which channel."""

    channel: str
    event: AlarmEvent


class AlarmTransition(NamedTuple):
    """The state after a turn, and what is to be told. ``is_counted``: it was found bad once more."""

    state: AlarmState
    tells: tuple[Notification, ...] = ()
    is_counted: bool = False


def observed(state: AlarmState, found: Observation, rule: AlarmRule, now: int) -> AlarmTransition:
    """The turn that an observation makes. An occasion counts once, also where it was found good in between."""
    occasion = str(found.occasion)
    if not KINDS[state.kind].is_state:
        return _happened(state, found, rule)
    if not found.bad:
        return _good(state, found, rule)
    if occasion == state.bad_occasion:
        return AlarmTransition(state)
    if not state.is_bad:
        state = replace(state, is_bad=True, bad_since=now, times=0, raised=None, told=None, told_to=())
    state = replace(
        state,
        bad_occasion=occasion,
        times=state.times + 1,
        summary=found.summary,
        items=found.items,
        items_total=found.items_total,
    )
    return _due(state, rule, now, is_news=True)._replace(is_counted=True)


def reminded(state: AlarmState, rule: AlarmRule, now: int) -> AlarmTransition:
    """The turn that time makes."""
    return _due(state, rule, now, is_news=False) if state.is_bad else AlarmTransition(state)


def _happened(state: AlarmState, found: Observation, rule: AlarmRule) -> AlarmTransition:
    if not found.bad or str(found.occasion) == state.bad_occasion:
        return AlarmTransition(state)
    state = replace(
        state,
        bad_occasion=str(found.occasion),
        times=1,
        summary=found.summary,
        items=found.items,
        items_total=found.items_total,
    )
    return AlarmTransition(state, tuple(Notification(channel, AlarmEvent.HAPPENED) for channel in rule.to))


def _good(state: AlarmState, found: Observation, rule: AlarmRule) -> AlarmTransition:
    if not state.is_bad:
        return AlarmTransition(state)
    tells: tuple[Notification, ...] = ()
    if state.raised is not None and rule.resolved:
        # Who was never told that it is bad is not told that it is good.
        tells = tuple(Notification(channel, AlarmEvent.RESOLVED) for channel in state.told_to if channel in rule.to)
    good = replace(state, is_bad=False, raised=None, told=None, told_to=(), summary=found.summary or state.summary)
    return AlarmTransition(replace(good, items=found.items, items_total=found.items_total), tells)


def _due(state: AlarmState, rule: AlarmRule, now: int, *, is_news: bool) -> AlarmTransition:
    if state.raised is None:
        if KINDS[state.kind].is_counted and state.times < rule.after:
            return AlarmTransition(state)
        state = replace(state, raised=now)
    elif state.told is not None:
        # A clock that was set back must not put off what is told again.
        state = replace(state, told=min(state.told, now))
        if not _is_again(state, rule, now, is_news=is_news):
            return AlarmTransition(state)
    if not rule.to:
        return AlarmTransition(state)
    tells = tuple(_raised(state, rule))
    return AlarmTransition(replace(state, told=now, told_to=tuple(dict.fromkeys((*state.told_to, *rule.to)))), tells)


def _is_again(state: AlarmState, rule: AlarmRule, now: int, *, is_news: bool) -> bool:
    if not KINDS[state.kind].is_told_by_time:
        return is_news
    return state.told is not None and now - state.told >= rule.again_after_s


def _raised(state: AlarmState, rule: AlarmRule) -> Iterator[Notification]:
    for channel in rule.to:
        yield Notification(channel, AlarmEvent.AGAIN if channel in state.told_to else AlarmEvent.RAISED)
