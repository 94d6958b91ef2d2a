"""What follows from the evidence: the catalogue caught up, everything derived made again, stray records adopted."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from preserve.cables.layouts import Layout
from preserve.errors import NewerFormatError
from preserve.limits import Limits
from preserve.model import RecordPlace
from preserve.provenance.describe import describe_cable, describe_record, read_cables
from preserve.provenance.ledger import Ledger
from preserve.provenance.rows import row_of
from preserve.provenance.sealing import sealed_in
from preserve.provenance.statements import NEWER, Cable, Cut, Record, Statement
from preserve.store.catalogue import Catalogue, StatementRow
from preserve.store.durable import remove_derived, remove_parts
from preserve.store.index import write_index
from preserve.store.layout import WARC_SUFFIX, CollectionPaths
from preserve.store.warcfile import Recovered, iter_file, iter_places, open_files, recover_open_files

_BATCH = 1_000
"""Statements applied to the catalogue at once."""


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
    return _apply(paths, ledger, catalogue, start=catalogue.ledger_size, progress=lambda _done: None)


def refuse_newer(paths: CollectionPaths, ledger: Ledger) -> None:
    """For whoever is about to write, before anything else: catches the catalogue up, and refuses what is newer.

    A log with statements that this program does not know is read as far as it goes and never added to: what it would
    write could contradict them. The caller holds the lock.

    Raises:
        NewerFormatError: the log has such statements.
    """
    with Catalogue.open(paths) as catalogue:
        catch_up(paths, ledger, catalogue)
        refuse(paths.name, catalogue.newer_statements)


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


def rebuild(paths: CollectionPaths, *, progress: Callable[[int], None] = lambda _done: None) -> Rebuilt:
    """Deletes catalogue and index and makes them again from WARC files and ledger alone.

    The caller holds the collection's lock. Stopped half way, the next call begins anew; the evidence is only read.
    """
    remove_parts(paths)
    remove_derived(paths)
    ledger = Ledger(paths)
    with Catalogue.open(paths) as catalogue:
        statements = _apply(paths, ledger, catalogue, start=0, progress=progress)
        lines = write_index(paths, catalogue)
        return Rebuilt(
            statements=statements,
            records=catalogue.record_count(),
            index_lines=lines,
            newer=catalogue.newer_statements,
        )


def _apply(
    paths: CollectionPaths, ledger: Ledger, catalogue: Catalogue, *, start: int, progress: Callable[[int], None]
) -> int:
    places = _Places(paths)
    done = 0
    rows: list[StatementRow] = []
    for _index, statement in ledger.statements(start):
        rows.append(row_of(statement, places.of(statement) if isinstance(statement, Record) else None))
        done += 1
        progress(done)
        if len(rows) == _BATCH:
            catalogue.apply(start + done - len(rows), rows)
            rows = []
    catalogue.apply(start + done - len(rows), rows)
    catalogue.commit()
    return done


class _Places:
    """Where records lie, by reading each file once as its statements come."""

    def __init__(self, paths: CollectionPaths) -> None:
        self._paths = paths
        self._files: dict[str, Iterator[tuple[RecordPlace, str]]] = {}
        self._ahead: dict[tuple[str, str], RecordPlace] = {}

    def of(self, said: Record) -> RecordPlace | None:
        name, wanted = said.file, said.record_id
        place = self._ahead.pop((name, wanted), None)
        if place is not None:
            return place
        if name not in self._files:
            path = self._paths.held_file(name)
            self._files[name] = iter_places(path) if path.is_file() else iter(())
        for place, record_id in self._files[name]:
            if record_id == wanted:
                return place
            self._ahead[name, record_id] = place
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """One file left open by a run that did not end, after it was cut back, sealed and stated."""

    file: str
    cut_bytes: int
    adopted: int
    """Whole records that had no statement yet and got one."""


def adopt_open_files(
    paths: CollectionPaths, ledger: Ledger, layouts: Sequence[Layout], limits: Limits, *, run: str
) -> list[Adopted]:
    """Puts an archive right after an unclean stop: cut, seal, state what was not stated. The caller holds the lock.

    Safe to be killed anywhere: a file is sealed before its statements are written, and which records still lack one is
    found by reading, so that a second call finishes what the first began.
    """
    sealed_names = {path.name for path in paths.archive.glob(f"*{WARC_SUFFIX}")}
    known = _Stated()
    if open_files(paths) or sealed_names:
        known = _stated(ledger)
    if not open_files(paths) and not sealed_names - known.files:
        return []
    unfinished = recover_open_files(paths, known.records)
    unfinished += [Recovered.of_sealed(paths.archive / name) for name in sorted(sealed_names - known.files)]
    return [_adopt(paths, ledger, layouts, limits, item=item, known=known, run=run) for item in unfinished]


@dataclass(slots=True)
class _Stated:
    """What the ledger names already: sealed files, and the records and texts of files that it does not seal."""

    files: set[str] = field(default_factory=set)
    records: set[str] = field(default_factory=set)
    texts: Counter[str] = field(default_factory=Counter)


def _stated(ledger: Ledger) -> _Stated:
    """One pass for the files, a second, only where some file is not sealed, for its records."""
    known = _Stated()
    for _index, statement in ledger.statements(0):
        known.files |= {sealed.name for sealed in sealed_in(statement)}
        if isinstance(statement, Cut):
            # Also of a file of which nothing was kept.
            known.files.add(statement.file)
    for _index, statement in ledger.statements(0):
        match statement:
            case Record(file=file, record_id=record_id) if file not in known.files:
                known.records.add(record_id)
            case Cable(record_id=record_id) if record_id in known.records:
                known.texts[record_id] += 1
    return known


def _adopt(
    paths: CollectionPaths,
    ledger: Ledger,
    layouts: Sequence[Layout],
    limits: Limits,
    *,
    item: Recovered,
    known: _Stated,
    run: str,
) -> Adopted:
    batch: list[Statement] = []
    adopted = 0
    path = paths.archive / item.name
    for place, record, _defect in iter_file(path) if path.is_file() else ():
        if record is None:
            continue
        record_id = record.header.record_id
        if record_id not in known.records:
            batch.append(describe_record(record, file=item.name, ordinal=place.ordinal, run=run))
            adopted += 1
        cables = read_cables(record, layouts, limits).cables
        batch += (describe_cable(record_id, cable) for cable in cables[known.texts[record_id] :])
        if len(batch) >= limits.group_commit_records:
            ledger.append(batch)
            batch = []
    batch.append(
        Cut(
            file=item.name,
            size=item.kept_bytes,
            sha256=item.sha256,
            records=item.records,
            cut_bytes=item.cut_bytes,
            reason="unclean stop",
            quarantined=None,
        )
    )
    ledger.append(batch)
    return Adopted(file=item.name, cut_bytes=item.cut_bytes, adopted=adopted)
