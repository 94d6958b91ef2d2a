"""Group commit: the durable order of a capture, in one place.

Records are written as they come and become captures together: **links found are saved, record bytes synced, ledger
statements synced, then the catalogue, and last the frontier marks its addresses**. A process that dies between two of
these leaves an archive that is older but consistent; the next run adopts what was written and not stated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from preserve.cables.layouts import Layout
from preserve.crawler.frontier import Frontier, Outcome
from preserve.crawler.records import BuiltRecord, warcinfo_record
from preserve.formats.warc import Record, parse_record
from preserve.limits import Limits
from preserve.model import RecordPlace
from preserve.provenance.describe import describe_cable, describe_record, read_cable
from preserve.provenance.ledger import Ledger
from preserve.store.catalogue import Catalogue
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import SealedFile, WarcWriter


@dataclass(slots=True)
class _Waiting:
    """What was written and is not yet stated."""

    statements: list[dict[str, object]] = field(default_factory=list)
    places: list[RecordPlace | None] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    since: datetime | None = None


class CaptureGroup:
    """Writes records and makes them captures, group by group. One writer a run; not for more than one thread."""

    def __init__(
        self,
        *,
        paths: CollectionPaths,
        ledger: Ledger,
        catalogue: Catalogue,
        frontier: Frontier,
        layouts: Sequence[Layout],
        limits: Limits,
        run: str,
        warcinfo: Mapping[str, str],
        clock: Callable[[], datetime],
    ) -> None:
        self._paths = paths
        self._ledger = ledger
        self._catalogue = catalogue
        self._frontier = frontier
        self._layouts = layouts
        self._limits = limits
        self._run = run
        self._warcinfo = warcinfo
        self._clock = clock
        self._writer: WarcWriter | None = None
        self._waiting = _Waiting()
        self._chains: set[tuple[bytes, ...]] = set()
        self.warcinfo_id = ""
        self.sealed: list[SealedFile] = []
        self.cables = 0

    def open_file(self) -> None:
        """Makes sure that a file is open with room in it; a full one is committed and sealed first."""
        if self._writer is not None and self._writer.size >= self._limits.max_warc_file_bytes:
            self.seal()
        if self._writer is None:
            now = self._clock()
            self._writer = WarcWriter.create(self._paths, now)
            built = warcinfo_record(file_name=self._writer.name, now=now, fields=self._warcinfo)
            self.warcinfo_id = built.record_id
            self._chains.clear()
            self._write(built)

    def first_in_file(self, chain: tuple[bytes, ...]) -> bool:
        """True where these certificates do not stand in the open file yet; from then on they do."""
        is_first = chain not in self._chains
        self._chains.add(chain)
        return is_first

    def add(self, records: Sequence[BuiltRecord], outcome: Outcome | None) -> None:
        """Writes the records of one exchange; they are a capture only after the next `commit`."""
        if records:
            self.open_file()
        for built in records:
            self._write(built)
        if outcome is not None:
            self._waiting.outcomes.append(outcome)
            self._waiting.since = self._waiting.since or self._clock()
        if self._due():
            self.commit()

    def commit(self) -> None:
        """Makes everything written so far durable, in the durable order. Nothing waiting: nothing done."""
        waiting = self._waiting
        if not waiting.statements and not waiting.outcomes:
            return
        self._frontier.save()
        if self._writer is not None:
            self._writer.sync()
        if waiting.statements:
            indexes = self._ledger.append(waiting.statements)
            for index, statement, place in zip(indexes, waiting.statements, waiting.places, strict=True):
                self._catalogue.apply(index, statement, place)
            self._catalogue.commit()
        self._frontier.mark(waiting.outcomes)
        self._waiting = _Waiting()

    def abandon(self) -> None:
        """Closes the open file as it is, after a fault; the next run puts it right."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None

    def seal(self) -> None:
        """Commits, then closes the open file for ever."""
        self.commit()
        if self._writer is not None:
            self.sealed.append(self._writer.seal())
            self._writer = None

    def _due(self) -> bool:
        waiting = self._waiting
        if len(waiting.statements) >= self._limits.group_commit_records:
            return True
        age = (self._clock() - waiting.since).total_seconds() if waiting.since is not None else 0.0
        return age >= self._limits.group_commit_s

    def _write(self, built: BuiltRecord) -> None:
        if self._writer is None:
            raise RuntimeError("no file is open")
        place = self._writer.append(built.record_bytes)
        record = parse_record(built.record_bytes)
        if self._waiting.since is None:
            self._waiting.since = self._clock()
        statement = describe_record(record, file=place.file, ordinal=place.ordinal, run=self._run)
        self._state(statement, place)
        self._state_cable(record)

    def _state_cable(self, record: Record) -> None:
        extraction = read_cable(record, self._layouts, self._limits)
        if extraction is not None:
            self.cables += 1
            self._state(describe_cable(record.header.record_id, extraction), None)

    def _state(self, statement: dict[str, object], place: RecordPlace | None) -> None:
        self._waiting.statements.append(statement)
        self._waiting.places.append(place)
