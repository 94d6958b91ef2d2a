"""For the operator: how each collection is doing, as `preserve status` tells it; nothing is written for it."""

import sqlite3
import time
from collections.abc import Sequence

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.errors import NotHeldError, PreserveError
from preserve.health.collections import CollectionState, StatusReader
from preserve.health.overview import state_of_file
from preserve.model import moment_text
from preserve.provenance.knownlogs import KnownLogs
from preserve.web.library import Shelf
from preserve.web.pages.home import title_of
from preserve.web.plots import Bar, bars
from preserve.web.responses import DeskPage, Link, path_of
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
    return [
        state_of_file(reader, shelf.settings.config_dir, name, with_links=True)
        for name in (shelf.names if names is None else names)
    ]


def alarms(shelf: Shelf, collection: str | None = None) -> list[str] | None:
    """Alarms that are raised, in words; None where they cannot be read."""
    try:
        with AlarmDatabase.open(shelf.settings.archives, read_only=True) as book:
            return [
                f"{one.collection}: {one.kind} {one.subject} since {moment_text(one.raised)}"
                for one in book.open_conditions(collection)
                if one.raised is not None
            ]
    except (PreserveError, sqlite3.DatabaseError, OSError):
        return None


def keeper(shelf: Shelf, _asked: DeskRequest) -> DeskPage:
    """All collections on one page."""
    found = states(shelf)
    raised = alarms(shelf)
    blocked = [
        {"what": one.cable or one.url or one.record, "reason": one.reason} for one in shelf.blocked.config.blocked
    ]
    return DeskPage(
        template="keeper.html",
        title="Keeper",
        data={
            "collections": [_data(one) for one in found],
            "alarms": raised,
            "blocked": blocked,
        },
        context={"states": found, "alarms": raised, "blocked": blocked, "moment": moment_text},
        is_indexed=False,
        twin="/keeper.json",
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
    }


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
        [Bar(label=month, value=looks, note=f"{anew:,} of them new") for month, looks, anew in captured],
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
            "wrong": state.wrong[:_MOST_WRONG],
            "alarms": alarms(shelf, name),
            "moment": moment_text,
            "remark": archive.log.remark,
        },
        links=(Link("item", path_of("checkpoint", name), "text/plain"),),
        twin=path_of("collection", f"{name}.json"),
    )
