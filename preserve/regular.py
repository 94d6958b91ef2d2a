"""Opening files that somebody else may have put there: regular files only, and never more of them than was asked for.

In the place of a file may lie a pipe, on which an ordinary ``open`` waits for ever, a device that never ends, or a file
of many gigabytes of nothing. Every file of an archive, of a configuration and of a user is opened here.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

MAX_SMALL_BYTES = 1 << 20
"""More than any key, note, marker or trust file has."""


class NotRegularError(OSError):
    """What lies there is no regular file."""


class TooLargeError(OSError):
    """A file has more bytes than what it stands for can have."""


class FileIdentity(NamedTuple):
    """What changes when a file is put in the place of another, or is written to."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, path: Path) -> "FileIdentity | None":
        """None where there is no file."""
        with suppress(OSError):
            return cls._of(os.stat(path, follow_symlinks=False))  # noqa: PTH116 - Path.stat follows by default
        return None

    @classmethod
    def of_open(cls, file: BinaryIO) -> "FileIdentity":
        """Of a file that is open."""
        return cls._of(os.fstat(file.fileno()))

    @classmethod
    def _of(cls, found: os.stat_result) -> "FileIdentity":
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def open_regular(path: Path) -> BinaryIO:
    """Opens a regular file for reading; a link is followed. Nothing is waited for.

    Raises:
        NotRegularError: it is a pipe, a device, a socket or a folder.
        OSError: it cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise _not_regular(path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_regular(path)
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path, most: int = MAX_SMALL_BYTES) -> bytes:
    """The bytes of a regular file that has at most ``most`` of them.

    Raises:
        NotRegularError: it is none.
        TooLargeError: it has more; no more than one byte above it was read.
        OSError: it cannot be read.
    """
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise TooLargeError(errno.EFBIG, f"it has more than {most} bytes", str(path))
    return data


def _not_regular(path: Path) -> NotRegularError:
    return NotRegularError(errno.EINVAL, "it is no regular file (a pipe, a device, a socket or a folder)", str(path))
