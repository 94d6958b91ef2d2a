"""Revisits: what a reply repeats, and the validators that let a server say that it has nothing new.

A revisit is only ever written to a record that is held and was read and compared with its statement in the log in this
very run: what it refers to is there. The catalogue says only where to look. Source: WARC 1.1 section 6.7.

Tested by ``tests/scenarios/test_revisits.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from preserve.crawler.records import RevisitOf
from preserve.errors import ArchiveError, FormatError
from preserve.formats.http1.stream import Payload
from preserve.formats.warc.record import record_sha256
from preserve.model import sha256_hex
from preserve.net.exchange import Exchange
from preserve.provenance.describe import http_payload
from preserve.provenance.leaves import Leaves
from preserve.provenance.statements import RecordStatement, decode
from preserve.store.catalogue import Catalogue, RecordRow
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import read_record

_OK = 200
_NOT_MODIFIED = 304
_BELIEVED = 9
"""Looks in a row that a server is believed without sending the page."""
_VALIDATORS = ((b"etag", "If-None-Match"), (b"last-modified", "If-Modified-Since"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCapture:
    """A full reply that is held, read and found to be the ledger's; ``conditions`` ask whether it still holds."""

    row: RecordRow
    payload: Payload
    conditions: Mapping[str, str]


class Revisits:
    """Finds what a reply repeats."""

    def __init__(self, paths: CollectionPaths, catalogue: Catalogue, leaves: Leaves | None, run: str) -> None:
        """``leaves``: the statements under the last checkpoint; None where there is none."""
        self._paths = paths
        self._catalogue = catalogue
        self._leaves = leaves
        self._run = run
        self._read_late: set[str] = set()

    def newest(self, url: str) -> HeldCapture | None:
        """The full reply that the last look at an address showed, for a conditional request; None where there is none.

        It may be older than the newest one: a page that is as it was long ago is asked for by that copy, or the
        server's "not modified" would be taken for the word that the newest one is there. Of ten looks one asks without
        conditions: a server whose older page was put back says "not modified" for ever.
        """
        held = self._stated(self._read(self._catalogue.last_shown(url)))
        if held is None or not held.conditions or self._catalogue.unmodified_looks(url, _BELIEVED) < _BELIEVED:
            return held
        return replace(held, conditions={})

    def of_this_run(self, url: str) -> HeldCapture | None:
        """The reply of any status that this run has from an address, before it was stopped and continued."""
        row = self._catalogue.newest_of_run(url, self._run)
        return None if row is None else self.held_in(row, url)

    def held_in(self, row: RecordRow, url: str) -> HeldCapture | None:
        """The reply of any status in a record of an address; None where it cannot be read whole and as it was stated.

        A revisit is given with the payload that it repeats.
        """
        if row.type == "revisit" and row.payload_sha256 is not None:
            original = self._read(self._catalogue.last_response(url, row.payload_sha256))
            return None if original is None else HeldCapture(row=row, payload=original.payload, conditions={})
        return self._read(row)

    def repeated(self, exchange: Exchange, payload: Payload | None, asked: HeldCapture | None) -> RevisitOf | None:
        """The held record that this reply repeats: by its own word (304 to what was ``asked``), or by its payload.

        Only whole replies with a body count for the payload: the digest of an empty one says nothing.
        """
        if payload is None or exchange.truncated is not None or exchange.error is not None:
            return None
        if payload.head.status == _NOT_MODIFIED and asked is not None and asked.conditions:
            return _revisit_of(asked.row, not_modified=True)
        if payload.head.status != _OK or not payload.payload or not payload.complete:
            return None
        held = self._stated(self._read(self._catalogue.last_response(exchange.url, sha256_hex(payload.payload))))
        return None if held is None else _revisit_of(held.row, not_modified=False)

    def without_text(self, record_id: str) -> HeldCapture | None:
        """The reply in a held record of which no text is stated; None where some is, or it is not as the log says."""
        row = self._catalogue.record(record_id)
        if row is None or record_id in self._read_late or self._catalogue.readings_of(record_id):
            return None
        return self._stated(self._read(row))

    def read_late(self, record_id: str) -> None:
        """Notes that texts of a record were read, before the catalogue has them."""
        self._read_late.add(record_id)

    def _stated(self, held: HeldCapture | None) -> HeldCapture | None:
        """The same where the log states it under the last checkpoint, as it was read; else None."""
        if held is None or self._leaves is None:
            return None
        row = held.row
        try:
            statement = decode(self._leaves.entry(row.statement_index))
        except (ArchiveError, FormatError):
            return None
        match statement:
            case RecordStatement(record_id=record_id, record_sha256=sha256, uri=uri, date=date, payload_sha256=payload):
                said = (record_id, sha256, uri, date, payload)
                shown = (row.record_id, row.record_sha256, row.uri, row.date, row.payload_sha256)
                return held if said == shown else None
        return None

    def _read(self, row: RecordRow | None) -> HeldCapture | None:
        if row is None or row.payload_sha256 is None:
            return None
        try:
            record = read_record(self._paths, row.place)
        except ArchiveError:
            return None
        payload = http_payload(record.block)
        sound = record_sha256(record.header.raw, record.block) == row.record_sha256
        if not sound or payload is None or not payload.complete or record.header.get("WARC-Truncated") is not None:
            return None
        return HeldCapture(row=row, payload=payload, conditions=_conditions(payload))


def _revisit_of(row: RecordRow, *, not_modified: bool) -> RevisitOf:
    return RevisitOf(
        record_id=row.record_id,
        uri=row.uri,
        date=row.date,
        payload_sha256=row.payload_sha256 or "",
        not_modified=not_modified,
    )


def _conditions(payload: Payload) -> dict[str, str]:
    """The validators of a reply as the fields of a conditional request (RFC 9110 section 13.1), as they were received.

    A value that is not plain text on one line is left out: it would not come back as it was.
    """
    found: dict[str, str] = {}
    for name, condition in _VALIDATORS:
        values = payload.head.get_all(name)
        text = values[0].decode("latin-1") if len(values) == 1 else ""
        if text and len(text) < 1000 and text.isascii() and text.isprintable():  # noqa: PLR2004 - far above real ones
            found[condition] = text
    return found
