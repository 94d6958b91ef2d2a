"""``preserve capture``: one capture run, in the foreground, stopped cleanly by Ctrl-C or SIGTERM."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from types import FrameType

import click
from rich.console import Console

from preserve.cli.common import Place, command_options, console, one_line, say
from preserve.cli.loading import chosen_layouts, read_secrets
from preserve.config import load_collection
from preserve.crawler.capture import Progress, RunReport
from preserve.crawler.capture import capture as run_capture
from preserve.errors import CancelledError, LimitError, NetworkError
from preserve.provenance.found import found_archive
from preserve.store.archive import open_archive


@click.command(short_help="Capture a collection once.")
@click.argument("collection")
@command_options
def capture(place: Place, collection: str) -> int:
    """Capture COLLECTION once: fetch its pages, keep them as evidence, state them in its ledger.

    A run that was stopped is continued. Ctrl-C finishes what is being written, seals the file and ends with status 130.
    Status 1: an address gave no reply. Status 5: none did. Status 6: the disk is nearly full.
    """
    config = load_collection(place.config_dir, collection)
    layouts = chosen_layouts(place, config)
    paths = open_archive(place.archives, config.name)
    founded = found_archive(place.archives, config.name, keys=place.keys)
    with _stopped_by_signals() as stop:
        report = run_capture(
            config,
            paths,
            founded.signer,
            layouts=layouts,
            secrets=read_secrets(config),
            limits=config.limits,
            clock=lambda: datetime.now(UTC),
            wait=time.sleep,
            stop=stop.is_set,
            progress=_display(console(), quiet=place.as_json),
        )
    place.emit({"collection": config.name, **asdict(report)}, _text(report))
    return _status(report)


def _status(report: RunReport) -> int:
    """130 when stopped; 6 at a limit; 5 when no address answered; 1 when some did not; else 0.

    An error page is an answer.
    """
    if report.outcome == "cancelled":
        return CancelledError.exit_status
    if report.outcome == "limit":
        say("preserve: stopped before the disk is full; make room and run it again, it goes on")
        return LimitError.exit_status
    failed, done = report.counts.get("failed", 0), report.counts.get("done", 0)
    if failed:
        say(f"preserve: {failed} of {failed + done} addresses gave no reply; the next run asks them again")
        return 1 if done else NetworkError.exit_status
    return 0


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """The first SIGINT or SIGTERM asks the run to stop; the next SIGINT interrupts a wait or a slow reply."""
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        say(f"preserve: {signal.Signals(number).name}: finishing what is being written (once more: at once)")

    previous = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _Display:
    """Progress on stderr: one line that is rewritten on a terminal, one line a URL otherwise."""

    def __init__(self, terminal: Console) -> None:
        self._terminal = terminal

    def __call__(self, progress: Progress) -> None:
        line = f"{progress.outcome:<16} {one_line(progress.url, 88)}"
        self._terminal.print(line, markup=False, no_wrap=True, overflow="ellipsis")


def _display(terminal: Console, *, quiet: bool) -> "_Display | _Silent":
    return _Silent() if quiet else _Display(terminal)


class _Silent:
    def __call__(self, progress: Progress) -> None:
        """Says nothing: the answer is one JSON document."""


def _text(report: RunReport) -> str:
    lines = [f"run        {report.run}  ({report.outcome}{', resumed' if report.resumed else ''})"]
    lines += [f"recovered  {a.file}: {a.cut_bytes} bytes cut, {a.adopted} records adopted" for a in report.adopted]
    lines.append("addresses  " + ", ".join(f"{count} {name}" for name, count in sorted(report.counts.items())))
    lines.append(f"cables     {report.cables}")
    lines += [f"file       {name}" for name in report.files]
    lines.append(f"ledger     {report.checkpoint_size} statements, checkpoint signed")
    if report.problems:
        lines.append("not captured as a full page:")
        lines += [f"  {state:<8} {reason:<20} {one_line(url)}" for url, state, reason in report.problems]
    return "\n".join(lines) + "\n"
