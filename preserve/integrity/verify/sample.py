"""Some of the records, chosen by chance and read where the catalogue has them."""

import random
from pathlib import Path

from preserve.errors import FormatError
from preserve.formats.warc.containers import record_at
from preserve.integrity.facts import RecordFacts
from preserve.integrity.record import RecordQuery, facts_of
from preserve.integrity.scan import ScannedRecord
from preserve.integrity.verify.earlier import Earlier
from preserve.integrity.verify.file_matcher import FileMatcher, Matched
from preserve.integrity.verify.report import Findings
from preserve.model import RecordPlace
from preserve.provenance.statements import RecordStatement
from preserve.store.catalogue import Catalogue
from preserve.store.heldfiles import open_written
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import container_of


class Sample:
    """``percent`` of the records, others every time. ``read``: the indexes of statements whose records were read.

    Of statements that an earlier check has gone through (`.earlier`) only those come that chance has chosen.
    """

    def __init__(
        self, paths: CollectionPaths, percent: float, wanted: RecordQuery, findings: Findings, earlier: Earlier
    ) -> None:
        self._paths = paths
        self._part = percent / 100
        self._wanted = wanted
        self._findings = findings
        self._chance = random.SystemRandom()
        self._earlier = earlier
        self.read: set[int] = set()

    def look(self, index: int, statement: RecordStatement, row: tuple[object, ...] | None) -> Matched | None:
        """Reads the record of a statement, if chance has it so. None: it was not read, or is not there."""
        is_chosen = index < self._earlier.size or index in self._earlier.again or self._chance.random() < self._part
        if row is None or not is_chosen:
            return None
        place = Catalogue.place_in(row)
        path = self._paths.held_file(place.file)
        self.read.add(index)
        try:
            facts = self._read(path, place)
        except (OSError, FormatError) as error:
            where = f"{place.file} {statement.record_id} {statement.uri or ''}".rstrip()
            self._findings.add("E-WARC-LOST", where, f"at byte {place.offset}: {error}")
            return None
        rows = iter([ScannedRecord(place.offset, place.length, place.inner, facts)])
        matcher = FileMatcher(place.file, rows, self._findings, is_open=True, first=place.ordinal)
        return matcher.match(statement)

    def _read(self, path: Path, place: RecordPlace) -> RecordFacts:
        container = container_of(path)
        if container is None:
            raise FormatError("no WARC or ARC file")
        with open_written(path) as file:
            return facts_of(record_at(file, container, place.offset, place.inner), self._wanted)
