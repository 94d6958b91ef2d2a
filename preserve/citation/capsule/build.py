"""Builds a citation capsule (docs/formats/capsule.md): one small file from which a stranger can check a passage.

It is checked as a stranger would check it before it is handed over.

Tested by ``tests/scenarios/test_capsules.py``.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from preserve.cables.extract import Extraction
from preserve.citation.capsule import check_capsule
from preserve.citation.capsule.check_capsule import DEFLATED, FAIL, MANIFEST, STORED, Member, canonical
from preserve.citation.capsule.index import index_page
from preserve.citation.capsule.page import readable_page
from preserve.citation.passage import Passage
from preserve.citation.quotable import QuotableText
from preserve.citation.selectors import selectors
from preserve.errors import ArchiveError, FormatError, NotHeldError, UsageError, unreadable
from preserve.formats.citations.csl import to_csl_json
from preserve.formats.citations.data import CitationData
from preserve.formats.tlog.files import Proof, format_proof, parse_checkpoint
from preserve.formats.tlog.note import parse_note
from preserve.formats.warc.members import GZIP_MAGIC, read_member
from preserve.formats.warc.record import parse_record
from preserve.provenance import statements
from preserve.provenance.receipts import Receipt, held_receipts, kept_checkpoints, read_reply
from preserve.provenance.statements import CableStatement, KeyStatement, decode
from preserve.regular import read_regular
from preserve.replay.recover import Capture, CollectionReader
from preserve.store.catalogue import RecordRow
from preserve.store.heldfiles import open_held
from preserve.store.layout import check_file_name
from preserve.store.warcfile import read_stated

_SIGNATURE: Final = "\n\u2014 ".encode()
_MAX_CHANGES: Final = 40
"""Changes of key that go into a capsule, the newest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capsule:
    """A capsule, and what the archive holds for it that is not in it, with the reason."""

    data: bytes
    left_out: tuple[str, ...]


def citation_item(data: CitationData) -> dict[str, object]:
    """A citation as a capsule has it: what the log says, nothing of today, nothing of where the copy can be seen."""
    return to_csl_json(
        replace(data, archived_url="", accessed="", date_doubt="", ark="", tags=(), moved=(), is_long=True)
    )


def build_capsule(
    archive: CollectionReader,
    capture: Capture,
    *,
    text: QuotableText,
    extraction: Extraction | None,
    passage: Passage,
    citation: Mapping[str, object],
) -> Capsule:
    """The capsule of a passage. ``extraction``: the cable that it is of; ``citation`` is its CSL-JSON item.

    Raises:
        NotHeldError: a statement is under no checkpoint yet, or the text was never stated.
        ArchiveError: the record's bytes cannot be taken as they are, or the capsule does not check.
    """
    note = archive.ledger.note()
    if note is None:
        raise NotHeldError("the log has no checkpoint yet", next_step="Run a capture to its end first.")
    files = _records(archive, capture)
    stated = {name: row.statement_index for name, row in _rows(capture).items()}
    if extraction is not None:
        stated["cable"] = _cable_statement(archive, capture, extraction)
    if capture.memento is not None:
        stated["memento"] = capture.memento.statement
    if capture.taken_in is not None:
        stated["import"] = capture.taken_in.statement
    for name, index in stated.items():
        files[f"{name}.json"] = next(data for _index, data in archive.ledger.raw(index))
        files[f"{name}.tlog-proof"] = _proof(archive, index, note)
    files["checkpoint"] = note
    files["log.vkey"] = read_regular(archive.paths.vkey)
    files["text.txt"] = text.body.encode()
    files["selector.json"] = canonical(_selector(capture, text, passage))
    files["citation.json"] = canonical(citation)
    files["check_capsule.py"] = read_regular(Path(check_capsule.__file__))
    left_out = [*_add_changes(archive, files), *_add_receipts(archive, files, stated)]
    files |= {"readme.txt": readable_page(files).encode(), "index.html": index_page(files).encode()}
    data = pack(files)
    wrong = [each for each in check_capsule.check(data) if each.verdict == FAIL]
    if wrong:
        raise ArchiveError(
            f"the capsule would not check: {wrong[0].claim}: {wrong[0].detail}",
            next_step=f"Run `preserve verify {archive.paths.name}` to see what is damaged.",
        )
    return Capsule(data=data, left_out=tuple(left_out))


def pack(files: Mapping[str, bytes]) -> bytes:
    """The ZIP of these files, the manifest first."""
    members = {name: _member(name, files[name]) for name in sorted(files)}
    return check_capsule.zip_bytes({MANIFEST: _member(MANIFEST, check_capsule.manifest_of(members)), **members})


def _member(name: str, data: bytes) -> Member:
    if name == MANIFEST or name.endswith(".gz"):
        return Member(data, STORED, data)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return Member(data, DEFLATED, packer.compress(data) + packer.flush())


def _rows(capture: Capture) -> dict[str, RecordRow]:
    return {"record": capture.row, "source": capture.source} if capture.is_revisit else {"record": capture.row}


def _records(archive: CollectionReader, capture: Capture) -> dict[str, bytes]:
    """The records: as gzip members, exactly as they lie in their files, or taken out of what they lie in."""
    found = {}
    for name, row in _rows(capture).items():
        record, place = read_stated(archive.paths, row.place, row)
        try:
            with open_held(archive.paths, check_file_name(place.file)) as file:
                file.seek(place.offset)
                data = file.read(place.length)
        except OSError as error:
            raise unreadable(place.file, error) from error
        if not place.inner and _is_member(data):
            found[f"{name}.warc.gz"] = data
            continue
        if not record.header.raw.startswith(b"WARC/"):
            raise UsageError(
                f"record {row.record_id} in {place.file} is no WARC record, and no capsule holds another",
                next_step="Cite it without --capsule.",
            )
        found[f"{name}.warc"] = record.header.raw + record.block + b"\r\n\r\n"
    return found


def _is_member(data: bytes) -> bool:
    """Whether bytes are a gzip member with one WARC record, and nothing behind it."""
    try:
        parse_record(read_member(data))
    except FormatError:
        return False
    return data.startswith(GZIP_MAGIC)


def _cable_statement(archive: CollectionReader, capture: Capture, extraction: Extraction) -> int:
    indexes = archive.catalogue.statements_of_cable(extraction.published_id, capture.source.record_id)
    for index in reversed(indexes):
        said = decode(next(data for _index, data in archive.ledger.raw(index)))
        match said:
            case CableStatement(body_sha256=body, extractor=by) if (body, by) == (
                extraction.body_sha256,
                extraction.extractor,
            ):
                return index
    raise NotHeldError(
        f"the log states no text of {extraction.published_id} as {extraction.extractor} reads it",
        next_step=f"Run `preserve reread {archive.paths.name}` first: it states the text.",
    )


def _proof(archive: CollectionReader, index: int, note: bytes) -> bytes:
    size = parse_checkpoint(parse_note(note).text).size
    if index >= size:
        raise NotHeldError(f"statement {index} is under no checkpoint yet", next_step="Run a capture to its end first.")
    return format_proof(Proof(index=index, hashes=archive.ledger.inclusion_proof(index, size), checkpoint=note))


def _add_receipts(archive: CollectionReader, files: dict[str, bytes], stated: Mapping[str, int]) -> list[str]:
    """The receipts of the oldest stamped checkpoint that all statements are under; gives those that cannot be read."""
    fit, unread = [], []
    for each in held_receipts(archive.paths):
        if each.size > max(stated.values()):
            reason = _reason_against(each)
            if reason:
                unread.append(f"receipt {each.name}: {reason}")
            else:
                fit.append(each)
    size = min((each.size for each in fit), default=0)
    for receipt in fit:
        if receipt.size == size:
            files[f"{size}.{receipt.authority}.tsr"] = receipt.reply
            files[f"{size}.{receipt.authority}.tsq"] = receipt.request
            files[f"{size}.checkpoint"] = receipt.note
            for name, index in stated.items():
                files[f"{name}.{size}.tlog-proof"] = _proof(archive, index, receipt.note)
    return unread


def _reason_against(receipt: Receipt) -> str:
    """Why a reply proves nothing of its checkpoint; empty where it is one for it."""
    try:
        read_reply(receipt.reply, receipt.note)
    except FormatError as error:
        return str(error)
    return ""


def _add_changes(archive: CollectionReader, files: dict[str, bytes]) -> list[str]:
    """The changes of the log's key, newest first: each statement, and its proof under a checkpoint of both keys.

    Gives what is left out.
    """
    key = files["log.vkey"].decode("ascii").strip()
    first = decode(next(data for _index, data in archive.ledger.raw(0)))
    if not isinstance(first, statements.ArchiveStatement) or first.key == key:
        return []
    # A change is the last statement under the checkpoint that both keys sign.
    signed = {
        size: note for size, note in kept_checkpoints(archive.paths).items() if size and note.count(_SIGNATURE) > 1
    }
    number = 0
    for size in sorted(signed, reverse=True):
        entry = next(data for _index, data in archive.ledger.raw(size - 1))
        said = decode(entry)
        if number < _MAX_CHANGES and isinstance(said, KeyStatement) and said.new == key:
            number += 1
            files[f"key{number}.json"] = entry
            files[f"key{number}.tlog-proof"] = _proof(archive, size - 1, signed[size])
            key = said.old
    return [] if first.key == key else [f"changes of the log's key before {key}"]


def _selector(capture: Capture, text: QuotableText, passage: Passage) -> dict[str, object]:
    return {
        "source": check_capsule.without_password(capture.url),
        "extractor": text.extractor,
        "selector": selectors(passage),
        "paragraph": passage.paragraph,
        "portion_mark": passage.portion_mark,
        "folded_blanks": passage.folded_blanks,
        "page_lines": list(passage.page_lines),
    }
