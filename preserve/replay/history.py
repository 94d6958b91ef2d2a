"""The history of one cable: every capture of it, what its page claimed then, how its text differs from the last."""

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from preserve.cables.difference import Difference, classify
from preserve.cables.extract import Extraction
from preserve.errors import ArchiveError, NotHeldError
from preserve.provenance.releases import Conflict, ReleaseClaim, conflicts_of, release_of
from preserve.replay.readings import ShownReading, shown_reading
from preserve.replay.recover import Capture, CollectionReader, merged, published_as
from preserve.replay.times import Dated

if TYPE_CHECKING:
    # What checks configuration takes longer to import than what is done with it.
    from preserve.config.release import ReleaseConfig

_MOST_LINES = 4_000
"""Lines of a text of which changes are listed; the differing pages of longer ones are for ``preserve diff``."""


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """One capture that shows the cable. ``number`` counts from 1 over the whole history.

    ``difference`` is against the observation before it that was published under the same id; None for the first, and
    for a capture that is not whole: what it lacks is no change of the text.
    """

    number: int
    capture: Capture
    extraction: Extraction
    reading: ShownReading
    difference: Difference | None
    changes: tuple[str, ...]
    """Lines of a unified difference of the two texts (no file headers); empty where the bodies are equal."""
    release: str | None
    """The declared release that its page names, or is of."""
    conflicts: tuple[Conflict, ...]
    """The contradictions that this capture is the last part of."""

    @property
    def is_whole(self) -> bool:
        """True where all of the page came."""
        return not self.capture.lack

    @property
    def dated(self) -> Dated:
        """What speaks against the capture's date."""
        return self.capture.dated


def whole_ones(observations: Sequence[HistoryEntry]) -> Sequence[HistoryEntry]:
    """Those of whole captures; all, where none is whole."""
    return [one for one in observations if one.is_whole] or observations


class Unread(Struct, frozen=True, kw_only=True):
    """A capture that should show the cable, and gives none now; ``reason`` says why."""

    capture: Capture
    reason: str


class History(Struct, frozen=True, kw_only=True):
    """All observations, oldest first, and the captures that could not be read."""

    observations: tuple[HistoryEntry, ...]
    unread: tuple[Unread, ...]


def history(
    archives: Sequence[CollectionReader], cable_id: str, releases: Mapping[str, "ReleaseConfig"] | None = None
) -> History:
    """Every observation of a cable over the collections, oldest first, under whatever ids it is published.

    Two records of one cable are linked, not merged: each is compared with what was published under its own id. A
    capture whose record is damaged, or shows the cable no longer, is named and does not stop the others.

    Raises:
        NotHeldError: no capture shows it.
    """
    names = {*published_as(archives, cable_id), cable_id}
    once: dict[tuple[CollectionReader, str], Capture] = {}
    shown: dict[tuple[CollectionReader, str], list[str]] = {}
    for archive in archives:
        for name in sorted(names):
            for capture in archive.captures_as(name):
                once[archive, capture.row.record_id] = capture
                shown.setdefault((archive, capture.row.record_id), []).append(name)
    pairs = [
        (archive, capture, name)
        for archive, capture in merged((archive, capture) for (archive, _record), capture in once.items())
        for name in shown[archive, capture.row.record_id]
    ]
    read: list[tuple[Capture, Extraction, ShownReading]] = []
    unread: list[Unread] = []
    for archive, capture, name in pairs:
        try:
            extraction = archive.cable(archive.page(capture), name)
        except ArchiveError as error:
            unread.append(Unread(capture=capture, reason=str(error)))
            continue
        if extraction is None or extraction.published_id != name:
            unread.append(Unread(capture=capture, reason=f"no layout reads {name} on this page now"))
        else:
            read.append((capture, extraction, shown_reading(archive, capture, extraction)))
    if not read and not unread:
        raise NotHeldError(
            f"no capture shows the cable {cable_id}",
            next_step=(
                "Give the id of a cable; of another page `preserve show ADDRESS --at TIME` shows one capture, and "
                "`preserve rot --all` what became of it."
                if "://" in cable_id
                else "Give the id as the page prints it, for example 05ALMATY342."
            ),
        )
    return History(observations=tuple(_observations(read, releases or {})), unread=tuple(unread))


def claim_of(capture: Capture, extraction: Extraction) -> ReleaseClaim:
    """What a capture claims of its source, read from its page now."""
    said = (extraction.fields.get(name) for name in ("source", "source_released", "released", "counter"))
    return ReleaseClaim(
        capture.collection,
        extraction.published_id,
        capture.moment,
        capture.row.record_id,
        capture.url,
        f"{extraction.layout}/{extraction.layout_version}",
        *(None if one is None else one.printed for one in said),
    )


def _observations(
    read: Sequence[tuple[Capture, Extraction, ShownReading]], releases: Mapping[str, "ReleaseConfig"]
) -> list[HistoryEntry]:
    claims = [claim_of(capture, extraction) for capture, extraction, _reading in read]
    conflicts: dict[str, list[Conflict]] = {}
    for name in dict.fromkeys(claim.published_id for claim in claims):
        for conflict in conflicts_of([claim for claim in claims if claim.published_id == name], releases):
            conflicts.setdefault(conflict.record_ids[-1], []).append(conflict)
    found: list[HistoryEntry] = []
    last: dict[str, Extraction] = {}
    for number, ((capture, extraction, reading), claim) in enumerate(zip(read, claims, strict=True), 1):
        before = None
        if not capture.lack:
            before = last.get(extraction.published_id)
            last[extraction.published_id] = extraction
        release = release_of(claim, releases)
        found.append(
            HistoryEntry(
                number=number,
                capture=capture,
                extraction=extraction,
                reading=reading,
                difference=None if before is None else classify(before, extraction),
                changes=() if before is None else _changes(before.body, extraction.body),
                release=None if release is None else release.name,
                conflicts=tuple(conflicts.get(capture.row.record_id, ())),
            )
        )
    return found


def _changes(old: str, new: str) -> tuple[str, ...]:
    if old == new:
        return ()
    one, other = old.splitlines(), new.splitlines()
    if max(len(one), len(other)) > _MOST_LINES:
        return (f"@@ {len(one):,} and {len(other):,} lines: too long to list; see `preserve diff` @@",)
    lines = difflib.unified_diff(one, other, lineterm="", n=1)
    return tuple(line for line in lines if not line.startswith(("---", "+++")))
