"""What ``--on`` names, opened: ``processes:N``, ``dask://HOST:PORT``, ``dask+tls://HOST:PORT``, ``slurm:N``, ``spark``.

Tested by ``tests/scenarios/test_verify_on.py`` and ``tests/scenarios/test_read_on.py``.
"""

import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from preserve.cables.page.layouts import Layout
from preserve.cluster.engine import Engine
from preserve.cluster.processes import ProcessEngine
from preserve.cluster.reading import EngineFiles, EngineReadings
from preserve.cluster.results import Results
from preserve.cluster.rows import RowCodec
from preserve.cluster.task import PROGRAM, FileTask, Work
from preserve.config.place import user_folder
from preserve.errors import UsageError
from preserve.expressions import lazy_re
from preserve.integrity.verify.collection import VerifyOptions
from preserve.limits import DEFAULT_LIMITS
from preserve.regular import FileIdentity, open_regular
from preserve.store.layout import CollectionPaths
from preserve.text import as_text

if TYPE_CHECKING:
    from preserve.cluster.parts import EngineParts
    from preserve.cluster.texts import EngineTexts
    from preserve.integrity.store_cache import SealedObject
    from preserve.replay.stated_texts import TextSource

_PROCESSES = lazy_re(r"processes(?::([1-9][0-9]?))?\Z", re.ASCII)
_DASK = lazy_re(r"dask(\+tls)?://([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):([0-9]{1,5})\Z", re.ASCII)
_SLURM = lazy_re(r"slurm:([1-9][0-9]{0,3})\Z", re.ASCII)
_MOST_PROCESSES: Final = 64

T = TypeVar("T")


def results_folder(environment: Mapping[str, str]) -> Path:
    """Where results lie until all is done: ``$XDG_STATE_HOME/preserve/cluster``."""
    return user_folder("state", environment) / "preserve" / "cluster"


@contextmanager
def open_engine(text: str) -> Iterator[Engine]:
    """What runs tasks.

    Raises:
        UsageError: this names none.
        EnvironmentFaultError: it cannot be reached, or what reaches it is not installed.
    """
    engine = _engine(text)
    try:
        yield engine
    finally:
        engine.close()


def _engine(text: str) -> Engine:
    if (named := _PROCESSES.match(text)) is not None:
        count = int(named[1]) if named[1] else len(os.sched_getaffinity(0))
        if count <= _MOST_PROCESSES:
            return ProcessEngine(count)
    if (named := _DASK.match(text)) is not None:
        from preserve.cluster.daskengine import DaskEngine  # noqa: PLC0415 - it brings an extra

        return DaskEngine(f"{'tls' if named[1] else 'tcp'}://{named[2]}:{named[3]}")
    if (named := _SLURM.match(text)) is not None:
        from preserve.cluster.slurmengine import SlurmEngine  # noqa: PLC0415 - it brings an extra

        return SlurmEngine(int(named[1]), results_folder(os.environ))
    if text == "spark":
        from preserve.cluster.sparkengine import SparkEngine  # noqa: PLC0415 - it brings Spark

        return SparkEngine()
    raise UsageError(
        "--on names nothing that reads files",
        next_step=f"Write processes:N (to {_MOST_PROCESSES}), dask[+tls]://HOST:PORT, slurm:N or spark.",
    )


@contextmanager
def open_readings(
    engine: Engine, root: Path, paths: CollectionPaths, layouts: Mapping[str, Layout], options: VerifyOptions
) -> Iterator[EngineReadings]:
    """The files of a collection, read by an engine. ``root``: where results lie until the check has ended.

    They stay where it was stopped, or a file could not be read: the same check goes on from there.
    """
    fetched = options.fetched
    results = Results(root, _job(paths, layouts, options), time.time())

    def make_task(path: Path) -> FileTask:
        if fetched is not None:
            return FileTask(results.job, PROGRAM, fetched.store.name, fetched.key(path), path.name, None)
        return _task_of_file(results.job, path, path.name, None)

    def tag_of(path: Path) -> str:
        if fetched is not None:
            return fetched.states[path.name]
        return repr(FileIdentity.of(path))

    try:
        files = EngineFiles(engine, results, lambda path: path.name, tag_of)
        yield EngineReadings(files, make_task)
        if not files.unread:
            results.forget()
    finally:
        results.close()


@contextmanager
def open_parts(
    engine: Engine,
    root: Path,
    paths: Sequence[Path],
    work: Work,
    codec: RowCodec[T],
    *,
    sealed: "Mapping[Path, SealedObject]",
) -> "Iterator[EngineParts[T]]":
    """What a work finds in files, read by an engine. ``root``: where results lie until the caller has used all of them.

    They stay where it was stopped, or a file could not be read: the same work on the same files goes on from there.
    ``sealed``: those of ``paths`` that stand for files in stores.
    """
    from preserve.cluster.parts import EngineParts  # noqa: PLC0415 - it brings what reads pages

    places = {path: sealed[path].name if path in sealed else as_text(str(path.absolute())) for path in paths}
    results = Results(root, _name_of_job((type(work).__name__, work, sorted(set(places.values())))), time.time())

    def make_task(path: Path) -> FileTask:
        if path in sealed:
            return FileTask(results.job, PROGRAM, sealed[path].store, sealed[path].key, places[path], work)
        return _task_of_file(results.job, path, places[path], work)

    def tag_of(path: Path) -> str:
        # Of what a link leads to: that is what is read, under the name of the link.
        return sealed[path].state if path in sealed else repr(FileIdentity.of(path.resolve()))

    try:
        files = EngineFiles(engine, results, places.__getitem__, tag_of)
        yield EngineParts(files, make_task, codec, tuple(paths), sealed)
        if not files.unread:
            results.forget()
    finally:
        results.close()


@contextmanager
def open_texts(engine: Engine, root: Path, source: "TextSource", table: str) -> "Iterator[EngineTexts]":
    """What reads the texts of a collection for a table. ``root``: as `open_parts` has it."""
    from preserve.cluster.texts import TEXTS, EngineTexts, TextsWork  # noqa: PLC0415 - it brings what makes tables

    archive = source.paths.archive
    paths = sorted(path for path in archive.iterdir() if path.is_file()) if archive.is_dir() else []
    work = TextsWork(source.layouts, table, source.limits)
    with open_parts(engine, root, paths, work, TEXTS, sealed={}) as parts:
        yield EngineTexts(source, table, parts, paths)


def _task_of_file(job: str, path: Path, name: str, work: Work | None) -> FileTask:
    size = mtime_ns = 0
    # Of one that is gone by now the worker says so.
    with suppress(OSError):
        found = path.stat()
        size, mtime_ns = found.st_size, found.st_mtime_ns
    return FileTask(job, PROGRAM, "", str(path.absolute()), name, work, size, mtime_ns)


def _job(paths: CollectionPaths, layouts: Mapping[str, Layout], options: VerifyOptions) -> str:
    """A name for all that a result depends on beside its file: 32 hexadecimal digits."""
    try:
        with open_regular(paths.checkpoint) as file:
            note = file.read(DEFAULT_LIMITS.max_note_bytes)
    except OSError:
        note = b""
    where = str(paths.folder.absolute()) if options.fetched is None else f"{options.fetched.store.name}/{paths.name}"
    return _name_of_job((str(options.level), where, note, options.limits, list(layouts.items())))


def _name_of_job(about: tuple[object, ...]) -> str:
    said = msgspec.json.encode((PROGRAM, *about), enc_hook=_json_of, order="deterministic")
    return hashlib.sha256(said).hexdigest()[:32]


def _json_of(value: object) -> object:
    if isinstance(value, re.Pattern):
        return value.pattern, value.flags
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)
