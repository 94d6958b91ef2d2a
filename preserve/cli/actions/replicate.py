"""What ``preserve replicate`` does: a second copy of a collection, on another disk or in object storage.

Tested by ``tests/scenarios/test_copies.py`` and ``tests/scenarios/test_object_copies.py``.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from preserve.cli.shared.common import Place, counted, human_bytes
from preserve.cli.shared.loading import collections_to_read
from preserve.cli.shared.progress import ProgressLine
from preserve.cli.shared.trusting import read_trust
from preserve.config.stores import names_store
from preserve.errors import CancelledError
from preserve.findings import CODES
from preserve.integrity.replica_source import Relation, Replicated
from preserve.integrity.replicate import replicate as bring_up_to_date
from preserve.progress import Tell
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.trust import Trust
from preserve.store.archive import open_archive
from preserve.store.layout import CollectionPaths
from preserve.text import terminal_line

if TYPE_CHECKING:
    from preserve.cli.shared.answers import ReplicatedAnswer

_WORDS = {
    Relation.NEW: "no copy yet",
    Relation.SAME: "the copy is the same",
    Relation.OLDER: "the copy is older",
    Relation.NEWER: "the copy is newer; nothing is copied back",
    Relation.FORKED: "the copy has another history",
    Relation.LINKED: "there is no second copy",
    Relation.REFUSED: "this log is not one to copy",
}


def replicate(
    place: Place, *, dest: str, collection: tuple[str, ...], dry_run: bool, check: bool, trust: tuple[Path, ...]
) -> int:
    """Bring the copies of collections below the folder DEST up to date (of all that are held, if none is named)."""
    done: list[Replicated] = []
    believed, logs = read_trust(place, trust), KnownLogs(place.keys)
    copy = _copier(dest, logs=logs, trust=believed, only_look=dry_run, rehash=check)
    with ProgressLine("files") as told:
        for name in collections_to_read(place, collection):
            paths = open_archive(place.archives, name)
            try:
                done.append(copy(paths, told))
            except KeyboardInterrupt:
                raise CancelledError(f"{name}: not copied to its end", next_step="Run it again: it goes on.") from None
    has_findings = any(item.findings for item in done)
    place.emit(
        {"collections": [_json(item) for item in done]},
        "".join(_text(item, dry_run=dry_run) for item in done),
        all_is_well=not has_findings,
    )
    return 1 if has_findings else 0


def _copier(
    dest: str, *, logs: KnownLogs, trust: Trust, only_look: bool, rehash: bool
) -> Callable[[CollectionPaths, Tell], Replicated]:
    """What brings one collection's copy up to date: in a folder, or in a store."""
    if not names_store(dest):
        return lambda paths, told: bring_up_to_date(
            paths, Path(dest), logs=logs, trust=trust, only_look=only_look, rehash=rehash, progress=told
        )
    # What is there for stores brings what speaks to them.
    from preserve.integrity.locks import days_of  # noqa: PLC0415
    from preserve.integrity.replicate_objects import replicate_to_store  # noqa: PLC0415
    from preserve.objects.opening import open_store  # noqa: PLC0415

    store, days = open_store(dest), days_of(os.environ)
    return lambda paths, told: replicate_to_store(
        paths, store, logs=logs, trust=trust, only_look=only_look, rehash=rehash, lock_days=days, progress=told
    )


def _json(item: Replicated) -> "ReplicatedAnswer":
    return {
        "collection": item.collection,
        "relation": str(item.relation),
        "complete": item.complete,
        "statements": item.statements,
        "files": item.files,
        "copied": list(item.copied),
        "bytes_copied": item.bytes_copied,
        "pending": item.pending,
        "locks": None
        if item.locks is None
        else {
            "files": item.locks.files,
            "locked": item.locks.locked,
            "until": item.locks.until,
            "trouble": item.locks.trouble,
        },
        "findings": [{"code": f.code, "where": f.where, "detail": f.detail} for f in item.findings],
    }


def _text(item: Replicated, *, dry_run: bool) -> str:
    verb = "to copy" if dry_run else "copied"
    done = f"{counted(len(item.copied), 'file')} {verb}, {human_bytes(item.bytes_copied)}"
    lines = [f"{item.collection}: {_WORDS[item.relation]}; {done}"]
    if item.complete and not dry_run and item.relation is not Relation.NEWER:
        lines.append(f"  complete: {counted(item.files, 'WARC file')}, {counted(item.statements, 'statement')}")
    elif not item.complete:
        lines.append("  not complete: the copy's checkpoint is as it was")
    if item.pending:
        lines.append(f"  under no checkpoint yet, and copied with the next: {counted(item.pending, 'statement')}")
    if item.locks is not None:
        lines.append(f"  object lock: {terminal_line(item.locks.told, 160)}")
    lines += [f"  {f.code}  {terminal_line(f.where, 160)}: {terminal_line(f.detail, 160)}" for f in item.findings]
    lines += [f"    next: {CODES[code].next_step}" for code in sorted({f.code for f in item.findings})]
    return "\n".join(lines) + "\n"
