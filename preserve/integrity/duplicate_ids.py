"""Which records there are, and which others refer to: kept on disk, so that the memory is flat in their number."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from preserve.integrity.record import RecordFacts, is_crawlers_own

_BATCH = 2_000
_ACROSS_FILES = frozenset({"warc-warcinfo-id", "warc-refers-to"})
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE held (id TEXT NOT NULL, file INTEGER NOT NULL, own INTEGER NOT NULL);
CREATE TABLE wanted (id TEXT NOT NULL, file INTEGER NOT NULL, by TEXT NOT NULL, field TEXT NOT NULL);
"""


class References:
    """Takes in records; says at the end which ids stand twice, and which are referred to and not there."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        self._db.executescript(_SCHEMA)
        self._held: list[tuple[str, int, bool]] = []
        self._wanted: list[tuple[str, int, str, str]] = []

    def add(self, file: int, facts: RecordFacts) -> None:
        """One record of the file with this number."""
        self._held.append((facts.record_id, file, is_crawlers_own(facts)))
        for name, target in facts.references:
            self._wanted.append((target, file, facts.record_id, name))
        if len(self._held) + len(self._wanted) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        self._db.executemany("INSERT INTO held VALUES (?, ?, ?)", self._held)
        self._db.executemany("INSERT INTO wanted VALUES (?, ?, ?, ?)", self._wanted)
        self._held.clear()
        self._wanted.clear()

    def faults(self) -> Iterator[tuple[int, str, str, str]]:
        """File, code, record and detail of each fault."""
        self._flush()
        self._db.execute("CREATE INDEX held_id ON held (id)")
        for record_id, file, count, are_own in self._db.execute(
            "SELECT id, max(file), count(*), min(own) FROM held GROUP BY id HAVING count(*) > 1"
        ):
            # Wget 1.14 gave its list of records and its arguments one id; a warcinfo record may head several files.
            yield file, "I-WARC-SAME-ID" if are_own else "E-WARC-DUPLICATE", record_id, f"it stands {count} times"
        for target, file, by, name in self._db.execute(
            "SELECT id, file, by, field FROM wanted WHERE NOT EXISTS (SELECT 1 FROM held WHERE held.id = wanted.id)"
        ):
            # A crawl's files share these; others belong into the file itself.
            code = "I-WARC-REFERENCE" if name.lower() in _ACROSS_FILES else "W-WARC-REFERENCE"
            yield file, code, by, f"{name} names {target}"

    def close(self) -> None:
        """Closes the scratch database; its file is the caller's to delete."""
        self._db.close()
