"""The CDXJ index of a collection, sorted bytewise; pywb and WACZ read it as it is. Derived.

Tested by ``tests/unit/store/test_index_extended.py``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import BinaryIO

from preserve.formats.cdxj import CdxLine, format_line
from preserve.limits import MIB
from preserve.regular import open_regular
from preserve.store.catalogue import Catalogue, IndexRow
from preserve.store.durable import make_dir, replace_synced
from preserve.store.layout import CollectionPaths

_MAX_LINE_BYTES = MIB
_STEP = 1024
_REVISIT_MIME = "warc/revisit"


def index_lines(catalogue: Catalogue, first: int = 0) -> Iterator[bytes]:
    """Every line of the index that is stated from ``first`` on, with its line end, in order."""
    for rows in sorted_rows(catalogue, first):
        yield from sorted(index_line(row) for row in rows)


def sorted_rows(catalogue: Catalogue, first: int = 0) -> Iterator[Iterator[IndexRow]]:
    """The captures for the index, in groups that are in order; those of one group are sorted by their lines."""
    for _key, rows in groupby(catalogue.index_rows(first), key=lambda row: (row.surt, row.date[:19])):
        yield rows


def write_index(paths: CollectionPaths, catalogue: Catalogue) -> int:
    """Writes the index anew, in place of the last one; returns the number of lines."""
    count = 0
    with _in_place(paths) as file:
        for line in index_lines(catalogue):
            file.write(line)
            count += 1
    return count


class UnusableIndexError(Exception):
    """The index that is there cannot be added to: it is to be written whole."""


def extend_index(paths: CollectionPaths, catalogue: Catalogue, first: int) -> None:
    """Puts the lines that are stated from ``first`` on between those of the index that is there.

    That the index has all lines before them, and no others, is for the caller to know. What is there is copied in large
    pieces, not line by line: the work is that of the new lines, and of looking for their places.

    Raises:
        UnusableIndexError: there is none, or it cannot be read. Nothing was changed.
        OSError: the new one cannot be written.
    """
    with _opened(paths) as held, _in_place(paths) as file:
        size = held.size()
        done = 0
        for line in index_lines(catalogue, first):
            place = _place_for(held, line, done, size)
            _copy(held, file, done, place)
            file.write(line)
            done = place
        _copy(held, file, done, size)


def first_line_from(file: BinaryIO, key: bytes) -> int:
    """The offset of the first line of an index that is not less than ``key``; past its end, where there is none.

    Raises:
        UnusableIndexError: it cannot be read, or became shorter.
    """
    held = _Held(file)
    return _place_for(held, key, 0, held.size())


class _Held:
    """The index that is there. What cannot be read of it makes it unusable; that is no fault of what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def size(self) -> int:
        with _unusable():
            return self._file.seek(0, os.SEEK_END)

    def read(self, offset: int, size: int) -> bytes:
        with _unusable():
            self._file.seek(offset)
            data = self._file.read(size)
        if len(data) != size:
            raise UnusableIndexError("it became shorter while it was read")
        return data

    def line(self, offset: int) -> bytes:
        with _unusable():
            self._file.seek(offset)
            found = self._file.readline(_MAX_LINE_BYTES)
        if not found.endswith(b"\n"):
            raise UnusableIndexError("a line has no end")
        return found


@contextmanager
def _unusable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnusableIndexError(str(error)) from error


@contextmanager
def _opened(paths: CollectionPaths) -> Iterator[_Held]:
    with _unusable():
        file = open_regular(paths.index)
    with file:
        yield _Held(file)


def _place_for(held: _Held, line: bytes, low: int, high: int) -> int:
    """Where a line belongs among sorted ones: the offset of the first that is greater."""
    while low < high:
        start = _begin_of_line(held, low, (low + high) // 2)
        found = held.line(start)
        if found <= line:
            low = start + len(found)
        else:
            high = start
    return low


def _begin_of_line(held: _Held, low: int, offset: int) -> int:
    """Where the line begins that the byte at ``offset`` is of; ``low`` is where some line before it begins."""
    end = offset
    while end > low:
        begin = max(low, end - _STEP)
        found = held.read(begin, end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return low


def _copy(held: _Held, target: BinaryIO, start: int, stop: int) -> None:
    target.writelines(held.read(offset, min(MIB, stop - offset)) for offset in range(start, stop, MIB))


@contextmanager
def _in_place(paths: CollectionPaths) -> Iterator[BinaryIO]:
    """A new file, which is put in the place of the index once it is written."""
    make_dir(paths.indexes)
    part = paths.indexes / f".index.{os.getpid()}.part"
    try:
        with part.open("wb") as file:
            yield file
        replace_synced(part, paths.index)
    finally:
        part.unlink(missing_ok=True)


def index_line(row: IndexRow) -> bytes:
    """The line of one capture, with its line end."""
    return format_line(cdx_line(row)).encode() + b"\n"


def cdx_line(row: IndexRow) -> CdxLine:
    """What the line of one capture says."""
    fields = {
        "url": row.uri,
        "mime": _REVISIT_MIME if row.type == "revisit" else (row.mime or "unk"),
        "status": "" if row.status is None else str(row.status),
        "digest": "" if row.payload_sha256 is None else f"sha256:{row.payload_sha256}",
        "length": str(row.place.length),
        "offset": str(row.place.offset),
        "filename": row.place.file,
    }
    return CdxLine(key=row.surt, timestamp=_digits(row.date), fields={k: v for k, v in fields.items() if v})


def _digits(date: str) -> str:
    """A date as 14 digits. Statements have no date without a place for each; a line with another is refused."""
    return f"{date[:4]}{date[5:7]}{date[8:10]}{date[11:13]}{date[14:16]}{date[17:19]}"
