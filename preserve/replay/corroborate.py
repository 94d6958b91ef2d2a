"""Which sources show the same text of a cable, at which of the three checksums.

A source is a host and what its pages name as their source: captures of one source are one witness, however many they
are, and its newest is taken. Sources that name one release are told as such: they may be copies of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from preserve.provenance.releases import claimed_words, release_of
from preserve.replay.history import HistoryEntry, claim_of, whole_ones
from preserve.replay.times import newest

if TYPE_CHECKING:
    # What checks configuration takes longer to import than what is done with it.
    from preserve.config.release import ReleaseConfig

LEVELS: Final[Mapping[str, str]] = {
    "raw": "the same bytes of the page",
    "body": "the same text, to the character",
    "comparison": "the same text under the rules of comparison",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One source of the cable: its newest capture stands for it; ``texts`` counts the texts that it showed."""

    number: int
    host: str
    claims: str
    release: str | None
    newest: HistoryEntry
    captures: int
    texts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Sources that have one checksum. ``hosts`` counts their hosts, ``origins`` the releases or sources they name."""

    sha256: str
    witnesses: tuple[int, ...]
    hosts: int
    origins: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Corroboration:
    """The sources, and for each of the three checksums how they fall into groups, the largest first."""

    witnesses: tuple[Witness, ...]
    levels: Mapping[str, tuple[Agreement, ...]]


def corroborate(observations: Sequence[HistoryEntry], releases: Mapping[str, "ReleaseConfig"]) -> Corroboration:
    """Groups the observations of one cable (oldest first) by source, and the sources by what they show."""
    groups: dict[tuple[str, str], list[HistoryEntry]] = {}
    for one in whole_ones(observations):
        claim = claim_of(one.capture, one.extraction)
        named = f"{claim.source}, released {claim.source_released}" if claim.source else ""
        groups.setdefault((host_of(one.capture.row.uri), named), []).append(one)
    witnesses: list[Witness] = []
    for number, ((host, _named), group) in enumerate(sorted(groups.items(), key=lambda item: item[0]), 1):
        last = newest(group) or group[-1]
        claim = claim_of(last.capture, last.extraction)
        release = release_of(claim, releases)
        witnesses.append(
            Witness(
                number=number,
                host=host,
                claims=claimed_words(claim),
                release=None if release is None else release.name,
                newest=last,
                captures=len(group),
                texts=len({one.extraction.body_sha256 for one in group}),
            )
        )
    levels = {level: _agreements(witnesses, level) for level in LEVELS}
    return Corroboration(witnesses=tuple(witnesses), levels=levels)


def host_of(uri: str | None) -> str:
    """Whose copy a capture is of: the host of its address, or the dump whose row it is."""
    text = uri or ""
    if text.lower().startswith("urn:"):
        return text.split("#")[0]
    try:
        return (urlsplit(text).hostname or "").rstrip(".").removeprefix("www.") or "unknown"
    except ValueError:
        return "unknown"


def _agreements(witnesses: Sequence[Witness], level: str) -> tuple[Agreement, ...]:
    groups: dict[str, list[Witness]] = {}
    for witness in witnesses:
        groups.setdefault(str(getattr(witness.newest.extraction, f"{level}_sha256")), []).append(witness)
    found = [
        Agreement(
            sha256=digest,
            witnesses=tuple(one.number for one in group),
            hosts=len({one.host for one in group}),
            origins=len({one.release or one.claims for one in group}),
        )
        for digest, group in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.hosts, -len(one.witnesses), one.witnesses)))
