"""Files of an archive that lie in a store: each is fetched when a check asks for it, and put away when it was read.

An empty file holds the place of each, so that the checks find what is there. What cannot be fetched is not checked: it
is never taken for damage.

Tested by ``tests/scenarios/test_verify_objects.py``.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from preserve.errors import PreserveError
from preserve.integrity.scan import FileHashes, ScannedRecord, Scanner
from preserve.objects.port import ObjectStore
from preserve.objects.spool import CollectionListing, fetch_object, hash_object
from preserve.store.copying import Hashed
from preserve.store.layout import CollectionPaths

_ODD = "/"


class FetchedFiles(Struct, frozen=True):
    """The files of one collection in a store, and the folder in which their places are held."""

    store: ObjectStore
    paths: CollectionPaths
    strange: tuple[str, ...]
    """What lies there and can be no file of an archive."""
    states: Mapping[str, str] = field(default_factory=dict)
    """What the listing said of each file, by its name: it says otherwise when another one has taken its place."""

    @classmethod
    def of(cls, store: ObjectStore, listing: CollectionListing, paths: CollectionPaths) -> "FetchedFiles":
        """Holds the place of each file."""
        strange = list(listing.strange)
        states: dict[str, str] = {}
        for name, size in listing.below(paths.archive.name).items():
            if _ODD in name:
                strange.append(f"{paths.archive.name}/{name}")
            else:
                (paths.archive / name).touch()
                states[name] = f"{size} {listing.states[f'{paths.archive.name}/{name}']}"
        return cls(store, paths, tuple(strange), states)

    def key(self, path: Path) -> str:
        """The key of the object of which this is the place."""
        return f"{self.paths.name}/{self.paths.archive.name}/{path.name}"


class FetchedHashes(FileHashes):
    """Fetches a file as its hash is begun. ``keeps``: it is read for its records, too, and stays until it was."""

    def __init__(self, scanner: Scanner, files: FetchedFiles, *, keeps: bool) -> None:
        super().__init__(scanner)
        self._files = files
        self._keeps = keeps
        self._hashed: dict[str, Hashed] = {}

    def begin(self, path: Path) -> None:
        """Fetches a file; why that was not possible is noted in ``unread``."""
        name = path.name
        if name in self.names:
            return
        store, key = self._files.store, self._files.key(path)
        try:
            found = fetch_object(store, key, path) if self._keeps else hash_object(store, key)
        except (PreserveError, OSError) as error:
            self.unread[name] = str(error)
            self._put_away(path)
            return
        if found is None:
            self.unread[name] = "it was listed, and is not there any more"
            return
        self._hashed[name] = found
        self.begun_bytes += found.size

    def rows(self, path: Path, found: Iterator[ScannedRecord]) -> Iterator[ScannedRecord]:
        """Hands on what is found in a file, and puts it away then."""
        yield from found
        self._put_away(path)

    def _put_away(self, path: Path) -> None:
        with suppress(OSError):
            path.write_bytes(b"")

    @property
    def names(self) -> frozenset[str]:
        """The files that were begun."""
        return frozenset((*self._hashed, *self.unread))

    def of(self, name: str) -> Hashed:
        """The hash of one of them.

        Raises:
            OSError: it could not be read.
        """
        if name in self.unread:
            raise OSError(self.unread[name])
        return self._hashed[name]
