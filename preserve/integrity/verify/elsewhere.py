"""Files that are read by other processes: what they found stands in for reading them here.

The check is the same, and so is what it reports: it takes the rows of each file from there.

Tested by ``tests/scenarios/test_verify_on.py``.
"""

import errno
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from preserve.errors import PreserveError
from preserve.integrity.record import RecordQuery
from preserve.integrity.scan import FileHashes, ScannedRecord, Scanner
from preserve.integrity.verify.fetched import FetchedFiles
from preserve.objects.spool import fetch_object
from preserve.store.copying import Hashed


class FoundFile(NamedTuple):
    """What was found of a file as a whole. ``hashed`` None: ``reason`` says why nothing is known of it.

    ``is_damage``: the file is there and its disk does not give it.
    """

    hashed: Hashed | None
    reason: str = ""
    is_damage: bool = False


class FileReadings(Protocol):
    """Reads files elsewhere."""

    def expect(self, paths: Sequence[Path], wanted: RecordQuery | None) -> None:
        """Tells of all files that will be asked for; none is read before the first is. ``wanted`` None: no record."""
        ...

    def found(self, path: Path) -> FoundFile:
        """What was found of a file; waits for it."""
        ...

    def rows(self, path: Path) -> Iterator[ScannedRecord]:
        """The records of a file of which something was found."""
        ...


class ElsewhereHashes(FileHashes):
    """What was found of each file. ``files``: where they are fetched from, where that is a store."""

    def __init__(self, scanner: Scanner, readings: FileReadings, files: FetchedFiles | None) -> None:
        super().__init__(scanner)
        self._readings = readings
        self._files = files
        self._found: dict[str, FoundFile] = {}
        self._open: dict[str, bool] = {}
        """By the name of each file that is read for its records: whether it was fetched."""

    def begin(self, path: Path) -> None:
        """Waits for what is found of a file; why nothing was is noted in ``unread``."""
        if path.name in self._found:
            return
        found = self._found[path.name] = self._readings.found(path)
        if found.hashed is not None:
            self.begun_bytes += found.hashed.size
        elif not found.is_damage:
            self.unread[path.name] = found.reason

    def rows(self, path: Path, found: Iterator[ScannedRecord]) -> Iterator[ScannedRecord]:  # noqa: ARG002 - it is not read here
        """The records of a file, as they were found there."""
        self._open[path.name] = False
        yield from self._readings.rows(path)
        if self._open.pop(path.name):
            with suppress(OSError):
                path.write_bytes(b"")

    def need(self, path: Path) -> None:
        """Fetches a file of a store again, while its records are read: one of them is to be looked at here."""
        if self._files is None or self._open.get(path.name) is not False:
            return
        with suppress(PreserveError, OSError):
            fetch_object(self._files.store, self._files.key(path), path)
            self._open[path.name] = True

    @property
    def names(self) -> frozenset[str]:
        """The files that were begun."""
        return frozenset(self._found)

    def of(self, name: str) -> Hashed:
        """The hash of one of them.

        Raises:
            OSError: it could not be read.
        """
        found = self._found[name]
        if found.hashed is None:
            raise OSError(errno.EIO, found.reason)
        return found.hashed
