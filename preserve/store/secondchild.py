"""Reads a WARC or ARC file with warcio and nothing of this program: ``python -P secondchild.py FILE``.

With the number of an open file and ``follow`` behind it, the file is still written to: lines of standard input say how
many bytes of it are there, the last one, with a dot behind the number, that these are all.

It writes a line of JSON for each record, as `preserve.store.secondreader` reads it, and a last one that says how it
ended. Digests are taken here, of the bytes that warcio gives. Whatever warcio prints goes to standard error.

Tested by ``tests/unit/store/test_secondreader.py``.
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
_encode = json.JSONEncoder(separators=(",", ":")).encode


class _Growing:
    """A file that is still written to, as warcio reads files: a block is whole, or the last one."""

    def __init__(self, file: "IO[bytes]", sizes: "IO[str]", out: "IO[str]") -> None:
        self._file = file
        self._sizes = sizes
        self._out = out
        self._there = 0
        self._ended = False

    def read(self, size: int) -> bytes:
        """The next bytes; waits until so many are there, or the file is at its end."""
        end = self._file.tell() + size
        while end > self._there and not self._ended:
            self._out.flush()
            line = self._sizes.readline().rstrip("\n")
            if not line:
                # Whoever writes the file is gone.
                os._exit(1)
            self._there = int(line.rstrip("."))
            self._ended = line.endswith(".")
        return self._file.read(min(size, self._there - self._file.tell()))

    def tell(self) -> int:
        """How much was read."""
        return self._file.tell()


def _read(path: str, out: "IO[str]", *, follow: bool) -> str:
    """Writes a line a record; returns how it ended, nothing where that is at the end of the file."""
    # Here, so that what it prints when it is loaded is caught too.
    from warcio.archiveiterator import ArchiveIterator  # noqa: PLC0415

    try:
        # A file that grows has no buffer: nothing is read of it before it is said to be there.
        with open(int(path), "rb", buffering=0) if follow else open(path, "rb") as file:  # noqa: PTH123 - see above
            source = _Growing(file, sys.stdin, out) if follow else file
            for record in ArchiveIterator(source, no_record_parse=True, check_digests=False):
                out.write(_encode(_line(record)) + "\n")
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


def main(path: str, *, follow: bool) -> None:
    """Reads the file, at low priority and in bounded memory."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        out.write(_encode({"end": _read(path, out, follow=follow)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], follow=sys.argv[2:] == ["follow"])
