"""The catalogue's table of mementos: which record is a second-hand capture of which address. Derived, like all of it.

The table is made with the first memento: most collections have none.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

COLUMNS = (
    "uri", "archive", "archive_title", "memento", "requested", "served", "record_id", "verdict", "digest", "held",
)  # fmt: skip
"""Fields of a ``memento`` statement that are kept, behind the statement's index and the address in canonical form."""
TABLE = "mementos"
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


def is_there(database: sqlite3.Connection) -> bool:
    """False where no memento was ever taken in."""
    return database.execute("SELECT 1 FROM sqlite_master WHERE name = 'mementos'").fetchone() is not None


def rows(database: sqlite3.Connection, condition: str, value: str | None) -> Iterator[tuple[object, ...]]:
    """The whole rows for a condition of our own, in the order of asking."""
    if not is_there(database):
        return iter(())
    return iter(
        database.execute(f"SELECT * FROM mementos WHERE {condition} ORDER BY statement", (value,))  # noqa: S608 - as said
    )


def of_row(row: tuple[object, ...]) -> MementoRow:
    """What a whole row says: its second column, the address in canonical form, only finds it."""
    return MementoRow(row[0], *row[2:])  # type: ignore[arg-type] # the columns of the schema, in its types
