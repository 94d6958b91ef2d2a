"""By which extractor and layouts each WARC file was read, so that a file need not be read by the same ones again.

Derived and disposable: a mark that is missing costs time, and a wrong one at most leaves a text unstated.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final, NamedTuple, Self

import msgspec

from preserve.errors import EnvironmentFaultError
from preserve.regular import read_regular
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import CollectionPaths

_MAX_BYTES: Final = 16 << 20


class Readers(NamedTuple):
    """What reads pages: the extractor with its version, and the digest of each layout."""

    extractor: str
    layouts: frozenset[str]

    def include(self, others: "Readers") -> bool:
        """Whether what these have read need not be read by the others."""
        return self.extractor == others.extractor and others.layouts <= self.layouts


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    files: dict[str, tuple[str, tuple[str, ...]]]


class ReadMarks:
    """The marks of one collection. Writing is for the holder of its lock."""

    def __init__(self, paths: CollectionPaths, marks: dict[str, Readers]) -> None:
        self._paths = paths
        self._marks = marks

    @classmethod
    def of(cls, paths: CollectionPaths) -> Self:
        """Those that are kept; none where that file is odd."""
        marks: dict[str, Readers] = {}
        with suppress(OSError, ValueError, RecursionError, msgspec.MsgspecError):
            if paths.readmarks.is_file():
                kept = msgspec.json.decode(read_regular(paths.readmarks, _MAX_BYTES), type=_Kept)
                marks = {name: Readers(by, frozenset(layouts)) for name, (by, layouts) in kept.files.items()}
        return cls(paths, marks)

    def is_read(self, file: str, readers: Readers) -> bool:
        """Whether a file was read to its end by these, among others."""
        mark = self._marks.get(file)
        return mark is not None and mark.include(readers)

    def add(self, files: Iterable[str], readers: Readers) -> None:
        """Marks files as read by these, and by no others: a page is read by the first layout that knows it."""
        found = {file: readers for file in files if not self.is_read(file, readers)}
        if not found:
            return
        self._marks |= found
        kept = _Kept({name: (by, tuple(sorted(layouts))) for name, (by, layouts) in sorted(self._marks.items())})
        # Without it the same files are read once more.
        with suppress(OSError, EnvironmentFaultError):
            make_dir(self._paths.state)
            write_atomic(self._paths.readmarks, msgspec.json.encode(kept))
