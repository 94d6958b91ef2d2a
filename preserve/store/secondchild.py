"""Reads a WARC or ARC file with warcio and nothing of this program: ``python -P secondchild.py FILE``.

It writes a line of JSON for each record, as `preserve.store.secondreader` reads it, and a last one that says how it
ended. Digests are taken here, of the bytes that warcio gives. Whatever warcio prints goes to standard error.
"""

import hashlib
import json
import os
import resource
import sys

# Nothing more is loaded than has to be: it is begun once for each file.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from warcio.recordloader import ArcWarcRecord

_NICE = 10
_MAX_MEMORY = 2 << 30
_STEP = 1 << 16


def _read(path: str, out: "IO[str]") -> str:
    """Writes a line a record; returns how it ended, nothing where that is at the end of the file."""
    # Here, so that what it prints when it is loaded is caught too.
    from warcio.archiveiterator import ArchiveIterator  # noqa: PLC0415

    try:
        with open(path, "rb") as file:  # noqa: PTH123 - see above
            for record in ArchiveIterator(file, no_record_parse=True, check_digests=False):
                out.write(json.dumps(_line(record), separators=(",", ":")) + "\n")
    except Exception as error:  # noqa: BLE001 - whatever a library raises is what it makes of the file
        return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return ""


def _line(record: "ArcWarcRecord") -> dict[str, object]:
    headers = record.rec_headers
    declared = headers.get_header("WARC-Block-Digest") or ""
    algorithm = declared.partition(":")[0].lower().replace("-", "")
    block = hashlib.sha256()
    other = hashlib.new(algorithm, usedforsecurity=False) if algorithm in _OTHERS else None
    size = 0
    while data := record.raw_stream.read(_STEP):
        block.update(data)
        if other is not None:
            other.update(data)
        size += len(data)
    return {
        "id": headers.get_header("WARC-Record-ID") or "",
        "type": record.rec_type or "",
        "length": headers.get_header("Content-Length") or "",
        "size": size,
        "sha256": block.hexdigest(),
        "declared": declared,
        "digest": (other or block).hexdigest(),
    }


_OTHERS = frozenset({"md5", "sha1", "sha224", "sha384", "sha512"})


def main(path: str) -> None:
    """Reads the file, at low priority and in bounded memory."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        out.write(json.dumps({"end": _read(path, out)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
