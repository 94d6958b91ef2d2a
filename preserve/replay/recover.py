"""From a question (a cable's id, or an address) to what is held: the record, the reply, the page, the cable.

Every value is read from the stored bytes at that moment and checked against the ledger's hash of the record, so that
what is shown is what was captured, or an error.

Tested by ``tests/scenarios/test_one_article.py``.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from preserve.cables.identity import canonical_id
from preserve.cables.page.layouts import Layout
from preserve.config.arks import record_of_ark
from preserve.errors import ArchiveError, BrokenStateError, CatalogueDiffersError, FormatError, NotHeldError, UsageError
from preserve.expressions import lazy_re
from preserve.formats.urls import of_header
from preserve.formats.warc.record import original_of, request_method
from preserve.limits import DEFAULT_LIMITS, Limits
from preserve.model import NOT_WHOLE, parse_utc, told_reply, whole_date
from preserve.provenance.derive import catch_up
from preserve.provenance.describe import (
    BUILT_BY_SCRIPTS,
    HTML_TYPES,
    decoded_content,
    http_payload,
    notes_of,
    page_of_dom,
    page_type,
    read_cables,
    readers_of,
)
from preserve.provenance.ledger import Ledger
from preserve.provenance.proved import ProvedLog
from preserve.provenance.releases import ReleaseClaim
from preserve.provenance.statements import IMPORT_RUN, ImportStatement
from preserve.replay.recordpage import RecordPage
from preserve.replay.times import Dated, Times, in_order, newest
from preserve.store.archive import open_archive
from preserve.store.catalogue import Catalogue, RecordRow, RowProof
from preserve.store.durable import Lock
from preserve.store.layout import CollectionPaths
from preserve.store.mementos import MementoRow
from preserve.store.readmarks import Readers
from preserve.store.warcfile import StatedRecord, read_stated
from preserve.text import most_like, terminal_line

if TYPE_CHECKING:
    from preserve.cables.extract import Extraction, PageReading, PlainText

NOT_SIGNED = "it is under no checkpoint; end the run, or run `preserve recover`"
"""What is said of a capture whose statement only this installation's secret proves."""
_LIKE_CHARS = 4
"""The year and the first letters of the station."""
_MOST_LIKE = 500
_LONGEST_ID_CHARS = 60
_WHEN = lazy_re(r"(\d{4})(?:-?(\d{2})(?:-?(\d{2})(?:[T ]?(\d{2}):?(\d{2})(?::?(\d{2}))?)?)?)?Z?\Z")


class TakenIn(Struct, frozen=True, kw_only=True):
    """An imported file, and the place of its statement in the log."""

    statement: int
    said: ImportStatement

    @property
    def told(self) -> str:
        """Where a page out of it is from, as a citation says it."""
        package = "" if self.said.package is None else f" in {self.said.package.name}"
        maker = self.said.maker or "another program"
        return f"from {self.said.source}{package}, made by {maker}, taken in on {self.said.imported[:10]}"


class Capture(Struct, frozen=True, kw_only=True):
    """One capture of one address. For a revisit, ``source`` is the record that holds the payload it refers to.

    ``memento`` is there where it is second hand: a page as a web archive served it. ``taken_in`` is there where the
    record lies in a file that another program made, and that was imported: its date and address are that file's claim.
    ``dated`` says what speaks against its date.
    """

    collection: str
    row: RecordRow
    source: RecordRow
    dated: Dated
    is_signed: bool = True
    """False: its statement is under no checkpoint yet; this installation's secret proves it."""
    memento: MementoRow | None = None
    taken_in: TakenIn | None = None

    @property
    def url(self) -> str:
        """The page's own address."""
        return page_of_dom(self.row.uri) or self.row.uri or "" if self.memento is None else self.memento.uri

    @property
    def is_built(self) -> bool:
        """True where it is no reply, but the document that the page's scripts made in the browser of the capture."""
        return page_of_dom(self.source.uri) is not None

    @property
    def moment(self) -> str:
        """When the page was so: the capture's date; of a memento the moment that its archive claims."""
        return self.row.date if self.memento is None else self.memento.served or self.memento.requested

    @property
    def second_hand(self) -> str:
        """From whom it is, where it is second hand; else empty."""
        if self.taken_in is not None:
            return self.taken_in.told
        if self.is_built:
            return BUILT_BY_SCRIPTS
        memento = self.memento
        return "" if memento is None else f"as served by {memento.archive_title}, memento of {self.moment}"

    @property
    def is_revisit(self) -> bool:
        """True where the payload was found unchanged and only referred to."""
        return self.row.record_id != self.source.record_id

    @property
    def is_full(self) -> bool:
        """True where the reply was the page itself, whole: no error page, no bot wall's challenge, nothing cut."""
        is_reply = self.source.status == 200 and self.source.challenge is None  # noqa: PLR2004
        return (is_reply or self.source.type == "resource") and not self.lack

    @property
    def lack(self) -> str:
        """What is not whole about it, in words; empty where all of the page came."""
        return NOT_WHOLE.get(self.source.whole or "", "")

    @property
    def in_its_place(self) -> str:
        """What came in place of the page, in words: an error, a redirect, a challenge; empty where it is the page."""
        return told_reply(self.source.status, self.source.challenge)


class RecoveredPage(RecordPage, frozen=True, kw_only=True):
    """A capture, read: the record, the HTTP reply in it, and the content with its content coding removed."""

    capture: Capture

    @property
    def notes(self) -> list[tuple[str, str]]:
        """Codes and details of what is odd in how it says that it is to be read."""
        return [] if self.payload is None else notes_of(self.payload, self.content)


class CollectionReader:
    """The read side of one collection. Opens nothing for writing but the catalogue, where that is behind the ledger."""

    def __init__(
        self,
        paths: CollectionPaths,
        layouts: Mapping[str, Layout],
        limits: Limits = DEFAULT_LIMITS,
        trusted: Collection[str] = (),
        *,
        as_it_is: bool = False,
        own_from: int | None = None,
    ) -> None:
        """``trusted``: verifier keys of logs that the reader names. ``own_from``: see `ProvedLog`.

        ``as_it_is``: a catalogue that is behind the ledger is not caught up, nothing is written, and every query sees
        it as it is now.
        """
        self.paths = paths
        self.limits = limits
        self._layouts = layouts
        self.ledger = Ledger.of_user(paths)
        self._imports: dict[str, TakenIn | None] = {}
        self.log = ProvedLog(paths, self.ledger, trusted=trusted, own_from=own_from)
        self.catalogue = (
            catalogue_as_it_is(paths, self.log) if as_it_is else current_catalogue(paths, self.ledger, self.log)
        )
        self.times = Times(self.catalogue)

    @property
    def readers(self) -> Readers:
        """What reads pages here: the version of the extractor, and the layouts."""
        return readers_of(tuple(self._layouts.values()))

    def close(self) -> None:
        """Closes the catalogue."""
        self.catalogue.close()

    def captures_of(self, url: str) -> list[Capture]:
        """Every capture of an address, oldest first, those second hand among them at the moments that they claim."""
        own = [self.capture(row) for row in self.catalogue.captures_of_url(url)]
        return [capture for _moment, capture in in_order([*own, *self._mementos_of(url)], _dated)]

    def _mementos_of(self, url: str) -> Iterator[Capture]:
        """What web archives served for an address and was the page, once each."""
        seen: set[str | None] = set()
        for memento in self.catalogue.mementos_of(url):
            row = None if memento.record_id is None else self.catalogue.record(memento.record_id)
            if memento.verdict == "page" and row is not None and row.record_id not in seen:
                seen.add(row.record_id)
                yield self.capture(row)

    def captures_as(self, published_id: str) -> list[Capture]:
        """Every capture of what was published under an id, and under no other, oldest first."""
        found = [self.capture(row) for row in self.catalogue.captures_of_cable(published_id)]
        return [capture for _moment, capture in in_order(found, _dated)]

    def capture_of_record(self, record_id: str) -> Capture | None:
        """The capture that a record is; None where it is none, or is not held."""
        row = self.catalogue.record(record_id)
        return None if row is None or row.type not in {"response", "revisit", "resource"} else self.capture(row)

    def page(self, capture: Capture) -> RecoveredPage:
        """Reads a capture's stored bytes.

        Raises:
            ArchiveError: they are not the bytes that the ledger names, or hold no readable reply.
        """
        row = capture.source
        if row.type == "revisit":
            raise ArchiveError(
                f"revisit {row.record_id}: the page that it was found to be the same as is not held",
                next_step="Import the file of the same crawl that holds it.",
            )
        record, place = self._stated(row)
        at = self._stated(capture.row).place if capture.is_revisit else place
        if (place, at) != (row.place, capture.row.place):
            # Of a copy in a store, whose places were not right.
            capture = replace(capture, row=replace(capture.row, place=at), source=replace(row, place=place))
        if page_type(record.header) is not None:
            return RecoveredPage(capture=capture, record=record, payload=None, content=record.block)
        payload = http_payload(record.block, request_method(record.header))
        if payload is None:
            raise ArchiveError(f"record {row.record_id} in {row.place.file} holds no readable HTTP reply")
        content = decoded_content(payload, self.limits)
        if content is None:
            raise ArchiveError(f"the content coding of record {row.record_id} cannot be removed: damaged or too large")
        return RecoveredPage(capture=capture, record=record, payload=payload, content=content)

    def _stated(self, row: RecordRow) -> StatedRecord:
        """The bytes of a record, held against the ledger's hash of it, and where they lie."""
        return read_stated(self.paths, row.place, row)

    def can_read(self, row: RecordRow) -> bool:
        """Whether the bytes of a record, and of the one that it refers to, are there and are those of the ledger."""
        source = None if row.refers_to is None else self.catalogue.record(row.refers_to)
        try:
            for one in (row, source):
                if one is not None:
                    self._stated(one)
        except ArchiveError:
            return False
        return True

    def read(self, page: RecoveredPage) -> "PageReading":
        """The cables on a page, extracted from its bytes now."""
        return read_cables(page.record, tuple(self._layouts.values()), self.limits)

    def cable(self, page: RecoveredPage, cable_id: str = "") -> "Extraction | None":
        """The cable of that id on a page, else the first on it; None where there is none."""
        cables = self.read(page).cables
        told = canonical_id(cable_id)
        published = (cable for cable in cables if cable.published_id == cable_id)
        meant = (cable for cable in cables if told is not None and cable.canonical_id == told)
        return next(published, next(meant, cables[0] if cables else None))

    def plain(self, page: RecoveredPage) -> "PlainText | None":
        """What a page shows that is no cable; None where it is no text."""
        from preserve.cables.extract import plain_text  # noqa: PLC0415 - of links and looks no text is read

        return plain_text(page.content, page.content_type) if is_text(page.media_type) else None

    def claims(self) -> Iterator[ReleaseClaim]:
        """What every capture of a cable claims of its source, sorted by id, then by time."""
        return (ReleaseClaim(self.paths.name, *row) for row in self.catalogue.claims())

    def _original(self, row: RecordRow) -> RecordRow | None:
        """The record that holds a revisit's payload: that of the id it names, else of the address and date."""
        found = None if row.refers_to is None else self.catalogue.record(row.refers_to)
        if found is not None and found.type != "revisit":
            return found
        try:
            original = original_of(self._stated(row).record.header)
        except ArchiveError:
            return None
        if original is None:
            return None
        uri, date = original
        of_url = self.catalogue.captures_of_url(uri)
        return next((held for held in of_url if held.type == "response" and held.date == whole_date(date)), None)

    def redirect_of(self, capture: Capture) -> str | None:
        """What a captured reply gives as Location, in ASCII; None where it gives none.

        Raises:
            ArchiveError: its bytes are not those that the ledger names.
        """
        payload = self.page(capture).payload
        location = None if payload is None else payload.head.get(b"location")
        return None if location is None else of_header(location)

    def capture(self, row: RecordRow) -> Capture:
        """A reply, with the record that holds its payload.

        A revisit whose original is not held stands for itself; `page` says so.
        """
        source = row
        if row.type == "revisit":
            source = self._original(row) or row
        memento = self.catalogue.memento_in(row.record_id)
        if memento is not None and memento.verdict != "page":
            memento = None
        dated = self.times.of(date=row.date, run=row.run, statement=row.statement_index)
        if memento is not None:
            claimed = memento.served or memento.requested
            dated = self.times.of_others(
                date=claimed, taken_in=row.date, statement=row.statement_index, what="served by its archive"
            )
        taken_in = self._taken_in(row) or self._taken_in(source)
        last = max(row.statement_index, source.statement_index, -1 if memento is None else memento.statement)
        return Capture(
            collection=self.paths.name,
            row=row,
            source=source,
            dated=dated,
            is_signed=self.log.is_signed(last),
            memento=memento,
            taken_in=taken_in,
        )

    def _taken_in(self, row: RecordRow) -> TakenIn | None:
        """The statement of the import of a record's file, out of the log itself; None for a file of our own."""
        file = row.place.file
        if file not in self._imports:
            index = self.catalogue.import_of(file)
            said = None if index is None else self.log.at(index)
            is_import = isinstance(said, ImportStatement) and said.file == file
            if not is_import and (index is not None or row.run.startswith(IMPORT_RUN)):
                raise CatalogueDiffersError.of(self.paths.name, f"the import of {file} is another")
            self._imports[file] = (
                TakenIn(statement=index or 0, said=said) if isinstance(said, ImportStatement) else None
            )
        return self._imports[file]


def is_text(media_type: str | None) -> bool:
    """Whether pages of a media type are read as text; without one they are."""
    return not media_type or media_type in HTML_TYPES or media_type.startswith("text/")


def _dated(capture: Capture) -> Dated:
    return capture.dated


def merged(found: Iterable[tuple[CollectionReader, Capture]]) -> list[tuple[CollectionReader, Capture]]:
    """Captures of several collections, oldest first: those of each in the order of its own ledger."""
    by_archive: dict[CollectionReader, list[Capture]] = {}
    for archive, capture in found:
        by_archive.setdefault(archive, []).append(capture)
    moments = [
        (not capture.dated.has_place, moment, archive.paths.name, number, archive, capture)
        for archive, captures in by_archive.items()
        for number, (moment, capture) in enumerate(in_order(captures, _dated))
    ]
    return [(archive, capture) for *_key, archive, capture in sorted(moments, key=lambda one: one[:4])]


def current_catalogue(paths: CollectionPaths, ledger: Ledger, proof: RowProof) -> Catalogue:
    """The catalogue, caught up with the ledger where a process died between the two; each row is held against it.

    Raises:
        CatalogueDiffersError: it has rows past its own end.
    """
    if paths.catalogue.is_file():
        catalogue = Catalogue.open(paths, read_only=True, proof=proof)
        _check_end(paths, catalogue)
        if catalogue.ledger_size >= ledger.size:
            return catalogue
        catalogue.close()
    with Lock(paths.lock, "catching up the catalogue"), Catalogue.open(paths) as writable:
        catch_up(paths, ledger, writable)
    return Catalogue.open(paths, read_only=True, proof=proof)


def catalogue_as_it_is(paths: CollectionPaths, proof: RowProof) -> Catalogue:
    """The catalogue as it is at this moment, also where it is behind the ledger; nothing is written.

    Raises:
        CatalogueDiffersError: it has rows past its own end.
        BrokenStateError: there is none, or it cannot be used.
        EnvironmentFaultError: it cannot be read.
    """
    if not paths.catalogue.is_file():
        raise BrokenStateError(
            f"{paths.name} has no catalogue yet", next_step=f"Run `preserve rebuild {paths.name}`: it makes it."
        )
    catalogue = Catalogue.open(paths, read_only=True, proof=proof)
    catalogue.begin_snapshot()
    _check_end(paths, catalogue)
    return catalogue


def _check_end(paths: CollectionPaths, catalogue: Catalogue) -> None:
    """Raises `CatalogueDiffersError`, and closes it, where a catalogue has rows past its own end."""
    # The end first: whoever writes, writes both at once.
    if catalogue.end > catalogue.ledger_size:
        catalogue.close()
        raise CatalogueDiffersError.of(paths.name, "it has rows past its own end: they belong to no statement")


@contextmanager
def open_for_reading(
    archives: Path,
    names: Sequence[str],
    layouts: Mapping[str, Layout],
    limits: Limits = DEFAULT_LIMITS,
    trusted: Collection[str] = (),
) -> Iterator[list[CollectionReader]]:
    """The named collections, opened for reading and closed at the end.

    Raises:
        CatalogueDiffersError: at the end, where something was left out because the catalogue does not have it.
    """
    opened: list[CollectionReader] = []
    try:
        for name in names:
            opened.append(CollectionReader(open_archive(archives, name), layouts, limits, trusted))  # noqa: PERF401 - closed one by one
        yield opened
        for archive in opened:
            archive.log.require_whole()
    finally:
        for archive in opened:
            archive.close()


def at_time(captures: Sequence[Capture], moment: datetime | None) -> Capture | None:
    """Of captures in order the newest that is dated at or before ``moment`` (None: of all of them); None: none is."""
    return newest([c for c in captures if moment is None or parse_utc(c.moment) <= moment])


def find_one(
    archives: Sequence[CollectionReader], query: str, moment: datetime | None
) -> tuple[CollectionReader, Capture]:
    """The newest good capture of a cable or address over several collections: that which was stated last.

    A capture whose reply was not a full one (an error page, a challenge, one that was cut) never stands in for one that
    was, and one that is second hand only where there is no other.

    Raises:
        NotHeldError: nothing is held under that name, or nothing as early as asked.
    """
    found = merged(captures_found(archives, query))
    if not found:
        raise NotHeldError(f"nothing is held for {query}{like_held(archives, query)}", next_step=_advice(query))
    good = [pair for pair in found if pair[1].is_full] or found
    first_hand = [capture for _archive, capture in good if not capture.second_hand]
    best = at_time(first_hand, moment) or at_time([capture for _archive, capture in good], moment)
    if best is None:
        first = good[0][1].moment
        raise NotHeldError(f"nothing is held for {query} at that time; its first capture is of {first}")
    return next((archive, capture) for archive, capture in good if capture is best)


def published_as(archives: Sequence[CollectionReader], cable_id: str) -> list[str]:
    """Every id that a cable is published under in some collections, sorted.

    ``cable_id`` is any of them, or one of them written in another way.
    """
    told = (archive.catalogue.canonical_of(cable_id) for archive in archives)
    meant = next((found for found in told if found is not None), None) or canonical_id(cable_id)
    return sorted({name for archive in archives for name in archive.catalogue.published_as(meant or cable_id)})


def is_of_a_page(query: str) -> bool:
    """Whether what a person names is a page or a record, and no cable."""
    return "://" in query or query.startswith("urn:uuid:") or record_of_ark(query) is not None


def captures_found(archives: Sequence[CollectionReader], query: str) -> list[tuple[CollectionReader, Capture]]:
    """The captures that a person means: of an address, of a record or its ARK, or of what is published under an id.

    An id that nothing is published under means the cable: what is published under its canonical id, or else all that
    is published of it.
    """
    if "://" in query:
        return [(archive, capture) for archive in archives for capture in archive.captures_of(query)]
    record_id = record_of_ark(query) or (query if query.startswith("urn:uuid:") else None)
    if record_id is not None:
        captures = ((archive, archive.capture_of_record(record_id)) for archive in archives)
        return [(archive, capture) for archive, capture in captures if capture is not None]
    found: list[tuple[CollectionReader, Capture]] = []
    for written in ([query], [canonical_id(query) or query], published_as(archives, query)):
        found = [
            (archive, capture) for archive in archives for name in written for capture in archive.captures_as(name)
        ]
        if found:
            break
    return found


def record_facts(capture: Capture) -> dict[str, object]:
    """Which record a capture is, where it lies and by what it is known, as `show` and the desk have it in JSON."""
    row = capture.row
    return {
        "id": row.record_id,
        "type": row.type,
        "file": row.place.file,
        "offset": row.place.offset,
        "statement": row.statement_index,
        "sha256": row.record_sha256,
        "payload_sha256": row.payload_sha256,
        "payload_record": capture.source.record_id,
    }


def like_held(archives: Sequence[CollectionReader], query: str) -> str:
    """The id that is most like one that is not held, of those that begin as it does; as the tables say."""
    begin = query.strip().upper()[:_LIKE_CHARS]
    if "://" in query or not begin.isalnum():
        return ""
    known = {name for archive in archives for name in archive.catalogue.cables_that_begin(begin, _MOST_LIKE)}
    near = most_like(query.strip().upper()[:_LONGEST_ID_CHARS], known, cutoff=0.8)
    return f"; did you mean {terminal_line(near, _LONGEST_ID_CHARS)!r}?" if near else ""


def _advice(query: str) -> str:
    if "://" in query:
        return "Give the address exactly as it was captured, or ask by the cable's id."
    return "Give the id as the page prints it, for example 05ALMATY342, or the full address."


def _exact(text: str) -> datetime | None:
    """A capture date with its fraction of a second, as every listing prints it."""
    try:
        return parse_utc(text) if "." in text else None
    except FormatError:
        return None


def parse_moment(text: str) -> datetime:
    """``2011``, ``2011-10-04``, ``2011-10-04T12:30:00Z`` or 14 digits: the last microsecond of that span, in UTC.

    Raises:
        UsageError: it is none of these.
    """
    exact = _exact(text.strip())
    if exact is not None:
        return exact
    match = _WHEN.match(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is not a time", next_step="Write 2011, 2011-10-04 or 2011-10-04T12:30:00Z (UTC).")
    year, month, day, hour, minute, second = (int(p) if p else None for p in match.groups())
    try:
        start = datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=UTC)
        if month is None:
            end = start.replace(year=start.year + 1)
        elif day is None:
            end = (start.replace(day=28) + timedelta(days=4)).replace(day=1)
        else:
            end = start + (
                timedelta(days=1) if hour is None else timedelta(minutes=1) if second is None else timedelta(seconds=1)
            )
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is not a time: {error}") from error
    return end - timedelta(microseconds=1)
