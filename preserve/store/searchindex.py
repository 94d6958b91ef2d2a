"""The search index of a collection: its texts as SQLite's FTS5 finds words in them, and what cables are held.

Derived and disposable: a database of its own, made from catalogue and WARC files, made again where it cannot be used.
Texts that are the same in every word and field are kept once, however often they were captured. Of each the words are
indexed without their text (a contentless table); the text lies beside them, compressed, for the passage of a hit.

Dates are the documents' own, as precisely as they are known (``2005-01-31T08:10``, ``1966-12-28T18``, ``2005-01-31``),
compared as spans: a cable of which only the day is known is of every minute of it.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from preserve.model import sha256_hex
from preserve.store.database import connect
from preserve.store.durable import make_dir
from preserve.store.layout import CollectionPaths

_VERSION = 5
_TOKENS = "unicode61 remove_diacritics 2"
_SCHEMA = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('ledger_size', 0), ('revisits_size', 0), ('unread', 0);
CREATE TABLE texts (id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, subject TEXT NOT NULL, head TEXT NOT NULL,
    body BLOB NOT NULL);
CREATE VIRTUAL TABLE words USING fts5(subject, head, body, content = '', tokenize = '{_TOKENS}');
INSERT INTO words (words, rank) VALUES ('hashsize', 16777216);
CREATE TABLE cables (
    statement INTEGER PRIMARY KEY, text INTEGER NOT NULL, record_id TEXT NOT NULL, uri TEXT NOT NULL,
    first_seen TEXT NOT NULL, last_seen TEXT NOT NULL, captures INTEGER NOT NULL, published_id TEXT NOT NULL,
    canonical_id TEXT, subject TEXT NOT NULL, origin TEXT NOT NULL, classification TEXT NOT NULL, tags TEXT NOT NULL,
    sent TEXT, source TEXT NOT NULL, body_sha256 TEXT NOT NULL, place INTEGER NOT NULL, is_newest INTEGER NOT NULL,
    key TEXT NOT NULL, reading TEXT NOT NULL
);
CREATE INDEX cables_text ON cables (text);
CREATE INDEX cables_record ON cables (record_id);
CREATE INDEX cables_id ON cables (published_id, last_seen);
CREATE INDEX cables_key ON cables (key);
CREATE TABLE citations (
    statement INTEGER NOT NULL, entry INTEGER NOT NULL, enumerator TEXT, printed TEXT NOT NULL, cited TEXT NOT NULL,
    key TEXT NOT NULL, certain INTEGER NOT NULL, year_is_assumed INTEGER NOT NULL, rules TEXT NOT NULL
);
CREATE INDEX citations_statement ON citations (statement);
CREATE INDEX citations_key ON citations (key);
"""  # noqa: S608 - a name of our own
_COLUMNS = (
    "c.record_id, c.uri, c.first_seen, c.last_seen, c.captures, c.published_id, c.canonical_id, c.subject, c.origin, "
    "c.classification, c.tags, c.sent, c.source, c.body_sha256, c.statement"
)
_WEIGHTS = "8.0, 4.0, 1.0"
"""What a word in the subject counts, in a field, in the text."""
RANKED = 10_000
"""Of so many texts with the words at most the rank is told: those found first. Ranking takes time for each."""
MARKS = ("\x02", "\x03")
"""Stand around the words that were found, in a passage; no text has them."""
_UNMARKED = str.maketrans(dict.fromkeys(MARKS, "\ufffd"))
_PASSAGE_TOKENS = 24


class Citation(NamedTuple):
    """A cable that an entry of a list of references cites.

    ``entry`` counts the entries of the list from 1, ``enumerator`` is its letter, ``printed`` the entry as printed,
    ``cited`` the canonical id that it means, ``key`` the key of that cable, ``rules`` those that read it, parted by
    semicolons.
    """

    entry: int
    enumerator: str | None
    printed: str
    cited: str
    key: str
    certain: bool
    year_is_assumed: bool
    rules: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedText:
    """What is indexed of one text that the ledger names; ``body`` is the text, ``head`` its fields as printed.

    ``key`` is the same for every id of one cable.
    """

    statement: int
    place: int
    """What orders texts of one cable: the statement of the capture; -1 of an import, -2 of one whose date cannot be, -3
    of a capture that is not whole."""
    record_id: str
    uri: str
    captured: str
    published_id: str
    canonical_id: str | None
    subject: str
    origin: str
    classification: str
    tags: tuple[str, ...]
    sent: str | None
    source: str
    body_sha256: str
    head: str
    body: str
    key: str
    reading: str
    """The extractor and the layout that read it. What others read of the same record gives way to it."""
    citations: tuple[Citation, ...] = ()
    revisits: tuple[tuple[str, int], ...] = ()
    """Unchanged captures that the index has counted before: when, and their place as in ``place``."""


class HeldCable(NamedTuple):
    """A cable as one text shows it: ``captures`` how often it was captured, ``first_seen`` and ``last_seen`` when.

    ``sent`` is the document's date, as precisely as it is known; ``source`` what the page names as its source.
    """

    record_id: str
    uri: str
    first_seen: str
    last_seen: str
    captures: int
    published_id: str
    canonical_id: str | None
    subject: str
    origin: str
    classification: str
    tags: tuple[str, ...]
    sent: str | None
    source: str
    body_sha256: str
    statement: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is asked for beside words. ``origin`` and ``source`` are part of the name (the source also of the address),
    ``classification`` its beginning, each of ``tags`` a whole tag; case does not count.

    ``first`` and ``last`` are dates of documents, of any precision, both inclusive; a cable without a date is of none.
    """

    origin: str = ""
    classification: str = ""
    tags: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    source: str = ""
    cites: str = ""
    """The key of a cable that is cited."""
    all_texts: bool = False
    """Also texts of a cable that a newer capture shows otherwise."""

    def condition(self) -> tuple[str, list[object]]:
        """As a condition of SQL with its values."""
        said: list[tuple[str, tuple[object, ...]]] = []
        if not self.all_texts:
            said.append(("c.is_newest = 1", ()))
        if self.origin:
            said.append((r"c.origin LIKE ? ESCAPE '\'", (f"%{_literal(self.origin)}%",)))
        if self.classification:
            said.append((r"c.classification LIKE ? ESCAPE '\'", (f"{_literal(self.classification)}%",)))
        said += [(r"c.tags LIKE ? ESCAPE '\'", (f"%\n{_literal(tag)}\n%",)) for tag in self.tags]
        if self.source:
            like = f"%{_literal(self.source)}%"
            said.append((r"(c.source LIKE ? ESCAPE '\' OR c.uri LIKE ? ESCAPE '\')", (like, like)))
        if self.cites:
            said.append(
                ("EXISTS (SELECT 1 FROM citations x WHERE x.statement = c.statement AND x.key = ?)", (self.cites,))
            )
        if self.first:
            said.append(("c.sent || '~' >= ?", (self.first,)))
        if self.last:
            said.append(("c.sent <= ?", (f"{self.last}~",)))
        return " AND ".join(text for text, _ in said) or "1", [value for _, values in said for value in values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A cable that has the words. ``passage`` is its text around some of them, each between `MARKS`.

    ``rank`` is smaller the better it fits (BM25).
    """

    cable: HeldCable
    rank: float
    passage: str


class SearchIndex:
    """One open search index. Writing is for the holder of the collection's lock."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    def open(cls, paths: CollectionPaths, *, read_only: bool = False) -> Self:
        """The collection's search index; made empty where there is none.

        Raises:
            BrokenStateError: it cannot be used.
        """
        if not read_only:
            make_dir(paths.state)
        next_step = f"Delete {paths.search}: the next search makes it again."
        return cls(connect(paths.search, schema=_SCHEMA, version=_VERSION, read_only=read_only, next_step=next_step))

    def close(self) -> None:
        """Closes it; what was not committed is dropped."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def ledger_size(self) -> int:
        """Number of statements of the ledger up to which it goes."""
        return self._meta("ledger_size")

    @property
    def unread(self) -> int:
        """Number of texts that could not be read from their records again."""
        return self._meta("unread")

    def _meta(self, name: str) -> int:
        return int(self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0])

    @property
    def revisits_size(self) -> int:
        """Number of statements of the ledger up to which unchanged captures are counted."""
        return self._meta("revisits_size")

    def add(self, found: Iterable[IndexedText], *, unread: int, size: int) -> None:
        """Takes in texts, durably and all or none; then the index goes up to ``size`` statements."""
        with self._db:
            self._settle(self._texts(found, unread, size))

    def finish(
        self, found: Iterable[IndexedText], *, unread: int, size: int, revisits: Iterable[tuple[str, str, int]]
    ) -> None:
        """As `add`, and takes in unchanged captures: the record referred to, when, and their place in the ledger."""
        with self._db:
            seen = self._texts(found, unread, size)
            for record_id, date, place in revisits:
                rows = self._db.execute(
                    "UPDATE cables SET captures = captures + 1, last_seen = max(last_seen, ?), "
                    "first_seen = min(first_seen, ?), place = max(place, ?) WHERE record_id = ? RETURNING published_id",
                    (date, date, place, record_id),
                )
                seen |= {str(row[0]) for row in rows.fetchall()}
            self._settle(seen)
            self._db.execute("UPDATE meta SET value = ? WHERE name = 'revisits_size'", (size,))

    def _texts(self, found: Iterable[IndexedText], unread: int, size: int) -> set[str]:
        seen = set()
        for text in found:
            seen |= self._give_way(text)
            self._add(text)
            seen.add(text.published_id)
        self._db.execute("UPDATE meta SET value = value + ? WHERE name = 'unread'", (unread,))
        self._db.execute("UPDATE meta SET value = ? WHERE name = 'ledger_size'", (size,))
        return seen

    def optimise(self) -> None:
        """Puts the words' lists together: after many texts, searching is faster and the file smaller."""
        with self._db:
            self._db.execute("INSERT INTO words (words) VALUES ('optimize')")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _give_way(self, text: IndexedText) -> set[str]:
        """Takes out what another extractor or layout read of the same record; returns the ids of that."""
        rows = self._db.execute(
            "DELETE FROM cables WHERE record_id = ? AND reading != ? RETURNING statement, published_id",
            (text.record_id, text.reading),
        ).fetchall()
        self._db.executemany("DELETE FROM citations WHERE statement = ?", ((row[0],) for row in rows))
        return {str(row[1]) for row in rows}

    def _add(self, text: IndexedText) -> None:
        parts = (text.subject, text.head, text.body.translate(_UNMARKED))
        key = bytes.fromhex(sha256_hex("\0".join(parts).encode("utf-8", "replace")))
        row = self._db.execute("SELECT id FROM texts WHERE sha256 = ?", (key,)).fetchone()
        if row is None:
            body = zlib.compress(parts[2].encode("utf-8", "replace"), 6)
            number = self._db.execute(
                "INSERT INTO texts (sha256, subject, head, body) VALUES (?, ?, ?, ?)", (key, *parts[:2], body)
            ).lastrowid
            self._db.execute("INSERT INTO words (rowid, subject, head, body) VALUES (?, ?, ?, ?)", (number, *parts))
        else:
            number = row[0]
        dates = [text.captured, *(date for date, _place in text.revisits)]
        place = max([text.place, *(place for _date, place in text.revisits)])
        values = (
            text.statement, number, text.record_id, text.uri, min(dates), max(dates), len(dates), text.published_id,
            text.canonical_id, text.subject, text.origin, text.classification, _tag_lines(text.tags), text.sent,
            text.source, text.body_sha256, place, 0, text.key, text.reading,
        )  # fmt: skip
        self._db.execute(f"INSERT OR REPLACE INTO cables VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608 - marks

        self._db.execute("DELETE FROM citations WHERE statement = ?", (text.statement,))
        self._db.executemany(
            "INSERT INTO citations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((text.statement, *citation) for citation in text.citations),
        )

    def _settle(self, published: Iterable[str]) -> None:
        """Says anew which text of each cable is the newest."""
        self._db.executemany(
            "UPDATE cables SET is_newest = (statement = (SELECT n.statement FROM cables n WHERE n.published_id = :id "
            "ORDER BY n.place DESC, n.last_seen DESC, n.statement DESC LIMIT 1)) WHERE published_id = :id",
            ({"id": name} for name in sorted(published)),
        )

    def search(self, expression: str, filters: Filters, limit: int) -> tuple[list[Hit], int]:
        """The best texts for an expression of FTS5, at most ``limit``, each with a passage; and how many there are.

        They are counted, and ranked, up to `RANKED`.
        """
        condition, values = filters.condition()
        rows = self._db.execute(
            f"WITH found AS MATERIALIZED (SELECT c.statement, bm25(words, {_WEIGHTS}) AS fit FROM words w "  # noqa: S608 - names of our own
            f"CROSS JOIN cables c ON c.text = w.rowid WHERE words MATCH ? AND {condition} LIMIT {RANKED:d}) "
            f"SELECT f.fit, {_COLUMNS}, c.text, (SELECT count(*) FROM found) FROM found f "
            "JOIN cables c ON c.statement = f.statement ORDER BY f.fit, f.statement LIMIT ?",
            (expression, *values, limit),
        ).fetchall()
        passages = self._passages(expression, {int(row[-2]) for row in rows})
        hits = [Hit(cable=_held(row[1:-2]), rank=float(row[0]), passage=passages[int(row[-2])]) for row in rows]
        return hits, int(rows[0][-1]) if rows else 0

    def facets(self, expression: str, filters: Filters) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
        """Of the texts for an expression of FTS5, up to `RANKED`: origin, classification, year and tags of each."""
        condition, values = filters.condition()
        rows = self._db.execute(
            "SELECT c.origin, c.classification, coalesce(substr(c.sent, 1, 4), ''), c.tags FROM words w "  # noqa: S608 - names of our own
            f"CROSS JOIN cables c ON c.text = w.rowid WHERE words MATCH ? AND {condition} LIMIT {RANKED:d}",
            (expression, *values),
        )
        for origin, classification, year, tags in rows:
            yield origin, classification, year, tuple(str(tags).split("\n")[1:-1])

    def _passages(self, expression: str, texts: set[int]) -> dict[int, str]:
        """The passage of each text: FTS5 finds it in a table in memory that has these texts whole."""
        memory = sqlite3.connect(":memory:")
        try:
            memory.execute(f"CREATE VIRTUAL TABLE words USING fts5(subject, head, body, tokenize = '{_TOKENS}')")
            for number in texts:
                row = self._db.execute("SELECT subject, head, body FROM texts WHERE id = ?", (number,)).fetchone()
                shown = (number, row[0], row[1], zlib.decompress(row[2]).decode())
                memory.execute("INSERT INTO words (rowid, subject, head, body) VALUES (?, ?, ?, ?)", shown)
            found = memory.execute(
                f"SELECT rowid, snippet(words, 2, ?, ?, '…', {_PASSAGE_TOKENS:d}) FROM words WHERE words MATCH ?",  # noqa: S608 - a number
                (*MARKS, expression),
            )
            return {int(number): str(passage) for number, passage in found}
        finally:
            memory.close()

    def cables(self, filters: Filters, limit: int | None = None) -> Iterator[HeldCable]:
        """Every cable that is held, by its published id."""
        condition, values = filters.condition()
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM cables c WHERE {condition} ORDER BY published_id, last_seen, statement LIMIT ?",  # noqa: S608 - names of our own
            (*values, -1 if limit is None else limit),
        )
        return (_held(row) for row in rows)

    def of_key(self, key: str) -> Iterator[HeldCable]:
        """The newest texts of the cable with a key, by published id."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM cables c WHERE c.key = ? AND c.is_newest = 1 ORDER BY published_id",  # noqa: S608 - names of our own
            (key,),
        )
        return (_held(row) for row in rows)

    def keys(self) -> Iterator[tuple[str, HeldCable]]:
        """The newest text of every published id with the key of its cable, by published id."""
        rows = self._db.execute(f"SELECT c.key, {_COLUMNS} FROM cables c WHERE c.is_newest = 1 ORDER BY published_id")  # noqa: S608 - as above
        return ((str(row[0]), _held(row[1:])) for row in rows)

    def citations(self, key: str | None = None) -> Iterator[tuple[str, int, Citation]]:
        """What the newest texts cite: the key of the citing cable, its statement, and the citation.

        With a ``key`` only what that cable cites, and who cites it. In the order of published ids and entries.
        """
        condition = "" if key is None else "AND (c.key = :key OR x.key = :key)"
        rows = self._db.execute(
            "SELECT c.key, c.statement, x.entry, x.enumerator, x.printed, x.cited, x.key, x.certain, "  # noqa: S608 - a condition of our own
            "x.year_is_assumed, x.rules FROM cables c JOIN citations x ON x.statement = c.statement "
            f"WHERE c.is_newest = 1 {condition} ORDER BY c.published_id, c.statement, x.entry, x.rowid",
            {"key": key},
        )
        for citing, statement, entry, enumerator, printed, cited, meant, certain, assumed, rules in rows:
            yield (
                str(citing),
                int(statement),
                Citation(
                    entry=entry,
                    enumerator=enumerator,
                    printed=printed,
                    cited=cited,
                    key=meant,
                    certain=bool(certain),
                    year_is_assumed=bool(assumed),
                    rules=rules,
                ),
            )


def _held(row: Sequence[object]) -> HeldCable:
    values = list(row)
    values[10] = tuple(str(values[10]).split("\n")[1:-1])
    return HeldCable(*values)  # type: ignore[arg-type] # the columns of the schema, in its types


def _tag_lines(tags: Sequence[str]) -> str:
    return "".join(f"\n{tag}" for tag in tags) + "\n" if tags else ""


def _literal(text: str) -> str:
    r"""A text for LIKE that stands for itself: ``%``, ``_`` and ``\`` are no signs."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
