"""What ``preserve export wacz``, ``bag`` and ``datacite`` do: a collection for other archives, and for readers.

Tested by ``tests/scenarios/test_export_bag.py``.
"""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from preserve import PROGRAM
from preserve.cli.shared.common import Place, counted, say
from preserve.cli.shared.loading import reading, title_of
from preserve.cli.shared.output import check_answer, file_fault, opened_output
from preserve.cli.shared.progress import ProgressLine
from preserve.cli.shared.search_indexes import asking
from preserve.cli.shared.trusting import read_trust
from preserve.config.folder import load_blocked
from preserve.errors import NotHeldError, UsageError
from preserve.export.bag import write_tags
from preserve.export.datacite import DepositFacts, DepositSaid
from preserve.export.datacite import datacite as describe
from preserve.export.wacz import PackageDone, PackageOrder, write_package
from preserve.findings import CODES
from preserve.formats.tlog.files import Checkpoint
from preserve.integrity.replicate import replicate
from preserve.provenance.keys import passphrase
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger
from preserve.provenance.waczkey import package_signer
from preserve.replay.blocked import Blocked
from preserve.replay.searching import Searchable
from preserve.replay.searchwords import expression
from preserve.store.archive import open_archive
from preserve.store.durable import sync_dir
from preserve.store.layout import CollectionPaths
from preserve.store.searchindex import Filters, SearchIndex
from preserve.text import terminal_line

if TYPE_CHECKING:
    from preserve.cli.shared.answers import BagAnswer, DataciteAnswer


def wacz(
    place: Place,
    *,
    collection: str,
    filters: Filters,
    words: str,
    title: str,
    unsigned: bool,
    output: Path,
) -> int:
    """Write COLLECTION as a WACZ package. Status 1: something is under no checkpoint yet, and was left out."""
    path = None if str(output) == "-" else output
    check_answer(path, as_json=place.as_json)
    blocked = Blocked.of(load_blocked(place.config_dir))
    signer = None if unsigned else package_signer(collection, place.keys, secret=passphrase(os.environ))
    with asking(place, [collection]) as opened, reading(place, [collection]) as archives:
        order = PackageOrder(
            title=title or title_of(place, collection) or collection,
            blocked=blocked,
            texts_of=opened[0].index.shown_texts,
            pages=_found(opened, filters, words, blocked),
            signer=signer,
        )
        can_go_back = path is not None and (path.is_file() or not path.exists())
        with opened_output(path) as out:
            done = write_package(archives[0], order, out, can_go_back=can_go_back)
    if done.unsigned:
        say(f"preserve: {counted(done.unsigned, 'record')} under no checkpoint yet, left out")
        say("  next: end the run, or run `preserve recover`, and export again")
    if done.blocked:
        say(f"{collection}: {counted(done.blocked, 'record')} left out that blocked.yaml names")
    if not done.is_signed and not unsigned:
        say(f"It is not signed: `preserve key wacz {collection}` makes the key for that.")
    if path is not None:
        place.emit({"file": str(path), **done._asdict()}, f"{path}: {_told(done)}")
    return 1 if done.unsigned else 0


def _told(done: PackageDone) -> str:
    return f"{counted(done.records, 'record')} in {counted(done.files, 'file')}, {done.size:,} bytes"


def _found(opened: Sequence[Searchable], filters: Filters, words: str, blocked: Blocked) -> frozenset[str] | None:
    """The records of the cables that are asked for; None where all is.

    Raises:
        NotHeldError: there is no such cable.
    """
    if not words and filters == Filters():
        return None
    index: SearchIndex = opened[0].index
    found = index.matching(expression(words) if words else "", filters)
    records = frozenset(cable.record_id for cable in found if not blocked.has(cable))
    if not records:
        raise NotHeldError("no cable is found", next_step="Ask for fewer words, or try it with `preserve search`.")
    return records


def bag(place: Place, *, collection: str, output: Path, organization: str) -> int:
    """Write COLLECTION as a bag. Status 1: it is not one to copy."""
    if output.exists() or output.is_symlink():
        raise UsageError(f"{output} is there already", next_step="Name a folder that does not exist yet.")
    paths = open_archive(place.archives, collection)
    part = output.absolute().parent / f".{output.name}.bag"
    with ProgressLine("files") as told:
        copied = replicate(paths, part / "data", logs=KnownLogs(place.keys), trust=read_trust(place, ()), progress=told)
    for finding in copied.findings:
        say(f"preserve: {finding.code}: {terminal_line(finding.detail or finding.where)}")
    if copied.findings or not copied.complete:
        say("preserve: no bag is made")
        for code in dict.fromkeys(finding.code for finding in copied.findings):
            say(f"  next: {CODES[code].next_step}")
        return 1
    if copied.pending:
        say(f"preserve: {counted(copied.pending, 'statement')} under no checkpoint yet, left out")
    checkpoint = Ledger(paths).last_checkpoint()
    try:
        CollectionPaths(part / "data", collection).lock.unlink(missing_ok=True)
        files, size = write_tags(part, _about(place, collection, checkpoint, organization))
        part.rename(output)
        sync_dir(output.absolute().parent)
    except OSError as error:
        raise file_fault(output, error) from error
    answer: BagAnswer = {"output": str(output), "files": files, "size": size, "pending": copied.pending}
    place.emit(answer, f"{output}: {counted(files, 'file')}, {size:,} bytes", all_is_well=True)
    return 0


def _about(place: Place, collection: str, checkpoint: Checkpoint | None, organization: str) -> dict[str, str]:
    about = {"Source-Organization": organization} if organization else {}
    about |= {
        "External-Description": title_of(place, collection) or collection,
        "Internal-Sender-Identifier": collection,
        "Bagging-Date": f"{datetime.now(UTC):%Y-%m-%d}",
        "Bag-Software-Agent": PROGRAM,
    }
    if checkpoint is not None:
        about["External-Identifier"] = f"{checkpoint.origin} {checkpoint.size} sha256:{checkpoint.root.hex()}"
    return about


def datacite(
    place: Place,
    *,
    collection: str,
    doi: str,
    creators: tuple[str, ...],
    publisher: str,
    rights: str,
    url: str,
    output: Path | None,
) -> int:
    """Write what COLLECTION is at its checkpoint as metadata of DataCite 4.6."""
    with reading(place, [collection]) as archives:
        (archive,) = archives
        checkpoint, span = archive.ledger.last_checkpoint(), archive.catalogue.span()
        if checkpoint is None or span is None:
            raise NotHeldError(f"nothing is held in {collection} under a checkpoint", next_step="Run a capture first.")
        _runs, records, cables = archive.catalogue.totals()
        files = [archive.paths.held_file(name) for name in archive.catalogue.files_in_order()]
        facts = DepositFacts(
            title=title_of(place, collection) or collection,
            checkpoint=checkpoint,
            first_day=span[0][:10],
            last_day=span[1][:10],
            records=records,
            cables=cables,
            files=len(files),
            size_bytes=sum(path.stat().st_size for path in files if path.is_file()),
        )
    said = DepositSaid(doi=doi, creators=creators, publisher=publisher, rights=rights, url=url)
    data = json.dumps(describe(facts, said), ensure_ascii=False, indent=2) + "\n"
    check_answer(output, as_json=place.as_json)
    with opened_output(output) as out:
        out.write(data.encode("utf-8", "replace"))
    if output is not None:
        answer: DataciteAnswer = {"file": str(output), "version": str(checkpoint.size)}
        place.emit(answer, f"{output}: {collection} at {checkpoint.size:,} statements", all_is_well=True)
    return 0
