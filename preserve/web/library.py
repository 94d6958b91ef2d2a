"""What the desk reads from: collections opened for one request, as they are at that moment. Nothing is written.

An archive is never caught up and an index never filled here: where one is behind the ledger, what there is is shown,
and every page says how far it goes. Rows are held against the ledger as for every reader (ADR 22), the index against
its MACs (`preserve.store.searchindex`): what was seen to be good is not looked at twice while the file stays the same.

Tested by ``tests/scenarios/test_desk.py``.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from heapq import merge
from pathlib import Path

from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.config.configcache import cached_layouts
from preserve.config.folder import load_blocked, load_releases
from preserve.config.release import ReleaseConfig
from preserve.errors import EnvironmentFaultError, LockedError, NotHeldError, PreserveError
from preserve.export.zipstream import LaidOut, PackageTooLargeError
from preserve.model import check_collection_name
from preserve.provenance.installation import Installation
from preserve.provenance.releases import ReleaseClaim, ReleaseReport, report
from preserve.provenance.trust import Trust, load_trust
from preserve.replay.blocked import Blocked
from preserve.replay.recover import CollectionReader
from preserve.replay.searching import Searchable
from preserve.store.archive import list_collections, open_archive
from preserve.store.layout import CollectionPaths
from preserve.store.searchindex import Columns, SearchIndex
from preserve.web.counting import Counting, ReadersFirst, Stamp
from preserve.web.pictures import Comparing
from preserve.web.publicwords import PublicWords
from preserve.web.settings import PACKAGES_KEPT, QUERY_S, DeskSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """How far a collection is shown: ``shown`` of ``statements`` are in the catalogue, ``signed`` under a checkpoint.

    ``indexed``: those in the search index; None where nobody looked.
    """

    name: str
    statements: int
    shown: int
    signed: int
    indexed: int | None = None
    remark: str = ""

    @property
    def words(self) -> str:
        """In a line."""
        said = f"{self.name}: as of statement {min(self.shown, self.statements):,} of {self.statements:,}"
        if self.signed < self.statements:
            said += f", {self.statements - self.signed:,} not signed yet"
        if self.indexed is not None and self.indexed < self.statements:
            said += f"; searched up to statement {self.indexed:,}"
        return said

    @property
    def is_behind(self) -> bool:
        """Whether something that the ledger states is not shown or not found yet."""
        return self.shown < self.statements or (self.indexed is not None and self.indexed < self.statements)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What a collection holds, counted once for each state of its files.

    ``facets``: cables by facet and value; ``written``: cables by month of the document, those without a date under
    the empty text; ``captured``: month, replies, those of them that were new, and their bytes as stored.
    """

    runs: int
    records: int
    cables: int
    facets: Mapping[tuple[str, str], int]
    written: Mapping[str, int]
    captured: Sequence[tuple[str, int, int, int]]


class NoIndexError(EnvironmentFaultError):
    """A collection has no search index yet."""


class Shelf:
    """The collections as one request sees them. Each is opened once, at its first use, and closed at the end.

    ``troubles``: collections that cannot be opened, and why; ``unsearched``: those whose search index cannot.
    ``uncounted``: those that were asked for their numbers, and are still being counted.
    """

    def __init__(self, library: "Library", stack: ExitStack, *, query_s: float) -> None:
        self._library = library
        self._stack = stack
        self._query_s = query_s
        self.settings = library.settings
        self.public = library.public
        self.layouts = library.layouts
        self.blocked = library.blocked()
        self.names = library.names()
        self.troubles: dict[str, PreserveError] = {}
        self.unsearched: dict[str, PreserveError] = {}
        self.uncounted: set[str] = set()

    @cached_property
    def archives(self) -> list[CollectionReader]:
        """The collections that can be opened.

        Raises:
            PreserveError: there are some, and none can be opened.
        """
        opened = []
        for name in self.names:
            try:
                reader = CollectionReader(
                    open_archive(self.settings.archives, name),
                    self.layouts,
                    trusted=self.settings.trusted,
                    as_it_is=True,
                )
            except (PreserveError, sqlite3.DatabaseError, OSError) as error:
                self.troubles[name] = trouble_of(name, error)
                continue
            self._stack.callback(reader.close)
            reader.catalogue.limit_time(self._query_s)
            opened.append(reader)
        if self.names and not opened:
            raise next(iter(self.troubles.values()))
        return opened

    def archive(self, name: str) -> CollectionReader:
        """One collection.

        Raises:
            NotHeldError: it is not shown here.
            PreserveError: it cannot be opened.
        """
        if name not in self.names:
            raise NotHeldError(f"no collection is called {name} here")
        found = next((one for one in self.archives if one.paths.name == name), None)
        if found is None:
            raise self.troubles[name]
        return found

    @cached_property
    def indexes(self) -> list[Searchable]:
        """The search indexes that there are; of the others `troubles` and `unsearched` tell.

        Raises:
            PreserveError: there is none that can be opened.
        """
        opened = []
        for archive in self.archives:
            name = archive.paths.name
            try:
                opened.append(self._index(archive.paths))
            except (PreserveError, sqlite3.DatabaseError, OSError) as error:
                self.unsearched[name] = trouble_of(name, error)
        if self.names and not opened:
            raise next(iter((self.unsearched or self.troubles).values()))
        return opened

    def _index(self, paths: CollectionPaths) -> Searchable:
        if not paths.search.is_file():
            raise NoIndexError(
                f"{paths.name} has no search index yet: nothing is lost, and its pages can be read by their addresses.",
                next_step=f"Its operator runs `preserve list -c {paths.name}` once, which makes it.",
            )
        secret = Installation.of_user(paths.name).readers_secret()
        proved = self._library.proved(paths)
        index = SearchIndex.open(paths, secret, read_only=True, proved=proved)
        self._stack.callback(index.close)
        index.begin_snapshot()
        index.limit_time(self._query_s)
        return Searchable(name=paths.name, index=index, remarks=(), columns=self._library.columns(paths.name))

    def require_whole(self) -> None:
        """Raises `PreserveError` where what was read is not what the ledger states, or changed while it was read."""
        for archive in self.__dict__.get("archives", ()):
            archive.log.require_whole()
            archive.catalogue.require_still()
        for one in self.__dict__.get("indexes", ()):
            one.index.require_still()

    def indexed(self, archive: CollectionReader) -> int | None:
        """How many statements the search index of a collection has; None where it cannot be opened."""
        with suppress(PreserveError, sqlite3.DatabaseError, OSError):
            return self._index(archive.paths).index.ledger_size
        return None

    def ages(self) -> list[Age]:
        """How far each collection that was opened is shown."""
        indexed = {one.name: one.index.ledger_size for one in self.__dict__.get("indexes", ())}
        return [
            Age(
                name=one.paths.name,
                statements=one.ledger.size,
                shown=one.catalogue.ledger_size,
                signed=one.log.signed,
                indexed=indexed.get(one.paths.name),
                remark=one.log.remark,
            )
            for one in self.__dict__.get("archives", ())
        ]

    @property
    def releases(self) -> Mapping[str, ReleaseConfig]:
        """The releases that are declared."""
        return self._library.releases()

    def claimed(self) -> ReleaseReport | None:
        """What all captures that are shown claim of their source; None where that is still being counted.

        Raises:
            PreserveError: a collection could not be read to its end.
        """
        found = self._library.claimed()
        if found is None:
            self.uncounted.update(archive.paths.name for archive in self.archives)
        return found

    @property
    def trust(self) -> Trust:
        """Whose signatures count here."""
        return self._library.trust()

    def package(self, name: str, state: tuple[int, ...], make: Callable[[], LaidOut]) -> LaidOut:
        """A package of a collection in one state: kept, else made."""
        return self._library.package(name, state, make)

    @property
    def comparing(self) -> Comparing:
        """Compares pictures, and keeps the last few comparisons."""
        return self._library.comparing

    def overview(self, name: str) -> Overview | None:
        """What a collection holds; None where that is not counted yet, or it cannot be read."""
        found = self._library.overview(name)
        if found is None:
            self.uncounted.add(name)
        return found


class Library:
    """The collections of a desk for as long as it runs. ``say``: to its operator. Used by several threads."""

    def __init__(self, settings: DeskSettings, say: Callable[[str], object]) -> None:
        self.settings = settings
        self.public = PublicWords(settings, say)
        self._lock = threading.Lock()
        self._readers = ReadersFirst()
        self._counted = Counting(self._stamp_of, self._count)
        self._claimed = Counting(lambda _all: self._stamp_of_claims(), lambda _all: self._count_claims())
        self._proved: dict[str, tuple[Stamp, set[int]]] = {}
        self._blocked: tuple[Stamp, Blocked] | None = None
        self._releases: tuple[Stamp, Mapping[str, ReleaseConfig]] | None = None
        self._trust: tuple[Stamp, Trust] | None = None
        self.comparing = Comparing()
        self._packing = threading.Lock()
        self._packages: dict[str, tuple[tuple[int, ...], LaidOut]] = {}
        self._refused: dict[str, tuple[tuple[int, ...], PackageTooLargeError]] = {}

    @cached_property
    def layouts(self) -> Mapping[str, Layout]:
        """Every layout there is: those that came with the program, and the operator's own before them."""
        return compile_layouts(cached_layouts(self.settings.config_dir, keeps=False))

    def names(self) -> list[str]:
        """The collections that are shown."""
        held = list_collections(self.settings.archives)
        return [name for name in self.settings.collections if name in held] if self.settings.collections else held

    @contextmanager
    def opened(self, *, query_s: float = QUERY_S) -> Iterator[Shelf]:
        """The collections for one request."""
        with self._readers.one(), self._opened(query_s) as shelf:
            yield shelf

    @contextmanager
    def _opened(self, query_s: float) -> Iterator[Shelf]:
        with ExitStack() as stack:
            yield Shelf(self, stack, query_s=query_s)

    def blocked(self) -> Blocked:
        """What is not shown, read again where the file has changed.

        Raises:
            ConfigError: the file has mistakes: then nothing is shown.
        """
        stamp = _stamp(self.settings.config_dir / "blocked.yaml")
        held = self._blocked
        if held is None or held[0] != stamp:
            held = (stamp, Blocked.of(load_blocked(self.settings.config_dir)))
            self._blocked = held
        return held[1]

    def package(self, name: str, state: tuple[int, ...], make: Callable[[], LaidOut]) -> LaidOut:
        """A package of a collection in one state: kept, else made, one at a time.

        One that is kept counts as long as the files that it reads from are those that were hashed.

        Raises:
            LockedError: another one is being made.
            PackageTooLargeError: it is too large; that is found out once for each state.
        """
        held = self._packages.get(name)
        if held is not None and held[0] == state and held[1].is_still():
            return held[1]
        refused = self._refused.get(name)
        if refused is not None and refused[0] == state:
            raise refused[1].again()
        if not self._packing.acquire(blocking=False):
            raise LockedError("a package is being made for another reader", next_step="Ask again in a minute.")
        try:
            try:
                made = make()
            except PackageTooLargeError as error:
                self._refused[name] = (state, error.again())
                raise
            kept = [(key, one) for key, one in self._packages.items() if key != name]
            self._packages = dict([*kept, (name, (state, made))][-PACKAGES_KEPT:])
        finally:
            self._packing.release()
        return made

    def releases(self) -> Mapping[str, ReleaseConfig]:
        """The releases that are declared, read again where their files have changed.

        Raises:
            ConfigError: some have mistakes.
        """
        files = sorted((self.settings.config_dir / "releases").glob("*.yaml"))
        stamp = tuple(look_at(path) for path in files)
        held = self._releases
        if held is None or held[0] != stamp:
            held = (stamp, load_releases(self.settings.config_dir))
            self._releases = held
        return held[1]

    def trust(self) -> Trust:
        """The keys and root certificates of the configuration, read again where their files have changed.

        Raises:
            UsageError: one of them cannot be read.
        """
        folder = self.settings.config_dir / "trust"
        stamp = tuple(look_at(path) for path in sorted(folder.glob("*")))
        held = self._trust
        if held is None or held[0] != stamp:
            held = (stamp, load_trust([folder] if folder.is_dir() else []))
            self._trust = held
        return held[1]

    def proved(self, paths: CollectionPaths) -> set[int]:
        """What is known to be good of a search index as it is now."""
        stamp = _stamp(paths.search)
        with self._lock:
            held = self._proved.get(paths.name)
            if held is None or held[0] != stamp:
                held = (stamp, set())
                self._proved[paths.name] = held
            return held[1]

    def columns(self, name: str) -> Columns | None:
        """What is counted out of a search index as it is now; None where nobody has counted it yet."""
        held = self._counted.still(name)
        return None if held is None else held.columns

    def overview(self, name: str) -> Overview | None:
        """What a collection holds. Where its files have changed it is counted again, in a thread of its own.

        A little is waited for that. None: it was never counted and that takes longer, or it cannot be read.
        """
        held = self._counted.of(name)
        return None if held is None else held.overview

    def claimed(self) -> ReleaseReport | None:
        """What all captures that are shown claim of their source; None where that is still being counted.

        Raises:
            PreserveError: a collection could not be read to its end.
        """
        found = self._claimed.of("")
        if isinstance(found, PreserveError):
            # What could not be read once may be read the next time.
            self._claimed.forget("")
            raise found
        return found

    def _stamp_of(self, name: str) -> Stamp:
        paths = CollectionPaths(self.settings.archives, check_collection_name(name))
        blocked = self.settings.config_dir / "blocked.yaml"
        return (*_stamp(paths.catalogue), *_stamp(paths.search), *_stamp(blocked))

    def _count(self, name: str) -> "_Counted":
        overview = columns = None
        with suppress(PreserveError, sqlite3.DatabaseError, OSError), self._opened(_COUNTING_S) as shelf:
            archive = shelf.archive(name)
            runs, records, cables = archive.catalogue.totals()
            captured = archive.catalogue.months()
            overview = Overview(runs=runs, records=records, cables=cables, facets={}, written={}, captured=captured)
            # What is wrong with an index is told to whoever searches.
            index = next((one.index for one in shelf.indexes if one.name == name), None)
            if index is not None:
                columns = index.columns(leave_out=self._readers.giving_way(shelf.blocked.has))
                newest = columns.every_newest()
                overview = replace(overview, facets=columns.facets(newest), written=columns.months(newest))
        return _Counted(overview, columns)

    def _stamp_of_claims(self) -> Stamp:
        declared = sorted((self.settings.config_dir / "releases").glob("*.yaml"))
        of_each = (part for name in self.names() for part in self._stamp_of(name))
        return (*of_each, *(look_at(path) for path in declared))

    def _count_claims(self) -> ReleaseReport | PreserveError:
        try:
            with self._opened(_COUNTING_S) as shelf:
                claims = merge(*(archive.claims() for archive in shelf.archives), key=_by_cable)
                left_out = self._readers.giving_way(partial(_is_blocked, shelf.blocked))
                found = report((claim for claim in claims if not left_out(claim)), self.releases())
                shelf.require_whole()
                return found
        except (PreserveError, sqlite3.DatabaseError, OSError) as error:
            return trouble_of("what the collections claim", error)

    def warm(self) -> None:
        """Begins to count what the first readers would wait for."""
        for name in self.names():
            threading.Thread(target=self.overview, args=(name,), daemon=True).start()


@dataclass(frozen=True, slots=True)
class _Counted:
    overview: Overview | None
    columns: Columns | None


_COUNTING_S = 300.0


def trouble_of(name: str, error: Exception) -> PreserveError:
    """What keeps a collection from being read, as an error of ours."""
    if isinstance(error, PreserveError):
        return error
    return EnvironmentFaultError(f"{name} cannot be read: {error}", next_step=f"Run `preserve verify {name}`.")


def _by_cable(claim: ReleaseClaim) -> tuple[str, str]:
    return claim.published_id, claim.date


def _is_blocked(blocked: Blocked, claim: ReleaseClaim) -> bool:
    return bool(blocked.reason(cable=claim.published_id, url=claim.uri or "", record=claim.record_id))


def _stamp(path: Path) -> Stamp:
    """Of a database and its write-ahead log."""
    return tuple(look_at(one) for one in (path, path.with_name(path.name + "-wal")))


def look_at(path: Path) -> tuple[int, int, int]:
    """Inode, size and time of change of a file; zeros where it is not there."""
    try:
        said = path.stat()
    except OSError:
        return (0, 0, 0)
    return (said.st_ino, said.st_size, said.st_mtime_ns)
