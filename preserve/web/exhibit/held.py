"""What a collection holds of an address, as the exhibit room asks for it: again and again, of the same files.

A collection is opened once, and used for one request after another as long as its files stay as they are; each request
sees one state of them. What was proved of an address is kept for as long: that a row says what its statement says does
not change. Bytes of records are read and hashed every time.

Tested by ``tests/scenarios/test_exhibit.py``.
"""

import sqlite3
import threading
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from preserve.errors import FormatError, NotHeldError, PreserveError
from preserve.formats.urls import canonical
from preserve.model import is_collection_name, timestamp14
from preserve.replay.recover import Capture, CollectionReader
from preserve.store.archive import open_archive
from preserve.store.layout import CollectionPaths
from preserve.web.counting import Stamp
from preserve.web.library import Library, look_at, trouble_of
from preserve.web.settings import QUERY_S

_MOST_ADDRESSES: Final = 4_096
"""Addresses whose captures are kept, in one opened collection."""
_MOST_CAPTURES: Final = 50_000
_MOST_KEYS: Final = 50_000
_MOST_IDLE: Final = 4
_OLDEST_S: Final = 60.0
"""A collection is opened anew after this, whatever its files look like: keys that are known may have changed."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A capture and its time in 14 digits. ``is_alone``: no later one is of the same second."""

    digits: str
    capture: Capture
    is_alone: bool


@dataclass(frozen=True, slots=True)
class Captures:
    """Every capture of an address, by time, those of one second in the order of their statements."""

    moments: tuple[Moment, ...]
    digits: tuple[str, ...]
    places: Mapping[tuple[str, str], Capture]
    """The captures by file and offset of their records."""

    def at(self, digits: str) -> int | None:
        """The place of the capture of this very second; of several, of the last. None: there is none."""
        place = bisect_left(self.digits, digits + "~") - 1
        return place if place >= 0 and self.digits[place] == digits else None

    def nearest(self, digits: str) -> int:
        """The place of the capture whose time is nearest to this one: of two as near, the later."""
        after = bisect_left(self.digits, digits)
        if after == len(self.digits):
            return after - 1
        if after == 0:
            return self.at(self.digits[0]) or 0
        before = after - 1
        is_before = _seconds(digits) - _seconds(self.digits[before]) < _seconds(self.digits[after]) - _seconds(digits)
        return before if is_before else (self.at(self.digits[after]) or after)

    def by_distance(self, digits: str) -> list[Moment]:
        """All of them, the nearest to a time first."""
        asked = _seconds(digits)
        return sorted(self.moments, key=lambda one: abs(_seconds(one.digits) - asked))


def _seconds(digits: str) -> int:
    """Seconds of 14 digits on some scale on which every month has 31 days: to compare times that are near."""
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    hours = ((year * 12 + month) * 31 + day) * 24 + int(digits[8:10])
    return (hours * 60 + int(digits[10:12])) * 60 + int(digits[12:14])


@dataclass(slots=True)
class Opened:
    """One collection, opened, and what was proved of it."""

    reader: CollectionReader
    stamp: Stamp
    since: float
    _captures: OrderedDict[str, Captures] = field(default_factory=OrderedDict)
    _kept: int = 0
    _held: dict[str, bool] = field(default_factory=dict)

    def captures_of(self, url: str) -> Captures | None:
        """Every capture of an address; None where nothing is held of it."""
        try:
            key = canonical(url)
        except FormatError:
            return None
        found = self._captures.get(key)
        if found is None:
            found = in_order(self.reader.captures_of(url))
            self._captures[key] = found
            self._kept += len(found.moments)
            while len(self._captures) > _MOST_ADDRESSES or (self._kept > _MOST_CAPTURES and len(self._captures) > 1):
                self._kept -= len(self._captures.popitem(last=False)[1].moments)
        else:
            self._captures.move_to_end(key)
        return found if found.moments else None

    def capture_at(self, url: str, file: str, offset: str) -> Capture | None:
        """The capture of an address that lies at a place; None where there is none."""
        captures = self.captures_of(url)
        return None if captures is None else captures.places.get((file, offset))

    def addresses_held(self, urls: Collection[str]) -> set[str]:
        """Those of these addresses that something is held of."""
        keys: dict[str, str] = {}
        for url in urls:
            try:
                keys[url] = canonical(url)
            except FormatError:
                continue
        if len(self._held) + len(keys) > _MOST_KEYS:
            self._held.clear()
        unknown = {key for key in keys.values() if key not in self._held}
        if unknown:
            held = self.reader.catalogue.addresses_held(unknown)
            self._held.update((key, key in held) for key in unknown)
        return {url for url, key in keys.items() if self._held[key]}


def _place(capture: Capture) -> tuple[str, str]:
    return capture.row.place.file, str(capture.row.place.offset)


def in_order(captures: Sequence[Capture]) -> Captures:
    """Captures by their times."""
    timed = sorted(((timestamp14(one.moment), number) for number, one in enumerate(captures)))
    digits = tuple(said for said, _number in timed)
    moments = tuple(
        Moment(said, captures[number], is_alone=place + 1 == len(timed) or digits[place + 1] != said)
        for place, (said, number) in enumerate(timed)
    )
    places = {_place(one): one for one in captures}
    return Captures(moments, digits, places)


class Rooms:
    """The collections of a library, opened as often as they are asked for at a time. Used by several threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._idle: dict[str, list[Opened]] = {}
        self._files: dict[str, tuple[Path, ...]] = {}

    @contextmanager
    def opened(self, name: str) -> Iterator[Opened]:
        """A collection, for one request.

        Raises:
            NotHeldError: it is not shown here.
            PreserveError: it cannot be opened.
        """
        shown = self._library.settings.collections
        if not is_collection_name(name) or (shown and name not in shown):
            raise NotHeldError(f"no collection is called {name} here")
        one = self._taken(name)
        is_good = False
        try:
            one.reader.catalogue.limit_time(QUERY_S)
            yield one
            one.reader.log.require_whole()
            one.reader.catalogue.require_still()
            is_good = True
        except NotHeldError:
            is_good = True
            raise
        finally:
            self._give_back(name, one, is_good=is_good)

    def _taken(self, name: str) -> Opened:
        stamp = self._stamp(name)
        while True:
            with self._lock:
                idle = self._idle.get(name)
                one = idle.pop() if idle else None
            if one is None:
                return self._open(name, stamp)
            if one.stamp == stamp and time.monotonic() - one.since < _OLDEST_S:
                one.reader.catalogue.begin_snapshot()
                return one
            one.reader.close()

    def _stamp(self, name: str) -> Stamp:
        """How the files look that what was proved depends on."""
        files = self._files.get(name)
        if files is None:
            paths = CollectionPaths(self._library.settings.archives, name)
            log = paths.catalogue.with_name(paths.catalogue.name + "-wal")
            files = (paths.catalogue, log, paths.checkpoint, paths.pending)
            if paths.folder.is_dir():
                self._files[name] = files
        return tuple(look_at(one) for one in files)

    def _open(self, name: str, stamp: Stamp) -> Opened:
        settings = self._library.settings
        try:
            paths = open_archive(settings.archives, name)
            reader = CollectionReader(paths, {}, trusted=settings.trusted, as_it_is=True)
        except NotHeldError as error:
            raise NotHeldError(f"no collection is called {name} here") from error
        except (PreserveError, sqlite3.DatabaseError, OSError) as error:
            raise trouble_of(name, error) from error
        return Opened(reader, stamp, time.monotonic())

    def _give_back(self, name: str, one: Opened, *, is_good: bool) -> None:
        if is_good:
            one.reader.catalogue.end_snapshot()
            with self._lock:
                idle = self._idle.setdefault(name, [])
                if len(idle) < _MOST_IDLE:
                    idle.append(one)
                    return
        one.reader.close()
