"""SQLite as the program uses it: one schema a file, checked by version, write-ahead logging, short waits for locks."""

import sqlite3
from pathlib import Path

from preserve.errors import ArchiveError

_BUSY_MS = 10_000


class UnmadeError(ArchiveError):
    """A database without a schema, opened for reading: another process is about to make it."""


def connect(path: Path, *, schema: str, version: int, read_only: bool = False) -> sqlite3.Connection:
    """Opens a database, made with ``schema`` where it is new. Transactions are begun by the caller's first write.

    Raises:
        ArchiveError: it is no database, or of another version of its schema; it is derived, so rebuilding mends it.
        UnmadeError: it is to be read only, and holds nothing yet.
    """
    try:
        connection = _open(path, read_only=read_only)
        held = connection.execute("PRAGMA user_version").fetchone()[0]
        if held == 0 and not read_only:
            held = _make(connection, schema, version)
    except sqlite3.DatabaseError as error:
        raise ArchiveError(
            f"{path} cannot be used: {error}",
            next_step="Delete it; `preserve rebuild COLLECTION` makes what is derived again.",
        ) from error
    if held != version:
        connection.close()
        if held == 0:
            raise UnmadeError(f"{path} holds nothing yet", next_step="Run it again.")
        raise ArchiveError(
            f"{path} has schema {held}, this program uses {version}",
            next_step="Run `preserve rebuild COLLECTION`.",
        )
    return connection


def _make(connection: sqlite3.Connection, schema: str, version: int) -> int:
    """Makes the tables, unless another process has just made them; the version that is there then."""
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {schema}; PRAGMA user_version = {version:d}; COMMIT;")
    except sqlite3.OperationalError:
        connection.rollback()
        held = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if held == 0:
            raise
        return held
    return version


def _open(path: Path, *, read_only: bool) -> sqlite3.Connection:
    if not read_only:
        connection = sqlite3.connect(path, timeout=_BUSY_MS / 1000)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection
    base = path.absolute().as_uri()
    connection = sqlite3.connect(f"{base}?mode=ro", uri=True, timeout=_BUSY_MS / 1000)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        # A folder that cannot be written to (a read-only medium) has no room for the shared memory of the log.
        connection.close()
        connection = sqlite3.connect(f"{base}?immutable=1", uri=True)
    return connection
