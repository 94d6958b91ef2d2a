"""What ``preserve export wacz``, ``bag`` and ``datacite`` do: a collection for other archives, and for readers."""

import os
from collections.abc import Sequence
from pathlib import Path

from preserve.cli.shared.common import Place, counted, say
from preserve.cli.shared.loading import reading, title_of
from preserve.cli.shared.output import opened_output
from preserve.cli.shared.search_indexes import asking
from preserve.config.folder import load_blocked
from preserve.errors import NotHeldError, UsageError
from preserve.export.wacz import PackageDone, PackageOrder, write_package
from preserve.provenance.keys import passphrase
from preserve.provenance.waczkey import package_signer
from preserve.replay.blocked import Blocked
from preserve.replay.searching import Searchable
from preserve.replay.searchwords import expression
from preserve.store.searchindex import Filters, SearchIndex


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
    if place.as_json and path is None:
        raise UsageError("--json tells what was written, and needs a file", next_step="Name one with -o FILE.")
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
