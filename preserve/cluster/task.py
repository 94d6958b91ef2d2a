"""One task: a file is read to its end, and what was found of it given back. Names and numbers go there, no secret.

What reads object storage has its credentials from the environment of the process that runs the task. That makes no
thread and no process.

Tested by ``tests/unit/cluster/test_task.py``.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from preserve import __version__
from preserve.cluster.results import Result, ResultHead, ResultTooLargeError, written
from preserve.errors import NetworkError, PreserveError
from preserve.integrity.verify.report import CHECK
from preserve.objects.opening import open_store
from preserve.objects.spool import fetch_object, hash_object
from preserve.store.copying import Hashed, hash_file
from preserve.store.layout import IMPORTING_SUFFIX, OPEN_SUFFIX

PROGRAM: Final = f"{__version__}/{CHECK}"
"""By which rules files are read."""
_TRIES: Final = 4
FIRST_PAUSE_S: Final = 1.0


class Work(Protocol):
    """What is found in a file. It is sent to other processes: options, and no secret."""

    @property
    def is_hashed(self) -> bool:
        """Whether its SHA-256 is taken, too."""
        ...

    def rows_in(self, path: Path) -> Iterator[bytes]:
        """What is found, as a `preserve.cluster.rows.RowCodec` writes it. Damage is a value."""
        ...


class FileTask(NamedTuple):
    """What to read. ``store`` empty: ``key`` is the absolute path of a file, which has this size and time of change.

    ``name``: of the task. ``work`` None: only the SHA-256 of the file is taken.
    """

    job: str
    program: str
    store: str
    key: str
    name: str
    work: Work | None
    size: int = 0
    mtime_ns: int = 0


def run_task(task: FileTask, first_pause_s: float = FIRST_PAUSE_S) -> Result:
    """Reads one file: a result (`preserve.cluster.results`). Damage is a value; so is what keeps it from being read."""
    try:
        if task.program != PROGRAM:
            return _unread(task, f"it was to be read by version {PROGRAM.partition('/')[0]}, which is another")
        return _of_store(task, first_pause_s) if task.store else _of_folder(task)
    except ResultTooLargeError:
        return _unread(task, "what was found of it is too much for one task; run it without --on")
    except (PreserveError, OSError) as error:
        return _unread(task, str(error))


def _unread(task: FileTask, reason: str) -> Result:
    return written(ResultHead(task.job, task.name, reason=reason))


def _of_folder(task: FileTask) -> Result:
    path = Path(task.key)
    try:
        found = path.stat()
    except OSError:
        return _unread(task, f"a worker has no file {path}: all of them must see the archives at the same place")
    is_growing = path.name.endswith((OPEN_SUFFIX, IMPORTING_SUFFIX)) and found.st_size >= task.size
    if not is_growing and (found.st_size, found.st_mtime_ns) != (task.size, task.mtime_ns):
        return _unread(task, f"a worker has another file {path}")
    if task.work is not None and not task.work.is_hashed:
        return written(ResultHead(task.job, task.name, found.st_size), task.work.rows_in(path))
    try:
        hashed = hash_file(path)
    except OSError as error:
        reason = error.strerror or str(error)
        return written(ResultHead(task.job, task.name, reason=reason, is_damage=True), _rows(task, path))
    return _found(task, path, hashed)


def _of_store(task: FileTask, first_pause_s: float) -> Result:
    with tempfile.TemporaryDirectory(prefix="preserve-") as folder:
        path = Path(folder, task.key.rpartition("/")[2])
        hashed = _tried(task, path, first_pause_s)
        if hashed is None:
            return _unread(task, "it was listed, and is not there any more")
        return _found(task, path, hashed)


def _tried(task: FileTask, path: Path, first_pause_s: float) -> Hashed | None:
    for number in range(_TRIES - 1):
        try:
            return _hashed_object(task, path)
        except NetworkError:
            time.sleep(first_pause_s * 2**number)
    return _hashed_object(task, path)


def _hashed_object(task: FileTask, path: Path) -> Hashed | None:
    store = open_store(task.store)
    return hash_object(store, task.key) if task.work is None else fetch_object(store, task.key, path)


def _found(task: FileTask, path: Path, hashed: Hashed) -> Result:
    return written(ResultHead(task.job, task.name, hashed.size, hashed.sha256), _rows(task, path))


def _rows(task: FileTask, path: Path) -> Iterator[bytes]:
    return iter(()) if task.work is None else task.work.rows_in(path)
