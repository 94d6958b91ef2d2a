"""Files that are read by an engine: which are asked for, what came of each.

Tested by ``tests/scenarios/test_verify_on.py`` and ``tests/scenarios/test_read_on.py``.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from preserve.cluster.engine import Engine, Outcome
from preserve.cluster.results import ResultHead, Results
from preserve.cluster.rows import RECORDS, RowCodec
from preserve.cluster.task import FileTask
from preserve.cluster.works import RecordWork
from preserve.integrity.record import RecordQuery
from preserve.integrity.scan import ScannedRecord
from preserve.integrity.verify.elsewhere import FoundFile

T = TypeVar("T")
MakeTask = Callable[[Path], FileTask]
NameOf = Callable[[Path], str]
"""The name of a file's task: no other of the job has it."""
TagOf = Callable[[Path], str]
"""What changes with a file: a result of another tag is not of this one."""


class EngineFiles:
    """What an engine finds of files. Memory: a name and a few numbers a file; results go to disk piece by piece."""

    def __init__(self, engine: Engine, results: Results, name_of: NameOf, tag_of: TagOf) -> None:
        self._engine = engine
        self._results = results
        self._name_of = name_of
        self._tag_of = tag_of
        self._make_task: MakeTask | None = None
        self._queue: deque[Path] = deque()
        self._asked: dict[str, str] = {}
        """Names of tasks under way, with the tags of their files."""
        self._work: Iterator[Outcome] = iter(())
        self._found: dict[str, tuple[str, ResultHead]] = {}
        """By name, the tag of the file that was read, and what was found."""

    def expect(self, paths: Sequence[Path], make_task: MakeTask) -> None:
        """Tells of all files that will be asked for, and how; none is read before the first is."""
        self._queue = deque(paths)
        self._make_task = make_task
        self._found = {}

    def found(self, path: Path) -> ResultHead:
        """What was found of a file; waits for it."""
        name = self._name_of(path)
        while (known := self._found.get(name)) is None and not self._has(path):
            if name not in self._asked and (not self._queue or self._queue[0] != path):
                self._queue.appendleft(path)
            outcome = next(self._work, None)
            if outcome is None:
                self._work = self._engine.work(self._next)
                continue
            self._take(outcome)
        return (known or self._found[name])[1]

    def rows(self, path: Path, codec: RowCodec[T]) -> Iterator[T]:
        """The rows of a file of which something was found."""
        name = self._name_of(path)
        return self._results.rows(name, self._found[name][0], codec)

    @property
    def unread(self) -> int:
        """Number of files of which nothing is known."""
        return sum(not head.is_final for _tag, head in self._found.values())

    def _has(self, path: Path) -> bool:
        """Whether there is a result of a file: of this run, or of one that was stopped."""
        name, tag = self._name_of(path), self._tag_of(path)
        head = None if name in self._asked else self._results.head(name, tag)
        if head is not None:
            self._found[name] = tag, head
        return head is not None

    def _next(self) -> FileTask | None:
        while self._queue and self._make_task is not None:
            path = self._queue.popleft()
            name = self._name_of(path)
            if name in self._found or name in self._asked or self._has(path):
                continue
            self._asked[name] = self._tag_of(path)
            return self._make_task(path)
        return None

    def _take(self, outcome: Outcome) -> None:
        name = outcome.task.name
        tag = self._asked.pop(name)
        head = None if outcome.data is None else self._results.add(name, tag, outcome.data)
        if head is None:
            reason = outcome.reason or "what a worker gave back of it is no result"
            head = ResultHead(self._results.job, name, reason=reason)
        self._found[name] = tag, head


class EngineReadings:
    """See `preserve.integrity.verify.elsewhere.FileReadings`. ``make_task`` of a file whose SHA-256 alone is wanted."""

    def __init__(self, files: EngineFiles, make_task: MakeTask) -> None:
        self._files = files
        self._make_task = make_task

    def expect(self, paths: Sequence[Path], wanted: RecordQuery | None) -> None:
        """See `FileReadings`."""
        work = None if wanted is None else RecordWork(wanted)
        self._files.expect(paths, lambda path: self._make_task(path)._replace(work=work))

    def found(self, path: Path) -> FoundFile:
        """See `FileReadings`."""
        return self._files.found(path).found

    def rows(self, path: Path) -> Iterator[ScannedRecord]:
        """See `FileReadings`."""
        return self._files.rows(path, RECORDS)
