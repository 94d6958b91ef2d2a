"""The CDXJ index of a collection, sorted bytewise; pywb and WACZ read it as it is. Derived."""

import os
from collections.abc import Iterator
from itertools import groupby

from preserve.formats.cdxj import CdxLine, format_line
from preserve.model import timestamp14
from preserve.store.catalogue import Catalogue, IndexRow
from preserve.store.durable import make_dir, replace_synced
from preserve.store.layout import CollectionPaths

_REVISIT_MIME = "warc/revisit"


def index_lines(catalogue: Catalogue) -> Iterator[bytes]:
    """Every line of the index with its line end, in order."""
    for _key, rows in groupby(catalogue.index_rows(), key=lambda row: (row.surt, timestamp14(row.date))):
        yield from sorted(index_line(row) for row in rows)


def write_index(paths: CollectionPaths, catalogue: Catalogue) -> int:
    """Writes the index anew, in place of the last one; returns the number of lines."""
    make_dir(paths.indexes)
    part = paths.indexes / f".index.{os.getpid()}.part"
    count = 0
    try:
        with part.open("wb") as file:
            for line in index_lines(catalogue):
                file.write(line)
                count += 1
        replace_synced(part, paths.index)
    finally:
        part.unlink(missing_ok=True)
    return count


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
