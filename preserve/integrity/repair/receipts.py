"""Receipts that are damaged or missing, found again in copies: a receipt is believed if it fits the ledger.

Tested by ``tests/scenarios/test_repair.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from preserve.errors import FormatError
from preserve.formats.tlog.files import parse_checkpoint
from preserve.formats.tlog.merkle import CompactRange, leaf_hash
from preserve.formats.tlog.note import parse_note
from preserve.integrity.repair.ledger_repair import LedgerCopy
from preserve.provenance.receipts import MAX_RECEIPT_BYTES, check_request, read_reply
from preserve.regular import open_regular
from preserve.store.layout import CollectionPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundReceipt:
    """A file of ``receipts/`` that can be put back: its path below the collection, its bytes, and where they are."""

    path: str
    data: bytes
    source: Path


def missing_receipts(whole: LedgerCopy, copies: Sequence[CollectionPaths]) -> list[FoundReceipt]:
    """Checkpoints that were vouched for, requests, and replies of time authorities, that the archive has not whole."""
    sources = [path for copy in copies if copy.receipts.is_dir() for path in sorted(copy.receipts.iterdir())]
    sizes = {size for path in sources if (size := _size(path)) is not None}
    if not sizes:
        return []
    roots = _roots(whole, sizes)
    own = whole.paths
    found: dict[str, FoundReceipt] = {}

    def offer(path: Path, is_good: Callable[[bytes], bool]) -> None:
        data = _read(path)
        if path.name not in found and is_good(data) and not is_good(_read(own.receipts / path.name)):
            found[path.name] = FoundReceipt(path=f"receipts/{path.name}", data=data, source=path)

    for path in sources:
        size = _size(path)
        if size is not None and path.suffix == ".checkpoint":
            offer(path, partial(_is_of, size=size, roots=roots))
    for path in sources:
        size = _size(path)
        if size is not None and path.suffix == ".tsr":
            note = _first(found, own.kept_checkpoint(size))
            offer(path, partial(_answers, note=note))
            reply = _first(found, own.receipts / path.name)
            offer(path.with_suffix(".tsq"), partial(_asks, reply=reply, note=note))
    return list(found.values())


def _first(found: Mapping[str, FoundReceipt], path: Path) -> bytes:
    """What will be there: the bytes that were found, else those that are held."""
    return found[path.name].data if path.name in found else _read(path)


def _size(path: Path) -> int | None:
    text = path.name.partition(".")[0]
    is_size = text.isascii() and text.isdigit() and len(text) < 17  # noqa: PLR2004 - below 2**53
    return int(text) if is_size and path.is_file() else None


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(MAX_RECEIPT_BYTES)
    except OSError:
        return b""


def _roots(whole: LedgerCopy, sizes: set[int]) -> dict[int, bytes]:
    """The root at each of some sizes."""
    tree = CompactRange()
    roots = {}
    for _index, entry in whole.entries():
        tree.append(leaf_hash(entry))
        if tree.size in sizes:
            roots[tree.size] = tree.root()
    return roots


def _is_of(note: bytes, *, size: int, roots: Mapping[int, bytes]) -> bool:
    try:
        checkpoint = parse_checkpoint(parse_note(note).text)
    except FormatError:
        return False
    return checkpoint.size == size and roots.get(size) == checkpoint.root


def _answers(reply: bytes, *, note: bytes) -> bool:
    try:
        read_reply(reply, note)
    except FormatError:
        return False
    return True


def _asks(request: bytes, *, reply: bytes, note: bytes) -> bool:
    try:
        check_request(request, reply, note)
    except FormatError:
        return False
    return True
