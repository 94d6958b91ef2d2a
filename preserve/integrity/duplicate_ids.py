"""Which records there are, and which others refer to: so many in memory, the rest on disk; flat in their number.

Tested by ``tests/unit/integrity/test_duplicate_ids.py``.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from preserve.integrity.facts import RecordFacts
from preserve.integrity.record import is_crawlers_own

_MOST_HELD = 32_768
"""Ids and references in memory, some 8 MB: a file of 100 MB rarely has more."""
_ACROSS_FILES = frozenset({"warc-warcinfo-id", "warc-refers-to"})
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE held (id TEXT NOT NULL, file INTEGER NOT NULL, count INTEGER NOT NULL, own INTEGER NOT NULL);
CREATE TABLE wanted (id TEXT NOT NULL, file INTEGER NOT NULL, by TEXT NOT NULL, field TEXT NOT NULL);
"""

_Fault = tuple[int, str, str, str]


class _Held(NamedTuple):
    """The records of one id: the last file that has one, how many they are, whether all are a crawler's own."""

    file: int
    records: int
    are_own: bool


class RecordIds(NamedTuple):
    """Ids of records of one file. ``own``: those in which a crawler speaks of itself; ``others``: all others.

    ``wanted``: what is referred to, by which record, and the field that names it.
    """

    others: list[str]
    own: list[str]
    wanted: list[tuple[str, str, str]]

    @classmethod
    def none(cls) -> "RecordIds":
        """Those of no records."""
        return cls([], [], [])

    def add(self, facts: RecordFacts) -> None:
        """Takes in one record."""
        record_id = facts.record_id
        (self.own if is_crawlers_own(facts) else self.others).append(record_id)
        for name, target in facts.references:
            self.wanted.append((target, record_id, name))

    def settled(self) -> "RecordIds":
        """The same without the references of these records to one another, which most are."""
        held = {*self.others, *self.own}
        return self._replace(wanted=[one for one in self.wanted if one[0] not in held])


class References:
    """Takes in records; says at the end which ids stand twice, and which are referred to and not there."""

    def __init__(self, path: Path, *, most_held: int = _MOST_HELD) -> None:
        """``path``: where a scratch database is made, if it takes one."""
        self._path = path
        self._most = most_held
        self._db: sqlite3.Connection | None = None
        self._held: dict[str, _Held] = {}
        self._wanted: list[tuple[str, int, str, str]] = []

    def add(self, file: int, facts: RecordFacts) -> None:
        """One record of the file with this number; files are taken in rising order."""
        ids = RecordIds.none()
        ids.add(facts)
        self.take(file, ids)

    def take(self, file: int, ids: RecordIds) -> None:
        """Several records of that file."""
        others = dict.fromkeys(ids.others, _Held(file, 1, are_own=False))
        if len(others) == len(ids.others) and self._held.keys().isdisjoint(others):
            # Nearly always so: then nothing is done for each of them.
            self._held.update(others)
        else:
            self._count(file, ids.others, are_own=False)
        self._count(file, ids.own, are_own=True)
        self._wanted += [(target, file, by, name) for target, by, name in ids.wanted]
        if len(self._held) + len(self._wanted) >= self._most:
            self._spill()

    def _count(self, file: int, ids: Iterable[str], *, are_own: bool) -> None:
        for record_id in ids:
            before = self._held.get(record_id, _Held(file, 0, are_own=True))
            self._held[record_id] = _Held(file, before.records + 1, are_own=before.are_own and are_own)

    def _spill(self) -> sqlite3.Connection:
        """Puts on disk what is held. Most references are to a neighbour, and need not be looked up there."""
        if self._db is None:
            self._db = sqlite3.connect(self._path)
            self._db.executescript(_SCHEMA)
        rows = ((record_id, *held) for record_id, held in self._held.items())
        self._db.executemany("INSERT INTO held VALUES (?, ?, ?, ?)", rows)
        self._db.executemany("INSERT INTO wanted VALUES (?, ?, ?, ?)", self._missing())
        self._held.clear()
        self._wanted.clear()
        return self._db

    def _missing(self) -> Iterator[tuple[str, int, str, str]]:
        return (one for one in self._wanted if one[0] not in self._held)

    def faults(self) -> Iterator[_Fault]:
        """File, code, record and detail of each fault."""
        for record_id, file, count, are_own in self._twice():
            # Wget 1.14 gave its list of records and its arguments one id; a warcinfo record may head several files.
            yield file, "I-WARC-SAME-ID" if are_own else "E-WARC-DUPLICATE", record_id, f"it stands {count} times"
        for target, file, by, name in self._unmet():
            # A crawl's files share these; others belong into the file itself.
            code = "I-WARC-REFERENCE" if name.lower() in _ACROSS_FILES else "W-WARC-REFERENCE"
            yield file, code, by, f"{name} names {target}"

    def _twice(self) -> Iterator[tuple[str, int, int, bool]]:
        if self._db is None:
            yield from sorted((record_id, *held) for record_id, held in self._held.items() if held.records > 1)
            return
        self._spill().execute("CREATE INDEX held_id ON held (id)")
        yield from self._db.execute(
            "SELECT id, max(file), sum(count), min(own) FROM held GROUP BY id HAVING sum(count) > 1"
        )

    def _unmet(self) -> Iterator[tuple[str, int, str, str]]:
        if self._db is None:
            yield from self._missing()
            return
        yield from self._db.execute(
            "SELECT id, file, by, field FROM wanted WHERE NOT EXISTS (SELECT 1 FROM held WHERE held.id = wanted.id)"
        )

    def close(self) -> None:
        """Closes the scratch database; its file is the caller's to delete."""
        if self._db is not None:
            self._db.close()
