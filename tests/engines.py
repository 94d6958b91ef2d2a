"""Engines for tests: tasks are run in this process, and counted."""

from collections.abc import Callable, Iterator

from preserve.cluster.engine import NextTask, Outcome
from preserve.cluster.results import Result
from preserve.cluster.task import FileTask, run_task


class InlineEngine:
    """Runs tasks one by one, ``most`` at the most; then it is stopped, as by Ctrl-C. ``names``: of the files read."""

    def __init__(self, *, most: int | None = None, run: Callable[[FileTask], Result | None] | None = None) -> None:
        self.names: list[str] = []
        self._most = most
        self._run = run or (lambda task: run_task(task, 0))

    def work(self, next_task: NextTask) -> Iterator[Outcome]:
        """See `Engine`."""
        while (task := next_task()) is not None:
            if len(self.names) == self._most:
                raise KeyboardInterrupt
            self.names.append(task.name)
            yield Outcome(task, self._run(task))

    def close(self) -> None:
        """See `Engine`."""


def whole_outcome(outcome: Outcome) -> Outcome:
    """The same, with its pieces put together."""
    data = outcome.data
    return outcome._replace(data=b"".join(data)) if isinstance(data, Iterator) else outcome
