"""What ``preserve import`` does: files that other programs made, taken in as evidence.

Tested by ``tests/scenarios/test_import.py``.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from preserve.cli.shared.common import Place, counted, say
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.progress import ProgressLine
from preserve.errors import CancelledError, UsageError
from preserve.findings import CODES
from preserve.integrity.importing.files import Imported, Importer
from preserve.model import check_collection_name
from preserve.provenance.founding import found_archive
from preserve.provenance.keys import passphrase
from preserve.store.archive import list_collections
from preserve.text import terminal_line

if TYPE_CHECKING:
    from preserve.cli.shared.answers import ImportedAnswer
from preserve.cli.shared.output import check_inputs


def import_files(
    place: Place, *, files: tuple[Path, ...], into: str | None, damaged: bool, processes: int | None
) -> int:
    """Take WARC, ARC and WACZ files of other programs into a collection as evidence."""
    check_inputs(files)
    name = _collection(place, into)
    founded = found_archive(place.archives, name, keys=place.keys, secret=passphrase(os.environ))
    if founded.created:
        say(f"The signing key is {founded.key_file}. Keep a copy of it somewhere safe: the archive does not hold it.")
    with ProgressLine("records", total_bytes=sum(path.stat().st_size for path in files)) as told:
        importer = Importer(
            paths=founded.paths,
            writer=founded.writer,
            layouts=all_layouts(place),
            now=datetime.now(UTC),
            processes=processes,
            take_damaged=damaged,
            progress=told,
        )
        try:
            done = importer.run(files)
        except KeyboardInterrupt:
            raise CancelledError(
                f"{name}: the import was cut short",
                next_step=f"Run `preserve import --into {name}`: it finishes the file at hand. Then name the others.",
            ) from None
    is_refused = any(item.outcome == "refused" for item in done)
    place.emit(
        {"collection": name, "files": [_json(item) for item in done]}, _texts(name, done), all_is_well=not is_refused
    )
    return 1 if is_refused else 0


def _collection(place: Place, into: str | None) -> str:
    if into is not None:
        return check_collection_name(into)
    names = list_collections(place.archives)
    if len(names) != 1:
        raise UsageError(
            f"{len(names) or 'no'} collections are held under {place.archives}", next_step="Name one with --into."
        )
    return names[0]


def _json(item: Imported) -> "ImportedAnswer":
    return {
        "source": item.source,
        "outcome": item.outcome,
        "file": item.file,
        "records": item.records,
        "cables": item.cables,
        "lacks": dict(item.lacks),
        "reason": item.reason,
    }


def _texts(name: str, done: Sequence[Imported]) -> str:
    return "".join(_text(item) for item in done) or f"{name}: no import was cut short, and no file was named\n"


def _text(item: Imported) -> str:
    source = terminal_line(item.source, 200)
    if item.outcome == "held":
        return f"{source}: held already, as {item.file}\n"
    if item.outcome == "refused":
        lines = [f"{source}: refused: {terminal_line(item.reason, 300)}"]
        if item.lacks:
            lines.append("  next: get a better copy, or take it in as it is with --damaged")
    else:
        lines = [f"{source}: {counted(item.records, 'record')}, {counted(item.cables, 'cable')}, as {item.file}"]
    lines += _lacks(item)
    return "\n".join(lines) + "\n"


def _lacks(item: Imported) -> Sequence[str]:
    return [f"  {code}  {counted(count, 'time')}: {CODES[code].meaning}" for code, count in sorted(item.lacks.items())]
