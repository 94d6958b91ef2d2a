"""The catalogue: what the ledger states and where each record lies, in SQLite. Derived; made again from the evidence.

It answers by address, cable, run and record id. Its content is a function of ledger and WARC files. Whoever reads it
for a person gives it a `RowProof`: then no value is given out of a row that is not the one of its statement (ADR 22).
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from msgspec import Struct

from preserve.errors import BrokenStateError, FormatError
from preserve.formats.urls import canonical
from preserve.model import RecordPlace
from preserve.store import mementos
from preserve.store.database import begin_snapshot, check_sound, connect, end_snapshot, limit_time, require_still
from preserve.store.durable import make_dir
from preserve.store.layout import CollectionPaths

_VERSION = 12
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('ledger_size', 0);
CREATE TABLE records (
    statement INTEGER PRIMARY KEY, record_id TEXT NOT NULL, type TEXT NOT NULL, uri TEXT, canonical TEXT, surt TEXT,
    date TEXT NOT NULL, status INTEGER, mime TEXT, file TEXT NOT NULL, ordinal INTEGER NOT NULL,
    offset INTEGER NOT NULL, length INTEGER NOT NULL, inner INTEGER NOT NULL, record_sha256 TEXT NOT NULL,
    payload_sha256 TEXT, refers_to TEXT, challenge TEXT, whole TEXT, run TEXT NOT NULL
);
CREATE INDEX records_id ON records (record_id);
CREATE INDEX records_page ON records (canonical) WHERE type IN ('response', 'revisit');
CREATE INDEX records_full ON records (canonical) WHERE type = 'response';
CREATE INDEX records_whole ON records (statement)
    WHERE type = 'response' AND status = 200 AND whole = 'whole' AND challenge IS NULL;
CREATE INDEX records_refers ON records (refers_to) WHERE refers_to IS NOT NULL;
CREATE INDEX records_run ON records (run);
CREATE TABLE cables (
    statement INTEGER PRIMARY KEY, record_id TEXT NOT NULL, extractor TEXT NOT NULL, layout TEXT NOT NULL,
    published_id TEXT NOT NULL, canonical_id TEXT, raw_sha256 TEXT NOT NULL, body_sha256 TEXT NOT NULL,
    comparison_sha256 TEXT NOT NULL, source TEXT, source_released TEXT, released TEXT, counter TEXT
);
CREATE INDEX cables_published ON cables (published_id);
CREATE INDEX cables_canonical ON cables (canonical_id);
CREATE INDEX cables_record ON cables (record_id);
CREATE TABLE releases (statement INTEGER PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE imports (
    statement INTEGER PRIMARY KEY, file TEXT NOT NULL, run TEXT NOT NULL, imported TEXT NOT NULL
);
CREATE INDEX imports_file ON imports (file);
CREATE TABLE newer (statement INTEGER PRIMARY KEY, kind TEXT NOT NULL, v INTEGER NOT NULL);
CREATE TABLE runs (statement INTEGER PRIMARY KEY, run TEXT NOT NULL, started TEXT NOT NULL, ended TEXT NOT NULL);
CREATE INDEX runs_run ON runs (run);
CREATE INDEX imports_run ON imports (run);
CREATE TABLE looks (
    statement INTEGER NOT NULL, number INTEGER NOT NULL, canonical TEXT NOT NULL, run TEXT NOT NULL,
    ended TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, seen TEXT NOT NULL,
    PRIMARY KEY (statement, number)
) WITHOUT ROWID;
CREATE TABLE judgements (statement INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE INDEX looks_canonical ON looks (canonical, statement);
"""
_IS_REPLY = "type IN ('response', 'revisit')"
"""The condition of the index by page, word for word: only a query that has it can use that index."""
_TAKEN_IN = "(SELECT max(i.imported) FROM imports AS i WHERE i.run = records.run)"
_IS_FULL = "type = 'response' AND status = 200 AND whole = 'whole'"
_IS_WHOLE = f"{_IS_FULL} AND challenge IS NULL"
_IS_AS_IT_WAS = "(type = 'revisit' AND challenge IS NULL AND payload_sha256 IS NOT NULL)"
_IS_SOFT_GONE = (
    "EXISTS (SELECT 1 FROM looks AS k WHERE k.canonical = records.canonical AND k.run = records.run "
    "AND k.seen = 'soft-gone')"
)
_IS_OWN = "run NOT IN (SELECT run FROM imports)"
_NEWEST = f"{_TAKEN_IN} IS NOT NULL, iif(date BETWEEN '1991' AND {_TAKEN_IN}, date, '') DESC, statement DESC"
"""What was captured last: what was stated last. Files of others come behind, by dates that can be (ADR 0016)."""

_OF_A_VISIT = 20_000
"""More statements than a browser's visit of a page leaves (`preserve.crawler.browser.visit`)."""
_LAST_RUNS = "coalesce((SELECT statement FROM runs ORDER BY statement DESC LIMIT 1 OFFSET 100), 0)"
"""Where the last hundred runs begin: a query about what runs stated goes no further back."""

Row = tuple[object, ...]
"""A whole row of a table, the statement's index first."""


class RowProof(Protocol):
    """Says whether rows are what their statements say."""

    def holds(self, table: str, row: Row) -> bool:
        """False where its statement is not proved to this reader, and the row is to be left out.

        Raises:
            CatalogueDiffersError: the statement says something else.
        """
        ...

    def ends(self, table: str, after: int, before: int) -> None:
        """Told where a query over a whole table, in the order of statements, has no row between two statements.

        Raises:
            CatalogueDiffersError: one between them has a row in the table.
        """
        ...

    def lacks(self, index: int) -> None:
        """Told of a statement whose record has no row here: what depends on it is left out."""
        ...

    def sweep(self, rows: Callable[[str, int], Iterator[Row]], size: int, first: int = 0) -> int:
        """Holds whole tables, from one statement on, against the log: for queries in another order than the log's.

        Returns how many statements are proved: rows of others are to be left out.

        Raises:
            CatalogueDiffersError: a row differs, is missing, or belongs to no statement.
        """
        ...


class RecordRow(Struct, frozen=True, kw_only=True):
    """One record as the catalogue has it. ``date`` is its WARC-Date; ``statement_index`` counts from 0.

    ``run`` is that which stated it: a capture, or an import.
    """

    record_id: str
    type: str
    uri: str | None
    date: str
    status: int | None
    mime: str | None
    place: RecordPlace
    record_sha256: str
    payload_sha256: str | None
    refers_to: str | None
    challenge: str | None
    whole: str | None
    """Whether all of a page came, as the statement says it; None of what is no page."""
    statement_index: int
    run: str


class IndexRow(Struct, frozen=True, kw_only=True):
    """What the CDXJ index says of one capture."""

    surt: str
    date: str
    uri: str
    type: str
    status: int | None
    mime: str | None
    payload_sha256: str | None
    place: RecordPlace


class StoredRecord(NamedTuple):
    """A record and where it lies: ``end`` is one past the last byte of the piece that it is in."""

    statement: int
    record_id: str
    type: str
    uri: str | None
    date: str
    mime: str | None
    file: str
    offset: int
    end: int
    refers_to: str | None
    run: str


class HeldRow(NamedTuple):
    """An address with a whole reply: the statement of the newest, its file, and the date of the last look at it.

    ``url`` as it was asked for.
    """

    url: str
    statement: int
    file: str
    last_date: str


class LookRow(NamedTuple):
    """What a run stated of an address beside its records: no reply, or what the look showed of a page that was held.

    ``seen`` may be empty (`preserve.replay.comparing.Seen`).
    """

    statement: int
    run: str
    ended: str
    outcome: str
    reason: str
    seen: str


class ClaimRow(NamedTuple):
    """One capture of a cable and what its page says of its source, as it prints it."""

    published_id: str
    date: str
    record_id: str
    uri: str | None
    layout: str
    source: str | None
    source_released: str | None
    released: str | None
    counter: str | None


class ShownCable(NamedTuple):
    """A text as the ledger names it, and the record that shows it. Digests are 64 hexadecimal digits of SHA-256."""

    statement: int
    extractor: str
    layout: str
    published_id: str
    canonical_id: str | None
    raw_sha256: str
    body_sha256: str
    comparison_sha256: str
    record: RecordRow


class StatedReading(NamedTuple):
    """One text as it is stated of a record: by what it was read, its ids and its checksums."""

    extractor: str
    layout: str
    published_id: str
    canonical_id: str | None
    raw_sha256: str
    body_sha256: str
    comparison_sha256: str


class SeenRow(NamedTuple):
    """A reply with its address in canonical form, its run, and what was read from it.

    ``cable``: an id published on it; ``text_sha256``: the comparison checksum of the text, where it shows one cable.
    """

    canonical: str
    row: RecordRow
    mime: str | None
    run: str
    cable: str | None
    text_sha256: str | None


class StatementRow(NamedTuple):
    """What the catalogue keeps of one statement: the table, or nothing, and the values behind the statement's index."""

    table: str | None
    values: tuple[object, ...]
    looks: tuple[tuple[str, ...], ...] = ()
    """Of a part of a run's statement: address in canonical form, run, end, outcome, reason, what was seen."""

    def index_row(self, place: RecordPlace | None = None) -> "IndexRow | None":
        """What the index says of it; None where it says nothing. ``place``: where its record lies, if at hand."""
        if self.table != "records":
            return None
        _id, kind, uri, _canonical, key, date, status, mime, *where, _sha256, payload, _refers, _wall, _whole, _run = (
            self.values
        )
        place = place or _place(where)
        if key is None or not _is_indexed(place):
            return None
        return _index_row((key, date, uri, kind, status, mime, payload), place)


CABLE_COLUMNS = (
    "record_id", "extractor", "layout", "published_id", "canonical_id", "raw_sha256", "body_sha256", "comparison_sha256"
)  # fmt: skip
"""Fields of a ``cable`` statement that are kept, behind the statement's index."""
CLAIM_COLUMNS = ("source", "source_released", "released", "counter")
"""What a page says of its source, as it prints it."""
NOTHING_KEPT = StatementRow(None, ())
"""Of a statement that the catalogue keeps nothing of but that it was there."""
TABLES = {"records": 20, "cables": 13, "releases": 3, "runs": 4, "imports": 4, "newer": 3, "judgements": 2}
"""The tables whose rows are statements, with the number of their columns; but that of mementos."""
_MARKS = {name: ", ".join("?" * columns) for name, columns in TABLES.items()}
_WHERE = slice(9, 14)
"""Where a row of ``records`` says where its record lies."""


class Catalogue:
    """One open catalogue. Writing is for the holder of the collection's lock."""

    def __init__(self, connection: sqlite3.Connection, proof: RowProof | None = None) -> None:
        self._db = connection
        self._proof = proof
        self._left_out: list[str] = []

    @classmethod
    def open(cls, paths: CollectionPaths, *, read_only: bool = False, proof: RowProof | None = None) -> Self:
        """The collection's catalogue; made empty where there is none. ``proof``: what every row is held against.

        Raises:
            BrokenStateError: it cannot be used.
        """
        if not read_only:
            make_dir(paths.state)
        next_step = f"Run `preserve rebuild {paths.name}`: it makes the catalogue again from the evidence."
        made = connect(paths.catalogue, schema=_SCHEMA, version=_VERSION, read_only=read_only, next_step=next_step)
        return cls(made, proof)

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new catalogue anywhere."""
        return cls(connect(path, schema=_SCHEMA, version=_VERSION, next_step="Run it again."))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes it; what was not committed is dropped."""
        self._db.close()

    def begin_snapshot(self) -> None:
        """From now on it is read as it is at this moment, until it is closed."""
        begin_snapshot(self._db)

    def require_still(self) -> None:
        """Raises `LockedError` where it is read without locks, and was written to meanwhile."""
        require_still(self._db, "the catalogue")

    def end_snapshot(self) -> None:
        """Until the next snapshot it holds up nobody who writes."""
        end_snapshot(self._db)

    def limit_time(self, seconds: float) -> None:
        """From now on a query ends with `sqlite3.OperationalError` once this time is over."""
        limit_time(self._db, seconds)

    def months(self) -> list[tuple[str, int, int, int]]:
        """Month (``YYYY-MM``) by dates of capture: replies captured, how many of them anew, and their bytes as stored.

        As they stand there: held against nothing.
        """
        return [
            (str(month), int(all_of_them), int(anew), int(stored))
            for month, all_of_them, anew, stored in self._db.execute(
                "SELECT substr(date, 1, 7), count(*), sum(type <> 'revisit'), sum(length) FROM records "
                "WHERE type IN ('response', 'revisit', 'resource') GROUP BY 1 ORDER BY 1"
            )
        ]

    def proved_by(self, proof: RowProof) -> Self:
        """The same catalogue, for reading with a proof."""
        return type(self)(self._db, proof)

    @property
    def ledger_size(self) -> int:
        """Number of statements applied.

        Raises:
            BrokenStateError: it does not say.
        """
        row = self._db.execute("SELECT value FROM meta WHERE name = 'ledger_size'").fetchone()
        if row is None or not isinstance(row[0], int):
            raise BrokenStateError(
                "the catalogue does not say how far it goes", next_step="Run `preserve rebuild COLLECTION`."
            )
        return row[0]

    def apply(self, first: int, rows: Sequence[StatementRow]) -> None:
        """Takes in statements that follow one another, the first at index ``first``. Again, it changes nothing."""
        for table, marks in _MARKS.items():
            found = [(first + n, *row.values) for n, row in enumerate(rows) if row.table == table]
            self._db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", found)  # noqa: S608 - our own names
        mementos.keep(self._db, [(first + n, *row.values) for n, row in enumerate(rows) if row.table == "mementos"])
        looks = [(first + n, i, *look) for n, row in enumerate(rows) if row.looks for i, look in enumerate(row.looks)]
        self._db.executemany("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", looks)
        end = first + len(rows)
        self._db.execute("UPDATE meta SET value = ? WHERE name = 'ledger_size' AND value < ?", (end, end))

    def check_sound(self, *, indexes: bool = False) -> None:
        """Reads the whole file. ``indexes``: holds them against their tables, which takes several times as long.

        Raises:
            BrokenStateError: it is damaged somewhere.
        """
        check_sound(self._db, next_step="Run `preserve rebuild COLLECTION`.", indexes=indexes)

    def leave_out_indexes(self) -> None:
        """Up to `commit` the tables have no indexes: to make them of all rows at once takes a third of the time.

        For one that is empty, and of which nothing is asked meanwhile; for others nothing changes before `commit`.
        """
        self._db.execute("BEGIN")
        made = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY rowid"
        for name, sql in self._db.execute(made).fetchall():
            self._db.execute(f"DROP INDEX {name}")
            self._left_out.append(sql)

    def commit(self) -> None:
        """Makes what was applied durable."""
        while self._left_out:
            self._db.execute(self._left_out.pop(0))
        self._db.commit()

    def rows(self, table: str, first: int = 0) -> Iterator[Row]:
        """The rows of a table from a statement on, as `StatementRow` gives them with the statement's index before.

        They are as they stand there: held against nothing.
        """
        if table not in (*_MARKS, mementos.TABLE):
            raise ValueError(table)
        if table == mementos.TABLE and not mementos.is_there(self._db):
            return iter(())
        asked = f"SELECT * FROM {table} WHERE statement >= ? ORDER BY statement"  # noqa: S608 - names of our own
        return iter(self._db.execute(asked, (first,)))

    def row_batches(self, table: str, before: int, most: int) -> Iterator[list[Row]]:
        """The rows of a table of statements, or of looks, below a statement, ``most`` at once; held against nothing."""
        if table not in (*_MARKS, mementos.TABLE, "looks"):
            raise ValueError(table)
        if table == mementos.TABLE and not mementos.is_there(self._db):
            return
        order = "statement, number" if table == "looks" else "statement"
        rows = self._db.execute(f"SELECT * FROM {table} WHERE statement < ? ORDER BY {order}", (before,))  # noqa: S608
        while batch := rows.fetchmany(most):
            yield batch

    def dates_of_files(self, before: int) -> Iterator[tuple[str, str, str, str]]:
        """Of the records of each run in each file, stated before a statement: run, file, first and last date."""
        return iter(
            self._db.execute(
                "SELECT run, file, min(date), max(date) FROM records WHERE statement < ? GROUP BY run, file", (before,)
            )
        )

    def file_places(self, counts: Mapping[str, int]) -> Iterator[tuple[str, list[RecordPlace]]]:
        """The places in files of which so many records are stated, by ordinals, of each file of which all are here.

        Those that were stated last come first, and no row before them is looked at. Held against nothing.
        """
        left = {name: count for name, count in counts.items() if count}
        found: dict[str, list[RecordPlace]] = {}
        if not left:
            return
        for row in self._db.execute("SELECT file, ordinal, offset, length, inner FROM records ORDER BY statement DESC"):
            name = row[0]
            if name not in left:
                continue
            places = found.setdefault(name, [])
            places.append(_place(row))
            if len(places) == left[name]:
                del left[name]
                yield name, found.pop(name)[::-1]
                if not left:
                    return

    def put_places(self, places: Iterable[tuple[RecordPlace, str]]) -> None:
        """Puts right where records lie: each by its place, and its id."""
        self._db.executemany(
            "UPDATE records SET offset = ?, length = ?, inner = ? WHERE record_id = ? AND file = ? AND ordinal = ?",
            ((at.offset, at.length, at.inner, record_id, at.file, at.ordinal) for at, record_id in places),
        )

    @staticmethod
    def place_in(row: Sequence[object]) -> RecordPlace:
        """Where a record lies, from one of `rows`."""
        return _place(row[_WHERE])

    def _first_record(self, asked: str, values: Sequence[object]) -> RecordRow | None:
        """The first row of ``records`` that is asked for."""
        row = next(self._asked("records", asked, values), None)
        return None if row is None else _row(row)

    def _newest(self, condition: str, values: Sequence[object]) -> RecordRow | None:
        """Of the rows of ``records`` with this condition the one that was captured last (`_NEWEST`).

        Own captures are looked through from the last one on, and no further than to the first that fits.
        """
        own = self._first_record(f"WHERE {condition} AND {_IS_OWN} ORDER BY statement DESC LIMIT 1", values)
        return own or self._first_record(f"WHERE {condition} ORDER BY {_NEWEST} LIMIT 1", values)

    def _asked(self, table: str, condition: str, values: Sequence[object] | dict[str, object] = ()) -> Iterator[Row]:
        """Rows of one table for ``condition`` (what stands behind FROM and its table), each as the proof has it."""
        query = f"SELECT {table}.* FROM {table} {condition}"  # noqa: S608 - names and conditions of our own
        return self._held(table, self._db.execute(query, values))

    def _held(self, table: str, rows: Iterable[Row]) -> Iterator[Row]:
        proof = self._proof
        return iter(rows) if proof is None else (row for row in rows if proof.holds(table, row))

    def _are_held(self, *parts: tuple[str, Row]) -> bool:
        """The same of the rows that a query has joined."""
        return self._proof is None or all(self._proof.holds(table, row) for table, row in parts)

    def _swept(self, first: int = 0) -> int:
        """Before a query that does not go in the order of statements over whole tables: up to where they are proved."""
        return self.ledger_size if self._proof is None else self._proof.sweep(self.rows, self.ledger_size, first)

    @property
    def end(self) -> int:
        """One past the last statement that has a row: never past `ledger_size`, in a catalogue that was not changed."""
        tables = (*TABLES, mementos.TABLE) if mementos.is_there(self._db) else TABLES
        lasts = ", ".join(f"(SELECT max(statement) FROM {table})" for table in tables)  # noqa: S608 - names of our own
        last = [row for row in self._db.execute(f"SELECT {lasts}").fetchone() if isinstance(row, int)]
        return max(last, default=-1) + 1

    @property
    def newer_statements(self) -> int:
        """Number of statements that a newer program wrote: nothing else is kept of them."""
        return int(self._db.execute("SELECT count(*) FROM newer").fetchone()[0])

    def record_count(self) -> int:
        """Number of records."""
        return int(self._db.execute("SELECT count(*) FROM records").fetchone()[0])

    def totals(self) -> tuple[int, int, int]:
        """Number of runs that kept records, of records, and of cables by their published ids."""
        row = self._db.execute(
            "SELECT (SELECT count(DISTINCT run) FROM records), (SELECT count(*) FROM records),"
            " (SELECT count(DISTINCT published_id) FROM cables)"
        ).fetchone()
        return int(row[0]), int(row[1]), int(row[2])

    def files(self) -> set[str]:
        """The names of the WARC files that hold the records."""
        return {str(row[0]) for row in self._db.execute("SELECT DISTINCT file FROM records")}

    @property
    def holds_replies(self) -> bool:
        """True where any reply is held."""
        row = self._db.execute("SELECT 1 FROM records WHERE type IN ('response', 'revisit') LIMIT 1").fetchone()
        return row is not None

    def import_of(self, file: str) -> int | None:
        """The statement by which a file was taken in that another program made; None where it is our own."""
        row = next(self._asked("imports", "WHERE file = ? ORDER BY statement", (file,)), None)
        return None if row is None else int(str(row[0]))

    def imported(self, run: str) -> str | None:
        """When a run took in the last of the files of others; None where it took in none."""
        row = next(self._asked("imports", "WHERE run = ? ORDER BY imported DESC LIMIT 1", (run,)), None)
        return None if row is None else str(row[3])

    def record(self, record_id: str) -> RecordRow | None:
        """A record by its id."""
        return self._first_record("WHERE record_id = ? ORDER BY statement LIMIT 1", (record_id,))

    def captures_of_url(self, url: str) -> list[RecordRow]:
        """Every reply captured from an address (addresses are compared in canonical form), in the ledger's order."""
        asked = f"WHERE canonical = ? AND {_IS_REPLY} ORDER BY statement"
        return [_row(row) for row in self._asked("records", asked, (key_form(canonical, url),))]

    def addresses_held(self, keys: Collection[str]) -> set[str]:
        """Those of these addresses, in canonical form, that something was captured from. As it stands there."""
        tables = [f"SELECT 1 FROM records WHERE canonical = value AND {_IS_REPLY}"]  # noqa: S608 - as below
        if mementos.is_there(self._db):
            tables.append(f"SELECT 1 FROM {mementos.TABLE} WHERE canonical = value AND verdict = 'page'")  # noqa: S608
        found = " OR ".join(f"EXISTS ({table})" for table in tables)
        query = f"SELECT value FROM json_each(?) WHERE {found}"  # noqa: S608 - names and conditions of our own
        rows = self._db.execute(query, (json.dumps(list(keys)),))
        return {str(row[0]) for row in rows}

    def newest_of_url(self, url: str) -> Iterator[RecordRow]:
        """Every reply captured from an address, newest first, imported ones behind; read as far as asked for."""
        key = key_form(canonical, url)
        # Own ones lie in the order of the index: no more of them are read than are asked for.
        own = f"WHERE canonical = ? AND {_IS_REPLY} AND {_IS_OWN} ORDER BY statement DESC"
        others = f"WHERE canonical = ? AND {_IS_REPLY} AND NOT {_IS_OWN} ORDER BY {_NEWEST}"
        for asked in (own, others):
            yield from (_row(row) for row in self._asked("records", asked, (key,)))

    def replies_since(self, first: int) -> Iterator[RecordRow]:
        """Every reply stated from the statement at ``first`` on, in the ledger's order."""
        asked = f"WHERE statement >= ? AND canonical IS NOT NULL AND {_IS_REPLY} ORDER BY statement"
        return (_row(row) for row in self._asked("records", asked, (first,)))

    def captures_of_cable(self, published_id: str) -> list[RecordRow]:
        """Every capture that shows what was published under an id, with their revisits, in the ledger's order."""
        shown = {str(row[1]) for row in self._asked("cables", "WHERE published_id = ?", (published_id,))}
        rows = self._asked(
            "records",
            "WHERE record_id IN (SELECT value FROM json_each(:ids)) OR refers_to IN (SELECT value FROM json_each(:ids))"
            " ORDER BY statement",
            {"ids": json.dumps(sorted(shown))},
        )
        return [_row(row) for row in rows if row[2] in {"response", "revisit", "resource"}]

    def resources_behind(self, statement: int, end: int | None, run: str, uris: Sequence[str]) -> list[RecordRow]:
        """The ``resource`` records of a run with one of some targets that follow a statement, before ``end``."""
        last = statement + _OF_A_VISIT if end is None else min(end, statement + _OF_A_VISIT)
        rows = self._asked(
            "records",
            "WHERE statement > ? AND statement < ? AND +type = 'resource' AND +run = ?"
            " AND uri IN (SELECT value FROM json_each(?)) ORDER BY statement",
            (statement, last, run, json.dumps(list(uris))),
        )
        return [_row(row) for row in rows]

    def cables_that_begin(self, begin: str, most: int) -> list[str]:
        """Ids of cables that begin so, sorted, as the table says: to be completed, not to be believed."""
        asked = (
            "SELECT DISTINCT published_id FROM cables WHERE published_id >= ? AND published_id < ? ORDER BY 1 LIMIT ?"
        )
        return [str(row[0]) for row in self._db.execute(asked, (begin, f"{begin}\U0010ffff", most))]

    def cable_statements(self) -> Iterator[tuple[int, str, str]]:
        """Of every text that the ledger names: its statement's index, its record, the id it is published under.

        As they stand there: whoever uses one reads its statement.
        """
        return iter(self._db.execute("SELECT statement, record_id, published_id FROM cables ORDER BY statement"))

    def records_in_files(self, *, proved: bool) -> Iterator["StoredRecord"]:
        """Every record, file by file and in the order of each.

        ``proved``: each is held against its statement; else they are as they stand there, at a tenth of the work.
        """
        rows: Iterator[Row] = iter(self._db.execute("SELECT * FROM records ORDER BY file, ordinal"))
        return map(_stored, self._held("records", rows) if proved else rows)

    def span(self) -> tuple[str, str] | None:
        """The first and the last date of a capture; None where nothing was captured. As the rows stand there."""
        row = self._db.execute(
            "SELECT min(date), max(date) FROM records "
            "WHERE type IN ('response', 'revisit', 'resource') AND date > '1991'"
        ).fetchone()
        return None if row[0] is None else (str(row[0]), str(row[1]))

    @property
    def has_open_ends(self) -> bool:
        """True where it is not known of some record how long the piece is that it lies in."""
        return self._db.execute("SELECT 1 FROM records WHERE length = 0 LIMIT 1").fetchone() is not None

    def pages_in_order(self) -> Iterator[tuple[int, str, str, str]]:
        """Every page: a reply of status 200 that is HTML and no challenge: its statement, record, address and date.

        In the ledger's order, as they stand there.
        """
        rows = self._db.execute(
            "SELECT statement, record_id, uri, date FROM records WHERE type = 'response' AND status = 200 "
            "AND mime IN ('text/html', 'application/xhtml+xml') AND challenge IS NULL ORDER BY statement"
        )
        return ((int(statement), str(record), str(uri), str(date)) for statement, record, uri, date in rows)

    def drawn_pages(self) -> set[str]:
        """The addresses of pages that a browser drew."""
        rows = self._asked("records", "WHERE type = 'resource' AND uri GLOB 'urn:view:*'")
        return {(_row(row).uri or "").removeprefix("urn:view:") for row in rows}

    def names_of_texts(self) -> Iterator[tuple[str, str, str | None]]:
        """Of every text its record, and the ids that it is published under and known by."""
        rows = self._asked("cables", "ORDER BY statement")
        return ((str(row[1]), str(row[4]), None if row[5] is None else str(row[5])) for row in rows)

    def texts_with_records(self) -> Iterator[tuple[int, int]]:
        """Of every text its statement's index, and that of its record's; as they stand there."""
        asked = "SELECT c.statement, r.statement FROM cables c JOIN records r ON r.record_id = c.record_id"
        return ((int(text), int(record)) for text, record in self._db.execute(asked))

    def mementos_with_records(self) -> Iterator[tuple[int, int]]:
        """The same of what web archives served, where a record holds it."""
        if not mementos.is_there(self._db):
            return iter(())
        asked = "SELECT m.statement, r.statement FROM mementos m JOIN records r ON r.record_id = m.record_id"
        return ((int(memento), int(record)) for memento, record in self._db.execute(asked))

    def claims(self) -> Iterator[ClaimRow]:
        """What every cable's page claims of its source, with the revisits that found it unchanged: by id, then time.

        One row a capture, that of the newest statement where several extractors read it.
        """
        rows = self._db.execute(
            "SELECT c.published_id, r.date, r.record_id, r.uri, c.layout, c.source, c.source_released, c.released, "
            "c.counter, max(c.statement) FROM records r "
            "JOIN cables c ON c.record_id = CASE r.type WHEN 'revisit' THEN r.refers_to ELSE r.record_id END "
            "WHERE r.type IN ('response', 'revisit', 'resource') AND r.statement < :size AND c.statement < :size "
            "GROUP BY c.published_id, r.statement ORDER BY c.published_id, r.date, r.statement",
            {"size": self._swept()},
        )
        for row in rows:
            yield ClaimRow(*row[:9])

    def releases(self) -> list[str]:
        """Every ``release`` statement as JSON, oldest first."""
        return [str(row[2]) for row in self._asked("releases", "ORDER BY statement")]

    def lost_by_last(self) -> Iterator[tuple[str, int, str]]:
        """Address, statement and what was seen of each page that the last run which told of held pages has lost."""
        rows = self._asked(
            "looks",
            "WHERE seen NOT IN ('', 'changed', 'moved') AND run = "
            "(SELECT run FROM looks WHERE seen <> '' ORDER BY statement DESC LIMIT 1) ORDER BY statement, number",
        )
        return ((str(row[2]), int(str(row[0])), str(row[7])) for row in rows)

    def judgements(self) -> list[int]:
        """The statements by which somebody accepted losses, or said where pages moved, oldest first."""
        return [int(str(row[0])) for row in self._asked("judgements", "ORDER BY statement")]

    def looks_stated(self, statement: int) -> tuple[tuple[str, ...], ...]:
        """What is kept of how addresses ended that one statement tells, as in `StatementRow.looks`."""
        rows = self._db.execute(
            "SELECT canonical, run, ended, outcome, reason, seen FROM looks WHERE statement = ? ORDER BY number",
            (statement,),
        )
        return tuple(rows)

    def look_count(self) -> int:
        """Number of looks that are kept beside records."""
        return int(self._db.execute("SELECT count(*) FROM looks").fetchone()[0])

    def last_whole(self, url: str, run: str) -> int:
        """The statement of the last look but those of this run that found the page whole; -1 where there is none."""
        row = self._db.execute(
            f"SELECT max(statement) FROM records WHERE canonical = ? AND {_IS_REPLY} AND run <> ? "  # noqa: S608
            f"AND ({_IS_WHOLE} OR {_IS_AS_IT_WAS}) AND NOT {_IS_SOFT_GONE}",
            (key_form(canonical, url), run),
        ).fetchone()
        return -1 if row is None or row[0] is None else int(row[0])

    def statements_of_cable(self, published_id: str, record_id: str) -> list[int]:
        """Indexes of the statements of a cable as one record shows it, oldest first."""
        asked = "WHERE published_id = ? AND record_id = ? ORDER BY statement"
        return [int(str(row[0])) for row in self._asked("cables", asked, (published_id, record_id))]

    def readings_of(self, record_id: str) -> list[StatedReading]:
        """Every text that is stated of a record, by whatever extractor and layout, oldest statement first."""
        rows = self._asked("cables", "WHERE record_id = ? ORDER BY statement", (record_id,))
        return [StatedReading._make(row[2:9]) for row in rows]

    def record_in(self, record_id: str, file: str) -> RecordRow | None:
        """A record by its id and the file that holds it."""
        asked = "WHERE record_id = ? AND file = ? ORDER BY statement LIMIT 1"
        return self._first_record(asked, (record_id, file))

    def pages_in(self, file: str) -> int:
        """Number of records in a file that can show a page: replies and resources."""
        query = "SELECT count(*) FROM records WHERE file = ? AND type IN ('response', 'resource')"
        return int(self._db.execute(query, (file,)).fetchone()[0])

    def files_in_order(self) -> list[str]:
        """The names of the WARC files, in the order in which the ledger names them first."""
        rows = self._db.execute("SELECT file FROM records GROUP BY file ORDER BY min(statement)")
        return [str(row[0]) for row in rows]

    def record_at(self, statement: int) -> RecordRow | None:
        """The record that a statement names."""
        return self._first_record("WHERE statement = ?", (statement,))

    def pages_without_text(self, file: str) -> list[int]:
        """Of every page in a file that could show a cable, and of which no text is stated: its statement's index.

        Left out are pictures and the like, and what was compressed in one piece with other records.
        """
        rows = self._db.execute(
            "SELECT statement FROM records AS r WHERE file = ? AND inner = 0 "
            "AND (type = 'resource' OR (type = 'response' AND status = 200)) "
            "AND coalesce(substr(mime, 1, 6), '') NOT IN ('image/', 'audio/', 'video/') "
            "AND NOT EXISTS (SELECT 1 FROM cables AS c WHERE c.record_id = r.record_id) ORDER BY statement",
            (file,),
        )
        return [int(row[0]) for row in rows]

    def pages_read_by_others(self, file: str, extractor: str) -> int:
        """Number of pages in a file whose texts were all read by other versions than this one of the extractor."""
        row = self._db.execute(
            "SELECT count(*) FROM records AS r WHERE file = ? AND type IN ('response', 'resource') "
            "AND EXISTS (SELECT 1 FROM cables AS c WHERE c.record_id = r.record_id) "
            "AND NOT EXISTS (SELECT 1 FROM cables AS c WHERE c.record_id = r.record_id AND c.extractor = ?)",
            (file, extractor),
        ).fetchone()
        return int(row[0])

    def canonical_of(self, published_id: str) -> str | None:
        """The canonical id of what is published under an id; None where it could not be told, or nothing is."""
        asked = "WHERE published_id = ? AND canonical_id IS NOT NULL LIMIT 1"
        row = next(self._asked("cables", asked, (published_id,)), None)
        return None if row is None else str(row[5])

    def published_as(self, canonical_id: str) -> list[str]:
        """Every id that a cable is published under, malformed ones too, sorted."""
        asked = (
            "WHERE statement IN (SELECT min(statement) FROM cables WHERE canonical_id = ? GROUP BY published_id) "
            "ORDER BY published_id"
        )
        return [str(row[4]) for row in self._asked("cables", asked, (canonical_id,))]

    def last_response(self, url: str, payload_sha256: str) -> RecordRow | None:
        """The newest full and whole reply from an address with this payload."""
        asked = f"canonical = ? AND {_IS_REPLY} AND payload_sha256 = ? AND {_IS_FULL}"
        return self._newest(asked, (key_form(canonical, url), payload_sha256))

    def newest_response(self, url: str) -> RecordRow | None:
        """The newest full and whole reply from an address that is no bot wall's challenge."""
        return self._newest(f"canonical = ? AND {_IS_REPLY} AND {_IS_WHOLE}", (key_form(canonical, url),))

    def last_shown(self, url: str) -> RecordRow | None:
        """The full and whole reply that the last look at an address showed: an older one, where that one came again."""
        asked = f"canonical = ? AND {_IS_REPLY} AND ({_IS_WHOLE} OR {_IS_AS_IT_WAS})"
        last = self._newest(asked, (key_form(canonical, url),))
        if last is None or last.type != "revisit":
            return last
        return None if last.refers_to is None else self.record(last.refers_to)

    def unmodified_looks(self, url: str, most: int) -> int:
        """How many of the last looks in a row were the server's word that nothing changed; at most so many."""
        rows = self._db.execute(
            f"SELECT type, status FROM records WHERE canonical = ? AND {_IS_REPLY} "  # noqa: S608
            "ORDER BY statement DESC LIMIT ?",
            (key_form(canonical, url), most),
        )
        return sum(1 for _row in takewhile(lambda row: row[0] == "revisit" and row[1] in {None, 304}, rows))

    def newest_of_run(self, url: str, run: str) -> RecordRow | None:
        """The newest reply, also a revisit, that a run captured from an address."""
        # By the index of addresses: a run has many records, and an address few.
        asked = f"WHERE canonical = ? AND {_IS_REPLY} AND +run = ? ORDER BY statement DESC LIMIT 1"
        return self._first_record(asked, (key_form(canonical, url), run))

    def looks_at(self, url: str, until: str, most: int) -> list[RecordRow]:
        """The newest ``most`` replies, also revisits, from an address up to a time, newest first.

        Bot walls' challenges, what is no reply of HTTP and what is not whole are left out.
        """
        asked = (
            f"WHERE canonical = ? AND {_IS_REPLY} AND date <= ? "
            "AND payload_sha256 IS NOT NULL AND challenge IS NULL AND coalesce(whole, 'whole') = 'whole' "
            f"ORDER BY {_NEWEST} LIMIT ?"
        )
        return [_row(row) for row in self._asked("records", asked, (key_form(canonical, url), until, most))]

    def held_pages(self, *, not_of: str, imported: bool) -> Iterator[HeldRow]:
        """Every address with a whole reply, by longest not looked at; those that the run ``not_of`` looked at left out.

        One that a run took up and had no reply from counts as looked at by that run, as far back as `_LAST_RUNS`.
        ``imported``: files of others count too. Memory stays flat.
        """
        own = "1" if imported else _IS_OWN
        # From page to page by the index: the work grows with their number, and not with that of the looks at them.
        rows = self._db.execute(
            "WITH RECURSIVE pages (page) AS ("  # noqa: S608 - names of our own
            f"SELECT min(canonical) FROM records WHERE canonical IS NOT NULL AND {_IS_REPLY} UNION ALL "
            f"SELECT (SELECT min(canonical) FROM records WHERE canonical > page AND {_IS_REPLY}) "
            "FROM pages WHERE page IS NOT NULL) "
            "SELECT g.uri, g.statement, g.file, l.date FROM (SELECT page AS canonical, "
            f"(SELECT max(statement) FROM records WHERE canonical = page AND {_IS_REPLY}) AS last, "
            f"(SELECT statement FROM records WHERE canonical = page AND {_IS_WHOLE} AND {own} "
            "ORDER BY statement DESC LIMIT 1) AS good FROM pages WHERE page IS NOT NULL"
            ") AS h JOIN records AS g ON g.statement = h.good JOIN records AS l ON l.statement = h.last "
            f"LEFT JOIN (SELECT canonical, max(statement) AS tried FROM looks WHERE statement >= {_LAST_RUNS} "
            "GROUP BY canonical) AS t ON t.canonical = h.canonical "
            "WHERE l.run <> ? ORDER BY max(h.last, coalesce(t.tried, 0)), h.last",
            (not_of,),
        )
        return (HeldRow._make(row) for row in rows)

    def in_trouble(self, reasons: Sequence[str], most: int) -> list[str]:
        """Addresses that gave an error of the server, or ended for one of ``reasons``, when they were last asked for.

        Longest not asked first, at most so many; as far back as `_LAST_RUNS`.
        """
        marks = ", ".join("?" * len(reasons))
        rows = self._db.execute(
            "SELECT t.canonical FROM (SELECT canonical, max(statement) AS tried FROM looks "  # noqa: S608 - names of ours
            f"WHERE statement >= {_LAST_RUNS} AND (reason GLOB 'http-5[0-9][0-9]' OR reason IN ({marks})) "
            "GROUP BY canonical) AS t WHERE NOT EXISTS (SELECT 1 FROM records AS r WHERE r.canonical = t.canonical "
            f"AND r.{_IS_REPLY} AND r.statement > t.tried) ORDER BY t.tried LIMIT ?",
            (*reasons, most),
        )
        return [str(row[0]) for row in rows]

    def held_from(self, statement: int, *, imported: bool) -> HeldRow | None:
        """The first whole reply that is stated at ``statement`` or behind it."""
        own = "1" if imported else _IS_OWN
        row = self._db.execute(
            # By an index of its own: nearly all records are none of these.
            "SELECT uri, statement, file, date FROM records INDEXED BY records_whole "  # noqa: S608 - names of our own
            f"WHERE statement >= ? AND canonical IS NOT NULL AND {_IS_WHOLE} AND {own} ORDER BY statement LIMIT 1",
            (statement,),
        ).fetchone()
        return None if row is None else HeldRow._make(row)

    def metadata_behind(self, statement: int) -> list[RecordPlace]:
        """Where the metadata records lie of the exchange whose reply is stated at ``statement``: they follow it."""
        rows = self._db.execute(
            "SELECT type, file, ordinal, offset, length, inner FROM records WHERE statement > ? "
            "ORDER BY statement LIMIT 8",
            (statement,),
        )
        of_exchange = takewhile(lambda row: row[0] in {"request", "metadata"}, rows)
        return [_place(row[1:]) for row in of_exchange if row[0] == "metadata"]

    def held_before(self, url: str, run: str) -> RecordRow | None:
        """The last look but those of this run that found the page whole, or as it was: a reply, or a revisit of one."""
        asked = (
            f"canonical = ? AND {_IS_REPLY} AND run <> ? AND ({_IS_WHOLE} OR {_IS_AS_IT_WAS}) AND NOT {_IS_SOFT_GONE}"
        )
        return self._newest(asked, (key_form(canonical, url), run))

    def cables_at(self, url: str) -> frozenset[str]:
        """Ids of cables that replies from an address have shown, as published and as read, in small letters: a few."""
        asked = (
            "WHERE statement IN (SELECT min(statement) FROM cables WHERE record_id IN "  # noqa: S608 - as below
            f"(SELECT record_id FROM records WHERE canonical = ? AND {_IS_REPLY}) GROUP BY published_id LIMIT 8)"
        )
        rows = self._asked("cables", asked, (key_form(canonical, url),))
        return frozenset(str(row[at]).lower() for row in rows for at in (4, 5) if row[at])

    def was_soft_gone(self, url: str, payload_sha256: str) -> bool:
        """Whether a run stated of this payload at this address that it is the page no more."""
        row = self._db.execute(
            f"SELECT 1 FROM records WHERE canonical = ? AND {_IS_REPLY} AND payload_sha256 = ? "  # noqa: S608
            f"AND {_IS_SOFT_GONE} LIMIT 1",
            (key_form(canonical, url), payload_sha256),
        ).fetchone()
        return row is not None

    def looks_of(self, url: str, first: int = 0) -> list[LookRow]:
        """What runs stated of an address from the statement at ``first`` on, in the ledger's order."""
        asked = "WHERE canonical = ? AND statement >= ? ORDER BY statement, number"
        rows = self._asked("looks", asked, (key_form(canonical, url), first))
        return [LookRow._make((row[0], *row[3:])) for row in rows]

    def index_rows(self, first: int = 0) -> Iterator[IndexRow]:
        """Every capture that is stated from ``first`` on, for the index: sorted bytewise by SURT, then by time."""
        rows = self._db.execute(
            "SELECT surt, date, uri, type, status, mime, payload_sha256, file, ordinal, offset, length, inner "
            "FROM records WHERE surt IS NOT NULL AND statement >= ? ORDER BY surt || ' ', date, statement",
            (first,),
        )
        for key, date, uri, kind, status, mime, payload, *where in rows:
            place = _place(where)
            if _is_indexed(place):
                yield _index_row((key, date, uri, kind, status, mime, payload), place)

    def captures_in_index_order(self, size: int) -> Iterator[tuple[IndexRow, RecordRow]]:
        """Every capture for the index that is stated before ``size``, with its record, in the order of `index_rows`.

        Raises:
            CatalogueDiffersError: with a proof: a row is not what its statement says.
        """
        rows = self._db.execute(
            "SELECT * FROM records WHERE surt IS NOT NULL AND statement < ? ORDER BY surt || ' ', date, statement",
            (min(size, self._swept()),),
        )
        for row in rows:
            place = _place(row[_WHERE])
            if _is_indexed(place):
                _statement, _id, kind, uri, _canonical, key, date, status, mime, *_rest = row
                yield _index_row((key, date, uri, kind, status, mime, row[15]), place), _row(row)

    def shown_cables(self, first: int = 0) -> Iterator[ShownCable]:
        """The texts that the ledger names from the statement at ``first`` on, in its order, each with its record.

        Of a record that several extractors or layouts have read, the texts of the one that was stated last.

        Raises:
            CatalogueDiffersError: with a proof: a text or its record is missing here, or is another.
        """
        rows = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM cables n WHERE n.record_id = c.record_id AND n.statement > c.statement "
            "AND (n.extractor, n.layout) != (c.extractor, c.layout)), c.*, r.* "
            "FROM cables c LEFT JOIN records r ON r.statement = "
            "(SELECT min(statement) FROM records WHERE record_id = c.record_id) "
            "WHERE c.statement >= ? ORDER BY c.statement",
            (first,),
        )
        proof, last = self._proof, first - 1
        for gives_way, *joined in rows:
            cable, record = tuple(joined[: TABLES["cables"]]), tuple(joined[TABLES["cables"] :])
            if proof is not None:
                proof.ends("cables", last, cable[0])
            last = cable[0]
            if record[0] is None and proof is not None:
                proof.lacks(last)
            if self._are_held(("cables", cable)) and not gives_way and record[0] is not None:
                if not self._are_held(("records", record)):
                    continue
                statement, _record_id, *said = cable[:9]
                yield ShownCable._make((statement, *said, _row(record)))
        if proof is not None:
            proof.ends("cables", last, self.ledger_size)

    def revisits_since(self, first: int) -> Iterator[tuple[str, str, int]]:
        """Of every revisit stated from ``first`` on: the record that it refers to, its date, and its statement's index.

        Of one in an imported file, -1 stands for that: it says nothing of what came last.
        """
        asked = "WHERE statement >= ? AND type = 'revisit' AND refers_to IS NOT NULL ORDER BY statement"
        for row in self._asked("records", asked, (first,)):
            yield str(row[16]), str(row[6]), self._order_of(row)

    def revisits_of(self, record_id: str, before: int) -> list[tuple[str, int]]:
        """The same of every revisit to one record that was stated before that at ``before``: date and index."""
        asked = "WHERE refers_to = ? AND type = 'revisit' AND statement < ?"
        return [(str(row[6]), self._order_of(row)) for row in self._asked("records", asked, (record_id, before))]

    def _order_of(self, row: Row) -> int:
        """The index of a record's statement; -1 in an imported file: it says nothing of what came last."""
        return int(str(row[0])) if self.imported(str(row[19])) is None else -1

    def replies_in_order(self) -> Iterator["SeenRow"]:
        """Every reply by address (in canonical form), in the ledger's order, with what was read. Memory stays flat."""
        proved = self._swept()
        # The rows of one address lie far apart: 32 MiB of pages are kept while they are gone through.
        self._db.execute("PRAGMA cache_size = -32768")
        rows = self._db.execute(
            "SELECT cables, c.published_id, c.comparison_sha256, r.* "  # noqa: S608 - a condition of our own
            "FROM records AS r LEFT JOIN (SELECT record_id AS of_record, count(DISTINCT published_id) AS cables, "
            "published_id, comparison_sha256, max(statement) FROM cables WHERE statement < :size "
            "GROUP BY record_id) AS c "
            f"ON c.of_record = coalesce(r.refers_to, r.record_id) "
            f"WHERE r.canonical IS NOT NULL AND {_IS_REPLY} AND r.statement < :size ORDER BY r.canonical, r.statement",
            {"size": proved},
        )
        for cables, published, comparison, *record in rows:
            key, mime, run = record[4], record[8], record[19]
            yield SeenRow(
                canonical=str(key),
                row=_row(tuple(record)),
                mime=None if mime is None else str(mime),
                run=str(run),
                cable=None if published is None else str(published),
                # Of a table of cables no one text tells whether the page has changed.
                text_sha256=str(comparison) if cables == 1 else None,
            )

    def replies_from(self, first: int) -> Iterator["SeenRow"]:
        """The replies that are stated from ``first`` on, in the ledger's order, with what was read."""
        proved = self._swept(first)
        rows = self._db.execute(
            f"SELECT * FROM records WHERE statement >= ? AND statement < ? AND canonical IS NOT NULL AND {_IS_REPLY} "  # noqa: S608
            "ORDER BY statement",
            (first, proved),
        )
        return (self._seen(row) for row in rows)

    def replies_of(self, url: str) -> list["SeenRow"]:
        """The replies captured from one address, in the ledger's order, with what was read."""
        asked = f"WHERE canonical = ? AND {_IS_REPLY} ORDER BY statement"
        return [self._seen(row) for row in self._asked("records", asked, (key_form(canonical, url),))]

    def looks_told_of(self, url: str) -> int:
        """Number of replies from an address, and of what runs stated of it. As it stands there."""
        query = (
            f"SELECT (SELECT count(*) FROM records WHERE canonical = :key AND {_IS_REPLY}) "  # noqa: S608 - of our own
            "+ (SELECT count(*) FROM looks WHERE canonical = :key)"
        )
        return int(self._db.execute(query, {"key": key_form(canonical, url)}).fetchone()[0])

    def seen_at(self, statement: int) -> "SeenRow | None":
        """The reply that a statement names, with what was read."""
        row = next(self._asked("records", "WHERE statement = ?", (statement,)), None)
        return None if row is None else self._seen(row)

    def _seen(self, row: Row) -> "SeenRow":
        texts = self.readings_of(str(row[1] if row[16] is None else row[16]))
        last = texts[-1] if texts else None
        is_one = len({text.published_id for text in texts}) == 1
        return SeenRow(
            canonical=str(row[4]),
            row=_row(row),
            mime=None if row[8] is None else str(row[8]),
            run=str(row[19]),
            cable=None if last is None else last.published_id,
            text_sha256=None if last is None or not is_one else last.comparison_sha256,
        )

    def texts_of_older(self, first: int) -> bool:
        """Whether a text is stated from ``first`` on whose record was stated before, or has no row from there on.

        Rows from ``first`` on decide, so that a row before it which was taken away hides nothing.
        """
        query = (
            "SELECT 1 FROM cables AS c WHERE c.statement >= :first AND ("
            "NOT EXISTS (SELECT 1 FROM records AS r WHERE r.record_id = c.record_id AND r.statement >= :first) "
            "OR EXISTS (SELECT 1 FROM records AS r WHERE r.record_id = c.record_id AND r.statement < :first)) LIMIT 1"
        )
        return self._db.execute(query, {"first": first}).fetchone() is not None

    def runs(self) -> Iterator[tuple[int, str, str, str]]:
        """Of every run that is stated, in the ledger's order: its statement's index, its id, its start and its end.

        As they stand there: see `run_is_held`.
        """
        return iter(self._db.execute("SELECT statement, run, started, ended FROM runs ORDER BY statement"))

    def run_is_held(self, run: str) -> bool:
        """Holds what is kept of one run against its statements; of all runs where it is empty. False: nothing is kept.

        Raises:
            CatalogueDiffersError: it is not what they say.
        """
        condition, values = ("WHERE run = ?", (run,)) if run else ("", ())
        return len(list(self._asked("runs", condition, values))) > 0

    def last_run_ended(self) -> str | None:
        """The end of the run that was stated last; None where none is."""
        row = self._db.execute("SELECT ended FROM runs ORDER BY statement DESC LIMIT 1").fetchone()
        return None if row is None else str(row[0])

    def mementos_of(self, url: str) -> list[mementos.MementoRow]:
        """Every memento of an address that was asked of a web archive, in the order of asking."""
        return self._mementos("canonical = ?", key_form(canonical, url))

    def memento_in(self, record_id: str) -> mementos.MementoRow | None:
        """What a record is a memento of; None where it is none."""
        return next(iter(self._mementos("record_id = ?", record_id)), None)

    def _mementos(self, condition: str, value: str | None) -> list[mementos.MementoRow]:
        rows = self._held(mementos.TABLE, mementos.rows(self._db, condition, value))
        return [mementos.of_row(row) for row in rows]


def _is_indexed(place: RecordPlace) -> bool:
    """False where a record is inside of a compressed piece: no reader of an index finds it there."""
    return place.inner == 0 and place.length > 0


def _stored(row: Any) -> StoredRecord:  # noqa: ANN401 - a row as the database gives it
    return StoredRecord(
        row[0], row[1], row[2], row[3], row[6], row[8], row[9], row[11], row[11] + row[12], row[16], row[19]
    )


def _place(values: Sequence[object]) -> RecordPlace:
    file, *numbers = values
    ordinal, offset, length, inner = (value if type(value) is int else int(str(value)) for value in numbers)
    return RecordPlace(file=str(file), ordinal=ordinal, offset=offset, length=length, inner=inner)


def _index_row(values: tuple[object, ...], place: RecordPlace) -> IndexRow:
    key, date, uri, kind, status, mime, payload = values
    return IndexRow(
        surt=str(key),
        date=str(date),
        uri=str(uri),
        type=str(kind),
        status=None if status is None else int(str(status)),
        mime=None if mime is None else str(mime),
        payload_sha256=None if payload is None else str(payload),
        place=place,
    )


def key_form(form: Callable[[str], str], url: str) -> str | None:
    """An address in a key form, or None where it has none."""
    try:
        return form(url)
    except FormatError:
        return None


def _row(values: Row) -> RecordRow:
    statement, record_id, kind, uri, _key, _surt, date, status, mime, *rest = values
    *where, sha256, payload, refers_to, challenge, whole, run = rest
    return RecordRow(
        record_id=str(record_id),
        type=str(kind),
        uri=None if uri is None else str(uri),
        date=str(date),
        status=None if status is None else int(str(status)),
        mime=None if mime is None else str(mime),
        place=_place(where),
        record_sha256=str(sha256),
        payload_sha256=None if payload is None else str(payload),
        refers_to=None if refers_to is None else str(refers_to),
        challenge=None if challenge is None else str(challenge),
        whole=None if whole is None else str(whole),
        statement_index=int(str(statement)),
        run=str(run),
    )
