"""Which bytes of a collection go into a package: of each file all, or the stretches of the records that are chosen.

A record goes with the exchange that it is of, and with all that is compressed in one piece with it. What is under no
checkpoint is left out, and what the operator does not show. A part of a collection has the pages that were asked for,
their later captures that were found unchanged, and the style sheets, pictures, fonts and scripts of all pages.
Memory: a bit a statement, and two numbers a gap in a file.

Tested by ``tests/scenarios/test_export_wacz.py``.
"""

from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from preserve.model import RecordPlace
from preserve.provenance.statements import IMPORT_RUN
from preserve.replay.blocked import Blocked, HiddenRecords
from preserve.replay.recover import CollectionReader
from preserve.store.catalogue import StoredRecord
from preserve.store.layout import check_file_name

_OF_PAGES = ("image/", "font/", "text/css", "text/javascript", "application/javascript", "application/font")


class Bits:
    """A set of statements by their indexes."""

    def __init__(self, size: int) -> None:
        self.bits = bytearray(size // 8 + 1)

    def add(self, index: int) -> None:
        """Takes one in."""
        self.bits[index >> 3] |= 1 << (index & 7)

    def join(self, other: "Bits") -> None:
        """Takes in all of another set of the same size."""
        self.bits = bytearray(one | two for one, two in zip(self.bits, other.bits, strict=True))

    def __contains__(self, index: int) -> bool:
        return bool(self.bits[index >> 3] & 1 << (index & 7))


@dataclass(slots=True)
class FileShare:
    """What is chosen of one file: stretches of it, in order; ``is_whole``: every record of it is chosen."""

    name: str
    starts: "array[int]" = field(default_factory=lambda: array("Q"))
    ends: "array[int]" = field(default_factory=lambda: array("Q"))
    befores: "array[int]" = field(default_factory=lambda: array("Q"))
    """How many bytes are chosen before each stretch: where it begins in the package."""
    is_whole: bool = True

    @property
    def size(self) -> int:
        """The bytes chosen."""
        return self.befores[-1] + self.ends[-1] - self.starts[-1] if self.starts else 0

    def stretches(self) -> Iterator[tuple[int, int]]:
        """Begin and end of each stretch."""
        return zip(self.starts, self.ends, strict=True)

    def add(self, start: int, end: int) -> None:
        """Takes in a stretch that begins at or behind the end of the last one, or in it."""
        if self.ends and start <= self.ends[-1]:
            self.ends[-1] = max(end, self.ends[-1])
            return
        self.befores.append(self.size)
        self.starts.append(start)
        self.ends.append(end)

    def moved(self, place: RecordPlace) -> int | None:
        """Where a record begins among what is chosen; None where it is not."""
        number = bisect_right(self.starts, place.offset) - 1
        if number < 0 or place.offset + place.length > self.ends[number]:
            return None
        return self.befores[number] + place.offset - self.starts[number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is chosen of a collection: its files, the statements of its records, and the newest date among them.

    ``is_everything``: nothing was left out. ``unsigned``, ``blocked``: how many records were, and why.
    """

    shares: dict[str, FileShare]
    records: Bits
    count: int
    newest: str
    unsigned: int
    blocked: int
    is_everything: bool


def choose(archive: CollectionReader, blocked: Blocked, pages: Collection[str] | None) -> Choice:
    """What of a collection goes into a package. ``pages``: ids of the records that were asked for; None: all.

    Raises:
        ArchiveError, FormatError: the ledger is damaged, or the catalogue differs from it.
    """
    is_everything = pages is None and not blocked.config.blocked
    hidden = blocked.hidden_in(archive)
    shares: dict[str, FileShare] = {}
    records = Bits(archive.log.signed)
    count = unsigned = hidden_count = 0
    newest: tuple[bool, int, str] = (False, 0, "")
    # Of everything, what is missing in the catalogue shows by the seals of the files.
    has_open_ends = archive.catalogue.has_open_ends
    rows = archive.catalogue.records_in_files(proved=not is_everything)
    for name, of_file in groupby(rows, key=attrgetter("file")):
        share = shares[name] = FileShare(name)
        ended: Iterator[StoredRecord] = iter(of_file)
        if has_open_ends:
            ended = _with_ends(archive, name, ended)
        # Of everything, each record goes by itself.
        for unit in ([row] for row in ended) if is_everything else _units(ended):
            signed = [row for row in unit if archive.log.is_signed(row.statement)]
            unsigned += len(unit) - len(signed)
            share.is_whole = share.is_whole and len(signed) == len(unit)
            is_hidden = not is_everything and any(_is_hidden(hidden, row) for row in signed)
            hidden_count += len(signed) * is_hidden
            if is_hidden or not signed or not _is_wanted(unit, pages):
                share.is_whole = False
                continue
            _take_head(share, signed[0])
            for row in signed:
                share.add(row.offset, row.end)
                records.add(row.statement)
            newest = max(newest, _newest(signed[0]))
            count += len(signed)
    shares = {name: share for name, share in shares.items() if share.starts}
    return Choice(
        shares=shares,
        records=records,
        count=count,
        newest=newest[2],
        unsigned=unsigned,
        blocked=hidden_count,
        is_everything=not hidden_count and pages is None,
    )


def _with_ends(archive: CollectionReader, name: str, rows: Iterator[StoredRecord]) -> Iterator[StoredRecord]:
    """Records of a file; one whose length is not known ends where the next piece begins, the last with the file."""
    open_ended: list[StoredRecord] = []
    for row in rows:
        if open_ended and row.offset != open_ended[0].offset:
            yield from (each._replace(end=row.offset) for each in open_ended)
            open_ended.clear()
        if row.end > row.offset:
            yield row
        else:
            open_ended.append(row)
    if open_ended:
        path = archive.paths.held_file(check_file_name(name))
        size = path.stat().st_size if path.is_file() else 0
        yield from (each._replace(end=size) for each in open_ended)


def _units(rows: Iterator[StoredRecord]) -> Iterator[list[StoredRecord]]:
    """Records that are taken together or not at all: of one exchange, or in one compressed piece."""
    unit: list[StoredRecord] = []
    for row in rows:
        if unit and not _go_together(unit[-1], row):
            yield unit
            unit = []
        unit.append(row)
    if unit:
        yield unit


def _go_together(one: StoredRecord, other: StoredRecord) -> bool:
    is_one_exchange = (one.date, one.uri) == (other.date, other.uri) and "warcinfo" not in {one.type, other.type}
    return one.offset == other.offset or is_one_exchange


def _is_wanted(unit: list[StoredRecord], pages: Collection[str] | None) -> bool:
    if pages is None:
        return True
    return any(
        (row.mime or "").startswith(_OF_PAGES)
        or row.type == "warcinfo"
        or row.record_id in pages
        or (row.type == "revisit" and row.refers_to in pages)
        for row in unit
    )


def _take_head(share: FileShare, first: StoredRecord) -> None:
    """What stands before the first record of a file (the dictionary of Zstandard) is needed to read any of it."""
    if not share.starts and share.is_whole and first.offset:
        share.add(0, first.offset)


def _newest(row: StoredRecord) -> tuple[bool, int, str]:
    """What was stated last of the collection's own records; of imported ones what comes latest in the ledger."""
    return (not row.run.startswith(IMPORT_RUN), row.statement, row.date)


def _is_hidden(hidden: HiddenRecords, row: StoredRecord) -> bool:
    return hidden.has(record_id=row.record_id, refers_to=row.refers_to, url=row.uri)
