"""The workers of a run: one in this process, or several in processes of their own, hosts dealt among them.

Each process writes and syncs its own WARC file and hands its statements to the coordinator, the only one that touches
ledger, catalogue and frontier. Processes are forked while the collection's lock is held: as long as one of them lives,
no other run can begin. A child that loses its parent ends at once, and the next run puts its file right.
"""

import multiprocessing
import os
import queue
import signal
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Protocol

from preserve.crawler.coordinator import RunCoordinator
from preserve.crawler.frontier import FrontierTarget
from preserve.crawler.group import Group
from preserve.crawler.pace import HostState
from preserve.crawler.worker import Sink, VisitResult, Worker
from preserve.errors import EnvironmentFaultError, PreserveError

_STEP_S = 0.25
_POLL_S = 0.02
_VISITS_A_MESSAGE = 16

MakeWorker = Callable[[Sink], Worker]


class WorkerPool(Protocol):
    """What the coordinator's loop needs of workers."""

    def assign(self, state: HostState, targets: Sequence[FrontierTarget]) -> None:
        """Gives addresses of one host to a worker; all of a host go to the same one."""
        ...

    def work(self) -> None:
        """Works, or waits for what workers send, for a moment."""
        ...

    def finish(self) -> None:
        """Lets workers end what is under way, commit and seal."""
        ...

    def close(self) -> None:
        """Ends workers as they are. After `finish`, nothing is left to lose."""
        ...


class InProcessPool:
    """A worker in this process."""

    def __init__(self, make_worker: MakeWorker, coordinator: RunCoordinator) -> None:
        self._worker = make_worker(coordinator)

    def assign(self, state: HostState, targets: Sequence[FrontierTarget]) -> None:
        """See `WorkerPool`."""
        self._worker.assign(state, targets)

    def work(self) -> None:
        """See `WorkerPool`."""
        if not self._worker.step(_STEP_S):
            # Nothing is left with the worker: what it holds back is all that can bring more.
            self._worker.commit()

    def finish(self) -> None:
        """See `WorkerPool`."""
        self._worker.finish()

    def close(self) -> None:
        """See `WorkerPool`."""
        self._worker.close()


class ForkPool:
    """Workers in processes of their own. Made before any database is opened: nothing of it may cross a fork."""

    def __init__(self, make_worker: MakeWorker, count: int) -> None:
        context = multiprocessing.get_context("fork")
        self._coordinator: RunCoordinator | None = None
        self._pipes: list[Connection] = []
        self._children: list[multiprocessing.process.BaseProcess] = []
        self._worker_of: dict[str, int] = {}
        self._hosts = [0] * count
        self._ended = [False] * count
        for number in range(count):
            ours, theirs = context.Pipe()
            child = context.Process(
                target=_serve, args=(make_worker, theirs, [*self._pipes, ours]), name=f"preserve-{number}", daemon=True
            )
            child.start()
            theirs.close()
            self._pipes.append(ours)
            self._children.append(child)

    def serve(self, coordinator: RunCoordinator) -> None:
        """Says who takes what the workers give."""
        self._coordinator = coordinator

    def assign(self, state: HostState, targets: Sequence[FrontierTarget]) -> None:
        """See `WorkerPool`."""
        number = self._worker_of.get(state.host)
        if number is None:
            number = min(range(len(self._pipes)), key=lambda n: self._hosts[n])
            self._worker_of[state.host] = number
            self._hosts[number] += 1
        self._send(number, ("assign", state, tuple(targets)))

    def work(self) -> None:
        """See `WorkerPool`."""
        self._receive(_STEP_S)

    def finish(self) -> None:
        """See `WorkerPool`."""
        for number in range(len(self._pipes)):
            self._send(number, ("finish",))
        while not all(self._ended):
            self._receive(_STEP_S)
        for child in self._children:
            child.join(10)

    def close(self) -> None:
        """See `WorkerPool`."""
        for pipe in self._pipes:
            pipe.close()
        for child in self._children:
            child.join(5)
            if child.is_alive():
                child.kill()
                child.join(5)

    def _send(self, number: int, message: object) -> None:
        try:
            self._pipes[number].send(message)
        except OSError as error:
            self._take_last_words(number)
            raise self._died(number) from error

    def _take_last_words(self, number: int) -> None:
        """Takes what a process sent before it ended: the last of it says why."""
        while True:
            try:
                message = self._pipes[number].recv()
            except (EOFError, OSError):
                return
            self._take(number, message)

    def _receive(self, timeout_s: float) -> None:
        open_pipes = [pipe for number, pipe in enumerate(self._pipes) if not self._ended[number]]
        for ready in wait(open_pipes, timeout_s):
            number = next(n for n, pipe in enumerate(self._pipes) if pipe is ready)
            try:
                message = self._pipes[number].recv()
            except (EOFError, OSError) as error:
                raise self._died(number) from error
            self._take(number, message)

    def _take(self, number: int, message: object) -> None:
        if self._coordinator is None:
            raise RuntimeError("no coordinator")
        if isinstance(message, Group):
            self._coordinator.committed(message)
        elif isinstance(message, list):
            for visited in message:
                self._coordinator.visited(visited)
        elif isinstance(message, _Fault):
            raise RuntimeError(  # noqa: TRY004 - a message, not an argument
                f"in capture process {number + 1}:\n{message.trace}"
            )
        elif isinstance(message, BaseException):
            raise message
        else:
            self._ended[number] = True

    def _died(self, number: int) -> EnvironmentFaultError:
        self._children[number].join(1)
        return EnvironmentFaultError(
            f"capture process {number + 1} of {len(self._pipes)} died (status {self._children[number].exitcode})",
            next_step="Run it again: it goes on, and the file that was open is put right first.",
        )


@dataclass(frozen=True, slots=True)
class _Fault:
    """What went wrong in a process, as the interpreter tells it."""

    trace: str


class _Pipe:
    """The `Sink` of a worker in a process of its own. Visits are sent a few at a time, groups at once."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._visits: list[VisitResult] = []

    def visited(self, visited: VisitResult) -> None:
        self._visits.append(visited)
        if len(self._visits) >= _VISITS_A_MESSAGE:
            self.flush()

    def committed(self, group: Group) -> None:
        self.flush()
        self._pipe.send(group)

    def flush(self) -> None:
        if self._visits:
            self._pipe.send(self._visits)
            self._visits = []


def _serve(make_worker: MakeWorker, pipe: Connection, of_others: Sequence[Connection]) -> None:
    """The life of a child: it works until it is told to finish, or its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for other in of_others:
        # Copies of the parent's ends: with them open, the parent's death would not be noticed.
        other.close()
    status = 1
    try:
        _work(make_worker, pipe)
        status = 0
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
    finally:
        # Nothing of the parent's is run down here: no buffers, no handlers.
        os._exit(status)


def _work(make_worker: MakeWorker, pipe: Connection) -> None:
    sink = _Pipe(pipe)
    worker = make_worker(sink)
    try:
        _loop(worker, sink, pipe)
    except PreserveError as error:
        pipe.send(error)
    except OSError as error:
        if isinstance(error, BrokenPipeError | ConnectionResetError):
            raise
        pipe.send(OSError(error.errno, error.strerror, error.filename))
    except Exception:  # noqa: BLE001 - the parent raises it
        # A fault of the program: told as it would be told in one process.
        pipe.send(_Fault(traceback.format_exc()))
    finally:
        worker.close()


def _loop(worker: Worker, sink: _Pipe, pipe: Connection) -> None:
    inbox: queue.SimpleQueue[tuple[object, ...]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, inbox), daemon=True).start()
    idle = False
    while True:
        while (message := _next(inbox, 1.0 if idle else 0.0)) is not None:
            idle = False
            if message[0] == "finish":
                worker.finish()
                sink.flush()
                pipe.send("ended")
                return
            if message[0] == "gone":
                raise EOFError
            worker.assign(*message[1:])  # type: ignore[arg-type]
        if not worker.step(_POLL_S):
            worker.commit()
            sink.flush()
            idle = True


def _listen(pipe: Connection, inbox: "queue.SimpleQueue[tuple[object, ...]]") -> None:
    """Takes messages as they come: a coordinator that waited for a worker that waits for it would wait for ever."""
    try:
        while True:
            inbox.put(pipe.recv())
    except (EOFError, OSError):
        inbox.put(("gone",))


def _next(inbox: "queue.SimpleQueue[tuple[object, ...]]", wait_s: float) -> tuple[object, ...] | None:
    try:
        return inbox.get(timeout=wait_s) if wait_s else inbox.get_nowait()
    except queue.Empty:
        return None
