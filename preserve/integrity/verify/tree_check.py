"""The tree: every entry and tile of the ledger against the root that its checkpoint signs.

Tested by ``tests/damage/test_corpus.py``.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from preserve.findings import Claim, Verdict
from preserve.formats.tlog.files import TILE_WIDTH
from preserve.formats.tlog.merkle import CompactRange, leaf_hash, leaf_hashes, levels_of
from preserve.integrity.verify.checks import CheckScope, StatementCheck
from preserve.integrity.verify.kept_bundles import KnownBundle
from preserve.integrity.verify.report import claim, not_checked
from preserve.provenance.ledger import Ledger, TileCheck
from preserve.text import counted

_BUNDLE_HEIGHT = TILE_WIDTH.bit_length() - 1
_TREE = "the ledger is complete and in order"
ENTRY_CODES = ("E-LEDGER-MISSING", "E-LEDGER-SIZE", "E-LEDGER-ROOT")
"""Findings after which the entries do not give the root of the checkpoint."""


class BundleHashes(NamedTuple):
    """The hashes of the entries of a bundle; and the root over them, of a full one before which none is missing."""

    leaves: list[bytes]
    root: bytes | None = None


class TreeCheck(StatementCheck):
    """``range`` is the tree over the entries so far; ``is_whole``: none was missing among them."""

    def __init__(self, scope: CheckScope) -> None:
        self._paths = scope.paths
        self._checkpoint = scope.checkpoint
        self._findings = scope.findings
        self._earlier = scope.earlier
        self._writing = scope.writing
        self._tiles: TileCheck | None = None
        self._ledger: Ledger | None = None
        self.range = CompactRange()
        self.is_whole = True
        self.statements = 0
        self._root_at_size = self.range.root() if self._checkpoint is not None and not self._checkpoint.size else None
        self._tell: Callable[[int, bytes], None] = lambda _size, _root: None
        self._wanted: list[int] = [] if self._checkpoint is None else [self._checkpoint.size]

    def begin(self, ledger: Ledger) -> None:
        """Takes the ledger whose entries come now: those behind what an earlier check has gone through.

        Raises:
            ArchiveError, FormatError: a tile over what comes before them is missing.
        """
        self._ledger = ledger
        start = self._earlier.start
        self._tiles = ledger.tile_check(start)
        if start:
            # Other tiles than those that were checked do not give the root of the checkpoint in the end.
            self.range, self.statements = ledger.tree_at(start), start
            self._met_whole()

    def lost(self, where: str, reason: str) -> None:
        """Entries are missing here: what comes behind them cannot be held against the root."""
        self._findings.add("E-LEDGER-MISSING", where, reason)
        self.is_whole = False

    def take_bundle(self, first: int, entries: Sequence[bytes]) -> "BundleHashes":
        """Takes the entries of a bundle, the first of them at an index."""
        if not self.is_whole or len(entries) < TILE_WIDTH or self._tiles is None:
            return BundleHashes([self.take_leaf(index, entry) for index, entry in enumerate(entries, first)])
        self.statements = first + len(entries)
        levels = levels_of(leaf_hashes(entries))
        self._found(self._tiles.push_full(levels[0], levels[-1][0]))
        for size in self._wanted_within(first, self.statements):
            self._met(self.range.with_part_of(levels, size - first))
        self.range.append_tree(len(levels) - 1, levels[-1][0])
        self._met_whole()
        return BundleHashes(levels[0], levels[-1][0])

    def take_known(self, first: int, bundle: KnownBundle) -> None:
        """Takes a full bundle whose root is known, and its tile compared. Only while none before it is missing."""
        self.statements = first + TILE_WIDTH
        if self._tiles is not None:
            self._found(self._tiles.push_root(bundle.kept.root))
        if wanted := self._wanted_within(first, self.statements):
            levels = levels_of(bundle.leaves())
            for size in wanted:
                self._met(self.range.with_part_of(levels, size - first))
        self.range.append_tree(_BUNDLE_HEIGHT, bundle.kept.root)
        self._met_whole()

    def take_leaf(self, index: int, entry: bytes) -> bytes:
        """Takes one entry; its leaf hash."""
        leaf = leaf_hash(entry)
        self.statements = index + 1
        if self.is_whole:
            if self._tiles is not None and self._ledger is not None and index < self._ledger.covered:
                self._found(self._tiles.push(leaf))
            self.range.append(leaf)
            self._met_whole()
        return leaf

    def want(self, sizes: Collection[int], tell: Callable[[int, bytes], None]) -> None:
        """From now on ``tell`` is told the root at each of these sizes, as it is met."""
        self._wanted, self._tell = sorted({*self._wanted, *sizes}), tell

    def _wanted_within(self, first: int, end: int) -> Sequence[int]:
        """The sizes at which a root is asked for behind the first of some entries and before their end."""
        return self._wanted[bisect_right(self._wanted, first) : bisect_left(self._wanted, end)]

    def _met_whole(self) -> None:
        at = bisect_left(self._wanted, self.range.size)
        if at < len(self._wanted) and self._wanted[at] == self.range.size:
            self._met(self.range)

    def _met(self, tree: CompactRange) -> None:
        root = tree.root()
        if self._checkpoint is not None and tree.size == self._checkpoint.size:
            self._root_at_size = root
        self._tell(tree.size, root)

    def entries_end(self) -> None:
        """Every entry was taken: tiles that are not full, and what the journal holds beside proved statements.

        Raises:
            PreserveError, OSError: a file of the ledger cannot be read.
        """
        if self._ledger is None or self._tiles is None:
            return
        if self.is_whole:
            self._found(self._tiles.finish())
        state = self._ledger.journal
        if state.defect:
            self._findings.add("E-LEDGER-JOURNAL", self._paths.pending.name, state.defect)
        elif state.torn_bytes:
            self._findings.add("W-LEDGER-TORN", self._paths.pending.name, f"{state.torn_bytes} bytes")
        if state.unknown_bytes:
            self._findings.add("W-LEDGER-JOURNAL", self._paths.pending.name, f"{state.unknown_bytes} bytes")

    def began(self, name: str) -> bool:
        """False for a file named as one being written, where it is known that this installation did not begin it."""
        return self._ledger is None or self._ledger.began(name) is not False

    @property
    def gives_the_root(self) -> bool:
        """Whether the entries give the root of the checkpoint."""
        return not self._findings.has(*ENTRY_CODES)

    def end(self) -> None:
        """Holds the root of the entries against that of the checkpoint."""
        checkpoint = self._checkpoint
        if checkpoint is None:
            return
        if self.statements < checkpoint.size:
            self._findings.add("E-LEDGER-SIZE", "checkpoint", f"{checkpoint.size} stated, {self.statements} held")
        elif self.is_whole and self._root_at_size != checkpoint.root:
            self._findings.add("E-LEDGER-ROOT", "checkpoint", f"at size {checkpoint.size}")
        if self.statements > checkpoint.size:
            code = "I-LEDGER-WRITING" if self._writing.is_going_on else "W-LEDGER-PENDING"
            self._findings.add(code, "ledger", counted(self.statements - checkpoint.size, "statement"))

    def finish(self) -> Claim:
        """Whether the tree is the one of the checkpoint."""
        checkpoint = self._checkpoint
        failed = self._findings.has(*ENTRY_CODES, "E-LEDGER-TILE")
        if checkpoint is None:
            verdict = Verdict.FAIL if failed else Verdict.NOT_CHECKED
            return Claim(name=_TREE, verdict=verdict, detail="no readable checkpoint")
        if self._earlier.size and not failed:
            return not_checked(_TREE, self._earlier.told)
        return claim(_TREE, good=not failed, detail=f"{counted(checkpoint.size, 'statement')} under the checkpoint")

    def _found(self, paths: list[str]) -> None:
        for path in paths:
            self._findings.add("E-LEDGER-TILE", path)
