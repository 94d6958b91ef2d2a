"""What ``preserve verify s3://…`` does: checks copies in object storage as collections on this machine are checked.

Tested by ``tests/scenarios/test_verify_objects.py``.
"""

import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from preserve.cli.shared.common import Place
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.progress import ProgressLine
from preserve.cli.shared.stores import collection_in_store
from preserve.errors import BrokenStateError, CancelledError, UsageError
from preserve.findings import Claim, Finding
from preserve.integrity.locks import CopyLocks, days_of, look_at_locks
from preserve.integrity.verify.collection import CollectionCheck, VerifyOptions
from preserve.integrity.verify.fetched import FetchedFiles
from preserve.integrity.verify.report import Report
from preserve.objects.port import ObjectStore
from preserve.objects.spool import spool_collection
from preserve.provenance.knownlogs import KnownLogs
from preserve.store.archive import read_marker
from preserve.store.layout import CollectionPaths


def verify_stores(place: Place, named: Sequence[str], options: VerifyOptions, check: CollectionCheck) -> list[Report]:
    """A report for each collection, which is named with its store: ``s3://BUCKET/PREFIX/COLLECTION``.

    Raises:
        UsageError: a name is none of a collection in a store, or processes were asked for.
    """
    if options.processes is not None:
        raise UsageError(
            "--processes is for files of this machine: of a store one process reads",
            next_step="Have the files of a store read by several with --on processes:N.",
        )
    layouts, days = all_layouts(place), days_of(os.environ)
    reports = []
    for text in named:
        store, name = collection_in_store(text)
        # The copy may be brought up to date from here while it is read, which takes long.
        logs = KnownLogs(place.keys, at=store.place / name).as_now(store.place / name)
        with tempfile.TemporaryDirectory(prefix="preserve-") as folder, ProgressLine("statements") as told:
            try:
                listing, paths = spool_collection(store, name, Path(folder))
                _check_marker(store, paths)
                report = check(
                    paths,
                    layouts,
                    replace(
                        options,
                        logs=logs,
                        deep=100.0,
                        state=None,
                        # The client of the store has threads by now, and beside threads no process is forked.
                        processes=1,
                        fetched=FetchedFiles.of(store, listing, paths),
                        progress=told,
                    ),
                )
            except KeyboardInterrupt:
                raise CancelledError(f"{text}: not checked to its end", next_step="Run it again.") from None
        held = [path for path in listing.below(paths.archive.name) if "/" not in path]
        locks = look_at_locks(store, f"{name}/{paths.archive.name}", held, days=days, now=datetime.now(UTC))
        reports.append(_with_locks(_of_store(report, store, str(paths.root)), locks))
    return reports


def _check_marker(store: ObjectStore, paths: CollectionPaths) -> None:
    """Raises: BrokenStateError, NewerFormatError: see `read_marker`; of the copy, not of where it was fetched to."""
    try:
        read_marker(paths)
    except BrokenStateError as error:
        raise BrokenStateError(
            error.message.replace(str(paths.root), store.name),
            next_step=f"`preserve replicate {store.name} {paths.name}` puts a missing one there. One that is there and "
            "differs stays: find out who writes there, and copy to another prefix.",
        ) from error


def _with_locks(report: Report, locks: CopyLocks | None) -> Report:
    """The report with what keeps the files from being deleted."""
    if locks is None:
        return report
    return replace(report, claims=(*report.claims, locks.claim), findings=(*report.findings, *locks.findings))


def _of_store(report: Report, store: ObjectStore, folder: str) -> Report:
    """The report with places as the user knows them, and without advice for what lies on this machine."""

    def mended(text: str) -> str:
        return text.replace(folder, store.name)

    return replace(
        report,
        subject=f"{store.name}/{report.subject}",
        claims=tuple(Claim(name=each.name, verdict=each.verdict, detail=mended(each.detail)) for each in report.claims),
        findings=tuple(
            Finding(code=each.code, where=mended(each.where), detail=mended(each.detail)) for each in report.findings
        ),
        repair="",
    )
