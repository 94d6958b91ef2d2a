"""A line on a terminal that says how far a long command is; nothing where there is no terminal."""

import sys
from typing import TYPE_CHECKING, Self

from preserve.cli.shared.common import console
from preserve.text import terminal_line

if TYPE_CHECKING:
    from rich.progress import Progress


class ProgressLine:
    """Its thread starts with the first word: processes are forked before. Under cron the library is not loaded."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._bar: Progress | None = None
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, subject: str, done: int) -> None:
        """Says how many are done, and of what."""
        if not self._is_shown:
            return
        if self._bar is None:
            self._bar = _begun()
        self._bar.update(self._bar.task_ids[0], description=f"{terminal_line(subject, 60)}: {done:,} {self._unit}")


def _begun() -> "Progress":
    from rich.progress import Progress, SpinnerColumn, TextColumn  # noqa: PLC0415 - most commands show no progress

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False))
    bar = Progress(*columns, console=console(), transient=True)
    bar.start()
    bar.add_task("")
    return bar
