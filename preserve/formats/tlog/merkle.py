"""The Merkle tree of a transparency log: hashes, proofs and their checks (RFC 6962 section 2.1, RFC 9162 section 2.1).

A leaf's hash is ``SHA-256(0x00 || data)``, a node's ``SHA-256(0x01 || left || right)``; a tree of ``n`` leaves is split
at the largest power of two below ``n``. Proofs are made through ``get_hash(level, index)``, which gives the hash of the
complete subtree over the leaves ``index * 2**level`` up to ``(index + 1) * 2**level``; nothing else is asked of it, so
that tiles, which hold complete subtrees only, are enough.

The tree is never held: `CompactRange` keeps one hash for each bit set in its size.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from preserve.errors import FormatError

HASH_BYTES = 32
"""SHA-256."""
_MOST_LEVELS = 63
EMPTY_ROOT = hashlib.sha256().digest()
"""The root of a tree without leaves."""

GetHash = Callable[[int, int], bytes]
"""``get_hash(level, index)``: the hash of one complete subtree of ``2**level`` leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The hashes of leaves."""
    return [sha256(b"\x00" + data).digest() for data in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over the hashes of its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class CompactRange:
    """A growing tree, held as the hashes of its largest complete subtrees, left to right: one a bit of its size."""

    __slots__ = ("_hashes", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._hashes: list[bytes] = []

    @classmethod
    def of(cls, size: int, hashes: Sequence[bytes]) -> "CompactRange":
        """The tree of ``size`` leaves with these subtrees, as `hashes` gave them.

        Raises:
            FormatError: the size is negative, or the hashes are not as many as its bits, or not of 32 bytes.
        """
        if size < 0:
            raise FormatError(f"a tree of {size} leaves")
        if len(hashes) != size.bit_count():
            raise FormatError(f"{len(hashes)} subtrees given for a tree of {size} leaves, which has {size.bit_count()}")
        made = cls()
        made._size = size
        made._hashes = [_hash(value) for value in hashes]
        return made

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The largest complete subtrees, left to right."""
        return tuple(self._hashes)

    def append(self, leaf: bytes) -> None:
        """Adds the hash of one leaf: one node on average, as many as the tree is high at most.

        Raises:
            FormatError: it is not of 32 bytes; the tree is as it was.
        """
        self.append_subtree(0, leaf)

    def append_subtree(self, level: int, value: bytes) -> None:
        """Adds ``2**level`` leaves at once by the hash over them, where their number so far is a multiple of that.

        Raises:
            FormatError: it is not, or the hash is not of 32 bytes; the tree is as it was.
        """
        value = _hash(value)
        below = self._size >> level
        if not 0 <= level < _MOST_LEVELS or below << level != self._size:
            raise FormatError(f"no subtree of level {level} begins at leaf {self._size}")
        while below & 1:
            value = node_hash(self._hashes.pop(), value)
            below >>= 1
        self._hashes.append(value)
        self._size += 1 << level

    def append_tree(self, height: int, root: bytes) -> None:
        """Adds a complete subtree of ``2**height`` leaves at once.

        Raises:
            FormatError: it cannot stand here, or the root is not of 32 bytes; the tree is as it was.
        """
        value, below = _hash(root), self._size >> height
        if below << height != self._size:
            raise FormatError(f"a subtree of {1 << height} leaves cannot follow {self._size}")
        while below & 1:
            value = node_hash(self._hashes.pop(), value)
            below >>= 1
        self._hashes.append(value)
        self._size += 1 << height

    def with_part_of(self, levels: Sequence[Sequence[bytes]], count: int) -> "CompactRange":
        """The tree with the first ``count`` leaves of a subtree that would stand here, as `levels_of` gave it."""
        made = CompactRange.of(self._size, self._hashes)
        done = 0
        for height in range(len(levels) - 1, -1, -1):
            if count & (1 << height):
                made.append_tree(height, levels[height][done >> height])
                done += 1 << height
        return made

    def root(self) -> bytes:
        """The root over the leaves so far; `EMPTY_ROOT` without any."""
        return _fold(self._hashes) if self._hashes else EMPTY_ROOT


def levels_of(leaf_hashes: Sequence[bytes]) -> list[list[bytes]]:
    """The hashes of a complete subtree, level by level from its leaves up; the last is the root alone.

    Raises:
        FormatError: their number is no power of two, or one is not of 32 bytes.
    """
    level = [_hash(value) for value in leaf_hashes]
    if not level or len(level) & (len(level) - 1):
        raise FormatError(f"{len(level)} leaves are no complete subtree")
    levels = [level]
    while len(level) > 1:
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=True)]
        levels.append(level)
    return levels


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root of a tree over these leaf hashes, in this order.

    Raises:
        FormatError: one is not of 32 bytes.
    """
    # Level by level; the last of an odd number goes up as it is.
    level = [_hash(value) for value in leaf_hashes]
    while len(level) > 1:
        pairs = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[2 * len(pairs) :]
    return level[0] if level else EMPTY_ROOT


def inclusion_proof(index: int, size: int, get_hash: GetHash) -> tuple[bytes, ...]:
    """The hashes from the leaf's sibling up to the root's child (RFC 6962 section 2.1.1, ``PATH(m, D[n])``).

    Raises:
        FormatError: there is no such leaf in a tree of this size, or ``get_hash`` gives no hash.
    """
    if not 0 <= index < size:
        raise FormatError(f"no leaf {index} in a tree of {size}")
    proof: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(_range_root(middle, high, get_hash))
            high = middle
        else:
            proof.append(_range_root(low, middle, get_hash))
            low = middle
    return tuple(reversed(proof))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Checks that ``leaf``, the *hash* of a leaf, is the one at ``index`` under ``root`` (RFC 9162 section 2.1.3.2).

    Raises:
        FormatError: it is not proven.
    """
    if not 0 <= index < size:
        raise FormatError(f"no leaf {index} in a tree of {size}")
    place, last = index, size - 1
    value = _hash(leaf)
    for sibling in proof:
        if last == 0:
            raise FormatError("the inclusion proof is too long")
        if place & 1 or place == last:
            value = node_hash(_hash(sibling), value)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            value = node_hash(value, _hash(sibling))
        place >>= 1
        last >>= 1
    if last != 0:
        raise FormatError("the inclusion proof is too short")
    if value != root:
        raise FormatError(f"the inclusion proof of leaf {index} does not lead to the root")


def consistency_proof(old: int, new: int, get_hash: GetHash) -> tuple[bytes, ...]:
    """The proof that the tree of ``old`` leaves is the beginning of the one of ``new`` (RFC 6962 section 2.1.2).

    Empty where the sizes are equal, and where ``old`` is 0: every tree begins with the empty one.

    Raises:
        FormatError: the sizes are negative or shrink, or ``get_hash`` gives no hash.
    """
    if not 0 <= old <= new:
        raise FormatError(f"no consistency of a tree of {new} leaves with one of {old}")
    if old in (0, new):
        return ()
    proof: list[bytes] = []
    low, high = 0, new
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(_range_root(middle, high, get_hash))
            high = middle
        else:
            proof.append(_range_root(low, middle, get_hash))
            low = middle
    if low:
        # The subtree that ends the old tree; where it is the whole old tree, the checker has its root already.
        proof.append(_range_root(low, high, get_hash))
    return tuple(reversed(proof))


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Checks that the tree of ``old_root`` is the beginning of that of ``new_root`` (RFC 9162 section 2.1.4.2).

    Raises:
        FormatError: it is not proven.
    """
    if not 0 <= old_size <= new_size:
        raise FormatError(f"no consistency of a tree of {new_size} leaves with one of {old_size}")
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise FormatError("the root of the empty tree is not the hash of nothing")
    if old_size == new_size and old_root != new_root:
        raise FormatError(f"two roots for the same {new_size} leaves")
    if old_size in (0, new_size):
        if proof:
            raise FormatError("the consistency proof is too long")
        return
    # Where the old tree is complete, its root is a node of the new one, and the proof leaves it out.
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    old_value, new_value = _roots_from_path(old_size, new_size, path)
    if old_value != old_root:
        raise FormatError(f"the consistency proof does not lead to the root at {old_size} leaves")
    if new_value != new_root:
        raise FormatError(f"the consistency proof does not lead to the root at {new_size} leaves")


def _roots_from_path(old_size: int, new_size: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of both trees, as a consistency proof has them; the sizes differ and neither is 0."""
    if not path:
        raise FormatError("the consistency proof is too short")
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place >>= 1
        last >>= 1
    old_value = new_value = _hash(path[0])
    for sibling in path[1:]:
        if last == 0:
            raise FormatError("the consistency proof is too long")
        if place & 1 or place == last:
            old_value = node_hash(_hash(sibling), old_value)
            new_value = node_hash(sibling, new_value)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            new_value = node_hash(new_value, _hash(sibling))
        place >>= 1
        last >>= 1
    if last != 0:
        raise FormatError("the consistency proof is too short")
    return old_value, new_value


def _hash(value: bytes) -> bytes:
    if len(value) != HASH_BYTES:
        raise FormatError(f"a hash of {len(value)} bytes, not {HASH_BYTES}")
    return value


def _split(size: int) -> int:
    """The largest power of two below ``size``, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _fold(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees that grow smaller from left to right."""
    value = hashes[-1]
    for left in reversed(hashes[:-1]):
        value = node_hash(left, value)
    return value


def _range_root(start: int, stop: int, get_hash: GetHash) -> bytes:
    """The root over the leaves ``start`` to ``stop``; ``start`` is where a subtree of their size may begin."""
    parts: list[bytes] = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        parts.append(_hash(get_hash(level, start >> level)))
        start += 1 << level
    return _fold(parts)
