"""What a check of a file by itself keeps of its records: many together, so that a helper sends little of each."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple

from preserve.integrity.duplicate_ids import RecordIds
from preserve.integrity.scan import ScannedRecord

RECORDS_TOGETHER = 1024


class FileRecords(NamedTuple):
    """Some records of a file, one after the other, and stretches that hold none.

    ``rows`` is the number of both, ``records`` that of the first alone; ``offset`` is that of the last of them.
    ``faults``: code, where it is in the file, and detail.
    """

    rows: int
    records: int
    offset: int
    faults: list[tuple[str, str, str]]
    ids: RecordIds


def file_records(_name: str, rows: Iterable[ScannedRecord]) -> Iterator[FileRecords]:
    """Rows of a file, many together: of each row no more is held than is given."""
    waiting = iter(rows)
    for first in waiting:
        count, records, last = 0, 0, first
        faults: list[tuple[str, str, str]] = []
        ids = RecordIds.none()
        for last in chain((first,), islice(waiting, RECORDS_TOGETHER - 1)):
            count += 1
            if (facts := last.facts) is not None:
                records += 1
                ids.add(facts)
            if facts is None or facts.faults:
                faults += _faults(last)
        yield FileRecords(count, records, last.offset, faults, ids.settled())


def _faults(row: ScannedRecord) -> Iterator[tuple[str, str, str]]:
    facts = row.facts
    if facts is None:
        code, detail = row.fault or ("E-WARC-HEADER", "")
        yield code, f"at byte {row.offset}", detail
        return
    where = f"{facts.record_id} {facts.uri or ''}".rstrip()
    for code, detail in facts.faults:
        yield code, where, detail
