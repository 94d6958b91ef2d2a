"""One WARC file held against its ledger statements, record by record, in one pass.

A record is found by its id, so that one lost or damaged record does not put all that follow out of step. In a sound
file nothing is kept but the record at hand; only after damage are summaries of the rest of that file held.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from preserve.errors import FormatError
from preserve.findings import Finding
from preserve.formats.warc import Record, record_sha256
from preserve.model import RecordPlace, sha256_hex
from preserve.provenance.describe import bare_sha256, http_payload
from preserve.store.layout import OPEN_SUFFIX
from preserve.store.warcfile import iter_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One record as read: its place, its hash, and what is wrong with its own digests."""

    sequence: int
    place: RecordPlace
    record_id: str
    record_sha256: str
    findings: tuple[Finding, ...]


class FileMatcher:
    """Reads one file as its statements come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self.matched = 0
        self._items = self._read() if path.is_file() else iter(())
        if not path.is_file():
            self.findings.append(Finding(code="E-WARC-MISSING", where=path.name))
        self._waiting: dict[str, Seen] = {}
        self._last_sequence = -1
        self.record: Record | None = None
        """The record that the last call matched, where it was read by that very call."""

    def match(self, statement: Mapping[str, object]) -> RecordPlace | None:
        """Finds the record of one ``record`` statement and compares it; its place, or None where it is lost."""
        wanted = str(statement["record_id"])
        where = f"{self.path.name} {wanted} {statement.get('uri') or ''}".rstrip()
        self.record = None
        seen = self._waiting.pop(wanted, None) or self._advance_to(wanted)
        if seen is None:
            self.findings.append(Finding(code="E-WARC-LOST", where=where, detail=f"ordinal {statement['ordinal']}"))
            return None
        self.findings += seen.findings
        if seen.sequence < self._last_sequence:
            self.findings.append(Finding(code="E-WARC-ORDER", where=where))
        self._last_sequence = max(self._last_sequence, seen.sequence)
        if seen.record_sha256 != statement["record_sha256"]:
            self.findings.append(Finding(code="E-WARC-RECORD", where=where, detail=f"SHA-256 is {seen.record_sha256}"))
            self.record = None
        elif seen.place.ordinal != statement["ordinal"] and not self.findings:
            self.findings.append(Finding(code="E-WARC-ORDER", where=where, detail=f"now record {seen.place.ordinal}"))
        self.matched += 1
        return seen.place

    def finish(self) -> None:
        """Reads to the end: what is left has no statement.

        In a file that was left open, what stands behind the last stated record is the tail that the next capture cuts
        or adopts: no capture yet, so no damage to one.
        """
        if self.path.name.endswith(OPEN_SUFFIX):
            return
        leftovers = list(self._waiting.values())
        self._waiting.clear()
        leftovers += self._items
        for seen in leftovers:
            self.findings.append(
                Finding(
                    code="E-WARC-NO-STATEMENT",
                    where=f"{self.path.name} {seen.record_id}",
                    detail=f"record {seen.place.ordinal}, at byte {seen.place.offset}",
                )
            )

    def _advance_to(self, wanted: str) -> Seen | None:
        for seen in self._items:
            if seen.record_id == wanted:
                return seen
            self._waiting[seen.record_id] = seen
            self.record = None
        return None

    def _read(self) -> Iterator[Seen]:
        sequence = 0
        for place, record, defect in iter_file(self.path):
            if record is None:
                code = "E-WARC-HEADER" if defect.startswith("record") else "E-WARC-GZIP"
                self.findings.append(
                    Finding(code=code, where=f"{self.path.name} at byte {place.offset}", detail=defect)
                )
                continue
            try:
                record_id = record.header.record_id
            except FormatError as error:
                self.findings.append(
                    Finding(code="E-WARC-HEADER", where=f"{self.path.name} at byte {place.offset}", detail=str(error))
                )
                continue
            self.record = record
            yield Seen(
                sequence=sequence,
                place=place,
                record_id=record_id,
                record_sha256=record_sha256(record.header.raw, record.block),
                findings=tuple(digest_findings(record, f"{self.path.name} {record_id}")),
            )
            sequence += 1


def digest_findings(record: Record, where: str) -> Iterator[Finding]:
    """What is wrong with the digests that a record of ours declares about itself."""
    declared = bare_sha256(record.header.get("WARC-Block-Digest"))
    if declared is not None and declared != sha256_hex(record.block):
        yield Finding(code="E-WARC-BLOCK-DIGEST", where=where)
    declared = bare_sha256(record.header.get("WARC-Payload-Digest"))
    if declared is None or record.header.type != "response":
        return
    payload = http_payload(record.block)
    if payload is None or declared != sha256_hex(payload.payload):
        yield Finding(code="E-WARC-PAYLOAD-DIGEST", where=where)
