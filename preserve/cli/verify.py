"""``preserve verify``: checks whole collections against their ledgers."""

import click
from rich.progress import Progress, SpinnerColumn, TextColumn

from preserve.cli.common import Place, command_options, console, one_line
from preserve.cli.loading import all_layouts, collections_to_read
from preserve.findings import CODES
from preserve.integrity.verify import Report
from preserve.integrity.verify import verify as check
from preserve.store.archive import open_archive

_SHOWN = 100


@click.command()
@click.argument("collection", required=False)
@command_options
def verify(place: Place, collection: str | None) -> int:
    """Check COLLECTION, or every collection, against its ledger: each record, each file, the tree, the signature, the texts.

    Each claim is PASS, FAIL, NOT CHECKED or NOT PROVEN. Nothing is changed. Status 1: something was found.
    """
    layouts = all_layouts(place)
    reports: list[Report] = []
    terminal = console()
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=terminal, transient=True,
                  disable=not terminal.is_terminal) as bar:
        for name in collections_to_read(place, [collection] if collection else []):
            task = bar.add_task(f"{name}: reading")
            reports.append(
                check(
                    open_archive(place.archives, name),
                    layouts,
                    progress=lambda done, t=task, n=name: bar.update(t, description=f"{n}: {done} statements"),
                )
            )
    place.emit({"collections": [_json(r) for r in reports]}, "\n".join(_text(r) for r in reports))
    if any(not r.good for r in reports):
        return 1
    return 1 if any(f.code.startswith("W-") for r in reports for f in r.findings) else 0


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
    for claim in report.claims:
        lines.append(f"  {claim.verdict:<11} {claim.name}" + (f": {one_line(claim.detail)}" if claim.detail else ""))
    if report.findings:
        lines.append(f"  {len(report.findings)} finding{'s' if len(report.findings) != 1 else ''}:")
    for finding in report.findings[:_SHOWN]:
        lines.append(f"  {finding.code}  {one_line(finding.where, 160)}" + (f": {one_line(finding.detail, 160)}" if finding.detail else ""))
    if len(report.findings) > _SHOWN:
        lines.append(f"  … and {len(report.findings) - _SHOWN} more; --json lists all")
    for code in sorted({f.code for f in report.findings}):
        lines.append(f"  {code}: {CODES[code].meaning}")
        lines.append(f"    next: {CODES[code].next_step}")
    return "\n".join(lines) + "\n"
