"""A line on a terminal that says how far a long command is; nothing where there is no terminal."""

from typing import Self

from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn

from preserve.cli.shared.common import console
from preserve.text import terminal_line


class ProgressLine:
    """Its thread starts with the first word: processes are forked before."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        terminal = console()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            console=terminal,
            transient=True,
            disable=not terminal.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._bar.stop()

    def __call__(self, subject: str, done: int) -> None:
        """Says how many are done, and of what."""
        if self._task is None:
            self._bar.start()
            self._task = self._bar.add_task("")
        self._bar.update(self._task, description=f"{terminal_line(subject, 60)}: {done:,} {self._unit}")
