"""The small files of a collection in a store, put into a folder of this machine: marker, ledger, receipts.

What lies in a store is hostile: keys that are none of ours make no path, and no more is written than there is room for.

Tested by ``tests/scenarios/test_object_copies.py``.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from preserve.config.stores import check_key
from preserve.errors import ArchiveError, EnvironmentFaultError, FormatError, LockedError, NetworkError, NotHeldError
from preserve.limits import DEFAULT_LIMITS, MAX_LEDGER_FILE_BYTES
from preserve.objects.port import ObjectStore
from preserve.regular import read_regular
from preserve.store.copying import Hashed, need_room
from preserve.store.layout import CollectionPaths


class CollectionListing(Struct, frozen=True):
    """The objects of one collection by their paths below its folder; ``strange``: keys that are no such paths.

    ``states``: as `ListedObject` has them.
    """

    name: str
    sizes: Mapping[str, int]
    states: Mapping[str, str]
    strange: tuple[str, ...] = field(default=())

    def below(self, folder: str) -> dict[str, int]:
        """Those in a folder, by their paths in it."""
        start = f"{folder}/"
        return {path.removeprefix(start): size for path, size in self.sizes.items() if path.startswith(start)}


def list_collection(store: ObjectStore, name: str) -> CollectionListing:
    """What a store has of a collection.

    Raises:
        NetworkError: there is more. An answer that is no listing is read as the end of one, and what it leaves out
            would be damage.
    """
    sizes: dict[str, int] = {}
    states: dict[str, str] = {}
    strange: list[str] = []
    for item in store.list(name):
        try:
            path = check_key(item.key).removeprefix(f"{name}/")
        except FormatError:
            strange.append(item.key)
        else:
            sizes[path], states[path] = item.size, item.state
    paths = CollectionPaths(Path(), name)
    for needed in (paths.marker, paths.checkpoint):
        below = needed.relative_to(paths.folder).as_posix()
        # Names come in their order: of one that was cut the marker is missing wherever a file of archive or ledger is.
        if below not in sizes and store.look(f"{name}/{below}") is not None:
            raise NetworkError(
                f"{store.name}: the listing of {name} is not whole: {below} is there, and not in it",
                next_step="Run it again. Nothing is said of what lies there.",
            )
    return CollectionListing(name, sizes, states, tuple(sorted(strange)))


def hash_object(store: ObjectStore, key: str) -> Hashed | None:
    """Size and SHA-256 of an object that is read whole; None where there is none."""
    opened = store.read(key)
    if opened is None:
        return None
    digest = hashlib.sha256()
    for chunk in opened.chunks:
        digest.update(chunk)
    return Hashed(opened.size, digest.hexdigest())


def object_hash(store: ObjectStore, key: str) -> str | None:
    """SHA-256 (hex) of an object that is read whole; None where there is none."""
    found = hash_object(store, key)
    return None if found is None else found.sha256


_TRIES = 3


def spool_collection(store: ObjectStore, name: str, root: Path) -> tuple[CollectionListing, CollectionPaths]:
    """What a store has of a collection under one checkpoint, with its small files below ``root`` (see `spool_small`).

    A copy that is brought up to date meanwhile is looked at again.

    Raises:
        LockedError: it is brought up to date again and again.
    """
    for number in range(_TRIES):
        paths = CollectionPaths(root / str(number), name)
        key = f"{name}/{paths.checkpoint.relative_to(paths.folder).as_posix()}"
        before = store.read(key)
        note = b"" if before is None else before.whole(MAX_LEDGER_FILE_BYTES)
        listing = list_collection(store, name)
        spool_small(store, listing, paths.root)
        if not paths.checkpoint.is_file() or read_regular(paths.checkpoint, MAX_LEDGER_FILE_BYTES) == note:
            return listing, paths
    raise LockedError(f"{store.name}/{name} is being brought up to date", next_step="Run it again when that has ended.")


def fetch_object(store: ObjectStore, key: str, path: Path) -> Hashed | None:
    """Puts an object into a file, in place of what is there; its size and SHA-256. None where there is no object.

    Raises:
        NetworkError, EnvironmentFaultError: it cannot be read to its end, or there is no room.
    """
    opened = store.read(key)
    if opened is None:
        return None
    need_room(path.parent, opened.size, DEFAULT_LIMITS.min_free_bytes)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for chunk in opened.chunks:
            digest.update(chunk)
            file.write(chunk)
    return Hashed(opened.size, digest.hexdigest())


def spool_small(store: ObjectStore, listing: CollectionListing, root: Path) -> CollectionPaths:
    """Puts all but the files of the archive and what is derived into a folder of the collection's name below ``root``.

    Raises:
        NotHeldError: the store has no such collection.
        ArchiveError: a file is larger than it can be.
        NetworkError, EnvironmentFaultError: it cannot be read, or there is no room.
    """
    paths = CollectionPaths(root, listing.name)
    tops = (paths.ledger.name, paths.receipts.name, paths.ledgers_before.name)
    wanted = {
        path: size
        for path, size in listing.sizes.items()
        if path == paths.marker.name or path.partition("/")[0] in tops
    }
    # Statements under no checkpoint are never copied: who put some there is not this program.
    wanted.pop(f"{paths.ledger.name}/{paths.pending.name}", None)
    if not wanted:
        raise NotHeldError(
            f"no collection {listing.name!r} in {store.name}",
            next_step=f"See what is there; `preserve replicate {store.name} {listing.name}` puts it there.",
        )
    folders = {parent.as_posix() for path in wanted for parent in PurePosixPath(path).parents}
    for both in sorted(folders & wanted.keys()):
        raise EnvironmentFaultError(
            f"{store.name}/{listing.name}/{both} is an object, and others are below it: no copy has both",
            next_step="Somebody else put one of them there. Find it with the tools of the store, and move it.",
        )
    need_room(root, sum(wanted.values()), DEFAULT_LIMITS.min_free_bytes)
    for folder in (paths.archive, paths.indexes, paths.ledger, paths.state):
        folder.mkdir(parents=True)
    for path, size in wanted.items():
        if size > MAX_LEDGER_FILE_BYTES:
            raise ArchiveError(f"{store.name}/{listing.name}/{path} has {size} bytes: it is no file of a ledger")
        opened = store.read(f"{listing.name}/{path}")
        if opened is None:
            raise NetworkError(
                f"{store.name}/{listing.name}/{path} was listed and is not there", next_step="Run it again."
            )
        target = paths.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(opened.whole(MAX_LEDGER_FILE_BYTES))
    return paths
