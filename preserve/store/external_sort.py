"""Rows put in order of their keys without holding them in memory: a private SQLite file that goes when it is closed."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from types import TracebackType
from typing import Self


class ExternalSort:
    """Texts under keys of two parts; each key may stand more than once."""

    def __init__(self) -> None:
        # SQLite keeps an unnamed database in memory while it is small and in a deleted file when it grows.
        self._db = sqlite3.connect("")
        self._db.execute("CREATE TABLE rows (key TEXT NOT NULL, later TEXT NOT NULL, value TEXT NOT NULL)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Takes rows: key, second part of the key, value."""
        self._db.executemany("INSERT INTO rows VALUES (?, ?, ?)", rows)

    def in_order(self) -> Iterator[tuple[str, str, str]]:
        """All rows by key, as bytes compare, then in the order of adding."""
        with closing(self._db.execute("SELECT key, later, value FROM rows ORDER BY key, later, rowid")) as rows:
            yield from rows
