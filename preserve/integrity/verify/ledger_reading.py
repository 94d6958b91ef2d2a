"""One reading of a ledger, first statement to last; each goes to every check in turn."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from preserve.errors import FormatError, PreserveError
from preserve.formats.tlog.files import TILE_WIDTH
from preserve.formats.tlog.merkle import leaf_hash
from preserve.integrity.verify.checks import Leaf, Said, StatementCheck, Unreadable
from preserve.integrity.verify.tree_check import TreeCheck
from preserve.progress import Tell
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import decode
from preserve.store.layout import CollectionPaths

_TOLD_EVERY = 256


def read_ledger(paths: CollectionPaths, tree: TreeCheck, checks: Sequence[StatementCheck], progress: Tell) -> None:
    """Reads everything. Damage is a finding, and reading goes on behind it. ``tree`` is the first of the checks."""
    takers = [check.take for check in checks if type(check).take is not StatementCheck.take]
    try:
        ledger = Ledger.of_user(paths)
        tree.begin(ledger)
        for entries in _bundles(ledger, tree):
            for index, entry in entries:
                if not index % _TOLD_EVERY:
                    progress(paths.name, index, total=ledger.size)
                leaf, statement = Leaf(entry, leaf_hash(entry)), _said(entry)
                for take in takers:
                    take(index, statement, leaf)
        tree.entries_end()
    except (PreserveError, OSError) as error:
        tree.lost("ledger", str(error))
    progress(paths.name, tree.statements, total=tree.statements)


def _bundles(ledger: Ledger, tree: TreeCheck) -> Iterator[Iterator[tuple[int, bytes]]]:
    """The entries bundle by bundle; a bundle that cannot be read is a finding, and the next one is read."""
    for number in ledger.bundles():
        try:
            entries = ledger.bundle(number)
        except (PreserveError, OSError) as error:
            tree.lost(f"statements from {number * TILE_WIDTH} on", str(error))
            continue
        yield enumerate(entries, number * TILE_WIDTH)
    # What a capture states from now on is not looked at: its records may stand behind what was read of their file.
    yield takewhile(lambda item: item[0] < ledger.size, ledger.uncovered())


def _said(entry: bytes) -> Said:
    try:
        return decode(entry)
    except FormatError as error:
        return Unreadable(str(error))
