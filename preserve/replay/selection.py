"""Two observations of a history, chosen by number, by record id or by time."""

from collections.abc import Sequence
from itertools import pairwise

from preserve.errors import NotHeldError
from preserve.model import parse_utc
from preserve.replay.history import HistoryEntry, whole_ones
from preserve.replay.recover import parse_moment
from preserve.replay.times import newest

_LONGEST_NUMBER = 9


def choose(observations: Sequence[HistoryEntry], what: str) -> HistoryEntry:
    """The observation meant: its number in the history, its record id, or the newest one at or before a time.

    A number of four digits or more that no observation has is a year.

    Raises:
        NotHeldError: there is none.
        UsageError: it is no number, no id of a record here and no time.
    """
    by_id = [one for one in observations if one.capture.row.record_id == what]
    if by_id:
        return by_id[0]
    if what.isascii() and what.isdigit() and len(what) <= _LONGEST_NUMBER:
        number = int(what)
        if 1 <= number <= len(observations):
            return observations[number - 1]
        if len(what) < len("2011"):
            raise NotHeldError(
                f"there is no observation {what}; there are {len(observations)}",
                next_step="Run `preserve history` with the cable's id: it numbers them.",
            )
    moment = parse_moment(what)
    before = [one for one in observations if parse_utc(one.capture.row.date) <= moment]
    if not before:
        raise NotHeldError(
            f"nothing was captured as early as {what}; the first capture is of {observations[0].capture.row.date}"
        )
    return newest(before) or before[-1]


def last_different(observations: Sequence[HistoryEntry]) -> tuple[HistoryEntry, HistoryEntry]:
    """The newest two that follow one another and whose texts differ; else, whose pages do; else the last two.

    Captures that are not whole are passed over.

    Raises:
        NotHeldError: there is only one.
    """
    whole = whole_ones(observations)
    pairs = list(pairwise([one for one in whole if one.dated.has_place])) or list(pairwise(whole))
    if not pairs:
        raise NotHeldError(
            "there is only one whole capture of it: nothing to compare it with",
            next_step="Capture or import it from another source first.",
        )
    for name in ("body_sha256", "raw_sha256"):
        for before, after in reversed(pairs):
            if getattr(before.extraction, name) != getattr(after.extraction, name):
                return before, after
    return pairs[-1]
