"""Builds a citation capsule (docs/formats/capsule.md): one small file from which a stranger can check a passage.

It is checked as a stranger would check it before it is handed over.
"""

import base64
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from preserve.cables.extract import Extraction
from preserve.citation import check_capsule
from preserve.citation.check_capsule import DEFLATED, FAIL, MANIFEST, STORED, Member, canonical
from preserve.citation.passage import Passage
from preserve.citation.selectors import selectors
from preserve.errors import ArchiveError, NotHeldError
from preserve.formats.note import parse_note
from preserve.formats.statements import decode
from preserve.formats.tlog import Proof, format_proof, parse_checkpoint
from preserve.provenance.receipts import held_receipts
from preserve.replay.recover import Archive, Capture
from preserve.store.catalogue import RecordRow

_README: Final = """A citation capsule: one passage, and the proof of where it was found.

{cited}
Passage (characters {start} to {end} of text.txt):

{exact}

CHECK IT WITH THE CHECKER IN HERE (any Python from 3.9 on; read it first if you like)

  unzip -o CAPSULE -d capsule && cd capsule
  python3 check_capsule.py ../CAPSULE --key VKEY --roots ROOTS.pem

VKEY is the key of the log, ROOTS.pem the root certificates of time authorities, both from elsewhere than from in here.

CHECK IT BY HAND (in the unpacked folder)

1. The bytes of the reply, as they were captured, have the checksum that the log states:

$ gunzip -c {source}.warc.gz | head -c -4 | sha256sum | cut -c 1-64
= {record_sha256}
$ grep -o '"record_sha256":"[0-9a-f]*"' {source}.json | cut -d '"' -f 4
= {record_sha256}

2. The text has the checksum that the log states:

$ sha256sum text.txt | cut -c 1-64
= {body_sha256}
$ grep -o '"body_sha256":"[0-9a-f]*"' cable.json | cut -d '"' -f 4
= {body_sha256}

3. The log's checkpoint is signed (the key is {vkey}):

$ sed '/^$/,$d' checkpoint > signed
$ grep -F '{origin} {key_id}' checkpoint | cut -d ' ' -f 3 | base64 -d | tail -c +5 > signature
$ echo {der} | base64 -d > log.der
$ openssl pkeyutl -verify -pubin -keyform DER -inkey log.der -rawin -in signed -sigfile signature
= Signature Verified Successfully

4. That the statements are in the log (RFC 9162, section 2.1.3.2) is checked by check_capsule.py.
{times}
What nothing here shows: that the origin really sent these bytes. Compare independent captures.
"""
_TIMES: Final = """
5. A time authority saw the log (take its root certificate from the authority itself):

{commands}
"""


def build_capsule(
    archive: Archive,
    capture: Capture,
    extraction: Extraction,
    passage: Passage,
    citation: Mapping[str, object],
) -> bytes:
    """The capsule of a passage of a cable. ``citation`` is its CSL-JSON item.

    Raises:
        NotHeldError: a statement is under no checkpoint yet, or the text was never stated.
        ArchiveError: the record's bytes cannot be taken as they are, or the capsule does not check.
    """
    note = archive.ledger.note()
    if note is None:
        raise NotHeldError("the log has no checkpoint yet", next_step="Run a capture to its end first.")
    files = _records(archive, capture)
    stated = {name: row.statement_index for name, row in _rows(capture).items()}
    stated["cable"] = _cable_statement(archive, capture, extraction)
    for name, index in stated.items():
        files[f"{name}.json"] = next(data for _index, data in archive.ledger.raw(index))
        files[f"{name}.tlog-proof"] = _proof(archive, index, note)
    files["checkpoint"] = note
    files["log.vkey"] = archive.paths.vkey.read_bytes()
    files["text.txt"] = extraction.body.encode()
    files["selector.json"] = canonical(_selector(capture, passage))
    files["citation.json"] = canonical(citation)
    files["check_capsule.py"] = Path(check_capsule.__file__).read_bytes()
    _add_receipts(archive, files, stated)
    files["readme.txt"] = _readme(files, capture, passage).encode()
    data = pack(files)
    wrong = [each for each in check_capsule.check(data) if each.verdict == FAIL]
    if wrong:
        raise ArchiveError(
            f"the capsule would not check: {wrong[0].claim}: {wrong[0].detail}",
            next_step=f"Run `preserve verify {archive.paths.name}` to see what is damaged.",
        )
    return data


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


def _records(archive: Archive, capture: Capture) -> dict[str, bytes]:
    """The gzip members of the records, exactly as they lie in their files."""
    found = {}
    for name, row in _rows(capture).items():
        place = row.place
        try:
            with archive.paths.held_file(place.file).open("rb") as file:
                file.seek(place.offset)
                data = file.read(place.length)
        except OSError as error:
            raise ArchiveError(f"{place.file} cannot be read: {error.strerror}") from error
        if place.inner or not data.startswith(b"\x1f\x8b"):
            raise ArchiveError(
                f"record {row.record_id} in {place.file} is no gzip member of its own, and no capsule holds another",
                next_step="Cite a capture whose file is compressed record by record.",
            )
        found[f"{name}.warc.gz"] = data
    return found


def _cable_statement(archive: Archive, capture: Capture, extraction: Extraction) -> int:
    indexes = archive.catalogue.statements_of_cable(extraction.published_id, capture.source.record_id)
    for index in reversed(indexes):
        said = decode(next(data for _index, data in archive.ledger.raw(index)))
        if (said["body_sha256"], said["extractor"]) == (extraction.body_sha256, extraction.extractor):
            return index
    raise NotHeldError(
        f"the log states no text of {extraction.published_id} as {extraction.extractor} reads it",
        next_step=f"Run `preserve extract {archive.paths.name}` first.",
    )


def _proof(archive: Archive, index: int, note: bytes) -> bytes:
    size = parse_checkpoint(parse_note(note).text).size
    if index >= size:
        raise NotHeldError(f"statement {index} is under no checkpoint yet", next_step="Run a capture to its end first.")
    return format_proof(Proof(index=index, hashes=archive.ledger.inclusion_proof(index, size), checkpoint=note))


def _add_receipts(archive: Archive, files: dict[str, bytes], stated: Mapping[str, int]) -> None:
    """The receipts of the oldest stamped checkpoint that all statements are under."""
    fit = [each for each in held_receipts(archive.paths) if each.size > max(stated.values()) and each.note]
    size = min((each.size for each in fit), default=0)
    for receipt in fit:
        if receipt.size == size and receipt.reply:
            files[f"{size}.{receipt.authority}.tsr"] = receipt.reply
            files[f"{size}.{receipt.authority}.tsq"] = receipt.request
            files[f"{size}.checkpoint"] = receipt.note
            for name, index in stated.items():
                files[f"{name}.{size}.tlog-proof"] = _proof(archive, index, receipt.note)


def _selector(capture: Capture, passage: Passage) -> dict[str, object]:
    return {
        "source": capture.row.uri,
        "selector": selectors(passage),
        "paragraph": passage.paragraph,
        "portion_mark": passage.portion_mark,
        "folded_blanks": passage.folded_blanks,
        "page_lines": list(passage.page_lines),
    }


def _readme(files: Mapping[str, bytes], capture: Capture, passage: Passage) -> str:
    vkey = files["log.vkey"].decode("ascii", "replace").strip()
    origin, key_id, key = check_capsule.parse_key(vkey)
    der = bytes.fromhex("302a300506032b6570032100") + key
    stamped = sorted(name for name in files if name.endswith(".tsr"))
    commands = "\n".join(
        f"  openssl ts -verify -data {name.split('.')[0]}.checkpoint -in {name} -CAfile ROOTS.pem" for name in stamped
    )
    return _README.format(
        cited=_clean(f"{capture.row.uri}, captured {capture.row.date}\nrecord {capture.row.record_id}\n"),
        start=passage.start,
        end=passage.end,
        exact="\n".join("  | " + _clean(line) for line in passage.exact.split("\n")),
        source="source" if capture.is_revisit else "record",
        record_sha256=capture.source.record_sha256,
        body_sha256=decode(files["cable.json"])["body_sha256"],
        vkey=vkey,
        origin=origin,
        # The number of the key is in the first five digits whole, but for two bits that are the signature's.
        key_id=base64.b64encode(key_id).decode()[:5],
        der=base64.b64encode(der).decode(),
        times=_TIMES.format(commands=commands) if stamped else "",
    )


def _clean(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
