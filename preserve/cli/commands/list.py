"""``preserve list``: the cables held."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import click

from preserve.cables.identity import cable_key, canonical_id
from preserve.cli.shared.common import Place, command_options, say
from preserve.cli.shared.record_filters import asking, cable_facts, filter_options
from preserve.replay.searching import held
from preserve.store.searchindex import Filters, HeldCable
from preserve.text import terminal_line


@click.command("list", short_help="List the cables held.")
@filter_options
@click.option("--cites", metavar="ID", default="", help="Cables whose references cite this one, held or not.")
@click.option("--limit", type=click.IntRange(min=1), help="Cables at most. [default: all]")
@command_options
def list_cables(place: Place, *, filters: Filters, collection: tuple[str, ...], cites: str, limit: int | None) -> int:
    """List the cables held, by their id: id, date of the document, classification, origin, subject, captures.

    Each stands there once with its newest text. Columns are parted by a tab. Status 3: there is none.
    """
    if cites:
        filters = replace(filters, cites=cable_key(canonical_id(cites) or cites.strip().upper()))
    with asking(place, collection) as opened:
        rows = islice(held(opened, filters), limit)
        count = _write_json(rows) if place.as_json else _write_lines(rows)
    if not count and not place.as_json:
        say("preserve: no cable is held that fits\n  next: leave out a filter.")
    return 0 if count else 3


def _write_lines(rows: Iterator[tuple[str, HeldCable]]) -> int:
    count = 0
    for _collection, cable in rows:
        count += 1
        shown = (cable.published_id, cable.sent or "-", cable.classification or "-", cable.origin or "-", cable.subject)
        line = "\t".join(terminal_line(value, 120) for value in shown)
        sys.stdout.write(f"{line}\t{cable.captures}\n")
    return count


def _write_json(rows: Iterator[tuple[str, HeldCable]]) -> int:
    """One document, a cable a line, written as they come."""
    count = 0
    sys.stdout.write('{"cables": [')
    for collection, cable in rows:
        sys.stdout.write(",\n" if count else "\n")
        sys.stdout.write(json.dumps(cable_facts(collection, cable)))
        count += 1
    sys.stdout.write("\n]}\n")
    return count
