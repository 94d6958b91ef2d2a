"""The frontier: which addresses a run has done and which wait, and how hosts are to be treated, in SQLite.

An address is marked done only after its capture is durable; addresses found on a page are saved before that page's
records are made durable. So a killed run finds again everything that it had not finished, and loses no link. Targets
are disposable between runs; what is remembered of hosts is not.

Which addresses there were and how they ended is stated in the log when the run ends, and the file lies in the archive's
folder: what is read back of a run that did not end counts only with its MAC (ADR 0018). An address without is dropped;
one whose end is without is asked again.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Self

from preserve.crawler.outcomes import DONE, NOT_DUE, RETRY, TRAP_SESSION, AddressOutcome, reason_of_reply, state_of
from preserve.crawler.pace import HostState
from preserve.errors import ArchiveError, BrokenStateError, FormatError
from preserve.formats.urls import canonical, host_name, resolve, without_session
from preserve.model import format_utc, new_uuid, parse_utc
from preserve.store.database import check_sound, connect
from preserve.store.durable import make_dir, remove_database
from preserve.store.layout import CollectionPaths

MacOf = Callable[..., bytes]
"""Gives the MAC of texts, for what is kept in the archive's folder between two runs."""
_VERSION = 4
SEED = "seed"
"""How an address was found that a run begins at."""
_WRITTEN = "written"
"""State of an address whose links are saved and whose capture is about to be."""
_LATE = "late"
"""State of an address that waits until all others have ended."""
_SCHEMA = """
CREATE TABLE runs (run TEXT PRIMARY KEY, started TEXT NOT NULL, ended TEXT, mac BLOB NOT NULL, all_mac BLOB);
CREATE TABLE targets (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, url TEXT NOT NULL, host TEXT NOT NULL, via TEXT,
    depth INTEGER NOT NULL, hop TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting', reason TEXT NOT NULL DEFAULT '', found_mac BLOB, ended_mac BLOB
);
CREATE INDEX targets_waiting ON targets (host, number) WHERE state = 'waiting';
CREATE TABLE refused (url TEXT PRIMARY KEY, reason TEXT NOT NULL, mac BLOB) WITHOUT ROWID;
CREATE TABLE hosts (
    host TEXT PRIMARY KEY, troubles INTEGER NOT NULL, last_trouble TEXT, paused_until TEXT
) WITHOUT ROWID;
"""


_ADD = (
    "INSERT OR IGNORE INTO targets (key, url, host, via, depth, hop, found_mac, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_SEEN = "CREATE TEMP TABLE IF NOT EXISTS seen (number INTEGER PRIMARY KEY, seen TEXT NOT NULL)"
_LEFT_OUT = "url NOT IN (SELECT url FROM targets)"
"""An address that was refused may be taken after all, where another way leads to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """The run under way."""

    run_id: str
    started: str
    resumed: bool


class FrontierTarget(NamedTuple):
    """One address to fetch. ``hop``: how it was found (``docs/formats/archive.md``); ``tries``: how often it failed.

    ``trouble``: why it failed last in this run, or nothing.
    """

    number: int
    url: str
    host: str
    via: str | None
    depth: int
    hop: str
    tries: int
    trouble: str = ""


class FoundAddress(NamedTuple):
    """An address that was found: ``key`` is its canonical form without session ids, ``host`` its host."""

    key: str
    url: str
    host: str
    via: str | None
    depth: int
    hop: str

    @classmethod
    def of(cls, url: str, *, via: str | None, depth: int, hop: str) -> Self:
        """An address with its keys.

        Raises:
            FormatError: no http or https address.
        """
        return cls(_key(url), url, host_name(url), via, depth, hop)

    @classmethod
    def seeds(cls, urls: Iterable[str]) -> "list[FoundAddress]":
        """Addresses to begin at, as browsers ask for them. All are taken, also those that differ by a session id only.

        Raises:
            FormatError: one is no http or https address.
        """
        found: dict[str, FoundAddress] = {}
        for url in urls:
            seed = cls.of(resolve(url, "") or url, via=None, depth=0, hop=SEED)
            known = found.setdefault(seed.key, seed)
            if known.url != seed.url:
                seed = seed._replace(key=canonical(seed.url))
                found.setdefault(seed.key, seed)
        return list(found.values())


class EndedAddress(NamedTuple):
    """How an address has ended so far."""

    number: int
    url: str
    state: str
    reason: str


def _key(url: str) -> str:
    return canonical(without_session(url))


class Frontier:
    """One open frontier, for the holder of the collection's lock."""

    def __init__(self, connection: sqlite3.Connection, mac_of: MacOf) -> None:
        self._db = connection
        self._mac_of = mac_of
        self._run = ""
        self._all = _All()
        self._grown = False
        """True where the MAC over all addresses is not that of all addresses any more."""
        self._waiting: dict[str, int] = {}
        """By host: addresses that wait and were not given out."""
        self._taken: dict[str, int] = {}
        """By host: the number of the last address given out."""
        self._total = 0
        self._waiting_total = 0
        self._put_off: dict[str, int] = {}

    @classmethod
    def open(cls, paths: CollectionPaths, mac_of: MacOf) -> Self:
        """The collection's frontier; made where there is none. ``mac_of`` is `WritingSession.mac_of`.

        Raises:
            BrokenStateError: it cannot be used.
        """
        make_dir(paths.state)
        return cls(_connect(paths), mac_of)

    @classmethod
    def open_sound(cls, paths: CollectionPaths, mac_of: MacOf) -> Self:
        """The same for the beginning of a run. A file that is broken is deleted: a run of its own is begun then."""
        try:
            frontier = cls.open(paths, mac_of)
        except BrokenStateError:
            remove_database(paths.frontier)
            return cls.open(paths, mac_of)
        if frontier.is_sound():
            return frontier
        frontier.close()
        remove_database(paths.frontier)
        return cls.open(paths, mac_of)

    def is_sound(self) -> bool:
        """False where a run did not end and the file is damaged somewhere."""
        try:
            if self._db.execute("SELECT 1 FROM runs WHERE ended IS NULL").fetchone() is not None:
                check_sound(self._db, next_step="")
        except sqlite3.OperationalError:
            raise
        except (BrokenStateError, sqlite3.DatabaseError):
            return False
        return True

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def start_or_resume_run(self, now: datetime) -> RunInfo:
        """The run that did not end, or a new one with no targets."""
        for run, started, mac in self._db.execute("SELECT run, started, mac FROM runs WHERE ended IS NULL").fetchall():
            if mac == self._mac_of(run, started):
                # A clock that was ahead when it began, and is right now, did not begin it after it went on.
                return RunInfo(run_id=run, started=min(str(started), format_utc(now)), resumed=True)
        info = RunInfo(run_id=f"urn:uuid:{new_uuid()}", started=format_utc(now), resumed=False)
        self._db.execute("DELETE FROM targets")
        self._db.execute("DELETE FROM refused")
        self._db.execute("DELETE FROM runs WHERE ended IS NULL")
        mac = self._mac_of(info.run_id, info.started)
        self._db.execute("INSERT INTO runs VALUES (?, ?, NULL, ?, NULL)", (info.run_id, info.started, mac))
        self._db.commit()
        return info

    def settle(self, run: str, replies: Iterable[tuple[str, int | None, str | None]] = ()) -> None:
        """Ends what was written and is captured, but was not marked when the process died; then counts what waits.

        Only an address that was noted as written has all its links saved. Any other is asked again, captured or not;
        so is one whose end this program did not note.
        """
        self._run = run
        ended = {}
        for url, status, challenge in replies:
            with suppress(FormatError):
                ended[_key(url)] = reason_of_reply(status, challenge)
        held = self._db.execute("SELECT number, url, via, depth, hop, found_mac FROM targets")
        strange, self._all = [], _All()
        for number, url, via, depth, hop, mac in held:
            if mac == self._found_mac(url, via, depth, hop):
                self._all.add(mac)
            else:
                strange.append((number,))
        self._db.executemany("DELETE FROM targets WHERE number = ?", strange)
        saved = self._db.execute("SELECT all_mac FROM runs WHERE run = ?", (run,)).fetchone()
        if self._all.count and (saved is None or saved[0] != self._all_mac()):
            # Some were taken away: which they were is not known, and all are found again.
            self._db.execute("DELETE FROM targets")
            self._all = _All()
        held = self._db.execute(
            "SELECT number, key, url, state, reason, ended_mac FROM targets WHERE state <> 'waiting'"
        )
        changes: list[tuple[str, str, bytes | None, int]] = []
        for number, key, url, state, reason, mac in held.fetchall():
            if state == _WRITTEN and key in ended:
                changes.append((DONE, ended[key], self._mac_of(run, url, DONE, ended[key]), number))
            elif state == _WRITTEN or mac != self._mac_of(run, url, state, reason):
                changes.append(("waiting", "", None, number))
        self._db.executemany("UPDATE targets SET state = ?, reason = ?, ended_mac = ? WHERE number = ?", changes)
        refused = self._db.execute("SELECT url, reason, mac FROM refused").fetchall()
        strange = [(url,) for url, reason, mac in refused if mac != self._mac_of(run, url, reason)]
        self._db.executemany("DELETE FROM refused WHERE url = ?", strange)
        self._db.commit()
        rows = self._db.execute("SELECT host, count(*) FROM targets WHERE state = 'waiting' GROUP BY host").fetchall()
        self._waiting = {str(host): int(count) for host, count in rows}
        self._waiting_total = sum(self._waiting.values())
        self._taken = {}
        self._total = int(self._db.execute("SELECT count(*) FROM targets").fetchone()[0])

    def add(self, found: Iterable[FoundAddress]) -> None:
        """Adds addresses that are not there already. Durable after `save`.

        One that is there under another session id is counted as refused: sites give every visitor, or every link, an id
        of its own.
        """
        by_host: dict[str, list[FoundAddress]] = {}
        under_session: list[FoundAddress] = []
        for item in found:
            if item.key != item.url and without_session(item.url) != item.url:
                under_session.append(item)
            else:
                by_host.setdefault(item.host, []).append(item)
        for host, items in by_host.items():
            self._insert(host, items)
        for item in under_session:
            if not self._insert(item.host, [item]) and self._holds_other(item):
                self.refuse([(item.url, TRAP_SESSION)])

    def _insert(self, host: str, items: Sequence[FoundAddress]) -> int:
        added, waiting = 0, 0
        for item in items:
            mac = self._found_mac(item.url, item.via, item.depth, item.hop)
            state = _LATE if item.key in self._put_off and item.hop != SEED else "waiting"
            # One by one: of each it must be known whether it was there.
            if self._db.execute(_ADD, (*item, mac, state)).rowcount > 0:
                self._all.add(mac)
                added += 1
                waiting += state != _LATE
        self._grown = self._grown or added > 0
        self._count(host, waiting)
        self._total += added
        return added

    def put_off(self, urls: Sequence[str]) -> None:
        """Addresses that wait until all others have ended, where they are added from now on; seeds do not.

        Then they are asked for in this order. A run that is continued asks for those it has as for all others.
        """
        self._put_off = {_key(url): number for number, url in enumerate(urls)}

    def release(self) -> list[str]:
        """Lets the addresses that were put off wait as others do; gives their hosts."""
        rows = self._db.execute("SELECT number, key, host FROM targets WHERE state = ?", (_LATE,)).fetchall()
        for number, _key_of, host in sorted(rows, key=lambda row: self._put_off.get(row[1], 0)):
            self._db.execute(
                "UPDATE targets SET state = 'waiting', number = (SELECT max(number) + 1 FROM targets) WHERE number = ?",
                (number,),
            )
            self._count(host, 1)
        self._db.commit()
        return [row[2] for row in rows]

    def _holds_other(self, item: FoundAddress) -> bool:
        row = self._db.execute("SELECT url FROM targets WHERE key = ?", (item.key,)).fetchone()
        return row is not None and row[0] != item.url

    def refuse(self, refused: Iterable[tuple[str, str]]) -> None:
        """Notes addresses that were not added, each with the reason. Durable after `save`."""
        self._db.executemany(
            "INSERT OR IGNORE INTO refused VALUES (?, ?, ?)",
            [(url, reason, self._mac_of(self._run, url, reason)) for url, reason in refused],
        )

    def save(self, outcomes: Iterable[AddressOutcome] = ()) -> None:
        """Makes durable what was added, and notes as written the addresses whose links that were."""
        written = [(outcome.number,) for outcome in outcomes if outcome.state == DONE]
        self._db.executemany(f"UPDATE targets SET state = '{_WRITTEN}' WHERE number = ?", written)  # noqa: S608
        self._commit()

    def _commit(self) -> None:
        """Makes durable what was changed, never an address without the MAC over all that has it in."""
        if self._grown:
            self._db.execute("UPDATE runs SET all_mac = ? WHERE run = ?", (self._all_mac(), self._run))
            self._grown = False
        self._db.commit()

    def _all_mac(self) -> bytes:
        return self._mac_of(self._run, "all", str(self._all.count), f"{self._all.folded:x}")

    def _found_mac(self, url: str, via: str | None, depth: int, hop: str) -> bytes:
        return self._mac_of(self._run, url, via or "", str(depth), hop)

    def hosts(self) -> list[str]:
        """The hosts with addresses that wait."""
        return list(self._waiting)

    def take(self, host: str, most: int) -> list[FrontierTarget]:
        """The next addresses of a host in order of finding. Each is given out once."""
        rows = self._db.execute(
            "SELECT number, url, host, via, depth, hop, tries, reason, ended_mac FROM targets "
            "WHERE state = 'waiting' AND host = ? AND number > ? ORDER BY number LIMIT ?",
            (host, self._taken.get(host, 0), most),
        ).fetchall()
        if rows:
            self._taken[host] = rows[-1][0]
        self._count(host, -len(rows))
        return [FrontierTarget._make((*row[:7], self._trouble(row[1], *row[7:]))) for row in rows]

    def _trouble(self, url: str, reason: str, mac: bytes | None) -> str:
        """Why an address that waits failed last in this run, where this program noted it; else nothing."""
        return reason if mac is not None and mac == self._mac_of(self._run, url, RETRY, reason) else ""

    def _count(self, host: str, more: int) -> None:
        left = self._waiting.get(host, 0) + more
        self._waiting_total += more
        if left:
            self._waiting[host] = left
        else:
            self._waiting.pop(host, None)

    def mark(self, outcomes: Sequence[AddressOutcome]) -> None:
        """Marks addresses as ended, durably. Called when their captures are durable, never before.

        One to be asked again goes behind all others of its host.
        """
        ended = [
            (o.state, o.reason, self._mac_of(self._run, o.url, o.state, o.reason), o.number)
            for o in outcomes
            if o.state != RETRY
        ]
        self._db.executemany("UPDATE targets SET state = ?, reason = ?, ended_mac = ? WHERE number = ?", ended)
        for outcome in outcomes:
            if outcome.state == RETRY:
                mac = self._mac_of(self._run, outcome.url, RETRY, outcome.reason)
                row = self._db.execute(
                    "UPDATE targets SET tries = tries + 1, number = (SELECT max(number) + 1 FROM targets), "
                    "reason = ?, ended_mac = ? WHERE number = ? RETURNING host",
                    (outcome.reason, mac, outcome.number),
                ).fetchone()
                self._count(row[0], 1)
        self._commit()

    def give_up(self, host: str, reason: str) -> int:
        """Ends every address of a host that waits, given out or not; returns how many.

        One that failed in this run ends by what it failed for.
        """
        rows = self._db.execute(
            "SELECT number, url, reason, ended_mac FROM targets WHERE host = ? AND state = 'waiting'", (host,)
        )
        ended = []
        for number, url, *last in rows:
            why = self._trouble(url, *last) or reason
            ended.append((state_of(why), why, self._mac_of(self._run, url, state_of(why), why), number))
        self._db.executemany("UPDATE targets SET state = ?, reason = ?, ended_mac = ? WHERE number = ?", ended)
        self._count(host, -self._waiting.get(host, 0))
        self._commit()
        return len(ended)

    def host_state(self, host: str) -> HostState:
        """What is remembered of a host."""
        row = self._db.execute(
            "SELECT troubles, last_trouble, paused_until FROM hosts WHERE host = ?", (host,)
        ).fetchone()
        if row is None:
            return HostState(host=host)
        troubles, last, until = row
        return HostState(host=host, troubles=troubles, last_trouble=_moment(last), paused_until=_moment(until))

    def remember(self, states: Iterable[HostState]) -> None:
        """Keeps what is to be remembered of hosts. Durable after `save`."""
        for state in states:
            if state.is_clean:
                self._db.execute("DELETE FROM hosts WHERE host = ?", (state.host,))
            else:
                row = (state.host, state.troubles, _text(state.last_trouble), _text(state.paused_until))
                self._db.execute("INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?)", row)

    @property
    def waiting(self) -> int:
        """How many addresses wait, those given out not counted."""
        return self._waiting_total

    @property
    def total(self) -> int:
        """How many addresses there are."""
        return self._total

    def holds(self, key: str) -> bool:
        """Whether there is an address with this key."""
        return self._db.execute("SELECT 1 FROM targets WHERE key = ?", (key,)).fetchone() is not None

    def endings(self) -> Iterator[EndedAddress]:
        """Every address that has ended, in order of finding."""
        rows = self._db.execute(
            "SELECT number, url, state, reason FROM targets WHERE state IN ('done', 'failed', 'skipped') "
            "ORDER BY number"
        )
        return (EndedAddress._make(row) for row in rows)

    def ending(self, number: int) -> EndedAddress:
        """How the address with this number has ended."""
        row = self._db.execute("SELECT number, url, state, reason FROM targets WHERE number = ?", (number,)).fetchone()
        return EndedAddress._make(row)

    def note_seen(self, seen: Iterable[tuple[int, str]]) -> None:
        """Notes by the numbers of addresses what their looks showed (`preserve.replay.comparing.Seen`), for `report`.

        It is kept apart from the file, which others could write to.
        """
        self._db.execute(_SEEN)
        self._db.execute("DELETE FROM temp.seen")
        self._db.executemany("INSERT INTO temp.seen VALUES (?, ?)", seen)
        self._db.commit()

    def counts(self) -> dict[str, int]:
        """Number of addresses by how they ended."""
        return self._counted("SELECT state, count(*) FROM targets GROUP BY state ORDER BY state")

    def reasons(self) -> dict[str, int]:
        """Number of addresses by the reason of their outcome."""
        return self._counted("SELECT reason, count(*) FROM targets WHERE reason <> '' GROUP BY reason ORDER BY reason")

    def refused(self) -> dict[str, int]:
        """Number of addresses that were not added, by reason."""
        counts: Counter[str] = Counter()
        for url, reason, mac in self._db.execute(f"SELECT url, reason, mac FROM refused WHERE {_LEFT_OUT}"):  # noqa: S608
            counts[reason] += mac == self._mac_of(self._run, url, reason)
        return dict(sorted((+counts).items()))

    def _counted(self, query: str) -> dict[str, int]:
        return {str(name): int(count) for name, count in self._db.execute(query)}

    def report(self) -> Iterator[tuple[str, str, str, str]]:
        """Address, state, reason and what was noted as seen of every address, in order of finding. All must be saved.

        Raises:
            ArchiveError: one was changed, put in or taken away by somebody else.
        """
        seen = _All()
        self._db.execute(_SEEN)
        for url, via, depth, hop, state, reason, found, mac, shown in self._db.execute(
            "SELECT url, via, depth, hop, state, reason, found_mac, ended_mac, coalesce(seen, '') "
            "FROM targets LEFT JOIN temp.seen USING (number) ORDER BY number"
        ):
            if found != self._found_mac(url, via, depth, hop):
                raise _changed(url)
            if state != "waiting" and mac != self._mac_of(self._run, url, state, reason):
                raise _changed(url)
            seen.add(found)
            yield url, state, reason, shown
        if seen != self._all:
            raise _changed("an address")

    def left_out(self) -> Iterator[tuple[str, str, str]]:
        """Address, state and reason of every address that was found and not added."""
        for url, reason in self._db.execute(f"SELECT url, reason FROM refused WHERE {_LEFT_OUT} ORDER BY url"):  # noqa: S608
            yield url, state_of(reason), reason

    def problems(self, most: int) -> list[tuple[str, str, str]]:
        """Address, state and reason of what is not a full reply, in order of finding; the first ``most``.

        What is not due is none of them.
        """
        return self._db.execute(
            "SELECT url, state, reason FROM targets WHERE (state IN ('failed', 'skipped') AND reason <> ?) "
            "OR (state = 'done' AND reason NOT LIKE 'http-2%' AND reason NOT LIKE 'http-3%' AND reason <> 'captured') "
            "ORDER BY number LIMIT ?",
            (NOT_DUE, most),
        ).fetchall()

    def end_run(self, now: datetime) -> None:
        """Ends the run: the next one begins anew."""
        self._db.execute("UPDATE runs SET ended = ? WHERE ended IS NULL", (format_utc(now),))
        self._commit()


@dataclass(slots=True)
class _All:
    """How many addresses there are, and their MACs folded into one: none can be put in or taken away unseen."""

    count: int = 0
    folded: int = 0

    def add(self, mac: bytes) -> None:
        """One more."""
        self.count += 1
        self.folded ^= int.from_bytes(mac, "big")


def _changed(url: str) -> ArchiveError:
    return ArchiveError(
        f"{url[:200]}: the frontier was changed by somebody else while a run was under way",
        next_step="Find out what else writes to the archive; the next run asks its addresses again.",
    )


def _connect(paths: CollectionPaths) -> sqlite3.Connection:
    next_step = f"Delete {paths.frontier}: no evidence is in it, and the next capture begins a run of its own."
    return connect(paths.frontier, schema=_SCHEMA, version=_VERSION, next_step=next_step)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_utc(text)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else format_utc(moment)
