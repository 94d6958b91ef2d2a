"""Other people's readers on a file of ours: each must see the same records with the same bytes."""

from pathlib import Path

import fastwarc.warc
import warcio.archiveiterator

from preserve.model import sha256_hex
from preserve.store.warcfile import iter_file


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
