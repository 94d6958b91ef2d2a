"""WARC files on disk: written to the end only, synced, read back, sealed."""

import hashlib
import os
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, Self

from msgspec import Struct

from preserve.errors import ArchiveError, EnvironmentFaultError, FormatError, unreadable
from preserve.formats.warc.containers import HEAD_BYTES, Container, RecordSpan, identify, record_at, records_in
from preserve.formats.warc.members import iter_members, read_member
from preserve.formats.warc.record import (
    RecordHeader,
    WarcRecord,
    compress_member,
    parse_record,
    record_bytes,
    record_sha256,
)
from preserve.model import RecordPlace
from preserve.store.copying import hash_file
from preserve.store.durable import make_dir, make_read_only, sync_dir
from preserve.store.heldfiles import is_elsewhere, note_misplaced, open_held, open_written
from preserve.store.layout import OPEN_SUFFIX, CollectionPaths, check_file_name, name_when_sealed, warc_name

_BUFFER_BYTES = 1 << 20


class SealedFile(Struct, frozen=True, kw_only=True):
    """A file that is never written again: name, bytes, SHA-256 of the file, number of records."""

    name: str
    size: int
    sha256: str
    records: int


class WarcWriter:
    """The one file being written. It ends in ``.open`` until it is sealed.

    The file's hash is taken as it is written; `seal` compares it with what the disk gives back.
    """

    def __init__(self, paths: CollectionPaths, name: str, path: Path, file: BinaryIO) -> None:
        self._paths = paths
        self.path = path
        """Where it lies while it is written."""
        self._file = file
        self._digest = hashlib.sha256()
        self.name = name
        self.size = 0
        self.records = 0

    @classmethod
    def create(cls, paths: CollectionPaths, now: datetime, token_of: Callable[[str], str]) -> Self:
        """Begins a new file; its name is taken from the moment and is free.

        ``token_of`` gives what proves, in the open file's name, that this program began it.
        """
        make_dir(paths.archive)
        serial = 1
        while True:
            name = warc_name(paths.name, now, serial)
            serial += 1
            path = paths.open_file(name, token_of(name))
            if (paths.archive / name).exists():
                continue
            try:
                file = path.open("xb", buffering=_BUFFER_BYTES)
            except FileExistsError:
                continue
            sync_dir(paths.archive)
            return cls(paths, name, path, file)

    def append(self, record: WarcRecord) -> RecordPlace:
        """Writes one record as one gzip member; it is durable only after the next `sync`."""
        member = compress_member(record_bytes(record))
        self._file.write(member)
        self._digest.update(member)
        place = RecordPlace(file=self.name, ordinal=self.records, offset=self.size, length=len(member))
        self.size += len(member)
        self.records += 1
        return place

    def sync(self) -> None:
        """Makes every record written so far durable."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def finish(self) -> SealedFile:
        """Syncs, closes and reads the file back. It keeps its open name: `seal_name` is for who has its records stated.

        Raises:
            EnvironmentFaultError: the disk gives back other bytes than were written.
        """
        self.sync()
        self._file.close()
        written = self.so_far()
        size, digest = hash_file(self.path)
        if (digest, size) != (written.sha256, written.size):
            raise EnvironmentFaultError(
                f"{self.path}: the disk gives back other bytes than were written to it",
                next_step="Check the disk before anything else is captured to it.",
            )
        return written

    def so_far(self) -> SealedFile:
        """The file as far as it is written: what `finish` gives, were it called now."""
        return SealedFile(name=self.name, size=self.size, sha256=self._digest.copy().hexdigest(), records=self.records)

    def abandon(self) -> None:
        """Closes the file without sealing it; the next run puts it right. A disk that is full is no obstacle."""
        with suppress(OSError):
            self._file.close()


def seal_name(paths: CollectionPaths, path: Path) -> Path:
    """Makes a file that was being written read-only, and gives it its name for ever.

    Only after the journal has its records: of an open file of which it has none the next session makes an end, a sealed
    one would lie there for ever without a statement.
    """
    make_read_only(path)
    sealed = path.with_name(name_when_sealed(path.name))
    path.rename(sealed)
    sync_dir(paths.archive)
    return sealed


def count_records(path: Path) -> int:
    """The number of whole members of a file, each inflated and its checksum verified."""
    with open_written(path) as file:
        return sum(1 for member in iter_members(file) if not member.defect)


def open_files(paths: CollectionPaths) -> list[Path]:
    """The files that a writer left open, or that somebody named so, sorted by name."""
    return sorted(paths.archive.glob(f"*{OPEN_SUFFIX}"))


def container_of(path: Path, name: str = "") -> Container | None:
    """What a file is; None where it is none of the kinds that hold records. ``name``: its name, if not the path's.

    Raises:
        OSError: it cannot be read.
    """
    name = name_when_sealed(name or path.name)
    with open_written(path) as file:
        return _container(file, name)


def _container(file: BinaryIO, name: str) -> Container | None:
    file.seek(0)
    return identify(file.read(HEAD_BYTES), name)


class FoundRecord(NamedTuple):
    """One record where it lies in a file; ``record_id`` None: a stretch that holds none, or one that is damaged."""

    offset: int
    length: int
    inner: int
    record_id: str | None


def found_records(_name: str, spots: Iterable[RecordSpan]) -> Iterator[FoundRecord]:
    """What lies in a file, or in a stretch of it: one for each of ``spots``, in order."""
    last: tuple[RecordSpan, str | None] | None = None
    for spot in spots:
        if last is not None:
            # Of a large record the length is known only behind it.
            yield _found(*last)
        last = (spot, _id_of(spot))
    if last is not None:
        yield _found(*last)


def _id_of(spot: RecordSpan) -> str | None:
    header = None if spot.raw is None else spot.raw.header
    try:
        if isinstance(header, RecordHeader):
            _ = header.type, header.date
            return header.record_id
    except FormatError:
        pass
    return None


def _found(spot: RecordSpan, record_id: str | None) -> FoundRecord:
    return FoundRecord(spot.offset, spot.length, spot.inner, record_id)


def places_of(name: str, found: Iterable[FoundRecord]) -> Iterator[tuple[RecordPlace, str]]:
    """Place and id of every record in the file of this name, of all that lies in it."""
    for ordinal, (offset, length, inner, record_id) in enumerate(found):
        if record_id is not None:
            yield RecordPlace(file=name, ordinal=ordinal, offset=offset, length=length, inner=inner), record_id


def iter_places(path: Path) -> Iterator[tuple[RecordPlace, str]]:
    """Place and id of every record of a file of whatever container, in order. What is damaged is passed over.

    Raises:
        OSError: it cannot be read.
    """
    container = container_of(path)
    if container is None:
        return
    with open_written(path) as file:
        yield from places_of(name_when_sealed(path.name), found_records(path.name, records_in(file, container)))


def iter_held_places(paths: CollectionPaths, name: str) -> Iterator[tuple[RecordPlace, str]]:
    """The same of a file of an archive, wherever that lies; none where it is not there.

    Raises:
        OSError, NetworkError: it cannot be read.
    """
    with suppress(FileNotFoundError), open_held(paths, check_file_name(name), is_whole=True) as file:
        container = _container(file, name)
        if container is not None:
            yield from places_of(name, found_records(name, records_in(file, container)))


class RecordIdentity(Protocol):
    """What the ledger names a record by."""

    @property
    def record_id(self) -> str:
        """Its ``WARC-Record-ID``."""
        ...

    @property
    def record_sha256(self) -> str:
        """Its hash, 64 hexadecimal digits."""
        ...


def read_record(paths: CollectionPaths, place: RecordPlace) -> WarcRecord:
    """One record by its place.

    Raises:
        ArchiveError: it is not there, or damaged. EnvironmentFaultError: this process may not read it, or it lies
            elsewhere and cannot be had.
    """
    where = f"{place.file} at byte {place.offset}: the record"
    next_step = f"Run `preserve verify {paths.name}` to see what is damaged."
    try:
        with open_held(paths, check_file_name(place.file)) as file:
            damage: FormatError | None = None
            try:
                file.seek(place.offset)
                content = read_member(file.read(place.length))
            except FormatError as error:
                damage = error
            else:
                if not place.inner:
                    with suppress(FormatError):
                        return parse_record(content)
            container = _container(file, place.file)
            if damage is not None and container is Container.WARC_GZIP and place.length and not place.inner:
                raise damage
            return _read_anywhere(file, container, place)
    except OSError as error:
        raise unreadable(where, error, next_step=next_step) from error
    except FormatError as error:
        raise ArchiveError(f"{where} cannot be read: {error}", next_step=next_step) from error


class StatedRecord(NamedTuple):
    """A record that is the one that the ledger names, and where it lies."""

    record: WarcRecord
    place: RecordPlace


def read_stated(paths: CollectionPaths, place: RecordPlace, stated: RecordIdentity) -> StatedRecord:
    """One record by its place, held against the ledger's hash of it.

    Of an archive that lies elsewhere places may be hints of somebody. Where one is wrong, its file is read.

    Raises:
        ArchiveError: it is not there, damaged, or another. EnvironmentFaultError: as `read_record` has it.
    """
    try:
        return _stated_at(paths, place, stated)
    except ArchiveError:
        found = _place_read(paths, place) if is_elsewhere(paths) else None
        if found is None or found == place:
            raise
    right = _stated_at(paths, found, stated)
    note_misplaced(paths, place.file)
    return right


def _stated_at(paths: CollectionPaths, place: RecordPlace, stated: RecordIdentity) -> StatedRecord:
    record = read_record(paths, place)
    if record_sha256(record.header.raw, record.block) != stated.record_sha256:
        raise ArchiveError(
            f"record {stated.record_id} in {place.file} is not the one that the ledger names",
            next_step=f"Run `preserve verify {paths.name}` to see what is damaged.",
        )
    return StatedRecord(record, place)


_NOWHERE = 2**64 - 1


@lru_cache(maxsize=16)
def _places_read(paths: CollectionPaths, name: str) -> "array[int]":
    """Where the records of a file lie, by reading it: offset, length and inner place for each ordinal."""
    found = array("Q")
    for place, _record_id in iter_held_places(paths, name):
        found.extend([_NOWHERE] * (3 * place.ordinal - len(found)))
        found.extend((place.offset, place.length, place.inner))
    return found


def _place_read(paths: CollectionPaths, place: RecordPlace) -> RecordPlace | None:
    """The place of a record as its file has it; None where there is none."""
    try:
        offset, length, inner = _places_read(paths, place.file)[3 * place.ordinal : 3 * place.ordinal + 3]
    except ValueError:
        return None
    except OSError as error:
        raise unreadable(place.file, error) from error
    if offset == _NOWHERE:
        return None
    return RecordPlace(file=place.file, ordinal=place.ordinal, offset=offset, length=length, inner=inner)


def _read_anywhere(file: BinaryIO, container: Container | None, place: RecordPlace) -> WarcRecord:
    """A record of a file that was not compressed record by record, or not by gzip, or not at all."""
    if container is None:
        raise FormatError("no file that holds records")
    raw = record_at(file, container, place.offset, place.inner, place.length)
    if not isinstance(raw.header, RecordHeader):
        raise FormatError("no record can be read there")
    return WarcRecord(header=raw.header, block=bytes(raw.block or b""))
