"""A second copy of a collection, made and kept up to date. What is there is never replaced by something else.

A copy has the same log: comparing two of them is comparing checkpoints. Only what a checkpoint of the source covers is
copied, and every file is held against the ledger on its way. The copy's checkpoint is written last, and only when all
that it covers is there; so whatever is left half way, the next run finishes.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from preserve.errors import ArchiveError, FormatError, NotHeldError, PreserveError
from preserve.findings import Finding
from preserve.formats.merkle import CompactRange, leaf_hash
from preserve.formats.note import open_note, parse_vkey
from preserve.formats.statements import decode
from preserve.formats.tlog import Checkpoint, parse_checkpoint
from preserve.integrity.report import Findings
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.provenance.derive import catch_up
from preserve.provenance.ledger import Ledger
from preserve.provenance.sealing import Sealed, sealed_in
from preserve.store.archive import marker_bytes, read_marker
from preserve.store.catalogue import Catalogue
from preserve.store.copying import copy_to_part, hash_file, need_room, part_of, seal_part
from preserve.store.durable import Lock, make_dir, remove_parts, write_atomic
from preserve.store.index import write_index
from preserve.store.layout import CollectionPaths

_TRIES = 3
"""A capture that sets a new checkpoint while the source is read moves the ledger's last, partial files."""
_MAX_NOTE_BYTES = DEFAULT_LIMITS.max_note_bytes


class Relation(StrEnum):
    """What the copy's log is, as against the source's."""

    NEW = "new"
    SAME = "same"
    OLDER = "older"
    NEWER = "newer"
    FORKED = "forked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicated:
    """What was done. ``pending``: statements of the source under no checkpoint yet, which are not copied.

    ``relation`` is what the copy was before. ``complete``: it holds all now that the source's checkpoint covers.
    """

    collection: str
    relation: Relation
    statements: int
    files: int
    copied: tuple[str, ...]
    bytes_copied: int
    pending: int
    complete: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The source under one checkpoint."""

    paths: CollectionPaths
    ledger: Ledger
    note: bytes
    checkpoint: Checkpoint
    sealed: dict[str, tuple[Sealed, ...]]

    def entries(self, start: int) -> Iterator[bytes]:
        """The entries from ``start`` on that the checkpoint covers."""
        for index, entry in self.ledger.raw(start):
            if index >= self.checkpoint.size:
                return
            yield entry


@dataclass(slots=True)
class _Work:
    source: CollectionPaths
    target: CollectionPaths
    limits: Limits
    only_look: bool
    rehash: bool
    progress: Callable[[str, int], None]
    findings: Findings = field(default_factory=Findings)
    copied: list[str] = field(default_factory=list)
    bytes_copied: int = 0


def replicate(
    source: CollectionPaths,
    folder: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    only_look: bool = False,
    rehash: bool = False,
    progress: Callable[[str, int], None] = lambda _name, _done: None,
) -> Replicated:
    """Brings the copy of a collection below ``folder`` up to the source's checkpoint.

    ``only_look`` changes nothing and says what would be copied. ``rehash`` reads the files that the copy has already.

    Raises:
        ArchiveError: the source's ledger is damaged, or has no checkpoint.
        LockedError: another process writes to the copy.
        EnvironmentFaultError: no room, or the disk gives back other bytes.
    """
    work = _Work(source, CollectionPaths(folder, source.name), limits, only_look, rehash, progress)
    if work.target.folder.resolve() == source.folder.resolve():
        raise ArchiveError(f"{work.target.folder} is the collection itself", next_step="Name another folder.")
    snapshot = _snapshot(source)
    if only_look:
        return _compared(work, snapshot)
    make_dir(work.target.state)
    with Lock(work.target.lock, f"preserve replicate {source.name}"):
        remove_parts(work.target)
        return _compared(work, snapshot)


def relation_of(ledger: Ledger, checkpoint: Checkpoint, other: Ledger, theirs: Checkpoint) -> Relation:
    """What ``other`` is as against ``ledger``, by the checkpoints and the tiles below them.

    Raises:
        ArchiveError: a tile that is needed is missing.
    """
    if theirs.origin != checkpoint.origin:
        return Relation.FORKED
    if theirs.size == checkpoint.size:
        return Relation.SAME if theirs.root == checkpoint.root else Relation.FORKED
    if theirs.size < checkpoint.size:
        return Relation.OLDER if ledger.root_at(theirs.size) == theirs.root else Relation.FORKED
    return Relation.NEWER if other.root_at(checkpoint.size) == checkpoint.root else Relation.FORKED


def _snapshot(paths: CollectionPaths) -> _Snapshot:
    """The source's ledger read whole and held against its checkpoint."""
    for left in range(_TRIES - 1, -1, -1):
        try:
            return _read(paths)
        except (PreserveError, OSError) as error:
            if not left:
                if isinstance(error, PreserveError) and error.next_step:
                    raise
                raise ArchiveError(
                    f"{paths.folder}: {error}",
                    next_step=f"Run `preserve verify {paths.name}`. Nothing is copied from a damaged ledger.",
                ) from error
    raise AssertionError


def _read(paths: CollectionPaths) -> _Snapshot:
    ledger = Ledger(paths)
    note = ledger.note()
    if note is None:
        raise NotHeldError(
            f"{paths.name} has no checkpoint yet", next_step=f"Run `preserve capture {paths.name}` to its end first."
        )
    verifier = parse_vkey(paths.vkey.read_text("ascii").strip())
    checkpoint = parse_checkpoint(open_note(note, [verifier]).text)
    if checkpoint.size != ledger.covered:
        raise ArchiveError("the checkpoint changed while it was read")
    tree = CompactRange()
    sealed: dict[str, tuple[Sealed, ...]] = {}
    for index, entry in ledger.raw():
        if index >= checkpoint.size:
            break
        tree.append(leaf_hash(entry))
        for item in sealed_in(decode(entry)):
            sealed[item.name] = (*sealed.get(item.name, ()), item)
    if tree.root() != checkpoint.root or tree.size != checkpoint.size:
        raise ArchiveError("the entries do not give the root of the checkpoint")
    return _Snapshot(paths, ledger, note, checkpoint, sealed)


def _compared(work: _Work, snapshot: _Snapshot) -> Replicated:
    relation = _relation(work, snapshot)
    complete = False
    if relation is Relation.FORKED:
        work.findings.add("E-REPLICA-FORKED", str(work.target.folder), f"{work.source.folder} has another history")
    elif relation is not Relation.NEWER:
        _files(work, snapshot)
        _receipts(work, snapshot)
        if not work.findings.listed:
            complete = True
            if not work.only_look:
                _ledger(work, snapshot)
    else:
        complete = True
    return Replicated(
        collection=work.source.name,
        relation=relation,
        statements=snapshot.checkpoint.size,
        files=len(snapshot.sealed),
        copied=tuple(work.copied),
        bytes_copied=work.bytes_copied,
        pending=snapshot.ledger.size - snapshot.checkpoint.size,
        complete=complete,
        findings=tuple(work.findings.listed),
    )


def _relation(work: _Work, snapshot: _Snapshot) -> Relation:
    target = work.target
    if not target.checkpoint.is_file():
        if target.ledger.is_dir() and (target.pending.is_file() and target.pending.stat().st_size):
            return Relation.FORKED
        return Relation.NEW
    try:
        other = Ledger(target)
        note = other.note() or b""
        verifier = parse_vkey(target.vkey.read_text("ascii").strip())
        theirs = parse_checkpoint(open_note(note, [verifier]).text)
        if other.size > theirs.size:
            # A journal of its own: something else is written there than what the source has.
            return Relation.FORKED
        return relation_of(snapshot.ledger, snapshot.checkpoint, other, theirs)
    except (OSError, FormatError, UnicodeDecodeError) as error:
        raise ArchiveError(
            f"the copy {target.folder} is damaged: {error}",
            next_step=f"Run `preserve repair {target.name} --archives {target.root} --from {work.source.folder}`.",
        ) from error


def _files(work: _Work, snapshot: _Snapshot) -> None:
    for number, (name, seals) in enumerate(snapshot.sealed.items()):
        work.progress(name, number)
        path = work.target.archive / name
        hashes = {sealed.sha256 for sealed in seals}
        if path.is_file():
            right_size = path.stat().st_size in {sealed.size for sealed in seals}
            if not right_size or (work.rehash and hash_file(path).sha256 not in hashes):
                work.findings.add("E-REPLICA-DIFFERS", name, "not the file that was sealed")
            continue
        _copy(work, name, path, hashes)


def _copy(work: _Work, name: str, path: Path, hashes: set[str]) -> None:
    source = work.source.archive / name
    try:
        size = source.stat().st_size
        if not work.only_look:
            need_room(path.parent, size, work.limits.min_free_bytes)
            part = part_of(path.parent)
            try:
                with source.open("rb") as stream:
                    digest = copy_to_part(stream, part, size)
                if digest not in hashes:
                    work.findings.add("E-REPLICA-SOURCE", name, f"its SHA-256 is {digest}")
                    return
                seal_part(part, path)
            finally:
                part.unlink(missing_ok=True)
    except FileNotFoundError:
        work.findings.add("E-REPLICA-SOURCE", name, "missing")
        return
    except ArchiveError as error:
        work.findings.add("E-REPLICA-SOURCE", name, str(error))
        return
    work.copied.append(name)
    work.bytes_copied += size


def _receipts(work: _Work, snapshot: _Snapshot) -> None:
    """Receipts and the checkpoints that they are for: small files, which are never rewritten."""
    source = snapshot.paths.receipts
    for path in sorted(source.iterdir()) if source.is_dir() else ():
        if path.suffix == ".failed" or not path.is_file() or path.name.startswith("."):
            continue
        data = path.read_bytes()[:_MAX_NOTE_BYTES]
        there = work.target.receipts / path.name
        if there.is_file():
            if there.read_bytes() != data:
                work.findings.add("E-REPLICA-DIFFERS", f"receipts/{path.name}")
            continue
        if not work.only_look:
            make_dir(work.target.receipts)
            write_atomic(there, data)
        work.copied.append(f"receipts/{path.name}")


def _ledger(work: _Work, snapshot: _Snapshot) -> None:
    """Marker, key, entries, tiles, and last the checkpoint; then what is derived from them."""
    target = work.target
    for folder in (target.archive, target.indexes, target.ledger, target.state):
        make_dir(folder)
    vkey = snapshot.paths.vkey.read_bytes()
    if not target.vkey.is_file():
        write_atomic(target.vkey, vkey)
    if not target.marker.is_file():
        marker = read_marker(snapshot.paths)
        write_atomic(target.marker, marker_bytes(str(marker["collection"]), str(marker["origin"])))
    ledger = Ledger(target)
    if ledger.covered < snapshot.checkpoint.size:
        ledger.take_over(snapshot.entries(ledger.covered), snapshot.note)
    elif ledger.note() != snapshot.note:
        # The same log with other signatures: a witness's, say.
        with suppress(FormatError):
            ledger.replace_note(snapshot.note)
    if target.vkey.read_bytes() != vkey:
        write_atomic(target.vkey, vkey)
    with Catalogue.open(target) as catalogue:
        caught_up = catch_up(target, ledger, catalogue)
        if caught_up or work.copied or not target.index.is_file():
            write_index(target, catalogue)
