"""When a schedule is due: pure calculation in seconds since 1970 (UTC), right over clock changes."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim
from msgspec import Struct

from preserve.config.spans import span_seconds

if TYPE_CHECKING:
    from preserve.config.schedule import ScheduleRuleConfig


class DueTime(Struct, frozen=True, kw_only=True):
    """A due moment: ``nominal`` names it, ``start`` is when it may begin (later by jitter and window)."""

    nominal: int
    start: int


def moments(rule: "ScheduleRuleConfig", *, seed: str, anchor: int, after: int) -> Iterator[DueTime]:
    """The due moments whose nominal time is later than ``after`` and not before ``anchor``, in order, without end.

    ``anchor`` is the first moment of ``every``. The same arguments always give the same moments.
    """
    for nominal, following in pairwise(_nominal(rule, anchor=anchor, after=max(after, anchor - 1))):
        late = int(_chance(seed, nominal) * rule.jitter * (following - nominal))
        yield DueTime(nominal=nominal, start=opening(rule, nominal + late))


def may_begin(rule: "ScheduleRuleConfig", now: int) -> bool:
    """Whether a capture may begin at ``now``: the window is open, or there is none."""
    return opening(rule, now) == now


def _nominal(rule: "ScheduleRuleConfig", *, anchor: int, after: int) -> Iterator[int]:
    if rule.every is not None:
        step = span_seconds(rule.every)
        value = anchor + ((after - anchor) // step + 1) * step
        while True:
            yield value
            value += step
    last = after
    for moment in CronSim(rule.cron or "", datetime.fromtimestamp(after, UTC).astimezone(_zone(rule))):
        value = int(moment.timestamp())
        # An hour that the clock shows twice is one hour of the schedule.
        if value > last:
            yield value
            last = value


def _zone(rule: "ScheduleRuleConfig") -> ZoneInfo:
    return ZoneInfo(rule.time_zone)


def _chance(seed: str, nominal: int) -> float:
    digest = hashlib.sha256(f"{seed} {nominal}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def opening(rule: "ScheduleRuleConfig", value: int) -> int:
    """The first second at or after ``value`` at which the window is open."""
    window = rule.window
    if window is None:
        return value
    first, last = window
    local = datetime.fromtimestamp(value, UTC).astimezone(_zone(rule))
    at = local.time()
    if (first <= at < last) if first < last else (at >= first or at < last):
        return value
    for days in (0, 1):
        for fold in (0, 1):
            day = local.date() + timedelta(days=days)
            opened = int(datetime.combine(day, first.replace(fold=fold), local.tzinfo).timestamp())
            if opened > value:
                return opened
    return value
