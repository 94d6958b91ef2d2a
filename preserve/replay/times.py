"""The order of captures, and what speaks against their dates (ADR 0016).

Own captures stand in the order in which the ledger states them. What others made stands where its date puts it among
those that were stated before it was taken in. A date that cannot be gives no place: such a capture comes behind all
others, and is not the newest while there is another.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Protocol, TypeVar

from msgspec import Struct

from preserve.errors import FormatError
from preserve.model import parse_utc
from preserve.provenance.clock import TOLERANCE, Span, is_possible, out_of_order
from preserve.store.catalogue import Catalogue

_LAST = datetime.max.replace(tzinfo=UTC)


class Dated(Struct, frozen=True, kw_only=True):
    """When something was so, as far as that is known. ``date``: as it says itself. ``statement``: its place in the log.

    ``is_own``: this program made it. ``doubt``: what speaks against its date, or nothing; ``has_place`` is false where
    the date cannot be, and where nothing but the date could give it one.
    """

    date: str
    statement: int
    is_own: bool = True
    doubt: str = ""
    has_place: bool = True


class _IsDated(Protocol):
    @property
    def dated(self) -> Dated: ...


T = TypeVar("T")
D = TypeVar("D", bound=_IsDated)


def in_order(items: Iterable[T], dated: Callable[[T], Dated]) -> list[tuple[datetime, T]]:
    """What one log states, oldest first, each with the moment that orders it beside what other logs state.

    That moment is never later than those of own captures stated behind it. What has no place comes last.
    """
    least = _LAST
    found = []
    for item in sorted(items, key=lambda item: dated(item).statement, reverse=True):
        at = dated(item)
        if not at.has_place:
            found.append((_LAST, at, item))
            continue
        moment = min(least, parse_utc(at.date))
        if at.is_own and not at.doubt:
            least = moment
        elif at.is_own and least is not _LAST:
            moment = least
        found.append((moment, at, item))
    # Of own captures without a date to be trusted, those behind all others keep their place in the log.
    latest = datetime.min.replace(tzinfo=UTC)
    placed = []
    for moment, at, item in reversed(found):
        own = at.is_own and at.has_place
        latest = max(latest, moment) if own else latest
        placed.append((latest if own else moment, at, item))
    placed.sort(key=lambda one: (not one[1].has_place, one[0], one[1].statement))
    return [(moment, item) for moment, _at, item in placed]


def newest(items: Sequence[D]) -> D | None:
    """The newest of those that are in order: the last that has a place, else the last."""
    return next((item for item in reversed(items) if item.dated.has_place), items[-1] if items else None)


@dataclass(frozen=True)
class Times:
    """What the ledger of one collection says of the dates in it. Read from the catalogue when it is first asked for."""

    catalogue: Catalogue
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _runs: dict[str, tuple[str | None, str]] = field(default_factory=dict, repr=False)

    def of(self, *, date: str, run: str, statement: int) -> Dated:
        """A record: of a capture of this program, or of a file that was imported."""
        taken_in, wrong = self._of_run(run)
        if taken_in is not None:
            return self.of_others(date=date, taken_in=taken_in, statement=statement, what="imported")
        return Dated(date=date, statement=statement, doubt=wrong or self._ahead(date))

    def _of_run(self, run: str) -> tuple[str | None, str]:
        """When it took in the last file of others, if it did; and why its clock was wrong. What it rests on is held."""
        if run not in self._runs:
            self.catalogue.run_is_held(run)
            doubt = self._wrong.get(run, "")
            if doubt:
                # It may come from what is kept of any other run.
                self.catalogue.run_is_held("")
            self._runs[run] = (self.catalogue.imported(run), doubt)
        return self._runs[run]

    def of_others(self, *, date: str, taken_in: str, statement: int, what: str) -> Dated:
        """What somebody else dated: possible up to the moment at which it was ``what`` (imported, asked for)."""
        if is_possible(date, taken_in):
            return Dated(date=date, statement=statement, is_own=False)
        doubt = f"the date cannot be: it was {what} at {taken_in}"
        return Dated(date=date, statement=statement, is_own=False, doubt=doubt, has_place=False)

    def _ahead(self, date: str) -> str:
        return "the date lies ahead of now" if parse_utc(date) > self.now + TOLERANCE else ""

    @cached_property
    def _wrong(self) -> dict[str, str]:
        """By run: why its clock was wrong."""
        try:
            return self._clocks([Span(*row) for row in self.catalogue.runs()])
        except FormatError:
            # A date that is none: if the ledger has it too, it is damaged.
            self.catalogue.run_is_held("")
            raise

    def _clocks(self, spans: Sequence[Span]) -> dict[str, str]:
        found = {span.run: "the clock of its run contradicts the order of the ledger" for span in out_of_order(spans)}
        for span in spans:
            if ahead := self._ahead(span.ended):
                found[span.run] = f"{ahead}: the clock of its run was wrong"
        return found
