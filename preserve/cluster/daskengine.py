"""Tasks on a cluster of Dask: one scheduler, and workers with one thread each, that have this program installed.

Who reaches a scheduler can run anything on its workers: it listens on this machine only, or speaks TLS
(``docs/cluster.md``). No task is sent with a credential.

Tested by ``tests/interop/test_dask.py``.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple

from preserve.cluster.engine import RUN_AGAIN, NextTask, Outcome
from preserve.cluster.pieces import fetched, piece_of, pieces_in
from preserve.cluster.task import FileTask, run_task
from preserve.errors import EnvironmentFaultError, install_step

_CONNECT_S: Final = 30
_AHEAD: Final = 2
"""Tasks a worker, so that none waits for this process."""
_ATTEMPTS: Final = 4
"""Of one task. A worker that is killed takes results with it which nobody has fetched yet."""
_LOOK_S: Final = 20
"""Silence after which the scheduler is asked whether there are workers; twice without one is the end."""
_LOGGERS: Final = ("distributed", "distributed.client", "tornado.application")
"""Those with a level of their own."""
_CERTIFICATES: Final = "Name them in the environment; `preserve docs cluster` lists its variables."


class _Busy(NamedTuple):
    """A task under way; the scheduler forgets a task whose future nobody holds."""

    task: FileTask
    attempt: int
    future: Any


def dask_part(name: str) -> Any:  # noqa: ANN401 - some of it has no annotations
    """A package of Dask, which tells nothing of its own from here on.

    Raises:
        EnvironmentFaultError: it is not installed.
    """
    try:
        part = import_module(name)
    except ImportError as error:
        raise EnvironmentFaultError(
            f"a cluster needs {name}, which is not installed", next_step=install_step("cluster")
        ) from error
    # What it tells of lost workers and schedulers is told here, by file.
    for logger in _LOGGERS:
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    return part


class DaskEngine:
    """``address``: as Dask has it, ``tcp://HOST:PORT`` or ``tls://HOST:PORT``; certificates as Dask is configured.

    ``security``: certificates in place of those. ``expected``: workers that come when they
    come, and go; that there is none is then no fault.
    """

    def __init__(self, address: str, *, security: Any = None, expected: int = 0) -> None:  # noqa: ANN401 - as above
        self._dask = dask_part("distributed")
        self._expected = expected
        if security is None:
            self._check_certificates(address)
        try:
            self._client = self._dask.Client(address, security=security, timeout=_CONNECT_S, set_as_default=False)
            self._client.wait_for_workers(1, timeout=None if expected else _CONNECT_S)
        except (OSError, TimeoutError, ValueError, TypeError) as error:
            raise EnvironmentFaultError(
                f"no scheduler with a worker at {address}", next_step="Start both, and look at the address."
            ) from error

    def _check_certificates(self, address: str) -> None:
        # Without any, its client fails in a way that it takes a minute to clean up after.
        try:
            has_some = self._dask.Security().get_connection_args("client").get("ssl_context") is not None
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise EnvironmentFaultError(f"certificates for a cluster: {error}", next_step=_CERTIFICATES) from error
        if address.startswith("tls:") and not has_some:
            raise EnvironmentFaultError("there are no certificates for a cluster", next_step=_CERTIFICATES)

    def work(self, next_task: NextTask) -> Iterator[Outcome]:
        """See `Engine`."""
        with self._asking():
            most = _AHEAD * max(1, self._expected, sum(self._client.nthreads().values()))
        done: SimpleQueue[Any] = SimpleQueue()
        busy: dict[str, _Busy] = {}

        def submit(task: FileTask, attempt: int) -> None:
            # No key of its own content: a task that failed once would be known as failed.
            with self._asking():
                future = self._client.submit(run_task, task, pure=False, retries=0)
            busy[future.key] = _Busy(task, attempt, future)
            future.add_done_callback(done.put)

        while True:
            while len(busy) < most and (task := next_task()) is not None:
                submit(task, 1)
            if not busy:
                return
            future = self._next(done)
            was = busy.pop(future.key)
            outcome = self._outcome(was.task, future)
            if outcome is None and was.attempt < _ATTEMPTS:
                submit(was.task, was.attempt + 1)
            else:
                yield outcome or Outcome(was.task, None, "what was read was lost with its worker, again and again")
            del future, was

    def _next(self, done: "SimpleQueue[Any]") -> Any:  # noqa: ANN401 - as above
        """The next future that is at an end.

        Raises:
            EnvironmentFaultError: there is no worker left to bring one to an end.
        """
        empty = 0
        while True:
            try:
                return done.get(timeout=_LOOK_S)
            except Empty:
                self._check_scheduler()
                with self._asking():
                    empty = 0 if self._expected or self._client.nthreads() else empty + 1
            if empty > 1:
                raise EnvironmentFaultError("no worker is left", next_step=RUN_AGAIN)

    def _check_scheduler(self) -> None:
        if self._client.status != "running":
            raise _gone()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except (OSError, self._dask.client.ClosedClientError) as error:
            raise _gone() from error

    def _outcome(self, task: FileTask, future: Any) -> Outcome | None:  # noqa: ANN401 - as above
        """What came of a task; None: its result was lost, with the worker that held it."""
        try:
            if (error := future.exception()) is None:
                file = fetched(lambda number: self._piece(future, number))
                return None if file is None else Outcome(task, pieces_in(file))
        except (CancelledError, OSError, KeyError, self._dask.client.ClosedClientError):
            self._check_scheduler()
            return None
        if isinstance(error, self._dask.KilledWorker):
            return Outcome(task, None, "the worker that read it was killed, again and again")
        return Outcome(task, None, f"the task failed: {type(error).__name__}")

    def _piece(self, future: Any, number: int) -> bytes:  # noqa: ANN401 - as above
        """A piece of a result, from a worker that has it, whatever that is doing now.

        Raises:
            KeyError, OSError: none has it any more.
        """
        (holder, *_others) = self._client.who_has([future])[future.key] or ("",)
        if not holder:
            raise KeyError(future.key)
        (piece,) = self._client.run(held_piece, future.key, number, workers=[holder]).values()
        return piece if isinstance(piece, bytes) else b""

    def close(self) -> None:
        """See `Engine`: tasks that nobody waits for are given up."""
        self._client.close()


def held_piece(key: str, number: int, dask_worker: Any) -> bytes:  # noqa: ANN401 - as above
    """In a worker: a piece of a result that it has."""
    return piece_of(dask_worker.data[key], number)


def _gone() -> EnvironmentFaultError:
    return EnvironmentFaultError("the scheduler is gone", next_step=RUN_AGAIN)
