"""What a task found of one file, as bytes: lines of JSON, compressed. And where they lie until all is done.

They are read back as anything from a disk is: by a schema, with bounds. Who could write there could forge a verdict,
so they lie where the notes of the user's own checks lie, and nothing but this process writes there (ADR 36).

Tested by ``tests/unit/cluster/test_results.py``.
"""

import fcntl
import gzip
import hashlib
import mmap
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from preserve.cluster.rows import RowCodec
from preserve.errors import BrokenStateError, EnvironmentFaultError, LockedError
from preserve.integrity.verify.elsewhere import FoundFile
from preserve.limits import MIB
from preserve.regular import open_regular
from preserve.store.copying import Hashed, part_of, write_part
from preserve.store.durable import make_dir, make_read_only, sync_dir

MAX_RESULT_BYTES: Final = 4096 * MIB
"""Of what is found of one file, compressed. Texts of pages are nearly as large as a file that holds nothing else."""
_HELD_BYTES: Final = 16 * MIB
"""Of a result that is held in memory while it is made; a larger one is on disk."""
_MAX_LINE_BYTES: Final = 64 * MIB
MAX_AGE_S: Final = 7 * 86_400
"""What was found longer ago is no part of a check that is made now."""
_ROW_BEGINS: Final = b"["
_LOCK: Final = ".lock"

T = TypeVar("T")
Result = bytes | mmap.mmap
"""A result whole: held, or in a file without a name."""
ResultData = Result | Iterator[bytes]
"""A result, or pieces of it, which are read once."""


class ResultHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line. ``job`` and ``name``: what was asked; ``sha256``: where it was; ``reason``: why it was not read.

    ``is_damage``: the file is there and its disk does not give it.
    """

    job: str
    name: str
    size: int = 0
    sha256: str = ""
    reason: str = ""
    is_damage: bool = False

    @property
    def is_final(self) -> bool:
        """Whether there is nothing to be gained by reading it again."""
        return not self.reason or self.is_damage

    @property
    def found(self) -> FoundFile:
        """As the check takes it."""
        hashed = Hashed(self.size, self.sha256) if self.sha256 else None
        return FoundFile(hashed, self.reason or ("" if hashed else "it was not read"), self.is_damage)


class _End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rows: int


_HEAD = msgspec.json.Decoder(ResultHead)
_END = msgspec.json.Decoder(_End)


class ResultTooLargeError(Exception):
    """More was found than one result can hold."""


def written(head: ResultHead, rows: Iterable[bytes] = ()) -> Result:
    """A result. ``rows``: as a `RowCodec` writes them.

    Raises:
        ResultTooLargeError: it has more bytes than ``MAX_RESULT_BYTES``.
        OSError: there is no room for it.
    """
    # No name and no time: the same finding is the same bytes.
    packing = zlib.compressobj(level=1, wbits=31)
    count = 0
    with tempfile.SpooledTemporaryFile(max_size=_HELD_BYTES, prefix="preserve-") as file:
        file.write(packing.compress(msgspec.json.encode(head) + b"\n"))
        for row in rows:
            file.write(packing.compress(row))
            count += 1
            if file.tell() > MAX_RESULT_BYTES:
                raise ResultTooLargeError
        file.write(packing.compress(msgspec.json.encode(_End(count)) + b"\n") + packing.flush())
        size = file.tell()
        if size > _HELD_BYTES:
            file.flush()
            return mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ)
        file.seek(0)
        return file.read()


class Results:
    """The results of one job: ``job`` names all that they depend on beside the files.

    Only one process has a job at a time. ``now``: seconds since 1970.
    """

    def __init__(self, root: Path, job: str, now: float) -> None:
        self.job = job
        self._folder = root / job
        try:
            make_dir(root)
            root.chmod(0o700)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._lock = os.open(self._folder.with_suffix(_LOCK), flags, 0o600)
        except OSError as error:
            raise _unwritable(root, error) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise LockedError("another process does the same", next_step="Wait until it has ended.") from error
        if _is_old(self._folder, now):
            shutil.rmtree(self._folder, ignore_errors=True)
        _drop_others(root, now)

    def add(self, name: str, tag: str, data: ResultData) -> ResultHead | None:
        """Keeps a result that has just come, if it is final; the first one of a file stays. Its head.

        None: it is none of what was asked, and is not kept.

        Raises:
            EnvironmentFaultError: there is no room for it, or the disk gives back other bytes.
            BrokenStateError: what lies there already says otherwise.
        """
        path = self._path(name, tag)
        part = part_of(path.parent)
        try:
            make_dir(path.parent)
            part.unlink(missing_ok=True)
            try:
                is_whole = write_part(_bounded(data), part)[0] <= MAX_RESULT_BYTES + MIB
                head = self._head_in(part, name) if is_whole else None
                if head is None or not head.is_final:
                    return head
                make_read_only(part)
                with suppress(FileExistsError):
                    path.hardlink_to(part)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        sync_dir(path.parent)
        if self.head(name, tag) != head:
            raise BrokenStateError(f"what was found of {name} is not as it was written", next_step="Look at that disk.")
        return head

    def head(self, name: str, tag: str) -> ResultHead | None:
        """What was found of a file as a whole; None where there is nothing, or nothing that can be read."""
        return self._head_in(self._path(name, tag), name)

    def _head_in(self, path: Path, name: str) -> ResultHead | None:
        try:
            with open_regular(path) as file, gzip.open(file) as lines:
                return self._checked(lines.readline(MIB), name)
        except (OSError, EOFError, zlib.error, msgspec.DecodeError, ValueError):
            return None

    def rows(self, name: str, tag: str, codec: RowCodec[T]) -> Iterator[T]:
        """The rows of a file.

        Raises:
            BrokenStateError: the result was damaged where it lies.
        """
        count = 0
        try:
            with open_regular(self._path(name, tag)) as file, gzip.open(file) as lines:
                self._checked(lines.readline(_MAX_LINE_BYTES), name)
                while (line := lines.readline(_MAX_LINE_BYTES)).startswith(_ROW_BEGINS):
                    yield codec.read(line, lines.read)
                    count += 1
                if _END.decode(line).rows == count and not lines.read(1):
                    return
        except (OSError, EOFError, zlib.error, msgspec.DecodeError, ValueError) as error:
            raise self._broken() from error
        raise self._broken()

    def forget(self) -> None:
        """The check has ended: a later one reads again."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.with_suffix(_LOCK).unlink(missing_ok=True)

    def close(self) -> None:
        """Lets another process have the job."""
        os.close(self._lock)

    def _checked(self, line: bytes, name: str) -> ResultHead:
        head = _HEAD.decode(line)
        if (head.job, head.name) != (self.job, name):
            raise ValueError("a result of something else")
        return head

    def _path(self, name: str, tag: str) -> Path:
        return self._folder / hashlib.sha256(f"{name} {tag}".encode()).hexdigest()

    def _broken(self) -> BrokenStateError:
        return BrokenStateError(
            f"what was found of a file cannot be read back from {self._folder}",
            next_step="Remove that folder, and run it again.",
        )


def _bounded(data: ResultData) -> Iterator[bytes]:
    """What comes of a result, up to more than one can have."""
    size = 0
    for piece in data if isinstance(data, Iterator) else _cut(data):
        yield piece
        size += len(piece)
        if size > MAX_RESULT_BYTES + MIB:
            return


def _cut(data: Result) -> Iterator[bytes]:
    for start in range(0, len(data), MIB):
        yield data[start : start + MIB]


def _is_old(folder: Path, now: float) -> bool:
    """Whether there are results of which the first was written too long ago."""
    try:
        times = [path.stat().st_mtime for path in folder.iterdir()]
    except OSError:
        return False
    return not times or not 0 <= now - min(times) < MAX_AGE_S


def _drop_others(root: Path, now: float) -> None:
    """Drops what jobs left that nobody went on with."""
    for path in root.glob(f"*{_LOCK}"):
        with suppress(OSError), open_regular(path) as lock:
            # Refused where a process has that job; this one has its own.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_old(path.with_suffix(""), now):
                shutil.rmtree(path.with_suffix(""))
                path.unlink()


def _unwritable(folder: Path, error: OSError) -> EnvironmentFaultError:
    return EnvironmentFaultError(
        f"{folder} cannot be written to: {error.strerror or error}", next_step="Name another with XDG_STATE_HOME."
    )
