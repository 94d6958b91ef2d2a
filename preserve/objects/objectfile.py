"""An object as a file that is open: read by ranges where it is asked for, and always of one and the same object.

Tested by ``tests/unit/objects/test_objectfile.py``.
"""

import errno
import io
import os
from typing import Any, BinaryIO, Final

from preserve.limits import MIB
from preserve.objects.port import LookedAt, ObjectStore

RECORD_AHEAD_BYTES: Final = 256 * 1024
"""Fetched at once where one record is read."""
FILE_AHEAD_BYTES: Final = 8 * MIB
"""Fetched at once where a file is read from its beginning on."""


def no_such_object(key: str) -> FileNotFoundError:
    """What is raised where a file is not there, for an object."""
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), key)


def open_object(store: ObjectStore, key: str, found: LookedAt, *, ahead_bytes: int) -> BinaryIO:
    """An object for reading. ``found``: as it was looked at; another one in its place is an error.

    What is read raises what `ObjectStore.read_range` raises.
    """
    return io.BufferedReader(_ObjectBytes(store, key, found), buffer_size=ahead_bytes)


class _ObjectBytes(io.RawIOBase):
    def __init__(self, store: ObjectStore, key: str, found: LookedAt) -> None:
        self._store, self._key, self._found = store, key, found
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._found.size}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - what can be written to has no name before Python 3.12
        view = memoryview(buffer).cast("B")
        size = min(len(view), self._found.size - self._at, FILE_AHEAD_BYTES)
        if size <= 0:
            return 0
        view[:size] = self._store.read_range(self._key, self._at, size, self._found.tag)
        self._at += size
        return size
