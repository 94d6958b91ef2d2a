"""A collection's folder: making it, opening it, and the format marker that says what it is.

Tested by ``tests/unit/provenance/test_founding.py``.
"""

import errno
import json
import os
from pathlib import Path

from preserve.errors import BrokenStateError, NewerFormatError, NotHeldError, UsageError, unreadable
from preserve.model import check_collection_name
from preserve.regular import open_regular
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import CollectionPaths
from preserve.text import nearest

ARCHIVE_FORMAT = 2
"""The on-disk format (ADR 0001). An archive of a newer one is refused, never guessed at."""

_MAX_MARKER_BYTES = 64 * 1024


def create_archive(archives: Path, name: str, *, origin: str, vkey: str) -> CollectionPaths:
    """Makes the folders, the public key and, last, the format marker. What is there already is left as it is.

    Raises:
        UsageError: a folder of that name holds something else.
        EnvironmentFaultError: a folder cannot be made.
    """
    paths = CollectionPaths(archives, name)
    if paths.marker.is_file():
        return open_archive(archives, name)
    if paths.folder.is_dir() and not all(_of_creation(path.name) for path in paths.folder.iterdir()):
        raise UsageError(
            f"{paths.folder} is there already and is no archive of this program",
            next_step="Choose another folder with --archives, or another collection name.",
        )
    for folder in (paths.archive, paths.indexes, paths.ledger, paths.state):
        make_dir(folder)
    write_atomic(paths.vkey, f"{vkey}\n".encode("ascii"))
    write_atomic(paths.marker, marker_bytes(name, origin))
    return paths


def marker_bytes(name: str, origin: str) -> bytes:
    """The format marker of an archive, to the byte."""
    marker = {"program": "preserve", "format": ARCHIVE_FORMAT, "collection": name, "origin": origin}
    return (json.dumps(marker, indent=2) + "\n").encode()


def _of_creation(name: str) -> bool:
    """True for what a creation that was cut short can have left."""
    return name in {"archive", "indexes", "ledger", "state"} or (name.startswith(".") and name.endswith(".part"))


def open_archive(archives: Path, name: str, *, damaged: bool = False) -> CollectionPaths:
    """The paths of an archive that exists. With ``damaged``, a marker that cannot be read is no obstacle.

    Raises:
        NotHeldError: there is none of that name.
        BrokenStateError: its marker cannot be read.
        NewerFormatError: it is of a newer format.
    """
    check_collection_name(name)
    paths = CollectionPaths(archives, name)
    if not paths.folder.is_dir():
        near = nearest(name, held) if (held := list_collections(archives)) else "none is held there"
        raise NotHeldError(
            f"no archive {name!r} under {archives}; {near}",
            next_step=f"Run `preserve init {name}`, or name the folder with --archives.",
        )
    try:
        read_marker(paths)
    except BrokenStateError:
        if not damaged:
            raise
    return paths


def read_marker(paths: CollectionPaths) -> dict[str, object]:
    """The format marker's content.

    Raises:
        BrokenStateError: missing, unreadable, or of a format that never was.
        NewerFormatError: of a newer format.
    """
    next_step = f"Run `preserve repair {paths.name} --apply`: the ledger says what is in it."
    try:
        with open_regular(paths.marker) as file:
            marker = json.loads(file.read(_MAX_MARKER_BYTES))
    except FileNotFoundError as error:
        raise BrokenStateError(
            f"{paths.folder} has no {paths.marker.name}: it is no archive of this program, or a damaged one",
            next_step=f"If its making was cut short, run `preserve init {paths.name}` again.",
        ) from error
    except PermissionError as error:
        raise unreadable(str(paths.marker), error) from error
    except (OSError, ValueError, RecursionError) as error:
        raise BrokenStateError(f"{paths.marker} cannot be read: {error}", next_step=next_step) from error
    if not isinstance(marker, dict) or not isinstance(marker.get("format"), int):
        raise BrokenStateError(f"{paths.marker} is no format marker", next_step=next_step)
    if marker["format"] > ARCHIVE_FORMAT:
        raise NewerFormatError(
            f"{paths.folder} has archive format {marker['format']}; this program reads up to {ARCHIVE_FORMAT}",
            next_step="Use a newer version of preserve. Nothing was changed.",
        )
    if marker["format"] < ARCHIVE_FORMAT:
        raise BrokenStateError(
            f"{paths.folder} has archive format {marker['format']}, which no release of this program has written",
            next_step=next_step,
        )
    return marker


def check_readable(paths: CollectionPaths) -> None:
    """Sees that this process may read every file of an archive, for a check that calls what it cannot read damaged.

    Raises:
        EnvironmentFaultError: it may not.
    """
    for folder, folders, files in os.walk(paths.folder):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.exists() and not os.access(path, os.R_OK):
                raise unreadable(str(path), PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def list_collections(archives: Path) -> list[str]:
    """The names of the archives in a folder, sorted."""
    if not archives.is_dir():
        return []
    marks = ("*/preserve.json", "*/ledger")
    return sorted({path.parent.name for mark in marks for path in archives.glob(mark)})
