"""What is held of a result does not grow with what is in it."""

import hashlib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from preserve.cluster.engine import NextTask, Outcome
from preserve.cluster.reading import EngineFiles
from preserve.cluster.results import ResultHead, Results, written
from preserve.cluster.rows import RECORDS
from preserve.cluster.task import FileTask
from preserve.integrity.facts import RecordFacts
from preserve.integrity.scan import ScannedRecord

JOB = "0" * 32
_PIECE_BYTES = 1 << 14


class _Pieces:
    """An engine whose results lie in files, and come from there piece by piece."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def work(self, next_task: NextTask) -> Iterator[Outcome]:
        while (task := next_task()) is not None:
            with (self._folder / task.name).open("rb") as file:
                yield Outcome(task, iter(lambda: file.read(_PIECE_BYTES), b""))

    def close(self) -> None:
        pass


def _rows(count: int) -> Iterator[ScannedRecord]:
    for number in range(count):
        # What nothing can be packed of: a result larger than what is read at once.
        text = hashlib.shake_128(str(number).encode()).digest(2048)
        yield ScannedRecord(number, 1, 0, RecordFacts(f"urn:{number}", "response", None, "2026", cables=(text,)))


def _peak(folder: Path, count: int) -> tuple[int, int]:
    """Size of a result of so many records, and the most bytes that were held while it came and was gone through."""
    folder.mkdir()
    name = "a.warc.gz"
    (folder / name).write_bytes(written(ResultHead(JOB, name, 3, "ab"), map(RECORDS.write, _rows(count))))
    results = Results(folder / "results", JOB, folder.stat().st_mtime)
    files = EngineFiles(_Pieces(folder), results, lambda path: path.name, lambda _path: "1")
    files.expect([Path(name)], lambda path: FileTask(JOB, "", "", str(path), path.name, None))
    tracemalloc.start()
    try:
        assert files.found(Path(name)).sha256 == "ab"
        assert sum(1 for _row in files.rows(Path(name), RECORDS)) == count
        return (folder / name).stat().st_size, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        results.close()


def test_of_a_large_result_as_much_is_held_as_of_a_small_one(tmp_path: Path) -> None:
    size, few = _peak(tmp_path / "few", 1_000)
    size_of_many, many = _peak(tmp_path / "many", 4_000)
    assert many - few < (size_of_many - size) / 4
