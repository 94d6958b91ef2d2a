"""The ledger of a collection: statements in an append-only log, and the signed checkpoints over it.

A statement is durable once it stands in the journal (`preserve.provenance.journal`). A checkpoint turns the journal
into entry bundles and hash tiles (C2SP tlog-tiles) and is signed over their root (RFC 6962 section 2.1); both are done
by the writing session alone (`preserve.provenance.session`).
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Self

from msgspec import Struct

from preserve.errors import ArchiveError, EnvironmentFaultError, FormatError
from preserve.formats.tlog.files import TILE_WIDTH, Checkpoint, entries_path, parse_checkpoint, tile_path
from preserve.formats.tlog.merkle import CompactRange, consistency_proof, inclusion_proof, leaf_hash, root_of
from preserve.formats.tlog.note import Signer, parse_note
from preserve.provenance.installation import Installation
from preserve.provenance.journal import Journal, JournalGoneError, Proved, UnprovenLineError
from preserve.provenance.statements import Statement, decode
from preserve.regular import read_regular
from preserve.store.layout import IMPORTING_SUFFIX, CollectionPaths, name_when_sealed
from preserve.store.ledgerfiles import LedgerFiles

_TILE_HEIGHT = 8
_MAX_LEVEL = 8


class Ledger:
    """Reads one ledger; with the installation's secret, also what its journal proves."""

    def __init__(self, paths: CollectionPaths, secret: bytes | None = None, *, begun: bool = False) -> None:
        """``begun``: tiles without a checkpoint are those of a copy that was cut short, and no damage."""
        self._paths = paths
        self._files = LedgerFiles(paths)
        self._journal = None if secret is None else Journal(paths, secret)
        self._covered = self._checkpoint_size()
        self._defect = ""
        self._is_begun = begun
        self._check: Callable[[int, tuple[bytes, ...]], None] | None = None
        self._proved: Proved | None = None
        self._proved = self._prove()

    @classmethod
    def of_user(cls, paths: CollectionPaths) -> Self:
        """The ledger for a reader: with what the journal proves to the user who runs this process, if anything."""
        return cls(paths, Installation.of_user(paths.name).readers_secret())

    @property
    def size(self) -> int:
        """Number of statements: those under the checkpoint, and those of the journal that the secret proves."""
        return self._covered if self._proved is None else max(self._covered, self._proved.size)

    @property
    def journal(self) -> "JournalState":
        """What is to be said of the journal beside the statements that it proves."""
        length = self._paths.pending.lstat().st_size if os.path.lexists(self._paths.pending) else 0
        if self._journal is None:
            return JournalState(length=length, unknown_bytes=length)
        torn = 0 if self._proved is None else self._proved.torn
        return JournalState(length=length, defect=self._defect, torn_bytes=torn)

    def began(self, name: str) -> bool | None:
        """Whether a file that is being written or imported was begun by this installation; None: that cannot be told.

        Its name proves it, or the journal states it.
        """
        if self._journal is None:
            return None
        if self._proved is None:
            return False
        sealed = name_when_sealed(name)
        mine = self._journal.token_of(self._proved.start.run, sealed)
        path = self._paths.archive / name
        is_named = path in {self._paths.open_file(sealed, mine), self._paths.importing_file(sealed, mine)}
        return is_named or (sealed in self._proved.files and name.endswith(IMPORTING_SUFFIX))

    def prove_bundles(self, check: Callable[[int, tuple[bytes, ...]], None]) -> None:
        """From now on each bundle that is read is held against its tile (`Leaves.check`)."""
        self._check = check

    def follow(self, journal: Journal, proved: Proved) -> None:
        """From now on this is the journal, as far as the session that writes it has proved it."""
        self._journal, self._proved = journal, proved

    def raw(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Index and bytes of every entry from ``start`` on.

        Raises:
            ArchiveError, FormatError: a bundle or the journal is missing or damaged.
        """
        for number in self.bundles(start):
            for index, entry in enumerate(self.bundle(number), number * TILE_WIDTH):
                if index >= start:
                    yield index, entry
        yield from self.uncovered(start)

    def bundles(self, start: int = 0) -> range:
        """The numbers of the bundles that the checkpoint covers, from the one with entry ``start`` on."""
        return range(start // TILE_WIDTH, -(-self._covered // TILE_WIDTH))

    def bundle(self, number: int) -> tuple[bytes, ...]:
        """The entries of one bundle, as many as the checkpoint covers.

        Raises:
            ArchiveError, FormatError: it is missing or damaged.
        """
        entries = self._files.bundle(number, min(TILE_WIDTH, self._covered - number * TILE_WIDTH))
        if self._check is not None:
            self._check(number, entries)
        return entries

    def full_bundle(self, number: int) -> bytes:
        """The bytes of a bundle that is full.

        Raises:
            ArchiveError: it is missing or cannot be read.
        """
        return self._files.bundle_bytes(number, TILE_WIDTH)

    def full_tile(self, number: int) -> bytes:
        """The bytes of the tile over a full bundle: the hashes of its leaves.

        Raises:
            ArchiveError: it is missing, cannot be read, or has another size.
        """
        return self._files.tile_bytes(0, number, TILE_WIDTH)

    def covered_with(
        self, text: bytes, *, without: Callable[[int], bool] = lambda _number: False
    ) -> Iterator[tuple[int, bytes]]:
        """Index and bytes of the entries under the checkpoint that have a text in them.

        ``without`` is given the number of each bundle, and tells whether it is passed over.

        Raises:
            ArchiveError, FormatError: a bundle is missing or damaged.
        """
        for number in self.bundles():
            if without(number):
                continue
            if self._files.may_have(number, min(TILE_WIDTH, self._covered - number * TILE_WIDTH), text):
                for index, entry in enumerate(self.bundle(number), number * TILE_WIDTH):
                    if text in entry:
                        yield index, entry

    def uncovered(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Index and bytes of every entry from ``start`` on that no checkpoint covers and that the secret proves.

        Raises:
            ArchiveError: the journal was changed since it was proved.
        """
        following = max(start, self._covered)
        if self._journal is None or self._proved is None or following >= self._proved.size:
            return
        try:
            for index, entry in self._journal.statements(self._proved, following):
                following = index + 1
                yield index, entry
        except JournalGoneError:
            # A checkpoint was signed meanwhile: they are under it now.
            yield from islice(Ledger(self._paths).raw(following), max(0, self.size - following))

    def statements(self, start: int = 0) -> Iterator[tuple[int, Statement]]:
        """Index and value of every statement from ``start`` on.

        Raises:
            ArchiveError, FormatError: the ledger is damaged there.
        """
        for index, entry in self.raw(start):
            yield index, decode(entry)

    def last_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint; its signature is not verified here.

        Raises:
            FormatError: it cannot be read.
        """
        data = self._files.checkpoint()
        return None if data is None else parse_checkpoint(parse_note(data).text)

    def extend(self, entries: Iterable[bytes], last: Checkpoint | None) -> CompactRange:
        """Writes bundles and tiles for the entries that follow the last checkpoint; the tree over all is returned.

        ``last`` is the checkpoint as the caller proved it, whatever lies there now. What the entries join is held
        against its root first. Nothing is under a checkpoint by this: see `cover`.

        Raises:
            ArchiveError: the tiles do not give the root of the last checkpoint, or the last bundle is another one.
        """
        tree = self.proved_tree(last)
        self._write_tiles(tree, entries)
        return tree

    def proved_tree(self, last: Checkpoint | None) -> CompactRange:
        """The tree under a checkpoint, from tiles that give its root and a last bundle that gives its tile.

        Raises:
            ArchiveError: they do not, or one is missing.
        """
        size = 0 if last is None else last.size
        try:
            tree = self._tree_at(size)
            agrees = last is None or tree.root() == last.root
            number, held = divmod(size, TILE_WIDTH)
            if agrees and held:
                leaves = tuple(leaf_hash(entry) for entry in self._files.bundle(number, held))
                agrees = leaves == self._files.tile(0, number, held)
        except (FormatError, ArchiveError) as error:
            raise self._rotten(size, str(error)) from error
        if not agrees:
            raise self._rotten(size, "")
        return tree

    def _rotten(self, size: int, detail: str) -> ArchiveError:
        return ArchiveError(
            f"{self._paths.ledger}: tiles and entries do not give the root of the checkpoint at size {size}"
            + (f": {detail}" if detail else ""),
            next_step=f"Run `preserve repair {self._paths.name} --from REPLICA`. Nothing is signed over damage.",
        )

    def cover(self, note: bytes) -> Checkpoint:
        """Puts a signed checkpoint over entries that `extend` wrote in place of the last one."""
        checkpoint = parse_checkpoint(parse_note(note).text)
        self._files.write_checkpoint(note)
        # The checks were of the tree before this one.
        self._check = None
        before, self._covered = self._covered, checkpoint.size
        self._drop_partial_tiles(before)
        return checkpoint

    def take_over(self, entries: Iterable[bytes], note: bytes) -> Checkpoint:
        """Extends a ledger that has no journal by the entries that another copy of it holds, under that copy's note.

        Whether the note's signature is good is for the caller to have seen.

        Raises:
            ArchiveError: the entries do not give the note's root; the checkpoint is as it was.
        """
        checkpoint = parse_checkpoint(parse_note(note).text)
        tree = self.extend(entries, self.last_checkpoint())
        if (tree.size, tree.root()) != (checkpoint.size, checkpoint.root):
            raise ArchiveError(f"{self._paths.ledger}: the entries do not give the root of the checkpoint to take over")
        return self.cover(note)

    def note(self) -> bytes | None:
        """The newest checkpoint, as it was signed."""
        return self._files.checkpoint()

    def replace_note(self, note: bytes) -> None:
        """Puts the same checkpoint in place with more signatures.

        Raises:
            FormatError: it says something else.
        """
        held = self.note()
        if held is None or parse_note(held).text != parse_note(note).text:
            raise FormatError("another checkpoint than the one held")
        self._files.write_checkpoint(note)

    @property
    def covered(self) -> int:
        """Number of statements under the newest checkpoint."""
        return self._covered

    def consistency_proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """That the tree of ``new`` statements begins with that of ``old`` (RFC 6962 section 2.1.2).

        Raises:
            ArchiveError: a tile is missing. FormatError: no such trees under the checkpoint.
        """
        return consistency_proof(old, new, self._hash)

    def root_at(self, size: int) -> bytes:
        """The root over the first ``size`` statements under the checkpoint, from the tiles.

        Raises:
            ArchiveError: a tile is missing. FormatError: the checkpoint covers fewer.
        """
        if size > self._covered:
            raise FormatError(f"the checkpoint covers {self._covered} statements, not {size}")
        return self._tree_at(size).root()

    def tree_at(self, size: int) -> CompactRange:
        """The tree over the first ``size`` statements under the checkpoint, from the tiles.

        Raises:
            ArchiveError: a tile is missing. FormatError: the checkpoint covers fewer.
        """
        return self._tree_at(size)

    def inclusion_proof(self, index: int, size: int) -> tuple[bytes, ...]:
        """The audit path of a statement in the tree of ``size`` statements (RFC 6962 section 2.1.1).

        Raises:
            ArchiveError: a tile is missing. FormatError: no such statement under a checkpoint.
        """
        return inclusion_proof(index, size, self._hash)

    def tile_check(self, start: int = 0) -> "TileCheck":
        """Compares the tiles with the entries from ``start`` on, where a bundle begins, as these are read.

        Raises:
            ArchiveError: a tile is missing.
        """
        return TileCheck(self, start)

    def make_tiles_again(self) -> None:
        """Writes every tile anew from the entries below it."""
        tiles = _TileStack(self)
        for index, entry in self.raw():
            if index < self._covered:
                tiles.push(0, leaf_hash(entry))
        tiles.flush()

    def tile_agrees(self, level: int, number: int, hashes: Sequence[bytes]) -> bool:
        """True where the tile on disk is there and has these hashes."""
        try:
            return self._files.tile(level, number, len(hashes)) == tuple(hashes)
        except ArchiveError:
            return False

    def write_tile(self, level: int, number: int, hashes: Sequence[bytes]) -> None:
        """Writes one tile."""
        self._files.write_tile(level, number, hashes)

    def _checkpoint_size(self) -> int:
        try:
            last = self.last_checkpoint()
        except FormatError as error:
            raise ArchiveError(
                f"{self._paths.checkpoint} cannot be read: {error}",
                next_step="Make a copy of the collection; then restore the checkpoint from a replica.",
            ) from error
        return 0 if last is None else last.size

    def _prove(self) -> Proved | None:
        """What the journal proves, if it extends this checkpoint or an older one."""
        if self._covered == 0 and not self._is_begun and self._files.has_tiles() and not self.journal.length:
            # A first checkpoint that was cut short has tiles already, and its journal.
            raise ArchiveError(
                f"{self._paths.checkpoint} is missing, and the ledger has entries",
                next_step="Make a copy of the collection; then restore the checkpoint from a replica.",
            )
        if self._journal is None:
            return None
        try:
            proved = self._journal.prove()
        except UnprovenLineError as error:
            self._defect = str(error)
            return None
        if proved is None:
            return None
        self._defect = proved.defect
        if proved.start.size > self._covered:
            self._defect = f"it extends a checkpoint of {proved.start.size} statements, the last has {self._covered}"
            return None
        return proved

    def _tree_at(self, size: int) -> CompactRange:
        """The tree over the first ``size`` statements, from the tiles."""
        hashes: list[bytes] = []
        done = 0
        for level in range(size.bit_length() - 1, -1, -1):
            if size & (1 << level):
                hashes.append(self._hash(level, done >> level))
                done += 1 << level
        return CompactRange.of(size, hashes)

    def _hash(self, level: int, index: int) -> bytes:
        """The hash over the leaves ``index * 2**level`` to ``(index + 1) * 2**level``, from the tiles."""
        tile_level, height = divmod(level, _TILE_HEIGHT)
        span = 1 << height
        first = index * span
        number, offset = divmod(first, TILE_WIDTH)
        held = min(TILE_WIDTH, (self._covered >> (tile_level * _TILE_HEIGHT)) - number * TILE_WIDTH)
        if held < offset + span:
            raise FormatError("no such subtree under the checkpoint")
        return root_of(self._files.tile(tile_level, number, held)[offset : offset + span])

    def _write_tiles(self, tree: CompactRange, entries: Iterable[bytes]) -> None:
        """Writes bundles and tiles for entries above the last checkpoint; extends ``tree`` by them."""
        tiles = _TileStack(self, covered=self._covered)
        number, held = divmod(self._covered, TILE_WIDTH)
        bundle = list(self._files.bundle(number, held)) if held else []
        for entry in entries:
            leaf = leaf_hash(entry)
            tree.append(leaf)
            tiles.push(0, leaf)
            bundle.append(entry)
            if len(bundle) == TILE_WIDTH:
                self._files.write_bundle(number, bundle)
                number += 1
                bundle = []
        if bundle:
            self._files.write_bundle(number, bundle)
        tiles.flush()

    def _drop_partial_tiles(self, before: int) -> None:
        """Deletes the partial tiles of the last checkpoint that the new one has wider."""
        for level in range(_MAX_LEVEL):
            old, new = before >> (level * _TILE_HEIGHT), self._covered >> (level * _TILE_HEIGHT)
            number, held = divmod(old, TILE_WIDTH)
            if held and new > old:
                width = min(TILE_WIDTH, new - number * TILE_WIDTH)
                self._files.drop_narrower(tile_path(level, number, held), width)
                if level == 0:
                    self._files.drop_narrower(entries_path(number, held), width)

    def tile_part(self, level: int, number: int, width: int) -> tuple[bytes, ...]:
        """The first ``width`` hashes of a tile."""
        return self._files.tile(level, number, width)


def check_signer(paths: CollectionPaths, signer: Signer) -> None:
    """Holds a signer against the archive's public key.

    Raises:
        EnvironmentFaultError: it is another one.
    """
    held = read_regular(paths.vkey).decode("ascii", errors="replace").strip() if paths.vkey.is_file() else ""
    if held != signer.vkey:
        raise EnvironmentFaultError(
            f"the signing key is not the one of the log in {paths.folder}",
            next_step=f"Put the right key in place; the log's public key is {held or 'missing'}. If a change of key "
            f"was cut short, run `preserve key rotate {paths.name}` again.",
        )


class JournalState(Struct, frozen=True, kw_only=True):
    """``length`` of the file; ``defect``: what is not proved, empty where nothing is; ``torn_bytes``: what a crash left
    of a group. ``unknown_bytes``: the length of a journal that nothing can be said of without a secret.
    """

    length: int = 0
    defect: str = ""
    torn_bytes: int = 0
    unknown_bytes: int = 0


class TileCheck:
    """The tiles of a ledger held against its entries, in one reading of these."""

    def __init__(self, ledger: Ledger, start: int = 0) -> None:
        self._tiles = _TileStack(ledger, covered=start, checking=True)

    def push(self, leaf: bytes) -> list[str]:
        """Takes the hash of the next entry; the paths of tiles found to be missing or to disagree."""
        self._tiles.push(0, leaf)
        return self._tiles.take_defects()

    def push_full(self, leaves: Sequence[bytes], root: bytes) -> list[str]:
        """Takes the hashes of as many entries as make a full tile, behind none that is not full, and their root."""
        self._tiles.push_full(leaves, root)
        return self._tiles.take_defects()

    def push_root(self, root: bytes) -> list[str]:
        """The same of a full tile that was compared, by the root over it."""
        self._tiles.push_root(root)
        return self._tiles.take_defects()

    def finish(self) -> list[str]:
        """The same of the tiles that are not full."""
        self._tiles.flush()
        return self._tiles.take_defects()


class _TileStack:
    """Hashes go in at the bottom; each full tile is written (or compared) and its root goes in one level up."""

    def __init__(self, ledger: Ledger, *, covered: int = 0, checking: bool = False) -> None:
        self._ledger = ledger
        self._checking = checking
        self._tiles: list[list[bytes]] = []
        self._numbers: list[int] = []
        self._defects: list[str] = []
        level = 0
        while count := covered >> (level * _TILE_HEIGHT):
            number, held = divmod(count, TILE_WIDTH)
            self._numbers.append(number)
            self._tiles.append(list(ledger.tile_part(level, number, held)) if held else [])
            level += 1

    def push(self, level: int, value: bytes) -> None:
        """Adds a hash to a level."""
        if level == len(self._tiles):
            self._tiles.append([])
            self._numbers.append(0)
        self._tiles[level].append(value)
        if len(self._tiles[level]) == TILE_WIDTH:
            self._put(level)
            root = root_of(self._tiles[level])
            self._tiles[level] = []
            self._numbers[level] += 1
            self.push(level + 1, root)

    def push_full(self, hashes: Sequence[bytes], root: bytes) -> None:
        """Adds a full tile to the lowest level, whose tile is empty; ``root`` is over it."""
        if not self._tiles:
            self._tiles.append([])
            self._numbers.append(0)
        self._tiles[0] = list(hashes)
        self._put(0)
        self._tiles[0] = []
        self.push_root(root)

    def push_root(self, root: bytes) -> None:
        """Passes over a full tile of the lowest level, whose tile is empty; ``root`` is over it."""
        if not self._tiles:
            self._tiles.append([])
            self._numbers.append(0)
        self._numbers[0] += 1
        self.push(1, root)

    def flush(self) -> None:
        """Writes or compares the partial tiles."""
        for level, tile in enumerate(self._tiles):
            if tile:
                self._put(level)

    def take_defects(self) -> list[str]:
        """The defects found since the last call."""
        found, self._defects = self._defects, []
        return found

    def _put(self, level: int) -> None:
        tile, number = self._tiles[level], self._numbers[level]
        if not self._checking:
            self._ledger.write_tile(level, number, tile)
        elif not self._ledger.tile_agrees(level, number, tile):
            self._defects.append(tile_path(level, number, len(tile)))
