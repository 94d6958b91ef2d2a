"""What a verification that was stopped has done already: the files that it found whole.

The note lies in the reader's own state folder, never in the archive. A file counts as done only as long as its size,
times and inode are the same; its SHA-256 is taken again in any case.
"""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from preserve.regular import open_regular
from preserve.store.durable import make_dir, write_atomic

_MAX_BYTES = 64 << 20


class FileTally(msgspec.Struct):
    """What was counted while one file was checked. ``index_sum``: see `.index_sum.IndexSum`."""

    records: int = 0
    texts: int = 0
    texts_not_read: int = 0
    index_lines: int = 0
    index_sum: str = "0"


class _Stat(NamedTuple):
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class _Done(msgspec.Struct):
    stat: tuple[int, int, int, int]
    tally: FileTally


class _Note(msgspec.Struct):
    about: str
    files: dict[str, _Done]


class Resume:
    """``about`` names all that the outcome depends on; a note about something else is worth nothing."""

    def __init__(self, path: Path | None, about: str) -> None:
        self._path = path
        self._about = about
        self._files: dict[str, _Done] = {}
        if path is not None:
            with suppress(OSError, msgspec.MsgspecError):
                with open_regular(path) as file:
                    note = msgspec.json.decode(file.read(_MAX_BYTES), type=_Note)
                if note.about == about:
                    self._files = note.files

    def __len__(self) -> int:
        return len(self._files)

    def tally_of(self, path: Path) -> FileTally | None:
        """What a file gave, if it was found whole before and was not touched since."""
        done = self._files.get(path.name)
        return done.tally if done is not None and tuple(done.stat) == _stat(path) else None

    def is_whole(self, path: Path, tally: FileTally) -> None:
        """Notes that a file was found whole. That it cannot be noted is no obstacle."""
        if self._path is None:
            return
        with suppress(OSError):
            self._files[path.name] = _Done(_stat(path), tally)
            make_dir(self._path.parent)
            write_atomic(self._path, msgspec.json.encode(_Note(self._about, self._files)), mode=0o600)

    def forget(self) -> None:
        """The verification came to its end."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _stat(path: Path) -> _Stat:
    found = path.stat()
    return _Stat(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
