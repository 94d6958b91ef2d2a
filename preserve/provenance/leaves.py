"""Statements read by their index, each proved to be under a checkpoint (RFC 6962 section 2.1.1).

The catalogue says where to look; what is true is what stands in the log. The tiles at the right edge of the tree give
its root, each full tile is a node of the tile above it, and a bundle is held against its tile: a tile and a bundle are
hashed once, and after that a statement costs its own hash.

Tested by ``tests/attacks/test_tables.py``.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from preserve.errors import ArchiveError, FormatError
from preserve.formats.tlog.files import TILE_WIDTH, Checkpoint
from preserve.formats.tlog.merkle import CompactRange, leaf_hash, leaf_hashes, root_of
from preserve.provenance.ledger import Ledger

_HEIGHT = 8
_MOST_HELD = 32
"""Bundles, and tiles, that are kept: neighbours are asked for together."""
_Value = TypeVar("_Value")


class Leaves:
    """The statements under one checkpoint. Whether its signature is good is for the caller to have seen."""

    def __init__(self, ledger: Ledger, checkpoint: Checkpoint) -> None:
        self._ledger = ledger
        self._checkpoint = checkpoint
        self._bundles: OrderedDict[int, tuple[bytes, ...]] = OrderedDict()
        self._tiles: OrderedDict[int, tuple[bytes, ...]] = OrderedDict()
        self._upper: dict[tuple[int, int], tuple[bytes, ...]] = {}

    def entry(self, index: int) -> bytes:
        """The bytes of a statement.

        Raises:
            ArchiveError: the checkpoint does not cover it, it is missing, or it is not the one under the checkpoint.
        """
        if not 0 <= index < self._checkpoint.size:
            raise ArchiveError(f"statement {index} is under no checkpoint")
        number, offset = divmod(index, TILE_WIDTH)
        try:
            entry = _held(self._bundles, number, self._ledger.bundle)[offset]
            proved = self._leaf_hashes(number)[offset] == leaf_hash(entry)
        except (FormatError, IndexError) as error:
            raise _unproved(index, str(error)) from error
        if not proved:
            raise _unproved(index, "")
        return entry

    def check(self, number: int, entries: tuple[bytes, ...]) -> None:
        """Holds a whole bundle, as it was read, against its tile.

        Raises:
            ArchiveError: it is not the one under the checkpoint.
        """
        first = number * TILE_WIDTH
        try:
            tile = self._leaf_hashes(number)
        except FormatError as error:
            raise _unproved(first, str(error)) from error
        if tuple(leaf_hashes(entries)) != tile[: len(entries)]:
            raise _unproved(first, "its bundle is another one")

    def _leaf_hashes(self, number: int) -> tuple[bytes, ...]:
        return _held(self._tiles, number, lambda number: self._proved_tile(0, number))

    def _proved_tile(self, level: int, number: int) -> tuple[bytes, ...]:
        """The hashes of a tile, held against the root: by the edge that it is part of, or by the tile above it."""
        if (self._checkpoint.size >> (level * _HEIGHT)) - number * TILE_WIDTH < TILE_WIDTH:
            return self._edge[level]
        hashes = self._ledger.tile_part(level, number, TILE_WIDTH)
        above, place = divmod(number, TILE_WIDTH)
        if (level + 1, above) not in self._upper:
            self._upper[level + 1, above] = self._proved_tile(level + 1, above)
        if self._upper[level + 1, above][place] != root_of(hashes):
            raise FormatError("a tile is another one than the tile above it names")
        return hashes

    @cached_property
    def _edge(self) -> dict[int, tuple[bytes, ...]]:
        """The tiles that are not full, by level: all that they hold are the subtrees that the root is made of."""
        size = self._checkpoint.size
        edge: dict[int, tuple[bytes, ...]] = {}
        subtrees: list[bytes] = []
        for level in range((size.bit_length() - 1) // _HEIGHT, -1, -1):
            number, held = divmod(size >> (level * _HEIGHT), TILE_WIDTH)
            if not held:
                continue
            edge[level] = self._ledger.tile_part(level, number, held)
            first = 0
            for height in range(_HEIGHT - 1, -1, -1):
                if held & (1 << height):
                    subtrees.append(root_of(edge[level][first : first + (1 << height)]))
                    first += 1 << height
        if CompactRange.of(size, subtrees).root() != self._checkpoint.root:
            raise FormatError("the tiles do not give the root of the checkpoint")
        return edge


def _held(cache: OrderedDict[int, _Value], number: int, make: Callable[[int], _Value]) -> _Value:
    if number in cache:
        cache.move_to_end(number)
    else:
        cache[number] = make(number)
        if len(cache) > _MOST_HELD:
            cache.popitem(last=False)
    return cache[number]


def _unproved(index: int, detail: str) -> ArchiveError:
    return ArchiveError(
        f"statement {index} is not the one under the checkpoint" + (f": {detail}" if detail else ""),
        next_step="Run `preserve verify COLLECTION` to see what is damaged.",
    )
