"""A year of daily captures by a scheduler, on a machine that has a year's accidents: ``python -m tests.years.year``.

Two sites change each day. The clock is set by the test; looks are those of a line in cron. What the server's own log
says must be told is held against what a channel of alarms was told, day by day; at the end the archive, its replica and
its answers are held against the log once more.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from warcio.archiveiterator import ArchiveIterator

from tests.years.machine import NO_FAULT, Fault, Machine, Ran
from tests.years.truth import Truth, told_of
from tests.years.world import OTHER, Fate, Outage, Served, World, served

_ZONE = ZoneInfo("Europe/Vienna")
_NAME = "sim"
_MIB = 1 << 20
_OF_CLOCKS = frozenset({"W-CLOCK-ORDER", "W-CLOCK-AHEAD", "W-DATE"})
"""What a clock that was wrong leaves behind."""
_WRONG_CLOCK = Fault()
"""A clock that servers contradict: the look fails."""
_BELIEVED = 9 + 2
"""Looks in a row without a full one; and two that a killed process may have lost."""
_ENDS = (0, 1)
"""How a look may end: all was good, or something was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A year. ``days``: the dates on which the machine is on, in order; a page's and an outage's days count from the
    first. ``accidents``: what happens on a date; ``accepted``: on which date the loss of a page is accepted.
    """

    days: tuple[date, ...]
    pages: int
    fates: tuple[Fate, ...]
    outages: tuple[Outage, ...]
    accidents: dict[date, str]
    accepted: dict[date, int]
    older_from: int


def _dates(first: date, number: int) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range(number))


def long_script() -> Script:
    """300 days, ten of which the machine is off; 60 pages."""
    first = date(2027, 9, 15)
    on = [day for n, day in enumerate(_dates(first, 300)) if not 130 <= n < 140]
    accidents = {
        20: "edit",
        60: "rotate",
        75: "nearly-full",
        80: "full",
        90: "back",
        100: "ahead",
        110: "ahead-silent",
        230: "adaptive",
    }
    kills = dict.fromkeys((12, 33, 44, 66, 88, 122, 155, 177, 199, 222, 277), "kill")
    return Script(
        days=tuple(on),
        pages=60,
        fates=(
            Fate(page=7, begins=25, ends=1_000, how="404"),
            Fate(page=8, begins=40, ends=1_000, how="410"),
            Fate(page=9, begins=50, ends=1_000, how="soft"),
            Fate(page=10, begins=70, ends=71, how="404"),
            Fate(page=11, begins=115, ends=122, how="503"),
            Fate(page=13, begins=180, ends=200, how="404"),
        ),
        outages=(
            Outage(begins=150, ends=153, how="down"),
            Outage(begins=160, ends=162, how="robots"),
            Outage(begins=170, ends=172, how="moved"),
        ),
        accidents={first + timedelta(days=n): what for n, what in {**accidents, **kills}.items()},
        accepted={first + timedelta(days=n): page for n, page in ((30, 7), (48, 8))},
        older_from=55,
    )


def short_script() -> Script:
    """The same in 46 days: both changes of daylight saving and a leap day, and all accidents."""
    first = date(2027, 10, 28)
    on = [*_dates(first, 10), *_dates(date(2028, 2, 25), 36)]
    accidents = {
        date(2027, 11, 1): "kill", date(2027, 11, 2): "edit", date(2027, 11, 4): "nearly-full",
        date(2028, 2, 28): "rotate", date(2028, 3, 1): "back", date(2028, 3, 2): "full", date(2028, 3, 4): "ahead",
        date(2028, 3, 6): "ahead-silent", date(2028, 3, 9): "kill", date(2028, 3, 20): "kill",
        date(2028, 3, 27): "adaptive",
    }  # fmt: skip
    late = (date(2028, 2, 25) - first).days
    return Script(
        days=tuple(on),
        pages=16,
        fates=(
            Fate(page=7, begins=3, ends=1_000, how="404"),
            Fate(page=8, begins=late + 2, ends=1_000, how="410"),
            Fate(page=9, begins=late + 4, ends=1_000, how="soft"),
            Fate(page=10, begins=late + 6, ends=late + 7, how="404"),
            Fate(page=11, begins=late + 15, ends=late + 22, how="503"),
            Fate(page=13, begins=late + 12, ends=late + 18, how="404"),
        ),
        outages=(
            Outage(begins=late + 23, ends=late + 26, how="down"),
            Outage(begins=late + 27, ends=late + 28, how="robots"),
            Outage(begins=late + 29, ends=late + 30, how="moved"),
        ),
        accidents=accidents,
        accepted={date(2027, 11, 6): 7, date(2028, 3, 1): 8},
        older_from=late + 3,
    )


@dataclass
class Told:
    """What came of a year. ``missed``, ``false``: alarms, with their day; ``amiss``: all else."""

    days: int = 0
    requests: int = 0
    changes: int = 0
    alarms: int = 0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    amiss: list[str] = field(default_factory=list)


@dataclass
class Year:
    """One year in a folder."""

    folder: Path
    script: Script
    world: World
    machine: Machine
    truth: Truth
    told: Told = field(default_factory=Told)
    more: str = ""
    """What was added to the collection's file."""
    adaptive: str = ""
    """What was added to its schedule."""
    runs: int = 0
    _read_bytes: int = 0
    _window: list[Served] = field(default_factory=list)
    _seen: int = 0
    _in_flight: int = 0
    _states: dict[str, bool] = field(default_factory=dict)

    @property
    def alive(self) -> Path:
        return self.folder / "alive"

    def write_config(self) -> None:
        main, other = self.world.url("/"), self.world.url("/", OTHER)
        self._write(
            "collections/sim.yaml",
            f"title: Two sites\ncontact: test@example.org\nseeds: ['{main}', '{other}']\n"
            f"scope:\n  include: ['{main}', '{other}']\n  max_depth: 1\npoliteness:\n  delay_s: 0\n"
            "allow_addresses: [127.0.0.0/8]\nlayouts: [wikileaks-cable]\nmin_free_mb: 64\n"
            f"schedule:\n  cron: '30 2 * * *'\n  time_zone: Europe/Vienna\n  grace: 5d\n{self.adaptive}"
            f"  steps:\n    - verify: 5\n    - replicate: {self.folder}/copy\n  alive_file: {self.alive}\n"
            f"verification:\n  every: 30d\n{self.more}",
        )
        pager = self.folder / "pager"
        pager.write_text(f'#!/bin/sh\ncat >> "{self.folder}/told"\n')
        pager.chmod(0o755)
        self._write(
            "alarms.yaml",
            f"channels:\n  pager:\n    command: [{pager}]\nrules:\n  default: {{to: [pager], again_after: 12h}}\n",
        )

    def _write(self, name: str, text: str) -> None:
        path = self.machine.config / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def do(self, *words: str) -> Ran:
        """A command that an operator types: all is good, or it finds something."""
        ran = self.machine.run(*words)
        if ran.status not in _ENDS or "Traceback" in ran.errors:
            self.amiss(f"{' '.join(words)}: {ran.status}: {ran.errors[-400:]}")
        return ran

    def amiss(self, what: str) -> None:
        self.told.amiss.append(f"{self.machine.now:%Y-%m-%d}: {what}")

    def look(self, fault: Fault = NO_FAULT) -> Ran:
        """One look of the scheduler, as cron begins it."""

        def watch(group: int) -> None:
            if fault.killed_at is not None:
                self.world.watch_requests(lambda number: _kill(group) if number == fault.killed_at else None)

        before = len(self.world.log)
        ran = self.machine.run("schedule", "once", fault=fault, watch=watch)
        self.world.watch_requests(None)
        if fault is not NO_FAULT:
            # What is not committed when a run dies is asked for again.
            self._in_flight += len(self.world.log) - before
        if (fault is NO_FAULT and ran.status not in _ENDS) or "Traceback" in ran.errors:
            self.amiss(f"status {ran.status}: {ran.out[-400:]}{ran.errors[-800:]}")
        return ran

    def day(self, number: int, today: date) -> None:
        """One day: its looks, what the operator does, and what was told of it."""
        self.world.day = (today - self.script.days[0]).days
        self.at(today, 3, 5)
        accident = self.script.accidents.get(today, "")
        expected: set[str] = set()
        if number and (today - self.script.days[number - 1]).days > 2:
            expected.add("not-looked")
        self.alive.unlink(missing_ok=True)
        # A look that comes to no run tells what was bad before it once more.
        again = self.truth.bad if accident else set()
        if accident:
            expected |= getattr(self, f"_{accident.replace('-', '_')}")(today)
        self.look()
        self.runs += 1
        expected |= self.truth.day(self._take_window())
        if self.alive.exists() is self.truth.failing:
            self.amiss(f"the alive file is{'' if self.alive.exists() else ' not'} there")
        for page in [page for day, page in self.script.accepted.items() if day == today]:
            self.do("rot", "accept", self.world.page_url(page), "-c", _NAME, "--reason", "it is known")
            self.truth.accept(self.world.page_url(page))
        self._judge(expected, again)
        self._nothing_is_due(today)

    def at(self, today: date, hour: int, minute: int = 0) -> None:
        """Sets the clock, and those of the servers."""
        local = datetime(today.year, today.month, today.day, hour, minute, tzinfo=_ZONE)
        self._set(local.astimezone(UTC))

    def _set(self, moment: datetime, *, servers: bool = True) -> None:
        self.machine.set_clock(moment)
        if servers:
            self.world.told_date = moment

    def _nothing_is_due(self, today: date) -> None:
        """On days with an hour less or more: no other moment is due in all of the day."""
        offsets = {datetime(today.year, today.month, today.day, hour, tzinfo=_ZONE).utcoffset() for hour in (0, 23)}
        if len(offsets) == 1:
            return
        for hour in (4, 9, 23):
            self.at(today, hour)
            if self.look().out.strip():
                self.amiss(f"something was due again at {hour}:00")

    def _take_window(self, *, void: bool = False) -> list[Served]:
        """What was served since the last run that came to its end. ``void``: by a look that kept nothing."""
        fresh = self.world.log[self._seen :]
        self._seen = len(self.world.log)
        return [] if void else fresh

    def _judge(self, expected: set[str], again: set[str]) -> None:
        path = self.folder / "told"
        data = path.read_bytes()[self._read_bytes :] if path.exists() else b""
        self._read_bytes += len(data)
        messages = [json.loads(line) for line in data.decode().splitlines() if line]
        self.told.alarms += len(messages)
        told = {word for message in messages for word in told_of(message)}
        # A message names the first twenty, and counts all.
        unnamed = {word for word in expected - told if word.split()[0] in {"text-changed", "page-gone"}}
        if len(unnamed) == sum(int(message["items_total"]) - len(message["items"]) for message in messages):
            expected -= unnamed
        self.told.missed += [f"{self.machine.now:%Y-%m-%d} {word}" for word in sorted(expected - told)]
        self.told.false += [f"{self.machine.now:%Y-%m-%d} {word}" for word in sorted(told - expected - again)]

    def later(self, minutes: int = 20) -> None:
        self._set(self.machine.now + timedelta(minutes=minutes))

    def end(self) -> None:
        """What is held, the copy of it, and what is told of each page, against the log."""
        for folder in (self.machine.archives, self.folder / "copy"):
            ran = self.do("verify", _NAME, "--json", "--archives", str(folder))
            told = json.loads(ran.out)["collections"][0]
            codes = {finding["code"] for finding in told["findings"]}
            if not told["good"] or not codes <= _OF_CLOCKS:
                self.amiss(f"verify of {folder.name}: {sorted(codes)}")
        self._is_all_held()
        self._is_rot_right()
        self._is_asked_in_full()

    def _is_all_held(self) -> None:
        """Each reply that was sent is held once, but for those that were on their way when a process was killed."""
        held: Counter[str] = Counter()
        for path in (self.machine.archives / _NAME / "archive").glob("*.warc.gz"):
            with path.open("rb") as file:
                held.update(
                    str(record.rec_headers.get_header("WARC-Target-URI"))
                    for record in ArchiveIterator(file, no_record_parse=True)
                    if record.rec_type in {"response", "revisit"}
                )
        sent = Counter(one.url for one in self.world.log if one.status and not one.url.endswith("/robots.txt"))
        made_up = {url: number for url, number in (held - sent).items() if not url.endswith("/robots.txt")}
        if made_up or (sent - held).total() > self._in_flight:
            self.amiss(f"not held: {dict(sent - held)}; not sent: {made_up}")

    def _is_rot_right(self) -> None:
        ran = self.do("rot", "--all", "--held", "--json")
        states = {str(one["url"]): str(one["state"]) for one in json.loads(ran.out)["addresses"]}
        for url, at in self.truth.held.items():
            right = (
                {"gone", "soft-404"} if at.is_gone
                else {"unknown", "moved"} if at.is_lost
                else {"alive", "changed"} if at.shown is None
                else {"alive" if at.shown == at.first else "changed"}
            )  # fmt: skip
            if states.get(url) not in right:
                self.amiss(f"rot says {states.get(url)} of {url}, right is {sorted(right)}")

    def _is_asked_in_full(self) -> None:
        """No server is believed more than nine times in a row that nothing changed."""
        by_page: dict[str, list[int]] = {}
        for one in self.world.log:
            by_page.setdefault(one.url, []).append(one.status)
        for url, statuses in by_page.items():
            if max((len(list(same)) for status, same in groupby(statuses) if status == 304), default=0) > _BELIEVED:
                self.amiss(f"{url} was not asked for in full")

    # What happens on single days. Each leaves the machine ready for the look of the day.

    def _kill(self, today: date) -> set[str]:
        self.look(Fault(killed_at=3 + 7 * (today.day % 5)))
        # The first look finds the dead run, the next one does it again.
        self.later()
        self.look()
        self.later()
        return set()

    def _nearly_full(self, _today: date) -> set[str]:
        self.look(Fault(free_bytes=40 * _MIB))
        self.later()
        return {"disk-low bad", "disk-low good"}

    def _full(self, _today: date) -> set[str]:
        if self.look(Fault(full_after=12)).status == 0:
            self.amiss("a full disk was not noticed")
        self.later()
        return set()

    def _back(self, today: date) -> set[str]:
        self._set(self.machine.now - timedelta(days=2), servers=False)
        ran = self.look()
        if ran.out.strip():
            self.amiss("something was due while the clock was back")
        self.at(today, 3, 30)
        return {"clock-back bad", "clock-back good"}

    def _ahead(self, today: date) -> set[str]:
        """The servers say the true time: the run keeps nothing."""
        self._set(self.machine.now + timedelta(days=30), servers=False)
        self.look(_WRONG_CLOCK)
        self._take_window(void=True)
        self.at(today, 3, 30)
        self.look()
        self.do("schedule", "forget", _NAME, "--yes")
        self.later()
        return {"clock-back bad", "clock-back good", "not-looked", "overdue bad", "overdue good"}

    def _ahead_silent(self, today: date) -> set[str]:
        """No server says a time: a run is dated in the future."""
        self._set(self.machine.now + timedelta(days=30), servers=False)
        self.world.told_date = None
        self.look()
        self.at(today, 3, 30)
        self.look()
        self.do("schedule", "forget", _NAME, "--yes")
        self.do("capture", _NAME, "--clock-is-right", "--json")
        self.later()
        return {"clock-back bad", "clock-back good", "not-looked"}

    def _rotate(self, _today: date) -> set[str]:
        self.do("key", "rotate", _NAME, "--reason", "it is time")
        return set()

    def _adaptive(self, _today: date) -> set[str]:
        self.adaptive = "  adaptive: {min: 1d, max: 10d}\n"
        self.write_config()
        return set()

    def _edit(self, _today: date) -> set[str]:
        self.more = "max_recheck: 5000\nalarm_lost: 10\n"
        self.write_config()
        return set()


def _kill(group: int) -> None:
    os.killpg(group, signal.SIGKILL)


def live(folder: Path, script: Script, say: Callable[[str], None] = lambda _line: None) -> Told:
    """Lives through a year in a folder."""
    world = World(script.pages, script.fates, script.outages, older_from=script.older_from)
    with served(world):
        machine = Machine(folder)
        year = Year(folder, script, world, machine, Truth(world, (world.url("/"), world.url("/", OTHER))))
        year.write_config()
        year.at(script.days[0], 2, 0)
        year.do("init", _NAME)
        # What is due is due from the first look on.
        year.look()
        year._judge(set(), set())
        for number, today in enumerate(script.days):
            begun = time.monotonic()
            year.day(number, today)
            say(
                f"{today} {time.monotonic() - begun:5.1f} s  {len(world.log):,} requests, "
                f"{len(year.told.missed)} missed, {len(year.told.false)} false, {len(year.told.amiss)} amiss"
            )
        year.later(60)
        year.end()
        told = year.told
        told.days, told.requests, told.changes = len(script.days), len(world.log), year.truth.changes
    return told


def _main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="the form that the tests run")
    chosen = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="preserve-years-"))
    told = live(folder, short_script() if chosen.short else long_script(), lambda line: print(line, flush=True))
    for name, found in (("missed", told.missed), ("false", told.false), ("amiss", told.amiss)):
        print(f"{name}: {len(found)}", *found, sep="\n  ")
    print(f"{told.days} days, {told.requests:,} requests, {told.changes:,} changes, {told.alarms:,} alarms")
    bad = bool(told.missed or told.false or told.amiss)
    if not bad:
        shutil.rmtree(folder)
    else:
        print(f"kept: {folder}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
