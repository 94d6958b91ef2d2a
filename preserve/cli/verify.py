"""``preserve verify``: checks whole collections against their ledgers."""

from collections.abc import Callable
from pathlib import Path

import click
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn

from preserve.cli.common import Place, command_options, console, one_line
from preserve.cli.loading import all_layouts, collections_to_read, read_trust, trust_option
from preserve.findings import CODES
from preserve.integrity.verify import Report
from preserve.integrity.verify import verify as check
from preserve.store.archive import open_archive

_SHOWN = 100


@click.command(short_help="Check archives against their ledgers.")
@click.argument("collection", required=False)
@trust_option
@command_options
def verify(place: Place, collection: str | None, trust: tuple[Path, ...]) -> int:
    """Check COLLECTION, or every collection, against its ledger.

    Each record, each file, the tree, the signature, receipts of time authorities, the texts, the index, the catalogue.
    Keys and roots that you trust lie in CONFIG/trust/, or are named with --trust; no key is believed for lying in the
    archive.

    Each claim is PASS, FAIL, NOT CHECKED or NOT PROVEN. Nothing is changed. Status 1: something was found.
    """
    layouts = all_layouts(place)
    believed = read_trust(place, trust)
    reports: list[Report] = []
    terminal = console()
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal,
    ) as bar:
        for name in collections_to_read(place, [collection] if collection else []):
            task = bar.add_task(f"{name}: reading")
            reports.append(
                check(
                    open_archive(place.archives, name, damaged=True),
                    layouts,
                    trust=believed,
                    progress=_advance(bar, task, name),
                )
            )
    place.emit({"collections": [_json(r) for r in reports]}, "\n".join(_text(r) for r in reports))
    if any(not r.good for r in reports):
        return 1
    return 1 if any(f.code.startswith("W-") for r in reports for f in r.findings) else 0


def _advance(bar: Progress, task: TaskID, name: str) -> Callable[[int], None]:
    return lambda done: bar.update(task, description=f"{name}: {done} statements")


def _json(report: Report) -> dict[str, object]:
    return {
        "collection": report.collection,
        "good": report.good,
        "records": report.records,
        "statements": report.statements,
        "bytes_read": report.bytes_read,
        "claims": [{"claim": c.name, "verdict": str(c.verdict), "detail": c.detail} for c in report.claims],
        "findings": [{"code": f.code, "where": f.where, "detail": f.detail} for f in report.findings],
    }


def _text(report: Report) -> str:
    lines = [f"{report.collection}: {'good' if report.good else 'DAMAGED'}"]
    lines += [f"  {c.verdict:<11} {c.name}" + (f": {one_line(c.detail)}" if c.detail else "") for c in report.claims]
    if report.findings:
        lines.append(f"  {len(report.findings)} finding{'s' if len(report.findings) != 1 else ''}:")
    lines += [
        f"  {f.code}  {one_line(f.where, 160)}" + (f": {one_line(f.detail, 160)}" if f.detail else "")
        for f in report.findings[:_SHOWN]
    ]
    if len(report.findings) > _SHOWN:
        lines.append(f"  … and {len(report.findings) - _SHOWN} more; --json lists all")
    for code in sorted({f.code for f in report.findings}):
        lines.append(f"  {code}: {CODES[code].meaning}")
        lines.append(f"    next: {CODES[code].next_step}")
    return "\n".join(lines) + "\n"
