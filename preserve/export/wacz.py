"""A collection as a WACZ package (WACZ 1.1.1), as ReplayWeb.page, pywb and py-wacz read it, with what proves it inside.

The rules of writing are those of the strictest reader: ``indexes/index.cdx`` is the only index, sorted bytewise, with
bare file names; WARC files are stored, not deflated, their sizes in their headers; the list of pages begins with a
header. Under ``preserve/`` lie the ledger, its checkpoint, receipts and a checker (docs/formats/wacz.md). The same
archive, options and zlib give the same bytes: the one time in them is that of the newest capture.

Tested by ``tests/scenarios/test_export_wacz.py``.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain, islice
from pathlib import Path
from typing import IO, Final, NamedTuple

from msgspec import structs

from preserve import PROGRAM
from preserve.cables.page.titles import page_title
from preserve.errors import ArchiveError, CatalogueDiffersError, FormatError, NotHeldError, unreadable
from preserve.export.choosing import Bits, Choice, FileShare, choose
from preserve.export.leaves import ledger_lines
from preserve.export.zipstream import Measured, Part, ZipStream
from preserve.expressions import lazy_re
from preserve.formats.tlog.files import parse_checkpoint
from preserve.formats.tlog.note import parse_note
from preserve.limits import MIB
from preserve.model import sha256_hex
from preserve.provenance import statements
from preserve.provenance.receipts import held_receipts, kept_checkpoints
from preserve.provenance.sealing import sealed_in
from preserve.provenance.statements import decode
from preserve.provenance.waczkey import WaczSigner
from preserve.regular import read_regular
from preserve.replay.blocked import Blocked
from preserve.replay.made import made_of
from preserve.replay.recover import CollectionReader
from preserve.store.heldfiles import open_held
from preserve.store.index import index_line, sorted_rows
from preserve.store.layout import check_file_name
from preserve.store.searchindex import HeldCable

VERSION: Final = "1.1.1"
_INDEXED: Final = (".warc", ".warc.gz", ".arc", ".arc.gz")
"""Files whose records readers of packages find by an index; in others (Zstandard) they do not."""
_ALWAYS: Final = tuple(f'"kind":"{kind}"'.encode() for kind in ("archive", "key", "wacz-key"))
_SEALING: Final = tuple(f'"kind":"{kind}"'.encode() for kind in ("run", "import", "cut", "repair"))
_RECORD: Final = b'"kind":"record"'
_IMPORT: Final = b'"kind":"import"'
_LINE_ENDS: Final = lazy_re("\n")
_MOST_HEADER_LINES: Final = 40
_GATHERED: Final = 256 * 1024
_MOST_BEFORE_TITLE: Final = 64 * 1024
"""Bytes of a page that are looked through for its title."""
_CHECKERS: Final = ("check_capsule.py", "check_wacz.py")

ShownText = tuple[HeldCable, str]
"""A text that stands on a page, and what is indexed of it: the header before it, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageOrder:
    """What is to be in a package. ``pages``: ids of the records asked for; None: all that is held.

    ``texts_of`` gives the texts on a record's page; ``signer`` is None where the package is not signed.
    """

    title: str
    blocked: Blocked
    texts_of: Callable[[str], Iterable[ShownText]]
    pages: Collection[str] | None = None
    signer: WaczSigner | None = None


class PackageDone(NamedTuple):
    """What a package has: its bytes, files and records. ``unsigned``, ``blocked``: records that were left out."""

    size: int
    files: int
    records: int
    unsigned: int
    blocked: int
    is_signed: bool


def write_package(archive: CollectionReader, order: PackageOrder, out: IO[bytes], *, can_go_back: bool) -> PackageDone:
    """Writes the package of a collection. ``can_go_back``: ``out`` is a file at its beginning; else in two passes.

    Raises:
        NotHeldError: nothing of what is asked for is held under a checkpoint.
        ArchiveError, FormatError: a file or the ledger is damaged, or changed while it was read.
    """
    archive.catalogue.begin_snapshot()
    plan = plan_package(archive, order)
    stream = ZipStream(out, can_go_back=can_go_back)
    listed = stream.add(plan.parts)
    stream.add(plan.listing(listed))
    choice = plan.choice
    return PackageDone(
        size=stream.finish(),
        files=len(choice.shares),
        records=choice.count,
        unsigned=choice.unsigned,
        blocked=choice.blocked,
        is_signed=order.signer is not None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePlan:
    """A package to be: its parts, and what lists them once they are measured."""

    choice: Choice
    parts: tuple[Part, ...]
    listing: Callable[[list[Measured]], list[Part]]


def plan_package(archive: CollectionReader, order: PackageOrder) -> PackagePlan:
    """What a package will hold; the records are chosen, and nothing of them is read. The catalogue stays as it is.

    Raises: as `write_package`.
    """
    note = archive.ledger.note()
    name = archive.paths.name
    if note is None or not archive.log.signed:
        raise NotHeldError(f"{name} has no checkpoint yet", next_step="Run a capture to its end first.")
    if parse_checkpoint(parse_note(note).text).size != archive.log.signed:
        raise ArchiveError(f"{name} was signed anew while it was opened", next_step="Run the export again.")
    choice = choose(archive, order.blocked, order.pages)
    if not choice.count:
        raise NotHeldError(f"nothing of what is asked for is held in {name} under a checkpoint")
    seals = _Seals()
    parts = (
        # First, for files are held against what it seals.
        _part("preserve/ledger.jsonl", lambda: _ledger(archive, choice, seals)),
        *_archive_parts(archive, choice, seals),
        _part("indexes/index.cdx", lambda: _index(archive, choice), is_packed=False),
        _part("pages/pages.jsonl", lambda: _pages(archive, choice, order)),
        *_proof_parts(archive, note),
    )

    def listing(listed: list[Measured]) -> list[Part]:
        package = _listing(archive, order, choice, listed)
        return [
            _held("datapackage.json", package, is_packed=True),
            _held("datapackage-digest.json", _digest(package, order.signer, _created(choice)), is_packed=True),
        ]

    return PackagePlan(choice=choice, parts=parts, listing=listing)


def _held(name: str, data: bytes, *, is_packed: bool = False) -> Part:
    return Part(name=name, pieces=lambda: (data,), is_packed=is_packed)


def _part(name: str, lines: Callable[[], Iterator[bytes]], *, is_packed: bool = True) -> Part:
    return Part(name=name, pieces=lambda: _gathered(lines()), is_packed=is_packed)


def _gathered(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Lines in larger pieces: each piece is hashed and packed."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= _GATHERED:
            yield b"".join(held)
            held.clear()
            size = 0
    yield b"".join(held)


class _Seals:
    """The files that the ledger seals: size and SHA-256 of each, gathered as its statements go by."""

    def __init__(self) -> None:
        self.of: dict[str, set[tuple[int, str]]] = {}

    def take(self, entry: bytes) -> None:
        """One statement."""
        if _RECORD not in entry and any(mark in entry for mark in _SEALING):
            for sealed in sealed_in(decode(entry)):
                self.of.setdefault(sealed.name, set()).add((sealed.size, sealed.sha256))


def _archive_parts(archive: CollectionReader, choice: Choice, seals: _Seals) -> Iterator[Part]:
    for name in sorted(choice.shares):
        share = choice.shares[name]
        yield Part(
            name=f"archive/{check_file_name(name)}",
            pieces=_stretches(archive, share, seals),
            path=archive.paths.held_file(name),
            stretches=tuple(share.stretches()),
        )


def _stretches(archive: CollectionReader, share: FileShare, seals: _Seals) -> Callable[[], Iterator[bytes]]:
    """The bytes of a file that are chosen; where that is all of a sealed file, they are held against its seal."""

    def pieces() -> Iterator[bytes]:
        digest = hashlib.sha256()
        try:
            with open_held(archive.paths, check_file_name(share.name)) as file:
                for start, end in share.stretches():
                    file.seek(start)
                    for offset in range(start, end, MIB):
                        piece = file.read(min(MIB, end - offset))
                        if len(piece) != min(MIB, end - offset):
                            raise _damaged(archive, share.name, "it is shorter than the catalogue says")
                        digest.update(piece)
                        yield piece
        except OSError as error:
            raise unreadable(share.name, error) from error
        is_all = share.is_whole and len(share.starts) == 1 and not share.starts[0]
        sealed = seals.of.get(share.name)
        if is_all and sealed and (share.size, digest.hexdigest()) not in sealed:
            raise _damaged(archive, share.name, "it is not the file that was sealed")

    return pieces


def _damaged(archive: CollectionReader, name: str, why: str) -> ArchiveError:
    return ArchiveError(
        f"{name}: {why}; no package is made of it",
        next_step=f"Run `preserve verify {archive.paths.name}` to see what is damaged.",
    )


def _index(archive: CollectionReader, choice: Choice) -> Iterator[bytes]:
    """The lines of the index for what is chosen, with the places that records have in the package."""
    for rows in sorted_rows(archive.catalogue):
        lines = []
        for row in rows:
            share = choice.shares.get(row.place.file)
            offset = None if share is None else share.moved(row.place)
            if offset is not None and row.place.file.endswith(_INDEXED):
                moved = structs.replace(row.place, offset=offset)
                lines.append(index_line(row if moved == row.place else structs.replace(row, place=moved)))
        yield from sorted(lines)


def _pages(archive: CollectionReader, choice: Choice, order: PackageOrder) -> Iterator[bytes]:
    """The list of pages: a header, and a line for each page that was captured whole."""
    yield _line({"format": "json-pages-1.0", "id": "pages", "title": f"Pages of {order.title}", "hasText": True})
    drawn = archive.catalogue.drawn_pages()
    for statement, record_id, uri, date in archive.catalogue.pages_in_order():
        if statement < archive.log.signed and statement in choice.records:
            page: dict[str, object] = {"id": record_id.rpartition(":")[2], "url": uri, "ts": _second(date)}
            if texts := list(order.texts_of(record_id)):
                page["title"] = "; ".join(f"{cable.published_id} {cable.subject}".strip() for cable, _text in texts)
                page["text"] = "\n\n".join(_stated(archive, record_id, *shown) for shown in texts)
            elif title := _title(archive, record_id):
                page["title"] = title
            if uri in drawn and (pictures := _pictures(archive, choice, record_id)):
                page["pictures"] = pictures
            yield _line(page)


def _pictures(archive: CollectionReader, choice: Choice, record_id: str) -> dict[str, str]:
    """The pictures of a page that are in the package: by the target of each the UUID of its record."""
    capture = archive.capture_of_record(record_id)
    made = None if capture is None else made_of(archive, capture, archive.captures_of(capture.url))
    rows = () if made is None else made.records.values()
    return {row.uri or "": row.record_id.rpartition(":")[2] for row in rows if row.statement_index in choice.records}


def _title(archive: CollectionReader, record_id: str) -> str:
    """The title that a page gives itself; empty where it gives none at its beginning, or cannot be decoded."""
    capture = archive.capture_of_record(record_id)
    if capture is None:
        return ""
    with suppress(FormatError):
        page = archive.page(capture)
        return page_title(page.content[:_MOST_BEFORE_TITLE], page.content_type)
    return ""


def _stated(archive: CollectionReader, record_id: str, cable: HeldCable, indexed: str) -> str:
    """The text that the ledger states: at the end of what is indexed, else read from the record again."""
    for start in (0, *(match.end() for match in islice(_LINE_ENDS.finditer(indexed), _MOST_HEADER_LINES))):
        if sha256_hex(indexed[start:].encode("utf-8", "replace")) == cable.body_sha256:
            return indexed[start:]
    capture = archive.capture_of_record(record_id)
    texts = () if capture is None else archive.read(archive.page(capture)).cables
    return next((text.body for text in texts if text.body_sha256 == cable.body_sha256), "")


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _second(date: str) -> str:
    """A date of the ledger, which has a place for each digit, without what is behind its second."""
    return f"{date[:19]}Z"


def _ledger(archive: CollectionReader, choice: Choice, seals: _Seals) -> Iterator[bytes]:
    """The statements, and what the files are sealed as."""
    size = archive.log.signed
    said = None if choice.is_everything else _said(archive, choice)

    def is_said(index: int, entry: bytes) -> bool:
        seals.take(entry)
        if said is None or index in said or any(mark in entry for mark in _ALWAYS):
            return True
        return _IMPORT in entry and _is_import_of(entry, choice)

    stops = frozenset({at for at in _kept(archive) if at})
    yield from ledger_lines(archive.ledger, size, is_said, stops)
    missing = sorted(seals.of.keys() - choice.shares.keys()) if choice.is_everything else []
    if missing:
        raise CatalogueDiffersError.of(archive.paths.name, f"it has no record of {missing[0]}, which that seals")


def _kept(archive: CollectionReader) -> dict[int, bytes]:
    """Checkpoints that are kept, of this log as it is signed now: size and note."""
    kept = {**kept_checkpoints(archive.paths), **{each.size: each.note for each in held_receipts(archive.paths)}}
    return {at: note for at, note in kept.items() if at <= archive.log.signed}


def _proof_parts(archive: CollectionReader, note: bytes) -> Iterator[Part]:
    kept = _kept(archive)
    receipts = [each for each in held_receipts(archive.paths) if each.size in kept]
    yield _held("preserve/checkpoint", note)
    yield _held("preserve/log.vkey", read_regular(archive.paths.vkey))
    for at in sorted(kept):
        yield _held(f"preserve/receipts/{at}.checkpoint", kept[at])
    for receipt in sorted(receipts, key=lambda each: each.name):
        stem = f"preserve/receipts/{receipt.size}.{receipt.authority}"
        yield _held(f"{stem}.tsq", receipt.request)
        yield _held(f"{stem}.tsr", receipt.reply)
    for name in _CHECKERS:
        # Files to be handed on, not code to be called.
        data = read_regular(Path(str(files("preserve.citation.capsule") / name)))
        yield _held(f"preserve/{name}", data, is_packed=True)
    yield _held("preserve/readme.txt", _README.encode("ascii"))


def _is_import_of(entry: bytes, choice: Choice) -> bool:
    said = decode(entry)
    return isinstance(said, statements.ImportStatement) and said.file in choice.shares


def _said(archive: CollectionReader, choice: Choice) -> Bits:
    """The statements that stand in the ledger of a part: of its records, their texts, and what they are mementos of."""
    said = Bits(archive.log.signed)
    catalogue = archive.catalogue
    for index, record in chain(catalogue.texts_with_records(), catalogue.mementos_with_records()):
        if max(index, record) < archive.log.signed and record in choice.records:
            said.add(index)
            said.add(record)
    said.join(choice.records)
    return said


def _created(choice: Choice) -> str:
    return _second(choice.newest)


def _listing(archive: CollectionReader, order: PackageOrder, choice: Choice, listed: list[Measured]) -> bytes:
    checkpoint = parse_checkpoint(parse_note(archive.ledger.note() or b"").text)
    package = {
        "profile": "data-package",
        "wacz_version": VERSION,
        "title": order.title,
        "description": "Captured pages, and under preserve/ what proves them: see preserve/readme.txt.",
        "created": _created(choice),
        "software": PROGRAM,
        "preserve": {
            "collection": archive.paths.name,
            "log": checkpoint.origin,
            "statements": checkpoint.size,
            "root_sha256": checkpoint.root.hex(),
            "is_everything": choice.is_everything,
        },
        "resources": [
            {
                "name": one.member.name.rpartition("/")[2].lower(),
                "path": one.member.name,
                "hash": f"sha256:{one.sha256}",
                "bytes": one.member.size,
            }
            for one in listed
        ],
    }
    return (json.dumps(package, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def _digest(package: bytes, signer: WaczSigner | None, created: str) -> bytes:
    digest = f"sha256:{sha256_hex(package)}"
    said: dict[str, object] = {"path": "datapackage.json", "hash": digest}
    if signer is not None:
        said["signedData"] = {
            "hash": digest,
            "created": created,
            "software": PROGRAM,
            "publicKey": signer.public_key,
            "signature": signer.sign(digest),
        }
    return (json.dumps(said, indent=1) + "\n").encode("ascii")


_README: Final = """\
What proves the captures in this package
========================================

ledger.jsonl    the log of the collection, a line a statement: what was captured, with SHA-256, and what was read from
                it. A line [LEVEL,"HASH"] stands for 2**LEVEL statements that this package leaves out.
checkpoint      the root of the log (RFC 6962), signed by the key of the log
log.vkey        that key, as it lay in the archive: a hint, ask the archive for it
receipts/       what time authorities said of checkpoints (RFC 3161)
check_wacz.py   checks the package: python3 check_wacz.py FILE.wacz --key KEY  (check_capsule.py must lie beside it)

With the program: preserve verify FILE.wacz
"""
