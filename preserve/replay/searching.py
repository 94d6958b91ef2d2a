"""Search indexes opened for asking: brought up to date where that can be done, else told how far they go.

What reads pages is imported only where something has to be read: a search takes no longer than the search.

Tested by ``tests/scenarios/test_search.py``.
"""

import base64
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from preserve.errors import BrokenStateError, EnvironmentFaultError, LockedError, PreserveError, UsageError
from preserve.provenance.installation import Installation
from preserve.provenance.ledger import Ledger
from preserve.replay.searchwords import expression
from preserve.store.archive import open_archive
from preserve.store.catalogue import Catalogue
from preserve.store.layout import CollectionPaths
from preserve.store.searchindex import FACET_KINDS, RANKED, Columns, Filters, HeldCable, Hit, SearchIndex

if TYPE_CHECKING:
    from preserve.cables.page.layouts import Layout

_UNPROVED = (
    "what the search index says is not proved here, for this user has no secret of the collection; "
    "`preserve show ID` reads the evidence"
)
FACETS = 12
"""Values of one kind that are counted out for a search."""
Order = Literal["rank", "newest", "oldest", "id"]
ORDERS: Final[tuple[Order, ...]] = ("rank", "newest", "oldest", "id")
_BEGINNING = 240
"""Characters of a text that stand in the place of a passage where no words are asked for."""
_CURSOR_CHARS = 2_000
_KEY_TYPES: Final[Mapping[Order, tuple[type, ...]]] = {
    "rank": (float, str, int),
    "newest": (bool, str, str, int),
    "oldest": (bool, str, str, int),
    "id": (str, str, int),
}
Layouts = Callable[[], "Mapping[str, Layout]"]
Progress = Callable[[str, int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searchable:
    """A collection's index, open. ``remarks``: a line each on what is wrong with it.

    ``columns``: what is counted out of all that is in it, without what is not to be shown, where somebody keeps that.
    """

    name: str
    index: SearchIndex
    remarks: tuple[str, ...]
    columns: Columns | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHits:
    """A hit and the collection that it is in."""

    collection: str
    hit: Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for. ``words`` None: every cable that the filters let through, in no rank.

    ``after`` is the end of the page before, as `SearchAnswer.following` gave it. ``with_facets``: everything that is
    found is looked at, and counted out; without, only the first page by rank can be had.
    """

    words: str | None
    filters: Filters = field(default_factory=Filters)
    order: Order = "rank"
    limit: int = 20
    after: str = ""
    with_facets: bool = False
    most_values: int = FACETS


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer:
    """The hits of one page, and ``count`` of all; ``is_more``: a collection has more than `RANKED`, counted up to that.

    ``first``: hits before this page; ``following``: what to ask for the next one, empty on the last. ``facets``: the
    commonest values of each kind with their counts; ``months``: hits by month (``YYYY-MM``) of their documents, those
    without a date under the empty text.
    """

    hits: list[SearchHits]
    count: int
    is_more: bool
    first: int = 0
    following: str = ""
    facets: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    months: Mapping[str, int] = field(default_factory=dict)


class _Found(NamedTuple):
    """What is shown of what was found: a text of an index by its place in the columns, and its rank."""

    of: Searchable
    columns: Columns
    place: int
    rank: float

    @property
    def statement(self) -> int:
        return self.columns.statements[self.place]


_Item = tuple[Any, ...]
"""What is sorted: a key of which no two are the same, which ends with collection and statement; place and rank."""


def _items(name: str, columns: Columns, ranked: Sequence[tuple[int, float]], order: Order) -> list[_Item]:
    statements, ids, days = columns.statements, columns.ids, columns.sent
    if order == "rank":
        return [(rank, name, statements[place], place, rank) for place, rank in ranked]
    if order == "id":
        return [(ids[place], name, statements[place], place, rank) for place, rank in ranked]
    # What has no date comes last, in both directions.
    dated = order == "newest"
    return [
        ((days[place] is not None) is dated, days[place] or "", name, statements[place], place, rank)
        for place, rank in ranked
    ]


def _ranked(
    one: Searchable, wanted: str, filters: Filters, leave_out: Callable[[HeldCable], bool]
) -> tuple[Columns, Sequence[tuple[int, float]], bool]:
    """The places of the texts that are found, each with its rank, up to `RANKED`; and whether there may be more."""
    columns, passes = one.columns, None if one.columns is None else one.columns.passing(filters)
    if columns is not None and passes is not None:
        places = filter(passes, columns.candidates(filters))
        found = _through(one, columns, wanted, passes) if wanted else [(place, 0.0) for place in islice(places, RANKED)]
        return columns, found, len(found) >= RANKED
    ranks = one.index.ranks(wanted, filters)
    if columns is None:
        columns = one.index.columns((statement for statement, _rank in ranks), leave_out)
    place_of = {statement: place for place, statement in enumerate(columns.statements)}
    return (
        columns,
        [(place_of[statement], rank) for statement, rank in ranks if statement in place_of],
        len(ranks) >= RANKED,
    )


def _through(one: Searchable, columns: Columns, wanted: str, passes: Callable[[int], bool]) -> list[tuple[int, float]]:
    """The same out of what is kept of the index: only the words are looked up there."""
    found = (
        (place, rank)
        for text, rank in one.index.ranked_texts(wanted)
        for place in columns.places_of_text(text)
        if passes(place)
    )
    return list(islice(found, RANKED))


@contextmanager
def searchable(
    archives: Path,
    names: Sequence[str],
    layouts: Layouts,
    progress: Progress = lambda _subject, _done: None,
) -> Iterator[list[Searchable]]:
    """The indexes of some collections, as far up to date as can be, closed at the end.

    Raises:
        NotHeldError: there is no such collection.
        LockedError: there is no index yet, and another process writes to the collection.
        EnvironmentFaultError: there is no index yet, and none can be written.
    """
    with ExitStack() as stack:
        opened = []
        for name in names:
            paths = open_archive(archives, name)
            secret = Installation.of_user(name).readers_secret()
            remarks = [_updated(paths, secret, layouts, progress)]
            if unsigned := max(0, (ledger := Ledger(paths, secret)).size - ledger.covered):
                remarks.append(f"{name}: {unsigned:,} statements are not signed yet: they are under no checkpoint")
            if secret is None:
                remarks.append(f"{name}: {_UNPROVED}")
            index = stack.enter_context(SearchIndex.open(paths, secret, read_only=True))
            opened.append(Searchable(name=name, index=index, remarks=tuple(filter(None, remarks))))
        yield opened


def ask(
    opened: Sequence[Searchable], asked: Question, leave_out: Callable[[HeldCable], bool] = lambda _cable: False
) -> SearchAnswer:
    """The hits of a question over some collections: the one way to search, for a terminal as for the desk.

    ``leave_out``: cables that are in no hit and in no count; `Searchable.columns`, where they are kept, have none.

    Raises:
        UsageError: nothing can be searched for with these words, or ``after`` is no end of a page.
        CatalogueDiffersError: an index was changed by another hand.
    """
    wanted = "" if asked.words is None else expression(asked.words)
    if not asked.with_facets:
        return _best(opened, asked, wanted)
    found: list[_Item] = []
    facets: Counter[tuple[str, str]] = Counter()
    months: Counter[str] = Counter()
    is_more = False
    sources: dict[str, tuple[Searchable, Columns]] = {}
    for one in opened:
        columns, ranked, has_more = _ranked(one, wanted, asked.filters, leave_out)
        is_more = is_more or has_more
        places = [place for place, _rank in ranked]
        facets.update(columns.facets(places))
        facets["collection", one.name] = len(places)
        months.update(columns.months(places))
        sources[one.name] = one, columns
        found += _items(one.name, columns, ranked, asked.order)
    is_back = asked.order == "newest"
    found.sort(reverse=is_back)
    start = 0
    if asked.after:
        last = _key_of(asked.after, asked.order)
        start = sum(item[:-2] >= last if is_back else item[:-2] <= last for item in found)
    shown = found[start : start + asked.limit]
    following = _cursor(shown[-1][:-2]) if shown and start + asked.limit < len(found) else ""
    return SearchAnswer(
        hits=_with_passages([_Found(*sources[item[-4]], item[-2], item[-1]) for item in shown], wanted),
        count=len(found),
        is_more=is_more,
        first=start,
        following=following,
        facets=_commonest(facets, asked.most_values),
        months=months,
    )


def _best(opened: Sequence[Searchable], asked: Question, wanted: str) -> SearchAnswer:
    """The first page by rank, and nothing counted out: only what is shown is read."""
    found: list[SearchHits] = []
    counts = []
    for one in opened:
        hits, count = one.index.search(wanted, asked.filters, asked.limit)
        counts.append(count)
        found += [SearchHits(collection=one.name, hit=hit) for hit in hits]
    found.sort(key=lambda item: (item.hit.rank, item.collection, item.hit.cable.statement))
    return SearchAnswer(hits=found[: asked.limit], count=sum(counts), is_more=any(count >= RANKED for count in counts))


def _commonest(counts: Mapping[tuple[str, str], int], most: int) -> dict[str, list[tuple[str, int]]]:
    """The commonest values of each kind. Tags are those that are meant."""
    parts: dict[str, list[tuple[str, int]]] = {kind: [] for kind in ("tag", "origin", *FACET_KINDS, "collection")}
    for (kind, value), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if count and len(parts[kind]) < most:
            parts[kind].append((value, count))
    return parts


def _with_passages(shown: Sequence[_Found], wanted: str) -> list[SearchHits]:
    """The hits of a page, read and held against their MACs."""
    cables: dict[tuple[str, int], HeldCable] = {}
    said: dict[tuple[str, object], str] = {}
    for one in {item.of.name: item.of for item in shown}.values():
        own = [item for item in shown if item.of is one]
        numbers = {item.columns.texts[item.place] for item in own}
        passages = one.index.passages(wanted, numbers) if wanted else one.index.beginnings(numbers, _BEGINNING)
        said.update(((one.name, number), passage) for number, passage in passages.items())
        held = one.index.at(item.statement for item in own)
        cables.update(((one.name, statement), cable) for statement, cable in held.items())
    return [
        SearchHits(
            collection=item.of.name,
            hit=Hit(
                cable=cables[item.of.name, item.statement],
                rank=item.rank,
                passage=said[item.of.name, item.columns.texts[item.place]],
            ),
        )
        for item in shown
    ]


def _cursor(key: tuple[object, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _key_of(cursor: str, order: Order) -> tuple[Any, ...]:
    kinds = _KEY_TYPES[order]
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor[:_CURSOR_CHARS] + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        key = None
    if not (isinstance(key, list) and len(key) == len(kinds) and all(map(isinstance, key, kinds))):
        raise UsageError("there is no such page of results", next_step="Begin at the first page.")
    return tuple(key)


def held(opened: Sequence[Searchable], filters: Filters) -> Iterator[tuple[str, HeldCable]]:
    """Every cable held, by collection and published id."""
    for one in opened:
        for cable in one.index.cables(filters):
            yield one.name, cable


def _updated(paths: CollectionPaths, secret: bytes | None, layouts: Layouts, progress: Progress) -> str:
    """Brings an index up to date where it is behind; says what was done or is wrong."""
    size = Ledger(paths, secret).size
    goes_to, unread = _goes_to(paths, secret, size)
    if goes_to == size:
        return _unread(paths.name, unread)
    from preserve.replay.indexing import update_search  # noqa: PLC0415 - it brings all that reads pages

    try:
        done = update_search(paths, secret, layouts, progress)
    except (LockedError, EnvironmentFaultError, sqlite3.OperationalError) as error:
        if goes_to < 0:
            if isinstance(error, PreserveError):
                raise type(error)(
                    f"{paths.name} has no search index yet, and none can be made now: {error}",
                    next_step=error.next_step or "Copy the collection to where it can be written to.",
                ) from error
            raise EnvironmentFaultError(
                f"{paths.name} has no search index yet, and none can be written: {error}",
                next_step="Copy the collection to where it can be written to.",
            ) from error
        return f"{paths.name}: searched up to statement {goes_to:,} of {size:,}; the rest is not indexed yet: {error}"
    remark = _unread(paths.name, done.unread)
    return f"{paths.name}: the search index was made again: {done.made_anew}" if done.made_anew else remark


def _goes_to(paths: CollectionPaths, secret: bytes | None, size: int) -> tuple[int, int]:
    """Up to which statement the index goes, -1 where there is none that can be used; and its unread texts."""
    if not (paths.search.is_file() and paths.catalogue.is_file()):
        return -1, 0
    try:
        with SearchIndex.open(paths, secret, read_only=True) as index, Catalogue.open(paths, read_only=True):
            return (index.ledger_size, index.unread) if index.ledger_size <= size else (-1, 0)
    except (BrokenStateError, sqlite3.DatabaseError):
        return -1, 0


def _unread(name: str, count: int) -> str:
    if not count:
        return ""
    return f"{name}: {count:,} texts could not be read again and are not searched; `preserve verify {name}` tells why"
