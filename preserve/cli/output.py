"""Where a command writes its lines: to stdout, or to a file that is there whole or not at all."""

import os
import shutil
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from preserve.errors import UsageError
from preserve.store.durable import replace_synced, sync_dir


@contextmanager
def opened_output(path: Path | None) -> Iterator[IO[bytes]]:
    """The place to write to; None is stdout.

    A file takes its name when all is written, in place of what had it; what is no file (a device, a pipe) is written
    to as it is.

    Raises:
        UsageError: nothing can be written there.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    is_other = path.exists() and not path.is_file()
    part = path if is_other else path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        file = part.open("wb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", next_step="Name a file that can be written.") from error
    try:
        with file:
            yield file
        if not is_other:
            replace_synced(part, path)
    finally:
        if not is_other:
            part.unlink(missing_ok=True)


def write_folder(files: Iterable[tuple[str, bytes]], folder: Path) -> int:
    """Makes a folder of files (their names with slashes); it takes its name when all are written. Their number.

    Raises:
        UsageError: something is there already, or nothing can be written there.
    """
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"{folder} is there already", next_step="Name a folder that does not exist yet.")
    part = folder.parent / f".{folder.name}.{os.getpid()}.part"
    try:
        part.mkdir()
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}", next_step="Name a place that can be written to.") from error
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
        UsageError: nothing can be written there.
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
