"""What ``preserve verify`` does: checks collections against their ledgers, and files by themselves.

Tested by ``tests/scenarios/test_damage.py``.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from preserve.cli.shared.common import Place, counted, no_file, note, say
from preserve.cli.shared.progress import ProgressLine
from preserve.cli.shared.trusting import read_trust
from preserve.cli.shared.verify_report import as_json, as_text
from preserve.config.place import user_folder
from preserve.config.stores import names_store
from preserve.errors import CancelledError, PreserveError, UsageError
from preserve.integrity.record import RecordQuery
from preserve.integrity.scan import Scanner
from preserve.integrity.verify.report import Level, Report
from preserve.model import format_utc
from preserve.provenance.checknotes import note_check
from preserve.provenance.keys import passphrase
from preserve.provenance.trust import Trust
from preserve.store.checks import Check
from preserve.store.durable import write_atomic
from preserve.store.layout import CollectionPaths

if TYPE_CHECKING:
    from preserve.cables.page.layouts import Layout
    from preserve.integrity.verify.collection import CollectionCheck, VerifyOptions


def verify(  # noqa: PLR0913 - one for each option
    place: Place,
    *,
    what: tuple[str, ...],
    structure: bool,
    sample: float | None,
    deep: bool,
    deepen: float | None,
    state: bool,
    processes: int | None,
    engine: str | None,
    second_reader: bool,
    report_file: Path | None,
    trust: tuple[Path, ...],
) -> int:
    """Check collections against their ledgers (all that are held, if none is named), or WARC, ARC and WACZ files."""
    level = _level(structure=structure, sample=sample)
    stores = [text for text in what if names_store(text)]
    files, names = _sorted_out([text for text in what if text not in stores])
    _check_depth(level, is_asked=deep or deepen is not None or state, with_files=bool(files))
    if stores and (sample is not None or second_reader or state or deepen is not None):
        raise UsageError(
            "--sample, --deepen, --second-reader and --state are for collections on this machine",
            next_step="Leave it out.",
        )
    is_other = second_reader or state or sample is not None or deepen is not None or processes is not None
    if engine is not None and (files or is_other):
        raise UsageError(
            "--on is for collections, without --sample, --deepen, --state, --second-reader and --processes",
            next_step="Leave one of them out.",
        )
    reports: list[Report] = []
    believed = read_trust(place, trust)
    if files:
        reports += _files(files, level, processes, (believed, place.keys), second_reader=second_reader)
    if stores or names or not files:
        from preserve.integrity.verify.collection import VerifyOptions  # noqa: PLC0415 - of a file less is checked
        from preserve.provenance.knownlogs import KnownLogs  # noqa: PLC0415

        options = VerifyOptions(
            level=level,
            trust=believed,
            logs=KnownLogs(place.keys),
            processes=processes,
            second_reader=second_reader,
            deep=100.0 if deep or engine is not None else deepen or 0.0,
            state=state_folder(os.environ) if engine is None else None,
        )
        with _checking(engine) as check:
            # Before the stores, whose client has threads: beside threads no process is forked.
            held = _collections(place, names, options, check, is_stated=state) if names or not what else []
            if stores:
                from preserve.cli.actions.verify_objects import verify_stores  # noqa: PLC0415 - it brings what reads them

                reports += verify_stores(place, stores, options, check)
            reports += held
    if report_file is not None:
        from preserve.cli.shared.verify_html import as_html  # noqa: PLC0415 - it brings what writes HTML

        write_atomic(report_file, as_html(reports, format_utc(datetime.now(UTC))))
    key = "files" if files and not names and not stores else "collections"
    text = "\n".join(as_text(report) for report in reports)
    is_spotless = all(report.spotless for report in reports)
    place.emit({key: [as_json(report) for report in reports]}, text, all_is_well=is_spotless)
    return 0 if is_spotless else 1


def _check_depth(level: Level, *, is_asked: bool, with_files: bool) -> None:
    """What is read again, and what is stated, is a matter of collections that are read whole."""
    if is_asked and (level.name != "full" or with_files):
        raise UsageError(
            "--deep, --deepen and --state are for collections, without --structure and --sample",
            next_step="Leave one of them out.",
        )


def state_folder(environment: Mapping[str, str]) -> Path:
    """Where the notes of stopped verifications lie: ``$XDG_STATE_HOME/preserve/verify``."""
    return user_folder("state", environment) / "preserve" / "verify"


def _level(*, structure: bool, sample: float | None) -> Level:
    if structure and sample is not None:
        raise UsageError("--structure reads no record, --sample reads some", next_step="Give one of them.")
    if structure:
        return Level(name="structure")
    return Level() if sample is None else Level(name="sample", percent=sample)


def _sorted_out(what: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Files, and names of collections: what has a dot or a slash in it is a file."""
    files = [Path(text) for text in what if "/" in text or "." in text or Path(text).is_file()]
    for path in files:
        if path.is_dir():
            raise UsageError(
                f"{path} is a folder", next_step="Name a collection, with --archives for where it is, or single files."
            )
        if not path.is_file():
            raise no_file(path)
    return files, [text for text in what if Path(text) not in files]


@contextmanager
def _checking(engine: str | None) -> "Iterator[CollectionCheck]":
    """What checks a collection: this process, or with files that are read by an engine (``--on``)."""
    from preserve.integrity.verify.collection import verify as verify_collection  # noqa: PLC0415 - of a file less is checked

    if engine is None:
        yield verify_collection
        return
    from preserve.cluster.opening import open_engine, open_readings, results_folder  # noqa: PLC0415 - not every check needs it

    with open_engine(engine) as opened:

        def check(paths: CollectionPaths, layouts: "Mapping[str, Layout]", options: "VerifyOptions") -> Report:
            with open_readings(opened, results_folder(os.environ), paths, layouts, options) as readings:
                return verify_collection(paths, layouts, replace(options, readings=readings))

        yield check


def _collections(
    place: Place, names: Sequence[str], options: "VerifyOptions", check: "CollectionCheck", *, is_stated: bool
) -> list[Report]:
    from preserve.cli.shared.loading import all_layouts, collections_to_read  # noqa: PLC0415 - of files none is needed
    from preserve.store.archive import check_readable, open_archive  # noqa: PLC0415

    layouts = all_layouts(place)
    reports = []
    for name in collections_to_read(place, names):
        paths = open_archive(place.archives, name, damaged=True)
        check_readable(paths)
        with ProgressLine("statements", total_bytes=_size(paths)) as told:
            started = int(time.time())
            try:
                reports.append(check(paths, layouts, replace(options, progress=told)))
            except KeyboardInterrupt:
                raise CancelledError(
                    f"{name}: not checked to its end",
                    next_step="Run it again: files that were found whole are not read for their records again.",
                ) from None
        stated = _state(place, paths, reports[-1], started) if is_stated else 0
        _note(place, name, reports[-1], started, stated=stated)
    return reports


def _size(paths: CollectionPaths) -> int:
    """Bytes of the WARC files."""
    return sum(path.stat().st_size for path in paths.archive.glob("*") if path.is_file())


def _state(place: Place, paths: CollectionPaths, report: Report, started: int) -> int:
    """States what was read; that it cannot be stated takes nothing from what was found. Returns how many statements."""
    from preserve.integrity.verify.stating import state_fixity  # noqa: PLC0415 - what writes to an archive
    from preserve.provenance.founding import load_writer  # noqa: PLC0415

    try:
        writer = load_writer(paths, place.keys, secret=passphrase(os.environ))
        count = state_fixity(paths, writer, report, checked=datetime.fromtimestamp(started, UTC))
    except PreserveError as error:
        say(f"preserve: {paths.name}: what was read is not stated in the ledger: {error}")
        return 0
    note(f"{paths.name}: {counted(count, 'file')} stated as read record by record")
    return count


def _note(place: Place, name: str, report: Report, started: int, *, stated: int) -> None:
    """Notes what was found, for the dates of `preserve status`; an archive that cannot be written to is checked too."""
    check = Check(
        level=report.level.split()[0],
        started=started,
        ended=int(time.time()),
        good=report.good,
        records=report.records,
        bytes_read=report.bytes_read,
        statements=None if report.statements is None else report.statements + stated,
        codes=dict(sorted(Counter(f.code for f in report.findings).items())),
    )
    try:
        note_check(place.archives, name, check)
    except (OSError, PreserveError) as error:
        say(f"preserve: the date of this check is not noted for `preserve status`: {error}")


def _files(
    files: Sequence[Path],
    level: Level,
    processes: int | None,
    reader: tuple[Trust, Path],
    *,
    second_reader: bool,
) -> list[Report]:
    if level.name == "sample":
        raise UsageError("--sample is for collections: of a file, every record is read")
    from preserve.integrity.verify.foreign import is_package, verify_files  # noqa: PLC0415

    trust, keys = reader
    authorities = believed = None
    has_packages = any(map(is_package, files))
    if has_packages:
        # What checks packages brings certificates.
        from preserve.formats.waczsignature import Authorities  # noqa: PLC0415
        from preserve.integrity.verify.package_check import Believed  # noqa: PLC0415
        from preserve.provenance.knownlogs import KnownLogs  # noqa: PLC0415

        authorities = Authorities(now=datetime.now(UTC), roots=trust.roots, intermediates=trust.intermediates)
        believed = Believed(trust=trust, logs=KnownLogs(keys))
    is_full = level.name == "full"
    # The ledger in a package names records by their hashes.
    wanted = RecordQuery(digests=is_full, identity=is_full and has_packages)
    total = sum(path.stat().st_size for path in files)
    with (
        Scanner(wanted, processes=processes, total_bytes=total) as scanner,
        ProgressLine("records", total_bytes=total) as told,
    ):
        return verify_files(
            files,
            scanner,
            authorities=authorities,
            believed=believed,
            digests=wanted.digests,
            second_reader=second_reader,
            progress=told,
        )
