"""Where a command writes its lines: to stdout, or to a file that is there whole or not at all.

Tested by ``tests/scenarios/test_exit_statuses.py``.
"""

import errno
import os
import shutil
import stat
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from preserve.cli.shared.common import no_file
from preserve.errors import EnvironmentFaultError, PreserveError, UsageError
from preserve.store.durable import replace_synced, sync_dir

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_SURROUNDINGS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE})


def file_fault(path: Path | str, error: OSError, *, done: str = "written") -> PreserveError:
    """The error for a file of the user's choice that cannot be ``done`` (written, read).

    `EnvironmentFaultError`: the disk, or this process has no right to it. `UsageError`: no such place.
    """
    message = f"{path} cannot be {done}: {error.strerror or error}"
    if error.errno in _SURROUNDINGS:
        return EnvironmentFaultError(message, next_step="See who may read and write there, and whether it is full.")
    return UsageError(message, next_step=f"Name a file that can be {done}.")


def check_inputs(paths: Iterable[Path], *, output: Path | None = None) -> None:
    """Sees that files are there, and that none of them is the one to be written.

    Raises:
        NotHeldError: one is not there.
        UsageError: one would be written over.
    """
    for path in paths:
        if not path.is_file():
            raise no_file(path)
        if output is not None and output.exists() and output.samefile(path):
            raise UsageError(
                f"{path} is to be read, and not to be written over", next_step="Name another file with -o."
            )


def check_answer(path: Path | None, *, as_json: bool) -> None:
    """Sees that what is written and the answer about it do not both go to stdout. ``path`` None: it is stdout.

    Raises:
        UsageError: they would.
    """
    if as_json and path is None:
        raise UsageError("--json reports what was written, and needs a file", next_step="Name one with -o FILE.")


@contextmanager
def opened_output(path: Path | None) -> Iterator[IO[bytes]]:
    """The place to write to; None is stdout.

    A file takes its name when all is written, in place of what had it, with the mode that it had; a link is followed.
    What is no file (a device, a pipe) is written to as it is.

    Raises:
        UsageError, EnvironmentFaultError: nothing can be written there (`file_fault`), or the file there is read-only.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(os.path.realpath(path))
    is_other = path.exists() and not path.is_file()
    mode = stat.S_IMODE(path.stat().st_mode) if path.is_file() else None
    if mode is not None and not mode & _WRITABLE:
        raise EnvironmentFaultError(f"{path} is read-only", next_step=f"Run `chmod u+w {path}`, or name another file.")
    part = path if is_other else path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        file = part.open("wb")
    except OSError as error:
        raise file_fault(path, error) from error
    try:
        with file:
            yield file
        if mode is not None:
            part.chmod(mode)
        if not is_other:
            replace_synced(part, path)
    finally:
        if not is_other:
            part.unlink(missing_ok=True)


def write_folder(files: Iterable[tuple[str, bytes]], folder: Path) -> int:
    """Makes a folder of files (their names with slashes); it takes its name when all are written. Their number.

    Raises:
        UsageError: something is there already.
        UsageError, EnvironmentFaultError: nothing can be written there (`file_fault`).
    """
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"{folder} is there already", next_step="Name a folder that does not exist yet.")
    part = folder.parent / f".{folder.name}.{os.getpid()}.part"
    try:
        part.mkdir()
    except OSError as error:
        raise file_fault(folder, error) from error
    count = 0
    try:
        for name, data in files:
            path = part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            count += 1
        part.rename(folder)
        sync_dir(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return count


def write_zip(files: Iterable[tuple[str, bytes]], path: Path) -> int:
    """Makes a ZIP file of files, with no time in it: the same files give the same bytes. Their number.

    Raises:
        UsageError, EnvironmentFaultError: nothing can be written there (`file_fault`).
    """
    count = 0
    with opened_output(path) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in files:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            package.writestr(entry, data)
            count += 1
    return count
