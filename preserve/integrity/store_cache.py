"""A collection in object storage made readable here: ledger and receipts fetched, the catalogue made of them.

The files of the archive stay where they are, and records are read out of them by ranges. Nothing is believed for being
in the store: the checkpoint is held against what is known of the log, each bundle against the checkpoint, and each
record, when it is read, against its statement. What lies here is a cache; where it does not fit it is made anew.

Tested by ``tests/scenarios/test_read_objects.py``.
"""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO, Final

from preserve.config.stores import check_key
from preserve.errors import ArchiveError, FormatError, NetworkError, NotHeldError
from preserve.findings import CODES
from preserve.formats.tlog.files import Checkpoint, parse_checkpoint
from preserve.formats.tlog.note import open_note, parse_note, parse_vkey
from preserve.integrity.replicate_objects import log_files
from preserve.limits import DEFAULT_LIMITS, MAX_LEDGER_FILE_BYTES
from preserve.objects.objectfile import FILE_AHEAD_BYTES, RECORD_AHEAD_BYTES, no_such_object, open_object
from preserve.objects.port import LookedAt, ObjectStore
from preserve.objects.spool import fetch_object
from preserve.progress import Tell, untold
from preserve.provenance.derive import KnownPlaces, catch_up
from preserve.provenance.knownlogs import KnownLogs, LogNotAsKnownError, read_log
from preserve.provenance.leaves import Leaves
from preserve.provenance.ledger import Ledger
from preserve.provenance.sealing import sealed_in
from preserve.regular import read_regular
from preserve.store.archive import read_marker
from preserve.store.catalogue import Catalogue
from preserve.store.copying import Hashed, need_room
from preserve.store.durable import Lock, remove_derived, write_atomic
from preserve.store.heldfiles import OpenElsewhere, take_misplaced
from preserve.store.knownplaces import MAX_PLACES_BYTES, Span, decode_places, places_key
from preserve.store.layout import CollectionPaths, check_file_name
from preserve.store.warcfile import iter_held_places

MISSING: Final = "it is missing"
NOT_SEALED: Final = "it is not the file that was sealed"


def opener(store: ObjectStore) -> OpenElsewhere:
    """What opens files of archives in a store. Each is looked at once a process: a sealed file never changes."""

    @cache
    def looked(key: str) -> LookedAt:
        found = store.look(key)
        if found is None:
            raise no_such_object(key)
        return found

    def open_file(collection: str, name: str, is_whole: bool) -> BinaryIO:  # noqa: FBT001 - as it is called
        key = f"{collection}/archive/{name}"
        ahead_bytes = FILE_AHEAD_BYTES if is_whole else RECORD_AHEAD_BYTES
        return open_object(store, key, looked(key), ahead_bytes=ahead_bytes)

    return open_file


def bring_here(
    store: ObjectStore,
    paths: CollectionPaths,
    logs: KnownLogs,
    *,
    with_catalogue: bool = True,
    progress: Tell = untold,
) -> str:
    """Brings what lies here of a collection up to its checkpoint in the store. What is to be said of its log; or empty.

    ``logs`` is asked and told about the place in the store. For the catalogue the archive must be readable by
    `open_held`.

    Raises:
        NotHeldError: the store has no such collection, or a copy that was never complete.
        LogNotAsKnownError: the log there is not the one that is known.
        ArchiveError, FormatError: what is there does not fit its checkpoint.
        NetworkError, EnvironmentFaultError: it cannot be read, or there is no room.
        LockedError: another process makes the same for a long time.
    """
    with Lock(paths.lock, f"what reads {store.name}/{paths.name}", is_brief=True):
        work = _Cache(store, paths, logs, progress, with_catalogue=with_catalogue)
        was_here = paths.checkpoint.is_file()
        try:
            return work.bring()
        except LogNotAsKnownError:
            raise
        except (ArchiveError, FormatError):
            if not was_here:
                raise
        # What lies here does not fit: it is a cache, and made anew once.
        for folder in (paths.ledger, paths.receipts, paths.ledgers_before):
            shutil.rmtree(folder, ignore_errors=True)
        remove_derived(paths)
        return work.bring()


@dataclass(frozen=True, slots=True)
class _Cache:
    store: ObjectStore
    paths: CollectionPaths
    logs: KnownLogs
    progress: Tell
    with_catalogue: bool = field(kw_only=True)

    def bring(self) -> str:
        """See `bring_here`."""
        paths = self.paths
        # The copy may be brought up to date from here while it is read.
        logs = self.logs.as_now(paths.folder)
        note = self._read(self._below(paths.checkpoint), DEFAULT_LIMITS.max_note_bytes)
        if note is None:
            raise NotHeldError(
                f"no complete copy of {paths.name!r} in {self.store.name}: it has no checkpoint",
                next_step=f"See what is there; `preserve replicate {self.store.name} {paths.name}` puts it there.",
            )
        vkey = self._need(self._below(paths.vkey), DEFAULT_LIMITS.max_note_bytes)
        checkpoint = _signed(note, vkey, f"{self.store.name}/{paths.name}")
        self._fetch(self._below(paths.marker))
        for folder in (paths.receipts, paths.ledgers_before):
            for item in self.store.list(f"{paths.name}/{folder.name}"):
                self._fetch(check_key(item.key).removeprefix(f"{paths.name}/"))
        self._tiles(checkpoint.size)
        remark = self._hold(note, vkey, checkpoint, logs)
        read_marker(paths)
        if not paths.checkpoint.is_file() or read_regular(paths.checkpoint, MAX_LEDGER_FILE_BYTES) != note:
            write_atomic(paths.vkey, vkey)
            write_atomic(paths.checkpoint, note)
        if self.with_catalogue:
            self._catalogue(checkpoint)
        return remark

    def _tiles(self, size: int) -> None:
        for done, item in enumerate(log_files(size)):
            self._fetch(f"{self.paths.ledger.name}/{item.path}")
            if not done % 64:
                self.progress(self.paths.name, min(done * 128, size), total=size)

    def _hold(self, note: bytes, vkey: bytes, checkpoint: Checkpoint, logs: KnownLogs) -> str:
        """Holds a log against its checkpoint, and that against what is known, before it takes the last one's place."""
        with tempfile.TemporaryDirectory(prefix=".", dir=self.paths.folder) as folder:
            staged = CollectionPaths(Path(folder), self.paths.name)
            staged.ledger.mkdir(parents=True)
            for linked in (self.paths.ledger / "tile", self.paths.receipts, self.paths.ledgers_before):
                if linked.is_dir():
                    (staged.folder / linked.relative_to(self.paths.folder)).symlink_to(linked.resolve())
            staged.vkey.write_bytes(vkey)
            staged.checkpoint.write_bytes(note)
            # What lies here already may be of another log.
            Ledger(staged).proved_tree(checkpoint)
            seen = read_log(staged, _proved(staged, checkpoint), logs)
            compared = logs.meet(self.paths.folder, seen)
        problems = [finding for finding in compared.findings if finding.is_problem]
        if problems:
            first = problems[0]
            raise LogNotAsKnownError(
                f"{self.store.name}/{self.paths.name}: {CODES[first.code].meaning} {first.detail}".rstrip(),
                tuple(problems),
                next_step=f"Run `preserve verify {self.store.name}/{self.paths.name}`, and find out who writes there.",
            )
        told = [finding.detail or CODES[finding.code].meaning for finding in compared.findings]
        return f"{self.store.name}/{self.paths.name}: {told[0]}" if told else ""

    def _catalogue(self, checkpoint: Checkpoint) -> None:
        ledger = _proved(self.paths, checkpoint)
        with Catalogue.open(self.paths) as catalogue:
            for name in take_misplaced(self.paths):
                catalogue.put_places(iter_held_places(self.paths, name))
            catalogue.commit()
            if catalogue.ledger_size < ledger.size:
                catch_up(self.paths, ledger, catalogue, known=self._known_places(), progress=self.progress)

    def _known_places(self) -> KnownPlaces:
        """What the copy says of where records lie. It may say anything: see `preserve.store.knownplaces`."""
        archive = f"{self.paths.name}/{self.paths.archive.name}"
        sizes = {item.key.removeprefix(f"{archive}/"): item.size for item in self.store.list(archive)}

        def known(name: str) -> tuple[Span, ...] | None:
            below = places_key(name) if name in sizes else None
            if below is None:
                return None
            try:
                data = self._read(below, MAX_PLACES_BYTES)
            except ArchiveError:
                return None
            return None if data is None else decode_places(data, name, sizes[name])

        return known

    def _below(self, path: Path) -> str:
        return path.relative_to(self.paths.folder).as_posix()

    def _read(self, below: str, most: int) -> bytes | None:
        opened = self.store.read(f"{self.paths.name}/{below}")
        return None if opened is None else opened.whole(most)

    def _need(self, below: str, most: int) -> bytes:
        data = self._read(below, most)
        if data is None:
            raise ArchiveError(
                f"{self.store.name}/{self.paths.name}/{below} is missing",
                next_step=f"Run `preserve verify {self.store.name}/{self.paths.name}` to see what else is.",
            )
        return data

    def _fetch(self, below: str) -> None:
        """Puts a file that never changes where it is missing."""
        target = self.paths.folder / below
        if target.is_file():
            return
        data = self._need(below, MAX_LEDGER_FILE_BYTES)
        need_room(target.parent, len(data), DEFAULT_LIMITS.min_free_bytes)
        write_atomic(target, data)


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A sealed file of an archive. ``path``: where it lies as long as the next is not asked for; None: it is not the
    one that was sealed, and ``defect`` says why.
    """

    key: str
    path: Path | None
    defect: str = ""


@dataclass(frozen=True, slots=True)
class SealedObject:
    """A sealed file of an archive, as a store lists it. ``store``: its name; ``state``: as `ListedObject` has it.

    ``seals``: what it may be. ``defect``: why it is none of these, where that is seen without reading it.
    """

    store: str
    key: str
    state: str
    seals: frozenset[Hashed]
    defect: str = ""

    @property
    def name(self) -> str:
        """What it is called before a user."""
        return f"{self.store}/{self.key}"


def sealed_files(store: ObjectStore, paths: CollectionPaths, folder: Path) -> Iterator[FetchedFile]:
    """The files that the ledger of a collection seals, in its order, each fetched into a folder and held against that.

    ``paths``: what `bring_here` brought up to date.

    Raises:
        NetworkError, EnvironmentFaultError: one cannot be read, or there is no room.
    """
    for name, seals in _seals(paths).items():
        key, target = _key(paths, name), folder / name
        looked = store.look(key)
        if looked is None:
            yield FetchedFile(key, None, MISSING)
            continue
        # Of what has another size nothing is fetched.
        found = fetch_object(store, key, target) if looked.size in {seal.size for seal in seals} else None
        if found is None or found not in seals:
            yield FetchedFile(key, None, NOT_SEALED)
        else:
            yield FetchedFile(key, target)
        target.unlink(missing_ok=True)


def sealed_objects(store: ObjectStore, paths: CollectionPaths) -> Iterator[SealedObject]:
    """The same files for who fetches them elsewhere, held against what the store lists.

    Raises:
        NetworkError, EnvironmentFaultError: the store cannot be listed.
    """
    listed = {item.key: item for item in store.list(f"{paths.name}/{paths.archive.name}")}
    for name, seals in _seals(paths).items():
        item = listed.get(_key(paths, name))
        if item is None:
            if store.look(_key(paths, name)) is not None:
                raise NetworkError(
                    f"{store.name}: the listing of {paths.name} is not whole: {name} is there, and not in it",
                    next_step="Run it again. Nothing is said of what lies there.",
                )
            yield SealedObject(store.name, _key(paths, name), "", seals, MISSING)
        elif item.size not in {seal.size for seal in seals}:
            yield SealedObject(store.name, item.key, "", seals, NOT_SEALED)
        else:
            yield SealedObject(store.name, item.key, item.state, seals)


def _seals(paths: CollectionPaths) -> dict[str, frozenset[Hashed]]:
    """By name, in the ledger's order, what each sealed file may be: more than one where a repair packed it anew."""
    note = read_regular(paths.checkpoint, MAX_LEDGER_FILE_BYTES)
    ledger = _proved(paths, parse_checkpoint(parse_note(note).text))
    seals: dict[str, frozenset[Hashed]] = {}
    for _index, statement in ledger.statements():
        for sealed in sealed_in(statement):
            seals[sealed.name] = seals.get(sealed.name, frozenset()) | {Hashed(sealed.size, sealed.sha256)}
    return seals


def _key(paths: CollectionPaths, name: str) -> str:
    return f"{paths.name}/{paths.archive.name}/{check_file_name(name)}"


def _signed(note: bytes, vkey: bytes, where: str) -> Checkpoint:
    """The checkpoint, signed by the key beside it; whose that is, what is known of the log tells."""
    try:
        return parse_checkpoint(open_note(note, [parse_vkey(vkey.decode("ascii").strip())]).text)
    except (FormatError, UnicodeDecodeError) as error:
        raise ArchiveError(
            f"{where}: its checkpoint is not signed by the key of the log", next_step=f"Run `preserve verify {where}`."
        ) from error


def _proved(paths: CollectionPaths, checkpoint: Checkpoint) -> Ledger:
    """The ledger, each bundle of which is held against the checkpoint as it is read."""
    ledger = Ledger(paths)
    ledger.prove_bundles(Leaves(Ledger(paths), checkpoint).check)
    return ledger
