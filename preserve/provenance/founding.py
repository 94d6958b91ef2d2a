"""Founding an archive: folder, format marker, key, first statement.

A key that has begun an archive has a mark beside it, with the archive's folder. No second archive is begun with it: two
logs of one name and key contradict each other, and the first may only be on a disk that is not mounted.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from preserve.errors import EnvironmentFaultError
from preserve.formats.tlog.note import Signer
from preserve.model import check_collection_name, format_utc
from preserve.provenance.keys import coming_path, key_path, make_key, mark_path, next_path, read_key
from preserve.provenance.knownlogs import Compared, KnownLogs, LogNotAsKnownError, read_log
from preserve.provenance.ledger import Ledger, check_signer
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import ArchiveStatement
from preserve.regular import read_regular
from preserve.store.archive import ARCHIVE_FORMAT, create_archive, open_archive, read_marker
from preserve.store.durable import write_atomic
from preserve.store.layout import CollectionPaths

_MAX_MARK_CHARS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """The archive and its identity. ``created`` is False where it was there before."""

    paths: CollectionPaths
    origin: str
    vkey: str
    key_file: Path
    created: bool
    writer: Writer


def load_writer(paths: CollectionPaths, keys: Path, *, secret: bytes | None) -> Writer:
    """Who writes to an archive that exists, with the signer from its key file.

    Raises:
        EnvironmentFaultError: the key cannot be used, or a change of key was cut short.
        ArchiveError: the format marker cannot be read.
    """
    _require_known(paths, keys)
    return Writer.of(paths, keys, load_signer(paths, keys, secret=secret))


def load_signer(paths: CollectionPaths, keys: Path, *, secret: bytes | None) -> Signer:
    """The signer of an archive that exists, from its key file.

    Raises:
        EnvironmentFaultError: the key cannot be used, or a change of key was cut short.
        ArchiveError: the format marker cannot be read.
    """
    if next_path(paths.name, keys).exists():
        raise EnvironmentFaultError(
            f"a change of the signing key of {paths.name} was cut short",
            next_step=f"Run `preserve key rotate {paths.name}` again: it goes on.",
        )
    if coming_path(paths.name, keys).exists():
        raise EnvironmentFaultError(
            f"the beginning of a new log of {paths.name} was cut short",
            next_step=f"Run `preserve ledger accept {paths.name} --lost` again: it goes on.",
        )
    return Signer(str(read_marker(paths)["origin"]), read_key(key_path(paths.name, keys), secret))


def found_archive(archives: Path, name: str, *, keys: Path, secret: bytes | None = None) -> Founded:
    """Makes the archive of a collection, or completes one whose making was cut short.

    ``secret`` is the passphrase of the key, if it is to have one. The order is key, folder and marker, first statement,
    checkpoint: killed anywhere, calling it again finishes it.

    Raises:
        ArchiveError: the folder holds something else, or an archive of a newer format.
        EnvironmentFaultError: a folder or key cannot be written, the key is not the log's, or it has begun an archive
            that is not here.
    """
    check_collection_name(name)
    paths = CollectionPaths(archives, name)
    if paths.marker.is_file():
        # A key is made once, for a new archive; an archive that exists is never given another one.
        paths = open_archive(archives, name)
        _require_known(paths, keys)
        signer = load_signer(paths, keys, secret=secret)
    else:
        path = key_path(name, keys)
        mark = mark_path(name, keys)
        if not path.exists():
            # A mark that is left is of a key that was moved away on purpose.
            with suppress(OSError):
                mark.unlink()
            make_key(path, secret)
        elif mark.exists():
            raise _lost(paths.folder, path, mark)
        key = read_key(path, secret)
        # No two logs may share a name: the first digits of the first public key stand in it.
        signer = Signer(f"preserve/{name}/{key.public_key().public_bytes_raw().hex()[:8]}", key)
        paths = create_archive(archives, name, origin=signer.name, vkey=signer.vkey)
    check_signer(paths, signer)
    marker = read_marker(paths)
    writer = Writer.of(paths, keys, signer)
    if not paths.checkpoint.is_file():
        _make_way(paths, KnownLogs(keys), signer)
    created = not paths.checkpoint.is_file() and _begin_log(paths, writer)
    _mark(mark_path(name, keys), paths.folder)
    _know(paths, KnownLogs(keys), signer.name)
    return Founded(
        paths=paths,
        origin=str(marker["origin"]),
        vkey=read_regular(paths.vkey).decode("ascii").strip(),
        key_file=key_path(name, keys),
        created=created,
        writer=writer,
    )


def _require_known(paths: CollectionPaths, keys: Path) -> None:
    """Tells a log that is not the one known as such, before its key is found to be another one.

    Raises:
        LogNotAsKnownError: it is not.
    """
    compared = KnownLogs(keys).glance(paths, Ledger(paths)) if paths.checkpoint.exists() else Compared()
    if not compared.good and not coming_path(paths.name, keys).exists():
        raise LogNotAsKnownError.of(paths, compared.findings)


def _make_way(paths: CollectionPaths, logs: KnownLogs, signer: Signer) -> None:
    """Forgets the log that lay here where another one, by a key that is new, is begun on purpose.

    One by a key of the old log is not: somebody took the old log away and wrote another name into the folder.
    """
    place = logs.place(paths.folder)
    if place is None or place.origin == signer.name:
        return
    known = logs.log(place.origin)
    if known is None or signer.vkey.split("+", 2)[2] not in {key.vkey.split("+", 2)[2] for key in known.keys}:
        logs.forget_place(paths.folder)


def _begin_log(paths: CollectionPaths, writer: Writer) -> bool:
    """States the archive and signs the first checkpoint; False where another process did it meanwhile."""
    with WritingSession(paths, writer, command=f"init {paths.name}", kinds=(ArchiveStatement,)) as session:
        if session.ledger.covered or writer.signer is None:
            return False
        if not session.ledger.size:
            session.state(
                [
                    ArchiveStatement(
                        collection=paths.name,
                        format=ARCHIVE_FORMAT,
                        origin=writer.signer.name,
                        key=writer.signer.vkey,
                        created=format_utc(datetime.now(UTC)),
                    )
                ]
            )
        session.finish()
    return True


def _lost(folder: Path, key: Path, mark: Path) -> EnvironmentFaultError:
    try:
        began = read_regular(mark).decode("utf-8", "replace")[:_MAX_MARK_CHARS].strip()
    except OSError:
        began = ""
    return EnvironmentFaultError(
        f"there is no archive in {folder}, and the signing key {key} has begun one before"
        + (f", in {began}" if began else ""),
        next_step="Mount its disk, or put a copy of it back. To begin another archive, move the key away first:"
        " two logs of one key contradict each other.",
    )


def _know(paths: CollectionPaths, logs: KnownLogs, origin: str) -> None:
    """Notes a log that was just begun, whatever lay at its place. One that is known, or has more in it, was not."""
    ledger = Ledger(paths)
    with suppress(EnvironmentFaultError):
        seen = read_log(paths, ledger, logs) if ledger.covered == 1 and logs.log(origin) is None else None
        if seen is not None:
            logs.begin(paths.folder, seen)


def _mark(mark: Path, folder: Path) -> None:
    """Notes which archive a key has begun. Keys may lie where nothing can be written; then none is noted."""
    text = f"{folder.absolute()}\n".encode("utf-8", "replace")
    with suppress(OSError):
        if not mark.exists() or read_regular(mark) != text:
            write_atomic(mark, text, mode=0o600)
