"""Tasks in processes of this machine. Each has one task: what ends a process costs that task and no other.

Tested by ``tests/unit/cluster/test_processes.py``.
"""

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from preserve.cluster.engine import NextTask, Outcome
from preserve.cluster.results import Result
from preserve.cluster.task import FileTask, run_task
from preserve.limits import MIB
from preserve.regular import open_regular
from preserve.replay.worker_process import begin_helper

_TRIES: Final = 3
"""How often a task is tried whose process ends: something else may have ended it."""
Run = Callable[[FileTask], Result]
"""What a task does: its result."""
_Busy = dict[Future[str], tuple[FileTask, int]]


class ProcessEngine:
    """A result comes as a file: through a pipe, this process would hold all of it."""

    def __init__(self, count: int, run: Run = run_task) -> None:
        self._run = run
        self._folder = tempfile.TemporaryDirectory(prefix="preserve-")
        self._idle = [_process() for _number in range(count)]
        self._of: dict[Future[str], ProcessPoolExecutor] = {}

    def work(self, next_task: NextTask) -> Iterator[Outcome]:
        """See `Engine`."""
        again: deque[tuple[FileTask, int]] = deque()
        busy: _Busy = {}
        while self._fill(next_task, again, busy):
            for future in wait(busy, return_when=FIRST_COMPLETED).done:
                task, number = busy.pop(future)
                process = self._of.pop(future)
                error = future.exception()
                self._idle.append(_process() if isinstance(error, BrokenProcessPool) else process)
                if error is None:
                    yield Outcome(task, _pieces(Path(future.result())))
                elif not isinstance(error, BrokenProcessPool):
                    yield Outcome(task, None, f"the task failed: {type(error).__name__}")
                elif number < _TRIES:
                    again.append((task, number + 1))
                else:
                    yield Outcome(task, None, f"the process that read it was killed, {_TRIES} times")

    def _fill(self, next_task: NextTask, again: deque[tuple[FileTask, int]], busy: _Busy) -> bool:
        """Gives each idle process a task; False where there is none left."""
        while self._idle:
            if again:
                task, number = again.popleft()
            elif (following := next_task()) is not None:
                task, number = following, 1
            else:
                break
            process = self._idle.pop()
            future = process.submit(_run_to_file, self._run, self._folder.name, task)
            self._of[future] = process
            busy[future] = task, number
        return bool(busy)

    def close(self) -> None:
        """Ends the processes; what they do is not waited for."""
        for process in (*self._idle, *self._of.values()):
            held = list((process._processes or {}).values())  # noqa: SLF001 - of this version there is no other way
            process.shutdown(wait=False, cancel_futures=True)
            for child in held:
                child.terminate()
                # Or it could write behind what is removed here.
                child.join()
        self._folder.cleanup()


def _run_to_file(run: Run, folder: str, task: FileTask) -> str:
    """Runs a task; the name of the file with its result."""
    result = run(task)
    descriptor, name = tempfile.mkstemp(dir=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(result)
    return name


def _pieces(path: Path) -> Iterator[bytes]:
    """What is in a file, which is removed behind it."""
    try:
        with open_regular(path) as file:
            while piece := file.read(MIB):
                yield piece
    finally:
        path.unlink(missing_ok=True)


def _process() -> ProcessPoolExecutor:
    # Spawned: this process has threads by then, and with a fork their locks would be copied.
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=begin_helper)
