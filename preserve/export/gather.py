"""The lineage of what was asked for, read from the ledger in one pass.

Memory is that of the captures asked for. How many one document can hold is for its writer: more are refused here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from preserve.errors import FormatError, UsageError
from preserve.export.lineage import (
    DeclaredRelease,
    Event,
    HeldReceipt,
    Lineage,
    Said,
    SealedAs,
    StatedMemento,
    StatedRecord,
    StatedText,
)
from preserve.formats.statements import decode
from preserve.model import format_utc, parse_utc, sha256_hex
from preserve.provenance.receipts import held_receipts, read_reply
from preserve.provenance.schema import check_statement
from preserve.replay.recover import Archive, Capture

_EVENTS: Final = ("run", "import", "cut", "repair")
_MARKS: Final = tuple((kind, f'"kind":"{kind}"'.encode()) for kind in ("archive", *_EVENTS, "release", "memento"))
_SHOWN: Final = ("response", "revisit", "resource")


def lineage_of(
    archive: Archive, captures: Sequence[Capture], published_ids: Collection[str] = (), *, most: int
) -> Lineage:
    """The lineage of some captures of one collection, and of the texts that they show.

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


def whole_lineage(archive: Archive, *, most: int) -> Lineage:
    """The lineage of everything that a collection captured.

    Raises:
        ArchiveError, FormatError: the ledger is damaged.
        UsageError: more than ``most`` captures.
    """
    return _read(archive, None, None, most)


def moment_of(lineages: Sequence[Lineage]) -> str:
    """The newest capture's date; the beginning of the archive where there is none."""
    dates = [record.date for lineage in lineages for record in lineage.records]
    dates += [] if dates else [lineage.created for lineage in lineages]
    return max(dates, key=parse_utc)


def _read(archive: Archive, records: Collection[int] | None, texts: Collection[int] | None, most: int) -> Lineage:
    found: dict[str, list[tuple[int, Mapping[str, object]]]] = {}
    held: list[StatedRecord] = []
    shown: list[StatedText] = []
    for index, entry in archive.ledger.raw():
        kind = _kind(index, entry, records, texts)
        if kind is None:
            continue
        statement = decode(entry)
        check_statement(statement)
        if kind == "cable":
            shown.append(_stated_text(index, statement))
        elif kind != "record":
            found.setdefault(kind, []).append((index, statement))
        elif statement["type"] in _SHOWN:
            held.append(_record(index, statement))
        if len(held) > most:
            raise UsageError(
                f"{archive.paths.name}: more than {most:,} captures, too many for one document of this form",
                next_step="Name a cable or an address in place of all; PREMIS holds most.",
            )
    imports = {_text(said, "run") for _index, said in found.get("import", ())}
    held = [replace(one, imported=True) if one.run in imports else one for one in held]
    return _lineage(archive, held, shown, found, everything=records is None)


def _kind(index: int, entry: bytes, records: Collection[int] | None, texts: Collection[int] | None) -> str | None:
    """The kind of a statement that is wanted, told from its canonical bytes: most of a ledger is never decoded."""
    if b'"kind":"record"' in entry:
        return "record" if records is None or index in records else None
    if b'"kind":"cable"' in entry:
        return "cable" if texts is None or index in texts else None
    return next((kind for kind, mark in _MARKS if mark in entry), None)


def _lineage(
    archive: Archive,
    records: Sequence[StatedRecord],
    texts: Sequence[StatedText],
    found: Mapping[str, Sequence[tuple[int, Mapping[str, object]]]],
    *,
    everything: bool,
) -> Lineage:
    first = found["archive"][0][1] if "archive" in found else {}
    ids = {one.record_id for one in records}
    printed = {one.fields["source"].printed for one in texts if "source" in one.fields}
    files, runs = {one.file for one in records}, {one.run for one in records}
    events = [event for kind in _EVENTS for event in _events(kind, found.get(kind, ()), files, runs)]
    try:
        checkpoint = archive.ledger.last_checkpoint()
    except FormatError:
        checkpoint = None
    return Lineage(
        collection=archive.paths.name,
        origin=_text(first, "origin"),
        created=_text(first, "created"),
        records=tuple(records),
        texts=tuple(texts),
        mementos=tuple(
            _memento(index, said)
            for index, said in found.get("memento", ())
            if said.get("verdict") == "page" and said.get("record_id") in ids
        ),
        events=tuple(sorted(events, key=lambda event: event.statement)),
        releases=tuple(
            one
            for one in (_release(index, statement) for index, statement in found.get("release", ()))
            if everything or one.file in files or not printed.isdisjoint(one.sources)
        ),
        checkpoint=checkpoint,
        receipts=tuple(_receipts(archive)),
    )


def _record(index: int, statement: Mapping[str, object]) -> StatedRecord:
    return StatedRecord(
        statement=index,
        record_id=_text(statement, "record_id"),
        type=_text(statement, "type"),
        uri=_maybe(statement, "uri"),
        date=_text(statement, "date"),
        status=_number_or_none(statement, "status"),
        mime=_maybe(statement, "mime"),
        challenge=_maybe(statement, "challenge"),
        file=_text(statement, "file"),
        ordinal=_number(statement, "ordinal"),
        record_sha256=_text(statement, "record_sha256"),
        block_sha256=_text(statement, "block_sha256"),
        payload_sha256=_maybe(statement, "payload_sha256"),
        refers_to=_maybe(statement, "refers_to"),
        run=_text(statement, "run"),
        imported=False,
    )


def _stated_text(index: int, statement: Mapping[str, object]) -> StatedText:
    fields = statement["fields"]
    said: dict[str, Said] = {}
    for name, field in sorted(fields.items()) if isinstance(fields, dict) else ():
        if isinstance(field, dict):
            said[str(name)] = Said(_text(field, "printed"), _maybe(field, "value"), _maybe(field, "precision"))
    return StatedText(
        statement=index,
        record_id=_text(statement, "record_id"),
        published_id=_text(statement, "published_id"),
        canonical_id=_maybe(statement, "canonical_id"),
        extractor=_text(statement, "extractor"),
        layout=_text(statement, "layout"),
        raw_sha256=_text(statement, "raw_sha256"),
        body_sha256=_text(statement, "body_sha256"),
        comparison_sha256=_text(statement, "comparison_sha256"),
        comparison_rules=_text(statement, "comparison_rules"),
        fields=said,
    )


def _memento(index: int, said: Mapping[str, object]) -> StatedMemento:
    return StatedMemento(
        statement=index,
        record_id=_text(said, "record_id"),
        archive=_text(said, "archive_title") or _text(said, "archive"),
        uri=_text(said, "uri"),
        served=_maybe(said, "served"),
        digest=_text(said, "digest"),
        held=_text(said, "held"),
        run=_text(said, "run"),
    )


def _events(
    kind: str,
    statements: Iterable[tuple[int, Mapping[str, object]]],
    files: Collection[str],
    runs: Collection[str],
) -> Iterable[Event]:
    """The events of a kind that touched one of the files, or made one of the captures."""
    if kind == "run":
        yield from _run_events(statements, files, runs)
        return
    for index, said in statements:
        name = _text(said, "file") or _text(said, "path").rpartition("/")[2]
        if name not in files:
            continue
        sealed = SealedAs(
            name=name, size=_number(said, "size"), sha256=_text(said, "sha256"), records=_number(said, "records")
        )
        ended = _maybe(said, "imported") or _maybe(said, "repaired")
        yield Event(
            statement=index,
            kind=kind,
            # One import takes in several files, each with a statement of its own.
            name=f"{kind}-{index}",
            started=None,
            ended=ended,
            program=_maybe(said, "program"),
            outcome="exact" if said.get("exact") is True else "records whole" if kind == "repair" else "",
            detail=_detail(kind, said),
            files=(sealed,) if sealed.sha256 else (),
        )


def _run_events(
    statements: Iterable[tuple[int, Mapping[str, object]]], files: Collection[str], runs: Collection[str]
) -> Iterable[Event]:
    """A run stated in several parts is one event, at the first of them."""
    parts: dict[str, list[tuple[int, Mapping[str, object]]]] = {}
    for index, said in statements:
        parts.setdefault(_text(said, "run"), []).append((index, said))
    for name, held in parts.items():
        listed = [file for _index, said in held for file in _list(said, "files") if isinstance(file, dict)]
        sealed = tuple(
            SealedAs(
                name=_text(file, "name"),
                size=_number(file, "size"),
                sha256=_text(file, "sha256"),
                records=_number(file, "records"),
            )
            for file in listed
            if file.get("name") in files
        )
        if name in runs or sealed:
            index, said = held[0]
            yield Event(
                statement=index,
                kind="run",
                name=name,
                started=_maybe(said, "started"),
                ended=_maybe(said, "ended"),
                program=_maybe(said, "program"),
                outcome=_text(said, "outcome"),
                detail="",
                files=sealed,
            )


def _detail(kind: str, said: Mapping[str, object]) -> str:
    if kind == "import":
        lacks = said.get("lacks")
        amiss = ", ".join(f"{code} {count}" for code, count in sorted(lacks.items())) if isinstance(lacks, dict) else ""
        return f"taken in as {_text(said, 'source')}; the check at import found: {amiss or 'nothing'}"
    if kind == "cut":
        return f"{_number(said, 'cut_bytes')} bytes of a torn tail cut: {_text(said, 'reason')}"
    sources = ", ".join(str(source) for source in _list(said, "sources"))
    return f"{_number(said, 'restored_records')} records put back from {sources}"


def _release(index: int, said: Mapping[str, object]) -> DeclaredRelease:
    dump = said.get("dump")
    return DeclaredRelease(
        statement=index,
        name=_text(said, "release"),
        title=_text(said, "title"),
        publisher=_text(said, "publisher"),
        released=_maybe(said, "released"),
        sources=tuple(str(source) for source in _list(said, "sources")),
        file=_maybe(dump, "file") if isinstance(dump, dict) else None,
        stated=_text(said, "stated"),
        program=_text(said, "program"),
    )


def _receipts(archive: Archive) -> Iterable[HeldReceipt]:
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


def _text(said: Mapping[str, object], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _maybe(said: Mapping[str, object], name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) else None


def _number(said: Mapping[str, object], name: str) -> int:
    value = said.get(name)
    return value if isinstance(value, int) else 0


def _number_or_none(said: Mapping[str, object], name: str) -> int | None:
    return _number(said, name) if said.get(name) is not None else None


def _list(said: Mapping[str, object], name: str) -> list[object]:
    value = said.get(name)
    return value if isinstance(value, list) else []
