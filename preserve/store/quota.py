"""What web archives were asked, kept over jobs and collections in one file beside the collections. Disposable.

Deleting it loses no evidence; only that a web archive may be asked more than its share of that day.
"""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from preserve.store.database import connect
from preserve.store.durable import make_dir

FILE_NAME = ".web-archives.sqlite"
_SCHEMA = """
CREATE TABLE archives (
    archive TEXT PRIMARY KEY, day TEXT NOT NULL, asked INTEGER NOT NULL, last_asked TEXT, troubles INTEGER NOT NULL,
    last_trouble TEXT, paused_until TEXT
) WITHOUT ROWID;
"""


class QuotaUsage(NamedTuple):
    """How we stand with one web archive. ``asked`` requests on ``day`` (UTC); moments are those of `format_utc`."""

    archive: str
    day: str = ""
    asked: int = 0
    last_asked: str | None = None
    troubles: int = 0
    last_trouble: str | None = None
    paused_until: str | None = None


class Quotas:
    """One open file of standings. Several processes may have it open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    def open(cls, archives: Path) -> Self:
        """The file of a folder of archives; made where there is none.

        Raises:
            BrokenStateError: it cannot be used.
        """
        make_dir(archives)
        path = archives / FILE_NAME
        return cls(connect(path, schema=_SCHEMA, version=1, next_step=f"Delete {path}: no evidence is in it."))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def take(self, archive: str, *, day: str, now: str, most: int) -> bool:
        """Takes one request out of the day's budget, durably, before it is made; false where none is left."""
        with self._db:
            self._db.execute(
                "INSERT OR IGNORE INTO archives (archive, day, asked, troubles) VALUES (?, ?, 0, 0)", (archive, day)
            )
            self._db.execute(
                "UPDATE archives SET day = ?, asked = 0 WHERE archive = ? AND day <> ?", (day, archive, day)
            )
            cursor = self._db.execute(
                "UPDATE archives SET asked = asked + 1, last_asked = ? WHERE archive = ? AND asked < ?",
                (now, archive, most),
            )
            return cursor.rowcount == 1

    def standing(self, archive: str) -> QuotaUsage:
        """How we stand with an archive."""
        row = self._db.execute("SELECT * FROM archives WHERE archive = ?", (archive,)).fetchone()
        return QuotaUsage(archive) if row is None else QuotaUsage(*row)

    def trouble(self, archive: str, troubles: int, last_trouble: str | None, paused_until: str | None) -> None:
        """Keeps what is to be remembered of an archive's troubles."""
        with self._db:
            self._db.execute(
                "UPDATE archives SET troubles = ?, last_trouble = ?, paused_until = ? WHERE archive = ?",
                (troubles, last_trouble, paused_until, archive),
            )
