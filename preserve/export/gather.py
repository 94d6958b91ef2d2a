"""The lineage of what was asked for, read from the ledger in one pass.

Memory is that of the captures asked for. How many one document can hold is for its writer: more are refused here.

Tested by ``tests/scenarios/test_export_provenance.py``.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from preserve.errors import FormatError, UsageError
from preserve.export.lineage import HeldReceipt, Lineage, LineageEvent
from preserve.model import format_utc, parse_utc, sha256_hex
from preserve.provenance import statements
from preserve.provenance.receipts import held_receipts, read_reply
from preserve.provenance.statements import (
    IMPORT_RUN,
    CableStatement,
    CutStatement,
    ImportStatement,
    MementoStatement,
    RecordStatement,
    ReleaseStatement,
    RepairStatement,
    RunStatement,
    Sealed,
    Statement,
    UnknownStatement,
    decode,
    kind_of,
)
from preserve.replay.recover import Capture, CollectionReader

_MARKS: Final = tuple(
    f'"kind":"{kind}"'.encode() for kind in ("archive", "run", "import", "cut", "repair", "release", "memento")
)
_SHOWN: Final = ("response", "revisit", "resource")


def lineage_of(
    archive: CollectionReader, captures: Sequence[Capture], published_ids: Collection[str] = (), *, most: int
) -> Lineage:
    """The lineage of some captures of one collection, and of the texts that they show, as far as they are signed.

    ``published_ids``: only texts published under these; none given: all that the captures show.

    Raises:
        ArchiveError, FormatError: the ledger is damaged.
        UsageError: more than ``most`` captures.
    """
    rows = {row.statement_index: row.record_id for one in captures for row in (one.row, one.source)}
    ids = set(rows.values())
    texts = {
        index
        for index, record_id, name in archive.catalogue.cable_statements()
        if record_id in ids and (not published_ids or name in published_ids)
    }
    return _read(archive, set(rows), texts, most)


def whole_lineage(archive: CollectionReader, *, most: int) -> Lineage:
    """The lineage of everything that a collection captured.

    Raises:
        ArchiveError, FormatError: the ledger is damaged.
        UsageError: more than ``most`` captures.
    """
    return _read(archive, None, None, most)


def moment_of(lineages: Sequence[Lineage]) -> str:
    """The date of the capture that was stated last; of imported ones the latest; the beginning where there is none."""
    own = [
        max((index, record.date) for index, record in lineage.records if not record.run.startswith(IMPORT_RUN))[1]
        for lineage in lineages
        if any(not record.run.startswith(IMPORT_RUN) for _index, record in lineage.records)
    ]
    dates = own or [record.date for lineage in lineages for _index, record in lineage.records]
    dates += [] if dates else [lineage.created for lineage in lineages]
    return max(dates, key=parse_utc)


def _read(
    archive: CollectionReader, records: Collection[int] | None, texts: Collection[int] | None, most: int
) -> Lineage:
    found: list[tuple[int, Statement]] = []
    held: list[tuple[int, RecordStatement]] = []
    shown: list[tuple[int, CableStatement]] = []
    for index, entry in archive.ledger.raw():
        if not archive.log.is_signed(index):
            break
        if not _is_wanted(index, entry, records, texts):
            continue
        match decode(entry):
            case CableStatement() as text:
                shown.append((index, text))
            case RecordStatement() as record:
                if record.type in _SHOWN:
                    held.append((index, record))
            case UnknownStatement():
                continue
            case said:
                found.append((index, said))
        if len(held) > most:
            raise UsageError(
                f"{archive.paths.name}: more than {most:,} captures, too many for one document of this form",
                next_step="Name a cable or an address in place of all; PREMIS holds most.",
            )
    return _lineage(archive, held, shown, found, everything=records is None)


def _is_wanted(index: int, entry: bytes, records: Collection[int] | None, texts: Collection[int] | None) -> bool:
    """Whether a statement is of use, told from its canonical bytes: most of a ledger is never decoded."""
    if b'"kind":"record"' in entry:
        return records is None or index in records
    if b'"kind":"cable"' in entry:
        return texts is None or index in texts
    return any(mark in entry for mark in _MARKS)


def _lineage(
    archive: CollectionReader,
    records: Sequence[tuple[int, RecordStatement]],
    texts: Sequence[tuple[int, CableStatement]],
    found: Sequence[tuple[int, Statement]],
    *,
    everything: bool,
) -> Lineage:
    first = next((said for _index, said in found if isinstance(said, statements.ArchiveStatement)), None)
    ids = {one.record_id for _index, one in records}
    printed = {one.fields["source"].printed for _index, one in texts if "source" in one.fields}
    files, runs = {one.file for _index, one in records}, {one.run for _index, one in records}
    try:
        checkpoint = archive.ledger.last_checkpoint()
    except FormatError:
        checkpoint = None
    return Lineage(
        collection=archive.paths.name,
        origin="" if first is None else first.origin,
        created="" if first is None else first.created,
        records=tuple(records),
        texts=tuple(texts),
        mementos=tuple(
            (index, said)
            for index, said in found
            if isinstance(said, MementoStatement) and said.verdict == "page" and said.record_id in ids
        ),
        imports=frozenset(said.run for _index, said in found if isinstance(said, ImportStatement)),
        events=tuple(sorted(_events(found, files, runs), key=lambda event: event.statement)),
        releases=tuple(
            (index, said)
            for index, said in found
            if isinstance(said, ReleaseStatement)
            and (everything or _is_of(said, files) or not printed.isdisjoint(said.sources))
        ),
        checkpoint=checkpoint,
        receipts=tuple(_receipts(archive)),
    )


def _is_of(release: ReleaseStatement, files: Collection[str]) -> bool:
    """Whether a file holds the rows of a release."""
    return release.dump is not None and release.dump.file in files


def _events(
    found: Iterable[tuple[int, Statement]], files: Collection[str], runs: Collection[str]
) -> Iterator[LineageEvent]:
    """What was done to one of the files, and the runs that made one of the captures."""
    parts: dict[str, list[tuple[int, RunStatement]]] = {}
    for index, said in found:
        match said:
            case RunStatement(run=run):
                parts.setdefault(run, []).append((index, said))
            case ImportStatement(file=name) | CutStatement(file=name) if name in files:
                yield _done(index, said, name)
            case RepairStatement(path=path) if (name := path.rpartition("/")[2]) in files:
                yield _done(index, said, name)
    for name, held in parts.items():
        # A run stated in several parts is one event, at the first of them.
        sealed = tuple(file for _index, part in held for file in part.files if file.name in files)
        if name in runs or sealed:
            index, first = held[0]
            yield LineageEvent(
                statement=index,
                kind="run",
                name=name,
                started=first.started,
                ended=first.ended,
                program=first.program,
                outcome=first.outcome,
                detail="",
                files=sealed,
            )


def _done(index: int, said: ImportStatement | CutStatement | RepairStatement, file: str) -> LineageEvent:
    """An import, a cut or a repair of one file. One import takes in several files, each with a statement of its own."""
    ended: str | None = None
    program: str | None = None
    outcome = detail = ""
    match said:
        case ImportStatement():
            ended, program = said.imported, said.program
            problems = ", ".join(f"{code} {count}" for code, count in sorted(said.lacks.items()))
            detail = f"taken in as {said.source}; the check at import found: {problems or 'nothing'}"
        case CutStatement():
            detail = f"{said.cut_bytes} bytes of a torn tail cut: {said.reason}"
        case RepairStatement():
            ended, program = said.repaired, said.program
            outcome = "exact" if said.exact else "records whole"
            detail = f"{said.restored_records} records put back from {', '.join(said.sources)}"
    sealed = Sealed(name=file, size=said.size, sha256=said.sha256, records=said.records)
    return LineageEvent(
        statement=index,
        kind=kind_of(said),
        name=f"{kind_of(said)}-{index}",
        started=None,
        ended=ended,
        program=program,
        outcome=outcome,
        detail=detail,
        files=(sealed,) if sealed.sha256 else (),
    )


def _receipts(archive: CollectionReader) -> Iterable[HeldReceipt]:
    """Every reply that can be read and is for the checkpoint beside it, the oldest checkpoint first."""
    for receipt in sorted(held_receipts(archive.paths), key=lambda one: (one.size, one.authority)):
        try:
            stamp = read_reply(receipt.reply, receipt.note)
        except FormatError:
            continue
        yield HeldReceipt(
            size=receipt.size,
            authority=receipt.authority,
            moment=format_utc(stamp.moment),
            serial=stamp.serial,
            sha256=sha256_hex(receipt.reply),
        )
