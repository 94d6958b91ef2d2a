"""What ``preserve index`` does: an index of WARC and ARC files, whoever made them, as CDXJ or as a table."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from preserve.cli.shared.common import say
from preserve.cli.shared.engines import PartsHere, PartsReader, check_engine, check_unread, fault_lines, parts_elsewhere
from preserve.cli.shared.output import check_inputs, opened_output
from preserve.cli.shared.progress import ProgressLine
from preserve.cli.shared.stores import NamedFiles
from preserve.readers.index import IndexedFile, IndexedPart, captures_of, index_files, indexed_parts
from preserve.readers.segments import SegmentReader
from preserve.text import terminal_line


def index(
    *, files: tuple[Path | str, ...], output: Path | None, form: str, processes: int | None, engine: str | None
) -> int:
    """Make an index, sorted, of WARC and ARC files, whoever made them: for pywb and other replayers, or as a table."""
    output = None if str(output) == "-" else output
    named = NamedFiles(files)
    check_engine(engine, processes)
    check_inputs(named.here, output=output)
    total = sum(path.stat().st_size for path in named.here)
    with (
        _reader(named, total, processes, engine, full=form == "parquet") as reader,
        ProgressLine("records", total_bytes=None if named.has_stores else total) as told,
        opened_output(output) as file,
    ):
        done = index_files(
            named.paths(),
            reader.parts_in,
            partial(_write_table, out=file) if form == "parquet" else file.writelines,
            lambda records: told("files", records, done_bytes=reader.done_bytes),
        )
    for indexed in done:
        for line in _words(named, indexed):
            say(line)
    check_unread(named, reader)
    return 1 if named.left_out or any(indexed.faults for indexed in done) else 0


@contextmanager
def _reader(
    named: NamedFiles, total_bytes: int, processes: int | None, engine: str | None, *, full: bool
) -> Iterator[PartsReader[IndexedPart]]:
    if engine is not None:
        named.look_up()
        # What speaks to engines is loaded where one is named.
        from preserve.cluster.parts import INDEXED, IndexWork  # noqa: PLC0415

        with parts_elsewhere(engine, named, IndexWork(full), INDEXED) as reader:
            yield reader
        return
    look = partial(captures_of, full=full)
    with SegmentReader[IndexedPart](look, processes=processes, total_bytes=total_bytes) as segments:
        yield PartsHere(segments, indexed_parts)


def _write_table(lines: Iterable[bytes], *, out: IO[bytes]) -> None:
    # Tables are loaded where one is wanted.
    from preserve.export.ccindex import rows_of_lines  # noqa: PLC0415
    from preserve.export.tables import TABLES, write_parquet  # noqa: PLC0415

    write_parquet(rows_of_lines(lines), out, TABLES["index"])


def _words(named: NamedFiles, indexed: IndexedFile) -> Sequence[str]:
    """What is to be said of a file beside its lines."""
    name = terminal_line(named.name_of(indexed.path), 200)
    words = fault_lines(name, indexed.faults, indexed.fault_count)
    if indexed.shared:
        words.append(f"{name}: {indexed.shared:,} captures left out: several records are in one compressed piece")
    if indexed.unkeyed:
        words.append(f"{name}: {indexed.unkeyed:,} captures left out: their address or date is none")
    return words
