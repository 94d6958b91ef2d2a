"""The options by which `preserve search` and `preserve list` choose cables."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

CABLE_COLUMNS = {
    "id": "as the page prints it",
    "sent": "the document's date",
    "classification": "",
    "origin": "",
    "subject": "",
    "captures": "how often it was captured",
    "tags": "",
    "collection": "",
    "canonical_id": "",
    "source": "",
    "url": "",
    "first_captured": "",
    "last_captured": "",
    "record_id": "",
    "statement": "",
    "body_sha256": "",
    "redactions": "",
}
"""Columns of a table of cables."""
CABLE_SHOWN = ("id", "sent", "classification", "origin", "subject", "captures")


def filter_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the filters, and the choice of collections; the function gets ``filters`` and ``collection``."""
    chosen = click.option("--collection", "-c", multiple=True, help="Look only in this collection. May be repeated.")
    return document_filters(chosen(function))


def document_filters(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the filters by what documents are; the function gets them as ``filters``."""

    @click.option("--origin", default="", help="Part of the origin, for example 'Port Solace'.")
    @click.option("--tag", multiple=True, help="A whole tag. Given again: all of them.")
    @click.option("--class", "classification", default="", help="How the classification begins, for example secret.")
    @click.option(
        "--from", "first", default="", metavar="DATE", help="Documents of DATE (2005, 2005-03, 2005-03-14) or later."
    )
    @click.option("--to", "last", default="", metavar="DATE", help="Documents of DATE or earlier.")
    @click.option("--source", default="", help="Part of the source that the page names, or of its address.")
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
        from preserve.replay.searchwords import days  # noqa: PLC0415 - the help needs none
        from preserve.store.searchindex import Filters  # noqa: PLC0415 - as before

        first, last = days(first, last)
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
