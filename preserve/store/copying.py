"""Files copied so that the copy is known to be right: synced, read back, named only then.

Tested by ``tests/scenarios/test_copies.py``.
"""

import hashlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

from preserve.errors import ArchiveError, EnvironmentFaultError, LimitError
from preserve.limits import MIB
from preserve.store.durable import free_bytes, make_dir, make_read_only, sync_dir
from preserve.store.heldfiles import open_written


class CopySource(Protocol):
    """A binary stream that is read forward."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes; empty at the end."""
        ...


class Hashed(NamedTuple):
    """A file's size in bytes and SHA-256."""

    size: int
    sha256: str


def hash_file(path: Path) -> Hashed:
    """Size and SHA-256 of a file.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    size = 0
    with open_written(path) as file:
        while chunk := file.read(MIB):
            digest.update(chunk)
            size += len(chunk)
    return Hashed(size, digest.hexdigest())


def part_of(folder: Path) -> Path:
    """The name under which this process writes a new file in a folder; what is left of it is removed by the next."""
    return folder / f".{os.getpid()}.part"


def is_part(name: str) -> bool:
    """True for the name of a file that a process was writing; nothing names it yet."""
    return name.startswith(".") and name.endswith(".part")


def copy_to_part(source: CopySource, part: Path, size: int) -> str:
    """Copies ``size`` bytes, and the stream must end there; synced and read back. Returns the SHA-256.

    Raises:
        ArchiveError: the stream is longer or shorter.
        EnvironmentFaultError: the disk gives back other bytes than were written.
    """
    digest = hashlib.sha256()
    copied = 0
    with part.open("xb") as file:
        while copied <= size and (chunk := source.read(MIB)):
            digest.update(chunk)
            copied += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if copied != size:
        raise ArchiveError(f"a file has {copied} bytes or more, not {size}: is it still being written?")
    check_written(part, digest.hexdigest())
    return digest.hexdigest()


def write_part(parts: Iterable[bytes], part: Path) -> tuple[int, str]:
    """Writes a new file from pieces; synced and read back. Returns size and SHA-256.

    Raises:
        EnvironmentFaultError: the disk gives back other bytes than were written.
    """
    digest = hashlib.sha256()
    size = 0
    with part.open("xb") as file:
        for piece in parts:
            digest.update(piece)
            size += len(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    check_written(part, digest.hexdigest())
    return size, digest.hexdigest()


def check_written(path: Path, sha256: str) -> None:
    """Reads a file back.

    Raises:
        EnvironmentFaultError: the disk gives back other bytes.
    """
    if hash_file(path).sha256 != sha256:
        raise EnvironmentFaultError(
            f"{path}: the disk gives back other bytes than were written to it",
            next_step="Check the disk before anything else is written to it.",
        )


def seal_part(part: Path, path: Path) -> None:
    """Gives a finished file its name, read-only. What had that name before must be gone."""
    make_read_only(part)
    part.rename(path)
    sync_dir(path.parent)


def need_room(folder: Path, size: int, spare: int) -> None:
    """Sees that a file of ``size`` bytes leaves ``spare`` bytes free.

    Raises:
        EnvironmentFaultError: it has no room. LimitError: it has, and fewer would be left.
    """
    make_dir(folder)
    room = free_bytes(folder)
    message = f"{folder}: {size} bytes to write, {room} free"
    next_step = "Make room and run it again: it goes on."
    if room < size:
        raise EnvironmentFaultError(message, next_step=next_step)
    if room < size + spare:
        raise LimitError(f"{message}, of which {spare} are to stay so", next_step=next_step)


def free_name(folder: Path, name: str, taken: Collection[str] = ()) -> str:
    """A name that is free in a folder, and none of ``taken``: ``name`` itself, or with a number behind it."""
    number, free = 0, name
    while free in taken or os.path.lexists(folder / free):
        number += 1
        free = f"{name}.{number}"
    return free


def set_aside(path: Path, quarantine: Path) -> str:
    """Moves a damaged file into quarantine, under a name that is free there; returns that name."""
    make_dir(quarantine)
    name = free_name(quarantine, path.name)
    path.rename(quarantine / name)
    sync_dir(quarantine)
    sync_dir(path.parent)
    return name
