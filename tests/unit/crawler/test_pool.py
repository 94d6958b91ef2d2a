"""Workers in processes of their own: what they send arrives, and why one ended is told."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from preserve.crawler.frontier import FoundAddress, FrontierTarget
from preserve.crawler.group import Group
from preserve.crawler.pace import HostState
from preserve.crawler.pool import ForkPool
from preserve.crawler.worker import VisitResult
from preserve.errors import ArchiveError, EnvironmentFaultError

STATE = HostState(host="x.org")
TARGETS = [FrontierTarget(n, f"http://x.org/{n}" + "x" * 3000, "x.org", None, 0, "seed", 0) for n in range(64)]


class _Worker:
    """Stands in for a worker: answers every assignment with as much, or does what a test wants."""

    def __init__(self, sink: Any, fault: Callable[[], None]) -> None:
        self.sink = sink
        self.fault = fault

    def assign(self, _state: HostState, targets: list[FrontierTarget]) -> None:
        self.fault()
        found = [FoundAddress(t.url, t.url, t.host, None, 0, "link") for t in targets]
        self.sink.visited(VisitResult(found=found))
        self.sink.committed(Group(entries=[b"x" * 100_000]))

    def step(self, _most_s: float) -> bool:
        return False

    def commit(self) -> None:
        return

    def finish(self) -> None:
        return

    def close(self) -> None:
        return


class _Coordinator:
    def __init__(self) -> None:
        self.found = 0
        self.bytes = 0

    def visited(self, visited: VisitResult) -> None:
        self.found += len(visited.found)

    def committed(self, group: Group) -> None:
        self.bytes += sum(map(len, group.entries))


def _crew(fault: Callable[[], None], coordinator: _Coordinator) -> ForkPool:
    crew = ForkPool(lambda sink: _Worker(sink, fault), 2)  # type: ignore[arg-type,return-value]
    crew.serve(coordinator)  # type: ignore[arg-type]
    return crew


def test_neither_side_waits_for_the_other_for_ever() -> None:
    coordinator = _Coordinator()
    crew = _crew(lambda: None, coordinator)
    with closing(crew):
        for number in range(100):
            crew.assign(HostState(host=f"h{number}"), TARGETS)
        crew.finish()
    assert (coordinator.found, coordinator.bytes) == (100 * 64, 100 * 100_000)


def _work(crew: ForkPool) -> None:
    for _time in range(100):
        crew.assign(STATE, TARGETS)
        crew.work()


def _archive_error() -> None:
    raise ArchiveError("a file is not what it should be", next_step="Look at it.")


def _disk_full() -> None:
    raise OSError(28, "No space left on device", "x.warc.gz")


def _fault() -> None:
    raise KeyError("odd")


def _exit() -> None:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        (_archive_error, ArchiveError, "a file is not what it should be"),
        (_disk_full, OSError, "No space left on device"),
        (_fault, RuntimeError, "KeyError: 'odd'"),
        (_exit, EnvironmentFaultError, "died"),
    ],
)
def test_why_a_process_ended_is_told(fault: Callable[[], None], error: type[Exception], said: str) -> None:
    crew = _crew(fault, _Coordinator())
    with closing(crew), pytest.raises(error, match=said):
        _work(crew)
