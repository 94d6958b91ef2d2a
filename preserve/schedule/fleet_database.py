"""The database of a fleet: PostgreSQL for many machines, SQLite for several processes of one.

Statements are written once, with ``?`` for values and ``preserve_now()`` for the time in seconds since 1970: the clock
of the database, and no other, says when a lease ends.

Tested by ``tests/unit/schedule/test_leases.py``.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from preserve.errors import EnvironmentFaultError, NetworkError, UsageError, install_step

Execute = Callable[[str, Sequence[object]], list[Any]]
"""Runs a statement in a transaction; its rows."""
_CONNECT_S = 10.0
_IDLE_S = 90.0
"""How long a transaction may say nothing: a machine that stands still, or is gone, would lock its row for hours."""
_SCHEMA = (
    """
    CREATE TABLE preserve_lease (name TEXT PRIMARY KEY, store TEXT NOT NULL, holder TEXT NOT NULL,
        epoch BIGINT NOT NULL, until DOUBLE PRECISION NOT NULL,
        head_size BIGINT NOT NULL, head_root TEXT NOT NULL, head_epoch BIGINT NOT NULL)
    """,
    "CREATE TABLE preserve_job (name TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (name, kind))",
    """
    CREATE TABLE preserve_host (host TEXT PRIMARY KEY, name TEXT NOT NULL, epoch BIGINT NOT NULL,
        next_at DOUBLE PRECISION NOT NULL)
    """,
)
_NOW = (
    "CREATE FUNCTION preserve_now() RETURNS double precision LANGUAGE sql VOLATILE"
    " AS 'SELECT extract(epoch FROM clock_timestamp())::double precision'"
)
_LOCK_NUMBER = 0x70726573
"""Of the advisory lock under which the tables are made."""
_NEXT = "See whether the server runs, and what it says in its log; the password is not shown here."


class FleetDatabase(Protocol):
    """Where leases and due tables are. ``name`` is what messages call it: no password is in it."""

    name: str

    def change(self) -> AbstractContextManager[Execute]:
        """A transaction: all of it, or, where an error leaves it, nothing.

        Raises:
            NetworkError: the database does not answer; what was asked for may have been done.
            EnvironmentFaultError: it refuses.
        """
        ...


class SqliteDatabase:
    """A file. Its clock is this machine's."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.name = f"sqlite://{path}"
        self._path = path
        self._clock = clock

    @contextmanager
    def change(self) -> Iterator[Execute]:
        """See `FleetDatabase`."""
        try:
            with closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as connection:
                connection.create_function("preserve_now", 0, self._clock)
                connection.execute("BEGIN IMMEDIATE")
                if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'preserve_lease'").fetchone():
                    for statement in _SCHEMA:
                        connection.execute(statement)
                yield lambda sql, values: connection.execute(
                    sql.replace(" FOR UPDATE SKIP LOCKED", "").replace(" FOR UPDATE", ""), values
                ).fetchall()
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise EnvironmentFaultError(
                f"{self.name}: {error}", next_step="See whether the disk is full, and who may write there."
            ) from error


class PostgresDatabase:
    """A server. Each transaction has a connection of its own, so that none is found dead when it is needed."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            self._port = parts.port or 5432
        except ValueError:
            # Not repeated, nor what Python says of it: see below.
            parts, self._port = urlsplit(""), 0
        self._host, self._user = parts.hostname or "", unquote(parts.username or "")
        self._password = unquote(parts.password) if parts.password is not None else None
        self._database = unquote(parts.path.strip("/"))
        is_whole = self._host and self._user and self._database and self._port
        if not is_whole or parts.fragment or parts.query not in ("", "sslmode=require"):
            # Not repeated: a secret may be in it.
            raise UsageError(
                "--fleet names no database",
                next_step="Write postgresql://USER@HOST:PORT/DATABASE, and the password into PGPASSWORD.",
            )
        self._is_private = bool(parts.query)
        self.name = f"postgresql://{self._user}@{self._host}:{self._port}/{self._database}"
        self._is_made = False

    @contextmanager
    def change(self) -> Iterator[Execute]:
        """See `FleetDatabase`."""
        dbapi = _driver()
        with self._told(dbapi):
            connection = self._connected(dbapi)
        try:
            cursor = connection.cursor()

            def execute(sql: str, values: Sequence[object]) -> list[Any]:
                with self._told(dbapi):
                    cursor.execute(sql.replace("?", "%s"), tuple(values))
                    return list(cursor.fetchall()) if cursor.description else []

            execute(f"SET LOCAL idle_in_transaction_session_timeout = {int(_IDLE_S * 1000)}", ())
            self._make(execute)
            # What fails in here is the caller's, unless `execute` says otherwise.
            yield execute
            with self._told(dbapi):
                connection.commit()
        finally:
            # What was not committed is undone by that, whether it is heard or not.
            with suppress(dbapi.Error, OSError):
                connection.close()

    @contextmanager
    def _told(self, dbapi: Any) -> Iterator[None]:  # noqa: ANN401 - the driver has no types
        """What the driver raises, in this program's words: neither password nor values are in them."""
        try:
            yield
        except dbapi.DatabaseError as error:
            told = error.args[0].get("C", "") if error.args and isinstance(error.args[0], dict) else ""
            if told.startswith(("57", "08", "53", "40", "55", "25P03")) or not told:
                raise self._unanswered(told) from None
            raise EnvironmentFaultError(f"{self.name} refuses: SQLSTATE {told}", next_step=_NEXT) from None
        except (dbapi.InterfaceError, OSError):
            raise self._unanswered() from None

    def _connected(self, dbapi: Any) -> Any:  # noqa: ANN401 - the driver has no types
        import os  # noqa: PLC0415
        import ssl  # noqa: PLC0415

        return dbapi.connect(
            self._user,
            host=self._host,
            port=self._port,
            database=self._database,
            password=self._password if self._password is not None else os.environ.get("PGPASSWORD"),
            timeout=_CONNECT_S,
            ssl_context=ssl.create_default_context() if self._is_private else None,
            application_name="preserve",
        )

    def _make(self, execute: Execute) -> None:
        """The tables, where there are none: under a lock, for machines may begin together."""
        if self._is_made:
            return
        execute("SELECT pg_advisory_xact_lock(?)", (_LOCK_NUMBER,))
        if execute("SELECT to_regclass('preserve_lease') IS NULL", ())[0][0]:
            for statement in (_NOW, *_SCHEMA):
                execute(statement, ())
        else:
            self._is_made = True

    def _unanswered(self, told: str = "") -> NetworkError:
        return NetworkError(
            f"{self.name} does not answer{f': SQLSTATE {told}' if told else ''}",
            next_step=f"{_NEXT} It is tried again.",
        )


def open_database(url: str) -> FleetDatabase:
    """The database of a fleet by its address; nothing is asked of it yet.

    Raises:
        UsageError: it is no such address.
    """
    if url.startswith("sqlite:///"):
        return SqliteDatabase(Path(unquote(url.removeprefix("sqlite://"))))
    if url.startswith(("postgresql://", "postgres://")):
        return PostgresDatabase(url)
    raise UsageError(
        "--fleet names no database", next_step="Write postgresql://USER@HOST:PORT/DATABASE, or sqlite:///FILE."
    )


def _driver() -> Any:  # noqa: ANN401 - it has no types
    try:
        from pg8000 import dbapi  # noqa: PLC0415 - of an extra
    except ImportError as error:
        raise EnvironmentFaultError(
            "a fleet needs pg8000, which is not installed", next_step=install_step("fleet")
        ) from error
    return dbapi
