"""How far a long command is: a bar on a terminal, JSON Lines where that is asked for, and nothing elsewhere.

Tested by ``tests/unit/cli/test_manner.py``.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Self

from msgspec import Struct

from preserve.cli.shared.common import console, human_bytes
from preserve.cli.shared.manner import manner
from preserve.text import escaped_json, terminal_line

if TYPE_CHECKING:
    from rich.progress import Progress

_BAR_EVERY_S: Final = 0.1
_LINE_EVERY_S: Final = 1.0
_MOMENTS: Final = 2.0
"""Seconds before which a rate says nothing."""


class ProgressStep(Struct, frozen=True, kw_only=True):
    """How far it is: so many ``done`` of ``total`` things called ``unit``, and so many bytes. None: not known."""

    subject: str
    unit: str
    done: int
    total: int | None = None
    done_bytes: int | None = None
    total_bytes: int | None = None

    @property
    def part(self) -> float | None:
        """What part is done, 0 to 1: of the bytes where their number is known, else of the things."""
        for done, total in ((self.done_bytes, self.total_bytes), (self.done, self.total)):
            if done is not None and total:
                return min(done / total, 1.0)
        return None

    def words(self, elapsed_s: float) -> str:
        """``1,200 of 7,391 records, 812/s, 12.3 MiB, 2.1 MiB/s, 0:07 left``: what is known of it."""
        told = [f"{self.done:,}{f' of {self.total:,}' if self.total else ''} {self.unit}"]
        is_rated = elapsed_s >= _MOMENTS
        if is_rated:
            told.append(f"{self.done / elapsed_s:,.0f}/s")
        if self.done_bytes:
            told.append(
                human_bytes(self.done_bytes) + (f" of {human_bytes(self.total_bytes)}" if self.total_bytes else "")
            )
            if is_rated:
                told.append(f"{human_bytes(int(self.done_bytes / elapsed_s))}/s")
        part = self.part
        if part is not None and is_rated and 0 < part < 1:
            told.append(f"{_clock(elapsed_s / part - elapsed_s)} left")
        return ", ".join(told)

    def line(self) -> str:
        """The same for a program, as one line of JSON."""
        told = {
            "schema": "preserve/progress/1",
            "subject": self.subject,
            "unit": self.unit,
            "done": self.done,
            "total": self.total,
            "bytes": self.done_bytes,
            "total_bytes": self.total_bytes,
        }
        return escaped_json(json.dumps(told, ensure_ascii=False)) + "\n"


class ProgressLine:
    """Told again and again how far it is; shows that a few times a second.

    Its thread starts with the first word: processes are forked before. Without a bar, its library is not loaded.
    """

    def __init__(
        self,
        unit: str,
        *,
        total: int | None = None,
        total_bytes: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unit, self._total, self._total_bytes = unit, total, total_bytes
        self._clock = clock
        self._began = clock()
        self._shown_at: float | None = None
        self._last: ProgressStep | None = None
        self._bar: Progress | None = None
        chosen = manner()
        self._is_json = chosen.progress == "json"
        self._is_bar = chosen.progress == "auto" and not chosen.quiet and sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self._is_json and self._last is not None:
            sys.stderr.write(self._last.line())

    def __call__(self, subject: str, done: int, *, done_bytes: int | None = None, total: int | None = None) -> None:
        """Tells how many are done, and of what. ``total``: of how many, where that is known only now."""
        if not (self._is_bar or self._is_json):
            return
        self._last = step = ProgressStep(
            subject=subject,
            unit=self._unit,
            done=done,
            total=self._total if total is None else total,
            done_bytes=done_bytes,
            total_bytes=self._total_bytes,
        )
        now = self._clock()
        every = _BAR_EVERY_S if self._is_bar else _LINE_EVERY_S
        if self._shown_at is not None and now - self._shown_at < every:
            return
        self._shown_at = now
        if self._is_json:
            self._last = None
            sys.stderr.write(step.line())
        else:
            self._show(step, now - self._began)

    def _show(self, step: ProgressStep, elapsed_s: float) -> None:
        if self._bar is None:
            self._bar = _begun()
        part = step.part
        self._bar.update(
            self._bar.task_ids[0],
            description=terminal_line(step.subject, 40),
            total=None if part is None else 1.0,
            completed=part or 0.0,
            words=step.words(elapsed_s),
        )


def _begun() -> "Progress":
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415 - most commands show no progress

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[words]}", markup=False),
    )
    bar = Progress(*columns, console=console(), transient=True)
    bar.start()
    bar.add_task("", total=None, words="")
    return bar


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
