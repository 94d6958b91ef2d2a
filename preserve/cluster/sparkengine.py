"""Tasks on a cluster of Spark: one job of one task for each file, so that what fails costs its own file.

``pyspark`` is where Spark is: ``spark-submit`` puts it on the path (`preserve.spark`). It is no dependency.

Tested by ``tests/unit/cluster/test_sparkengine.py`` and ``tests/interop/test_spark.py``.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import IO, Any, Final, cast

from preserve.cluster.engine import RUN_AGAIN, NextTask, Outcome
from preserve.cluster.pieces import PIECE_BYTES, pieces_in, spooled
from preserve.cluster.results import Result
from preserve.cluster.task import PROGRAM, FileTask, run_task
from preserve.errors import EnvironmentFaultError

_AHEAD: Final = 2
"""Tasks a core, so that none waits for this process."""
_MOST: Final = 512
"""Tasks at once, whatever the cluster has: each is a thread here."""
_KILLED: Final = ("Python worker exited unexpectedly", "ExecutorLostFailure")
_TRACEBACK: Final = "Traceback (most recent call last)"
_INSTALL: Final = "Install this version on every machine, for the Python that PYSPARK_PYTHON names."
_BEGIN: Final = "Begin it with spark-submit; `preserve docs cluster` says how."


class SparkEngine:
    """Spark as spark-submit, or its own configuration, says. ``run``: what a task does."""

    def __init__(self, run: Callable[[FileTask], Result] = run_task) -> None:
        self._run = run
        self._context = _context()
        self._threads = ThreadPoolExecutor(_MOST)
        try:
            self._check_workers()
        except BaseException:
            self.close()
            raise

    def _check_workers(self) -> None:
        # Once, and not with every file: what is wrong with one worker is mostly wrong with all.
        try:
            (found,) = self._context.parallelize([PROGRAM], 1).map(program_there).collect()
        except Exception as error:
            self._count_cores()
            reason = _raised(_text(error)) or type(error).__name__
            raise EnvironmentFaultError(
                f"no worker of Spark runs this program: {reason}", next_step=_INSTALL
            ) from error
        if found != PROGRAM:
            raise EnvironmentFaultError("the workers of Spark run another version of this program", next_step=_INSTALL)

    def work(self, next_task: NextTask) -> Iterator[Outcome]:
        """See `Engine`."""
        busy: dict[Future[IO[bytes]], FileTask] = {}
        while True:
            # Asked each time: machines come and go.
            most = min(_MOST, _AHEAD * self._count_cores())
            while len(busy) < most and (task := next_task()) is not None:
                busy[self._threads.submit(self._result, task)] = task
            if not busy:
                return
            for future in wait(busy, return_when=FIRST_COMPLETED).done:
                yield self._outcome(busy.pop(future), future)

    def _count_cores(self) -> int:
        """How many tasks run at a time, at least one.

        Raises:
            EnvironmentFaultError: Spark has ended.
        """
        try:
            return max(1, int(self._context.defaultParallelism))
        except Exception as error:
            raise EnvironmentFaultError("Spark has ended", next_step=RUN_AGAIN) from error

    def _result(self, task: FileTask) -> IO[bytes]:
        # Not `collect`: it would put all of a result into the memory of this process.
        return spooled(self._context.parallelize([task], 1).flatMap(partial(pieces_there, self._run)).toLocalIterator())

    def _outcome(self, task: FileTask, future: "Future[IO[bytes]]") -> Outcome:
        error = future.exception()
        if error is None:
            return Outcome(task, pieces_in(future.result()))
        if isinstance(error, EnvironmentFaultError):
            raise error
        self._count_cores()
        text = _text(error)
        if any(word in text for word in _KILLED):
            return Outcome(task, None, "the worker that read it was killed, as often as Spark tries a task")
        return Outcome(task, None, f"the task failed: {_raised(text) or type(error).__name__}")

    def close(self) -> None:
        """See `Engine`: tasks that nobody waits for are given up."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        # Where Spark has ended there is nothing to end.
        with suppress(Exception):
            self._context.cancelAllJobs()
        with suppress(Exception):
            self._context.stop()


def program_there(_program: str) -> str:
    """By which rules a worker reads files."""
    return PROGRAM


def pieces_there(run: Callable[[FileTask], Result], task: FileTask) -> Iterator[bytes]:
    """In a worker: what came of a task, in pieces."""
    result = run(task)
    return (result[start : start + PIECE_BYTES] for start in range(0, len(result), PIECE_BYTES))


def _context() -> Any:  # noqa: ANN401 - its types are where it is
    try:
        spark = cast("Any", import_module("pyspark"))
    except ImportError as error:
        raise EnvironmentFaultError("there is no Spark here", next_step=_BEGIN) from error
    try:
        return spark.SparkContext.getOrCreate()
    except Exception as error:
        raise EnvironmentFaultError(f"Spark does not begin: {type(error).__name__}", next_step=_BEGIN) from error


def _text(error: BaseException) -> str:
    # Spark's own are asked for over a connection that may be gone.
    with suppress(Exception):
        return str(error)
    return ""


def _raised(text: str) -> str:
    """The line that says what a worker's Python raised; empty where it raised nothing."""
    lines = text.partition(_TRACEBACK)[2].splitlines()[1:]
    return next((line for line in lines if line and not line[0].isspace()), "")
