"""What was seen at addresses that documents cite, from one check to the next: ``ARCHIVES/.looks.sqlite``. Disposable.

It is no evidence: nothing that was seen is kept but that it was seen. It is there so that one failure is not a death.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from preserve.store.database import connect

FILE_NAME = ".looks.sqlite"
_SCHEMA = """
CREATE TABLE looks (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL, date TEXT NOT NULL, sign TEXT NOT NULL, reason TEXT NOT NULL,
    status INTEGER
);
CREATE INDEX looks_url ON looks (url, id);
"""
_MOST_LOOKS = 1_000
"""Looks at one address that are kept, the newest."""


class ProbeRow(NamedTuple):
    """One look at an address: when (UTC), what it says (`replay.link_status.Sign`), why, and the reply's status."""

    url: str
    date: str
    sign: str
    reason: str
    status: int | None


class ProbeTable:
    """The looks that were kept."""

    def __init__(self, archives: Path) -> None:
        path = archives / FILE_NAME
        self._db = connect(path, schema=_SCHEMA, version=1, next_step=f"Delete {path}: no evidence is in it.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def of(self, url: str) -> list[ProbeRow]:
        """Every look at an address that is kept, in order of time."""
        rows = self._db.execute("SELECT url, date, sign, reason, status FROM looks WHERE url = ? ORDER BY id", (url,))
        return [ProbeRow._make(row) for row in rows]

    def add(self, rows: Sequence[ProbeRow]) -> None:
        """Keeps looks; they are durable when this returns."""
        with self._db:
            for row in rows:
                self._db.execute("INSERT INTO looks (url, date, sign, reason, status) VALUES (?, ?, ?, ?, ?)", row)
                self._db.execute(
                    "DELETE FROM looks WHERE url = ? AND id NOT IN "
                    "(SELECT id FROM looks WHERE url = ? ORDER BY id DESC LIMIT ?)",
                    (row.url, row.url, _MOST_LOOKS),
                )
