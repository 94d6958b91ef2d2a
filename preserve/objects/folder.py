"""Objects in a folder: a bucket that is mounted, a disk, a test.

Tested by ``tests/unit/objects/test_contract.py``.
"""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from preserve.config.stores import check_key
from preserve.errors import EnvironmentFaultError, unreadable
from preserve.limits import MIB
from preserve.objects.port import (
    DeclaredHashError,
    ListedObject,
    LookedAt,
    ObjectData,
    ObjectLock,
    OpenedObject,
    changed,
)
from preserve.regular import FileIdentity, open_regular, read_regular
from preserve.store.copying import hash_file, is_part
from preserve.store.durable import make_dir, make_read_only, sync_dir, write_atomic

_LOCK = ".lock"


class FolderStore:
    """A tag is the SHA-256 of what is there."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.has_locks = False
        self.place = folder
        self._folder = folder

    def list(self, below: str) -> Iterator[ListedObject]:
        """See `ObjectStore`."""
        for folder, _folders, files in os.walk(self._folder / check_key(below)):
            for name in files:
                path = Path(folder, name)
                with suppress(FileNotFoundError):
                    if not is_part(name) and not path.is_symlink():
                        size, state = path.stat().st_size, repr(FileIdentity.of(path))
                        yield ListedObject(path.relative_to(self._folder).as_posix(), size, state)

    def look(self, key: str) -> LookedAt | None:
        """See `ObjectStore`."""
        opened = self.read(key)
        return None if opened is None else LookedAt(opened.size, opened.tag)

    def read(self, key: str) -> OpenedObject | None:
        """See `ObjectStore`."""
        path = self._path(key)
        try:
            size, sha256 = hash_file(path)
            return OpenedObject(key, size, sha256, _chunks(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise unreadable(str(path), error) from error

    def read_range(self, key: str, start: int, size: int, tag: str) -> bytes:
        """See `ObjectStore`."""
        path = self._path(key)
        try:
            if hash_file(path).sha256 == tag:
                with open_regular(path) as file:
                    file.seek(start)
                    return file.read(size)
        except OSError as error:
            raise unreadable(str(path), error) from error
        raise changed(str(path))

    def locks(self, keys: Sequence[str]) -> Iterator[ObjectLock | None]:
        """See `ObjectStore`."""
        return iter([None] * len(keys))

    def create(self, key: str, data: ObjectData, sha256: str) -> bool:
        """See `ObjectStore`. The name is given by a link, which is refused where there is one."""
        path = self._path(key)
        make_dir(path.parent)
        try:
            descriptor, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                if hash_file(Path(part)).sha256 != sha256:
                    raise DeclaredHashError(f"{path}: the bytes have another SHA-256 than was declared")
                make_read_only(Path(part))
                os.link(part, path)
            finally:
                Path(part).unlink()
        except FileExistsError:
            return False
        except OSError as error:
            raise self._fault(error) from error
        sync_dir(path.parent)
        return True

    def replace(self, key: str, data: bytes, tag: str) -> bool:
        """See `ObjectStore`."""
        path = self._path(key)
        try:
            with self._locked():
                if hashlib.sha256(read_regular(path)).hexdigest() != tag:
                    return False
                write_atomic(path, data)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._fault(error) from error
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _path(self, key: str) -> Path:
        return self._folder / check_key(key)

    def _fault(self, error: OSError) -> EnvironmentFaultError:
        return EnvironmentFaultError(
            f"{self.name} cannot be written to: {error.strerror or error}",
            next_step="Make room there, and see that you may write to it.",
        )


def _chunks(path: Path) -> Iterator[bytes]:
    with open_regular(path) as file:
        while chunk := file.read(MIB):
            yield chunk
