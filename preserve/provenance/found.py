"""Founding an archive: folder, format marker, key, first statement."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from preserve.formats.note import Signer
from preserve.model import check_collection_name, format_utc
from preserve.provenance.keys import key_path, load_or_create_signer, load_signer
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


def found_archive(archives: Path, name: str, *, keys: Path) -> Founded:
    """Makes the archive of a collection, or completes one whose making was cut short.

    The order is key, folder and marker, first statement, checkpoint: killed anywhere, calling it again finishes it.

    Raises:
        ArchiveError: the folder holds something else, or an archive of a newer format.
        EnvironmentFaultError: a folder or key cannot be written, or the key is not the log's.
    """
    check_collection_name(name)
    if CollectionPaths(archives, name).marker.is_file():
        # A key is made once, for a new archive; an archive that exists is never given another one.
        paths = open_archive(archives, name)
        signer = load_signer(name, keys)
    else:
        signer = load_or_create_signer(name, keys)
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
