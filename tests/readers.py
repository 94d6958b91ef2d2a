"""The records of a file of ours, as we read them and as other people's readers do."""

from collections.abc import Iterator
from pathlib import Path

import fastwarc.warc
import warcio.archiveiterator

from preserve.errors import FormatError
from preserve.formats.warc.members import iter_members
from preserve.formats.warc.record import WarcRecord, parse_record
from preserve.model import RecordPlace, sha256_hex
from preserve.regular import open_regular
from preserve.store.layout import name_when_sealed


def iter_file(path: Path) -> Iterator[tuple[RecordPlace, WarcRecord | None, str]]:
    """Every record of a file in order; damage gives a place with None and the defect, and reading goes on behind it.

    Defects of a record (not of its gzip member) begin with ``record``.
    """
    name = name_when_sealed(path.name)
    ordinal = 0
    with open_regular(path) as file:
        for member in iter_members(file):
            place = RecordPlace(file=name, ordinal=ordinal, offset=member.offset, length=member.length)
            ordinal += 1
            if member.data is None:
                yield place, None, member.defect
                continue
            try:
                record = parse_record(member.data)
                _ = record.header.record_id, record.header.type, record.header.date
            except FormatError as error:
                yield place, None, f"record: {error}"
                continue
            yield place, record, ""


def assert_others_read(path: Path) -> None:
    """Holds what warcio and fastwarc see against what we see: ids, types, dates, blocks."""
    ours = [
        (record.header.record_id, record.header.type, record.header.date, sha256_hex(record.block))
        for _place, record, _defect in iter_file(path)
        if record is not None
    ]
    with path.open("rb") as file:
        theirs = [
            (
                record.rec_headers.get_header("WARC-Record-ID")[1:-1],
                record.rec_type,
                record.rec_headers.get_header("WARC-Date"),
                sha256_hex(record.raw_stream.read()),
            )
            for record in warcio.archiveiterator.ArchiveIterator(file, no_record_parse=True)
        ]
    assert theirs == ours, path
    with path.open("rb") as file:
        fast = [
            (record.headers["WARC-Record-ID"][1:-1], record.headers["WARC-Date"], sha256_hex(record.reader.read()))
            for record in fastwarc.warc.ArchiveIterator(file, parse_http=False)
        ]
    assert fast == [(record_id, date, digest) for record_id, _type, date, digest in ours], path
