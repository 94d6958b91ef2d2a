"""One reading of a ledger, first statement to last; each goes to every check in turn.

Tested by ``tests/scenarios/test_verify_expected.py`` and ``tests/scenarios/test_verify_by_seals.py``.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile

from preserve.errors import FormatError, PreserveError
from preserve.formats.tlog.files import TILE_WIDTH, parse_bundle
from preserve.formats.tlog.merkle import leaf_hash
from preserve.integrity.verify.checks import Leaf, Said, StatementCheck, Unreadable
from preserve.integrity.verify.earlier import NOTHING, Earlier
from preserve.integrity.verify.kept_bundles import KeptBundle, KeptBundles
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
    bundles: KeptBundles,
    taken: Callable[[Sequence[tuple[int, Leaf]], int], int],
    earlier: Earlier = NOTHING,
) -> None:
    """Reads everything. Damage is a finding, and reading goes on behind it. ``tree`` takes each leaf before the checks.

    Of what is ``settled`` the tree takes the leaf, and no check the statement; of ``bundles`` whose bytes are known, it
    takes the root. Of what an ``earlier`` check has gone through only what was chosen is read, before all that is
    new. ``taken`` is given the statements of a bundle that are left, and a place among them; it tells how many from
    there on it has taken for all checks.
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
        for number in ledger.bundles(earlier.start):
            first = number * TILE_WIDTH
            progress(paths.name, first, total=ledger.size)
            left = [one for one in _left(ledger, number, tree, settled, bundles) if earlier.takes(one[0])]
            place = 0
            while place < len(left):
                if count := taken(left, place):
                    place += count
                    continue
                index, leaf = left[place]
                place += 1
                statement = _said(leaf.entry)
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


def _left(
    ledger: Ledger, number: int, tree: TreeCheck, settled: Settled, bundles: KeptBundles
) -> Iterator[tuple[int, Leaf]]:
    """Index and leaf of the statements of one bundle that checks are to take; one that cannot be read is a finding."""
    first = number * TILE_WIDTH
    end = first + TILE_WIDTH

    def takes(kept: KeptBundle) -> bool:
        return tree.is_whole and settled.are_settled(end, kept.files)

    if (known := bundles.known(ledger, number, takes)) is not None:
        tree.take_known(first, known)
        for place, entry in settled.left_of(known.kept.records, known.others()):
            yield first + place, Leaf(entry, known.leaf(place))
        return
    try:
        data = ledger.full_bundle(number) if end <= ledger.covered else b""
        entries = parse_bundle(data, TILE_WIDTH) if data else ledger.bundle(number)
    except (PreserveError, OSError) as error:
        tree.lost(f"statements from {first} on", str(error))
        return
    hashes = tree.take_bundle(first, entries)
    if hashes.root is not None:
        bundles.met(number, data, entries, hashes.leaves, hashes.root)
    for index, entry in settled.left(first, entries):
        yield index, Leaf(entry, hashes.leaves[index - first])


def _said(entry: bytes) -> Said:
    try:
        return decode(entry)
    except FormatError as error:
        return Unreadable(str(error))
