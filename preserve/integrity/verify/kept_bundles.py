"""Full bundles of the ledger that an earlier check by seals has gone through, known again by their bytes (ADR 32).

What a bundle adds to the tree, and which of its statements are to be decoded, is a function of its bytes. Where these
are the same, and the tile over them too, nothing of it is cut into statements or hashed leaf by leaf: one SHA-256 over
both is taken, and the kept root goes into the tree, which is held against the root that is signed.

Tested by ``tests/attacks/test_kept_bundles.py``.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from preserve.errors import ArchiveError
from preserve.formats.tlog.files import TILE_WIDTH
from preserve.formats.tlog.merkle import HASH_BYTES
from preserve.integrity.verify.statement_bytes import LENGTH_BYTES, shape_of
from preserve.provenance.ledger import Ledger


class KeptBundle(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A full bundle: SHA-256 over its bytes and those of its tile, and the root of the tree over its 256 statements.

    ``records``: how many of them are of records. ``files``: the files of these, and of the texts that follow them.
    ``others``: of all other statements their number in the bundle, and the byte where each begins behind its length.
    """

    sha256: bytes
    root: bytes
    records: int
    files: tuple[str, ...]
    others: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class KnownBundle:
    """A bundle whose bytes are known. ``tile``: the hashes of its leaves, one behind the other."""

    kept: KeptBundle
    data: bytes
    tile: bytes

    def others(self) -> Iterator[tuple[int, bytes]]:
        """Number in the bundle, and bytes, of each statement that is neither of a record nor of a text behind it."""
        for number, start in self.kept.others:
            yield number, self.data[start : start + int.from_bytes(self.data[start - LENGTH_BYTES : start])]

    def leaf(self, number: int) -> bytes:
        """The hash of one leaf."""
        return self.tile[number * HASH_BYTES : (number + 1) * HASH_BYTES]

    def leaves(self) -> list[bytes]:
        """The hashes of all leaves."""
        return [self.leaf(number) for number in range(TILE_WIDTH)]


class KeptBundles:
    """Those of earlier checks by number, and those that this one goes through."""

    def __init__(self, kept: Sequence[KeptBundle] = (), *, keeps: bool = True) -> None:
        """``keeps``: whether those that this one goes through are to be kept."""
        self._kept = kept
        self._keeps = keeps
        self._met: list[KeptBundle] = []

    def known(self, ledger: Ledger, number: int, takes: Callable[[KeptBundle], bool]) -> KnownBundle | None:
        """A bundle, if its bytes and those of its tile are as they were kept, and ``takes`` says that it is wanted.

        One that is missing or cannot be read is not known: whoever reads it says why.
        """
        if number >= len(self._kept) or not takes(self._kept[number]):
            return None
        try:
            data, tile = ledger.full_bundle(number), ledger.full_tile(number)
        except (ArchiveError, OSError):
            return None
        kept = self._kept[number]
        if _sha256_of(data, tile) != kept.sha256:
            return None
        self._keep(number, kept)
        return KnownBundle(kept, data, tile)

    def has_only_records(self, number: int) -> bool:
        """Whether a bundle, if it is what was kept, has no statement but those of records, and of texts behind them."""
        return number < len(self._kept) and not self._kept[number].others

    def met(self, number: int, data: bytes, entries: Sequence[bytes], leaves: Sequence[bytes], root: bytes) -> None:
        """Keeps a bundle that was gone through: its bytes, the statements in it, their hashes, the root over these."""
        if self._keeps and len(self._met) == number:
            shape = shape_of(entries)
            # Over the hashes as they were made: a tile of other ones is not known again.
            sha256 = _sha256_of(data, b"".join(leaves))
            self._keep(number, KeptBundle(sha256, root, shape.records, shape.files, shape.others))

    def _keep(self, number: int, bundle: KeptBundle) -> None:
        if len(self._met) == number:
            self._met.append(bundle)

    def listed(self) -> tuple[KeptBundle, ...]:
        """Those that are to be kept: from the first on, as far as none is missing."""
        return tuple(self._met)


def _sha256_of(data: bytes, tile: bytes) -> bytes:
    # A tile has one size: where the one ends and the other begins is no question.
    digest = hashlib.sha256(data)
    digest.update(tile)
    return digest.digest()
