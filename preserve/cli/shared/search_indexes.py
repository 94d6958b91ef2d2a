"""The search indexes that a command asks, and what it says of a cable that it found."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from preserve.cli.shared.common import Place, say
from preserve.errors import NotHeldError
from preserve.model import check_collection_name
from preserve.replay.searching import Searchable, searchable
from preserve.store.archive import list_collections
from preserve.store.searchindex import HeldCable

if TYPE_CHECKING:
    from preserve.cli.shared.answers import CableFacts


@contextmanager
def asking(place: Place, chosen: Sequence[str]) -> Iterator[list[Searchable]]:
    """The indexes of the collections named, or of all; what is wrong with one is said on stderr."""
    if place.store:
        from preserve.cli.shared.stores import brought_here  # noqa: PLC0415 - most archives are on this machine

        place = brought_here(place, chosen)
    names = [check_collection_name(name) for name in dict.fromkeys(chosen)] or list_collections(place.archives)
    if not names:
        raise NotHeldError(
            f"no archive is held under {place.archives}",
            next_step="Run `preserve init COLLECTION`, or name the folder with --archives.",
        )

    told: list[Any] = []

    def layouts() -> Any:  # noqa: ANN401 - a mapping of layouts, whose module is imported only here
        from preserve.cli.shared.loading import all_layouts  # noqa: PLC0415 - it brings all that reads pages

        return all_layouts(place)

    def progress(subject: str, done: int) -> None:
        from preserve.cli.shared.progress import ProgressLine  # noqa: PLC0415 - only a long work has a display

        if not told:
            told.append(ProgressLine("texts indexed"))
        told[0](subject, done)

    try:
        with searchable(place.archives, names, layouts, progress) as opened:
            if told:
                told.pop().__exit__()
            for one in opened:
                for remark in one.remarks:
                    say(f"preserve: {remark}")
            yield opened
    finally:
        if told:
            told.pop().__exit__()


def cable_facts(collection: str, cable: HeldCable) -> "CableFacts":
    """A cable for JSON."""
    return {
        "collection": collection,
        "published_id": cable.published_id,
        "canonical_id": cable.canonical_id,
        "sent": cable.sent,
        "classification": cable.classification,
        "origin": cable.origin,
        "subject": cable.subject,
        "tags": list(cable.tags),
        "source": cable.source,
        "url": cable.uri,
        "captures": cable.captures,
        "first_captured": cable.first_seen,
        "last_captured": cable.last_seen,
        "record_id": cable.record_id,
        "statement": cable.statement,
        "body_sha256": cable.body_sha256,
        "redactions": cable.redactions,
    }


def cable_row(collection: str, cable: HeldCable) -> dict[str, object]:
    """A cable for a table, by the columns of `CABLE_COLUMNS`."""
    facts = cable_facts(collection, cable)
    return {"id": facts["published_id"], **facts}
