"""What a scheduler at the command line reads again and again, and how it says what it met.

Tested by ``tests/scenarios/test_schedule.py``.
"""

import sqlite3
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path

from preserve.cli.shared.common import Place, say
from preserve.config.alarms import AlarmsConfig
from preserve.config.folder import list_collections, list_layouts, load_alarms, load_collection
from preserve.errors import ConfigError, LockedError, PreserveError
from preserve.schedule.job_table import scheduled_names
from preserve.schedule.jobs import Job, jobs_of
from preserve.schedule.machine import Done
from preserve.store.layout import job_folder


class Jobs:
    """The jobs of the collections named; of all, where none is named. A file that has not changed is read once."""

    def __init__(self, place: Place, names: Sequence[str]) -> None:
        self._folder = place.config_dir
        self._archives = place.archives
        self._names = tuple(names)
        self._known: dict[str, tuple[object, list[Job] | PreserveError]] = {}

    def read(self) -> tuple[list[Job], dict[str, PreserveError]]:
        """The jobs, and by collection what is wrong with its file: one with mistakes keeps no other back.

        Raises:
            ConfigError: no schedule is there.
        """
        found: list[Job] = []
        mistakes: dict[str, PreserveError] = {}
        layouts = list_layouts(self._folder)
        there = list_collections(self._folder)
        for name in [] if self._names else scheduled_names(self._archives, without=there):
            mistakes[name] = _gone(self._archives, name)
        for name in self._names or there:
            mark = (layouts, _mark(self._folder / "collections" / f"{name}.yaml"))
            known = self._known.get(name)
            if known is None or known[0] != mark:
                known = self._known[name] = (mark, self._read(name))
            if isinstance(known[1], PreserveError):
                mistakes[name] = known[1]
            else:
                found += known[1]
        if not found and not mistakes:
            raise ConfigError(
                ("no collection has a schedule",), next_step="Write `schedule:` into a collection's file."
            )
        return found, mistakes

    def _read(self, name: str) -> list[Job] | PreserveError:
        try:
            jobs = jobs_of(load_collection(self._folder, name))
        except PreserveError as error:
            return error
        if self._names and not jobs:
            return ConfigError((f"{name} has no schedule",), next_step="Write `schedule:` into its file.")
        return jobs


def _gone(archives: Path, name: str) -> PreserveError:
    folder = job_folder(archives, name)
    return ConfigError(
        (f"{name} was scheduled, and collections/{name}.yaml is gone: nothing of it is captured",),
        next_step=f"Put it back. If it is meant, remove {folder}, then run `preserve alarms forget {name}`.",
    )


class Alarms:
    """``alarms.yaml`` as it is now. With mistakes, what it said before stays in force until it is mended; threads of
    several jobs ask for it.
    """

    def __init__(self, place: Place) -> None:
        self._folder = place.config_dir
        self._lock = threading.Lock()
        self._mark: object = ()
        self._config: AlarmsConfig | None = None
        self.mistake: ConfigError | None = None

    def read(self) -> AlarmsConfig | None:
        """The configuration, without channels where there is none; None where it has had mistakes from the start."""
        mark = _mark(self._folder / "alarms.yaml")
        with self._lock:
            if mark != self._mark:
                try:
                    self._config, self.mistake = load_alarms(self._folder), None
                except ConfigError as error:
                    self.mistake = error
                self._mark = mark
            return self._config


class Once:
    """Says what is new: a trouble that stays is told once, not every twenty seconds."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def tell(self, about: str, text: str) -> None:
        """Says ``text``, if it is not what was said of ``about`` last. Empty: the trouble is over."""
        if text and self._said.get(about) != text:
            say(f"preserve: {text}")
        self._said[about] = text


def told_of(done: Done) -> str:
    """What kept a job from its look, in words; nothing where another scheduler does it, which is no fault."""
    error = done.error
    if error is None or isinstance(error, LockedError):
        return ""
    if isinstance(error, PreserveError):
        return f"schedule of {done.job.title}: {error}" + (f"\n  next: {error.next_step}" if error.next_step else "")
    if isinstance(error, sqlite3.DatabaseError | OSError):
        step = "see whether the disk is full or read-only"
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            step = f"move .schedule/{done.job.collection}/{done.job.kind}.sqlite away: its schedule begins anew"
        return f"schedule of {done.job.title}: {error}\n  next: {step}"
    trace = "".join(traceback.format_exception(error))
    return f"schedule of {done.job.title}: a fault of the program, please report it:\n{trace}"


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file does."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
