"""For the operator: how each collection is doing, as `preserve status` tells it; nothing is written for it.

Tested by ``tests/scenarios/test_desk_operator.py``.
"""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.errors import NotHeldError, PreserveError
from preserve.health.collections import CollectionState, StatusReader
from preserve.health.link_history import LinkCounts, LostLink
from preserve.health.overview import state_of_file
from preserve.model import moment_text
from preserve.provenance.knownlogs import KnownLogs
from preserve.replay.link_status import LOST, LinkState
from preserve.web.library import Shelf
from preserve.web.pages.home import title_of
from preserve.web.plots import Bar, Panels, Plot, Share, bars, panels
from preserve.web.responses import DeskPage, Link, minute, path_of, size_words
from preserve.web.routing import DeskRequest

_MOST_WRONG = 50
_MOST_RUNS = 50


def states(shelf: Shelf, names: Sequence[str] | None = None) -> list[CollectionState]:
    """How collections are doing, without what would be written to be known."""
    reader = StatusReader(
        shelf.settings.archives,
        KnownLogs(shelf.settings.keys),
        int(time.time()),
        lambda: shelf.layouts,
        keeps=False,
    )
    found = (
        state_of_file(reader, shelf.settings.config_dir, name, with_links=True, keeps=False)
        for name in (shelf.names if names is None else names)
    )
    return [replace(state, wrong=tuple(map(shelf.public.line, state.wrong))) for state in found]


def alarms(shelf: Shelf, collection: str | None = None) -> list[str] | None:
    """Alarms that are raised, in words; None where they cannot be read."""
    try:
        with AlarmDatabase.open(shelf.settings.archives, read_only=True) as book:
            return [
                shelf.public.line(f"{one.collection}: {one.kind} {one.subject} since {moment_text(one.raised)}")
                for one in book.open_conditions(collection)
                if one.raised is not None
            ]
    except (PreserveError, sqlite3.DatabaseError, OSError):
        return None


def operator(shelf: Shelf, _asked: DeskRequest) -> DeskPage:
    """All collections on one page."""
    found = states(shelf)
    raised = alarms(shelf)
    blocked = [
        {"what": one.cable or one.url or one.record, "reason": one.reason} for one in shelf.blocked.config.blocked
    ]
    return DeskPage(
        template="operator.html",
        title="Keeper",
        data={
            "collections": [_data(one) for one in found],
            "alarms": raised,
            "blocked": blocked,
        },
        context={
            "states": found,
            "alarms": raised,
            "blocked": blocked,
            "moment": moment_text,
            "space": [(one.name, space(one)) for one in found],
            "coverage": [(one.name, coverage(shelf, one)) for one in found],
            "over_time": [(one.name, links_over_time(one.links) if one.links is not None else None) for one in found],
        },
        is_indexed=False,
        twin="/operator.json",
    )


def _data(state: CollectionState) -> dict[str, object]:
    holding, checked = state.holding, state.checked
    return {
        "name": state.name,
        "wrong": list(state.wrong),
        "runs": None if holding is None else holding.runs,
        "records": None if holding is None else holding.records,
        "cables": None if holding is None else holding.cables,
        "warc_files": None if holding is None else holding.warc_files,
        "warc_bytes": None if holding is None else holding.warc_bytes,
        "all_bytes": None if holding is None else holding.all_bytes,
        "statements": None if holding is None else holding.statements,
        "covered": None if holding is None else holding.covered,
        "receipts": {} if holding is None else dict(holding.receipts),
        "free_bytes": state.free_bytes,
        "full_check": None if checked.full is None else moment_text(checked.full.ended),
        "full_check_good": None if checked.full is None else checked.full.good,
        "links": None if state.links is None else dict(state.links.counts),
        "links_by_month": None if state.links is None else state.links.months,
    }


def _shown_lost(shelf: Shelf, links: LinkCounts) -> list[LostLink]:
    return [one for one in links.lost if not shelf.blocked.reason(url=one.url)]


_MOST_MONTHS: Final = 120


def links_over_time(links: LinkCounts) -> Panels | None:
    """The states of addresses at the end of each month; None where no month is known."""
    known = sorted(links.months)
    if not known:
        return None
    times = _months(known[0], known[-1])
    if len(times) > _MOST_MONTHS:
        # Where dates lie decades apart, only the months in which something changed are drawn.
        times = known[-_MOST_MONTHS:]
    rows: dict[str, list[int]] = {str(state): [] for state in LinkState}
    now: Mapping[str, int] = links.months[max((month for month in known if month <= times[0]), default=known[0])]
    for month in times:
        now = links.months.get(month, now)
        for state, values in rows.items():
            values.append(now[state])
    lost = {str(state) for state in LOST}
    return panels(times, rows, name="states", title="Addresses by state, at the end of each month", apart=lost)


def _months(first: str, last: str) -> list[str]:
    """Every month from one to another, both as ``YYYY-MM``."""
    begin, end = (int(month[:4]) * 12 + int(month[5:7]) - 1 for month in (first, last))
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(begin, end + 1)]


def coverage(shelf: Shelf, state: CollectionState) -> list[Share]:
    """How far a collection is signed, vouched for, read whole, and shown."""
    holding = state.holding
    if holding is None:
        return []
    whole = holding.statements
    full = state.checked.full
    known = [("under a signed checkpoint", holding.covered, "")]
    known += [(f"vouched for by {authority}", size, "") for authority, size in holding.receipts.items()]
    if full is not None and full.statements is not None:
        known.append(("read whole by the last verification", full.statements, minute(moment_text(full.ended))))
    archive = next((one for one in shelf.archives if one.paths.name == state.name), None)
    if archive is not None:
        known.append(("shown here", archive.catalogue.ledger_size, "in the catalogue"))
        indexed = shelf.indexed(archive)
        if indexed is not None:
            known.append(("found by search", indexed, "in the search index"))
    return [
        Share(
            label=f"Statements {label}",
            part=part,
            whole=whole,
            part_words=f"{part:,}",
            whole_words=f"{whole:,}",
            note=note,
        )
        for label, part, note in known
    ]


def space(state: CollectionState) -> list[Share]:
    """What the files of a collection take of the disk, so far as it is theirs or free."""
    holding, free = state.holding, state.free_bytes
    if holding is None or free is None:
        return []
    whole = holding.all_bytes + free
    parts = (
        ("WARC files", holding.warc_bytes),
        ("Ledger, catalogue, indexes", holding.all_bytes - holding.warc_bytes),
        ("Free on the disk", free),
    )
    return [
        Share(label=label, part=part, whole=whole, part_words=size_words(part), whole_words=size_words(whole))
        for label, part in parts
    ]


_TEN: Final = 10


def _stored(captured: Sequence[tuple[str, int, int, int]]) -> Plot:
    """Bytes of pages that are stored, by month, in the largest unit that leaves whole numbers."""
    total, sums = 0, []
    for month, _looks, _anew, stored in captured:
        total += stored
        sums.append((month, total))
    unit, name = next(
        ((unit, name) for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")) if total >= 10 * unit),
        (1, "bytes"),
    )
    return bars(
        [Bar(label=month, value=round(size / unit)) for month, size in sums[-60:]],
        name="stored",
        title=f"Pages stored by then, in {name}",
        unit=name,
    )


def collection(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """One collection: what it holds, how it grew, its runs, checks, links and what is wrong."""
    name = asked.rest[0]
    if name not in shelf.names:
        raise NotHeldError(f"no collection is called {name} here")
    archive = shelf.archive(name)
    state = states(shelf, [name])[0]
    overview = shelf.overview(name)
    runs = [
        {"statement": index, "run": run, "started": started, "ended": ended}
        for index, run, started, ended in archive.catalogue.runs()
    ]
    captured = [] if overview is None else list(overview.captured)[-60:]
    plot = bars(
        [Bar(label=month, value=looks, note=f"{anew:,} of them new") for month, looks, anew, _stored_bytes in captured],
        name="captures",
        title="Pages captured, by month",
        unit="captures",
        notes="new",
    )
    links = None
    if state.links is not None:
        links = bars(
            [Bar(label=str(kind), value=count) for kind, count in state.links.counts.items()],
            name="links",
            title="Addresses by what became of them",
            unit="addresses",
        )
    return DeskPage(
        template="collection.html",
        title=title_of(shelf, name),
        data={**_data(state), "captured": captured, "all_runs": runs[-_MOST_RUNS:]},
        context={
            "name": name,
            "state": state,
            "overview": overview,
            "runs": list(reversed(runs[-_MOST_RUNS:])),
            "number_of_runs": len(runs),
            "plot": plot,
            "links": links,
            "over_time": None if state.links is None else links_over_time(state.links),
            "lost": () if state.links is None else _shown_lost(shelf, state.links),
            "coverage": coverage(shelf, state),
            "space": space(state),
            "stored": _stored(() if overview is None else overview.captured),
            "wrong": state.wrong[:_MOST_WRONG],
            "alarms": alarms(shelf, name),
            "moment": moment_text,
            "remark": archive.log.remark,
        },
        links=(Link("item", path_of("checkpoint", name), "text/plain"),),
        twin=path_of("collection", f"{name}.json"),
    )
