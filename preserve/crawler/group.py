"""What a worker writes, and hands over group by group: records on disk, and the statements that make them captures.

The durable order begins here: **record bytes are synced before their statements leave the worker**. The coordinator
then saves links, appends the statements, feeds the catalogue, gives a file that is full its name, and marks addresses
last (`preserve.crawler.coordinator`).

Tested by ``tests/scenarios/test_second_reader.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from preserve.cables.extract import PageReading, told_of
from preserve.crawler.outcomes import AddressOutcome
from preserve.crawler.records import warcinfo_record
from preserve.findings import Finding
from preserve.formats.warc.record import WarcRecord
from preserve.limits import Limits
from preserve.model import RecordPlace
from preserve.provenance import statements
from preserve.provenance.describe import KnownOfRecord, TakeText, describe_cable, describe_fresh
from preserve.provenance.installation import FileState
from preserve.provenance.rows import row_of
from preserve.store.catalogue import StatementRow
from preserve.store.layout import CollectionPaths
from preserve.store.secondreader import Follower, RecordAsRead
from preserve.store.warcfile import SealedFile, WarcWriter


@dataclass(slots=True)
class Group:
    """Records that are durable, said as ledger entries with their rows for the catalogue; and what ended with them."""

    entries: list[bytes] = field(default_factory=list)
    rows: list[StatementRow] = field(default_factory=list)
    outcomes: list[AddressOutcome] = field(default_factory=list)
    sealed: list[SealedFile] = field(default_factory=list)
    written: SealedFile | None = None
    """How far the open file is written; None where none is open."""
    cables: int = 0
    findings: list[tuple[str, str, str]] = field(default_factory=list)
    """Address (or file), code and detail of what is wrong with pages that layouts know, and with files."""

    browser_lacks: str = ""
    """What the browser lacked of its safest way to run."""

    def __bool__(self) -> bool:
        return bool(self.entries or self.outcomes or self.sealed)

    @property
    def files(self) -> tuple[FileState, ...]:
        """What the journal is to say of the files that hold these records."""
        states = [FileState(file.name, file.size, file.sha256, "sealed") for file in self.sealed]
        if self.written is not None:
            states.append(FileState(self.written.name, self.written.size, self.written.sha256, "open"))
        return tuple(states)


class GroupWriter:
    """Writes records to the one open file of a worker. Not for more than one thread."""

    def __init__(  # noqa: PLR0913 - a worker and a rescue each give all of it
        self,
        *,
        paths: CollectionPaths,
        limits: Limits,
        run: str,
        warcinfo: Mapping[str, str],
        clock: Callable[[], datetime],
        token_of: Callable[[str], str],
        hand_over: Callable[[Group], None],
        take_text: TakeText,
        second_reader: bool = True,
    ) -> None:
        """``second_reader``: warcio reads a file before its seal is handed over, most of it while it is written; what
        differs is a finding.

        ``take_text`` is given each text that is going to be stated. ``token_of`` gives what stands in an open file's
        name (`WritingSession.token_of`).
        """
        self._paths = paths
        self._limits = limits
        self._run = run
        self._warcinfo = warcinfo
        self._clock = clock
        self._token_of = token_of
        self._hand_over = hand_over
        self._take_text = take_text
        self._writer: WarcWriter | None = None
        self._group = Group()
        self._since: datetime | None = None
        self._chains: set[tuple[bytes, ...]] = set()
        self._second_reader = second_reader
        self._follower: Follower | None = None
        self.warcinfo_id = ""

    def open_file(self) -> None:
        """Makes sure that a file is open with room in it; a full one is committed and sealed first."""
        if self._writer is not None and self._writer.size >= self._limits.max_warc_file_bytes:
            self.seal()
        if self._writer is None:
            now = self._clock()
            self._writer = WarcWriter.create(self._paths, now, self._token_of)
            record = warcinfo_record(file_name=self._writer.name, now=now, fields=self._warcinfo)
            self.warcinfo_id = record.header.record_id
            if self._second_reader:
                self._follower = Follower(self._writer.path)
            self._chains.clear()
            self._write(record, KnownOfRecord())

    def first_in_file(self, chain: tuple[bytes, ...]) -> bool:
        """True where these certificates do not stand in the open file yet; from then on they do."""
        is_first = chain not in self._chains
        self._chains.add(chain)
        return is_first

    def add(self, records: Sequence[WarcRecord], fresh: KnownOfRecord, read: PageReading) -> None:
        """Writes the records of one exchange, and states the cables on its page, if any."""
        self.open_file()
        for number, record in enumerate(records):
            self._write(record, fresh)
            if number == 0:
                self.state_cables(record.header.record_id, record.header.target_uri, read)
        for finding in told_of(read):
            self._group.findings.append((records[0].header.target_uri or "", finding.code, finding.detail))

    def state_cables(self, record_id: str, uri: str | None, read: PageReading) -> None:
        """States the cables on a page that is held, in the record of a target."""
        for extraction in read.cables:
            self._group.cables += 1
            self._state(describe_cable(record_id, uri, extraction), None)
            self._take_text(record_id, extraction)

    def tell(self, finding: Finding) -> None:
        """Notes a finding of the page that was added last; it is told with the group."""
        self._group.findings.append((finding.where, finding.code, finding.detail))

    def tell_browser(self, lacks: str) -> None:
        """Notes what the browser lacked of its safest way to run; it is told with the group."""
        self._group.browser_lacks = lacks

    def end(self, outcome: AddressOutcome) -> None:
        """Notes how an address ended; it is marked with the group. Commits when the group is full or old."""
        self._group.outcomes.append(outcome)
        self._since = self._since or self._clock()
        self.commit_if_due()

    def commit_if_due(self) -> None:
        """Commits a group that is full or old."""
        full = len(self._group.entries) >= self._limits.group_commit_records
        if full or (self._since is not None and self._age_s() >= self._limits.group_commit_s):
            self.commit()

    def commit(self) -> None:
        """Syncs what was written and hands it over. Nothing waiting: nothing done."""
        if not self._group:
            return
        if self._writer is not None:
            self._writer.sync()
            self._group.written = self._writer.so_far()
            if self._follower is not None:
                self._follower.grown(self._writer.size)
        group, self._group, self._since = self._group, Group(), None
        self._hand_over(group)

    def seal(self) -> None:
        """Closes the open file for ever, and commits. Who takes the group gives it its name: only then are its records
        in the journal, whichever process that is of.
        """
        self.commit()
        if self._writer is not None:
            sealed = self._writer.finish()
            self._read_again(self._writer.path, sealed)
            self._group.sealed.append(sealed)
            self._writer = None
            self.commit()

    def _read_again(self, path: Path, sealed: SealedFile) -> None:
        if self._follower is not None:
            reading = self._follower.finish(path, sealed.size)
            self._group.findings += [(sealed.name, code, detail) for code, detail in reading.faults]
            self._follower = None

    def abandon(self) -> None:
        """Closes the open file as it is, after a fault; the next run puts it right."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None
        if self._follower is not None:
            self._follower.abandon()
            self._follower = None

    def _age_s(self) -> float:
        return (self._clock() - self._since).total_seconds() if self._since is not None else 0.0

    def _write(self, record: WarcRecord, fresh: KnownOfRecord) -> None:
        if self._writer is None:
            raise RuntimeError("no file is open")
        place = self._writer.append(record)
        self._since = self._since or self._clock()
        statement = describe_fresh(record, fresh, file=place.file, ordinal=place.ordinal, run=self._run)
        if self._follower is not None:
            seen = RecordAsRead(statement.record_id, statement.type, len(record.block), statement.block_sha256)
            self._follower.add(seen)
        self._state(statement, place)

    def _state(
        self, statement: statements.RecordStatement | statements.CableStatement, place: RecordPlace | None
    ) -> None:
        self._group.entries.append(statements.encode(statement))
        self._group.rows.append(row_of(statement, place))
