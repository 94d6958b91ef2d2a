"""The clock, held against what the log, its receipts and the servers say (ADR 0016).

A ledger cannot say when something was stated, but it says in which order, and that cannot be wrong. So the times of
its runs are held against their order; the clock of this machine against the last of them before a run begins; and
against the first reply's ``Date`` (RFC 9110 section 6.6.1) before a second thing is asked for.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from preserve.errors import EnvironmentFaultError, FormatError
from preserve.model import format_utc, parse_utc
from preserve.store.layout import CollectionPaths

TOLERANCE = timedelta(minutes=1)
"""How far clocks that write to one log may differ: what NTP sets right without a word."""
SERVER_TOLERANCE = timedelta(hours=1)
"""How far a server's clock may differ from ours: many are some minutes wrong."""
WEB_BEGAN = "1991-01-01T00:00:00Z"
"""No page is older."""
_MOST_AGE_S = 10 * 365 * 86_400


class ClockError(EnvironmentFaultError):
    """The clock contradicts what is known of the time: nothing more is asked, and nothing is stated."""


class Span(NamedTuple):
    """One run as it is stated: the index of its statement, its id, and when its clock said that it began and ended."""

    statement: int
    run: str
    began: str
    ended: str


def check_clock(paths: CollectionPaths, now: datetime, *, last_ended: str | None) -> None:
    """Holds the clock against the end of the last run, and the time of the newest receipt that is held.

    Raises:
        ClockError: it is before one of them.
    """
    known = []
    stamped = _newest_stamp(paths)
    if last_ended is not None:
        known.append((parse_utc(last_ended), "the last run of this collection ended"))
    if stamped is not None:
        known.append((stamped, "a time authority stamped its checkpoint"))
    for moment, what in known:
        if now < moment - TOLERANCE:
            raise ClockError(
                f"the clock says {format_utc(now)}, and {what} at {format_utc(moment)}: one of them is wrong",
                next_step="Set the clock. If it is right, run it with --clock-is-right.",
            )


class ServerClock:
    """Holds the clock against the first reply that says a time. Not for more than one thread at once."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._is_settled = False

    def take(self, url: str, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """Takes the fields of one reply's head; after the first with a date it looks at no other.

        Raises:
            ClockError: the server's time is another.
        """
        if self._is_settled:
            return
        said = server_time(fields)
        if said is None:
            return
        self._is_settled = True
        now = self._clock()
        if abs(now - said) > SERVER_TOLERANCE:
            raise ClockError(
                f"the clock says {format_utc(now)}, and the server of {url} says {format_utc(said)}",
                next_step="Set the clock. If it is right, run it with --clock-is-right, or write "
                "`server_clock: ignore` into the collection's file.",
            )


def server_time(fields: Iterable[tuple[bytes, bytes]]) -> datetime | None:
    """The time that a reply was sent, by its own ``Date`` and ``Age`` (RFC 9111 section 5.1); None: it says none."""
    date, age = b"", b"0"
    for name, value in fields:
        match name.lower():
            case b"date":
                date = value
            case b"age":
                age = value.strip()
    try:
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - it brings sockets, and few commands ask

        said = parsedate_to_datetime(date[:100].decode("ascii"))
        seconds = int(age) if age.isdigit() and len(age) < 10 else 0  # noqa: PLR2004 - a plain number of seconds
        return said.astimezone(UTC) + timedelta(seconds=min(seconds, _MOST_AGE_S))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def out_of_order(spans: Sequence[Span]) -> list[Span]:
    """Those whose times contradict the order of the log, given in that order.

    A run is stated at its end, so ends must not go back. The longest sequence in which they do not is taken for right;
    of two that are equally long, that which ends later in the log. A run that ended before it began contradicts itself.
    """
    slack = TOLERANCE.total_seconds()
    ends: list[float] = []
    last: list[int] = []
    """By length less one: of the sequences of that length the one that ends earliest: its end, its last member."""
    before: list[int | None] = []
    best: int | None = None
    for index, span in enumerate(spans):
        ended = _seconds(span.ended)
        place = bisect_right(ends, ended + slack)
        before.append(last[place - 1] if place else None)
        # Never less than the end before it, which may be a minute later.
        end = max(ended, ends[place - 1]) if place else ended
        if place == len(ends):
            ends.append(end)
            last.append(index)
        elif end <= ends[place]:
            ends[place], last[place] = end, index
        if place + 1 == len(ends):
            best = index
    right = set()
    while best is not None:
        right.add(best)
        best = before[best]
    return [span for index, span in enumerate(spans) if index not in right or _contradicts_itself(span)]


def is_possible(date: str, taken_in: str) -> bool:
    """False of a date that somebody else gives and that cannot be: before the web, or after it was taken in."""
    try:
        return _seconds(WEB_BEGAN) <= _seconds(date) <= _seconds(taken_in) + TOLERANCE.total_seconds()
    except FormatError:
        return False


def _newest_stamp(paths: CollectionPaths) -> datetime | None:
    # What reads receipts takes long to import, and is needed only where a run begins.
    from preserve.provenance.receipts import ReceiptError, held_receipts, read_reply  # noqa: PLC0415

    for receipt in held_receipts(paths):
        with suppress(ReceiptError):
            return read_reply(receipt.reply, receipt.note).moment
    return None


def _contradicts_itself(span: Span) -> bool:
    return _seconds(span.ended) < _seconds(span.began) - TOLERANCE.total_seconds()


def _seconds(date: str) -> float:
    return parse_utc(date).timestamp()
