"""SQLite as the program uses it: one schema a file, checked by version, write-ahead logging, short waits for locks."""

import os
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from preserve.errors import BrokenStateError, EnvironmentFaultError, LockedError, PreserveError

_BUSY_S = 10.0
_AGAIN_S = 0.01
_STEPS_A_LOOK = 10_000
"""Instructions of SQLite's machine between two looks at the clock: well under a millisecond."""
_SURROUNDINGS = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_NOLFS,
    }
)
_BESIDE = ("-wal", "-shm", "-journal")
_FOREIGN = "SELECT type, name FROM sqlite_master WHERE type NOT IN ('table', 'index') LIMIT 1"
"""What no database of the program has: a view without end in the place of a table, or what answers each write."""
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class UnmadeError(BrokenStateError):
    """A database without a schema, opened for reading: another process is about to make it."""


def database_fault(what: str, error: sqlite3.DatabaseError, *, next_step: str) -> PreserveError:
    """What a failure of SQLite is to a person (sqlite.org, "Result and Error Codes").

    `LockedError`: another process writes to it; `EnvironmentFaultError`: the disk or the rights; `BrokenStateError`:
    the file itself, and ``next_step`` says what helps then.
    """
    message = f"{what} cannot be used: {error}"
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _BUSY:
        return LockedError(message, next_step="Run it again once the other process has ended.")
    if code in _SURROUNDINGS:
        return EnvironmentFaultError(
            message,
            next_step="See whether the disk is full or read-only, and who may write there; then run it again. "
            "Nothing stated is lost.",
        )
    return BrokenStateError(message, next_step=next_step)


def connect(path: Path, *, schema: str, version: int, next_step: str, read_only: bool = False) -> sqlite3.Connection:
    """Opens a database, made with ``schema`` where it is new. Transactions are begun by the caller's first write.

    Through one that is ``read_only`` nothing can be written, whatever the file's rights are.

    ``next_step``: what helps where the file is broken.

    Raises:
        BrokenStateError: it is no database, or of another version of its schema.
        EnvironmentFaultError: the disk or the rights keep it from being used.
        LockedError: another process writes to it, and went on doing so.
        UnmadeError: it is to be read only, and holds nothing yet.
    """
    connection = None
    if not read_only:
        _check_own(path, next_step)
    try:
        connection = _open(path, read_only=read_only)
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        held = connection.execute("PRAGMA user_version").fetchone()[0]
        foreign = connection.execute(_FOREIGN).fetchone()
        if held == 0 and not read_only:
            held = _make(connection, schema, version)
    except sqlite3.DatabaseError as error:
        if connection is not None:
            connection.close()
        raise database_fault(str(path), error, next_step=next_step) from error
    if foreign is not None:
        connection.close()
        raise BrokenStateError(
            f"{path} has the {foreign[0]} {foreign[1]!a:.60}: another hand made it", next_step=next_step
        )
    if held != version:
        connection.close()
        if held == 0:
            raise UnmadeError(f"{path} holds nothing yet", next_step="Run it again.")
        raise BrokenStateError(f"{path} has schema {held}, this program uses {version}", next_step=next_step)
    return connection


def _check_own(path: Path, next_step: str) -> None:
    """Raises `BrokenStateError` where a link lies there, or a file has another name: somebody else's would be written.

    SQLite follows both, and sets its log before it can be asked which schema the file has.
    """
    for end in ("", *_BESIDE):
        one = Path(f"{path}{end}")
        with suppress(OSError):
            about = one.lstat()
            if stat.S_ISLNK(about.st_mode) or (stat.S_ISREG(about.st_mode) and about.st_nlink > 1):
                message = f"{one} is a link, or the file has another name, too: nothing is written through it"
                raise BrokenStateError(message, next_step=next_step)


def begin_snapshot(connection: sqlite3.Connection) -> None:
    """From now on every query sees the database as it is at this moment, whatever others write."""
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def end_snapshot(connection: sqlite3.Connection) -> None:
    """From now on whoever writes may clear the log of what was written since."""
    connection.rollback()


def limit_time(connection: sqlite3.Connection, seconds: float) -> None:
    """From now on a query ends with `sqlite3.OperationalError` ("interrupted") once this time is over."""
    until = time.monotonic() + seconds
    connection.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS_A_LOOK)


def check_sound(connection: sqlite3.Connection, *, next_step: str, indexes: bool = False) -> None:
    """Reads a database through (``PRAGMA quick_check``). ``indexes``: that each has what its table has, too.

    Raises:
        BrokenStateError: it is damaged somewhere.
    """
    try:
        check = "integrity_check" if indexes else "quick_check"
        said = connection.execute(f"PRAGMA {check}(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise database_fault("a database", error, next_step=next_step) from error
    if said != "ok":
        raise BrokenStateError(f"a database is damaged: {said}", next_step=next_step)


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


class _Writing(sqlite3.Connection):
    """A connection that writes. At its end the log is taken into the file, so that who may not write can read it.

    SQLite does so for the last connection alone, and not where that one only reads.
    """

    def close(self) -> None:
        """Closes it; what was not committed is dropped. A log that others are reading stays."""
        with suppress(sqlite3.Error):
            self.rollback()
            self.execute("PRAGMA busy_timeout = 0")
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        super().close()


class _Still(sqlite3.Connection):
    """A file of a folder that cannot be written to, read without locks: nobody is to change it meanwhile."""

    path: Path
    seen: tuple[tuple[int, int, int] | None, ...]

    def has_changed(self) -> bool:
        """Whether somebody wrote since it was opened."""
        return self.seen != _looks(self.path)


def require_still(connection: sqlite3.Connection, what: str) -> None:
    """Raises `LockedError` where a file that is read without locks was written to while it was read."""
    if isinstance(connection, _Still) and connection.has_changed():
        raise LockedError(f"{what} was written to while it was read", next_step="Try again.")


def _looks(path: Path) -> tuple[tuple[int, int, int] | None, ...]:
    found: list[tuple[int, int, int] | None] = []
    for one in (path, log_of(path)):
        try:
            said = one.stat()
        except FileNotFoundError:
            found.append(None)
        else:
            found.append((said.st_ino, said.st_size, said.st_mtime_ns))
    return tuple(found)


def log_of(path: Path) -> Path:
    """Where what was written to a database since lies."""
    return path.with_name(f"{path.name}-wal")


def _open(path: Path, *, read_only: bool) -> sqlite3.Connection:
    if not read_only:
        return _opened(sqlite3.connect(path, timeout=_BUSY_S, factory=_Writing), _set_up)
    base = path.absolute().as_uri()
    try:
        # What only reads may be handed from one thread to another; one at a time has it.
        opened = sqlite3.connect(f"{base}?mode=ro", uri=True, timeout=_BUSY_S, check_same_thread=False)
        return _opened(opened, _look)
    except sqlite3.OperationalError as error:
        # A folder that cannot be written to (a read-only medium) has no room for the shared memory of the log.
        if _is_busy(error) or os.access(path.parent, os.W_OK):
            raise
    seen = _looks(path)
    if seen[1] is not None and seen[1][1]:
        # Without its log the file may be of two times.
        raise EnvironmentFaultError(
            f"{path} has a log that cannot be read, because nothing can be written beside it",
            next_step="Run `preserve list` once as who may write there: it takes the log in.",
        )
    still = sqlite3.connect(f"{base}?immutable=1", uri=True, factory=_Still, check_same_thread=False)
    still.path, still.seen = path, seen
    return still


def _opened(connection: sqlite3.Connection, first_use: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """The connection after its first use, closed where that fails."""
    try:
        first_use(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _look(connection: sqlite3.Connection) -> None:
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _set_up(connection: sqlite3.Connection) -> None:
    """Sets write-ahead logging.

    A new file takes an exclusive lock for it, and SQLite asks no busy handler while two wait for one another there:
    it gives up at once (sqlite.org, "Register A Callback To Handle SQLITE_BUSY Errors"). So the wait is done here.
    """
    until = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > until:
                raise
            time.sleep(_AGAIN_S)
    connection.execute("PRAGMA synchronous = NORMAL")


def _is_busy(error: sqlite3.OperationalError) -> bool:
    """Is somebody else's lock the reason? The lowest byte is the class of an extended code."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
