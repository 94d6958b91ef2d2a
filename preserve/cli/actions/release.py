"""What ``preserve release`` does: declares a release, and takes a dump in as one.

Tested by ``tests/scenarios/test_releases.py``.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import yaml

from preserve.cli.shared.common import Place, counted, say
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.output import check_inputs, opened_output
from preserve.cli.shared.progress import ProgressLine
from preserve.config.checked import check
from preserve.config.folder import load_releases
from preserve.config.place import bundled_config_dir
from preserve.config.release import ReleaseConfig, is_release_name
from preserve.errors import CancelledError, UsageError
from preserve.integrity.importing.dump import DumpImport, declared_statement
from preserve.model import check_collection_name
from preserve.provenance.founding import found_archive, load_writer
from preserve.provenance.keys import passphrase
from preserve.provenance.session import WritingSession
from preserve.provenance.statements import ReleaseStatement
from preserve.store.archive import open_archive
from preserve.store.durable import make_dir
from preserve.text import terminal_line


def add(  # noqa: PLR0913 - one for each option
    place: Place,
    *,
    name: str,
    title: str | None,
    publisher: str,
    released: str | None,
    counter: int | None,
    sources: tuple[str, ...],
    known_from: tuple[str, ...],
    note: str,
    into: str | None,
) -> int:
    """Declare the release NAME: write releases/NAME.yaml in the folder of configuration."""
    known = load_releases(place.config_dir).get(name)
    told: dict[str, object] = {
        "title": title,
        "publisher": publisher,
        "released": released,
        "counter": counter,
        "sources": list(sources),
        "known_from": list(known_from),
        "note": note,
    }
    given = {key: value for key, value in told.items() if value not in (None, "", [])}
    path: Path | None = None
    if known is not None and (given or into is None):
        raise UsageError(
            f"the release {name} is declared already",
            next_step="Edit its file, or give only --into COLLECTION to state it there.",
        )
    if known is None:
        known, path = _written(place, name, given)
    if into is not None:
        _state(place, into, known)
    data = {"release": name, "file": None if path is None else str(path), "stated_in": into}
    lines = [f"written to {path}"] if path is not None else []
    place.emit(data, "\n".join([*lines, *([f"{name} is stated in {into}"] if into else [])]))
    return 0


def _written(place: Place, name: str, given: dict[str, object]) -> tuple[ReleaseConfig, Path]:
    if not is_release_name(name):
        raise UsageError(
            f"a release cannot be called {name[:70]!r}", next_step="Use small letters, digits, points and hyphens."
        )
    if place.config_dir == bundled_config_dir():
        raise UsageError(
            "the folder of configuration is the program's own",
            next_step="Make a folder config/releases here, or give --config FOLDER.",
        )
    path = place.config_dir / "releases" / f"{name}.yaml"
    text = yaml.safe_dump(given, allow_unicode=True, sort_keys=False).encode("utf-8")
    declared = check(text, ReleaseConfig, source=f"release {name}", name=name)
    make_dir(path.parent)
    with opened_output(path) as file:
        file.write(text)
    return declared, path


def _state(place: Place, into: str, declared: ReleaseConfig) -> None:
    paths = open_archive(place.archives, check_collection_name(into))
    writer = load_writer(paths, place.keys, secret=passphrase(os.environ))
    kinds = (ReleaseStatement,)
    with WritingSession(paths, writer, command=f"release add {into}", kinds=kinds) as session:
        session.state([declared_statement(declared, None, datetime.now(UTC))])
        session.finish()


def import_dump(place: Place, *, dump: Path, into: str, name: str, processes: int | None) -> int:
    """Take DUMP, a table with a cable a row such as cables.csv, into a collection: every row is kept as evidence."""
    check_inputs([dump])
    declared = load_releases(place.config_dir)
    if name not in declared:
        raise UsageError(
            f"no release is declared as {name!r}",
            next_step=f"Declare it with `preserve release add`; known are {', '.join(declared)}.",
        )
    founded = found_archive(place.archives, check_collection_name(into), keys=place.keys, secret=passphrase(os.environ))
    if founded.created:
        say(f"The signing key is {founded.key_file}. Keep a copy of it somewhere safe: the archive does not hold it.")
    with ProgressLine("rows") as told:
        order = DumpImport(
            paths=founded.paths,
            writer=founded.writer,
            layouts=all_layouts(place),
            release=declared[name],
            now=datetime.now(UTC),
            processes=processes,
            progress=told,
        )
        try:
            taken = order.run(dump)
        except KeyboardInterrupt:
            raise CancelledError(
                f"{into}: the import was cut short", next_step="Run the same command again: it finishes it."
            ) from None
    took = taken.dump
    what = "held already" if taken.outcome == "held" else "imported"
    text = (
        f"{terminal_line(took.name, 200)}: {what} as {took.file}, release {name}: {counted(took.rows, 'row')}, "
        f"{counted(took.cables, 'cable')}, {counted(took.unreadable, 'row')} that cannot be read\n"
    )
    said = {"collection": into, "release": name, "outcome": taken.outcome, **msgspec.structs.asdict(took)}
    place.emit(said, text)
    return 1 if took.unreadable else 0
