"""When an address is due again: what its captures so far say of how often it changes. Pure.

The interval begins with the shortest. A look that shows what the look before it showed makes it half as long again; one
that shows something else takes it to the mean of itself and the shortest, one that is the first to miss the page to the
shortest. It stays between shortest and longest. With a
shortest of 1 day, looks at days 0, 1 and 2.5 that show the same give 1, 1.5 and 2.25 days: due on day 4.75.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

_GROWTH = 1.5
_CLOSE = 0.1
"""Of the shortest interval: looks closer together are one look, and an address is due as much before its time."""


class PastCapture(NamedTuple):
    """One capture of an address: when it was, and anything that is equal where two captures show the same."""

    date: datetime
    content: str
    is_bad: bool = False
    """The page was not there. The first such look is looked into soon."""


def next_due(looks: Iterable[PastCapture], minimum_s: float, maximum_s: float) -> datetime:
    """When the address of these looks, in any order, is due again; bounds in seconds, ``minimum_s`` <= ``maximum_s``.

    Looks that follow the first of them within a tenth of ``minimum_s`` are one, and show what the last of them shows.

    Raises:
        ValueError: there is no look.
    """
    seen = _told_apart(looks, minimum_s * _CLOSE)
    if not seen:
        raise ValueError("no look")
    interval_s = minimum_s
    for before, look in pairwise(seen):
        if look.content == before.content:
            interval_s = min(interval_s * _GROWTH, maximum_s)
        elif look.is_bad:
            interval_s = minimum_s
        else:
            interval_s = (interval_s + minimum_s) / 2
    return seen[-1].date + timedelta(seconds=interval_s)


def is_due(due: datetime, now: datetime, minimum_s: float) -> bool:
    """True from a tenth of ``minimum_s`` before the time on: a run that begins a little early misses nothing."""
    return now >= due - timedelta(seconds=minimum_s * _CLOSE)


def _told_apart(looks: Iterable[PastCapture], close_s: float) -> list[PastCapture]:
    """The looks in order of time, those that are close together as the last of them."""
    seen: list[PastCapture] = []
    first: datetime | None = None
    for look in sorted(looks, key=lambda look: look.date):
        if first is not None and (look.date - first).total_seconds() < close_s:
            seen[-1] = look
        else:
            first = look.date
            seen.append(look)
    return seen
