"""The frontier: which addresses a run has done and which wait, in SQLite. Disposable between runs.

An address is marked done only after its capture is durable; addresses found on a page are saved before that page's
records are made durable. So a killed run finds again everything that it had not finished, and loses no link.
"""

import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from preserve.errors import FormatError
from preserve.formats.urls import canonical
from preserve.model import format_utc
from preserve.store.database import connect
from preserve.store.durable import make_dir
from preserve.store.layout import CollectionPaths

CHALLENGE = "challenge"
"""The outcome of an address that a bot wall answered."""
_VERSION = 1
_SCHEMA = """
CREATE TABLE runs (run TEXT PRIMARY KEY, started TEXT NOT NULL, ended TEXT);
CREATE TABLE targets (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, url TEXT NOT NULL, via TEXT, depth INTEGER NOT NULL,
    hop TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX targets_waiting ON targets (number) WHERE state = 'waiting';
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """The run under way."""

    run_id: str
    started: str
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One address to fetch. ``key``: its canonical form; ``hop``: ``seed`` or ``link``, an R for each redirect."""

    key: str
    url: str
    via: str | None
    depth: int
    hop: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an address ended: ``done``, ``failed`` or ``skipped``, and the reason in one word."""

    key: str
    state: str
    reason: str


class Frontier:
    """One open frontier, for the holder of the collection's lock."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._taken = 0

    @classmethod
    def open(cls, paths: CollectionPaths) -> Self:
        """The collection's frontier; made where there is none."""
        make_dir(paths.state)
        return cls(connect(paths.frontier, schema=_SCHEMA, version=_VERSION))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def start_or_resume_run(self, now: datetime) -> RunInfo:
        """The run that did not end, or a new one with an empty frontier."""
        row = self._db.execute("SELECT run, started FROM runs WHERE ended IS NULL").fetchone()
        if row is not None:
            return RunInfo(run_id=row[0], started=row[1], resumed=True)
        info = RunInfo(run_id=f"urn:uuid:{uuid.uuid4()}", started=format_utc(now), resumed=False)
        self._db.execute("DELETE FROM targets")
        self._db.execute("INSERT INTO runs VALUES (?, ?, NULL)", (info.run_id, info.started))
        self._db.commit()
        return info

    def add(self, url: str, *, via: str | None, depth: int, hop: str) -> None:
        """Adds an address, unless it is there already. Durable after `save`."""
        try:
            key = canonical(url)
        except FormatError:
            return
        self._db.execute(
            "INSERT OR IGNORE INTO targets (key, url, via, depth, hop) VALUES (?, ?, ?, ?, ?)",
            (key, url, via, depth, hop),
        )

    def save(self) -> None:
        """Makes the added addresses durable."""
        self._db.commit()

    def next_target(self) -> Target | None:
        """The next address in order of finding; None where none waits. Each is given out once."""
        row = self._db.execute(
            "SELECT number, key, url, via, depth, hop FROM targets WHERE state = 'waiting' AND number > ? "
            "ORDER BY number LIMIT 1",
            (self._taken,),
        ).fetchone()
        if row is None:
            return None
        self._taken, key, url, via, depth, hop = row
        return Target(key=key, url=url, via=via, depth=depth, hop=hop)

    def mark(self, outcomes: Sequence[Outcome]) -> None:
        """Marks addresses as ended, durably. Called when their captures are durable, never before."""
        self._db.executemany(
            "UPDATE targets SET state = ?, reason = ? WHERE key = ?", [(o.state, o.reason, o.key) for o in outcomes]
        )
        self._db.commit()

    def settle(self, replies: Sequence[tuple[str, int | None, str | None]]) -> None:
        """Marks as done what is captured but was not yet marked when the process died."""
        outcomes = []
        for url, status, challenge in replies:
            try:
                key = canonical(url)
            except FormatError:
                continue
            # A reply without a status is a revisit by the server's word, or one that could not be read.
            reason = "captured" if status is None else f"http-{status}"
            reason = reason if challenge is None else CHALLENGE
            outcomes.append((reason, key))
        self._db.executemany(
            "UPDATE targets SET state = 'done', reason = ? WHERE key = ? AND state = 'waiting'", outcomes
        )
        self._db.commit()

    def waiting(self) -> int:
        """How many addresses wait, those given out and not yet marked not counted."""
        row = self._db.execute(
            "SELECT count(*) FROM targets WHERE state = 'waiting' AND number > ?", (self._taken,)
        ).fetchone()
        return int(row[0])

    def counts(self) -> dict[str, int]:
        """Number of addresses by how they ended."""
        return {
            str(state): int(count)
            for state, count in self._db.execute("SELECT state, count(*) FROM targets GROUP BY state ORDER BY state")
        }

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Address, state and reason of everything that is not a full reply, in order of finding."""
        yield from self._db.execute(
            "SELECT url, state, reason FROM targets WHERE state IN ('failed', 'skipped') "
            "OR (state = 'done' AND reason NOT LIKE 'http-2%' AND reason NOT LIKE 'http-3%' AND reason <> 'captured') "
            "ORDER BY number"
        )

    def end_run(self, now: datetime) -> None:
        """Ends the run: the next one begins anew."""
        self._db.execute("UPDATE runs SET ended = ? WHERE ended IS NULL", (format_utc(now),))
        self._db.commit()
