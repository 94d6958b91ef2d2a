"""What ``preserve repair`` does: makes a damaged collection whole again from copies.

Tested by ``tests/scenarios/test_repair.py``.
"""

import os
import shlex
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from preserve.cli.shared.common import Place, counted, no_file, with_options
from preserve.cli.shared.progress import ProgressLine
from preserve.cli.shared.trusting import read_trust
from preserve.config.stores import names_store
from preserve.errors import NotHeldError, PreserveError
from preserve.formats.tlog.note import Signer, Verifier
from preserve.integrity.repair.collection import Plan, Repaired, Repairer
from preserve.integrity.repair.copies import Copies, StoreCopy
from preserve.model import check_collection_name
from preserve.provenance.founding import load_signer
from preserve.provenance.keys import passphrase
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.session import Writer
from preserve.store.archive import open_archive
from preserve.store.layout import CollectionPaths
from preserve.text import terminal_line

if TYPE_CHECKING:
    from preserve.cli.shared.answers import RepairAnswer


def repair(place: Place, *, collection: str, copies: tuple[str, ...], do: bool, trust: tuple[Path, ...]) -> int:
    """Make COLLECTION whole again."""
    for copy in copies:
        if not names_store(copy) and not Path(copy).exists():
            raise no_file(copy, kind="folder or file")
    paths = open_archive(place.archives, check_collection_name(collection), damaged=True)
    with tempfile.TemporaryDirectory(prefix="preserve-") as folder, ProgressLine("files") as told:
        repairer = Repairer(
            paths=paths,
            copies=_opened(copies, paths.name, Path(folder)),
            known=_known(paths, place, trust),
            log=KnownLogs(place.keys).of_archive(paths),
            writer=partial(_writer, paths, place),
            now=datetime.now(UTC),
            progress=told,
        )
        done = repairer.apply() if do else repairer.look()
    place.emit(_json(done), _text(done, copies))
    if not done.plans:
        return 0
    return 0 if done.applied and done.is_whole else 1


def _opened(copies: Sequence[str], name: str, folder: Path) -> Copies:
    """The copies; ``folder`` is for what is fetched of those in stores."""
    stores = [_in_store(text, name, folder / str(number)) for number, text in enumerate(copies) if names_store(text)]
    return Copies([Path(text) for text in copies if not names_store(text)], stores)


def _in_store(text: str, name: str, folder: Path) -> StoreCopy:
    """The copy in a store, which is named with the collection or without, as a folder may be."""
    # What is there for stores brings what speaks to them.
    from preserve.objects.opening import open_store  # noqa: PLC0415

    above, _slash, last = text.rstrip("/").rpartition("/")
    try:
        return StoreCopy.of(open_store(text), name, folder / "above")
    except NotHeldError as error:
        if last == name and not above.endswith("/"):
            return StoreCopy.of(open_store(above), name, folder / "itself")
        raise NotHeldError(str(error), next_step="Name the store that `preserve replicate` copied it to.") from error


def _writer(paths: CollectionPaths, place: Place) -> Writer:
    return Writer.of(paths, place.keys, _signer(paths, place))


def _signer(paths: CollectionPaths, place: Place) -> Signer | None:
    """The log's key, where this user has it: without it, repairs are stated and signed by the next run that has."""
    try:
        return load_signer(paths, place.keys, secret=passphrase(os.environ))
    except PreserveError:
        return None


def _known(paths: CollectionPaths, place: Place, trust: tuple[Path, ...]) -> list[Verifier]:
    signer = _signer(paths, place)
    keys = list(read_trust(place, trust).keys)
    return [signer.verifier, *keys] if signer is not None else keys


def _json(done: Repaired) -> "RepairAnswer":
    return {
        "collection": done.collection,
        "applied": done.applied,
        "whole": done.is_whole,
        "files": [
            {
                "path": plan.path,
                "records": plan.records,
                "found": plan.found,
                "exact": plan.exact,
                "sources": list(plan.sources),
                "reason": plan.reason,
            }
            for plan in done.plans
        ],
        "quarantined": list(done.quarantined),
        "pending": done.pending,
    }


def _text(done: Repaired, copies: tuple[str, ...]) -> str:
    if not done.plans:
        lines = [f"{done.collection}: nothing to repair in its ledger and its WARC files"]
        if not done.applied:
            lines.append(f"  index and catalogue, if they are damaged: preserve rebuild {done.collection}")
        return "\n".join(lines) + "\n"
    lines = [f"{done.collection}: {_outcome(done)}"]
    lines += [f"  {terminal_line(plan.path, 160)}: {_line(plan, applied=done.applied)}" for plan in done.plans]
    lines += [f"  moved to quarantine/: {terminal_line(name, 160)}" for name in done.quarantined]
    if done.pending:
        told = counted(done.pending, "statement")
        lines.append(f"  under no checkpoint yet, for the log's key was not at hand: {told}")
    if not done.applied:
        sources = [f"--from {shlex.quote(copy)}" for copy in copies]
        command = with_options(" ".join(["preserve repair", done.collection, *sources, "--apply"]))
        lines.append(f"  next: make a copy of the collection as it is; then: {command}")
    return "\n".join(lines) + "\n"


def _outcome(done: Repaired) -> str:
    if done.applied:
        return "whole again" if done.is_whole else "NOT whole yet"
    return "can be made whole" if done.is_whole else "CANNOT be made whole from these copies"


def _line(plan: Plan, *, applied: bool) -> str:
    verb = "restored" if applied else "can be restored"
    source = f" from {', '.join(terminal_line(source, 120) for source in plan.sources[:3])}" if plan.sources else ""
    if plan.exact:
        return f"{verb} to the byte{source}"
    if plan.found and plan.is_whole:
        return f"{verb}, all {counted(plan.records, 'record')}, in another compression where need be{source}"
    if plan.found:
        return f"{verb} in part, {plan.found:,} of {counted(plan.records, 'record')}{source}; {plan.reason}"
    return f"cannot be restored: {plan.reason or 'no copy has it'}"
