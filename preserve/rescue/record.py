"""Keeping what a web archive sent: records, their statements, and the statements that link them to lost addresses.

The durable order is that of a capture: record bytes synced, statements appended, catalogue fed. What links a record to
a lost address is appended in one piece with the record's own statement.

Tested by ``tests/scenarios/test_rescue.py``.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from preserve.cables.extract import NOTHING_READ, PageReading
from preserve.crawler.group import Group, GroupWriter
from preserve.crawler.records import FoundAs, exchange_records
from preserve.limits import Limits
from preserve.provenance.describe import KnownOfRecord, TakeText
from preserve.provenance.rows import row_of
from preserve.provenance.session import WritingSession
from preserve.provenance.statements import ListingStatement, MementoStatement, encode
from preserve.rescue.ask import ArchiveReply
from preserve.store.layout import CollectionPaths
from preserve.store.secondreader import CODE, NOT_CHECKED
from preserve.store.warcfile import SealedFile


class RescueRecorder:
    """Writes for the holder of the collection's lock."""

    def __init__(
        self,
        paths: CollectionPaths,
        session: WritingSession,
        *,
        limits: Limits,
        run: str,
        warcinfo: Mapping[str, str],
        clock: Callable[[], datetime],
        take_text: TakeText,
    ) -> None:
        self._session = session
        self._links: list[ListingStatement | MementoStatement] = []
        self.sealed: list[SealedFile] = []
        self.cables = 0
        self.findings: list[tuple[str, str, str]] = []
        """What the second reader says of files: name, code and detail."""
        self._writer = GroupWriter(
            paths=paths,
            limits=limits,
            run=run,
            warcinfo=warcinfo,
            clock=clock,
            token_of=session.token_of,
            hand_over=self._committed,
            take_text=take_text,
        )

    def keep(self, reply: ArchiveReply, *, via: str, hop: str, read: PageReading = NOTHING_READ) -> str:
        """Writes the records of one exchange; returns the id of the first. Durable after `commit`."""
        exchange = reply.exchange
        self._writer.open_file()
        tls = exchange.peer.tls if exchange.peer is not None else None
        records = exchange_records(
            exchange,
            warcinfo_id=self._writer.warcinfo_id,
            found=FoundAs(via=via, hop=hop),
            payload=reply.payload,
            revisit_of=None,
            with_chain=tls is not None and self._writer.first_in_file(tls.chain),
        )
        self._writer.add(
            records,
            KnownOfRecord(head=exchange.head, challenge=reply.challenge, payload=reply.payload, content=reply.content),
            read,
        )
        return records[0].header.record_id

    def state(self, statement: ListingStatement | MementoStatement) -> None:
        """Takes a statement that links records; durable after `commit`, together with those records."""
        self._links.append(statement)

    def commit(self) -> None:
        """Makes everything durable, in the durable order."""
        self._writer.commit()
        if self._links:
            self._append(Group())

    def seal(self) -> None:
        """Closes the open file for ever, and commits."""
        self.commit()
        self._writer.seal()

    def abandon(self) -> None:
        """Closes the open file as it is, after a fault; the next run puts it right."""
        self._writer.abandon()

    def _committed(self, group: Group) -> None:
        self._append(group)
        for file in group.sealed:
            self._session.seal_file(file.name)
        self.sealed += group.sealed
        self.findings += [found for found in group.findings if found[1] in {CODE, NOT_CHECKED}]
        self.cables += group.cables

    def _append(self, group: Group) -> None:
        links, self._links = self._links, []
        entries = [*group.entries, *(encode(statement) for statement in links)]
        rows = [*group.rows, *(row_of(statement) for statement in links)]
        self._session.take(entries, rows, group.files)
