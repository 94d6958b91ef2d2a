"""What ``preserve capture`` does: one capture run, in the foreground, stopped cleanly by Ctrl-C or SIGTERM.

Tested by ``tests/scenarios/test_real_capture.py``.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from preserve.cli.shared.common import Place, counted, say
from preserve.cli.shared.configured import chosen_layouts, own_contact, read_secrets
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.manner import manner
from preserve.cli.shared.moments import written_fields
from preserve.cli.shared.output import file_fault
from preserve.cli.shared.progress import ProgressLine
from preserve.cli.shared.stopping import stopped_by_signals
from preserve.cli.shared.tones import toned
from preserve.cli.shared.turns import fleet_turns
from preserve.config.adaptive import AdaptiveConfig
from preserve.config.collection import CollectionConfig
from preserve.config.folder import list_layouts, load_collection
from preserve.config.writing import single_page
from preserve.crawler.capture import RunEnvironment, RunReport
from preserve.crawler.capture import capture as run_capture
from preserve.crawler.compared import RunComparison, Told
from preserve.crawler.coordinator import Progress
from preserve.crawler.outcomes import FAILED, NOT_DUE, state_of
from preserve.errors import CancelledError, LimitError, NetworkError, UsageError
from preserve.formats.urls import resolve
from preserve.health.waiting import waiting_in
from preserve.provenance.founding import found_archive
from preserve.provenance.keys import passphrase
from preserve.replay.comparing import LOST
from preserve.store.archive import open_archive
from preserve.store.catalogue import Catalogue
from preserve.text import terminal_line

_SHOWN = 10
_EVERY = 1_000
"""Shown of what is told one by one, and shown of it where more is wished."""


def capture(
    place: Place,
    *,
    collection: str,
    processes: int,
    adaptive: bool,
    report_to: Path | None,
    contact: str | None,
    clock_is_right: bool,
) -> int:
    """Capture COLLECTION once: fetch its pages, keep them as evidence, state them in its ledger."""
    is_page = "://" in collection
    if is_page:
        known = list_layouts(place.config_dir)
        config = single_page(collection, contact=own_contact(place, contact), layouts=known)
    else:
        config = load_collection(place.config_dir, collection)
    if config.browser != "off" and processes > 1:
        raise UsageError(
            f"pages of {config.name} are loaded by a browser, and ask many hosts: one process must capture them",
            next_step="Leave out --processes.",
        )
    bounds = _bounds(config) if adaptive else None
    layouts = chosen_layouts(place, config)
    if not is_page:
        # It says what to run where there is none.
        open_archive(place.archives, config.name)
    founded = found_archive(place.archives, config.name, keys=place.keys, secret=passphrase(os.environ))
    with (
        stopped_by_signals() as stop,
        _display() as display,
        _accounts(report_to, config.seeds) as accounts,
        fleet_turns() as turns,
    ):
        report = run_capture(
            config,
            founded.paths,
            founded.writer,
            layouts=layouts,
            secrets=read_secrets(config),
            limits=config.limits,
            around=RunEnvironment(
                clock=lambda: datetime.now(UTC),
                wait=time.sleep,
                stop=stop.is_set,
                progress=display,
                account=accounts,
                clock_is_right=clock_is_right,
                turns=turns,
            ),
            processes=processes,
            adaptive=bounds,
        )
    waiting = waiting_in(founded.paths, config, all_layouts(place))
    with Catalogue.open(founded.paths, read_only=True) as catalogue:
        _runs, _records, held = catalogue.totals()
    status = _status(report)
    place.emit(
        {"collection": config.name, **written_fields(report), "cables_held": held, "waiting": written_fields(waiting)},
        _text(report, held, waiting.words(config.name)),
        all_is_well=not status,
    )
    _say_why(report)
    return status


def _bounds(config: CollectionConfig) -> AdaptiveConfig:
    """The bounds that the collection's schedule gives.

    Raises:
        UsageError: it gives none.
    """
    bounds = config.schedule.adaptive if config.schedule is not None else None
    if bounds is None:
        missing = "" if config.schedule is not None else " `schedule:` with `every: 1d`, and under it"
        raise UsageError(
            f"{config.name} has no `adaptive` in its schedule",
            next_step=f"Write{missing} `adaptive: {{min: 1d, max: 180d}}` into the collection's file.",
        )
    return bounds


def _status(report: RunReport) -> int:
    """130 when stopped; 6 at a limit; 5 when no address answered; 1 when some did not, a page that is held was not to
    be had, or a page that a layout knows shows no whole cable; else 0.

    An error page with its own status is an answer. Where pages were not due, those asked do not stand for all of them.
    """
    if report.outcome == "cancelled":
        return CancelledError.exit_status
    if report.outcome == "limit":
        return LimitError.exit_status
    if report.counts.get("failed", 0):
        return 1 if report.counts.get("done", 0) or NOT_DUE in report.reasons else NetworkError.exit_status
    return 1 if report.findings_total or report.compared.lost else 0


def _say_why(report: RunReport) -> None:
    """Says what the exit status is for."""
    if report.outcome == "cancelled":
        say(f"{toned('preserve:', 'o')} stopped; what was captured is kept\n  next: run it again; it goes on")
        return
    if report.outcome == "limit":
        say(
            f"{toned('preserve:', 'b')} stopped before the disk is full\n  next: make room and run it again; it goes on"
        )
        return
    if not report.compared.good:
        say(f"{toned('preserve:', 'b')} {report.compared.why}")
    failed, done = report.counts.get("failed", 0), report.counts.get("done", 0)
    if failed:
        why = ", ".join(f"{n:,} {name}" for name, n in report.reasons.items() if state_of(name) == FAILED)
        told = f"{failed:,} of {failed + done:,} addresses gave no reply ({why}); the next run asks them again"
        say(f"{toned('preserve:', 'b')} {told}")
        if "address-refused" in report.reasons:
            say("  next: name private addresses that may be asked in `allow_addresses` of the collection's file")


@contextmanager
def _display() -> Iterator[Callable[[Progress], None]]:
    """Progress on stderr: a bar on a terminal, a line an address where that is asked for, else nothing."""
    if manner().progress == "json":
        yield lambda progress: _write_line(sys.stderr.buffer, progress._asdict())
        sys.stderr.flush()
        return
    if manner().verbose:
        yield lambda progress: say(f"{progress.outcome:<16} {terminal_line(progress.url, 200)}")
        return
    with ProgressLine("addresses") as bar:
        yield lambda progress: bar(
            f"{progress.outcome} {progress.url}",
            progress.done,
            total=progress.done + progress.waiting,
            done_bytes=progress.stored_bytes,
        )


@contextmanager
def _accounts(path: Path | None, seeds: Sequence[str]) -> Iterator[Callable[[str, str, str], None] | None]:
    """Writes each address and how it ended; a seed that is asked for in another form, as it is configured too."""
    if path is None:
        yield None
        return
    try:
        file = path.open("wb")
    except OSError as error:
        raise file_fault(path, error) from error
    written = {resolve(seed, "") or seed: seed for seed in seeds}

    def account(url: str, state: str, reason: str) -> None:
        as_written = written.get(url, url)
        seed = {} if as_written == url else {"seed": as_written}
        _write_line(file, {"url": url, **seed, "outcome": state, "reason": reason})

    with file:
        yield account


def _write_line(file: BinaryIO, value: object) -> None:
    file.write(_encode(value) + b"\n")


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _page_lines(report: RunReport) -> list[str]:
    """What became of the pages: those that came, and those that were held."""
    compared = report.compared
    seen = dict(compared.seen)
    if not compared.looked:
        # Nothing was held before: every page that came is new.
        seen["new"] = sum(count for reason, count in report.reasons.items() if reason.startswith("http-2"))
    kinds = [f"{seen.pop(name, 0):,} {name}" for name in ("new", "changed", "unchanged")]
    missing = {name: count for name, count in seen.items() if name in LOST}
    told = f"{sum(missing.values()):,} missing"
    if missing:
        told += f" ({', '.join(f'{count:,} {name}' for name, count in missing.items())})"
    others = [f"{count:,} {name}" for name, count in seen.items() if name not in LOST]
    lines = [f"pages      {', '.join([*kinds, told, *others])}"]
    if compared.left:
        lines.append("not looked " + ", ".join(f"{count:,} {name}" for name, count in compared.left.items()))
    if compared.why:
        lines.append(f"{toned('WRONG')}      {compared.why}")
    return lines


def _lost_lines(compared: RunComparison) -> list[str]:
    """The pages that are held and were not to be had."""
    lost = [f"{one.seen:<11} {_reason(one):<20} {terminal_line(one.url)}" for one in compared.told if one.seen in LOST]
    if not lost:
        return []
    return _first(
        f"pages that are held and were not to be had: {compared.lost:,}", lost, "`preserve rot` tells of each"
    )


def _reason(told: Told) -> str:
    return f"{told.reason} to {terminal_line(told.leads_to)}" if told.leads_to else told.reason


def _first(head: str, lines: Sequence[str], rest: str, *, number: int | None = None) -> list[str]:
    """A heading and the first of the lines below it; how many there are beyond, and where to find them."""
    most = _EVERY if manner().verbose else _SHOWN
    more = (len(lines) if number is None else number) - min(len(lines), most)
    behind = [f"  and {more:,} more; {rest}"] if more else []
    return [head, *(f"  {line}" for line in lines[:most]), *behind]


def _address_line(report: RunReport) -> str:
    """How many addresses ended how, and with which replies."""
    replies = ", ".join(f"{n:,} {name}" for name, n in sorted(report.reasons.items()) if name.startswith("http-"))
    parts = [f"{count:,} {name}" for name, count in sorted(report.counts.items())]
    return "addresses  " + ", ".join(parts) + (f" (replies: {replies})" if replies else "")


def _text(report: RunReport, held: int, waiting: str) -> str:
    lines = [f"run        {report.run}  ({toned(report.outcome)}{', resumed' if report.resumed else ''})"]
    lines += [
        f"recovered  {a.file}: {counted(a.records, 'record')} kept, {a.cut_bytes:,} bytes cut" for a in report.recovered
    ]
    lines += _page_lines(report)
    lines.append(f"cables     {held:,} held; {counted(report.cables, 'new text')}")
    lines.append(_address_line(report))
    if NOT_DUE in report.reasons:
        lines.append(f"not due    {report.reasons[NOT_DUE]:,} of those skipped")
    if report.refused:
        lines.append("left out   " + ", ".join(f"{count:,} {name}" for name, count in sorted(report.refused.items())))
    if waiting:
        lines.append(f"waiting    {waiting}")
    lines += [f"file       {name}" for name in report.files]
    lines.append(f"ledger     {counted(report.checkpoint_size, 'statement')}, checkpoint signed")
    if report.browser_lacks:
        lines.append(f"browser    ran {report.browser_lacks}: this machine lets it run in no safer way")
    lines += [f"time       {told.authority}: {told.reason or 'receipt kept'}" for told in report.stamped]
    lines += _lost_lines(report.compared)
    if report.findings:
        lines += _first(
            f"pages that were not read whole: {report.findings_total:,}",
            [
                f"{code:<20} {terminal_line(url)}{f': {terminal_line(detail, 100)}' if detail else ''}"
                for url, code, detail in report.findings
            ],
            "`preserve extract` on the files tells all",
            number=report.findings_total,
        )
    if report.problems:
        lines += _first(
            "not captured as a full page:",
            [f"{state:<8} {reason:<20} {terminal_line(url)}" for url, state, reason in _by_weight(report.problems)],
            "--report FILE writes them all",
        )
    return "\n".join(lines) + "\n"


def _by_weight(problems: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """What failed before what was answered with an error, and that before what was left out."""
    order = {"failed": 0, "done": 1}
    return sorted(problems, key=lambda one: order.get(one[1], 2))
