"""What must be told each day, by the server's own log alone; and what was told, in the same words.

A day's alarms are a set of words such as ``text-changed 08SAMPLETOWN2003``, ``page-missing bad``, ``disk-low good``.
What the truth has and the alarms have not was missed; the other way round it is a false alarm.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.years.world import MAIN, Served, Shown, World, cable_name

_MISSING = frozenset({404, 410, 451})
_OK = 200
_CERTAIN = frozenset({_OK, 301, 304})
_ALARM_LOST = 10
_LEAST_LOST = 3
_GONE_DAYS, _UNREACHABLE_DAYS = 2, 3


@dataclass
class _Address:
    """What the log says of one address. ``missing``, ``unreachable``: days since it last showed anything better."""

    shown: Shown | None = None
    first: Shown | None = None
    is_lost: bool = False
    is_accepted: bool = False
    is_gone: bool = False
    missing: set[int] = field(default_factory=set)
    unreachable: set[int] = field(default_factory=set)


@dataclass
class Truth:
    """Takes the log day by day. ``failing``, ``missing``, ``gone``: which conditions are bad."""

    world: World
    seeds: tuple[str, ...]
    held: dict[str, _Address] = field(default_factory=dict)
    failing: bool = False
    missing: bool = False
    gone: bool = False
    changes: int = 0

    @property
    def bad(self) -> set[str]:
        """What is bad, and told again while it lasts."""
        kinds = (("capture-failing", self.failing), ("page-missing", self.missing))
        return {f"{kind} bad" for kind, is_bad in kinds if is_bad}

    def accept(self, url: str) -> None:
        """The operator says that a loss is known."""
        self.held[url].is_accepted = True

    def day(self, window: Sequence[Served]) -> set[str]:
        """What must be told after a run that asked for what is in ``window``."""
        before = set(self.held)
        told: set[str] = set()
        shown = {url: at.shown for url, at in self.held.items()}
        gone = {url for url, at in self.held.items() if at.is_gone}
        for one in window:
            if one.url in self.held or one.is_page:
                self._look(one)
        if self.world.outage() in {"down", "robots"}:
            for url in before:
                if f"//{MAIN}:" in url:
                    self.held[url].is_lost = True
                    if self.world.outage() == "down":
                        # No page can be had from a host whose robots.txt gives no reply, nor may be asked for.
                        self._unreachable(self.held[url], self.world.day)
        for url, at in self.held.items():
            told |= self._changed(url, shown.get(url), at.shown)
            if at.is_gone and url not in gone and not at.is_accepted:
                told.add(f"page-gone {url}")
        return told | self._run(before) | self._gone()

    def _look(self, one: Served) -> None:
        at = self.held.setdefault(one.url, _Address())
        at.is_lost = not one.is_page
        if one.is_page:
            at.is_accepted = False
        if one.status in _MISSING:
            at.missing.add(one.day)
        elif one.status in _CERTAIN:
            at.missing.clear()
            at.unreachable.clear()
        is_soft = not one.is_page and one.status == _OK
        dead = len(at.missing) >= _GONE_DAYS or is_soft
        # A doubt (no reply, an error of the server) brings nothing back.
        at.is_gone = dead or (at.is_gone and one.status not in _CERTAIN)
        if one.shown is not None:
            at.first, at.shown = at.first or one.shown, one.shown

    def _unreachable(self, at: _Address, day: int) -> None:
        at.unreachable.add(day)
        at.is_gone = at.is_gone or len(at.unreachable) >= _UNREACHABLE_DAYS

    def _changed(self, url: str, before: Shown | None, now: Shown | None) -> set[str]:
        if before is None or now is None or before == now:
            return set()
        self.changes += 1
        kind = "text-changed" if before.redacted == now.redacted else "redaction-changed"
        return {f"{kind} {_name(self.world, url)}"}

    def _run(self, looked: Iterable[str]) -> set[str]:
        lost = [url for url in looked if self.held[url].is_lost and not self.held[url].is_accepted]
        accepted = sum(self.held[url].is_lost and self.held[url].is_accepted for url in looked)
        share = _ALARM_LOST * (len(list(looked)) - accepted)
        seeds = [url for url in self.seeds if url in self.held]
        bad = (len(lost) >= _LEAST_LOST and 100 * len(lost) > share) or (
            bool(seeds) and all(self.held[url].is_lost for url in seeds)
        )
        told = turn("capture-failing", was=self.failing, is_bad=bad)
        self.failing = bad
        is_missing = self.missing if bad else bool(lost)
        told |= turn("page-missing", was=self.missing, is_bad=is_missing)
        self.missing = is_missing
        return told

    def _gone(self) -> set[str]:
        is_gone = any(at.is_gone and not at.is_accepted for at in self.held.values())
        told = {"page-gone good"} if self.gone and not is_gone else set()
        self.gone = is_gone
        return told


def turn(kind: str, *, was: bool, is_bad: bool) -> set[str]:
    """A condition that is bad is told each day, and one that is so no more once."""
    return {f"{kind} bad"} if is_bad else {f"{kind} good"} if was else set()


def _name(world: World, url: str) -> str:
    number = int(url.rpartition("/")[2])
    return cable_name(number if url == world.page_url(number) else 1_000 + number)


def told_of(message: Mapping[str, Any]) -> set[str]:
    """What a message says, in the words of the truth."""
    kind, event = str(message["kind"]), str(message["event"])
    items = [str(item) for item in message["items"]]
    if event == "resolved":
        return {f"{kind} good"}
    if kind in {"text-changed", "redaction-changed"}:
        return {f"{kind} {item.split(' ', 1)[0]}" for item in items}
    if kind == "page-gone":
        return {f"{kind} {item}" for item in items}
    return {f"{kind} bad" if event in {"raised", "again"} else kind}
