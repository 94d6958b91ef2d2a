"""What `index` and `extract` find in files, read by an engine: the same parts as are found here, file by file.

Tested by ``tests/scenarios/test_read_on.py``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar

from preserve.cluster.reading import EngineFiles, MakeTask
from preserve.cluster.rows import RowCodec, block_codec
from preserve.readers.extract import ExtractedPart, ExtractOptions, cables_of, extracted_parts
from preserve.readers.index import IndexedPart, captures_of, indexed_parts
from preserve.readers.segments import SegmentReader

if TYPE_CHECKING:
    from preserve.integrity.store_cache import SealedObject

T = TypeVar("T")
_END: Final = b"\n"

INDEXED: Final = block_codec(
    IndexedPart,
    lambda part: (b"".join(part.lines), part._replace(lines=[])),
    # Not `splitlines`, which ends lines at other bytes, too.
    lambda part, block: part._replace(lines=[line + _END for line in block.split(_END)[:-1]]),
)
EXTRACTED: Final = block_codec(
    ExtractedPart,
    lambda part: (part.lines, part._replace(lines=b"")),
    lambda part, block: part._replace(lines=block),
)


@dataclass(frozen=True, slots=True)
class IndexWork:
    """The lines of an index; ``full`` as `captures_of` has it. Rows: `INDEXED`."""

    full: bool
    is_hashed: ClassVar[bool] = False

    def rows_in(self, path: Path) -> Iterator[bytes]:
        """See `Work`."""
        look = partial(captures_of, full=self.full)
        with SegmentReader[IndexedPart](look, processes=1, total_bytes=0) as segments:
            yield from map(INDEXED.write, indexed_parts(segments, path))


@dataclass(frozen=True, slots=True)
class ExtractWork:
    """The cables in a file. Rows: `EXTRACTED`."""

    options: ExtractOptions
    is_hashed: ClassVar[bool] = False

    def rows_in(self, path: Path) -> Iterator[bytes]:
        """See `Work`."""
        with SegmentReader[ExtractedPart](partial(cables_of, self.options), processes=1, total_bytes=0) as segments:
            yield from map(EXTRACTED.write, extracted_parts(segments, self.options, path))


class EngineParts(Generic[T]):
    """Gives the parts of each file, as its reader here does."""

    def __init__(
        self,
        files: EngineFiles,
        make_task: MakeTask,
        codec: RowCodec[T],
        paths: tuple[Path, ...],
        sealed: "Mapping[Path, SealedObject]",
    ) -> None:
        self._files = files
        self._codec = codec
        self._sealed = sealed
        self.done_bytes = 0
        """Of the files whose parts were given."""
        self.unread: dict[Path, str] = {}
        """Files that nobody could read, with the reason."""
        self.unsealed: list[Path] = []
        """Files of stores that are not as they were sealed."""
        files.expect(paths, make_task)

    def parts_in(self, path: Path) -> Iterator[T]:
        """What was found in a file, part by part; nothing where it is ``unread`` or ``unsealed``."""
        head = self._files.found(path)
        if head.reason:
            self.unread[path] = head.reason
            return
        if path in self._sealed and head.found.hashed not in self._sealed[path].seals:
            self.unsealed.append(path)
            return
        yield from self._files.rows(path, self._codec)
        self.done_bytes += head.size
