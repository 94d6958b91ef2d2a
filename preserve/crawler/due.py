"""Which addresses are due, from the captures that are held: nothing is kept beside the evidence.

In doubt an address is due: where no capture is held, or where the newest cannot be read whole. So is a page that is
lost, until it is there again or somebody says that it is known.

Tested by ``tests/scenarios/test_adaptive.py``.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from preserve.config.adaptive import AdaptiveConfig
from preserve.crawler.adaptive import PastCapture, is_due, next_due
from preserve.crawler.outcomes import is_passing
from preserve.crawler.revisit import HeldCapture, Revisits
from preserve.errors import FormatError
from preserve.limits import DEFAULT_LIMITS
from preserve.model import format_utc, parse_utc
from preserve.provenance.statements import IMPORT_RUN
from preserve.replay.comparing import LOST
from preserve.store.catalogue import Catalogue, RecordRow

_OK, _NOT_MODIFIED, _BAD = 200, 304, 400


class DueTimes:
    """Judges addresses at the moment at which a run began, by what was captured before it."""

    def __init__(
        self,
        catalogue: Catalogue,
        revisits: Revisits,
        bounds: AdaptiveConfig,
        *,
        now: datetime,
        is_known: Callable[[str], bool] = lambda _url: False,
    ) -> None:
        """``is_known`` says of a page that is lost whether somebody knows it."""
        self._catalogue = catalogue
        self._is_known = is_known
        self._revisits = revisits
        self._minimum_s = bounds.minimum_s
        self._maximum_s = bounds.maximum_s
        self._now = now

    def is_due(self, url: str) -> bool:
        """Whether an address is to be asked for."""
        return self._newest_if_not_due(url) is None

    def held_if_not_due(self, url: str) -> HeldCapture | None:
        """The newest reply of an address that is not due, read and found sound; None where it is to be asked for."""
        newest = self._newest_if_not_due(url)
        return None if newest is None else self._revisits.held_in(newest, url)

    def _is_lost(self, url: str) -> bool:
        """Whether a page was not to be had at its last look, and nobody knows: it is told until it is there again."""
        lost = [look.statement for look in self._catalogue.looks_of(url) if look.seen in LOST]
        return bool(lost) and lost[-1] > self._catalogue.last_whole(url, "") and not self._is_known(url)

    def _newest_if_not_due(self, url: str) -> RecordRow | None:
        if self._is_lost(url):
            return None
        rows = self._catalogue.looks_at(url, format_utc(self._now), DEFAULT_LIMITS.max_looks)
        dated = [(moment, row) for row in rows if (moment := _moment(row.date)) is not None]
        if not dated:
            return None
        due = next_due(self._looks(url, dated), self._minimum_s, self._maximum_s)
        moment, newest = dated[0]
        if is_passing(f"http-{_status(newest):03d}"):
            # It may well come the next time, and what it leads to is not reached before.
            due = min(due, moment + timedelta(seconds=self._minimum_s))
        return None if is_due(due, self._now, self._minimum_s) else newest

    def _looks(self, url: str, dated: Sequence[tuple[datetime, RecordRow]]) -> list[PastCapture]:
        """The looks, given newest first. What a run that compared did not tell as changed showed the text before it."""
        told = {look.run for look in self._catalogue.looks_of(url) if look.seen}
        found: list[PastCapture] = []
        status = 0
        for moment, row in reversed(dated):
            content = self._content(row)
            same_text = status == _status(row) == _OK and not row.run.startswith(IMPORT_RUN) and row.run not in told
            status = _status(row)
            found.append(PastCapture(moment, found[-1].content if same_text else content, is_bad=status >= _BAD))
        return found

    def _content(self, row: RecordRow) -> str:
        """What a capture shows: status and payload; of a redirect, where it leads: its payload rarely says it."""
        status = _status(row)
        if 300 <= status < 400:  # noqa: PLR2004 - RFC 9110 section 15.4
            held = self._revisits.held_in(row, row.uri or "")
            location = held.payload.head.get(b"location") if held is not None else row.record_id.encode()
            if location is not None:
                return f"{status} {location.decode('latin-1')}"
        return f"{status} {row.payload_sha256}"


def _status(row: RecordRow) -> int:
    """The status of a capture. A revisit by the server's word has that of the full reply that it repeats."""
    if row.type == "revisit" and row.status in {None, _NOT_MODIFIED}:
        return _OK
    return row.status or 0


def _moment(date: str) -> datetime | None:
    try:
        return parse_utc(date)
    except FormatError:
        return None
