"""Receipts that are damaged or missing, found again in copies: a receipt is believed if it fits the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from preserve.errors import FormatError
from preserve.formats.merkle import CompactRange, leaf_hash
from preserve.formats.note import parse_note
from preserve.formats.tlog import parse_checkpoint
from preserve.integrity.mend import Whole
from preserve.provenance.receipts import MAX_RECEIPT_BYTES, read_reply
from preserve.store.layout import CollectionPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file of ``receipts/`` that can be put back: its path below the collection, its bytes, and where they are."""

    path: str
    data: bytes
    source: Path


def missing_receipts(whole: Whole, copies: Sequence[CollectionPaths]) -> list[Found]:
    """Checkpoints that were vouched for, and replies of time authorities, that the archive has not, or not whole."""
    sources = [path for copy in copies if copy.receipts.is_dir() for path in sorted(copy.receipts.iterdir())]
    sizes = {size for path in sources if (size := _size(path)) is not None}
    if not sizes:
        return []
    roots = _roots(whole, sizes)
    notes: dict[int, bytes] = {}
    found: list[Found] = []
    for path in sources:
        size = _size(path)
        if size is not None and path.suffix == ".checkpoint":
            data = _read(path)
            if _is_of(data, size, roots):
                notes.setdefault(size, data)
                _take(path, data, found, _is_of(_read(whole.paths.receipts / path.name), size, roots))
    for path in sources:
        size = _size(path)
        if size is not None and path.suffix == ".tsr":
            note = notes.get(size) or _read(whole.paths.kept_checkpoint(size))
            data = _read(path)
            if _answers(data, note):
                _take(path, data, found, _answers(_read(whole.paths.receipts / path.name), note))
    return found


def _take(path: Path, data: bytes, found: list[Found], is_held: bool) -> None:  # noqa: FBT001 - read with its two callers
    name = f"receipts/{path.name}"
    if not is_held and name not in {item.path for item in found}:
        found.append(Found(path=name, data=data, source=path))


def _size(path: Path) -> int | None:
    text = path.name.partition(".")[0]
    return int(text) if text.isdigit() and len(text) < 17 and path.is_file() else None  # noqa: PLR2004 - below 2**53


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_RECEIPT_BYTES)
    except OSError:
        return b""


def _roots(whole: Whole, sizes: set[int]) -> dict[int, bytes]:
    """The root at each of some sizes."""
    tree = CompactRange()
    roots = {}
    for _index, entry in whole.entries():
        tree.append(leaf_hash(entry))
        if tree.size in sizes:
            roots[tree.size] = tree.root()
    return roots


def _is_of(note: bytes, size: int, roots: dict[int, bytes]) -> bool:
    try:
        checkpoint = parse_checkpoint(parse_note(note).text)
    except FormatError:
        return False
    return checkpoint.size == size and roots.get(size) == checkpoint.root


def _answers(reply: bytes, note: bytes) -> bool:
    try:
        read_reply(reply, note)
    except FormatError:
        return False
    return True
