"""What ``preserve extract`` does: the cables in WARC files, saved pages and tables, as JSON lines."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from preserve.cables.page.layouts import compile_layouts
from preserve.cli.shared.common import counted, note, say
from preserve.cli.shared.output import opened_output
from preserve.cli.shared.progress import ProgressLine
from preserve.config.configcache import cached_layouts
from preserve.config.place import find_config_dir
from preserve.errors import NotHeldError, UsageError
from preserve.readers.extract import Extracted, ExtractedPart, ExtractOptions, cables_of, extract_files
from preserve.readers.segments import SegmentReader
from preserve.text import terminal_line

_MOST_TOLD = 20


def extract(
    *,
    files: tuple[Path, ...],
    config_dir: Path | None,
    output: Path | None,
    chosen: tuple[str, ...],
    message: bool,
    only_cables: bool,
    processes: int | None,
) -> int:
    """Read the cables in FILEs: WARC and ARC files, saved pages, and tables with a cable a row such as cables.csv."""
    for path in files:
        if not path.is_file():
            raise NotHeldError(f"there is no file {path}")
        if output is not None and output.exists() and output.samefile(path):
            raise UsageError(f"{path} is to be read, and not to be written over")
    layouts = compile_layouts(cached_layouts(find_config_dir(config_dir)))
    for name in chosen:
        if name not in layouts:
            raise UsageError(f"no layout is called {name!r}", next_step=f"Known are {', '.join(sorted(layouts))}.")
    some = tuple(layouts[name] for name in chosen) or tuple(layouts.values())
    wish = ExtractOptions(layouts=some, message=message, only_cables=only_cables)
    total = sum(path.stat().st_size for path in files)
    done: list[Extracted] = []
    with (
        SegmentReader[ExtractedPart](partial(cables_of, wish), processes=processes, total_bytes=total) as stretches,
        ProgressLine("cables", total_bytes=total) as told,
        opened_output(output) as file,
    ):
        for extracted in extract_files(
            files, stretches, wish, file.write, lambda cables: told("files", cables, done_bytes=stretches.done_bytes)
        ):
            done.append(extracted)
            for line in _words(extracted):
                say(line)
    cables, unknown = sum(item.cables for item in done), sum(item.unknown for item in done)
    note(f"{counted(cables, 'cable')}; {counted(unknown, 'page')} not recognised")
    return 1 if any(item.faults or item.findings for item in done) else 0


def _words(extracted: Extracted) -> Sequence[str]:
    """What is to be said of a file beside its lines."""
    name = terminal_line(str(extracted.path), 200)
    words = [
        f"{name} at byte {offset}: {code}" + (f": {terminal_line(detail, 200)}" if detail else "")
        for offset, (code, detail) in extracted.faults[:_MOST_TOLD]
    ]
    if len(extracted.faults) > _MOST_TOLD:
        words.append(f"{name}: {len(extracted.faults) - _MOST_TOLD:,} more places are damaged")
    words += [
        f"{terminal_line(where, 200)}: {finding.code} {terminal_line(finding.where, 100)}"
        + (f": {terminal_line(finding.detail, 200)}" if finding.detail else "")
        for where, finding in extracted.findings[:_MOST_TOLD]
    ]
    if len(extracted.findings) > _MOST_TOLD:
        words.append(f"{name}: {len(extracted.findings) - _MOST_TOLD:,} more findings, each in its line")
    return words
