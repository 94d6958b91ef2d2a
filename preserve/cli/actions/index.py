"""What ``preserve index`` does: a CDXJ index of WARC and ARC files, whoever made them."""

from collections.abc import Sequence
from pathlib import Path

from preserve.cli.shared.common import say
from preserve.cli.shared.output import opened_output
from preserve.cli.shared.progress import ProgressLine
from preserve.errors import NotHeldError, UsageError
from preserve.readers.index import IndexedFile, captures_of, index_files
from preserve.readers.segments import SegmentReader
from preserve.text import terminal_line

_MOST_TOLD = 20


def index(*, files: tuple[Path, ...], output: Path | None, processes: int | None) -> int:
    """Make a CDXJ index, sorted, of WARC and ARC files, whoever made them: for pywb and other replayers."""
    for path in files:
        if not path.is_file():
            raise NotHeldError(f"there is no file {path}")
        if output is not None and output.exists() and output.samefile(path):
            raise UsageError(f"{path} is to be indexed, and not to be written over")
    total = sum(path.stat().st_size for path in files)
    with (
        SegmentReader(captures_of, processes=processes, total_bytes=total) as stretches,
        ProgressLine("records", total_bytes=total) as told,
        opened_output(output) as file,
    ):
        done = index_files(
            files,
            stretches,
            file.writelines,
            lambda records: told("files", records, done_bytes=stretches.done_bytes),
        )
    for indexed in done:
        for line in _words(indexed):
            say(line)
    return 1 if any(indexed.faults for indexed in done) else 0


def _words(indexed: IndexedFile) -> Sequence[str]:
    """What is to be said of a file beside its lines."""
    name = terminal_line(str(indexed.path), 200)
    words = [
        f"{name} at byte {offset}: {code}" + (f": {terminal_line(detail, 200)}" if detail else "")
        for offset, (code, detail) in indexed.faults[:_MOST_TOLD]
    ]
    if len(indexed.faults) > _MOST_TOLD:
        words.append(f"{name}: {len(indexed.faults) - _MOST_TOLD:,} more places are damaged")
    if indexed.shared:
        words.append(f"{name}: {indexed.shared:,} captures left out: several records are in one compressed piece")
    if indexed.unkeyed:
        words.append(f"{name}: {indexed.unkeyed:,} captures left out: their address or date is none")
    return words
