"""What a copy of a collection is made from, and how the log of a copy is held against it: for copies of every kind.

Tested by ``tests/scenarios/test_copies.py`` and ``tests/scenarios/test_object_copies.py``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from preserve.errors import ArchiveError, EnvironmentFaultError, NotHeldError, PreserveError, unreadable
from preserve.findings import Finding
from preserve.formats.tlog.merkle import CompactRange, leaf_hash
from preserve.integrity.locks import CopyLocks
from preserve.integrity.verify.report import Findings
from preserve.progress import Tell
from preserve.provenance.derive import refuse
from preserve.provenance.installation import CopyMark
from preserve.provenance.knownlogs import KnownLogs, LogNotAsKnownError, SeenLog, compare_with, known_by
from preserve.provenance.ledger import Ledger
from preserve.provenance.sealing import sealed_in
from preserve.provenance.standing import standing
from preserve.provenance.statements import Sealed, UnknownStatement, decode, is_of_record_or_text
from preserve.provenance.trust import Trust
from preserve.store.layout import CollectionPaths

_TRIES = 3
"""A capture that sets a new checkpoint while the source is read moves the ledger's last, partial files."""
Since = Callable[[SeenLog, Ledger], CopyMark | None]
"""What a copy had when it was complete, where that is known and still so."""


class Relation(StrEnum):
    """What the copy's log is, as against the source's."""

    NEW = "new"
    SAME = "same"
    OLDER = "older"
    NEWER = "newer"
    FORKED = "forked"
    LINKED = "linked"
    REFUSED = "refused"
    """The source's log is not the one that is known, or not one that is trusted: it was held against no copy."""


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
    locks: CopyLocks | None = None
    """What locks the files of the copy, where it lies in a store that can."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The source under one checkpoint: all of it, or what came since the copy was complete."""

    paths: CollectionPaths
    ledger: Ledger
    seen: SeenLog
    sealed: dict[str, tuple[Sealed, ...]]
    """Files that statements behind ``since`` seal."""
    since: CopyMark | None = None
    """What the copy had last, where that is still so."""

    @property
    def files(self) -> int:
        """Number of all files that are sealed."""
        return len(self.sealed) + (0 if self.since is None else self.since.files)

    def entries(self, start: int) -> Iterator[bytes]:
        """The entries from ``start`` on that the checkpoint covers."""
        for index, entry in self.ledger.raw(start):
            if index >= self.seen.size:
                return
            yield entry


def read_source(
    paths: CollectionPaths, *, logs: KnownLogs, trust: Trust, since: Since = lambda _seen, _ledger: None
) -> Snapshot:
    """The source's ledger read whole and held against its checkpoint.

    Raises:
        LogNotAsKnownError: the log is not the one that is known, or not one that is trusted.
        ArchiveError: the ledger is damaged. NotHeldError: it has no checkpoint.
    """
    for left in range(_TRIES - 1, -1, -1):
        try:
            return _read(paths, logs, trust, since)
        except (PreserveError, OSError) as error:
            if not left:
                if isinstance(error, EnvironmentFaultError) or (isinstance(error, PreserveError) and error.next_step):
                    raise
                if isinstance(error, OSError):
                    raise unreadable(str(paths.folder), error) from error
                raise ArchiveError(
                    f"{paths.folder}: {error}",
                    next_step=f"Run `preserve verify {paths.name}`. Nothing is copied from a damaged ledger.",
                ) from error
    raise AssertionError


def _read(paths: CollectionPaths, logs: KnownLogs, trust: Trust, since_of: Since) -> Snapshot:
    ledger = Ledger.of_user(paths)
    judged = standing(paths, ledger, logs=logs, trust=trust)
    seen = judged.seen
    if seen is None and not judged.problems:
        raise NotHeldError(
            f"{paths.name} has no checkpoint yet", next_step=f"Run `preserve capture {paths.name}` to its end first."
        )
    if seen is None or judged.problems:
        raise LogNotAsKnownError.of(paths, judged.problems)
    if seen.size != ledger.covered:
        raise ArchiveError("the checkpoint changed while it was read")
    since = since_of(seen, ledger)
    tree = CompactRange() if since is None else ledger.tree_at(since.size)
    sealed: dict[str, tuple[Sealed, ...]] = {}
    newer = 0
    for index, entry in ledger.raw(tree.size):
        if index >= seen.size:
            break
        tree.append(leaf_hash(entry))
        if is_of_record_or_text(entry):
            # It seals nothing, and is one that was signed: the root says so.
            continue
        statement = decode(entry)
        newer += isinstance(statement, UnknownStatement)
        for item in sealed_in(statement):
            sealed[item.name] = (*sealed.get(item.name, ()), item)
    if tree.root() != seen.root or tree.size != seen.size:
        raise ArchiveError("the entries do not give the root of the checkpoint")
    # Which files those seal is not known here, and a copy without them would look whole.
    refuse(paths.name, newer)
    logs.meet(paths.folder, seen)
    return Snapshot(paths, ledger, seen, sealed, since)


@dataclass(slots=True, kw_only=True)
class CopyWork:
    """What a copy of any kind is made with, and what came of it so far. ``only_look``: nothing is written."""

    source: CollectionPaths
    logs: KnownLogs
    only_look: bool
    rehash: bool
    progress: Tell
    findings: Findings = field(default_factory=Findings)
    copied: list[str] = field(default_factory=list)
    bytes_copied: int = 0


def outcome(work: CopyWork, snapshot: Snapshot | None, relation: Relation, *, complete: bool) -> Replicated:
    """What was done; without a snapshot the source could not be held against what is known."""
    return Replicated(
        collection=work.source.name,
        relation=relation,
        statements=0 if snapshot is None else snapshot.seen.size,
        files=0 if snapshot is None else snapshot.files,
        copied=tuple(work.copied),
        bytes_copied=work.bytes_copied,
        pending=0 if snapshot is None else snapshot.ledger.size - snapshot.seen.size,
        complete=complete,
        findings=tuple(work.findings.listed),
    )


def compare_copy(
    source: Snapshot, there: SeenLog, place: Path, where: str, *, logs: KnownLogs, findings: Findings, own: str = ""
) -> Relation | None:
    """Holds the log of a copy against the source's and against what is known of ``place``; None: that cannot be told.

    ``where`` names the copy in findings. ``own``: why it must be another history, where that is known beside its log.
    """
    compared = compare_with(known_by(source.seen), there)
    forks = [finding.detail for finding in compared.findings if finding.is_problem]
    if there.size < source.seen.size and source.seen.begins_with(there.size, there.root) is False:
        # What is known of the source is its newest state alone: what a smaller copy has is held against its entries.
        forks.append("Its statements are not those that the source begins with.")
    if forks or own:
        # A journal of its own: something else is written there than what the source has.
        findings.add("E-REPLICA-FORKED", where, forks[0] if forks else own)
        return Relation.FORKED
    if not compared.is_told:
        return None
    known = logs.compare(place, there)
    for finding in known.findings:
        if finding.is_problem:
            findings.add(finding.code, where, finding.detail)
    if any(finding.code != "E-LEDGER-ROLLED-BACK" for finding in known.findings if finding.is_problem):
        return Relation.FORKED
    if there.size > source.seen.size:
        logs.meet(place, there)
        return Relation.NEWER
    return Relation.OLDER if there.size < source.seen.size else Relation.SAME


def small_files(paths: CollectionPaths) -> Iterator[Path]:
    """Files that are never rewritten, beside those of the archive and the ledger.

    Receipts and the checkpoints that they are for; then logs that were given up, with their receipts: these change no
    more, and their number does not grow.
    """
    for path in sorted(paths.receipts.iterdir()) if paths.receipts.is_dir() else ():
        if path.suffix != ".failed" and path.is_file() and not path.name.startswith("."):
            yield path
    for path in sorted(paths.ledgers_before.rglob("*")):
        if path.is_file():
            yield path
