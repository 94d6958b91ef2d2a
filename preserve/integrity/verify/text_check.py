"""Every text: extraction run again on the stored bytes, compared with the ``cable`` statement."""

from preserve.errors import ArchiveError
from preserve.findings import Claim, Verdict
from preserve.integrity.verify.checks import CheckScope, Leaf, Said, StatementCheck
from preserve.integrity.verify.record_check import RecordCheck, RecordReading
from preserve.integrity.verify.report import claim, not_checked
from preserve.integrity.verify.resume import FileTally
from preserve.model import RecordPlace
from preserve.provenance.describe import describe_cable, read_cables
from preserve.provenance.statements import CableStatement
from preserve.store.warcfile import read_record
from preserve.text import counted

_TEXTS = "every text follows from its bytes"


class TextCheck(StatementCheck):
    """A text that follows its record is compared with what was extracted as that was read; another is read again."""

    def __init__(self, scope: CheckScope, records: RecordCheck, reading: RecordReading) -> None:
        self._scope = scope
        self._records = records
        self._catalogue = reading.catalogue
        self._hashes = reading.hashes
        sums = reading.settled.sums
        self.stray = FileTally() if sums is None else FileTally(texts=sums.texts, texts_not_read=sums.texts_unread)
        """Of texts that do not follow their record."""

    def take(self, index: int, statement: Said, leaf: Leaf) -> None:
        """Takes one statement: of a text, or one that is none of it."""
        if not isinstance(statement, CableStatement):
            return
        record_id, last = statement.record_id, self._records.last
        where = f"statement {index}: {statement.published_id}"
        self._records.touched.cable(record_id, statement.published_id)
        is_last = last is not None and last.record_id == record_id
        if record_id not in self._records.replies:
            if self._scope.newer.names(record_id):
                self.stray.texts_not_read += 1
            else:
                self._scope.findings.add("E-CABLE-SOURCE", where, record_id)
            return
        matched = last.matched if last is not None and is_last else None
        if self._scope.level.name != "full":
            if matched is None:
                return
        elif last is not None and is_last and last.file.was_read_at(index):
            return
        tally = last.file.tally if last is not None and is_last else self.stray
        if matched is not None and leaf.entry in matched.cables:
            tally.texts += 1
            return
        self._again(statement, where, tally, None if matched is None else matched.place)

    def _again(self, statement: CableStatement, where: str, tally: FileTally, place: RecordPlace | None) -> None:
        """Extracts with the very layout that the statement names, and says what differs."""
        scope = self._scope
        layout = scope.layouts.get(statement.layout_name)
        place = place or self._catalogue.place_of(statement.record_id)
        if place is None or layout is None:
            tally.texts_not_read += 1
            return
        self._hashes.need(scope.paths.held_file(place.file))
        try:
            record = read_record(scope.paths, place)
        except ArchiveError:
            tally.texts_not_read += 1
            return
        cables = read_cables(record, [layout], scope.limits).cables
        uri = record.header.target_uri
        again = [describe_cable(statement.record_id, uri, cable) for cable in cables]
        if any((said.extractor, said.layout) != (statement.extractor, statement.layout) for said in again):
            tally.texts_not_read += 1
            return
        tally.texts += 1
        same = next((said for said in again if said.published_id == statement.published_id), None)
        if statement in again:
            return
        if same is None:
            scope.findings.add("E-CABLE-TEXT", where, "no cable is found" if not again else "it is not found")
        else:
            names = sorted(
                name for name in CableStatement.__struct_fields__ if getattr(same, name) != getattr(statement, name)
            )
            scope.findings.add("E-CABLE-TEXT", where, f"differs in {', '.join(names)}")

    def finish(self) -> Claim:
        """How many texts were extracted again."""
        tallies = [self.stray, *(file.tally for file in self._records.files.values())]
        read, not_read = sum(t.texts for t in tallies), sum(t.texts_not_read for t in tallies)
        if self._scope.findings.has("E-CABLE-TEXT", "E-CABLE-SOURCE"):
            return Claim(name=_TEXTS, verdict=Verdict.FAIL, detail=counted(read, "text"))
        if self._scope.level.name == "structure":
            return not_checked(_TEXTS, "no record was read")
        if not_read:
            return not_checked(_TEXTS, f"{not_read:,} of {counted(read + not_read, 'text')} not extracted again")
        return claim(_TEXTS, good=True, detail=f"{counted(read, 'text')} extracted again")
