"""What the bytes of a statement say without being decoded: its kind, and values that have no quotation mark in them.

In canonical JSON a quotation mark inside of a text has a backslash before it, so that no value looks like a key.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

RECORD: Final = b'"kind":"record"'
CABLE: Final = b'"kind":"cable"'
FILE: Final = b'"file":"'
RECORD_ID: Final = b'"record_id":"'
LENGTH_BYTES: Final = 2
"""Of an entry, before it in its bundle."""


def text_behind(key: bytes, entry: bytes) -> bytes:
    """The text of a key in canonical JSON, up to the next quotation mark: names and ids have none in them."""
    start = entry.find(key)
    return b"" if start < 0 else entry[start + len(key) : entry.find(b'"', start + len(key))]


class Shape(NamedTuple):
    """What is in a bundle: how many statements of records, in which files, and where all lie that are neither of
    records nor of texts that follow theirs: number, and first byte behind the length.
    """

    records: int
    files: tuple[str, ...]
    others: tuple[tuple[int, int], ...]


def shape_of(entries: Sequence[bytes]) -> Shape:
    """The shape of a bundle with these entries: by its bytes alone, whatever stands before it."""
    files: dict[bytes, None] = {}
    others: list[tuple[int, int]] = []
    records, record_id, start = 0, b"", LENGTH_BYTES
    for number, entry in enumerate(entries):
        if RECORD in entry:
            records += 1
            files[text_behind(FILE, entry)] = None
            record_id = text_behind(RECORD_ID, entry)
        elif not record_id or CABLE not in entry or text_behind(RECORD_ID, entry) != record_id:
            others.append((number, start))
        start += len(entry) + LENGTH_BYTES
    return Shape(records, tuple(name.decode("latin-1") for name in files), tuple(others))
