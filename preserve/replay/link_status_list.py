"""The state of every captured address, from the catalogue's rows and the runs' statements. Memory stays flat.

A failed fetch has no record: it stands in the run's statement only. Both are gone through in the order of addresses.
Pages are read only where their payload differs from that of the first good capture, or where a small page without a
cable may be an error page.

Tested by ``tests/scenarios/test_link_rot.py``.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from heapq import merge
from itertools import groupby
from typing import Final, NamedTuple

from msgspec import Struct, field

from preserve.errors import FormatError
from preserve.formats.urls import canonical, host_name
from preserve.model import NOT_WHOLE, parse_utc
from preserve.provenance.statements import ListingStatement, RunStatement, decode
from preserve.replay.comparing import Seen
from preserve.replay.link_status import LinkSignal, LinkState, LinkStatusMachine, Probe, sign_of_failure, sign_of_status
from preserve.replay.look import Pages
from preserve.replay.recover import CollectionReader
from preserve.replay.times import Dated, in_order
from preserve.store.catalogue import RecordRow, SeenRow
from preserve.store.external_sort import ExternalSort
from preserve.store.mementos import MementoRow

UNREADABLE = "record-unreadable"
"""The reason of a look whose record is in the ledger and cannot be read from where the catalogue has it."""
NOTHING_BEHIND: Final = "9999-12-31T23:59:59Z"
"""A date behind which no look comes: one whose date gives it no place stands behind all others."""
_SMALL_BYTES = 4_096
"""Stored length of a reply without a cable that is read to see whether it is an error page."""
RUN, LISTING = b'"kind":"run"', b'"kind":"listing"'
"""As they stand in the canonical form of these statements, and in that of no others."""
_HTML = frozenset({None, "text/html", "application/xhtml+xml", "text/plain"})


class LinkStatus(Struct, frozen=True, kw_only=True):
    """One address: the machine after all looks at it, and its good captures."""

    collection: str
    url: str
    machine: LinkStatusMachine
    good: SeenRow | None
    """The newest good capture."""
    first: SeenRow | None
    """The first one: what its address was captured for."""
    second_hand: tuple[MementoRow, ...] = ()
    """What web archives served of it and was the page; looked up where it is not alive."""
    earlier: tuple[LinkState | None, ...] = ()
    """What was known of it when the ledger had each of the sizes asked for; None: nothing."""
    key: str = ""
    """The address in canonical form."""
    not_before: str = ""
    """The last date of the looks, where some are of files of others; where one of these has no place: the year 9999.
    Empty where all are this program's own.
    """

    @property
    def state(self) -> LinkState:
        """What is known of it now."""
        return self.machine.state or LinkState.UNKNOWN


def rot_of(
    archive: CollectionReader, earlier: Sequence[int] = (), runs: "Runs | None" = None, pages: Pages | None = None
) -> Iterator[LinkStatus]:
    """Every address of an archive that was captured or tried, by its canonical form.

    ``earlier`` are sizes that the ledger had: what was known then of each address is given along.
    ``runs`` takes up what runs there were; ``pages`` is what reads pages.
    robots.txt is no page, and what was asked of web archives in a rescue is not the site's: both are left out.

    Raises:
        ArchiveError: the ledger is damaged.
    """
    with ExternalSort() as failures:
        runs = Runs() if runs is None else runs
        _read_runs(archive, failures, runs)
        pages = Pages(archive) if pages is None else pages
        replies = _replies(archive, runs)
        failed = (_failed(*row) for row in failures.in_order())
        items = merge(replies, failed, key=lambda item: item.key.encode("utf-8", "surrogatepass"))
        for key, found_of_key in groupby(items, key=lambda item: item.key):
            group = list(found_of_key)
            if len(group) > 1:
                group = [item for _moment, item in in_order(group, lambda item: item.dated)]
            if key.endswith("/robots.txt"):
                continue
            found = _one(archive, LinkJudge(key, runs, pages), group, earlier)
            if found is not None:
                yield found


def _replies(archive: CollectionReader, runs: "Runs") -> Iterator["_Item"]:
    for seen in archive.catalogue.replies_in_order():
        runs.begun.add(seen.run)
        yield _Item(seen.canonical, _dated(archive, seen.row), seen)


class _Item(Struct, frozen=True):
    key: str
    dated: Dated
    what: "Told"


def _dated(archive: CollectionReader, row: RecordRow) -> Dated:
    return archive.times.of(date=row.date, run=row.run, statement=row.statement_index)


def _failed(key: str, date: str, value: str) -> _Item:
    run, statement, reason = value.split(" ", 2)
    return _Item(key, Dated(date=date, statement=int(statement)), StatedFailure(date, run, int(statement), reason))


class StatedFailure(NamedTuple):
    """What the statement of a run that ended at ``date`` says of an address beside its records."""

    date: str
    run: str
    statement: int
    reason: str


Told = SeenRow | StatedFailure
"""A look at an address: a reply, or what a run states."""


class Runs(Struct):
    """``answered``: of each run up to two hosts that answered; ``rescues``: runs that asked web archives.

    ``begun``: all that are stated, or have a reply.
    """

    answered: dict[str, set[str]] = field(default_factory=dict)
    rescues: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)


def _read_runs(archive: CollectionReader, failures: ExternalSort, runs: Runs) -> None:
    for index, entry in archive.ledger.raw():
        # Statements are canonical JSON: these bytes stand in no other place.
        if RUN not in entry and LISTING not in entry:
            continue
        match decode(entry):
            case RunStatement() as said:
                failures.add(
                    (key, failed.date, f"{failed.run} {failed.statement} {failed.reason}")
                    for key, failed in read_run(index, said, runs)
                )
            case ListingStatement(run=run):
                runs.rescues.add(run)


def read_run(index: int, said: RunStatement, runs: Runs) -> Sequence[tuple[str, StatedFailure]]:
    """What a part of a run's statement says of addresses, each in canonical form; ``runs`` takes up who answered."""
    runs.begun.add(said.run)
    answered = runs.answered.setdefault(said.run, set())
    rows: list[tuple[str, StatedFailure]] = []
    for item in said.urls:
        with suppress(FormatError):
            if item.outcome == "failed" or item.seen in {Seen.SOFT_GONE, Seen.NOT_REACHED}:
                # What is no page any more has a reply, too; what may not be asked for has none.
                reason = str(item.seen) if item.seen == Seen.SOFT_GONE else item.reason
                rows.append((canonical(item.url), StatedFailure(said.ended, said.run, index, reason)))
            if item.outcome == "done" and len(answered) < 2:  # noqa: PLR2004 - one of two is another than any one
                answered.add(host_name(item.url))
    return rows


def _one(
    archive: CollectionReader, judge: "LinkJudge", group: Sequence[_Item], earlier: Sequence[int]
) -> LinkStatus | None:
    # Nothing is known at a size of none.
    machine, then = LinkStatusMachine(), [(size, LinkStatusMachine()) for size in earlier if size]
    for look in judge.looks([item.what for item in group]):
        machine.take(look)
        for size, former in then:
            if look.statement < size:
                former.take(look)
    if not machine.looks:
        return None
    formerly = {size: former.state for size, former in then}
    held: tuple[MementoRow, ...] = ()
    if machine.state is not LinkState.ALIVE:
        served = [capture for capture in archive.captures_of(judge.url) if capture.memento is not None]
        # The last is the one that is given: none whose date cannot be, where there is another.
        served.sort(key=lambda capture: capture.dated.has_place)
        held = tuple(capture.memento for capture in served if capture.memento is not None)
    return LinkStatus(
        collection=archive.paths.name,
        url=judge.url,
        machine=machine,
        good=judge.good,
        first=judge.first,
        second_hand=held,
        earlier=tuple(formerly.get(size) for size in earlier),
        key=judge.key,
        not_before=_last_date([item.dated for item in group]),
    )


def _last_date(looks: Sequence[Dated]) -> str:
    if all(look.is_own for look in looks):
        return ""
    if not all(look.has_place for look in looks):
        return NOTHING_BEHIND
    return looks[0].date if len(looks) == 1 else max((look.date for look in looks), key=parse_utc)


Shown = tuple[str, LinkSignal, str]
"""The record of a payload, and what that said, held against the first good capture; an empty id: nothing."""
NOT_TOLD: Final[Shown] = "", LinkSignal.NOTHING, ""


class LinkJudge:
    """Makes looks of what is held of one address.

    ``first``, ``url`` and ``shown`` may be set to go on from an earlier look: the first good capture, the address as it
    was asked for, and what was `told` then: the last payload that was held against the first one, and what that said.
    """

    def __init__(self, key: str, runs: Runs, pages: Pages) -> None:
        self._runs = runs
        self._pages = pages
        self.key = self.url = key
        self.first: SeenRow | None = None
        self._first_text: str | None = None
        self._no_page: set[str] = set()
        """Runs that found another page in the place of this one, as their statements say."""
        self.good: SeenRow | None = None
        self.shown = self.told = NOT_TOLD

    def looks(self, items: Iterable[Told]) -> Iterator[Probe]:
        """The looks, in their order."""
        items, told = list(items), set[str]()
        self._no_page = {
            item.run for item in items if isinstance(item, StatedFailure) and item.reason == Seen.SOFT_GONE
        }
        for item in items:
            if isinstance(item, StatedFailure):
                date, run, statement, reason = item
                if reason == Seen.SOFT_GONE:
                    continue
                # A run that was stopped and continued is stated more than once, with what failed before the stop.
                if run not in self._runs.rescues and run not in told:
                    told.add(run)
                    others = bool(self._runs.answered.get(run, set()) - {host_name(self.key)})
                    sign = sign_of_failure(reason, others_answered=others)
                    yield Probe(date=date, sign=sign, reason=reason, evidence=run, statement=statement)
            elif item.run not in self._runs.rescues:
                yield self._reply(item)

    def _reply(self, seen: SeenRow) -> Probe:
        row = seen.row
        self.url = row.uri or self.url
        if row.type == "revisit" and row.challenge is None and row.status in {None, 304}:
            # Not modified since some capture, which need not be the first.
            sign, reason = LinkSignal.SAME, "not-modified"
        else:
            sign, reason = sign_of_status(row.status, row.challenge)
        if sign is LinkSignal.SAME and row.whole in NOT_WHOLE:
            # What is missing is no change of the page.
            sign, reason = LinkSignal.NOTHING, f"{row.whole}-capture"
        elif sign is LinkSignal.SAME:
            sign, reason = self._held_against_first(seen, reason)
        elif sign is LinkSignal.MOVED and self._pages.leads_home(row):
            sign, reason = LinkSignal.ERROR_PAGE, f"{reason} to the front page"
        if sign in {LinkSignal.SAME, LinkSignal.OTHER, LinkSignal.MOVED} and seen.run in self._no_page:
            sign, reason = LinkSignal.ERROR_PAGE, str(Seen.SOFT_GONE)
        if sign in {LinkSignal.SAME, LinkSignal.OTHER}:
            self.good = seen
            self.first = self.first or seen
        return Probe(
            date=row.date,
            sign=sign,
            reason=reason,
            evidence=row.record_id,
            status=row.status,
            statement=row.statement_index,
        )

    def _held_against_first(self, seen: SeenRow, reason: str) -> tuple[LinkSignal, str]:
        source, (last, sign, said) = seen.row.refers_to or seen.row.record_id, self.shown
        if seen.row.type == "revisit" and source == last:
            # The payload that an earlier look was held against the first one for.
            return sign, reason if sign is LinkSignal.SAME else said
        sign, reason = self._compared(seen, reason)
        self.told = (source, sign, reason) if sign is not LinkSignal.DOUBTFUL else NOT_TOLD
        return sign, reason

    def _compared(self, seen: SeenRow, reason: str) -> tuple[LinkSignal, str]:
        """A good reply, held against the first good one."""
        first = self.first
        if first is not None and first.row.payload_sha256 == seen.row.payload_sha256:
            return LinkSignal.SAME, reason
        if seen.cable is None and (first is not None or _may_be_error(seen)):
            shown = self._pages.seen(seen.row)
            if shown is None:
                return LinkSignal.DOUBTFUL, UNREADABLE
            if shown.is_error:
                return LinkSignal.ERROR_PAGE, "error-page"
            if first is not None and first.cable is not None and first.cable.lower() not in shown.words:
                return LinkSignal.ERROR_PAGE, "cable-not-on-page"
        if first is None or (seen.text_sha256 is not None and seen.text_sha256 == first.text_sha256):
            return LinkSignal.SAME, reason
        # What was stated may be the work of two versions of the extractor: what differs is read again by this one.
        if self._text_of_first(first) == self._text(seen.row):
            return LinkSignal.SAME, reason
        return LinkSignal.OTHER, "text-changed"

    def _text_of_first(self, first: SeenRow) -> str:
        if self._first_text is None:
            self._first_text = self._text(first.row)
        return self._first_text

    def _text(self, row: RecordRow) -> str:
        shown = self._pages.seen(row)
        return (row.payload_sha256 or row.record_id) if shown is None else shown.text_sha256


def _may_be_error(seen: SeenRow) -> bool:
    return seen.mime in _HTML and (seen.row.type == "revisit" or seen.row.place.length <= _SMALL_BYTES)
