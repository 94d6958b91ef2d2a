"""Which records there are, and which others refer to: kept on disk, so that the memory is flat in their number."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

_BATCH = 2_000
_ACROSS_FILES = frozenset({"warc-warcinfo-id", "warc-refers-to"})
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE held (id TEXT NOT NULL, file INTEGER NOT NULL);
CREATE TABLE wanted (id TEXT NOT NULL, file INTEGER NOT NULL, by TEXT NOT NULL, field TEXT NOT NULL);
"""


class References:
    """Takes in records; says at the end which ids stand twice, and which are referred to and not there."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        self._db.executescript(_SCHEMA)
        self._held: list[tuple[str, int]] = []
        self._wanted: list[tuple[str, int, str, str]] = []

    def add(self, file: int, record_id: str, references: Sequence[tuple[str, str]]) -> None:
        """One record of the file with this number."""
        self._held.append((record_id, file))
        for name, target in references:
            self._wanted.append((target, file, record_id, name))
        if len(self._held) + len(self._wanted) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        self._db.executemany("INSERT INTO held VALUES (?, ?)", self._held)
        self._db.executemany("INSERT INTO wanted VALUES (?, ?, ?, ?)", self._wanted)
        self._held.clear()
        self._wanted.clear()

    def faults(self) -> Iterator[tuple[int, str, str, str]]:
        """File, code, record and detail of each fault."""
        self._flush()
        self._db.execute("CREATE INDEX held_id ON held (id)")
        for record_id, file, count in self._db.execute(
            "SELECT id, max(file), count(*) FROM held GROUP BY id HAVING count(*) > 1"
        ):
            yield file, "E-WARC-DUPLICATE", record_id, f"it stands {count} times"
        for target, file, by, name in self._db.execute(
            "SELECT id, file, by, field FROM wanted WHERE NOT EXISTS (SELECT 1 FROM held WHERE held.id = wanted.id)"
        ):
            # A crawl's files share these; others belong into the file itself.
            code = "I-WARC-REFERENCE" if name.lower() in _ACROSS_FILES else "W-WARC-REFERENCE"
            yield file, code, by, f"{name} names {target}"

    def close(self) -> None:
        """Closes the scratch database; its file is the caller's to delete."""
        self._db.close()
