"""Search indexes opened for asking: brought up to date where that can be done, else told how far they go.

What reads pages is imported only where something has to be read: a search takes no longer than the search.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from preserve.errors import BrokenStateError, EnvironmentFaultError, LockedError, PreserveError
from preserve.provenance.installation import Installation
from preserve.provenance.ledger import Ledger
from preserve.replay.searchwords import expression
from preserve.store.archive import open_archive
from preserve.store.catalogue import Catalogue
from preserve.store.layout import CollectionPaths
from preserve.store.searchindex import Filters, HeldCable, Hit, SearchIndex

if TYPE_CHECKING:
    from preserve.cables.page.layouts import Layout

_UNPROVED = (
    "what the search index says is not proved here, for this user has no secret of the collection; "
    "`preserve show ID` reads the evidence"
)
FACETS = 12
"""Values of one kind that are counted out for a search."""
Layouts = Callable[[], "Mapping[str, Layout]"]
Progress = Callable[[str, int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searchable:
    """A collection's index, open. ``remarks``: a line each on what is amiss with it."""

    name: str
    index: SearchIndex
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHits:
    """A hit and the collection that it is in."""

    collection: str
    hit: Hit


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


def search(
    opened: Sequence[Searchable], words: str, filters: Filters, limit: int
) -> tuple[list[SearchHits], dict[str, int]]:
    """The best hits over some collections, and how many each has (counted up to `RANKED` in each).

    Raises:
        UsageError: nothing can be searched for with these words.
    """
    wanted = expression(words)
    found: list[SearchHits] = []
    counts = {}
    for one in opened:
        hits, counts[one.name] = one.index.search(wanted, filters, limit)
        found += [SearchHits(collection=one.name, hit=hit) for hit in hits]
    found.sort(key=lambda item: (item.hit.rank, item.collection, item.hit.cable.statement))
    return found[:limit], counts


def facets(opened: Sequence[Searchable], words: str, filters: Filters) -> dict[str, list[tuple[str, int]]]:
    """How many of the hits (up to `RANKED` in each collection) have which tag, origin, classification and year.

    Tags are those that are meant. The commonest come first, at most `FACETS` of each kind.
    """
    wanted = expression(words)
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in ("tag", "origin", "class", "year")}
    for one in opened:
        for origin, classification, year, tags in one.index.facets(wanted, filters):
            counts["tag"].update(tags)
            for kind, value in (("origin", origin), ("class", classification), ("year", year)):
                if value:
                    counts[kind][value] += 1
    return {
        kind: sorted(count.items(), key=lambda item: (-item[1], item[0]))[:FACETS] for kind, count in counts.items()
    }


def held(opened: Sequence[Searchable], filters: Filters) -> Iterator[tuple[str, HeldCable]]:
    """Every cable held, by collection and published id."""
    for one in opened:
        for cable in one.index.cables(filters):
            yield one.name, cable


def _updated(paths: CollectionPaths, secret: bytes | None, layouts: Layouts, progress: Progress) -> str:
    """Brings an index up to date where it is behind; says what was done or is amiss."""
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
