"""One record down to its raw header, one statement down to its proof: what a reviewer checks, and by which commands.

Tested by ``tests/scenarios/test_desk.py``.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Final

from preserve.errors import FormatError, NotHeldError
from preserve.formats.tlog.files import Proof, format_proof
from preserve.provenance.statements import CableStatement, RecordStatement, decode, kind_of
from preserve.replay.blocked import BlockedError
from preserve.replay.made import Made, Picture, picture_of
from preserve.replay.recover import CollectionReader
from preserve.store.catalogue import RecordRow
from preserve.store.warcfile import read_stated
from preserve.web.library import Shelf
from preserve.web.links import link_line
from preserve.web.receipts import receipt_lines
from preserve.web.responses import DeskPage, File, Link, path_of
from preserve.web.routing import DeskRequest

_MOST_HEAD: Final = 16_384
_DIGITS: Final = 15


def _row(shelf: Shelf, record_id: str) -> tuple[CollectionReader, RecordRow]:
    name = record_id if record_id.startswith("urn:uuid:") else f"urn:uuid:{record_id}"
    shelf.blocked.check(record=name)
    for archive in shelf.archives:
        row = archive.catalogue.record(name)
        if row is not None:
            _check(shelf, archive, row)
            return archive, row
    raise NotHeldError(f"no record {name} is held here")


def _check(shelf: Shelf, archive: CollectionReader, row: RecordRow) -> None:
    """Raises `BlockedError` where the record is of something that is not shown."""
    shelf.blocked.check(record=row.record_id, url=row.uri or "")
    shelf.blocked.check(record=row.refers_to or "")
    shelf.blocked.check_cables(archive.catalogue.readings_of(row.refers_to or row.record_id))


def record(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """A record: where it lies, its header as it stands, the head of the message in it, its hash, its statement."""
    archive, row = _row(shelf, asked.rest[0])
    held, place = read_stated(archive.paths, row.place, row)
    head = ""
    if row.type in {"response", "request"}:
        part, end, _rest = held.block[:_MOST_HEAD].partition(b"\r\n\r\n")
        head = part.decode("utf-8", "replace") if end else ""
    cables = [one.published_id for one in archive.catalogue.readings_of(row.refers_to or row.record_id)]
    is_page = row.type in {"response", "revisit", "resource"}
    name = archive.paths.name
    number = str(row.statement_index)
    link = link_line(archive, row.uri) if is_page else None
    receipts = receipt_lines(archive, row.statement_index, shelf.trust, shelf.public)
    return DeskPage(
        template="record.html",
        title=f"Record {row.record_id}",
        data={
            "record": row.record_id,
            "collection": name,
            "type": row.type,
            "uri": row.uri,
            "date": row.date,
            "status": row.status,
            "file": row.place.file,
            "offset": place.offset,
            "length": place.length,
            "sha256": row.record_sha256,
            "payload_sha256": row.payload_sha256,
            "refers_to": row.refers_to,
            "statement": row.statement_index,
            "signed": archive.log.is_signed(row.statement_index),
            "header": held.header.raw.decode("utf-8", "replace"),
            "head": head,
            "cables": cables,
            "link": None if link is None else asdict(link),
            "receipts": [asdict(one) for one in receipts],
        },
        context={
            "link": link,
            "receipts": receipts,
            "row": row,
            "name": name,
            "header": held.header.raw.decode("utf-8", "replace"),
            "head": head,
            "block_bytes": len(held.block),
            "digest": row.record_sha256,
            "cables": cables,
            "is_page": is_page,
            "is_signed": archive.log.is_signed(row.statement_index),
            "statement_path": path_of("statement", name, number),
        },
        is_indexed=False,
        links=(
            Link("describedby", path_of("statement", name, number), "text/html"),
            *(Link("collection", path_of("cable", one), "text/html") for one in dict.fromkeys(cables)),
        ),
        twin=path_of("record", f"{row.record_id}.json"),
    )


def picture(shelf: Shelf, asked: DeskRequest) -> File:
    """A picture that a browser made of a page when it was captured; never a picture of its server."""
    seen = shown_picture(shelf, *_row(shelf, asked.rest[0]))
    return File(body=seen.data, media_type=seen.media_type, is_data=False)


def shown_picture(shelf: Shelf, archive: CollectionReader, row: RecordRow) -> Picture:
    """A picture of a page.

    Raises:
        BlockedError: it, its page, or a text that it shows is not shown here.
        NotHeldError, ArchiveError: as `picture_of`.
    """
    _check(shelf, archive, row)
    shelf.blocked.check(url=(row.uri or "").split(":", 2)[-1])
    seen = picture_of(archive, row)
    for text in seen.texts:
        _check(shelf, archive, text)
    return seen


def shown_pictures(shelf: Shelf, archive: CollectionReader, made: Made | None) -> Mapping[str, RecordRow]:
    """The pictures of a page that is shown here, by kind, without those that are not."""
    found: dict[str, RecordRow] = {}
    if made is None:
        return found
    for kind, row in made.records.items():
        with suppress(BlockedError):
            for one in (row, *made.texts):
                _check(shelf, archive, one)
            found[kind] = row
    return found


def _statement(shelf: Shelf, asked: DeskRequest) -> tuple[CollectionReader, int, bytes]:
    """A statement's bytes, as they are proved.

    Raises:
        NotHeldError: there is none of that number.
        ArchiveError, FormatError: it is not the one under the checkpoint.
        BlockedError: it is about something that is not shown here.
    """
    archive = shelf.archive(asked.rest[0])
    said = asked.rest[1]
    if not (said.isascii() and said.isdigit() and len(said) <= _DIGITS) or int(said) >= archive.ledger.size:
        raise NotHeldError(f"{archive.paths.name} has no statement {said[:20]}; it has {archive.ledger.size:,}, from 0")
    index = int(said)
    entry = archive.log.entry(index)
    statement = decode(entry)
    if isinstance(statement, CableStatement):
        shelf.blocked.check(cable=statement.published_id, canonical=statement.canonical_id)
    elif isinstance(statement, RecordStatement):
        shelf.blocked.check(record=statement.record_id, url=statement.uri or "")
    if shelf.blocked.config.blocked and isinstance(statement, CableStatement | RecordStatement):
        row = archive.catalogue.record(statement.record_id)
        if row is not None:
            _check(shelf, archive, row)
    return archive, index, entry


def statement(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """A statement: what it says, its place in the tree, the checkpoint over it, and how to check that."""
    archive, index, entry = _statement(shelf, asked)
    name = archive.paths.name
    proof_text = ""
    note = archive.ledger.note()
    if note is not None and archive.log.is_signed(index):
        proof_text = _proof(archive, index, note).decode()
    value = json.loads(entry)
    record_id = value.get("record_id", "") if isinstance(value, dict) else ""
    number = str(index)
    receipts = receipt_lines(archive, index, shelf.trust, shelf.public)
    return DeskPage(
        template="statement.html",
        title=f"Statement {index:,} of {name}",
        data={
            "collection": name,
            "statement": index,
            "kind": kind_of(decode(entry)),
            "value": value,
            "signed": archive.log.is_signed(index),
            "size": archive.log.signed,
            "proof": proof_text,
            "receipts": [asdict(one) for one in receipts],
        },
        context={
            "receipts": receipts,
            "name": name,
            "index": index,
            "kind": kind_of(decode(entry)),
            "text": json.dumps(value, ensure_ascii=False, indent=2),
            "proof": proof_text,
            "record_id": record_id if isinstance(record_id, str) else "",
            "size": archive.log.signed,
            "total": archive.ledger.size,
            "note": "" if note is None else note.decode("utf-8", "replace"),
            "entry_path": path_of("statement", name, number, "entry"),
            "proof_path": path_of("statement", name, number, "proof"),
        },
        is_indexed=False,
        twin=path_of("statement", name, f"{number}.json"),
    )


def _proof(archive: CollectionReader, index: int, note: bytes) -> bytes:
    size = archive.log.signed
    return format_proof(Proof(index=index, hashes=archive.ledger.inclusion_proof(index, size), checkpoint=note))


def entry(shelf: Shelf, asked: DeskRequest) -> File:
    """The bytes of a statement, as its hash is over them."""
    archive, index, data = _statement(shelf, asked)
    return File(body=data, media_type="application/json", name=f"{archive.paths.name}-{index}.json")


def proof(shelf: Shelf, asked: DeskRequest) -> File:
    """The proof that a statement is under the newest checkpoint (c2sp.org/tlog-proof@v1)."""
    archive, index, _entry = _statement(shelf, asked)
    note = archive.ledger.note()
    if note is None or not archive.log.is_signed(index):
        raise NotHeldError(f"statement {index} is under no checkpoint yet")
    try:
        body = _proof(archive, index, note)
    except (ValueError, KeyError) as error:
        raise FormatError(f"the tree of {archive.paths.name} gives no proof: {error}") from error
    return File(body=body, media_type="text/plain; charset=utf-8", name=f"{archive.paths.name}-{index}.tlog-proof")


def checkpoint(shelf: Shelf, asked: DeskRequest) -> File:
    """The newest checkpoint, a signed note: keep it, and nothing before it can change unseen."""
    archive = shelf.archive(asked.rest[0])
    note = archive.ledger.note()
    if note is None:
        raise NotHeldError(f"{archive.paths.name} has no checkpoint yet")
    return File(body=note, media_type="text/plain; charset=utf-8")
