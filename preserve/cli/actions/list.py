"""What ``preserve list`` does: the cables held."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from preserve.cables.identity import cable_key, canonical_id
from preserve.cli.shared.common import Place, say, schema_name
from preserve.cli.shared.search_indexes import asking, cable_facts
from preserve.replay.searching import held
from preserve.store.searchindex import Filters, HeldCable
from preserve.text import terminal_line


def list_cables(place: Place, *, filters: Filters, collection: tuple[str, ...], cites: str, limit: int | None) -> int:
    """List the cables held, by their id: id, date of the document, classification, origin, subject, captures."""
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
    sys.stdout.write(f'{{"schema": "{schema_name()}", "cables": [')
    for collection, cable in rows:
        sys.stdout.write(",\n" if count else "\n")
        sys.stdout.write(json.dumps(cable_facts(collection, cable)))
        count += 1
    sys.stdout.write("\n]}\n")
    return count
