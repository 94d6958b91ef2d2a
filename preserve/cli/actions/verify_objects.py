"""What ``preserve verify s3://…`` does: checks copies in object storage as collections on this machine are checked.

Tested by ``tests/scenarios/test_verify_objects.py``.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from preserve.cli.shared.common import Place
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.progress import ProgressLine
from preserve.errors import CancelledError, UsageError
from preserve.findings import Claim, Finding
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.integrity.verify.fetched import FetchedFiles
from preserve.integrity.verify.report import Report
from preserve.model import check_collection_name
from preserve.objects.opening import open_store
from preserve.objects.port import ObjectStore
from preserve.objects.spool import spool_collection
from preserve.provenance.knownlogs import KnownLogs
from preserve.store.archive import read_marker


def verify_stores(place: Place, named: Sequence[str], manner: VerifyOptions) -> list[Report]:
    """A report for each collection, which is named with its store: ``s3://BUCKET/PREFIX/COLLECTION``."""
    layouts = all_layouts(place)
    reports = []
    for text in named:
        store, name = _of(text)
        with tempfile.TemporaryDirectory(prefix="preserve-") as folder, ProgressLine("statements") as told:
            try:
                listing, paths = spool_collection(store, name, Path(folder))
                read_marker(paths)
                report = verify(
                    paths,
                    layouts,
                    replace(
                        manner,
                        logs=KnownLogs(place.keys, at=store.place / name),
                        deep=100.0,
                        state=None,
                        fetched=FetchedFiles.of(store, listing, paths),
                        progress=told,
                    ),
                )
            except KeyboardInterrupt:
                raise CancelledError(f"{text}: not checked to its end", next_step="Run it again.") from None
        reports.append(_of_store(report, store, str(paths.root)))
    return reports


def _of(text: str) -> tuple[ObjectStore, str]:
    """The store, and the name of the collection in it."""
    above, _slash, name = text.rstrip("/").rpartition("/")
    try:
        store, checked = open_store(above), check_collection_name(name)
    except UsageError as error:
        raise UsageError(
            str(error), next_step="Name a collection with its store: s3://BUCKET/PREFIX/COLLECTION."
        ) from error
    return store, checked


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
