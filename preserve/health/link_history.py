"""Link rot of a collection as numbers, kept beside the collections for as long as its ledger does not grow. Derived."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from heapq import nlargest
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Struct, field

from preserve.cables.page.layouts import Layout
from preserve.errors import EnvironmentFaultError
from preserve.expressions import lazy_re
from preserve.regular import read_regular
from preserve.replay.link_states import AddressState, look_at, states_file
from preserve.replay.link_status import LOST, LinkState
from preserve.replay.recover import open_for_reading
from preserve.store.durable import make_dir, write_atomic
from preserve.store.layout import job_folder

MOST_LOST: Final = 100
"""Addresses that are kept by name: those that were lost last."""
MOST_MONTHS: Final = 600
_VERSION: Final = 2
_MAX_BYTES: Final = 64 << 20
_MONTH = lazy_re(r"\d{4}-\d{2}\Z")
_STATES: Final = frozenset(str(state) for state in LinkState)

Count = Annotated[int, msgspec.Meta(ge=0)]


class LostLink(Struct, frozen=True, kw_only=True):
    """An address whose page is not to be had: its state, since when (a WARC-Date), and by what reason."""

    url: str
    state: str
    since: str
    reason: str


class LinkCounts(Struct, frozen=True, kw_only=True):
    """Addresses by state (docs/link-rot.md), and when the last one was lost: a WARC-Date, or empty.

    ``months``: month (``YYYY-MM``) to the numbers at its end, for months in which one changed its state. ``lost``: the
    addresses that were lost last, the newest loss first.
    """

    statements: Count
    counts: dict[str, Count]
    lost_since: str
    months: dict[str, dict[str, Count]] = field(default_factory=dict)
    lost: tuple[LostLink, ...] = ()


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    links: LinkCounts


def links_of(archives: Path, name: str, layouts: Mapping[str, Layout], statements: int) -> LinkCounts:
    """The numbers for a ledger of ``statements``; worked out where they are not kept.

    Raises:
        ArchiveError, FormatError, sqlite3.DatabaseError, OSError: the archive cannot be read.
    """
    path = _path(archives, name)
    kept = _kept(path)
    if kept is not None and kept.statements == statements:
        return kept
    with open_for_reading(archives, [name], layouts) as (archive,):
        links = look_at(archive, states_file(archives, name)).states
        found = count_links(links.addresses.values(), statements)
    # An archive that cannot be written to is shown too; it only takes longer.
    with suppress(OSError, EnvironmentFaultError):
        make_dir(path.parent)
        write_atomic(path, msgspec.json.encode(_Kept(_VERSION, found)))
    return found


def count_links(links: Iterable[AddressState], statements: int) -> LinkCounts:
    """The numbers of a collection out of the states of its addresses. Memory stays flat."""
    changes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    counts = Counter(dict.fromkeys((str(state) for state in LinkState), 0))
    lost: list[LostLink] = []
    for link in links:
        counts[link.state] += 1
        before: LinkState | None = None
        for state, date in link.changes:
            month = date[:7]
            if month in changes or _MONTH.match(month):
                change = changes[month]
                change[state] += 1
                if before is not None:
                    change[before] -= 1
                # Of an address with very many changes some are left out: what it was is what is kept of it before.
                before = state
        if link.state in LOST:
            lost.append(LostLink(url=link.url, state=str(link.state), since=link.since, reason=link.why))
            if len(lost) > 2 * MOST_LOST:
                lost = _newest(lost)
    lost = _newest(lost)
    return LinkCounts(
        statements=statements,
        counts=dict(counts),
        lost_since=lost[0].since if lost else "",
        months=_summed(changes),
        lost=tuple(lost),
    )


def _newest(lost: Iterable[LostLink]) -> list[LostLink]:
    return nlargest(MOST_LOST, lost, key=lambda one: (one.since, one.url))


def _summed(changes: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    total = dict.fromkeys((str(state) for state in LinkState), 0)
    months = {}
    for month in sorted(changes):
        for state, change in changes[month].items():
            # A look that is dated before the one that it follows can make a month look emptier than it was.
            total[state] += change
        months[month] = {state: max(0, count) for state, count in total.items()}
    return dict(list(months.items())[-MOST_MONTHS:])


def kept_links(archives: Path, name: str) -> LinkCounts | None:
    """The numbers as they were worked out last, for whatever size the ledger had; None where they never were."""
    return _kept(_path(archives, name))


def _path(archives: Path, name: str) -> Path:
    return job_folder(archives, name) / "links.json"


def _kept(path: Path) -> LinkCounts | None:
    with suppress(OSError, ValueError, RecursionError, msgspec.MsgspecError):
        if path.is_file():
            kept = msgspec.json.decode(read_regular(path, _MAX_BYTES), type=_Kept)
            return kept.links if kept.version == _VERSION and _is_sound(kept.links) else None
    return None


def _is_sound(links: LinkCounts) -> bool:
    """Whether it is what this module writes, and no more: it is shown, and made into metrics."""
    return (
        links.counts.keys() == _STATES
        and links.lost_since.isprintable()
        and len(links.lost) <= MOST_LOST
        and all(one.state in _STATES and one.since.isprintable() for one in links.lost)
        and len(links.months) <= MOST_MONTHS
        and all(_MONTH.match(month) and counts.keys() == _STATES for month, counts in links.months.items())
    )
