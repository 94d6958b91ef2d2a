"""Where records lie, read with as many processes as there are processors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from preserve.model import RecordPlace
from preserve.provenance.derive import PlacesIn
from preserve.readers.segments import SegmentReader
from preserve.store.layout import CollectionPaths, name_when_sealed
from preserve.store.warcfile import FoundRecord, container_of, found_records, places_of


@contextmanager
def place_reader(paths: CollectionPaths, *, processes: int | None = None) -> Iterator[PlacesIn]:
    """What reads the files of a collection. Enter it before any thread is started and any lock is held: it forks.

    ``processes`` None: as many as there are processors, and none but this where there is little to read.
    """
    files = paths.archive.glob("*") if paths.archive.is_dir() else ()
    total = sum(path.stat().st_size for path in files if path.is_file())
    with SegmentReader[FoundRecord](found_records, processes=processes, total_bytes=total) as segments:

        def places_in(path: Path) -> Iterator[tuple[RecordPlace, str]]:
            container = container_of(path)
            if container is not None:
                yield from places_of(name_when_sealed(path.name), segments.over(path, container))

        yield places_in
