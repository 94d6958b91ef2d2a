"""Opening the files of archives: in their folder, or where somebody else keeps them.

Of a collection in object storage only the small files lie in a folder of this machine. Who made that folder says here
how its archive is read, and all that reads records comes through here.

Tested by ``tests/scenarios/test_read_objects.py``.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from preserve.errors import FormatError
from preserve.regular import FileIdentity, open_regular, read_regular
from preserve.store.layout import CollectionPaths, check_file_name, name_when_sealed

OpenElsewhere = Callable[[str, str, bool], BinaryIO]
"""Opens a file by the names of its collection and its own; True: it will be read from its beginning on. Raises
FileNotFoundError where there is none, NetworkError where that cannot be told.
"""
_ELSEWHERE: dict[Path, OpenElsewhere] = {}


def keep_elsewhere(root: Path, open_file: OpenElsewhere) -> None:
    """From now on, in this process, the archives of the collections in a folder are read in this way."""
    _ELSEWHERE[root] = open_file


def is_elsewhere(paths: CollectionPaths) -> bool:
    """Whether the archive of a collection is not in its folder."""
    return paths.root in _ELSEWHERE


def note_misplaced(paths: CollectionPaths, name: str) -> None:
    """Notes of a file of an archive that lies elsewhere that its records are not where the catalogue has them."""
    with suppress(OSError), paths.misplaced.open("a", encoding="ascii") as file:
        file.write(f"{name}\n")


def take_misplaced(paths: CollectionPaths) -> frozenset[str]:
    """The files of which that was noted; the note is gone then. The caller holds the collection's lock."""
    try:
        lines = read_regular(paths.misplaced).decode("ascii", "replace").splitlines()
        paths.misplaced.unlink()
    except OSError:
        return frozenset()
    names = set()
    for line in lines:
        with suppress(FormatError):
            names.add(check_file_name(line))
    return frozenset(names)


def open_written(path: Path) -> BinaryIO:
    """Opens a file of an archive's folder: one that was being written when it was looked for may be sealed by now.

    Raises:
        OSError: it cannot be opened.
    """
    try:
        return open_regular(path)
    except FileNotFoundError:
        sealed = name_when_sealed(path.name)
        if sealed == path.name:
            raise
        return open_regular(path.with_name(sealed))


def archive_bytes(paths: CollectionPaths) -> int:
    """Bytes of the files in an archive's folder, as far as they keep their names meanwhile."""
    found = (FileIdentity.of(path) for path in paths.archive.iterdir()) if paths.archive.is_dir() else ()
    return sum(identity.size for identity in found if identity is not None)


def open_held(paths: CollectionPaths, name: str, *, is_whole: bool = False) -> BinaryIO:
    """Opens a file of the archive, by a checked name. ``is_whole``: it will be read from its beginning on.

    Raises:
        OSError: it cannot be opened.
        NetworkError: it lies elsewhere, and cannot be reached.
    """
    open_file = _ELSEWHERE.get(paths.root)
    if open_file is None:
        return open_written(paths.held_file(name))
    return open_file(paths.name, name, is_whole)
