"""What a sampled check goes on from: the last one that found nothing, kept beside the signing key (ADR 32).

The first sampled check goes through the ledger and takes the hash of every file. The next goes through what was stated
since, through a part of what was there before, chosen by chance, and hashes a part of the files; of the others it sees
that they are the same on disk: device, inode, size and both times. So what it costs grows with the sample and with
what is new. The mark counts for one version of the program and of the rules, for one folder, and where a proof from the
tiles shows that the log under the checkpoint begins with the tree that was gone through.

Whatever is found, or does not fit, is looked at again by a check that goes on from nothing
(`preserve.integrity.verify.collection`): the mark can cost time, and hides nothing that was found.

Tested by ``tests/scenarios/test_sampled_checks.py``.
"""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import ceil
from typing import TypeVar

import msgspec
from msgspec import Struct

from preserve import PROGRAM
from preserve.errors import ArchiveError, FormatError, PreserveError
from preserve.formats.tlog.files import TILE_WIDTH, Checkpoint, entries_path, tile_path
from preserve.formats.tlog.merkle import verify_consistency
from preserve.integrity.verify.report import CHECK
from preserve.model import format_utc
from preserve.provenance.clock import Span
from preserve.provenance.installation import Installation
from preserve.provenance.keychain import LogKey
from preserve.provenance.leaves import Leaves
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import Sealed, Statement, decode
from preserve.regular import FileIdentity
from preserve.store.layout import CollectionPaths
from preserve.text import counted

_RULES = f"{PROGRAM}, check {CHECK}"
_WHOLE = 100.0
_Item = TypeVar("_Item")


class MarkedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sealed file: its seals, the statement that sealed it last, and which file it was when it was hashed."""

    seals: tuple[Sealed, ...]
    sealed_by: int
    identity: FileIdentity


class SampleMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a sampled check that found nothing has gone through: the log of this origin, size and root.

    ``rules``: program and version of the check. ``since``: when all was gone through by one check, ``YYYY-MM-DD``.
    ``ledger``: which files the full bundles and tiles were, as `listing` gives it. ``records``: how many are stated.
    ``keys`` of the log and ``runs`` as the statements have them.
    """

    rules: str
    folder: str
    origin: str
    size: int
    root: str
    since: str
    ledger: str
    records: int
    keys: tuple[tuple[int, str], ...]
    runs: tuple[Span, ...]
    files: dict[str, MarkedFile]


class Earlier(Struct, frozen=True, kw_only=True):
    """What was gone through before, and what of it is looked at again. By default nothing was.

    ``bundles``: numbers of those that are read again. ``unhashed``: files that are the same on disk, and not chosen.
    ``again``: statements whose records are read in any case, as a check before this one has read them.
    """

    mark: SampleMark | None = None
    ledger: Ledger | None = None
    checkpoint: Checkpoint | None = None
    leaves: Leaves | None = None
    bundles: frozenset[int] = frozenset()
    unhashed: frozenset[str] = frozenset()
    again: frozenset[int] = frozenset()

    @property
    def size(self) -> int:
        """Number of statements that were gone through before."""
        return 0 if self.mark is None else self.mark.size

    @property
    def start(self) -> int:
        """Index of the first statement of the bundle in which what is new begins."""
        return self.size // TILE_WIDTH * TILE_WIDTH

    @property
    def since(self) -> str:
        """When all was gone through by one check, ``YYYY-MM-DD``; empty where it never was."""
        return "" if self.mark is None else self.mark.since

    @property
    def records(self) -> int:
        """Number of records stated below `size`."""
        return 0 if self.mark is None else self.mark.records

    @property
    def keys(self) -> list[LogKey]:
        """The keys of the log that were named below `size`."""
        return [] if self.mark is None else [LogKey(since, vkey) for since, vkey in self.mark.keys]

    @property
    def runs(self) -> list[Span]:
        """The runs stated below `size`."""
        return [] if self.mark is None else list(self.mark.runs)

    @property
    def files(self) -> Mapping[str, MarkedFile]:
        """The files sealed below `size`."""
        return {} if self.mark is None else self.mark.files

    @property
    def told(self) -> str:
        """What to say of statements that were not read."""
        read = sum(min(TILE_WIDTH, self.size - number * TILE_WIDTH) for number in self.bundles)
        told = f"{read:,} of the first {counted(self.size, 'statement')} read"
        return f"{told}; the others were by earlier checks, since {self.since}"

    def takes(self, index: int) -> bool:
        """Whether a statement is looked at: it is new, or was chosen."""
        return index >= self.size or index // TILE_WIDTH in self.bundles

    def chosen(self, ledger: Ledger) -> Iterator[tuple[int, tuple[bytes, ...]]]:
        """First index and entries of each bundle below `start` that was chosen, held against the checkpoint's root.

        Raises:
            ArchiveError, FormatError: one is missing, or is not the one under the checkpoint.
        """
        for number in sorted(self.bundles):
            if self.leaves is not None and number * TILE_WIDTH < self.start:
                entries = ledger.bundle(number)
                self.leaves.check(number, entries)
                yield number * TILE_WIDTH, entries

    def at(self, index: int) -> Statement:
        """A statement below `size`, held against the checkpoint's root.

        Raises:
            ArchiveError, FormatError: it is missing, another one, or cannot be read.
        """
        if self.leaves is None or index >= self.size:
            raise ArchiveError(f"statement {index} was not gone through")
        return decode(self.leaves.entry(index))

    def begins_with(self, size: int, root: bytes) -> bool | None:
        """Whether the log begins with this tree; None: of a tree that ends behind `start` nothing is said here."""
        if self.ledger is None or self.checkpoint is None or size > self.start:
            return None
        return _begins_with(self.ledger, self.checkpoint, size, root)


NOTHING = Earlier()
"""Everything is gone through."""


def earlier_check(paths: CollectionPaths, checkpoint: Checkpoint | None, percent: float) -> Earlier:
    """What a check of so many per cent may go on from; `NOTHING` where there is nothing, or anything does not fit."""
    if checkpoint is None or percent >= _WHOLE:
        return NOTHING
    mark = Installation.of_user(paths.name).sample_mark(SampleMark)
    if mark is None or (mark.rules, mark.folder, mark.origin) != (_RULES, _folder(paths), checkpoint.origin):
        return NOTHING
    try:
        ledger = Ledger(paths)
        is_same = (
            0 < mark.size <= checkpoint.size
            and _begins_with(ledger, checkpoint, mark.size, bytes.fromhex(mark.root))
            and mark.ledger == listing(paths, mark.size)
        )
    except (PreserveError, ValueError, OSError):
        return NOTHING
    if not is_same:
        return NOTHING
    chance = random.SystemRandom()
    same = {name for name, file in mark.files.items() if FileIdentity.of(paths.archive / name) == file.identity}
    return Earlier(
        mark=mark,
        ledger=ledger,
        checkpoint=checkpoint,
        leaves=Leaves(ledger, checkpoint),
        bundles=frozenset(_part(chance, range(-(-mark.size // TILE_WIDTH)), percent)),
        unhashed=frozenset(same - set(_part(chance, sorted(mark.files), percent))),
    )


class Marking:
    """Takes which files there are before they are read, and keeps what a check has gone through once it has."""

    def __init__(self, paths: CollectionPaths, checkpoint: Checkpoint | None) -> None:
        self._paths = paths
        self._checkpoint = checkpoint
        self.size = 0 if checkpoint is None else checkpoint.size
        self._ledger = listing(paths, self.size)
        self._files = self._identities()

    def _identities(self) -> dict[str, FileIdentity | None]:
        archive = self._paths.archive
        return {path.name: FileIdentity.of(path) for path in archive.iterdir()} if archive.is_dir() else {}

    def drop(self) -> None:
        """Takes away what was kept: the next check goes through all at once."""
        Installation.of_user(self._paths.name).drop_sample_mark()

    def write(
        self,
        *,
        since: str,
        records: int,
        keys: Sequence[LogKey],
        runs: Sequence[Span],
        sealed: Mapping[str, tuple[tuple[Sealed, ...], int]],
    ) -> None:
        """Keeps the mark, where every file is sealed and none was written to meanwhile. ``since``: empty for today.

        ``sealed``: by name, the seals of a file and the statement that sealed it last.
        """
        files = self._identities()
        if self._checkpoint is None or not self.size or files != self._files or files.keys() != sealed.keys():
            return
        mark = SampleMark(
            rules=_RULES,
            folder=_folder(self._paths),
            origin=self._checkpoint.origin,
            size=self.size,
            root=self._checkpoint.root.hex(),
            since=since or format_utc(datetime.now(UTC))[:10],
            ledger=self._ledger,
            records=records,
            keys=tuple((key.since, key.vkey) for key in keys),
            runs=tuple(runs),
            files={
                name: MarkedFile(seals=sealed[name][0], sealed_by=sealed[name][1], identity=identity)
                for name, identity in files.items()
                if identity is not None
            },
        )
        Installation.of_user(self._paths.name).write_sample_mark(mark)


def _part(chance: random.Random, items: Sequence[_Item], percent: float) -> list[_Item]:
    """So many per cent of some things, rounded up: one at least, where there is any."""
    return chance.sample(items, ceil(len(items) * percent / 100))


def listing(paths: CollectionPaths, size: int) -> str:
    """SHA-256 over which files the full bundles are, and the lowest full tiles, of the first ``size`` statements."""
    digest = hashlib.sha256()
    for number in range(size // TILE_WIDTH):
        for relative in (entries_path(number), tile_path(0, number)):
            digest.update(f"{relative} {FileIdentity.of(paths.ledger / relative)}\n".encode())
    return digest.hexdigest()


def _folder(paths: CollectionPaths) -> str:
    return str(paths.folder.resolve())


def _begins_with(ledger: Ledger, checkpoint: Checkpoint, size: int, root: bytes) -> bool:
    try:
        proof = ledger.consistency_proof(size, checkpoint.size)
        verify_consistency(size, root, checkpoint.size, checkpoint.root, proof)
    except (ArchiveError, FormatError, OSError):
        return False
    return True
