"""What an object store can do, as far as this program uses it: list, look, read, read a range, create, replace.

Keys are relative to the store: folders of plain names, with ``/`` between them. There is no verb that deletes, and only
one object of a copy is ever replaced, by who has read what it replaces (``docs/object-storage.md``).

Tested by ``tests/unit/objects/test_contract.py``.
"""

import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from preserve.errors import ArchiveError
from preserve.regular import open_regular

ObjectData = bytes | memoryview
"""What is put into an object: bytes, or a file that was mapped (`mapped`)."""


class ListedObject(Struct, frozen=True):
    """An object as a listing names it; ``size`` in bytes.

    ``state``: what a listing says otherwise when another object has taken its place. It is no hash, and no tag.
    """

    key: str
    size: int
    state: str


class OpenedObject(Struct, frozen=True):
    """An object that is read once, forward. ``tag`` changes when another object takes its place; it is no hash."""

    key: str
    size: int
    tag: str
    chunks: Iterator[bytes]

    def whole(self, most: int) -> bytes:
        """All of it.

        Raises:
            ArchiveError: it has more than ``most`` bytes.
            NetworkError: it could not be read to its end.
        """
        if self.size > most:
            raise ArchiveError(
                f"{self.key} is larger than {most} bytes",
                next_step="It is no file of this program: find out who put it there.",
            )
        return b"".join(self.chunks)


class LookedAt(Struct, frozen=True):
    """What a store says of an object without giving it: bytes, and the tag as `OpenedObject` has it."""

    size: int
    tag: str


class ObjectLock(Struct, frozen=True):
    """What keeps an object from being deleted: retention, ``until`` its end (UTC), or a legal hold, which has none."""

    until: datetime | None


class ObjectStore(Protocol):
    """A place for objects. ``name`` is what the user calls it; there is no credential in it.

    What each verb raises beside what it says::

        NetworkError           no answer, or none that is whole, after a few tries: nothing is said of the object
        EnvironmentFaultError  the store refuses: rights, credentials, no such bucket
    """

    @property
    def name(self) -> str:
        """As it was named."""
        ...

    @property
    def place(self) -> Path:
        """What stands for it where the folders of collections are noted; nothing is opened there."""
        ...

    @property
    def has_locks(self) -> bool:
        """Whether the store can lock objects."""
        ...

    def list(self, below: str) -> Iterator[ListedObject]:
        """The objects whose keys begin with ``below`` and a slash, in no order; also those that are none of ours."""
        ...

    def look(self, key: str) -> LookedAt | None:
        """Size and tag of an object; None where there is none."""
        ...

    def read(self, key: str) -> OpenedObject | None:
        """An object; None where there is none."""
        ...

    def read_range(self, key: str, start: int, size: int, tag: str) -> bytes:
        """``size`` bytes of an object from ``start`` on, if it still is the one with this tag.

        Raises:
            ArchiveError: another object has its key now, or none has.
        """
        ...

    def locks(self, keys: Sequence[str]) -> Iterator[ObjectLock | None]:
        """The lock of each object as far as who asks may see it; None where there is none, or no object."""
        ...

    def create(self, key: str, data: ObjectData, sha256: str) -> bool:
        """Makes an object, declared to have this SHA-256 (hex); False where one has the key already, which stays.

        Raises:
            DeclaredHashError: the bytes have another SHA-256. There is no object then.
        """
        ...

    def replace(self, key: str, data: bytes, tag: str) -> bool:
        """Puts an object in the place of the one with this tag; False where that is not the one there."""
        ...


class DeclaredHashError(ArchiveError):
    """The store did not get the bytes that it was told of."""


def changed(where: str) -> ArchiveError:
    """The error for an object that another one has replaced, or that is gone, while it was read."""
    return ArchiveError(
        f"{where} was changed while it was read",
        next_step="Run it again. If it stays so, find out who writes there.",
    )


@contextmanager
def mapped(path: Path) -> Iterator[ObjectData]:
    """The bytes of a file, which need no memory of their own. Read it once before: a disk's error is no error here.

    Raises:
        OSError: it cannot be opened.
    """
    with open_regular(path) as file:
        try:
            held = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        except ValueError:
            # An empty file cannot be mapped.
            yield b""
            return
        view = memoryview(held)
        yield view
