"""What follows from the evidence: the catalogue caught up, and everything derived made again.

Tested by ``tests/scenarios/test_run_costs_what_is_new.py``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from preserve.errors import NewerFormatError
from preserve.model import RecordPlace
from preserve.progress import Tell, untold
from preserve.provenance.ledger import Ledger
from preserve.provenance.rows import row_of
from preserve.provenance.statements import NEWER, RecordStatement
from preserve.store.catalogue import Catalogue, StatementRow
from preserve.store.durable import remove_derived, remove_parts
from preserve.store.index import write_index
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import iter_places

_BATCH = 1_000
"""Statements applied to the catalogue at once."""


PlacesIn = Callable[[Path], Iterator[tuple[RecordPlace, str]]]
"""Place and id of every record of a file, as `preserve.store.warcfile.iter_places` gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What `rebuild` made: figures for a person."""

    statements: int
    records: int
    index_lines: int
    newer: int
    """Statements that a newer program wrote: nothing was made of them."""


def catch_up(paths: CollectionPaths, ledger: Ledger, catalogue: Catalogue) -> int:
    """Applies to the catalogue every statement that it has not seen; returns how many.

    A catalogue that claims more than the ledger holds is not of this ledger and is left to `rebuild`.
    """
    return _apply(paths, ledger, catalogue, _Places(paths), start=catalogue.ledger_size, progress=untold)


def refuse(collection: str, newer: int) -> None:
    """Refuses to write to a log with this number of statements that a newer program wrote.

    Raises:
        NewerFormatError: there are some.
    """
    if newer:
        raise NewerFormatError(
            f"{collection}: {newer} statement{'s' if newer > 1 else ''} of its ledger, {NEWER}; nothing is added to it",
            next_step="Use a newer version of preserve. Nothing was changed.",
        )


def rebuild(
    paths: CollectionPaths, ledger: Ledger, *, progress: Tell = untold, places_in: PlacesIn = iter_places
) -> Rebuilt:
    """Deletes catalogue and index and makes them again from WARC files and ledger alone.

    ``places_in`` reads a file: with helpers, where the caller has some. The caller holds the collection's lock.
    Stopped half way, the next call begins anew; the evidence is only read.
    """
    remove_parts(paths)
    remove_derived(paths)
    with Catalogue.open(paths) as catalogue:
        statements = _apply(paths, ledger, catalogue, _Places(paths, places_in), start=0, progress=progress)
        lines = write_index(paths, catalogue)
        return Rebuilt(
            statements=statements,
            records=catalogue.record_count(),
            index_lines=lines,
            newer=catalogue.newer_statements,
        )


def _apply(
    paths: CollectionPaths, ledger: Ledger, catalogue: Catalogue, places: "_Places", *, start: int, progress: Tell
) -> int:
    done = 0
    rows: list[StatementRow] = []
    for _index, statement in ledger.statements(start):
        rows.append(row_of(statement, places.of(statement) if isinstance(statement, RecordStatement) else None))
        done += 1
        if not done % _BATCH:
            progress(paths.name, done, total=ledger.size - start)
        if len(rows) == _BATCH:
            catalogue.apply(start + done - len(rows), rows)
            rows = []
    catalogue.apply(start + done - len(rows), rows)
    catalogue.commit()
    return done


class _Places:
    """Where records lie, by reading each file once as its statements come."""

    def __init__(self, paths: CollectionPaths, places_in: PlacesIn = iter_places) -> None:
        self._paths = paths
        self._places_in = places_in
        self._files: dict[str, Iterator[tuple[RecordPlace, str]]] = {}
        self._ahead: dict[tuple[str, str], RecordPlace] = {}

    def of(self, said: RecordStatement) -> RecordPlace | None:
        name, wanted = said.file, said.record_id
        place = self._ahead.pop((name, wanted), None)
        if place is not None:
            return place
        if name not in self._files:
            path = self._paths.held_file(name)
            self._files[name] = self._places_in(path) if path.is_file() else iter(())
        for place, record_id in self._files[name]:
            if record_id == wanted:
                return place
            self._ahead[name, record_id] = place
        return None
