"""What pages claim of their source, linked to the releases that are declared, and where claims contradict each other.

A claim is what one page printed at one capture. It is linked to a release, never corrected by one; a conflict is
shown with its captures, and not explained.

Tested by ``tests/scenarios/test_releases.py``.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct, field

from preserve.cables.page.fields import make_field

if TYPE_CHECKING:
    # What checks configuration takes longer to import than what is done with it.
    from preserve.config.release import BuildConfig, ReleaseConfig

MOST_LISTED: Final = 1_000
"""Conflicts that one report lists; all are counted."""


class ReleaseClaim(NamedTuple):
    """What one capture of a cable printed of its source. ``date`` is the capture's; the others as printed, or None."""

    collection: str
    published_id: str
    date: str
    record_id: str
    uri: str | None
    layout: str
    source: str | None
    source_released: str | None
    released: str | None
    counter: str | None

    @property
    def counted(self) -> int | None:
        """The counter as a number."""
        return None if self.counter is None else _number(self.counter)

    def day(self, name: str) -> str | None:
        """The day of ``released`` or ``source_released``; None where no time can be read."""
        printed = self.released if name == "released" else self.source_released
        return None if printed is None else _day(name, printed)


# The same few words stand on page after page.
@lru_cache(maxsize=8_192)
def _number(printed: str) -> int | None:
    value = make_field("counter", printed, source="field").value
    return None if value is None else int(value)


@lru_cache(maxsize=8_192)
def _day(name: str, printed: str) -> str | None:
    value = make_field(name, printed, source="field", times="day").value
    return None if value is None else value[:10]


class ConflictKind(StrEnum):
    """What contradicts what."""

    RELEASED_CHANGED = "released date changed"
    COUNTER_LOWER = "counter lower than before"
    CLAIM_AFTER_CAPTURE = "claims a date after the capture"
    COUNTER_AFTER_CAPTURE = "counter of a later time than the capture"
    RELEASED_AFTER_COUNTER = "released after the time of its counter"
    SOURCE_DATE_DIFFERS = "another date than the declared release has"


class Conflict(Struct, frozen=True, kw_only=True):
    """One contradiction: of what cable, what is said, and by which captures (their record ids, oldest first)."""

    kind: ConflictKind
    published_id: str
    detail: str
    record_ids: tuple[str, ...]


class ReleaseUse(Struct, kw_only=True):
    """How many captures and cables name a release. ``printed`` counts how they name it."""

    captures: int = 0
    cables: int = 0
    printed: Counter[str] = field(default_factory=Counter)
    collections: set[str] = field(default_factory=set)
    first: str = ""
    last: str = ""
    _cable: str = ""

    def take(self, claim: ReleaseClaim) -> None:
        """One more capture; those of one cable come together."""
        self.captures += 1
        self.cables += claim.published_id != self._cable
        self._cable = claim.published_id
        self.collections.add(claim.collection)
        self.first = min(self.first or claim.date, claim.date)
        self.last = max(self.last, claim.date)
        words = claimed_words(claim)
        if words in self.printed or len(self.printed) < MOST_LISTED:
            self.printed[words] += 1


class ReleaseReport(Struct, kw_only=True):
    """Every release that captures name, by its declared name, else by what is printed; captures that name none."""

    declared: dict[str, ReleaseUse] = field(default_factory=dict)
    undeclared: dict[str, ReleaseUse] = field(default_factory=dict)
    silent: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    conflict_counts: Counter[ConflictKind] = field(default_factory=Counter)


def claimed_words(claim: ReleaseClaim) -> str:
    """A claim in words, as printed."""
    if claim.source:
        return f"{claim.source}, released {claim.source_released}" if claim.source_released else claim.source
    if claim.counter:
        return f"counter {claim.counter}"
    return f"layout {claim.layout.split('/')[0]}"


def release_of(claim: ReleaseClaim, releases: Mapping[str, "ReleaseConfig"]) -> "ReleaseConfig | None":
    """The declared release that a claim names: by its source, else by its layout, else by its counter."""
    if claim.source:
        return next((one for one in releases.values() if claim.source in one.sources), None)
    layout = claim.layout.split("/")[0]
    found = next((one for one in releases.values() if layout in one.layouts), None)
    if found is None and claim.counter:
        found = next((one for one in releases.values() if one.counted), None)
    return found


def report(claims: Iterable[ReleaseClaim], releases: Mapping[str, "ReleaseConfig"], only: str = "") -> ReleaseReport:
    """What captures claim, over every cable. ``claims`` come sorted by cable, then by capture; one cable is held.

    ``only``: the name of one release; conflicts of cables that no capture of it shows are left out.
    """
    result = ReleaseReport(declared={name: ReleaseUse() for name in releases})
    for _cable, group in groupby(claims, key=lambda claim: claim.published_id):
        seen = list(group)
        is_of_it = not only
        for claim in seen:
            release = release_of(claim, releases)
            is_of_it = is_of_it or (claim.source == only if release is None else release.name == only)
            if release is not None:
                result.declared[release.name].take(claim)
            elif claim.source:
                result.undeclared.setdefault(claim.source, ReleaseUse()).take(claim)
            else:
                result.silent += 1
        for conflict in conflicts_of(seen, releases) if is_of_it else ():
            result.conflict_counts[conflict.kind] += 1
            if len(result.conflicts) < MOST_LISTED:
                result.conflicts.append(conflict)
    return result


def conflicts_of(claims: Sequence[ReleaseClaim], releases: Mapping[str, "ReleaseConfig"]) -> Iterator[Conflict]:
    """The contradictions among the captures of one cable under one id, oldest first.

    A date that changes is told once for each change, by the capture that prints the new one and the one before it.
    """
    before_released: ReleaseClaim | None = None
    highest: dict[str, ReleaseClaim] = {}
    for claim in claims:
        if claim.released is not None:
            if before_released is not None and claim.released != before_released.released:
                yield _conflict(
                    ConflictKind.RELEASED_CHANGED,
                    f"{before_released.released}, then {claim.released}",
                    before_released,
                    claim,
                )
            before_released = claim
        count = claim.counted
        if count is not None:
            top = highest.get(claim.layout)
            if top is not None and count < (top.counted or 0):
                detail = f"{top.counter} captured {top.date[:10]}, then {claim.counter}"
                yield _conflict(ConflictKind.COUNTER_LOWER, detail, top, claim)
            else:
                highest[claim.layout] = claim
        yield from _by_itself(claim, releases)


def _by_itself(claim: ReleaseClaim, releases: Mapping[str, "ReleaseConfig"]) -> Iterator[Conflict]:
    """What one capture contradicts in itself, or against the declared release that it names."""
    captured = claim.date[:10]
    for name in ("released", "source_released"):
        day = claim.day(name)
        if day is not None and day > captured:
            detail = f"{name.replace('_', ' ')} {day}, captured {captured}"
            yield _conflict(ConflictKind.CLAIM_AFTER_CAPTURE, detail, claim)
    release = release_of(claim, releases)
    if release is None:
        return
    day = claim.day("source_released")
    if day is not None and release.released is not None and not _agree(day, release.released):
        detail = f"printed {day}, declared {release.released} for {release.name}"
        yield _conflict(ConflictKind.SOURCE_DATE_DIFFERS, detail, claim)
    count = claim.counted
    if count is None or not release.counted:
        return
    later = _reached_after(count, captured, release.builds)
    if later is not None:
        detail = f"captured {captured}; the counter {claim.counter} is beyond {later.counter:,} of {later.built}"
        yield _conflict(ConflictKind.COUNTER_AFTER_CAPTURE, detail, claim)
    made = next((build for build in release.builds if build.counter == count and build.built), None)
    released = claim.day("released")
    if made is not None and made.built is not None and released is not None and released > made.built[:10]:
        detail = f"released {released}; the counter {claim.counter} is of {made.built}"
        yield _conflict(ConflictKind.RELEASED_AFTER_COUNTER, detail, claim)


def _reached_after(count: int, day: str, builds: Sequence["BuildConfig"]) -> "BuildConfig | None":
    """A state made after a day whose counter is already passed, where none up to that day had come as far."""
    dated = [(build.built[:10], build.counter, build) for build in builds if build.built and build.counter is not None]
    if any(built <= day and counter >= count for built, counter, _build in dated):
        return None
    return next(
        (build for built, counter, build in sorted(dated, key=_first_two) if built > day and counter < count), None
    )


def _first_two(dated: tuple[str, int, "BuildConfig"]) -> tuple[str, int]:
    return dated[0], dated[1]


def _agree(one: str, other: str) -> bool:
    """Whether two dates are the same as far as both go."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def _conflict(kind: ConflictKind, detail: str, *claims: ReleaseClaim) -> Conflict:
    return Conflict(
        kind=kind,
        published_id=claims[-1].published_id,
        detail=detail,
        record_ids=tuple(claim.record_id for claim in claims),
    )
