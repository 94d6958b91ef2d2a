"""Statements read by their index, each proved to be under a checkpoint (RFC 6962 section 2.1.1).

The catalogue says where to look; what is true is what stands in the log. A bundle is held against its tile of leaf
hashes, and the tile once against the checkpoint's root; after that a statement costs its own hash.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from preserve.errors import ArchiveError, FormatError
from preserve.formats.merkle import leaf_hash, root_of, verify_inclusion
from preserve.formats.tlog import TILE_WIDTH, Checkpoint
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
            proved = _held(self._tiles, number, self._proved_tile)[offset] == leaf_hash(entry)
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
            tile = self._proved_tile(number)
        except FormatError as error:
            raise _unproved(first, str(error)) from error
        if tuple(leaf_hash(entry) for entry in entries) != tile[: len(entries)]:
            raise _unproved(first, "its bundle is another one")

    def _proved_tile(self, number: int) -> tuple[bytes, ...]:
        """The leaf hashes of a bundle, held against the root."""
        size, root, first = self._checkpoint.size, self._checkpoint.root, number * TILE_WIDTH
        width = min(TILE_WIDTH, size - first)
        hashes = self._ledger.tile_part(0, number, width)
        if width == TILE_WIDTH:
            # A full tile is one node eight levels up, and its path is the rest of that of any leaf in it.
            path = self._ledger.inclusion_proof(first, size)[_HEIGHT:]
            verify_inclusion(root_of(hashes), number, ((size - 1) >> _HEIGHT) + 1, path, root)
        else:
            for offset, leaf in enumerate(hashes):
                verify_inclusion(leaf, first + offset, size, self._ledger.inclusion_proof(first + offset, size), root)
        return hashes


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
