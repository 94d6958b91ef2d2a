"""The catalogue's table of mementos: which record is a second-hand capture of which address. Derived, like all of it.

The table is made with the first memento: most collections have none.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

COLUMNS = (
    "uri", "archive", "archive_title", "memento", "requested", "served", "record_id", "verdict", "digest", "held",
)  # fmt: skip
"""Fields of a ``memento`` statement that are kept, behind the statement's index and the address in canonical form."""
_TABLE = """
CREATE TABLE IF NOT EXISTS mementos (
    statement INTEGER PRIMARY KEY, canonical TEXT, uri TEXT NOT NULL, archive TEXT NOT NULL,
    archive_title TEXT NOT NULL, memento TEXT NOT NULL, requested TEXT NOT NULL, served TEXT, record_id TEXT,
    verdict TEXT NOT NULL, digest TEXT NOT NULL, held TEXT NOT NULL
)
"""
_SCHEMA = (
    _TABLE,
    "CREATE INDEX IF NOT EXISTS mementos_canonical ON mementos (canonical)",
    "CREATE INDEX IF NOT EXISTS mementos_record ON mementos (record_id)",
)


class MementoRow(NamedTuple):
    """A memento that was asked of a web archive (``docs/formats/ledger.md``): what it said, and what came of it."""

    statement: int
    uri: str
    archive: str
    archive_title: str
    memento: str
    requested: str
    served: str | None
    record_id: str | None
    verdict: str
    digest: str
    held: str


def keep(database: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    """Takes in rows: statement, canonical address, and the values of `COLUMNS`. Again, it changes nothing."""
    if not rows:
        return
    for command in _SCHEMA:
        database.execute(command)
    marks = ", ".join("?" * (len(COLUMNS) + 2))
    database.executemany(f"INSERT OR REPLACE INTO mementos VALUES ({marks})", rows)  # noqa: S608 - marks only


def of_url(database: sqlite3.Connection, canonical: str | None) -> list[MementoRow]:
    """Every memento of an address in canonical form, in the order of asking."""
    return _read(database, "canonical = ?", canonical)


def of_record(database: sqlite3.Connection, record_id: str) -> MementoRow | None:
    """What a record is a memento of; None where it is none."""
    return next(iter(_read(database, "record_id = ?", record_id)), None)


def _read(database: sqlite3.Connection, condition: str, value: str | None) -> list[MementoRow]:
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'mementos'").fetchone() is None:
        return []
    columns = ", ".join(("statement", *COLUMNS))
    rows = database.execute(
        f"SELECT {columns} FROM mementos WHERE {condition} ORDER BY statement",  # noqa: S608 - names of our own
        (value,),
    )
    return [MementoRow(*row) for row in rows]
