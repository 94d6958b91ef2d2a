"""What a verification that was stopped has done already: the files that it found whole.

The note lies in the reader's own state folder, never in the archive. A file counts as done only as long as its size,
times and inode are the same; its SHA-256 is taken again in any case.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from preserve.regular import open_regular
from preserve.store.durable import make_dir

_MAX_BYTES = 64 << 20
_MAX_LINES = 1 << 20


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


class _Head(msgspec.Struct):
    about: str


class _Line(msgspec.Struct):
    file: str
    done: _Done


class Resume:
    """``about`` names all that the outcome depends on; a note about something else is worth nothing.

    The note has a line of JSON that says what it is about, and one for each file, which is added as the file was found
    whole. It is not synced: what a crash of the machine takes of it is looked at again.
    """

    def __init__(self, path: Path | None, about: str) -> None:
        self._path = path
        self._about = about
        self._note: BinaryIO | None = None
        self._files: dict[str, _Done] = {}
        self._whole_bytes = 0
        """Length of the lines that were read; behind them stands a line that was cut."""
        if path is not None:
            with suppress(OSError, msgspec.MsgspecError), open_regular(path) as file:
                self._read(file.read(_MAX_BYTES))

    def _read(self, data: bytes) -> None:
        head, *lines = data.splitlines(keepends=True)[:_MAX_LINES] or [b""]
        if msgspec.json.decode(head, type=_Head).about != self._about:
            return
        self._whole_bytes = len(head)
        for line in lines:
            if not line.endswith(b"\n"):
                break
            said = msgspec.json.decode(line, type=_Line)
            self._files[said.file] = said.done
            self._whole_bytes += len(line)

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
            done = self._files[path.name] = _Done(_stat(path), tally)
            if self._note is None:
                self._note = self._begun(self._path)
            self._note.write(msgspec.json.encode(_Line(path.name, done)) + b"\n")
            self._note.flush()

    def _begun(self, path: Path) -> BinaryIO:
        """The note, behind the lines that were read; a new one where there are none."""
        make_dir(path.parent)
        note = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "r+b")
        note.truncate(self._whole_bytes)
        note.seek(self._whole_bytes)
        if not self._whole_bytes:
            note.write(msgspec.json.encode(_Head(self._about)) + b"\n")
        return note

    def close(self) -> None:
        """Leaves the note for a check that goes on."""
        if self._note is not None:
            with suppress(OSError):
                self._note.close()
            self._note = None

    def forget(self) -> None:
        """The verification came to its end."""
        self.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _stat(path: Path) -> _Stat:
    found = path.stat()
    return _Stat(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
