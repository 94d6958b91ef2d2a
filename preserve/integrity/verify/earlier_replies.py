"""Which replies the ledger has named so far: in memory as far as they are recent, the others in a file of their own.

Memory is flat in their number: a window of hashes, and the cache of a temporary database that SQLite deletes by itself
(sqlite.org, "Temporary Databases").
"""

import sqlite3
from collections.abc import Callable
from typing import Final

from preserve.errors import EnvironmentFaultError

_WINDOW: Final = 1 << 15
"""Replies that are kept in memory: a text is stated right behind its record, a revisit refers to any."""
_CACHE_KIB: Final = 4_096
_SCHEMA: Final = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -{_CACHE_KIB};
CREATE TABLE replies (hash INTEGER PRIMARY KEY) WITHOUT ROWID;
"""


class EarlierReplies:
    """Takes in record ids; one is as good as 64 bits of a hash that nobody outside of this process knows the key of."""

    def __init__(self, window: int = _WINDOW, *, older: Callable[[str], bool] | None = None) -> None:
        """``window``: how many are kept in memory. ``older``: whether a reply was named before the first added."""
        self._before = older
        self._window = window
        self._recent: set[int] = set()
        self._older: sqlite3.Connection | None = None

    def add(self, record_id: str) -> None:
        """One more reply is named.

        Raises:
            EnvironmentFaultError: there is no room for temporary files.
        """
        self._recent.add(hash(record_id))
        if len(self._recent) < self._window:
            return
        try:
            if self._older is None:
                self._older = sqlite3.connect("")
                self._older.executescript(_SCHEMA)
            # Sorted, so that neighbours in the tree are written together.
            rows = ((number,) for number in sorted(self._recent))
            self._older.executemany("INSERT OR IGNORE INTO replies VALUES (?)", rows)
        except sqlite3.DatabaseError as error:
            raise EnvironmentFaultError(
                f"no room for the ids of the records: {error}", next_step="Set TMPDIR to a folder with more room."
            ) from error
        self._recent.clear()

    def __contains__(self, record_id: str) -> bool:
        number = hash(record_id)
        if number in self._recent:
            return True
        if self._older is not None:
            found = self._older.execute("SELECT 1 FROM replies WHERE hash = ?", (number,)).fetchone()
            if found is not None:
                return True
        return self._before is not None and self._before(record_id)

    def close(self) -> None:
        """Gives back the temporary file."""
        self._recent.clear()
        if self._older is not None:
            self._older.close()
            self._older = None
