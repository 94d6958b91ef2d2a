"""What `preserve search` and `preserve list` share: the filters, and the indexes to ask."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import wraps
from typing import Any

import click

from preserve.cli.shared.common import Place, say
from preserve.errors import NotHeldError, UsageError
from preserve.expressions import lazy_re
from preserve.model import check_collection_name
from preserve.replay.searching import Searchable, searchable
from preserve.store.archive import list_collections
from preserve.store.searchindex import Filters, HeldCable
from preserve.text import terminal_line

_DAY = lazy_re(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z")


def filter_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the filters; the function gets them as ``filters``, and ``collection``."""

    @click.option("--origin", default="", help="Part of the origin, for example 'Port Solace'.")
    @click.option("--tag", multiple=True, help="A whole tag. Given again: all of them.")
    @click.option("--class", "classification", default="", help="How the classification begins, for example secret.")
    @click.option(
        "--from", "first", default="", metavar="DATE", help="Documents of DATE (2005, 2005-03, 2005-03-14) or later."
    )
    @click.option("--to", "last", default="", metavar="DATE", help="Documents of DATE or earlier.")
    @click.option("--source", default="", help="Part of the source that the page names, or of its address.")
    @click.option("--collection", "-c", multiple=True, help="Look only in this collection. May be given again.")
    @click.option("--all-texts", is_flag=True, help="Also texts of a cable that a newer capture shows otherwise.")
    @wraps(function)
    def wrapper(
        *given: Any,  # noqa: ANN401
        origin: str,
        tag: tuple[str, ...],
        classification: str,
        first: str,
        last: str,
        source: str,
        all_texts: bool,
        **rest: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401

        first, last = _day(first), _day(last)
        if first and last and first > f"{last}~":
            raise UsageError(f"--from {first} is after --to {last}", next_step="Give the earlier date with --from.")
        filters = Filters(
            origin=origin,
            classification=classification,
            tags=tag,
            first=first,
            last=last,
            source=source,
            all_texts=all_texts,
        )
        return function(*given, filters=filters, **rest)

    return wrapper


def _day(text: str) -> str:
    if not text:
        return ""
    match = _DAY.match(text)
    try:
        # A text of another form is as little a date as the year 0.
        date(*((0, 0, 0) if match is None else (int(part or 1) for part in match.groups())))
    except ValueError as error:
        raise UsageError(
            f"{terminal_line(text, 40)!r} is not a date", next_step="Write 2005, 2005-03 or 2005-03-14."
        ) from error
    return text


@contextmanager
def asking(place: Place, chosen: Sequence[str]) -> Iterator[list[Searchable]]:
    """The indexes of the collections named, or of all; what is amiss with one is said on stderr."""
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


def cable_facts(collection: str, cable: HeldCable) -> dict[str, object]:
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
        "record": cable.record_id,
        "statement": cable.statement,
        "body_sha256": cable.body_sha256,
    }
