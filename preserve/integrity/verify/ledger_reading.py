"""One reading of a ledger, first statement to last; each goes to every check in turn."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from preserve.errors import FormatError, PreserveError
from preserve.formats.tlog.files import TILE_WIDTH
from preserve.formats.tlog.merkle import leaf_hash
from preserve.integrity.verify.checks import Leaf, Said, StatementCheck, Unreadable
from preserve.integrity.verify.earlier import NOTHING, Earlier
from preserve.integrity.verify.settled import Settled
from preserve.integrity.verify.tree_check import TreeCheck
from preserve.progress import Tell
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import decode
from preserve.store.layout import CollectionPaths


def read_ledger(
    paths: CollectionPaths,
    tree: TreeCheck,
    checks: Sequence[StatementCheck],
    settled: Settled,
    progress: Tell,
    *,
    earlier: Earlier = NOTHING,
) -> None:
    """Reads everything. Damage is a finding, and reading goes on behind it. ``tree`` takes each leaf before the checks.

    Of what is ``settled`` the tree takes the leaf, and no check the statement. Of what an ``earlier`` check has gone
    through only what was chosen is read, before all that is new.
    """
    takers = [check.take for check in checks if type(check).take is not StatementCheck.take]
    try:
        ledger = Ledger.of_user(paths)
        tree.begin(ledger)
        for first, entries in earlier.chosen(ledger):
            for index, entry in enumerate(entries, first):
                leaf, statement = Leaf(entry, leaf_hash(entry)), _said(entry)
                for take in takers:
                    take(index, statement, leaf)
        for first, entries in _bundles(ledger, tree, earlier.start):
            progress(paths.name, first, total=ledger.size)
            leaves = tree.take_bundle(first, entries)
            for index, entry in settled.left(first, entries):
                if not earlier.takes(index):
                    continue
                leaf, statement = Leaf(entry, leaves[index - first]), _said(entry)
                for take in takers:
                    take(index, statement, leaf)
        for index, entry in takewhile(lambda item: item[0] < ledger.size, ledger.uncovered()):
            # What a capture states from now on is not looked at: its records may stand behind what was read of a file.
            leaf, statement = Leaf(entry, tree.take_leaf(index, entry)), _said(entry)
            for take in takers:
                take(index, statement, leaf)
        tree.entries_end()
    except (PreserveError, OSError) as error:
        tree.lost("ledger", str(error))
    progress(paths.name, tree.statements, total=tree.statements)


def _bundles(ledger: Ledger, tree: TreeCheck, start: int) -> Iterator[tuple[int, tuple[bytes, ...]]]:
    """The entries bundle by bundle from one on, each with its first index; one that cannot be read is a finding."""
    for number in ledger.bundles(start):
        try:
            entries = ledger.bundle(number)
        except (PreserveError, OSError) as error:
            tree.lost(f"statements from {number * TILE_WIDTH} on", str(error))
            continue
        yield number * TILE_WIDTH, entries


def _said(entry: bytes) -> Said:
    try:
        return decode(entry)
    except FormatError as error:
        return Unreadable(str(error))
