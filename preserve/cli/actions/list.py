"""What ``preserve list`` does: the cables held."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from preserve.cables.identity import cable_key, canonical_id
from preserve.cli.shared.common import Place, say, schema_name
from preserve.cli.shared.search_indexes import asking, cable_facts, cable_row
from preserve.cli.shared.tables import TableShape, write_rows
from preserve.replay.searching import held
from preserve.store.searchindex import Filters, HeldCable


def list_cables(
    place: Place, *, filters: Filters, collection: tuple[str, ...], cites: str, limit: int | None, shape: TableShape
) -> int:
    """List the cables held, by their id: id, date of the document, classification, origin, subject, captures."""
    if cites:
        filters = replace(filters, cites=cable_key(canonical_id(cites) or cites.strip().upper()))
    with asking(place, collection) as opened:
        rows = islice(held(opened, filters), limit)
        count = _write_json(rows) if place.as_json else write_rows(shape, (cable_row(*row) for row in rows))
    if not count and not place.as_json:
        say(
            "preserve: no cable is held\n  next: Pages that are no cables are listed by `preserve rot --all`."
            if filters == Filters()
            else "preserve: no cable is held that fits\n  next: Leave out a filter."
        )
    return 0 if count else 3


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
