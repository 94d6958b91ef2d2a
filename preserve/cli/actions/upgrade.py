"""What ``preserve upgrade`` does: says what this version makes of an archive, and states what it checked.

Tested by ``tests/scenarios/test_upgrade.py``.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from preserve import PROGRAM
from preserve.cli.shared.common import Place, counted
from preserve.cli.shared.loading import all_layouts, collections_to_read
from preserve.cli.shared.progress import ProgressLine
from preserve.cli.shared.tones import toned
from preserve.errors import BrokenStateError
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.integrity.verify.stating import state_fixity
from preserve.provenance.derive import rebuild, refuse
from preserve.provenance.founding import load_writer
from preserve.provenance.keys import passphrase
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import UnknownStatement
from preserve.store.archive import ARCHIVE_FORMAT, open_archive
from preserve.store.catalogue import Catalogue
from preserve.store.durable import Lock
from preserve.store.layout import CollectionPaths

if TYPE_CHECKING:
    from preserve.cli.shared.answers import UpgradedAnswer

AS_IT_IS, AGAIN = "as this version has it", "to be made again"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradePlan:
    """What an archive has, and what this version would do. ``derived``: by name, `AS_IT_IS` or `AGAIN`."""

    statements: int
    newer: int
    derived: dict[str, str]

    @property
    def is_nothing(self) -> bool:
        """Whether nothing has to be made again."""
        return AGAIN not in self.derived.values()


def upgrade(place: Place, *, collections: Sequence[str], do: bool) -> int:
    """Show what this version makes of collections; with ``do``, make again what is derived, verify, and state that."""
    done = []
    for name in collections_to_read(place, collections):
        paths = open_archive(place.archives, name)
        plan = _plan(paths)
        done.append(_applied(place, paths, plan) if do else _told(paths, plan))
    is_good = all(one["good"] is not False for one in done)
    place.emit({"program": PROGRAM, "collections": done}, "".join(map(_text, done)), all_is_well=is_good)
    return 0 if is_good else 1


def _plan(paths: CollectionPaths) -> UpgradePlan:
    ledger = Ledger.of_user(paths)
    newer = sum(isinstance(statement, UnknownStatement) for _index, statement in ledger.statements())
    is_right = paths.catalogue.is_file()
    try:
        if is_right:
            with Catalogue.open(paths, read_only=True) as catalogue:
                is_right = catalogue.ledger_size == ledger.size
    except BrokenStateError:
        is_right = False
    return UpgradePlan(
        statements=ledger.size,
        newer=newer,
        derived={
            "catalogue": AS_IT_IS if is_right else AGAIN,
            "index": AS_IT_IS if paths.index.is_file() else AGAIN,
        },
    )


def _told(paths: CollectionPaths, plan: UpgradePlan, *, good: bool | None = None, stated: int = 0) -> "UpgradedAnswer":
    return {
        "collection": paths.name,
        "format": ARCHIVE_FORMAT,
        "statements": plan.statements,
        "newer_statements": plan.newer,
        "derived": plan.derived,
        "applied": good is not None,
        "good": good,
        "files_stated": stated,
    }


def _applied(place: Place, paths: CollectionPaths, plan: UpgradePlan) -> "UpgradedAnswer":
    refuse(paths.name, plan.newer)
    if not plan.is_nothing:
        with Lock(paths.lock, f"preserve upgrade {paths.name}"), ProgressLine("statements") as told:
            rebuild(paths, Ledger.of_user(paths), progress=told)
    with ProgressLine("statements") as told:
        began = datetime.now(UTC)
        report = verify(paths, all_layouts(place), VerifyOptions(logs=KnownLogs(place.keys), deep=100.0, progress=told))
    stated = 0
    if report.good:
        writer = load_writer(paths, place.keys, secret=passphrase(os.environ))
        stated = state_fixity(paths, writer, report, checked=began)
    return _told(paths, plan, good=report.good, stated=stated)


def _text(one: "UpgradedAnswer") -> str:
    lines = [f"{one['collection']}: archive format {one['format']}, which {PROGRAM} writes"]
    newer = f"; {one['newer_statements']:,} by a newer version" if one["newer_statements"] else ", all of them known"
    lines += [
        f"  ledger     {counted(one['statements'], 'statement')}{newer}",
        "  evidence   WARC files, statements, checkpoints, receipts: never rewritten",
        *(f"  {name:<10} {state}" for name, state in one["derived"].items()),
    ]
    if not one["applied"]:
        name = one["collection"]
        lines.append(f"  next: preserve upgrade {name} --apply verifies everything, and states that it did")
    elif one["good"]:
        lines.append(f"  {toned('good')}       {counted(one['files_stated'], 'file')} stated as read record by record")
    else:
        lines.append(f"  {toned('DAMAGED')}    nothing is stated: run `preserve verify {one['collection']}`")
    return "\n".join(lines) + "\n"
