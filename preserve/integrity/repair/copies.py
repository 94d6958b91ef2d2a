"""What a repair takes its bytes from: folders and files of this machine, and copies in stores.

Of a store the small files come first: marker, ledger and receipts. A file of the archive is fetched when a damaged one
of its name is looked for in it, once, and is held against the seals like a file of a folder.

Tested by ``tests/scenarios/test_repair.py`` and ``tests/scenarios/test_repair_objects.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from preserve.errors import EnvironmentFaultError
from preserve.objects.port import ObjectStore
from preserve.objects.spool import CollectionListing, fetch_object, spool_collection
from preserve.store.layout import CollectionPaths


@dataclass(frozen=True, slots=True)
class StoreCopy:
    """The copy of one collection in a store, and the folder of this machine that its files are put into."""

    store: ObjectStore
    listing: CollectionListing
    paths: CollectionPaths
    _fetched: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, store: ObjectStore, name: str, folder: Path) -> "StoreCopy":
        """Fetches its small files; ``folder`` holds them, and all that comes later.

        Raises:
            NotHeldError: the store has no such collection.
            NetworkError, EnvironmentFaultError: it cannot be read, or there is no room.
        """
        listing, paths = spool_collection(store, name, folder)
        return cls(store, listing, paths)

    def size(self, name: str) -> int:
        """Bytes of a file of the archive, as the store lists it."""
        return self.listing.sizes[f"{self.paths.archive.name}/{name}"]

    def fetch(self, name: str) -> None:
        """Puts a file of the archive into its place, if it is not there; an empty one where it is gone by now.

        Raises:
            NetworkError, EnvironmentFaultError: it cannot be read, or there is no room.
        """
        if name in self._fetched:
            return
        path, key = self.paths.archive / name, f"{self.paths.name}/{self.paths.archive.name}/{name}"
        try:
            if fetch_object(self.store, key, path) is None:
                path.touch()
        except OSError as error:
            raise EnvironmentFaultError(
                f"{self.store.name}/{key} cannot be fetched into {path.parent}: {error.strerror or error}",
                next_step="Make room there, or set TMPDIR to a folder of a larger disk.",
            ) from error
        self._fetched.add(name)

    def put_away(self, name: str) -> None:
        """Frees the room of a file that is not needed any more."""
        self._fetched.discard(name)
        (self.paths.archive / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class CopyFile:
    """A file that may hold records. ``store``: where it is to be fetched from first."""

    path: Path
    store: StoreCopy | None = None

    def may_be_for(self, name: str) -> bool:
        """Whether the file of an archive with this name is looked for in it: in one of a store for its own only."""
        return self.store is None or self.path.name == name

    def size(self) -> int:
        """Its bytes, without fetching it.

        Raises:
            OSError: it is gone.
        """
        return self.path.stat().st_size if self.store is None else self.store.size(self.path.name)

    def brought(self) -> Path:
        """Where it lies on this machine, fetched if need be (`StoreCopy.fetch`)."""
        if self.store is not None:
            self.store.fetch(self.path.name)
        return self.path

    def put_away(self) -> None:
        """Frees what fetching it took."""
        if self.store is not None:
            self.store.put_away(self.path.name)


@dataclass(frozen=True, slots=True)
class Copies:
    """All copies of one collection. Folders come before stores: what lies there need not be fetched."""

    folders: Sequence[Path] = ()
    stores: Sequence[StoreCopy] = ()

    def collections(self, name: str) -> list[CollectionPaths]:
        """Those of the copies that are a collection, or hold it below their own folder."""
        found = []
        for copy in self.folders:
            for folder in (copy, copy / name):
                if (folder / "ledger").is_dir():
                    found.append(CollectionPaths(folder.parent, folder.name))
                    break
        return found + [copy.paths for copy in self.stores]

    def files(self, name: str) -> list[CopyFile]:
        """Every file in the copies that may hold records."""
        files: list[CopyFile] = []
        for copy in self.folders:
            if copy.is_file():
                files.append(CopyFile(copy))
                continue
            for folder in (copy / "archive", copy / name / "archive", copy):
                if folder.is_dir():
                    paths = sorted(path for path in folder.iterdir() if path.is_file())
                    files += [CopyFile(path) for path in paths if not path.name.startswith(".")]
                    break
        for stored in self.stores:
            archive = stored.paths.archive
            names = sorted(name for name in stored.listing.below(archive.name) if "/" not in name)
            files += [CopyFile(archive / name, stored) for name in names]
        return files

    def where(self, path: Path) -> str:
        """A file of a copy as the user knows it: its path, or its name in the store that it was fetched from."""
        for copy in self.stores:
            if path.is_relative_to(copy.paths.root):
                return f"{copy.store.name}/{path.relative_to(copy.paths.root).as_posix()}"
        return str(path)
