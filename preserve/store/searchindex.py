"""The search index of a collection: its texts as SQLite's FTS5 finds words in them, and what cables are held.

Derived and disposable: a database of its own, made of what pages show, made again where it cannot be used.
Texts that are the same in every word and field are kept once, however often they were captured. Of each the words are
indexed without their text (a contentless table); the text lies beside them, compressed, for the passage of a hit.

Most of what stands here is in no statement of the ledger: subjects, dates, passages. So each row has a MAC by the
secret of the installation that read it from the records, and the number of rows has one too. An index that another hand
made is made again; a row that another hand changed is given out to nobody. Without the secret neither can be told.

Dates are the documents' own, as precisely as they are known (``2005-01-31T08:10``, ``1966-12-28T18``, ``2005-01-31``),
compared as spans: a cable of which only the day is known is of every minute of it.

Tested by ``tests/scenarios/test_search.py``.
"""

import hmac
import json
import sqlite3
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, NamedTuple, Self, TypeVar

from preserve.errors import BrokenStateError, CatalogueDiffersError
from preserve.model import sha256_hex
from preserve.store.database import begin_snapshot, connect, limit_time, require_still
from preserve.store.durable import make_dir
from preserve.store.layout import CollectionPaths

_VERSION = 8
_TOKENS = "unicode61 remove_diacritics 2"
_SCHEMA = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('ledger_size', 0), ('revisits_size', 0), ('unread', 0), ('newest', 0), ('seal', x'');
CREATE TABLE texts (id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, subject TEXT NOT NULL, head TEXT NOT NULL,
    body BLOB NOT NULL, mac BLOB NOT NULL DEFAULT x'');
CREATE VIRTUAL TABLE words USING fts5(subject, head, body, content = '', tokenize = '{_TOKENS}');
INSERT INTO words (words, rank) VALUES ('hashsize', 16777216);
CREATE TABLE cables (
    statement INTEGER PRIMARY KEY, text INTEGER NOT NULL, record_id TEXT NOT NULL, uri TEXT NOT NULL,
    first_seen TEXT NOT NULL, last_seen TEXT NOT NULL, captures INTEGER NOT NULL, published_id TEXT NOT NULL,
    canonical_id TEXT, subject TEXT NOT NULL, origin TEXT NOT NULL, classification TEXT NOT NULL, tags TEXT NOT NULL,
    sent TEXT, source TEXT NOT NULL, body_sha256 TEXT NOT NULL, redactions INTEGER NOT NULL,
    place INTEGER NOT NULL, is_newest INTEGER NOT NULL, key TEXT NOT NULL, reading TEXT NOT NULL,
    mac BLOB NOT NULL DEFAULT x''
);
CREATE INDEX cables_text ON cables (text);
CREATE INDEX cables_record ON cables (record_id);
CREATE INDEX cables_id ON cables (published_id, last_seen);
CREATE INDEX cables_key ON cables (key);
CREATE INDEX cables_newest ON cables (statement) WHERE is_newest = 1;
CREATE TABLE citations (
    statement INTEGER NOT NULL, entry INTEGER NOT NULL, enumerator TEXT, printed TEXT NOT NULL, cited TEXT NOT NULL,
    key TEXT NOT NULL, certain INTEGER NOT NULL, year_is_assumed INTEGER NOT NULL, rules TEXT NOT NULL,
    mac BLOB NOT NULL DEFAULT x''
);
CREATE INDEX citations_statement ON citations (statement);
CREATE INDEX citations_key ON citations (key);
"""  # noqa: S608 - a name of our own
_CABLE = (
    "statement, text, record_id, uri, first_seen, last_seen, captures, published_id, canonical_id, subject, origin, "
    "classification, tags, sent, source, body_sha256, redactions, place, is_newest, key, reading"
)
"""The columns of ``cables`` before the MAC, which is over them."""
_KEY = 19
_IS_NEWEST = 18
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
    redactions: int
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
    redactions: int
    statement: int


Facet = Literal["origin", "class", "tag", "year", "source", "redacted"]
FACET_KINDS: Final[tuple[Facet, ...]] = ("origin", "class", "tag", "year", "source", "redacted")


class FacetChoice(NamedTuple):
    """One value of a facet that is asked for, or, where ``is_out``, that must not be there."""

    kind: Facet
    value: str
    is_out: bool = False


def facet_values(cable: HeldCable) -> list[tuple[Facet, str]]:
    """The facets that a cable has, with their values: of tags one or more, of the others one each."""
    values: list[tuple[Facet, str]] = [("tag", tag) for tag in set(cable.tags)]
    values.append(("redacted", "yes" if cable.redactions else "no"))
    if cable.origin:
        values.append(("origin", cable.origin))
    if cable.classification:
        values.append(("class", cable.classification))
    if cable.sent:
        values.append(("year", cable.sent[:4]))
    if cable.source:
        values.append(("source", cable.source))
    return values


_FACET_CONDITION: Final[dict[Facet, str]] = {
    "origin": "c.origin = ?",
    "class": "c.classification = ?",
    "tag": "instr(c.tags, char(10) || ? || char(10)) > 0",
    "year": "coalesce(substr(c.sent, 1, 4), '') = ?",
    "source": "c.source = ?",
    "redacted": "iif(c.redactions > 0, 'yes', 'no') = ?",
}


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
    chosen: tuple[FacetChoice, ...] = ()
    """Whole values of facets, as they are counted out: all of them, case counts."""
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
        for choice in self.chosen:
            condition = _FACET_CONDITION[choice.kind]
            said.append((f"NOT ({condition})" if choice.is_out else condition, (choice.value,)))
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


_MOST_IN_ORDER: Final = 1 << 23
"""Numbers of texts that are kept in a list by number; what is larger is none of an index that grew."""


class Columns:
    """Of many texts what is counted out and sorted by: small enough to be kept for all of a collection.

    A text is called by its place in the lists: ``statements`` and ``texts`` are their numbers, ``sent`` and ``ids`` the
    documents' dates and published ids.
    """

    def __init__(self) -> None:
        self.statements = array("q")
        self.texts = array("q")
        self.sent: list[str | None] = []
        self.ids: list[str] = []
        self.newest = bytearray()
        self._one: dict[Facet | Literal["month"], _Column[str]] = {
            kind: _Column() for kind in ("origin", "class", "year", "source", "redacted", "month")
        }
        self._tags: _Column[tuple[str, ...]] = _Column()
        self._first_of_text = array("i")
        self._more_of_text: dict[int, list[int]] = {}

    def _place_of_text(self, text: int, place: int) -> None:
        if not 0 <= text < _MOST_IN_ORDER or self._first(text) >= 0:
            self._more_of_text.setdefault(text, []).append(place)
            return
        self._first_of_text.extend([-1] * (text + 1 - len(self._first_of_text)))
        self._first_of_text[text] = place

    def _first(self, text: int) -> int:
        return self._first_of_text[text] if 0 <= text < len(self._first_of_text) else -1

    def places_of_text(self, text: int) -> Sequence[int]:
        """Where the texts with a number stand: one text may be that of several statements."""
        first, more = self._first(text), self._more_of_text.get(text)
        if more is None:
            return (first,) if first >= 0 else ()
        return (first, *more) if first >= 0 else more

    def candidates(self, filters: "Filters") -> Iterable[int]:
        """The places that `passing` has to be asked of, in their order: those of one facet where one is chosen."""
        for choice in filters.chosen:
            if not choice.is_out:
                column = self._column(choice)
                wanted = column.of_choice(choice)
                return (place for place, number in enumerate(column.numbers) if number in wanted)
        return range(len(self.statements))

    def _column(self, choice: FacetChoice) -> "_Column[str] | _Column[tuple[str, ...]]":
        return self._tags if choice.kind == "tag" else self._one[choice.kind]

    def passing(self, filters: "Filters") -> Callable[[int], bool] | None:
        """Whether the text at a place is let through; None: these filters ask for more than is kept here."""
        if filters.origin or filters.classification or filters.tags or filters.source or filters.cites:
            return None
        newest = bytearray(b"\1") * len(self.newest) if filters.all_texts else self.newest
        chosen = [(self._tags if choice.kind == "tag" else self._one[choice.kind], choice) for choice in filters.chosen]
        conditions = [(column.numbers, column.of_choice(choice), choice.is_out) for column, choice in chosen]
        first, last, sent = filters.first, f"{filters.last}~" if filters.last else "", self.sent
        if not conditions and not first and not last:
            return lambda place: bool(newest[place])

        def passes(place: int) -> bool:
            if not newest[place]:
                return False
            if any((numbers[place] in wanted) == is_out for numbers, wanted, is_out in conditions):
                return False
            day = sent[place]
            return not (first or last) or (
                day is not None and (not first or f"{day}~" >= first) and (not last or day <= last)
            )

        return passes

    def add(self, cable: HeldCable, text: int, *, is_newest: bool) -> None:
        """Takes in one text."""
        self._place_of_text(text, len(self.texts))
        self.statements.append(cable.statement)
        self.texts.append(text)
        self.sent.append(cable.sent)
        self.ids.append(cable.published_id)
        self.newest.append(is_newest)
        said = dict(facet_values(cable))
        for kind, column in self._one.items():
            column.add((cable.sent or "")[:7] if kind == "month" else said.get(kind, ""))
        self._tags.add(tuple(sorted(set(cable.tags))))

    def every_newest(self) -> list[int]:
        """Where the newest texts stand."""
        return [place for place, is_newest in enumerate(self.newest) if is_newest]

    def facets(self, places: Sequence[int]) -> Counter[tuple[str, str]]:
        """How many of some texts have which value of a facet."""
        counts: Counter[tuple[str, str]] = Counter()
        for kind, column in self._one.items():
            if kind != "month":
                counts.update({(kind, value): count for value, count in column.counts(places).items() if value})
        for tags, count in self._tags.counts(places).items():
            for tag in tags:
                counts["tag", tag] += count
        return counts

    def months(self, places: Sequence[int]) -> dict[str, int]:
        """How many of some texts are of which month (``YYYY-MM``), those without a date under the empty text."""
        return self._one["month"].counts(places)


_Kind = TypeVar("_Kind")


class _Column(Generic[_Kind]):
    """One value of each text, as the number of the value."""

    def __init__(self) -> None:
        self.numbers = array("L")
        self._number_of: dict[_Kind, int] = {}

    def add(self, value: _Kind) -> None:
        self.numbers.append(self._number_of.setdefault(value, len(self._number_of)))

    def of_choice(self, choice: FacetChoice) -> frozenset[int]:
        """The numbers of the values that are the chosen one, or hold it."""
        return frozenset(
            number
            for value, number in self._number_of.items()
            if value == choice.value or (isinstance(value, tuple) and choice.value in value)
        )

    def counts(self, places: Sequence[int]) -> dict[_Kind, int]:
        values = list(self._number_of)
        return {values[number]: count for number, count in Counter(map(self.numbers.__getitem__, places)).items()}


class SearchIndex:
    """One open search index. Writing is for the holder of the collection's lock."""

    def __init__(
        self, connection: sqlite3.Connection, name: str, secret: bytes | None, proved: set[int] | None = None
    ) -> None:
        self._db = connection
        self._name = name
        self._secret = secret
        self._proved = proved
        self._db.create_function("mac_of", -1, self._mac, deterministic=True)

    @classmethod
    def open(
        cls, paths: CollectionPaths, secret: bytes | None, *, read_only: bool = False, proved: set[int] | None = None
    ) -> Self:
        """The collection's search index; made empty where there is none. ``secret``: see the top.

        ``proved``: hashes (of this process) of what was seen to be by the secret: it is not looked at twice by whoever
        keeps the set for the same file.

        Raises:
            BrokenStateError: it cannot be used, or another installation made it.
        """
        if not read_only:
            make_dir(paths.state)
        next_step = f"Delete {paths.search}: the next search makes it again."
        made = connect(paths.search, schema=_SCHEMA, version=_VERSION, read_only=read_only, next_step=next_step)
        index = cls(made, paths.name, secret, proved)
        if secret is not None and not index._is_sealed():
            index.close()
            raise BrokenStateError("it is not as this installation made it", next_step=next_step)
        return index

    def _mac(self, *values: object) -> bytes:
        """The MAC of a row, or of anything; empty without the secret."""
        if self._secret is None:
            return b""
        said = [["bytes", value.hex()] if isinstance(value, bytes) else value for value in values]
        return hmac.digest(self._secret, b"search index\0" + json.dumps([self._name, *said]).encode(), "sha256")

    def _counts(self) -> tuple[object, ...]:
        """What the seal is over: how far it goes, and how much is in it."""
        names = ("ledger_size", "revisits_size", "unread", "newest")
        rows = ("SELECT count(*) FROM cables", "SELECT count(*) FROM citations")
        return ("counts", *(self._meta(name) for name in names), *(self._db.execute(q).fetchone()[0] for q in rows))

    def begin_snapshot(self) -> None:
        """From now on it is read as it is at this moment, until it is closed."""
        begin_snapshot(self._db)

    def require_still(self) -> None:
        """Raises `LockedError` where it is read without locks, and was written to meanwhile."""
        require_still(self._db, "the search index")

    def limit_time(self, seconds: float) -> None:
        """From now on a query ends with `sqlite3.OperationalError` once this time is over."""
        limit_time(self._db, seconds)

    def _is_sealed(self) -> bool:
        row = self._db.execute("SELECT value FROM meta WHERE name = 'seal'").fetchone()
        if self._was_proved("seal", row):
            return True
        counts = self._counts()
        is_empty = not any(counts[1:])
        good = is_empty or (row is not None and row[0] == self._mac(*counts))
        return good and self._is_proved_now("seal", row)

    def _was_proved(self, *said: object) -> bool:
        return self._proved is not None and hash(said) in self._proved

    def _is_proved_now(self, *said: object) -> bool:
        if self._proved is not None:
            self._proved.add(hash(said))
        return True

    def _check_newest(self) -> None:
        """Before a query over all newest texts: none may have been made an older one.

        Raises:
            CatalogueDiffersError: some were.
        """
        if self._secret is None or self._was_proved("newest", self._meta("newest")):
            return
        if self._count_newest() != self._meta("newest"):
            raise self._differs("it has another number of newest texts than this program put there")
        self._is_proved_now("newest", self._meta("newest"))

    def _count_newest(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM cables WHERE is_newest = 1").fetchone()[0])

    def _seal(self) -> None:
        self._db.execute("UPDATE meta SET value = ? WHERE name = 'newest'", (self._count_newest(),))
        self._db.execute("UPDATE meta SET value = ? WHERE name = 'seal'", (self._mac(*self._counts()),))

    def _as_made(self, kind: str, row: Sequence[object]) -> Sequence[object]:
        """A row without its MAC, which is the last value.

        Raises:
            CatalogueDiffersError: it is not by the secret.
        """
        if self._secret is not None and not self._was_proved(kind, *row):
            if row[-1] != self._mac(kind, *row[:-1]):
                raise self._differs(f"a row of {kind} is not as this program made it")
            self._is_proved_now(kind, *row)
        return row[:-1]

    def _differs(self, detail: str) -> CatalogueDiffersError:
        return CatalogueDiffersError.of_index(self._name, detail)

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
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        if row is None or not isinstance(row[0], int):
            raise BrokenStateError(f"the search index of {self._name} does not say how far it goes")
        return row[0]

    @property
    def revisits_size(self) -> int:
        """Number of statements of the ledger up to which unchanged captures are counted."""
        return self._meta("revisits_size")

    def add(self, found: Iterable[IndexedText], *, unread: int, size: int) -> None:
        """Takes in texts, durably and all or none; then the index goes up to ``size`` statements."""
        with self._db:
            self._settle(self._texts(found, unread, size))
            self._seal()

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
            self._seal()

    def _texts(self, found: Iterable[IndexedText], unread: int, size: int) -> set[str]:
        seen = set()
        words: list[tuple[object, ...]] = []
        for text in found:
            seen |= self._give_way(text)
            words += self._add(text)
            seen.add(text.published_id)
        # Behind all others: each statement that may be taken back writes out what FTS5 has gathered before it.
        self._db.executemany("INSERT INTO words (rowid, subject, head, body) VALUES (?, ?, ?, ?)", words)
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

    def _add(self, text: IndexedText) -> list[tuple[object, ...]]:
        """Takes in all of a text but its words; returns the row for these, where they are not held yet."""
        words: list[tuple[object, ...]] = []
        parts = (text.subject, text.head, text.body.translate(_UNMARKED))
        key = _text_key(parts)
        row = self._db.execute("SELECT id FROM texts WHERE sha256 = ?", (key,)).fetchone()
        if row is None:
            body = zlib.compress(parts[2].encode("utf-8", "replace"), 6)
            number = self._db.execute(
                "INSERT INTO texts (sha256, subject, head, body) VALUES (?, ?, ?, ?)", (key, *parts[:2], body)
            ).lastrowid
            mac = self._mac("texts", number, key)
            self._db.execute("UPDATE texts SET mac = ? WHERE id = ?", (mac, number))
            words.append((number, *parts))
        else:
            number = row[0]
        dates = [text.captured, *(date for date, _place in text.revisits)]
        place = max([text.place, *(place for _date, place in text.revisits)])
        values = (
            text.statement, number, text.record_id, text.uri, min(dates), max(dates), len(dates), text.published_id,
            text.canonical_id, text.subject, text.origin, text.classification, _tag_lines(text.tags), text.sent,
            text.source, text.body_sha256, text.redactions, place, 0, text.key, text.reading, b"",
        )  # fmt: skip
        self._db.execute(f"INSERT OR REPLACE INTO cables VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608 - marks

        self._db.execute("DELETE FROM citations WHERE statement = ?", (text.statement,))
        self._db.executemany(
            "INSERT INTO citations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((*row, self._mac("citations", *row)) for row in _citation_rows(text)),
        )
        return words

    def _settle(self, published: Iterable[str]) -> None:
        """Says anew which text of each cable is the newest, and puts the MACs to its rows."""
        names = sorted(published)
        self._db.executemany(
            "UPDATE cables SET is_newest = (statement = (SELECT n.statement FROM cables n WHERE n.published_id = :id "
            "ORDER BY n.place DESC, n.last_seen DESC, n.statement DESC LIMIT 1)) WHERE published_id = :id",
            ({"id": name} for name in names),
        )
        self._db.executemany(
            f"UPDATE cables SET mac = mac_of('cables', {_CABLE}) WHERE published_id = ?",  # noqa: S608 - as above
            ((name,) for name in names),
        )

    def search(self, expression: str, filters: Filters, limit: int) -> tuple[list[Hit], int]:
        """The best texts for an expression of FTS5, at most ``limit``, each with a passage; and how many there are.

        They are counted, and ranked, up to `RANKED`.
        """
        condition, values = filters.condition()
        rows = self._db.execute(
            f"WITH found AS MATERIALIZED (SELECT c.statement, bm25(words, {_WEIGHTS}) AS fit FROM words w "  # noqa: S608 - names of our own
            f"CROSS JOIN cables c ON c.text = w.rowid WHERE words MATCH ? AND {condition} LIMIT {RANKED:d}) "
            "SELECT f.fit, (SELECT count(*) FROM found), c.* FROM found f "
            "JOIN cables c ON c.statement = f.statement ORDER BY f.fit, f.statement LIMIT ?",
            (expression, *values, limit),
        ).fetchall()
        cables = [self._as_made("cables", row[2:]) for row in rows]
        passages = self.passages(expression, {row[1] for row in cables})
        hits = [
            Hit(cable=_held(cable), rank=float(row[0]), passage=passages[cable[1]])
            for row, cable in zip(rows, cables, strict=True)
        ]
        return hits, int(rows[0][1]) if rows else 0

    def ranks(self, expression: str, filters: Filters) -> list[tuple[int, float]]:
        """The statements of the texts for an expression of FTS5, up to `RANKED`, in no order, each with its rank.

        Of all texts where the expression is empty: no rank.
        """
        condition, values = filters.condition()
        if expression:
            query = (
                f"SELECT c.statement, bm25(words, {_WEIGHTS}) FROM words w CROSS JOIN cables c ON c.text = w.rowid "  # noqa: S608 - names of our own
                f"WHERE words MATCH ? AND {condition} LIMIT {RANKED:d}"
            )
            values.insert(0, expression)
        else:
            query = f"SELECT c.statement, 0.0 FROM cables c WHERE {condition} LIMIT {RANKED:d}"  # noqa: S608 - as above
        return [(int(statement), float(rank)) for statement, rank in self._db.execute(query, values).fetchall()]

    def ranked_texts(self, expression: str) -> Iterator[tuple[int, float]]:
        """The number of every text for an expression of FTS5, by number, each with its rank."""
        query = f"SELECT rowid, bm25(words, {_WEIGHTS}) FROM words WHERE words MATCH ?"  # noqa: S608 - names of our own
        return iter(self._db.execute(query, (expression,)))

    def columns(
        self,
        statements: Iterable[int] | None = None,
        leave_out: Callable[[HeldCable], bool] = lambda _cable: False,
    ) -> "Columns":
        """What is counted out and sorted by, of the texts of some statements or of all, but those to leave out.

        Raises:
            CatalogueDiffersError: a row is not as it was made.
        """
        found = Columns()
        for row in self._rows_of(statements):
            cable = _held(row)
            if not leave_out(cable):
                found.add(cable, int(str(row[1])), is_newest=bool(row[_IS_NEWEST]))
        return found

    def at(self, statements: Iterable[int]) -> dict[int, HeldCable]:
        """The texts of some statements, each by its own."""
        return {cable.statement: cable for cable in map(_held, self._rows_of(statements))}

    def _rows_of(self, statements: Iterable[int] | None) -> Iterator[Sequence[object]]:
        if statements is None:
            rows = self._db.execute("SELECT c.* FROM cables c")
        else:
            rows = self._db.execute(
                "SELECT c.* FROM cables c WHERE c.statement IN (SELECT value FROM json_each(?))",
                (json.dumps(sorted(statements)),),
            )
        return (self._as_made("cables", row) for row in rows)

    def beginnings(self, texts: Iterable[int], characters: int) -> dict[int, str]:
        """How texts begin, on one line, each by its number."""
        return {number: " ".join(self._text(number)[2][: 4 * characters].split())[:characters] for number in texts}

    def passages(self, expression: str, texts: Iterable[object]) -> dict[object, str]:
        """The passage of each text: FTS5 finds it in a table in memory that has these texts whole.

        Raises:
            CatalogueDiffersError: a text is not the one that was taken in, or does not have the words.
        """
        texts = set(texts)
        memory = sqlite3.connect(":memory:")
        try:
            memory.execute(f"CREATE VIRTUAL TABLE words USING fts5(subject, head, body, tokenize = '{_TOKENS}')")
            for number in texts:
                shown = (number, *self._text(number))
                memory.execute("INSERT INTO words (rowid, subject, head, body) VALUES (?, ?, ?, ?)", shown)
            found = memory.execute(
                f"SELECT rowid, snippet(words, 2, ?, ?, '…', {_PASSAGE_TOKENS:d}) FROM words WHERE words MATCH ?",  # noqa: S608 - a number
                (*MARKS, expression),
            )
            passages: dict[object, str] = {int(number): str(passage) for number, passage in found}
        finally:
            memory.close()
        if not texts <= passages.keys():
            raise self._differs("it finds words in a text that does not have them")
        return passages

    def _text(self, number: object) -> tuple[str, str, str]:
        """Subject, fields and body of a text as they were taken in."""
        row = self._db.execute("SELECT subject, head, body, sha256, mac FROM texts WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise self._differs("a text is missing")
        try:
            parts = (str(row[0]), str(row[1]), zlib.decompress(row[2]).decode())
        except (zlib.error, UnicodeDecodeError, TypeError) as error:
            raise self._differs(f"a text cannot be read: {error}") from error
        self._as_made("texts", (number, row[3], row[4]))
        if _text_key(parts) != row[3]:
            raise self._differs("a text is another one")
        return parts

    def cables(self, filters: Filters, limit: int | None = None) -> Iterator[HeldCable]:
        """Every cable that is held, by its published id."""
        self._check_newest()
        condition, values = filters.condition()
        rows = self._db.execute(
            f"SELECT c.* FROM cables c WHERE {condition} ORDER BY published_id, last_seen, statement LIMIT ?",  # noqa: S608 - names of our own
            (*values, -1 if limit is None else limit),
        )
        return (_held(self._as_made("cables", row)) for row in rows)

    def shown_texts(self, record_id: str) -> list[tuple[HeldCable, str]]:
        """The texts that a record shows, in the ledger's order, each with what is indexed of it.

        Raises:
            CatalogueDiffersError: a row or a text is not as it was made.
        """
        rows = self._db.execute("SELECT c.* FROM cables c WHERE c.record_id = ? ORDER BY c.statement", (record_id,))
        made = [self._as_made("cables", row) for row in rows.fetchall()]
        return [(_held(row), self._text(row[1])[2]) for row in made]

    def matching(self, expression: str, filters: Filters) -> Iterator[HeldCable]:
        """Every text for an expression of FTS5 (of all texts where it is empty), in the ledger's order, unranked."""
        condition, values = filters.condition()
        words = "c.text IN (SELECT rowid FROM words WHERE words MATCH ?)" if expression else "? = ''"
        rows = self._db.execute(
            f"SELECT c.* FROM cables c WHERE {words} AND {condition} ORDER BY c.statement",  # noqa: S608 - names of our own
            (expression, *values),
        )
        return (_held(self._as_made("cables", row)) for row in rows)

    def of_key(self, key: str) -> Iterator[HeldCable]:
        """The newest texts of the cable with a key, by published id."""
        rows = self._db.execute(
            "SELECT c.* FROM cables c WHERE c.key = ? AND c.is_newest = 1 ORDER BY published_id", (key,)
        )
        return (_held(self._as_made("cables", row)) for row in rows)

    def keys(self) -> Iterator[tuple[str, HeldCable]]:
        """The newest text of every published id with the key of its cable, by published id."""
        self._check_newest()
        rows = self._db.execute("SELECT c.* FROM cables c WHERE c.is_newest = 1 ORDER BY published_id")
        return ((str(row[_KEY]), _held(self._as_made("cables", row))) for row in rows)

    def citations(self, key: str | None = None) -> Iterator[tuple[str, int, Citation]]:
        """What the newest texts cite: the key of the citing cable, its statement, and the citation.

        With a ``key`` only what that cable cites, and who cites it. In the order of published ids and entries.
        """
        self._check_newest()
        # Where to look first, by index; then whether it is so.
        condition = (
            "x.statement IN (SELECT statement FROM cables WHERE key = :key UNION "
            "SELECT statement FROM citations WHERE key = :key) "
            "AND c.is_newest = 1 AND (c.key = :key OR x.key = :key)"
        )
        if key is None:
            condition = "c.is_newest = 1 OR c.statement IS NULL"
        rows = self._db.execute(
            "SELECT c.*, x.* FROM citations x LEFT JOIN cables c ON x.statement = c.statement "  # noqa: S608 - as above
            f"WHERE {condition} ORDER BY c.published_id, c.statement, x.entry, x.rowid",
            {"key": key},
        )
        width = _CABLE.count(",") + 2
        for row in rows:
            if row[0] is None:
                raise self._differs("a citation is of no text")
            citing = str(self._as_made("cables", row[:width])[_KEY])
            _statement, *said, certain, assumed, rules = self._as_made("citations", row[width:])
            yield citing, int(row[0]), Citation._make((*said, bool(certain), bool(assumed), rules))


def _citation_rows(text: IndexedText) -> Iterator[tuple[object, ...]]:
    """Truths as SQLite keeps them: the MAC is over what is read back."""
    for citation in text.citations:
        values = (int(value) if isinstance(value, bool) else value for value in citation)
        yield (text.statement, *values)


def _text_key(parts: Sequence[str]) -> bytes:
    return bytes.fromhex(sha256_hex("\0".join(parts).encode("utf-8", "replace")))


def _held(row: Sequence[object]) -> HeldCable:
    """Of a row of ``cables`` without its MAC."""
    statement, _text, *values = row[:17]
    values[10] = tuple(str(values[10]).split("\n")[1:-1])
    return HeldCable._make((*values, statement))


def _tag_lines(tags: Sequence[str]) -> str:
    return "".join(f"\n{tag}" for tag in tags) + "\n" if tags else ""


def _literal(text: str) -> str:
    r"""A text for LIKE that stands for itself: ``%``, ``_`` and ``\`` are no signs."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
