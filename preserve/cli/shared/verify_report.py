"""The outcome of a verification, said to a person and to a program.

Tested by ``tests/scenarios/test_damage.py``.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from preserve.cli.shared.common import counted, with_options, with_options_in
from preserve.cli.shared.manner import manner
from preserve.cli.shared.tones import toned
from preserve.findings import CODES, Finding
from preserve.integrity.verify.report import MAX_FINDINGS, Report
from preserve.store.checks import WHOLE
from preserve.text import terminal_line

if TYPE_CHECKING:
    from preserve.cli.shared.answers import VerifiedAnswer

_SHOWN = 100
_TOUCHED = 20


def as_json(report: Report) -> "VerifiedAnswer":
    """The whole report as values."""
    answer: VerifiedAnswer = {
        "subject": report.subject,
        "level": report.level,
        "good": report.good,
        "records": report.records,
        "statements": report.statements,
        "bytes_read": report.bytes_read,
        "claims": [{"claim": c.name, "verdict": c.verdict, "detail": c.detail} for c in report.claims],
        "findings": [{"code": f.code, "where": f.where, "detail": f.detail} for f in report.findings],
        "findings_not_listed": report.untold,
        "notes": dict(report.notes),
        "touched": [
            {
                "record_id": t.record_id,
                "type": t.type,
                "url": t.uri,
                "captured": t.date,
                "cables": list(t.cables),
                "revisits": t.revisits,
            }
            for t in report.touched
        ],
        "repair": with_options(report.repair) if report.repair else "",
    }
    if report.signature is not None:
        from preserve.formats.waczsignature import as_values  # noqa: PLC0415 - it brings certificates

        answer["signature"] = as_values(report.signature)
    return answer


def as_text(report: Report) -> str:
    """The report for a terminal: a line a damaged file; every finding where more is wished."""
    lines = [f"{terminal_line(report.subject, 200)}: {toned(word_of(report), 'g' if report.good else 'b')}"]
    lines += [
        f"  {toned(f'{c.verdict:<11}')} {c.name}" + (f": {terminal_line(c.detail, 1_000)}" if c.detail else "")
        for c in report.claims
    ]
    if report.findings:
        lines.append(f"  {counted(len(report.findings) + report.untold, 'finding')}:")
    lines += _found(report)
    lines += _advice(report)
    lines += [f"  {code}  {counted(count, 'time')}: {CODES[code].meaning}" for code, count in report.notes]
    lines += _touched(report)
    if report.repair:
        lines.append(
            f"  repair: make a copy of the collection first; then: {terminal_line(with_options(report.repair), 1000)}"
        )
    return "\n".join(lines) + "\n"


def _found(report: Report) -> list[str]:
    """The findings: those about one file together, with their number and the first of each kind."""
    most = MAX_FINDINGS if manner().verbose else _SHOWN
    if manner().verbose or report.is_file:
        told = [_finding_line(f) for f in report.findings[:most]]
    else:
        groups: dict[str, list[Finding]] = {}
        for finding in report.findings:
            groups.setdefault(_about(finding), []).append(finding)
        told = [line for about, group in groups.items() for line in _group_lines(about, group)][:most]
        if not report.untold and len(told) < most:
            return told
    more = len(report.findings) + report.untold - most
    return [*told, f"  … and {more:,} more; --json lists them"] if more > 0 else told


def _about(finding: Finding) -> str:
    """The file that a finding is about; for what is about no file of the archive, its own place."""
    return finding.where.split(" ")[0] if "-WARC-" in finding.code else finding.where


def _group_lines(about: str, group: Sequence[Finding]) -> list[str]:
    if len(group) == 1:
        return [_finding_line(group[0])]
    first = {finding.code: finding for finding in reversed(group)}
    counts = Counter(finding.code for finding in group)
    lines = [f"  {terminal_line(about, 160)}: {counted(len(group), 'finding')}"]
    for code, count in counts.items():
        one = first[code]
        where = one.where.removeprefix(about).strip()
        detail = ", ".join(filter(None, (terminal_line(where, 120), terminal_line(one.detail, 120))))
        times = f"{count:,} times, first " if count > 1 else ""
        lines.append(f"    {code:<15} {times}{detail}".rstrip())
    return lines


def _finding_line(finding: Finding) -> str:
    detail = f": {terminal_line(finding.detail, 160)}" if finding.detail else ""
    return f"  {finding.code}  {terminal_line(finding.where, 160)}{detail}"


def _touched(report: Report) -> list[str]:
    """Pages and cables that cannot be relied on: what somebody may have cited."""
    cited = [touched for touched in report.touched if touched.is_cited]
    if not cited:
        return []
    cables = sum(len(touched.cables) for touched in cited)
    touched_of = f"{counted(len(cited), 'page')}, {counted(cables, 'cable')}"
    lines = [f"  touched: {touched_of}; citations of them cannot be relied on"]
    most = MAX_FINDINGS if manner().verbose else _TOUCHED
    for touched in cited[:most]:
        what = [*touched.cables, terminal_line(touched.uri or "", 120), touched.date]
        again = f", and {counted(touched.revisits, 'revisit')}" if touched.revisits else ""
        lines.append(f"    {' '.join(filter(None, what))}{again}")
        lines += [f"      record {terminal_line(touched.record_id, 80)}"] if manner().verbose else []
    if len(cited) > most:
        lines.append(f"    … and {len(cited) - most:,} more; --json lists them")
    return lines


def _advice(report: Report) -> list[str]:
    """What each code means, and what to do: said once for all codes that ask for the same."""
    steps: dict[str, list[str]] = {}
    for code in sorted({f.code for f in report.findings}):
        step = CODES[code].step(is_file=report.is_file)
        if not report.is_file:
            step = with_options_in(step.replace("COLLECTION", report.subject))
        steps.setdefault(step, []).append(f"  {code}: {CODES[code].meaning}")
    return [line for step, meanings in steps.items() for line in (*meanings, f"    next: {step}")]


def clean_line(text: str) -> str:
    """Text that XML can hold, in one line."""
    return terminal_line(text, 2000)


def word_of(report: Report) -> str:
    """The outcome in a word or two."""
    if not report.good:
        return "DAMAGED"
    return "good" if report.level in WHOLE else f"good, as far as {report.level} goes"
