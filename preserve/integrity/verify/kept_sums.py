"""What an earlier check by seals worked out from bytes of catalogue, index and ledger, kept beside the key (ADR 32).

Sums over all rows and all lines are a function of the bytes of two files, and cost more than the SHA-256 of these. So
what was worked out is kept with that SHA-256; where it is the same now, so is the sum. What a sum must be is stated in
the ledger (`preserve.integrity.verify.settled`), and is not kept.

Tested by ``tests/scenarios/test_verify_by_seals.py``.
"""

import hashlib
from pathlib import Path
from typing import BinaryIO

import msgspec

from preserve import PROGRAM
from preserve.integrity.verify.kept_bundles import KeptBundle, KeptBundles
from preserve.integrity.verify.report import CHECK
from preserve.provenance.installation import Installation
from preserve.regular import FileIdentity, open_regular
from preserve.store.database import log_of

_PIECE_BYTES = 1 << 18
_RULES = f"{PROGRAM}, check {CHECK}"


def sha256_of(file: BinaryIO) -> str:
    """Of what is left of an open file, in hexadecimal digits."""
    digest = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()


class KeptRows(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of a catalogue of these bytes: the rows of statements below ``size``, behind which it has none.

    ``rows_sha256`` over the rows, ``looks`` how many of them are looks, ``dates`` of each run and file: run, file,
    first and last date.
    """

    sha256: str
    size: int
    rows_sha256: str
    looks: int
    dates: tuple[tuple[str, str, str, str], ...]


class KeptLines(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of an index of these bytes, whose lines are in order: their number and the sum of their SHA-256."""

    sha256: str
    count: int
    sum: str


class KeptMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it, as ``rules``, program and version of the check, gave it. ``bundles``: from the first on."""

    rules: str
    rows: KeptRows
    lines: KeptLines
    bundles: tuple[KeptBundle, ...]


class KeptSums:
    """``rows``, ``lines`` and ``bundles``: what was kept, until a check puts what it works out in their place."""

    def __init__(self, collection: str | None) -> None:
        """Of a collection of this installation; None: nothing is kept."""
        self._installation = None if collection is None else Installation.of_user(collection)
        mark = None if self._installation is None else self._installation.derived_mark(KeptMark)
        self._mark = mark if mark is not None and mark.rules == _RULES else None
        self.rows = None if self._mark is None else self._mark.rows
        self.lines = None if self._mark is None else self._mark.lines
        self.bundles = KeptBundles(() if self._mark is None else self._mark.bundles, keeps=collection is not None)

    def keep(self) -> None:
        """Keeps what is known now. For a check that found nothing."""
        if self._installation is None or self.rows is None or self.lines is None:
            return
        mark = KeptMark(rules=_RULES, rows=self.rows, lines=self.lines, bundles=self.bundles.listed())
        if mark != self._mark:
            self._installation.write_derived_mark(mark)


class DatabaseFile:
    """A database as a file. Made before it is opened, so that what is opened and what is hashed are one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = FileIdentity.of(path)

    @property
    def is_as_it_was(self) -> bool:
        """Whether it is the same file still, unchanged, and all that was written to it is in it."""
        beside = (log_of(self._path), self._path.with_name(f"{self._path.name}-journal"))
        is_whole = all(found is None or not found.size for found in map(FileIdentity.of, beside))
        return is_whole and self._identity is not None and FileIdentity.of(self._path) == self._identity

    def sha256(self) -> str:
        """Of its bytes, in hexadecimal digits; empty where they are not all that the database is, or cannot be read."""
        try:
            with open_regular(self._path) as file:
                # Through a link, another file may be opened than the one that was looked at.
                if FileIdentity.of_open(file) != self._identity:
                    return ""
                found = sha256_of(file)
        except OSError:
            return ""
        return found if self.is_as_it_was else ""
