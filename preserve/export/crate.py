"""Lineages with their bytes as an RO-Crate 1.1: the files of a deposit, one after another, the description last.

Each record is a WARC file of one record, each text a file, and beside them stand what proves them: statements, proofs
of inclusion, the checkpoint, receipts. The description is written here and not by a library: the same archive gives
the same bytes. Memory is that of the lineages and one record.

Tested by ``tests/scenarios/test_export_provenance.py``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Final

from msgspec.structs import replace

from preserve.errors import ArchiveError, FormatError
from preserve.export.gather import moment_of
from preserve.export.lineage import Lineage, Names, key_of, names_of, plain
from preserve.export.premis import write_premis
from preserve.expressions import lazy_re
from preserve.formats.tlog.files import Proof, format_proof
from preserve.formats.warc.record import WarcRecord, compress_member, record_bytes
from preserve.model import sha256_hex
from preserve.provenance import statements
from preserve.provenance.describe import MADE_HERE, page_of_made
from preserve.provenance.receipts import held_receipts
from preserve.provenance.statements import CableStatement
from preserve.regular import read_regular
from preserve.replay.recover import Capture, CollectionReader
from preserve.store.warcfile import read_stated

METADATA: Final = "ro-crate-metadata.json"
MOST: Final = 20_000
"""Captures in one crate: its description is held whole."""
_CONTEXT: Final = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://schema.org/sha256"}]
_UNSAFE: Final = lazy_re(r"[^A-Za-z0-9-]+")

Entity = dict[str, object]


class Crate:
    """One crate in the making. ``left_out`` names what could not be read again, once `files` came to its end."""

    def __init__(self, parts: Sequence[tuple[CollectionReader, Lineage]], title: str) -> None:
        self._parts = parts
        self._title = title
        self._files: list[Entity] = []
        self._others: dict[str, Entity] = {}
        self.left_out: list[str] = []

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Name (with slashes) and content of every file.

        Raises:
            ArchiveError, FormatError: the ledger is damaged. Of a damaged record nothing is given.
        """
        lineages = [lineage for _archive, lineage in self._parts]
        for (archive, lineage), names in zip(self._parts, names_of(lineages), strict=True):
            yield from self._evidence(archive, lineage)
            texts: dict[str, list[tuple[int, CableStatement]]] = {}
            for index, text in lineage.texts:
                texts.setdefault(text.record_id, []).append((index, text))
            for index, record in lineage.records:
                # Where two records have the same id, the texts are of the first.
                yield from self._record(archive, lineage, names, (index, record), texts.pop(record.record_id, []))
        premis = BytesIO()
        write_premis(lineages, premis)
        yield self._file("premis.xml", premis.getvalue(), "what was done, as PREMIS 3", "application/xml")
        yield METADATA, self._description()

    def _file(self, name: str, data: bytes, title: str, kind: str, **more: object) -> tuple[str, bytes]:
        self._files.append(
            {
                "@id": name,
                "@type": "File",
                "name": plain(title),
                "encodingFormat": kind,
                "contentSize": str(len(data)),
                "sha256": sha256_hex(data),
                **more,
            }
        )
        return name, data

    def _evidence(self, archive: CollectionReader, lineage: Lineage) -> Iterator[tuple[str, bytes]]:
        """The ledger's checkpoint and key, a proof for each statement it covers, and the receipts."""
        top = lineage.collection
        note = archive.ledger.note()
        if note is not None:
            title = f"checkpoint of the ledger {lineage.origin}"
            yield self._file(f"{top}/checkpoint", note, title, "text/plain")
        if archive.paths.vkey.is_file():
            key = read_regular(archive.paths.vkey)
            yield self._file(f"{top}/log.vkey", key, "public key of the ledger, as the archive holds it", "text/plain")
        stated = (*lineage.records, *lineage.texts, *lineage.mementos)
        for index in sorted(index for index, _said in stated):
            entry = next(data for _index, data in archive.ledger.raw(index))
            title = f"ledger statement {index}"
            yield self._file(f"{top}/statements/{index}.json", entry, title, "application/json")
            if note is not None and index < archive.ledger.covered:
                hashes = archive.ledger.inclusion_proof(index, archive.ledger.covered)
                proof = format_proof(Proof(index=index, hashes=hashes, checkpoint=note))
                yield self._file(f"{top}/statements/{index}.tlog-proof", proof, f"proof of {title}", "text/plain")
        for receipt in sorted(held_receipts(archive.paths), key=lambda one: one.name):
            name = f"{top}/receipts/{receipt.name}"
            title = f"what {receipt.authority} says of the checkpoint of size {receipt.size}"
            yield self._file(name, receipt.reply, title, "application/timestamp-reply")
            if not any(file["@id"] == f"{top}/receipts/{receipt.size}.checkpoint" for file in self._files):
                name, title = f"{top}/receipts/{receipt.size}.checkpoint", f"checkpoint of size {receipt.size}, stamped"
                yield self._file(name, receipt.note, title, "text/plain")

    def _record(
        self,
        archive: CollectionReader,
        lineage: Lineage,
        names: Names,
        stated: tuple[int, statements.RecordStatement],
        texts: Sequence[tuple[int, CableStatement]],
    ) -> Iterator[tuple[str, bytes]]:
        index, record = stated
        row = archive.catalogue.record(record.record_id)
        capture = None if row is None else replace(archive.capture(row), source=row)
        held = None if capture is None else _read(archive, record, capture)
        if held is None or capture is None:
            self.left_out += [f"record {record.record_id}", *(f"text {one.published_id}" for _index, one in texts)]
            return
        is_warc = held.header.raw.startswith(b"WARC/")
        name = f"{lineage.collection}/records/{index}.{'warc.gz' if is_warc else 'arc-record'}"
        data = compress_member(record_bytes(held)) if is_warc else held.header.raw + held.block
        said = {"identifier": names.record(index), "description": f"captured {record.date}"}
        title = f"{record.type} of {record.uri or 'no address'}"
        kind = "application/warc" if is_warc else "application/octet-stream"
        yield self._file(name, data, title, kind, **said, **self._captured(lineage, names, stated, name))
        shown = _bodies(archive, capture) if texts else {}
        for number, text in texts:
            body = shown.get((text.published_id, text.body_sha256))
            if body is None:
                self.left_out.append(f"text {text.published_id} of record {record.record_id}")
                continue
            yield self._text(lineage, names, (number, text), body, name)

    def _captured(
        self, lineage: Lineage, names: Names, stated: tuple[int, statements.RecordStatement], name: str
    ) -> Entity:
        """The capture behind a record, the page and the program; what of the record leads there."""
        index, record = stated
        action: Entity = {
            "@id": f"#{lineage.collection}-capture-{index}",
            "@type": "CreateAction",
            "name": f"capture, ledger statement {index}",
            "endTime": record.date,
            "result": {"@id": name},
        }
        said: Entity = {}
        if record.uri is not None:
            address = page_of_made(record.uri) or record.uri
            page = f"#page-{key_of(address)}"
            self._others[page] = {"@id": page, "@type": "WebPage", "name": plain(address), "url": plain(address)}
            action["object"] = said["isBasedOn"] = {"@id": page}
        program = next((one.program for one in lineage.events if one.name == record.run and one.kind == "run"), None)
        if page_of_made(record.uri) is not None and record.run not in lineage.imports:
            action["description"] = MADE_HERE
        if program is not None:
            agent = f"#program-{key_of(program)}"
            self._others[agent] = {"@id": agent, "@type": "SoftwareApplication", "name": plain(program)}
            action["instrument"] = {"@id": agent}
        if record.type == "revisit" and record.refers_to is not None:
            action["description"] = f"found unchanged since {names.record_of_id(record.refers_to) or record.refers_to}"
        self._others[str(action["@id"])] = action
        return said

    def _text(
        self, lineage: Lineage, names: Names, stated: tuple[int, CableStatement], body: str, record: str
    ) -> tuple[str, bytes]:
        index, text = stated
        claims = []
        for field, said in text.fields.items():
            claim = f"#{lineage.collection}-claim-{index}-{_UNSAFE.sub('-', field)}"
            self._others[claim] = {
                "@id": claim,
                "@type": "PropertyValue",
                "name": f"claim of the page at this capture: {plain(field)}",
                "value": plain(said.printed),
            }
            claims.append({"@id": claim})
        file = f"{lineage.collection}/texts/{index}-{_UNSAFE.sub('-', text.published_id)[:80]}.txt"
        return self._file(
            file,
            body.encode("utf-8", "replace"),
            f"{text.published_id}, as {text.extractor} reads it with the layout {text.layout}",
            "text/plain; charset=utf-8",
            identifier=names.thing("text", index),
            isBasedOn={"@id": record},
            additionalProperty=claims,
        )

    def _description(self) -> bytes:
        root: Entity = {
            "@id": "./",
            "@type": "Dataset",
            "name": plain(self._title),
            "description": "Captures of web pages as evidence, the texts on them, and what proves both. "
            "The dates: claims of the pages (document, source release), captures, and receipts stand apart.",
            "datePublished": moment_of([lineage for _archive, lineage in self._parts]),
            "license": {"@id": "#licence"},
            "hasPart": [{"@id": file["@id"]} for file in self._files],
            "mentions": [{"@id": name} for name in sorted(self._others)],
        }
        licence = {
            "@id": "#licence",
            "@type": "CreativeWork",
            "name": "not stated",
            "description": "The archive states no licence; the rights in the pages are those of their makers.",
        }
        metadata = {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        }
        others: list[Mapping[str, object]] = [self._others[name] for name in sorted(self._others)]
        graph = [metadata, root, licence, *self._files, *others]
        return (json.dumps({"@context": _CONTEXT, "@graph": graph}, ensure_ascii=False, indent=1) + "\n").encode(
            "utf-8"
        )


def _read(archive: CollectionReader, record: statements.RecordStatement, capture: Capture) -> WarcRecord | None:
    """A record that is the one that the ledger names; else None."""
    try:
        return read_stated(archive.paths, capture.row.place, record).record
    except (ArchiveError, FormatError):
        return None


def _bodies(archive: CollectionReader, capture: Capture) -> dict[tuple[str, str], str]:
    """The texts on a page by published id and digest; none where its reply cannot be read."""
    try:
        page = archive.page(capture)
    except ArchiveError:
        return {}
    return {(one.published_id, one.body_sha256): one.body for one in archive.read(page).cables}
