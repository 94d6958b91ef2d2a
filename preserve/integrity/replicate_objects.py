"""A copy of a collection in object storage, made and kept up to date. No object of it is overwritten or deleted.

The objects are the files of a copy in a folder, under the same names, without what is derived. Narrow tiles of older
checkpoints stay: their names are their own. What is replaced, by who has read what it replaces, is the checkpoint,
last of all, and the log's key where that has changed. Of two writers at once, the second to set a checkpoint is told.

Of machines that take turns one may be lost before its checkpoint is set. What it left under names that the next one
needs, and no checkpoint covers, is replaced, too: behind a `Fence`.

Tested by ``tests/scenarios/test_object_copies.py``.
"""

import dataclasses
import hashlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from preserve.errors import ArchiveError, FormatError, LockedError, PreserveError
from preserve.formats.tlog.files import (
    TILE_WIDTH,
    Checkpoint,
    entries_path,
    format_bundle,
    parse_checkpoint,
    tile_path,
)
from preserve.formats.tlog.merkle import leaf_hash
from preserve.formats.tlog.note import parse_note
from preserve.integrity.locks import look_at_locks
from preserve.integrity.replica_source import (
    CopyWork,
    Relation,
    Replicated,
    Snapshot,
    compare_copy,
    outcome,
    read_source,
    small_files,
)
from preserve.limits import DEFAULT_LIMITS, MAX_LEDGER_FILE_BYTES
from preserve.model import RecordPlace
from preserve.objects.port import DeclaredHashError, ObjectData, ObjectStore, mapped
from preserve.objects.probe import probe
from preserve.objects.spool import CollectionListing, list_collection, object_hash, spool_small
from preserve.progress import Tell, untold
from preserve.provenance.knownlogs import KnownLogs, LogNotAsKnownError, SeenLog, known_by, read_log
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import Sealed
from preserve.provenance.trust import Trust
from preserve.regular import read_regular
from preserve.store.archive import marker_bytes, read_marker
from preserve.store.catalogue import Catalogue
from preserve.store.copying import hash_file
from preserve.store.knownplaces import encode_places, places_key
from preserve.store.layout import CollectionPaths

_NOBODY = Trust()
Fence = Callable[[SeenLog | None], AbstractContextManager[None]]
"""While it lasts nobody else's turn begins; it raises where ours is over. With the log whose checkpoint is set."""


@dataclass(frozen=True, slots=True)
class _Note:
    """The checkpoint of the copy, as it lies there."""

    data: bytes
    tag: str
    checkpoint: Checkpoint


@dataclass(slots=True, kw_only=True)
class _Work(CopyWork):
    store: ObjectStore
    fence: Fence | None
    placed: int = 0
    """Statements under the copy's checkpoint."""

    @property
    def where(self) -> str:
        """The copy, as findings and messages name it."""
        return f"{self.store.name}/{self.source.name}"

    @property
    def place(self) -> Path:
        return self.store.place / self.source.name

    def key(self, below: str) -> str:
        return f"{self.source.name}/{below}"

    def below(self, path: Path) -> str:
        return path.relative_to(self.source.folder).as_posix()


def replicate_to_store(  # noqa: PLR0913 - one for each thing that a copy depends on
    source: CollectionPaths,
    store: ObjectStore,
    *,
    logs: KnownLogs,
    trust: Trust = _NOBODY,
    only_look: bool = False,
    rehash: bool = False,
    fence: Fence | None = None,
    lock_days: int | None = None,
    progress: Tell = untold,
) -> Replicated:
    """Brings the copy of a collection in a store up to the source's checkpoint.

    ``only_look`` changes nothing and says what would be copied. ``rehash`` reads the objects that the copy has already;
    without, name and size of a file must be those that were sealed. ``fence``: of machines that take turns.
    ``lock_days``: in how many days an end of the object lock on a file of the copy is to be told; None: it is not
    looked at.

    Raises:
        ArchiveError: the source's ledger, or the copy's checkpoint, is damaged.
        LockedError: another process has set the copy's checkpoint meanwhile.
        EnvironmentFaultError: the store is no place for evidence, or refuses.
        NetworkError: it does not answer.
    """
    work = _Work(
        source=source, store=store, logs=logs, fence=fence, only_look=only_look, rehash=rehash, progress=progress
    )
    try:
        snapshot = read_source(source, logs=logs, trust=trust)
    except LogNotAsKnownError as error:
        for finding in error.findings:
            work.findings.add(finding.code, str(source.folder), finding.detail)
        return outcome(work, None, Relation.REFUSED, complete=False)
    if not only_look:
        probe(store)
    listing = list_collection(store, source.name)
    note = _note(work)
    work.placed = 0 if note is None else note.checkpoint.size
    relation = Relation.NEW if note is None else _relation(work, snapshot, listing, note)
    complete = relation is Relation.NEWER
    if relation in {Relation.NEW, Relation.OLDER, Relation.SAME}:
        complete = _filled(work, snapshot, listing, note)
    done = outcome(work, snapshot, relation, complete=complete)
    return done if lock_days is None or only_look or not complete else _with_locks(work, snapshot, done, lock_days)


def _with_locks(work: _Work, snapshot: Snapshot, done: Replicated, days: int) -> Replicated:
    folder = work.key(work.source.archive.name)
    locks = look_at_locks(work.store, folder, list(snapshot.sealed), days=days, now=datetime.now(UTC))
    told = () if locks is None else locks.findings
    return dataclasses.replace(done, locks=locks, findings=(*done.findings, *told))


def _note(work: _Work) -> _Note | None:
    opened = work.store.read(work.key(work.below(work.source.checkpoint)))
    if opened is None:
        return None
    data = opened.whole(DEFAULT_LIMITS.max_note_bytes)
    try:
        return _Note(data, opened.tag, parse_checkpoint(parse_note(data).text))
    except (FormatError, UnicodeDecodeError) as error:
        raise _damaged(work, f"its checkpoint cannot be read: {error}") from error


def _damaged(work: _Work, reason: str) -> ArchiveError:
    return ArchiveError(
        f"the copy {work.where} is damaged: {reason}",
        next_step="Keep it as it is, find out who writes there, and copy to another prefix.",
    )


def _relation(work: _Work, snapshot: Snapshot, listing: CollectionListing, note: _Note) -> Relation:
    """The copy's log against the source's; where it is no longer than that, by the source's tiles alone."""
    seen, there = snapshot.seen, note.checkpoint
    if there.origin != seen.origin:
        work.findings.add("E-REPLICA-FORKED", work.where, f"it is the log {there.origin}")
        return Relation.FORKED
    if there.size <= seen.size:
        keys = known_by(seen).keys_at(there.size) or seen.keys[:1]
        copy = replace(seen, size=there.size, root=there.root, note=note.data, keys=keys)
        relation = _compared(work, snapshot, copy)
    else:
        with tempfile.TemporaryDirectory(prefix="preserve-") as folder:
            paths = spool_small(work.store, listing, Path(folder))
            longer = read_log(paths, Ledger(paths), work.logs)
            relation = None if longer is None else _compared(work, snapshot, longer)
    if relation is None:
        raise _damaged(work, "its checkpoint is not the one of its entries")
    return relation


def _compared(work: _Work, snapshot: Snapshot, there: SeenLog) -> Relation | None:
    return compare_copy(snapshot, there, work.place, work.where, logs=work.logs, findings=work.findings)


def _filled(work: _Work, snapshot: Snapshot, listing: CollectionListing, note: _Note | None) -> bool:
    """Copies what is missing; True where the copy then holds all."""
    told = len(work.findings.listed)
    _files(work, snapshot, listing)
    for path in small_files(snapshot.paths):
        _small(work, listing, work.below(path), read_regular(path), size=_size_in(snapshot.paths, path))
    marker = read_marker(snapshot.paths)
    _small(
        work,
        listing,
        work.below(snapshot.paths.marker),
        marker_bytes(str(marker["collection"]), str(marker["origin"])),
    )
    vkey = read_regular(snapshot.paths.vkey)
    vkey_tag = _vkey(work, snapshot, vkey)
    _ledger(work, snapshot, listing)
    if len(work.findings.listed) > told:
        return False
    if not work.only_look:
        _places(work, snapshot, listing)
        _checkpoint(work, snapshot, note)
        if vkey_tag and not work.store.replace(work.key(work.below(snapshot.paths.vkey)), vkey, vkey_tag):
            raise _overtaken(work)
        work.logs.meet(work.place, snapshot.seen)
    return True


def _files(work: _Work, snapshot: Snapshot, listing: CollectionListing) -> None:
    """Files of the archive, each held against its seals on its way."""
    folder = work.source.archive.name
    held = listing.below(folder)
    for number, (name, seals) in enumerate(snapshot.sealed.items()):
        work.progress(name, number, total=len(snapshot.sealed), done_bytes=work.bytes_copied)
        below = f"{folder}/{name}"
        if name in held:
            is_right = held[name] in {sealed.size for sealed in seals}
            if is_right and work.rehash:
                is_right = object_hash(work.store, work.key(below)) in {sealed.sha256 for sealed in seals}
            if not is_right:
                work.findings.add("E-REPLICA-DIFFERS", name, "not the file that was sealed")
        else:
            _file(work, name, below, seals)


def _file(work: _Work, name: str, below: str, seals: tuple[Sealed, ...]) -> None:
    path = work.source.archive / name
    try:
        # Read in the plain way first: a fault of the disk is an error there, and ends the program where it is mapped.
        found = hash_file(path)
        if (found.size, found.sha256) not in {(sealed.size, sealed.sha256) for sealed in seals}:
            work.findings.add("E-REPLICA-SOURCE", name, f"its SHA-256 is {found.sha256}")
            return
        if not work.only_look:
            with mapped(path) as data:
                _put(work, below, data, found.sha256)
    except FileNotFoundError:
        work.findings.add("E-REPLICA-SOURCE", name, "missing")
    except DeclaredHashError:
        work.findings.add("E-REPLICA-SOURCE", name, "it was changed while it was copied")
    except OSError as error:
        work.findings.add("E-REPLICA-SOURCE", name, error.strerror or str(error))
    else:
        work.copied.append(name)
        work.bytes_copied += found.size


def _places(work: _Work, snapshot: Snapshot, listing: CollectionListing) -> None:
    """Where the records of files lie, for whoever reads the copy: of those of which that is not there yet.

    They are a hint, so nothing depends on them: what the catalogue does not know is left out.
    """
    keys = {name: key for name in snapshot.sealed if (key := places_key(name)) is not None}
    missing = {name: snapshot.sealed[name][-1].records for name, key in keys.items() if key not in listing.sizes}
    if not missing:
        return
    for name, places in _catalogued(work.source, missing):
        data = encode_places(name, places)
        work.store.create(work.key(keys[name]), data, hashlib.sha256(data).hexdigest())


def _catalogued(paths: CollectionPaths, counts: Mapping[str, int]) -> Iterator[tuple[str, list[RecordPlace]]]:
    """What the catalogue has of where the records of files lie; no more where it cannot be read."""
    with (
        suppress(PreserveError, sqlite3.Error, ValueError),
        Catalogue.open(paths, read_only=True) as catalogue,
    ):
        yield from catalogue.file_places(counts)


def _put(work: _Work, below: str, data: ObjectData, sha256: str) -> None:
    """Makes an object. One that came in between is read: another writer's, or ours, of which the answer was lost."""
    if not work.store.create(work.key(below), data, sha256) and object_hash(work.store, work.key(below)) != sha256:
        work.findings.add("E-REPLICA-DIFFERS", below, "not what was to be put there")


def _size_in(paths: CollectionPaths, path: Path) -> int:
    """Of what checkpoint a receipt is, by its name; 0 for others."""
    first = path.name.partition(".")[0]
    return int(first) if path.parent == paths.receipts and first.isascii() and first.isdigit() else 0


def _small(work: _Work, listing: CollectionListing, below: str, data: bytes, *, size: int = 0) -> None:
    """A small file of its own, which is told where it is copied."""
    _same(work, listing, below, data, size=size)
    if below not in listing.sizes:
        work.copied.append(below)


def _same(work: _Work, listing: CollectionListing, below: str, data: bytes, *, size: int) -> None:
    """A small file that is never rewritten; one that is there and differs is a finding.

    ``size``: statements of the smallest log that it belongs to. A file of a log that no checkpoint covers may be what
    another machine left whose turn is over: it is read, and replaced.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    if work.fence is not None and size > work.placed:
        if not work.only_look:
            _put_over(work, work.fence, below, data, sha256)
    elif below not in listing.sizes:
        if not work.only_look:
            _put(work, below, data, sha256)
    elif listing.sizes[below] != len(data) or (work.rehash and object_hash(work.store, work.key(below)) != sha256):
        work.findings.add("E-REPLICA-DIFFERS", below)


def _put_over(work: _Work, fence: Fence, below: str, data: bytes, sha256: str) -> None:
    """Makes an object, or puts it in the place of what is no part of any log that counts."""
    key = work.key(below)
    if work.store.create(key, data, sha256):
        return
    opened = work.store.read(key)
    if opened is None:
        raise _overtaken(work)
    if opened.size == len(data) and opened.whole(MAX_LEDGER_FILE_BYTES) == data:
        return
    # Read before the fence: what the next machine writes, if our turn ends within it, has another tag.
    with fence(None):
        if not work.store.replace(key, data, opened.tag):
            raise _overtaken(work)


def _vkey(work: _Work, snapshot: Snapshot, vkey: bytes) -> str:
    """The log's key; where an older one of the log is there, the tag of the object that is to be replaced."""
    key = work.key(work.below(snapshot.paths.vkey))
    opened = work.store.read(key)
    if opened is None:
        if not work.only_look:
            _put(work, work.below(snapshot.paths.vkey), vkey, hashlib.sha256(vkey).hexdigest())
        return ""
    there = opened.whole(DEFAULT_LIMITS.max_note_bytes)
    if there == vkey:
        return ""
    if there.decode("ascii", "replace").strip() not in {held.vkey for held in snapshot.seen.keys}:
        work.findings.add("E-REPLICA-DIFFERS", work.below(snapshot.paths.vkey), "not a key of this log")
    return opened.tag


def _ledger(work: _Work, snapshot: Snapshot, listing: CollectionListing) -> None:
    """Entry bundles and tiles of the source's checkpoint."""
    top = work.below(snapshot.paths.ledger)
    held = listing.below(top)
    missing = [
        item
        for item in log_files(snapshot.seen.size)
        if work.rehash or item.path not in held or (work.fence is not None and item.end > work.placed)
    ]
    wrong = _wrong_tiles(snapshot) if missing and not work.only_look else []
    if wrong:
        raise ArchiveError(
            f"{snapshot.paths.folder}: {wrong[0]} is not made of the entries below it",
            next_step=f"Run `preserve repair {work.source.name} --apply`. Nothing is copied from a damaged ledger.",
        )
    for item in missing:
        if not work.only_look or item.path in held:
            _same(work, listing, f"{top}/{item.path}", item.data(snapshot.ledger), size=item.end)


def _wrong_tiles(snapshot: Snapshot) -> list[str]:
    """The paths of tiles that disagree with the entries, whose root was held against the checkpoint."""
    tiles = snapshot.ledger.tile_check()
    wrong: list[str] = []
    for entry in snapshot.entries(0):
        wrong += tiles.push(leaf_hash(entry))
    return wrong + tiles.finish()


@dataclass(frozen=True, slots=True)
class LogFile:
    """A bundle (``level`` -1) or a tile of a log."""

    level: int
    number: int
    width: int

    @property
    def path(self) -> str:
        """Below the folder of the ledger."""
        if self.level < 0:
            return entries_path(self.number, self.width)
        return tile_path(self.level, self.number, self.width)

    @property
    def end(self) -> int:
        """Statements of the smallest log that it is of."""
        return int((self.number * TILE_WIDTH + self.width) * TILE_WIDTH ** max(self.level, 0))

    def data(self, ledger: Ledger) -> bytes:
        """Its bytes, out of the source's ledger."""
        if self.level < 0:
            return format_bundle(ledger.bundle(self.number)[: self.width])
        return b"".join(ledger.tile_part(self.level, self.number, self.width))


def log_files(size: int) -> Iterator[LogFile]:
    """All that a log of ``size`` statements consists of, tiles below before those above them."""
    level = 0
    while count := size // TILE_WIDTH**level:
        for number in range(-(-count // TILE_WIDTH)):
            width = min(TILE_WIDTH, count - number * TILE_WIDTH)
            if level == 0:
                yield LogFile(-1, number, width)
            yield LogFile(level, number, width)
        level += 1


def _checkpoint(work: _Work, snapshot: Snapshot, note: _Note | None) -> None:
    """Sets it, if nobody else has meanwhile."""
    with nullcontext() if work.fence is None else work.fence(snapshot.seen):
        _set(work, work.key(work.below(snapshot.paths.checkpoint)), snapshot.seen.note, note)


def _set(work: _Work, key: str, wanted: bytes, note: _Note | None) -> None:
    if note is None:
        is_set = work.store.create(key, wanted, hashlib.sha256(wanted).hexdigest())
    else:
        is_set = note.data == wanted or work.store.replace(key, wanted, note.tag)
    if is_set:
        return
    # An answer that was lost, and asked for again, says that somebody was quicker: that may have been this process.
    with suppress(ArchiveError):
        if (there := _note(work)) is not None and there.data == wanted:
            return
    raise _overtaken(work)


def _overtaken(work: _Work) -> LockedError:
    return LockedError(
        f"{work.where}: another process has brought this copy up to date meanwhile; its checkpoint stands",
        next_step="Run it again: what is missing then is copied.",
    )
