"""What ``preserve status`` does: one screen for an operator.

Tested by ``tests/scenarios/test_status.py``.
"""

import sqlite3
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct

from preserve.alarms.alarm_db import AlarmDatabase
from preserve.cli.shared.common import Place, counted, human_bytes
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.moments import written_fields
from preserve.cli.shared.output import opened_output
from preserve.cli.shared.tones import toned
from preserve.config.folder import has_alarms, list_collections, load_alarms
from preserve.errors import NotHeldError, PreserveError
from preserve.health.collections import CollectionState, JobState, StatusReader, day
from preserve.health.overview import known_collections, state_of_file
from preserve.model import check_collection_name, moment_text
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.statements import NEWER
from preserve.text import terminal_line

_WIDTH = 100


_MOST_LINES = 20


def status(place: Place, *, collections: tuple[str, ...], no_links: bool, metrics_to: Path | None) -> int:
    """Show how collections are doing: captures, schedules, verifications, links, size, ledger, receipts, alarms."""
    now = int(time.time())
    desk = StatusReader(place.archives, KnownLogs(place.keys), now, cache(lambda: all_layouts(place)), keys=place.keys)
    told = _alarms(place)
    states = [
        state_of_file(desk, place.config_dir, name, with_links=not no_links) for name in _names(place, collections)
    ]
    if metrics_to is not None:
        from preserve.health.prometheus import metrics  # noqa: PLC0415 - its library is slow to load

        with opened_output(metrics_to) as out:
            out.write(metrics(states, now, open_alarms=told.number_raised, unsent_alarms=told.number_unsent).encode())
        if metrics_to.is_file():
            # The collector is another user, and nothing in it is secret.
            metrics_to.chmod(0o644)
    wrong = sum(len(state.wrong) for state in states) + len(told.wrong)
    place.emit(
        {
            "looked": moment_text(now),
            "wrong": wrong,
            "collections": [written_fields(state) for state in states],
            "alarms": written_fields(told),
        },
        "\n".join([*(_text(state, now) for state in states), _alarm_text(told), f"{_total(place, states, wrong)}\n"]),
    )
    return 1 if wrong else 0


class _Alarms(Struct, frozen=True):
    """``raised``: what is an alarm now, in words; ``unsent``: messages that no channel has taken, and why."""

    channels: tuple[str, ...] = ()
    raised: tuple[str, ...] = ()
    unsent: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    is_known: bool = True

    @property
    def number_raised(self) -> int | None:
        """How many are raised; None where that cannot be read."""
        return len(self.raised) if self.is_known else None

    @property
    def number_unsent(self) -> int | None:
        """How many are not sent; None where that cannot be read."""
        return len(self.unsent) if self.is_known else None


def _alarms(place: Place) -> _Alarms:
    """What alarms there are. One that is raised is wrong where it is found; one that cannot be told is wrong here."""
    try:
        channels = tuple(load_alarms(place.config_dir).channels) if has_alarms(place.config_dir) else ()
        with AlarmDatabase.open(place.archives, read_only=True) as book:
            raised = tuple(
                " ".join(
                    filter(None, (f"{one.collection}:", one.kind, one.subject, f"since {moment_text(one.raised)}"))
                )
                for one in book.open_conditions()
                if one.raised is not None
            )
            failing = tuple(
                f"an alarm is not sent to {one.message.channel}: {one.error}" for one in book.unsent() if one.attempts
            )
    except (PreserveError, sqlite3.DatabaseError, OSError) as error:
        return _Alarms(wrong=(f"alarms cannot be read: {error}",), is_known=False)
    return _Alarms(channels=channels, raised=raised, unsent=failing, wrong=tuple(dict.fromkeys(failing)))


def _alarm_text(told: _Alarms) -> str:
    nobody = "nobody is notified: docs/alarms.md says how" if told.is_known else "not known"
    names = ", ".join(told.channels) or nobody
    lines = [f"alarms: {names}", *(f"  raised     {terminal_line(text, 200)}" for text in told.raised[:_MOST_LINES])]
    lines += [f"  {toned('WRONG')}      {terminal_line(text, 300)}" for text in told.wrong[:_MOST_LINES]]
    return "\n".join(lines) + "\n"


def _names(place: Place, chosen: Sequence[str]) -> list[str]:
    """The collections named; all that have a file of the user's own or an archive, where none is named.

    Raises:
        NotHeldError: one that is named has neither a file nor an archive.
    """
    known = known_collections(place.archives, place.config_dir)
    for name in chosen:
        if check_collection_name(name) not in {*known, *list_collections(place.config_dir)}:
            raise NotHeldError(f"no collection {name!r}, neither configured nor held")
    # A sample that stands twice makes Prometheus refuse the whole file.
    return list(dict.fromkeys(chosen)) or known


def _text(state: CollectionState, now: int) -> str:
    head = f"{state.name}: {terminal_line(state.title, 70)}" if state.title else state.name
    word = f"{counted(len(state.wrong), 'thing')} wrong" if state.wrong else "good"
    lines = [f"{head:<{_WIDTH - 20}}  {toned(word, 'b' if state.wrong else 'g')}"]
    lines += [f"  {label:<11}{text}" for label, text in _rows(state, now)]
    lines += [f"  {toned('WRONG')}      {terminal_line(text, 300)}" for text in state.wrong[:_MOST_LINES]]
    if len(state.wrong) > _MOST_LINES:
        lines.append(f"  {toned('WRONG')}      and {len(state.wrong) - _MOST_LINES:,} more; --json lists them")
    return "\n".join(lines) + "\n"


def _rows(state: CollectionState, now: int) -> list[tuple[str, str]]:
    holding, links, last = state.holding, state.links, state.checked
    rows: list[tuple[str, str]] = []
    if not state.is_configured:
        rows.append(("file", "none: held, and not captured any more"))
    if holding is not None:
        run = holding.last_run
        told = f", last {run.ended[:19]}Z {run.outcome}" if run is not None else ""
        rows.append(("captures", f"{counted(holding.runs, 'run')}{told}"))
        rows.append(("holds", f"{counted(holding.records, 'record')}, {counted(holding.cables, 'cable')}"))
    rows += [(job.job if job.job == "capture" else "verify", _job(job, now)) for job in state.jobs]
    if state.is_held:
        rows.append(("read whole", _read_whole(state)))
    if last.last is not None and last.last is not last.full:
        found = "good" if last.last.good else "DAMAGE"
        rows.append(("last check", f"{moment_text(last.last.ended)} {last.last.level}: {found}"))
    if holding is not None and holding.last_look is not None:
        look = holding.last_look
        seen = ", ".join(f"{count:,} {name}" for name, count in look.seen.items()) or "nothing of what is held"
        seen += f"; {look.lost:,} not to be had" if look.lost else ""
        seen += f"; {look.muted:,} muted" if look.muted else ""
        rows.append(("last look", f"{look.ended[:19]}Z {seen}"))
    if links is not None:
        told = ", ".join(f"{count:,} {name}" for name, count in links.counts.items() if count) or "none looked at"
        rows.append(("links", told + (f"; last lost {links.lost_since[:10]}" if links.lost_since else "")))
    waiting = "" if state.waiting is None else state.waiting.words(state.name)
    if waiting:
        rows.append(("waiting", waiting))
    if holding is not None:
        size = f"{counted(holding.warc_files, 'WARC file')}, {human_bytes(holding.warc_bytes)}"
        free = "" if state.free_bytes is None else f"; {human_bytes(state.free_bytes)} free"
        rows.append(("size", f"{size}; {human_bytes(holding.all_bytes)} in all{free}"))
        rows.append(("ledger", _ledger(state)))
        if holding.newer_statements:
            rows.append(("newer", f"{counted(holding.newer_statements, 'statement')} {NEWER}: not read, not added to"))
        if holding.quarantined:
            rows.append(("quarantine", f"{counted(holding.quarantined, 'damaged file')} put aside by repairs"))
    return rows


def _job(job: JobState, now: int) -> str:
    standing = job.standing
    if standing is None:
        return "never looked at"
    if standing.is_under_way:
        return "running now"
    good = "never" if standing.last_good is None else moment_text(standing.last_good.start)
    word = "due since" if standing.next_start < now else "next"
    return f"{word} {moment_text(standing.next_start)}, last good {good}"


def _read_whole(state: CollectionState) -> str:
    full = state.checked.full
    if full is None:
        return "never"
    since = f", {counted(state.checked.since, 'statement')} since" if state.checked.since else ""
    return f"{day(full.started)}: {'good' if full.good else 'DAMAGE'}{' by seals' * (full.level == 'seals')}{since}"


def _ledger(state: CollectionState) -> str:
    holding = state.holding
    if holding is None:
        return ""
    pending = holding.statements - holding.covered
    signed = "all signed" if not pending else f"{pending:,} not signed yet"
    receipts = ", ".join(
        f"{name} {'all' if size == holding.covered else f'{size:,}'}" for name, size in holding.receipts.items()
    )
    return f"{counted(holding.statements, 'statement')}, {signed}" + (f"; receipts: {receipts}" if receipts else "")


def _total(place: Place, states: Sequence[CollectionState], wrong: int) -> str:
    if not states and not wrong:
        return (
            f"no collection is configured in {place.config_dir} or held under {place.archives}:\n"
            "`preserve new NAME URL` makes one, --archives names another folder"
        )
    size = sum(state.holding.all_bytes for state in states if state.holding is not None)
    word = f"{counted(wrong, 'thing')} wrong" if wrong else "all good"
    return f"{counted(len(states), 'collection')}, {human_bytes(size)}: {toned(word, 'b' if wrong else 'g')}"
