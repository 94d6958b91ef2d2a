"""What ``preserve extract`` does: the cables in WARC files, saved pages and tables, as JSON lines or as a table.

Tested by ``tests/unit/readers/test_extract.py``.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from preserve.cables.page.layouts import compile_layouts
from preserve.cli.shared.common import counted, note, say
from preserve.cli.shared.engines import PartsHere, PartsReader, check_engine, check_unread, fault_lines, parts_elsewhere
from preserve.cli.shared.output import check_inputs, opened_output
from preserve.cli.shared.progress import ProgressLine
from preserve.cli.shared.stores import NamedFiles
from preserve.config.configcache import cached_layouts
from preserve.config.place import find_config_dir
from preserve.errors import UsageError
from preserve.readers.extract import Extracted, ExtractedPart, ExtractOptions, cables_of, extract_files, extracted_parts
from preserve.readers.segments import SegmentReader
from preserve.text import terminal_line


def extract(  # noqa: PLR0913 - one for each option
    *,
    files: tuple[Path | str, ...],
    config_dir: Path | None,
    output: Path | None,
    form: str,
    chosen: tuple[str, ...],
    message: bool,
    only_cables: bool,
    processes: int | None,
    engine: str | None,
) -> int:
    """Read the cables in FILEs: WARC and ARC files, saved pages, and tables with a cable a row such as cables.csv."""
    output = None if str(output) == "-" else output
    named = NamedFiles(files)
    check_engine(engine, processes)
    check_inputs(named.here, output=output)
    layouts = compile_layouts(cached_layouts(find_config_dir(config_dir)))
    for name in chosen:
        if name not in layouts:
            raise UsageError(f"no layout is called {name!r}", next_step=f"Known are {', '.join(sorted(layouts))}.")
    some = tuple(layouts[name] for name in chosen) or tuple(layouts.values())
    options = ExtractOptions(layouts=some, message=message, only_cables=only_cables)
    total = sum(path.stat().st_size for path in named.here)
    done: list[Extracted] = []
    with (
        _reader(named, total, processes, engine, options) as reader,
        ProgressLine("cables", total_bytes=None if named.has_stores else total) as told,
        opened_output(output) as file,
        _writer(form, file) as write,
    ):
        for extracted in extract_files(
            named.paths(), reader.parts_in, write, lambda cables: told("files", cables, done_bytes=reader.done_bytes)
        ):
            done.append(extracted)
            for line in _words(named, extracted):
                say(line)
    cables, unknown = sum(item.cables for item in done), sum(item.unknown for item in done)
    note(f"{counted(cables, 'cable')}; {counted(unknown, 'page')} not recognised")
    check_unread(named, reader)
    return 1 if named.left_out or any(item.faults or item.findings for item in done) else 0


@contextmanager
def _reader(
    named: NamedFiles, total_bytes: int, processes: int | None, engine: str | None, options: ExtractOptions
) -> Iterator[PartsReader[ExtractedPart]]:
    if engine is not None:
        named.look_up()
        # What speaks to engines is loaded where one is named.
        from preserve.cluster.parts import EXTRACTED, ExtractWork  # noqa: PLC0415

        with parts_elsewhere(engine, named, ExtractWork(options), EXTRACTED) as reader:
            yield reader
        return
    look = partial(cables_of, options)
    with SegmentReader[ExtractedPart](look, processes=processes, total_bytes=total_bytes) as segments:
        yield PartsHere(segments, lambda reader, path: extracted_parts(reader, options, path))


@contextmanager
def _writer(form: str, file: IO[bytes]) -> Iterator[Callable[[bytes], object]]:
    """What takes lines in, some at a time, and writes them in a form."""
    if form == "jsonl":
        yield file.write
        return
    # Tables are loaded where one is wanted.
    from preserve.export.extracts import add_lines, extract_writer  # noqa: PLC0415

    with extract_writer(file) as writer:
        yield partial(add_lines, writer)


def _words(named: NamedFiles, extracted: Extracted) -> Sequence[str]:
    """What is to be said of a file beside its lines."""
    name = terminal_line(named.name_of(extracted.path), 200)
    words = fault_lines(name, extracted.faults, extracted.fault_count)
    words += [
        f"{terminal_line(where, 200)}: {finding.code} {terminal_line(finding.where, 100)}"
        + (f": {terminal_line(finding.detail, 200)}" if finding.detail else "")
        for where, finding in extracted.findings
    ]
    if more := extracted.finding_count - len(extracted.findings):
        words.append(f"{name}: {more:,} more findings, each in its line")
    return words
