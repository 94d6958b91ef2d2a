"""The state of every captured address, from the catalogue's rows and the runs' statements. Memory stays flat.

A failed fetch has no record: it stands in the run's statement only. Both are gone through in the order of addresses.
Pages are read only where their payload is another than that of the first good capture, or where a small page without a
cable may be an error page.

Tested by ``tests/scenarios/test_link_rot.py``.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby

from preserve.errors import FormatError
from preserve.formats.urls import canonical, host_name
from preserve.model import NOT_WHOLE
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
_SMALL_BYTES = 4_096
"""Stored length of a reply without a cable that is read to see whether it is an error page."""
_RUN, _LISTING = b'"kind":"run"', b'"kind":"listing"'
_HTML = frozenset({None, "text/html", "application/xhtml+xml", "text/plain"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
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

    @property
    def state(self) -> LinkState:
        """What is known of it now."""
        return self.machine.state or LinkState.UNKNOWN


def rot_of(archive: CollectionReader, earlier: Sequence[int] = ()) -> Iterator[LinkStatus]:
    """Every address of an archive that was captured or tried, by its canonical form.

    ``earlier`` are sizes that the ledger had: what was known then of each address is given along.
    robots.txt is no page, and what was asked of web archives in a rescue is not the site's: both are left out.

    Raises:
        ArchiveError: the ledger is damaged.
    """
    with ExternalSort() as failures:
        runs = _read_runs(archive, failures)
        pages = Pages(archive)
        replies = (
            _Item(seen.canonical, _dated(archive, seen.row), seen) for seen in archive.catalogue.replies_in_order()
        )
        failed = (_Item(key, _dated_failure(date, value), value) for key, date, value in failures.in_order())
        items = merge(replies, failed, key=lambda item: item.key.encode("utf-8", "surrogatepass"))
        for key, found_of_key in groupby(items, key=lambda item: item.key):
            group = [item for _moment, item in in_order(found_of_key, lambda item: item.dated)]
            if key.endswith("/robots.txt"):
                continue
            found = _one(archive, _Judge(key, runs, pages), group, earlier)
            if found is not None:
                yield found


@dataclass(frozen=True, slots=True)
class _Item:
    """A reply, or a failure: its run, the index of the run's statement and the reason, with blanks between."""

    key: str
    dated: Dated
    what: SeenRow | str


def _dated(archive: CollectionReader, row: RecordRow) -> Dated:
    return archive.times.of(date=row.date, run=row.run, statement=row.statement_index)


def _dated_failure(date: str, value: str) -> Dated:
    return Dated(date=date, statement=int(value.split(" ", 2)[1]))


@dataclass(slots=True)
class _Runs:
    """``answered``: of each run up to two hosts that answered; ``rescues``: runs that asked web archives."""

    answered: dict[str, set[str]] = field(default_factory=dict)
    rescues: set[str] = field(default_factory=set)


def _read_runs(archive: CollectionReader, failures: ExternalSort) -> _Runs:
    runs = _Runs()
    for index, entry in archive.ledger.raw():
        # Statements are canonical JSON: these bytes stand in no other place.
        if _RUN not in entry and _LISTING not in entry:
            continue
        match decode(entry):
            case RunStatement() as said:
                _read_run(index, said, runs, failures)
            case ListingStatement(run=run):
                runs.rescues.add(run)
    return runs


def _read_run(index: int, said: RunStatement, runs: _Runs, failures: ExternalSort) -> None:
    answered = runs.answered.setdefault(said.run, set())
    rows = []
    for item in said.urls:
        with suppress(FormatError):
            if item.outcome == "failed" or item.seen in {Seen.SOFT_GONE, Seen.NOT_REACHED}:
                # What is no page any more has a reply, too; what may not be asked for has none.
                reason = str(item.seen) if item.seen == Seen.SOFT_GONE else item.reason
                rows.append((canonical(item.url), said.ended, f"{said.run} {index} {reason}"))
            if item.outcome == "done" and len(answered) < 2:  # noqa: PLR2004 - one of two is another than any one
                answered.add(host_name(item.url))
    failures.add(rows)


def _one(
    archive: CollectionReader, judge: "_Judge", group: Sequence[_Item], earlier: Sequence[int]
) -> LinkStatus | None:
    machine, then = LinkStatusMachine(), [(size, LinkStatusMachine()) for size in earlier]
    for look in judge.looks(group):
        machine.take(look)
        for size, former in then:
            if look.statement < size:
                former.take(look)
    if not machine.looks:
        return None
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
        earlier=tuple(former.state for _size, former in then),
    )


class _Judge:
    """Makes looks of what is held of one address."""

    def __init__(self, key: str, runs: _Runs, pages: Pages) -> None:
        self._runs = runs
        self._pages = pages
        self._host = host_name(key)
        self.key = self.url = key
        self.first: SeenRow | None = None
        self._first_text: str | None = None
        self._no_page: set[str] = set()
        """Runs that found another page in the place of this one, as their statements say."""
        self.good: SeenRow | None = None

    def looks(self, items: Sequence[_Item]) -> Iterator[Probe]:
        """The looks, in their order."""
        told: set[str] = set()
        stated = (item.what.split(" ", 2) for item in items if isinstance(item.what, str))
        self._no_page = {run for run, _statement, reason in stated if reason == Seen.SOFT_GONE}
        for item in items:
            if isinstance(item.what, str):
                run, statement, reason = item.what.split(" ", 2)
                if reason == Seen.SOFT_GONE:
                    continue
                # A run that was stopped and continued is stated more than once, with what failed before the stop.
                if run not in self._runs.rescues and run not in told:
                    told.add(run)
                    others = bool(self._runs.answered.get(run, set()) - {self._host})
                    sign = sign_of_failure(reason, others_answered=others)
                    yield Probe(date=item.dated.date, sign=sign, reason=reason, evidence=run, statement=int(statement))
            elif item.what.run not in self._runs.rescues:
                yield self._reply(item.what)

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
            sign, reason = self._compared(seen, reason)
        elif sign is LinkSignal.MOVED and self._pages.leads_home(row):
            sign, reason = LinkSignal.ERROR_PAGE, f"{reason} to the front page"
        if sign in {LinkSignal.SAME, LinkSignal.OTHER} and seen.run in self._no_page:
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
