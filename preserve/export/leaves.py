"""The ledger of a package: every statement under the checkpoint, a line each, in order; some as hashes only.

A line is a statement, as it stands in the log, or ``[LEVEL,"HASH"]``: ``2**LEVEL`` statements that are left out, by the
hash over them (RFC 6962 section 2.1). All lines together give the root that the checkpoint signs.
"""

from collections.abc import Callable, Collection, Iterator

from preserve.formats.tlog.merkle import leaf_hash, node_hash
from preserve.provenance.ledger import Ledger


def ledger_lines(
    ledger: Ledger, size: int, is_said: Callable[[int, bytes], bool], stops: Collection[int]
) -> Iterator[bytes]:
    """The first ``size`` statements. ``is_said``: whether one stands there, by its index and bytes.

    No hash reaches over a number of ``stops``: the root of the log at that size can be told.

    Raises:
        ArchiveError, FormatError: the ledger is damaged.
    """
    left_out = _LeftOut()
    for index, entry in ledger.raw():
        if index >= size:
            break
        if index in stops:
            yield from left_out.lines()
        if is_said(index, entry):
            yield from left_out.lines()
            yield entry + b"\n"
        else:
            left_out.add(index, leaf_hash(entry))
    yield from left_out.lines()


class _LeftOut:
    """Statements that are left out one behind the other: as few complete subtrees as give them."""

    def __init__(self) -> None:
        self._held: list[tuple[int, int, bytes]] = []

    def add(self, index: int, value: bytes) -> None:
        """The next one."""
        level = 0
        while self._held and self._held[-1][1] == level and not self._held[-1][0] >> level & 1:
            index, _level, left = self._held.pop()
            value = node_hash(left, value)
            level += 1
        self._held.append((index, level, value))

    def lines(self) -> Iterator[bytes]:
        """A line for each subtree; then there is none."""
        for _index, level, value in self._held:
            yield f'[{level},"{value.hex()}"]\n'.encode("ascii")
        self._held.clear()
