"""A damaged ledger put together again from copies that nobody has to trust.

The measure is a checkpoint with a good signature by a known key: the log's own key file, what the reader trusts, or the
keys by which the log is known (`preserve.provenance.knownlogs`); never one that lies in the archive or in a copy. What
is known of the log decides how far it goes: nothing smaller, and nothing of another history, takes its place.
A bundle of entries is taken from whichever copy has it, and the whole is believed only if it gives the root of that
checkpoint. Tiles follow from the entries and are made again.

Tested by ``tests/scenarios/test_repair.py``.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice, product

from preserve.errors import ArchiveError, FormatError, PreserveError
from preserve.formats.tlog.files import TILE_WIDTH, Checkpoint, entries_path, parse_checkpoint
from preserve.formats.tlog.merkle import CompactRange, leaf_hash, node_hash, root_of
from preserve.formats.tlog.note import Verifier, parse_note, parse_vkey
from preserve.limits import DEFAULT_LIMITS
from preserve.provenance.installation import Installation
from preserve.provenance.journal import Journal
from preserve.provenance.knownlogs import KnownLog, opened
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import ArchiveStatement, Statement, decode, kind_of
from preserve.regular import open_regular, read_regular
from preserve.store.archive import marker_bytes
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import CollectionPaths
from preserve.store.ledgerfiles import LedgerFiles

_MAX_CHOICES = 4096
"""Ways to put bundles together that are tried, where copies disagree."""
_BUNDLE_LEVEL = 8


class NoAnchorError(ArchiveError):
    """There is no checkpoint that a known key has signed, or nothing that gives its root."""


@dataclass(slots=True)
class LedgerCopy:
    """The ledger as the checkpoint has it: which copy has each bundle right."""

    paths: CollectionPaths
    checkpoint: Checkpoint
    note: bytes
    key: Verifier
    bundles: list[CollectionPaths]
    damage: list[str] = field(default_factory=list)
    """What of the archive's own ledger is not as it should be, in words."""

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Every entry that the checkpoint covers, with its index."""
        for number, source in enumerate(self.bundles):
            yield from enumerate(_bundle(source, number, self.checkpoint.size), number * TILE_WIDTH)

    def founding(self) -> ArchiveStatement:
        """The first statement.

        Raises:
            FormatError: it is none that begins a ledger.
        """
        first = decode(next(self.entries())[1])
        if not isinstance(first, ArchiveStatement):
            raise FormatError(f"the ledger begins with a statement of the kind {kind_of(first)}, not archive")
        return first

    def statements(self) -> Iterator[tuple[int, Statement]]:
        """Every statement that the checkpoint covers, and behind them those that the journal proves."""
        for index, entry in self.entries():
            yield index, decode(entry)
        secret = Installation.of_user(self.paths.name).readers_secret()
        with suppress(PreserveError):
            journal = None if secret is None else Journal(self.paths, secret)
            proved = None if journal is None else journal.prove()
            if journal is not None and proved is not None and proved.start.size <= self.checkpoint.size:
                for index, entry in journal.statements(proved, self.checkpoint.size):
                    yield index, decode(entry)


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A checkpoint that a known key has signed."""

    checkpoint: Checkpoint
    note: bytes
    key: Verifier


def whole_ledger(
    paths: CollectionPaths, copies: Sequence[CollectionPaths], known: Sequence[Verifier], log: KnownLog | None
) -> LedgerCopy:
    """Finds the ledger's parts among the archive and its copies.

    ``known`` are keys that the reader has from elsewhere; ``log`` is what is known of the log.

    Raises:
        NoAnchorError: no checkpoint is signed by a known key, or no choice of bundles gives its root.
    """
    if not known and log is None:
        raise NoAnchorError(
            f"no key of the log of {paths.name} is known: one that lies in the archive proves nothing",
            next_step="Name the log's key with --trust; its operator publishes it.",
        )
    own = _anchor(_read_note(paths), known, log)
    anchor, bundles = _measured(paths, copies, own, known, log)
    damage: list[str] = []
    if _own_key(paths) != anchor.key.vkey:
        damage.append("ledger/log.vkey")
    if own is None or own.checkpoint != anchor.checkpoint:
        damage.append("ledger/checkpoint")
    whole = LedgerCopy(paths, anchor.checkpoint, anchor.note, anchor.key, bundles, damage)
    _look_at_own(whole)
    return whole


def _measured(
    paths: CollectionPaths,
    copies: Sequence[CollectionPaths],
    own: _Anchor | None,
    known: Sequence[Verifier],
    log: KnownLog | None,
) -> tuple[_Anchor, list[CollectionPaths]]:
    """The checkpoint to go by, and where the bundles below it are.

    The archive's own comes first, where it is not smaller than what is known, and of the same history.
    """
    least = 0 if log is None else log.size
    found = [_anchor(note, known, log) for note in ([] if log is None else [log.note])]
    found += [_anchor(_read_note(copy), known, log) for copy in copies]
    others = sorted((item for item in found if item is not None), key=lambda item: -item.checkpoint.size)
    reason: NoAnchorError | None = None
    for anchor in [*([own] if own is not None else []), *others]:
        if anchor.checkpoint.size < least:
            continue
        try:
            bundles = _chosen(paths, copies, anchor.checkpoint)
        except NoAnchorError as error:
            reason = reason or error
            # Nothing smaller than what the archive's own key has signed takes its place.
            least = max(least, anchor.checkpoint.size) if anchor is own else least
            continue
        if log is None or _begins_with(bundles, anchor.checkpoint.size, log):
            return anchor, bundles
    if log is not None:
        raise NoAnchorError(
            f"{paths.name}: neither the archive nor a copy has all of its log, of which {log.size} statements are known"
            + (f": {reason}" if reason else ""),
            next_step="Name a copy that has its newest part with --from. If no copy has it: "
            f"`preserve ledger accept {paths.name} --lost`.",
        )
    raise reason or NoAnchorError(
        f"{paths.name}: neither the archive nor a copy has a checkpoint with a good signature by a known key",
        next_step="Name a copy that has one with --from, or the log's key with --trust.",
    )


def _begins_with(bundles: Sequence[CollectionPaths], size: int, log: KnownLog) -> bool:
    """True where the entries begin with those of the log that is known."""
    tree = CompactRange()
    for number, source in enumerate(bundles):
        for entry in _bundle(source, number, size):
            tree.append(leaf_hash(entry))
            if tree.size == log.size:
                return tree.root() == log.seen[-1][1]
    return False


@dataclass(slots=True)
class Mended:
    """Paths of the files that were written anew, below the collection."""

    written: list[str] = field(default_factory=list)


def mend(whole: LedgerCopy) -> Mended:
    """Writes what is damaged in the archive's own ledger anew. Its journal is for the writing session to prove."""
    paths = whole.paths
    make_dir(paths.ledger)
    done = Mended()
    files = LedgerFiles(paths)
    size = whole.checkpoint.size
    for number, source in enumerate(whole.bundles):
        width = min(TILE_WIDTH, size - number * TILE_WIDTH)
        if source is paths and files.has_bundle(number, width):
            continue
        entries = _bundle(source, number, size)
        files.write_bundle(number, entries)
        done.written.append(f"ledger/{entries_path(number, len(entries))}")
    if "ledger/log.vkey" in whole.damage:
        write_atomic(paths.vkey, f"{whole.key.vkey}\n".encode("ascii"))
        done.written.append("ledger/log.vkey")
    first = whole.founding()
    make_dir(paths.folder)
    if "preserve.json" in whole.damage:
        write_atomic(paths.marker, marker_bytes(first.collection, first.origin))
        done.written.append(paths.marker.name)
    if "ledger/checkpoint" in whole.damage:
        write_atomic(paths.checkpoint, whole.note)
        done.written.append("ledger/checkpoint")
    if "ledger/tile" in whole.damage:
        Ledger(paths).make_tiles_again()
    return done


def _own_key(paths: CollectionPaths) -> str:
    """The key that lies in the archive: it proves nothing, and is only to be the right one."""
    try:
        return read_regular(paths.vkey).decode("ascii").removesuffix("\n")
    except (OSError, UnicodeDecodeError):
        return ""


def _read_note(paths: CollectionPaths) -> bytes:
    try:
        with open_regular(paths.checkpoint) as file:
            return file.read(DEFAULT_LIMITS.max_note_bytes)
    except OSError:
        return b""


def _anchor(note: bytes, known: Sequence[Verifier], log: KnownLog | None) -> _Anchor | None:
    """The checkpoint of a note that a known key signs; of the keys by which the log is known, the one in force then."""
    with suppress(FormatError):
        size = parse_checkpoint(parse_note(note).text).size
        of_log = () if log is None else log.keys_at(size)[-1:]
        for key in [*(parse_vkey(key.vkey) for key in of_log), *known]:
            checkpoint = opened(note, key)
            # No archive has a log without its first statement.
            if checkpoint is not None and checkpoint.size and (log is None or checkpoint.origin == log.origin):
                return _Anchor(checkpoint, note, key)
    return None


def _bundle(source: CollectionPaths, number: int, size: int) -> tuple[bytes, ...]:
    """The entries of a bundle in a tree of ``size``, from the bundle of that width or any wider one."""
    width = min(TILE_WIDTH, size - number * TILE_WIDTH)
    files = LedgerFiles(source)
    try:
        return files.bundle(number, width)
    except (PreserveError, OSError):
        for wider in files.bundle_widths(number):
            if wider > width:
                return files.bundle(number, wider)[:width]
        raise


def _chosen(paths: CollectionPaths, copies: Sequence[CollectionPaths], checkpoint: Checkpoint) -> list[CollectionPaths]:
    """For each bundle the first copy, the archive itself before all, so that together they give the root."""
    choices: list[list[_Choice]] = []
    for number in range(-(-checkpoint.size // TILE_WIDTH)):
        distinct: dict[bytes, tuple[CollectionPaths, list[bytes]]] = {}
        for source in (paths, *copies):
            with suppress(PreserveError, OSError):
                leaves = [leaf_hash(entry) for entry in _bundle(source, number, checkpoint.size)]
                distinct.setdefault(root_of(leaves), (source, leaves))
        if not distinct:
            raise NoAnchorError(
                f"{paths.name}: no copy has the statements from {number * TILE_WIDTH} on",
                next_step="Name another copy with --from.",
            )
        choices.append(
            [(source, [root] if len(leaves) == TILE_WIDTH else leaves) for root, (source, leaves) in distinct.items()]
        )
    for choice in chain(_of_one(choices, (paths, *copies)), islice(product(*choices), _MAX_CHOICES)):
        if _root(checkpoint.size, [hashes for _source, hashes in choice]) == checkpoint.root:
            return [source for source, _hashes in choice]
    raise NoAnchorError(
        f"{paths.name}: the entries of the archive and its copies do not give the root of the checkpoint",
        next_step="Name another copy with --from.",
    )


_Choice = tuple[CollectionPaths, list[bytes]]


def _of_one(choices: Sequence[Sequence[_Choice]], sources: Sequence[CollectionPaths]) -> Iterator[tuple[_Choice, ...]]:
    """The bundles of one source, where it has them; for another log in place of this one all are of a copy."""
    for source in sources:
        yield tuple(next((choice for choice in found if choice[0] is source), found[0]) for found in choices)


def _root(size: int, bundles: Sequence[Sequence[bytes]]) -> bytes:
    """The root over bundles, of which each full one is given as its root, the last as its leaves."""
    stack: list[tuple[int, bytes]] = []
    for number, hashes in enumerate(bundles):
        full = (number + 1) * TILE_WIDTH <= size
        for value in hashes:
            level, merged = (_BUNDLE_LEVEL if full else 0), value
            while stack and stack[-1][0] == level:
                merged = node_hash(stack.pop()[1], merged)
                level += 1
            stack.append((level, merged))
    return CompactRange.of(size, [value for _level, value in stack]).root()


def _look_at_own(whole: LedgerCopy) -> None:
    """Notes what in the archive's own ledger is not as it should be."""
    paths, damage = whole.paths, whole.damage
    for number, source in enumerate(whole.bundles):
        if source is not paths:
            damage.append(f"ledger: statements from {number * TILE_WIDTH} on")
    first = whole.founding()
    try:
        marker = read_regular(paths.marker)
    except OSError:
        marker = b""
    if marker != marker_bytes(first.collection, first.origin):
        damage.append("preserve.json")
    if "ledger/checkpoint" in damage or any(source is not paths for source in whole.bundles):
        damage.append("ledger/tile")
    else:
        with suppress(PreserveError):
            check = Ledger(paths).tile_check()
            found = [path for _index, entry in whole.entries() for path in check.push(leaf_hash(entry))]
            if found or check.finish():
                damage.append("ledger/tile")
