"""A second copy of a collection, made and kept up to date. What is there is never replaced by something else.

A copy has the same log: comparing two of them is comparing checkpoints. A copy does not vouch for itself: its
checkpoint is held against the keys of the source's log, and both against what is known and the keys that are named.

Only what a checkpoint of the source covers is copied, and every file is held against the ledger on its way. The copy's
checkpoint is written last, when all that it covers is there; so whatever is left half way, the next run finishes.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from preserve.errors import ArchiveError, FormatError, PreserveError, UsageError
from preserve.formats.tlog.merkle import CompactRange, leaf_hash
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
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.progress import Tell, untold
from preserve.provenance.derive import catch_up
from preserve.provenance.installation import CopyMark, Installation
from preserve.provenance.knownlogs import KnownLogs, LogNotAsKnownError, SeenLog, read_log
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import Sealed
from preserve.provenance.trust import Trust
from preserve.regular import FileIdentity, NotRegularError, open_regular, read_regular
from preserve.store.archive import marker_bytes, read_marker
from preserve.store.catalogue import Catalogue
from preserve.store.copying import copy_to_part, hash_file, need_room, part_of, seal_part
from preserve.store.durable import Lock, make_dir, remove_parts, write_atomic
from preserve.store.index import UnusableIndexError, extend_index, write_index
from preserve.store.layout import CollectionPaths

_NOBODY = Trust()
_MAX_NOTE_BYTES = DEFAULT_LIMITS.max_note_bytes


@dataclass(slots=True, kw_only=True)
class _Work(CopyWork):
    target: CollectionPaths
    trust: Trust
    limits: Limits


def replicate(
    source: CollectionPaths,
    folder: Path,
    *,
    logs: KnownLogs,
    trust: Trust = _NOBODY,
    limits: Limits = DEFAULT_LIMITS,
    only_look: bool = False,
    rehash: bool = False,
    progress: Tell = untold,
) -> Replicated:
    """Brings the copy of a collection below ``folder`` up to the source's checkpoint.

    Both logs are held against ``logs`` and noted there, and the source's key against those in ``trust``, if any is.
    ``only_look`` changes nothing and says what would be copied. ``rehash`` reads the files that the copy has already.

    Raises:
        ArchiveError: the source's ledger is damaged, or has no checkpoint.
        UsageError: the copy is the source itself.
        LockedError: another process writes to the copy.
        EnvironmentFaultError: no room, or the disk gives back other bytes.
    """
    work = _Work(
        source=source,
        target=CollectionPaths(folder, source.name),
        logs=logs,
        trust=trust,
        limits=limits,
        only_look=only_look,
        rehash=rehash,
        progress=progress,
    )
    if work.target.folder.resolve() == source.folder.resolve():
        raise UsageError(f"{work.target.folder} is the collection itself", next_step="Name another folder.")
    try:
        snapshot = read_source(source, logs=logs, trust=trust, since=partial(_since, work))
    except LogNotAsKnownError as error:
        for finding in error.findings:
            work.findings.add(finding.code, str(source.folder), finding.detail)
        return outcome(work, None, Relation.REFUSED, complete=False)
    if only_look:
        return _compared(work, snapshot)
    make_dir(work.target.state)
    with Lock(work.target.lock, f"preserve replicate {source.name}"):
        remove_parts(work.target)
        return _compared(work, snapshot)


def _since(work: _Work, seen: SeenLog, ledger: Ledger) -> CopyMark | None:
    """The mark of a copy that was complete, where the log begins with what it held, and its archive lists the same.

    The mark lies beside the signing key, where nobody writes who can write to the archive or the copy.
    """
    folder, size = str(work.target.folder.resolve()), ledger.covered
    marks = () if work.rehash else Installation.of_user(work.source.name).copy_marks()
    mark = next((mark for mark in marks if (mark.folder, mark.origin) == (folder, seen.origin)), None)
    if mark is None or not 0 < mark.size <= size or not work.target.checkpoint.is_file():
        return None
    try:
        root = bytes.fromhex(mark.root)
        is_same = ledger.tree_at(mark.size).root() == root and seen.begins_with(mark.size, root)
    except (ArchiveError, FormatError, ValueError):
        return None
    # What was copied since, and not noted, is told from what was there by its name alone: it is looked at in full.
    return mark if is_same and mark.listing == _listing(work.target) else None


def _listing(paths: CollectionPaths, but: Collection[str] = ()) -> str:
    """SHA-256 over names and sizes of what lies in an archive, but for some files, sorted by name."""
    left_out = frozenset(but)
    digest = hashlib.sha256()
    with suppress(FileNotFoundError), os.scandir(paths.archive) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.name in left_out:
                continue
            try:
                size = entry.stat().st_size
            except OSError:
                size = -1
            digest.update(f"{size} {entry.name}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _compared(work: _Work, snapshot: Snapshot) -> Replicated:
    relation = Relation.SAME
    complete = False
    linked = _linked(work)
    for name, count in linked.items():
        work.findings.add(
            "E-REPLICA-LINKED", name, f"{count} of its files and folders are those of {work.source.folder}"
        )
    if not linked:
        relation = _relation(work, snapshot)
        if relation is Relation.NEWER:
            complete = True
        elif relation is not Relation.FORKED:
            complete = _filled(work, snapshot)
    return outcome(work, snapshot, Relation.LINKED if linked else relation, complete=complete)


def _filled(work: _Work, snapshot: Snapshot) -> bool:
    """Copies what is missing; True where the copy then holds all."""
    told = len(work.findings.listed)
    if work.rehash:
        _read_ledger_of_copy(work)
    _files(work, snapshot)
    for path in small_files(snapshot.paths):
        _small_file(work, path)
    _identity(work, snapshot)
    if len(work.findings.listed) > told:
        return False
    if not work.only_look:
        _ledger(work, snapshot)
        _mark(work, snapshot)
    return True


def _mark(work: _Work, snapshot: Snapshot) -> None:
    seen = snapshot.seen
    if not all(_is_as_sealed(work.target.archive / name, seals) for name, seals in snapshot.sealed.items()):
        # It was there when it was looked at: the next run looks at all of it.
        return
    # What is not of this run is still what was there at the last mark.
    if snapshot.since is not None and _listing(work.target, but=work.copied) != snapshot.since.listing:
        return
    mark = CopyMark(
        folder=str(work.target.folder.resolve()),
        origin=seen.origin,
        size=seen.size,
        root=seen.root.hex(),
        files=snapshot.files,
        listing=_listing(work.target),
        index=FileIdentity.of(work.target.index),
    )
    if mark != snapshot.since:
        Installation.of_user(work.source.name).write_copy_mark(mark)


def _is_as_sealed(path: Path, seals: tuple[Sealed, ...]) -> bool:
    """Whether a file is there with the size of one of its seals."""
    return path.is_file() and path.stat().st_size in {sealed.size for sealed in seals}


def _linked(work: _Work) -> dict[str, int]:
    """How many files and folders of the copy are the source's own (by a link, a mount), by part of the collection.

    Of those that the copy had before, too: what is no link today may be one tomorrow.
    """
    source, target = os.fspath(work.source.folder), os.fspath(work.target.folder)
    found: Counter[str] = Counter()
    for below in _paths_in(work.source):
        with suppress(OSError):
            # As text: there are as many as runs, and a path costs more than both looks at it.
            one, other = os.stat(f"{source}/{below}"), os.stat(f"{target}/{below}")  # noqa: PTH116
            if (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino):
                found[below.partition("/")[0] or work.target.name] += 1
    return dict(found)


def _paths_in(paths: CollectionPaths) -> Iterator[str]:
    """Below the collection's folder: itself, the marker, and folders and files of all that is copied."""
    yield from ("", paths.marker.name, paths.indexes.name, paths.state.name)
    for top in (paths.archive, paths.receipts, paths.ledger, paths.ledgers_before):
        for folder, _folders, files in os.walk(top):
            below = os.path.relpath(folder, paths.folder)
            yield below
            yield from (f"{below}/{name}" for name in files)


def _relation(work: _Work, snapshot: Snapshot) -> Relation:
    target = work.target
    try:
        there = _standing_of_copy(work)
    except (OSError, FormatError, UnicodeDecodeError, ArchiveError) as error:
        raise _damaged(work, str(error)) from error
    if there is None:
        return Relation.NEW
    own = "It has statements of its own under no checkpoint." if Ledger(target).journal.length else ""
    relation = compare_copy(
        snapshot, there, target.folder, str(target.folder), logs=work.logs, findings=work.findings, own=own
    )
    if relation is None:
        raise _damaged(work, "its checkpoint is not the one of its entries")
    return relation


def _standing_of_copy(work: _Work) -> SeenLog | None:
    """The log of the copy as it lies there; None where there is none yet."""
    target = work.target
    if target.checkpoint.is_file():
        return read_log(target, Ledger(target), work.logs)
    if target.pending.is_file() and target.pending.stat().st_size:
        raise ArchiveError("it has statements, and no checkpoint")
    return None


def _damaged(work: _Work, reason: str) -> ArchiveError:
    target = work.target
    return ArchiveError(
        f"the copy {target.folder} is damaged: {reason}",
        next_step=f"Run `preserve repair {target.name} --archives {target.root} --from {work.source.folder}`.",
    )


def _read_ledger_of_copy(work: _Work) -> None:
    """Entries and tiles of the copy against its checkpoint, which was held against the source's."""
    if not work.target.checkpoint.is_file():
        return
    try:
        ledger = Ledger(work.target)
        tree, tiles = CompactRange(), ledger.tile_check()
        wrong: list[str] = []
        for _index, entry in ledger.raw():
            tree.append(leaf_hash(entry))
            wrong += tiles.push(leaf_hash(entry))
        wrong += tiles.finish()
        last = ledger.last_checkpoint()
        if last is None or tree.root() != last.root:
            wrong.append("its entries do not give the root of its checkpoint")
    except (PreserveError, OSError) as error:
        wrong = [str(error)]
    for detail in wrong:
        work.findings.add("E-REPLICA-DIFFERS", "ledger", detail)


def _identity(work: _Work, snapshot: Snapshot) -> None:
    """Marker and key of the copy: those of its log, or not there yet."""
    target = work.target
    marker = read_marker(snapshot.paths)
    wanted = marker_bytes(str(marker["collection"]), str(marker["origin"]))
    if target.marker.is_file() and read_regular(target.marker) != wanted:
        work.findings.add("E-REPLICA-DIFFERS", target.marker.name)
    if target.vkey.is_file():
        held = read_regular(target.vkey).decode("ascii", "replace").strip()
        # Of a copy that is older than the last change of key it is the key of then.
        if held not in {key.vkey for key in snapshot.seen.keys}:
            work.findings.add("E-REPLICA-DIFFERS", f"ledger/{target.vkey.name}", "not a key of this log")


def _files(work: _Work, snapshot: Snapshot) -> None:
    for number, (name, seals) in enumerate(snapshot.sealed.items()):
        work.progress(name, number, total=len(snapshot.sealed), done_bytes=work.bytes_copied)
        path = work.target.archive / name
        hashes = {sealed.sha256 for sealed in seals}
        if path.is_file():
            if not _is_as_sealed(path, seals) or (work.rehash and hash_file(path).sha256 not in hashes):
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
                with open_regular(source) as stream:
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
    except (ArchiveError, NotRegularError) as error:
        work.findings.add("E-REPLICA-SOURCE", name, str(error))
        return
    work.copied.append(name)
    work.bytes_copied += size


def _small_file(work: _Work, path: Path) -> None:
    """Copies a file that is never rewritten; one that is there and differs is a finding."""
    below = path.relative_to(work.source.folder)
    there = work.target.folder / below
    if there.exists():
        if read_regular(there) != read_regular(path):
            work.findings.add("E-REPLICA-DIFFERS", str(below))
        return
    if not work.only_look:
        make_dir(there.parent)
        write_atomic(there, read_regular(path))
    work.copied.append(str(below))


def _ledger(work: _Work, snapshot: Snapshot) -> None:
    """Marker, key, entries, tiles, and last the checkpoint; then what is derived from them."""
    target = work.target
    for folder in (target.archive, target.indexes, target.ledger, target.state):
        make_dir(folder)
    vkey = read_regular(snapshot.paths.vkey)
    if not target.vkey.is_file():
        write_atomic(target.vkey, vkey)
    if not target.marker.is_file():
        marker = read_marker(snapshot.paths)
        write_atomic(target.marker, marker_bytes(str(marker["collection"]), str(marker["origin"])))
    ledger = Ledger(target, begun=True)
    if ledger.covered < snapshot.seen.size:
        ledger.take_over(snapshot.entries(ledger.covered), snapshot.seen.note)
    elif ledger.note() != snapshot.seen.note:
        # The same log with other signatures: a witness's, say.
        with suppress(FormatError):
            ledger.replace_note(snapshot.seen.note)
    if read_regular(target.vkey) != vkey:
        write_atomic(target.vkey, vkey)
    work.logs.meet(target.folder, read_log(target, ledger, work.logs))
    with Catalogue.open(target) as catalogue:
        caught_up = catch_up(target, ledger, catalogue)
        if caught_up or work.copied or not target.index.is_file():
            _index(target, catalogue, snapshot.since)


def _index(target: CollectionPaths, catalogue: Catalogue, since: CopyMark | None) -> None:
    """Adds the lines of what came since, where the index is the file that was written then; else all."""
    if since is not None and since.index is not None and FileIdentity.of(target.index) == since.index:
        with suppress(UnusableIndexError):
            extend_index(target, catalogue, since.size)
            return
    write_index(target, catalogue)
