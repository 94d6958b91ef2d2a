"""Bytes that survive a power cut: synced appends, atomic replacement, and the lock of a collection.

POSIX promises nothing about a file's name until its folder is synced; every function here that makes or renames a file
syncs the folder as well.

Tested by ``tests/crash/test_killed_writers.py``.
"""

import errno
import fcntl
import os
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

from preserve.errors import EnvironmentFaultError, LockedError
from preserve.regular import open_regular
from preserve.store.layout import CollectionPaths


def sync_dir(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_dir(folder: Path) -> None:
    """Makes a folder, and those above it, durably. One that is there is left as it is."""
    if folder.is_dir():
        return
    make_dir(folder.parent)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise EnvironmentFaultError(f"{folder}: cannot be made: {error.strerror}") from error
    sync_dir(folder.parent)


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Puts ``data`` in the place of ``path``: a reader, and a crash, sees the old file or the new one."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(name, path)  # noqa: PTH105 - the name came from mkstemp as text
    except BaseException:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - as above
        raise
    sync_dir(path.parent)


def remove_parts(paths: CollectionPaths) -> None:
    """Removes what a killed process left half written. The caller holds the collection's lock.

    Where a folder is a link, what is in it may be another program's, and stays.
    """
    for folder, pattern in (
        (paths.folder, ".*.part"),
        (paths.archive, ".*.part"),
        (paths.receipts, ".*.part"),
        (paths.ledger, "**/.*.part"),
        (paths.indexes, ".*.part"),
        (paths.state, ".*.part"),
    ):
        for path in () if folder.is_symlink() else folder.glob(pattern):
            with suppress(OSError):
                path.unlink()


def replace_synced(part: Path, path: Path) -> None:
    """Syncs a finished file and puts it in the place of ``path``."""
    with open_regular(part) as file:
        os.fsync(file.fileno())
    part.replace(path)
    sync_dir(path.parent)


def free_bytes(folder: Path) -> int:
    """Bytes that this user can still write to the file system of a folder."""
    usage = os.statvfs(folder)
    return usage.f_bavail * usage.f_frsize


def _opened(path: Path, flags: int, mode: str) -> BinaryIO:
    """Opens a file of the archive to be written to: not through a link, nor one that has another name elsewhere."""
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    if not _is_own(os.fstat(descriptor)):
        os.close(descriptor)
        raise OSError(errno.EINVAL, _NOT_OWN, str(path))
    return cast(BinaryIO, os.fdopen(descriptor, mode))


_NOT_OWN: Final = "it is no plain file of its own"


def _is_own(about: os.stat_result) -> bool:
    return stat.S_ISREG(about.st_mode) and about.st_nlink == 1


def append_synced(path: Path, data: bytes) -> None:
    """Appends in one write and syncs. After a crash the file holds none, some or all of ``data``, at its end."""
    is_new = not path.exists()
    with _opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, "ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync_dir(path.parent)


def truncate_synced(path: Path, size: int) -> None:
    """Cuts a file to ``size`` bytes and syncs."""
    with _opened(path, os.O_RDWR, "r+b") as file:
        file.truncate(size)
        file.flush()
        os.fsync(file.fileno())


def make_read_only(path: Path) -> None:
    """Takes every write permission off, as far as the file system has them."""
    with suppress(OSError):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))


def remove_derived(paths: CollectionPaths) -> None:
    """Deletes what is derived: index, catalogue, search index, marks of reading. The caller holds the lock."""
    paths.index.unlink(missing_ok=True)
    paths.readmarks.unlink(missing_ok=True)
    for database in (paths.catalogue, paths.search):
        remove_database(database)


def remove_database(path: Path) -> None:
    """Deletes an SQLite database with the files beside it."""
    for end in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{end}").unlink(missing_ok=True)


def is_locked(path: Path) -> bool:
    """Whether a process holds a collection's lock now. Ask seldom: while it looks, nobody else can take it."""
    try:
        with open_regular(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _open_lock(path: Path) -> int:
    """Opens a plain file that has no other name, and follows no link: it is written to.

    Raises:
        OSError: something else lies there.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    if not _is_own(os.fstat(descriptor)):
        os.close(descriptor)
        raise OSError(errno.EINVAL, _NOT_OWN, str(path))
    return descriptor


_NO_LOCK: Final = frozenset({errno.EINVAL, errno.ELOOP, errno.EISDIR, errno.ENXIO})
"""What the system says where something else lies in a lock's place."""
_BRIEFLY: Final = ", for a moment"
_BRIEF_LOCK_S: Final = 30.0
_LOCK_NAMED_S: Final = 1.0
_LOCK_LOOK_S: Final = 0.05


class Lock:
    """One writer a collection. Advisory, by ``flock``: it ends with the process however that ends.

    The file says who holds it, for the message of the next who wants it. Who holds it briefly, to state what is known
    already, says so, and the next one waits: a capture does not fail because of a verification that has just ended.
    """

    def __init__(self, path: Path, holder: str, *, is_brief: bool = False) -> None:
        self._path = path
        self._holder = holder
        self._is_brief = is_brief
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        make_dir(self._path.parent)
        try:
            descriptor = _open_lock(self._path)
        except OSError as error:
            is_odd = error.errno in _NO_LOCK
            raise EnvironmentFaultError(
                f"{self._path}: the lock cannot be opened: {error.strerror}",
                next_step="It is a plain file of this program. Find out who put something else there; move it away."
                if is_odd
                else "Run it as a user who may write there, and see whether the disk is full or read-only.",
            ) from error
        began_s = time.monotonic()
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                holder = os.pread(descriptor, 500, 0).decode("utf-8", "replace").strip()
                # Who has only just taken it has not yet said who it is.
                patience_s = _BRIEF_LOCK_S if holder.endswith(_BRIEFLY) else 0.0 if holder else _LOCK_NAMED_S
                if time.monotonic() - began_s < patience_s:
                    time.sleep(_LOCK_LOOK_S)
                    continue
                os.close(descriptor)
                raise LockedError(
                    f"{self._path.parent.parent} is in use by {holder or 'another process'}",
                    next_step="Wait until it has ended. The lock ends with its process and never needs deleting.",
                ) from error
        os.ftruncate(descriptor, 0)
        said = f"{self._holder} (process {os.getpid()}){_BRIEFLY if self._is_brief else ''}\n"
        os.pwrite(descriptor, said.encode(), 0)
        self._descriptor = descriptor
        return self

    @property
    def is_held(self) -> bool:
        """False where another file, or none, lies in the place of the one that is locked: another process may begin."""
        if self._descriptor is None:
            return False
        try:
            there = self._path.lstat()
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(self._descriptor))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None
