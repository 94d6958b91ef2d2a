"""What follows from the evidence: the catalogue caught up, and everything derived made again.

Tested by ``tests/scenarios/test_run_costs_what_is_new.py``.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from msgspec import Struct

from preserve.errors import ArchiveError, FormatError, NewerFormatError
from preserve.model import RecordPlace
from preserve.progress import Tell, untold
from preserve.provenance.ledger import Ledger
from preserve.provenance.proved import ProvedLog
from preserve.provenance.rows import row_of
from preserve.provenance.statements import NEWER, RecordStatement
from preserve.store.catalogue import Catalogue, StatementRow
from preserve.store.durable import remove_derived, remove_parts
from preserve.store.index import write_index
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import iter_held_places, iter_places

_BATCH = 1_000
"""Statements applied to the catalogue at once."""


PlacesIn = Callable[[Path], Iterator[tuple[RecordPlace, str]]]
"""Place and id of every record of a file, as `preserve.store.warcfile.iter_places` gives them."""


KnownPlaces = Callable[[str], Sequence[tuple[int, int]] | None]
"""Offset and length of the records of a file, by their ordinals, as they are said to be; None: it is to be read."""


class Rebuilt(Struct, frozen=True, kw_only=True):
    """What `rebuild` made: figures for a person."""

    statements: int
    records: int
    index_lines: int
    newer: int
    """Statements that a newer program wrote: nothing was made of them."""
    is_signed: bool
    """Whether each statement that was read is the one under the checkpoint of the log that is known."""


def catch_up(
    paths: CollectionPaths,
    ledger: Ledger,
    catalogue: Catalogue,
    *,
    known: KnownPlaces = lambda _name: None,
    progress: Tell = untold,
) -> int:
    """Applies to the catalogue every statement that it has not seen; returns how many.

    A catalogue that claims more than the ledger holds is not of this ledger and is left to `rebuild`. ``known``: places
    that need not be right; files of which it says them are not read.
    """
    places = _Places(paths, known=known)
    return _apply(paths, ledger, catalogue, places, start=catalogue.ledger_size, progress=progress)


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
    signed = _Signed(paths, ledger)
    with Catalogue.open(paths) as catalogue:
        catalogue.leave_out_indexes()
        statements = _apply(paths, ledger, catalogue, _Places(paths, places_in), start=0, progress=progress)
        lines = write_index(paths, catalogue)
        return Rebuilt(
            statements=statements,
            records=catalogue.record_count(),
            index_lines=lines,
            newer=catalogue.newer_statements,
            is_signed=signed.all_so_far,
        )


class _Signed:
    """Whether what is read of a ledger is what was signed. A rebuild goes on where it is not."""

    def __init__(self, paths: CollectionPaths, ledger: Ledger) -> None:
        self.all_so_far = False
        with suppress(ArchiveError, FormatError):
            log = ProvedLog(paths, Ledger(paths))
            self.all_so_far = log.signed == ledger.size
            ledger.prove_bundles(partial(self._note, log))

    def _note(self, log: ProvedLog, number: int, entries: tuple[bytes, ...]) -> None:
        self.all_so_far = self.all_so_far and log.is_signed_bundle(number, entries)


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
    """Where records lie: as it is known, or else by reading each file once as its statements come."""

    def __init__(
        self, paths: CollectionPaths, places_in: PlacesIn = iter_places, known: KnownPlaces = lambda _name: None
    ) -> None:
        self._paths = paths
        self._places_in = places_in
        self._ask_known = known
        self._known: dict[str, Sequence[tuple[int, int]]] = {}
        self._files: dict[str, Iterator[tuple[RecordPlace, str]]] = {}
        self._ahead: dict[tuple[str, str], RecordPlace] = {}

    def of(self, said: RecordStatement) -> RecordPlace | None:
        name, wanted = said.file, said.record_id
        place = self._known_place(name, said.ordinal) or self._ahead.pop((name, wanted), None)
        if place is not None:
            return place
        if name not in self._files:
            path = self._paths.held_file(name)
            self._files[name] = self._places_in(path) if path.is_file() else iter_held_places(self._paths, name)
        for place, record_id in self._files[name]:
            if record_id == wanted:
                return place
            self._ahead[name, record_id] = place
        return None

    def _known_place(self, name: str, ordinal: int) -> RecordPlace | None:
        if name not in self._known:
            self._known[name] = self._ask_known(name) or ()
        known = self._known[name]
        if ordinal >= len(known):
            return None
        offset, length = known[ordinal]
        if ordinal == len(known) - 1:
            # Files come one after another: of one that is through nothing is held.
            self._known[name] = ()
        return RecordPlace(file=name, ordinal=ordinal, offset=offset, length=length)
