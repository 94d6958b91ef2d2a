"""What ``preserve rescue`` does: asks web archives for pages that are gone.

Tested by ``tests/scenarios/test_rescue.py``.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from preserve.cli.shared.common import Place, counted, say
from preserve.cli.shared.configured import chosen_layouts
from preserve.cli.shared.loading import reading
from preserve.cli.shared.moments import written_fields
from preserve.cli.shared.progress import ProgressLine
from preserve.cli.shared.stopping import stopped_by_signals
from preserve.cli.shared.turns import fleet_turns
from preserve.config.archives import ArchiveConfig, load_archives
from preserve.config.folder import load_collection
from preserve.crawler.outcomes import NO_ANSWER, RESCUED
from preserve.errors import CancelledError, ConfigError, FormatError, LimitError, NetworkError, UsageError
from preserve.findings import CODES
from preserve.formats.urls import canonical
from preserve.provenance.founding import load_writer
from preserve.provenance.keys import passphrase
from preserve.replay.link_status import LOST
from preserve.replay.link_status_list import rot_of
from preserve.replay.recover import parse_moment
from preserve.rescue.run import RescueEnvironment, RescueReport, RescueRequest, Saved
from preserve.rescue.run import rescue as run_rescue
from preserve.store.archive import open_archive
from preserve.store.quota import Quotas
from preserve.text import terminal_line

_SHOWN = 5


def rescue(  # noqa: PLR0913 - one for each option
    place: Place,
    *,
    urls: tuple[str, ...],
    gone: bool,
    collection: str,
    chosen: tuple[str, ...],
    at: str | None,
    copies: int,
    again: bool,
    dry: bool,
) -> int:
    """Ask web archives for the addresses URL, or for all that are gone, and keep what they serve."""
    if not urls and not gone:
        raise UsageError("nothing to rescue", next_step="Name addresses, or give --gone.")
    config = load_collection(place.config_dir, collection)
    archives = _archives(place, chosen)
    paths = open_archive(place.archives, config.name)
    writer = None if dry else load_writer(paths, place.keys, secret=passphrase(os.environ))
    request = RescueRequest(
        urls=[*_checked(urls), *(_lost(place, config.name) if gone else ())],
        copies=copies,
        moment=None if at is None else parse_moment(at),
        again=again,
        dry=dry,
    )
    if not request.urls:
        place.emit({"collection": config.name, "dry_run": dry, "saved": []}, f"nothing of {config.name} is gone\n")
        return 0
    with (
        stopped_by_signals() as stop,
        Quotas.open(place.archives) as budgets,
        _told(request.urls) as told,
        fleet_turns() as turns,
    ):
        env = RescueEnvironment(
            config=config,
            archives=archives,
            layouts=list(chosen_layouts(place, config).values()),
            limits=config.limits,
            clock=lambda: datetime.now(UTC),
            wait=time.sleep,
            stop=stop.is_set,
            progress=told,
            turns=turns,
        )
        report = run_rescue(request, paths, writer, budgets, env)
    status = _status(report)
    place.emit(
        {"collection": config.name, "dry_run": request.dry, **written_fields(report)},
        _text(report, dry=request.dry),
        all_is_well=not status,
    )
    return status


def _checked(urls: Sequence[str]) -> list[str]:
    for url in urls:
        try:
            canonical(url)
        except FormatError as error:
            raise UsageError(
                f"{error}", next_step="Give the full address, beginning with http:// or https://."
            ) from error
    return list(urls)


def _archives(place: Place, chosen: Sequence[str]) -> list[ArchiveConfig]:
    """The web archives named, or all that are configured."""
    known = {archive.name: archive for archive in load_archives(place.config_dir)}
    unknown = [name for name in chosen if name not in known]
    if unknown or not known:
        raise ConfigError(
            (f"{place.config_dir / 'archives'}: no web archive {', '.join(unknown) or 'at all'}",),
            next_step=f"Known: {', '.join(known) or 'none; write archives/NAME.yaml (docs/rescue.md)'}.",
        )
    return [known[name] for name in chosen or known]


def _lost(place: Place, collection: str) -> list[str]:
    with reading(place, [collection]) as (archive,):
        return [found.url for found in rot_of(archive) if found.state in LOST]


@contextmanager
def _told(urls: Sequence[str]) -> Iterator[Callable[[str, str], None]]:
    places = {url: number for number, url in enumerate(urls)}
    with ProgressLine("addresses", total=len(urls)) as bar:
        yield lambda url, what: bar(f"{what} {url}", places.get(url, 0))


def _status(report: RescueReport) -> int:
    if report.outcome == "cancelled":
        return CancelledError.exit_status
    if report.outcome == "limit":
        say("preserve: stopped: a web archive is not to be asked more for now, or the disk is nearly full")
        say("  next: run it again later; it goes on where it was")
        return LimitError.exit_status
    outcomes = [saved.outcome for saved in report.saved]
    if outcomes and all(outcome == NO_ANSWER for outcome in outcomes):
        return NetworkError.exit_status
    has_problems = any(finding.is_problem for saved in report.saved for finding in saved.findings)
    return 1 if has_problems or any(outcome != RESCUED for outcome in outcomes) else 0


_WORDS = {
    "rescued": "rescued",
    "not-archived": "not archived: every web archive says that it has none",
    "no-good-memento": "listed, and no memento served was the page",
    "no-answer": "not known: a web archive gave no usable answer",
}


def _text(report: RescueReport, *, dry: bool) -> str:
    lines: list[str] = []
    for saved in report.saved:
        lines.append(terminal_line(saved.url, 200))
        lines += [f"  {line}" for line in _about(saved, dry=dry)]
    asked = ", ".join(f"{count:,} {name}" for name, count in report.asked.items())
    lines.append(f"requests   {asked or 'none'}")
    if not dry:
        lines += [f"file       {name}" for name in report.files]
        lines.append(f"ledger     {counted(report.checkpoint_size, 'statement')}, checkpoint signed")
    return "\n".join(lines) + "\n"


def _about(saved: Saved, *, dry: bool) -> Iterator[str]:
    if saved.held_before and not saved.answers:
        yield "rescued before; --again asks once more"
        return
    if not (dry and saved.would_fetch):
        yield _WORDS.get(saved.outcome, saved.outcome)
    for name, answer in saved.answers.items():
        whole = "" if saved.complete[name] else ", list not complete"
        yield f"{name:<18} {answer}{whole}"
    yield from (f"would fetch        {terminal_line(url, 200)}" for url in saved.would_fetch)
    for memento in saved.mementos:
        yield f"memento of {memento.served} from {memento.archive}, asked for {memento.requested}"
        yield f"  record {memento.record_id}"
        yield f"  listed digest: {memento.digest}; against what is held: {memento.held}"
        if memento.cables:
            yield f"  cables: {terminal_line(', '.join(memento.cables))}"
    for finding in saved.findings[:_SHOWN]:
        yield f"{finding.code}  {terminal_line(finding.where, 120)}: {terminal_line(finding.detail)}"
        yield f"  {CODES[finding.code].meaning}"
    if len(saved.findings) > _SHOWN:
        yield f"and {len(saved.findings) - _SHOWN} more findings; --json lists them"
