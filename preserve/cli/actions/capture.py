"""What ``preserve capture`` does: one capture run, in the foreground, stopped cleanly by Ctrl-C or SIGTERM."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from rich.text import Text

from preserve.cli.shared.common import Place, console, say
from preserve.cli.shared.configured import chosen_layouts, own_contact, read_secrets
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.output import file_fault
from preserve.cli.shared.stopping import stopped_by_signals
from preserve.config.adaptive import AdaptiveConfig
from preserve.config.collection import CollectionConfig
from preserve.config.folder import list_layouts, load_collection
from preserve.config.writing import single_page
from preserve.crawler.capture import RunEnvironment, RunReport
from preserve.crawler.capture import capture as run_capture
from preserve.crawler.compared import RunComparison, Told
from preserve.crawler.coordinator import Progress
from preserve.crawler.outcomes import NOT_DUE
from preserve.errors import CancelledError, LimitError, NetworkError, UsageError
from preserve.formats.urls import resolve
from preserve.health.waiting import waiting_in
from preserve.provenance.founding import found_archive
from preserve.provenance.keys import passphrase
from preserve.replay.comparing import LOST
from preserve.store.archive import open_archive
from preserve.text import terminal_line

_SHOWN = 100


_SHOWN_LOST = 20


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
    bounds = _bounds(config) if adaptive else None
    layouts = chosen_layouts(place, config)
    if not is_page:
        # It says what to run where there is none.
        open_archive(place.archives, config.name)
    founded = found_archive(place.archives, config.name, keys=place.keys, secret=passphrase(os.environ))
    with (
        stopped_by_signals() as stop,
        _display(quiet=place.as_json) as display,
        _accounts(report_to, config.seeds) as accounts,
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
            ),
            processes=processes,
            adaptive=bounds,
        )
    waiting = waiting_in(founded.paths, config, all_layouts(place))
    place.emit(
        {"collection": config.name, **asdict(report), "waiting": asdict(waiting)},
        _text(report, waiting.words(config.name)),
    )
    return _status(report)


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
        say("preserve: stopped before the disk is full; make room and run it again, it goes on")
        return LimitError.exit_status
    compared = report.compared
    if not compared.good:
        say(f"preserve: {compared.why}")
    failed, done = report.counts.get("failed", 0), report.counts.get("done", 0)
    if failed:
        say(f"preserve: {failed} of {failed + done} addresses gave no reply; the next run asks them again")
        return 1 if done or NOT_DUE in report.reasons else NetworkError.exit_status
    return 1 if report.findings_total or compared.lost else 0


@contextmanager
def _display(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Progress on stderr: one line that is rewritten on a terminal, one JSON line an address otherwise."""
    terminal = console()
    if quiet:
        yield lambda _progress: None
    elif terminal.is_terminal:
        with terminal.status("") as status:
            yield lambda progress: status.update(
                Text(
                    f"{progress.done:,} done, {progress.waiting:,} waiting  "
                    f"{progress.outcome:<16} {terminal_line(progress.url, 88)}",
                    no_wrap=True,
                    overflow="ellipsis",
                )
            )
    else:
        yield lambda progress: _write_line(sys.stderr.buffer, progress._asdict())
        sys.stderr.flush()


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


def _compared_lines(compared: RunComparison) -> list[str]:
    """What became of the pages that were held."""
    if not compared.seen and not compared.left:
        return []
    lines = [
        "held       " + (", ".join(f"{count:,} {name}" for name, count in compared.seen.items()) or "none looked at")
    ]
    if compared.left:
        lines.append("not looked " + ", ".join(f"{count:,} {name}" for name, count in compared.left.items()))
    if compared.why:
        lines.append(f"WRONG      {compared.why}")
    lost = [told for told in compared.told if told.seen in LOST]
    if lost:
        lines.append(f"pages that are held and were not to be had: {compared.lost:,}")
        lines += [f"  {one.seen:<11} {_reason(one):<20} {terminal_line(one.url)}" for one in lost[:_SHOWN_LOST]]
        if compared.lost > _SHOWN_LOST:
            lines.append("  and more; `preserve rot` tells of each")
    return lines


def _reason(told: Told) -> str:
    return f"{told.reason} to {terminal_line(told.leads_to)}" if told.leads_to else told.reason


def _text(report: RunReport, waiting: str) -> str:
    lines = [f"run        {report.run}  ({report.outcome}{', resumed' if report.resumed else ''})"]
    lines += [f"recovered  {a.file}: {a.records:,} records kept, {a.cut_bytes:,} bytes cut" for a in report.recovered]
    lines.append("addresses  " + ", ".join(f"{count} {name}" for name, count in sorted(report.counts.items())))
    if NOT_DUE in report.reasons:
        lines.append(f"not due    {report.reasons[NOT_DUE]} of those skipped")
    if report.refused:
        lines.append("links left " + ", ".join(f"{count} {name}" for name, count in sorted(report.refused.items())))
    lines += _compared_lines(report.compared)
    lines.append(f"cables     {report.cables}")
    if waiting:
        lines.append(f"waiting    {waiting}")
    lines += [f"file       {name}" for name in report.files]
    lines.append(f"ledger     {report.checkpoint_size} statements, checkpoint signed")
    for told in report.stamped:
        lines.append(f"time       {told.authority}: {told.reason or 'receipt kept'}")
    if report.findings:
        lines.append(f"pages that were not read whole: {report.findings_total:,}")
        lines += [
            f"  {code:<20} {terminal_line(url)}{f': {terminal_line(detail, 100)}' if detail else ''}"
            for url, code, detail in report.findings[:_SHOWN]
        ]
        if report.findings_total > min(len(report.findings), _SHOWN):
            lines.append("  and more; `preserve extract` on the files tells all")
    if report.problems:
        lines.append("not captured as a full page:")
        lines += [f"  {state:<8} {reason:<20} {terminal_line(url)}" for url, state, reason in report.problems[:_SHOWN]]
        if len(report.problems) > _SHOWN:
            lines.append("  and more; --report FILE writes them all")
    return "\n".join(lines) + "\n"
