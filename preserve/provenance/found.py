"""Founding an archive: folder, format marker, key, first statement."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from preserve.errors import EnvironmentFaultError
from preserve.formats.note import Signer
from preserve.model import check_collection_name, format_utc
from preserve.provenance.keys import key_path, make_key, next_path, read_key
from preserve.provenance.ledger import Ledger, check_signer
from preserve.provenance.statements import archive_statement
from preserve.store.archive import ARCHIVE_FORMAT, create_archive, open_archive, read_marker
from preserve.store.durable import Lock
from preserve.store.layout import CollectionPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """The archive and its identity. ``created`` is False where it was there before."""

    paths: CollectionPaths
    origin: str
    vkey: str
    key_file: Path
    created: bool
    signer: Signer


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
    return Signer(str(read_marker(paths)["origin"]), read_key(key_path(paths.name, keys), secret))


def found_archive(archives: Path, name: str, *, keys: Path, secret: bytes | None = None) -> Founded:
    """Makes the archive of a collection, or completes one whose making was cut short.

    ``secret`` is the passphrase of the key, if it is to have one. The order is key, folder and marker, first statement,
    checkpoint: killed anywhere, calling it again finishes it.

    Raises:
        ArchiveError: the folder holds something else, or an archive of a newer format.
        EnvironmentFaultError: a folder or key cannot be written, or the key is not the log's.
    """
    check_collection_name(name)
    if CollectionPaths(archives, name).marker.is_file():
        # A key is made once, for a new archive; an archive that exists is never given another one.
        paths = open_archive(archives, name)
        signer = load_signer(paths, keys, secret=secret)
    else:
        path = key_path(name, keys)
        if not path.exists():
            make_key(path, secret)
        key = read_key(path, secret)
        # No two logs may share a name: the first digits of the first public key stand in it.
        signer = Signer(f"preserve/{name}/{key.public_key().public_bytes_raw().hex()[:8]}", key)
        paths = create_archive(archives, name, origin=signer.name, vkey=signer.vkey)
    check_signer(paths, signer)
    vkey = signer.vkey
    marker = read_marker(paths)
    with Lock(paths.lock, f"preserve init {name}"):
        ledger = Ledger(paths)
        created = ledger.size == 0
        if created:
            ledger.append(
                [
                    archive_statement(
                        collection=name,
                        format=ARCHIVE_FORMAT,
                        origin=signer.name,
                        key=vkey,
                        created=format_utc(datetime.now(UTC)),
                    )
                ]
            )
            ledger.checkpoint(signer)
    return Founded(
        paths=paths,
        origin=str(marker["origin"]),
        vkey=paths.vkey.read_text("ascii").strip(),
        key_file=key_path(name, keys),
        created=created,
        signer=signer,
    )
