"""What runs tasks: processes of this machine, or a cluster."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Protocol

from preserve.cluster.results import ResultData
from preserve.cluster.task import FileTask

NextTask = Callable[[], FileTask | None]
RUN_AGAIN: Final = "Run it again: files that were read are not read again."
"""What to do next where an engine is gone."""


class Outcome(NamedTuple):
    """What came of a task. ``data`` None: nothing; ``reason`` says why.

    Pieces are to be taken before the next outcome is asked for.
    """

    task: FileTask
    data: ResultData | None
    reason: str = ""


class Engine(Protocol):
    """Runs tasks."""

    def work(self, next_task: NextTask) -> Iterator[Outcome]:
        """Runs what ``next_task`` gives, a few at once, and gives each outcome as it comes; ends with the last of them.

        Raises:
            EnvironmentFaultError: what runs tasks is gone.
        """
        ...

    def close(self) -> None:
        """Ends what runs here."""
        ...
