"""The CDXJ index of a collection, sorted bytewise; pywb and WACZ read it as it is. Derived."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import BinaryIO

from preserve.formats.cdxj import CdxLine, format_line
from preserve.limits import MIB
from preserve.model import timestamp14
from preserve.regular import open_regular
from preserve.store.catalogue import Catalogue, IndexRow
from preserve.store.durable import make_dir, replace_synced
from preserve.store.layout import CollectionPaths

_MAX_LINE_BYTES = MIB
_STEP = 1024
_REVISIT_MIME = "warc/revisit"


def index_lines(catalogue: Catalogue, first: int = 0) -> Iterator[bytes]:
    """Every line of the index that is stated from ``first`` on, with its line end, in order."""
    for _key, rows in groupby(catalogue.index_rows(first), key=lambda row: (row.surt, timestamp14(row.date))):
        yield from sorted(index_line(row) for row in rows)


def write_index(paths: CollectionPaths, catalogue: Catalogue) -> int:
    """Writes the index anew, in place of the last one; returns the number of lines."""
    count = 0
    with _in_place(paths) as file:
        for line in index_lines(catalogue):
            file.write(line)
            count += 1
    return count


def extend_index(paths: CollectionPaths, catalogue: Catalogue, first: int) -> None:
    """Puts the lines that are stated from ``first`` on between those of the index that is there.

    That the index has all lines before them, and no others, is for the caller to know. What is there is copied by the
    operating system, not read line by line: the work is that of the new lines, and of looking for their places.

    Raises:
        OSError: there is none.
    """
    with open_regular(paths.index) as old, _in_place(paths) as file:
        size = old.seek(0, os.SEEK_END)
        done = 0
        for line in index_lines(catalogue, first):
            place = _place_for(old, line, done, size)
            _copy(old, file, done, place)
            file.write(line)
            done = place
        _copy(old, file, done, size)


def _place_for(file: BinaryIO, line: bytes, low: int, high: int) -> int:
    """Where a line belongs among sorted ones: the offset of the first that is greater, between two beginnings of lines.

    Raises:
        OSError: a line has no end.
    """
    while low < high:
        middle = (low + high) // 2
        start = _begin_of_line(file, low, middle)
        file.seek(start)
        found = file.readline(_MAX_LINE_BYTES)
        if not found.endswith(b"\n"):
            raise OSError(errno.EIO, "a line of the index has no end")
        if found <= line:
            low = start + len(found)
        else:
            high = start
    return low


def _begin_of_line(file: BinaryIO, low: int, offset: int) -> int:
    """Where the line begins that the byte at ``offset`` is of; ``low`` is where some line before it begins."""
    end = offset
    while end > low:
        begin = max(low, end - _STEP)
        file.seek(begin)
        found = file.read(end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return low


def _copy(source: BinaryIO, target: BinaryIO, start: int, stop: int) -> None:
    source.seek(start)
    left = stop - start
    while left:
        data = source.read(min(left, MIB))
        if not data:
            raise OSError(errno.EIO, "the index became shorter while it was read")
        target.write(data)
        left -= len(data)


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
    return format_line(_line(row)).encode() + b"\n"


def _line(row: IndexRow) -> CdxLine:
    fields = {
        "url": row.uri,
        "mime": _REVISIT_MIME if row.type == "revisit" else (row.mime or "unk"),
        "status": "" if row.status is None else str(row.status),
        "digest": "" if row.payload_sha256 is None else f"sha256:{row.payload_sha256}",
        "length": str(row.place.length),
        "offset": str(row.place.offset),
        "filename": row.place.file,
    }
    return CdxLine(key=row.surt, timestamp=timestamp14(row.date), fields={k: v for k, v in fields.items() if v})
