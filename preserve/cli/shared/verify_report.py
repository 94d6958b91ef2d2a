"""The outcome of a verification, said to a person, to a program, and as one page of HTML."""

from collections.abc import Sequence

from lxml import html
from lxml.html import builder as tag

from preserve import PROGRAM
from preserve.cli.shared.common import counted, human_bytes, with_options
from preserve.findings import CODES, Claim, Finding
from preserve.formats.waczsignature import as_values
from preserve.integrity.verify.report import Report
from preserve.store.checks import WHOLE
from preserve.text import terminal_line

_SHOWN = 100
_TOUCHED = 20
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1.5rem; } caption { text-align: left; font-weight: 600; }
td, th { border-bottom: 1px solid #ddd; padding: .3rem .6rem; text-align: left; vertical-align: top;
overflow-wrap: anywhere; } code { font-size: .9em; }
th, .code, .verdict { white-space: nowrap; overflow-wrap: normal; }
.PASS { color: #0a5c2b; } .FAIL { color: #a30000; font-weight: 700; } .NOT { color: #6b4b00; }
"""


def as_json(report: Report) -> dict[str, object]:
    """The whole report as values."""
    signature = {} if report.signature is None else {"signature": as_values(report.signature)}
    return {
        "subject": report.subject,
        "level": report.level,
        "good": report.good,
        "records": report.records,
        "statements": report.statements,
        "bytes_read": report.bytes_read,
        "claims": [{"claim": c.name, "verdict": str(c.verdict), "detail": c.detail} for c in report.claims],
        "findings": [{"code": f.code, "where": f.where, "detail": f.detail} for f in report.findings],
        "findings_not_listed": report.untold,
        "notes": dict(report.notes),
        "touched": [
            {"record_id": t.record_id, "uri": t.uri, "date": t.date, "cables": list(t.cables), "revisits": t.revisits}
            for t in report.touched
        ],
        "repair": with_options(report.repair) if report.repair else "",
        **signature,
    }


def as_text(report: Report) -> str:
    """The report for a terminal."""
    lines = [f"{terminal_line(report.subject, 200)}: {_word(report)}"]
    lines += [
        f"  {c.verdict:<11} {c.name}" + (f": {terminal_line(c.detail, 1_000)}" if c.detail else "")
        for c in report.claims
    ]
    if report.findings:
        lines.append(f"  {counted(len(report.findings) + report.untold, 'finding')}:")
    lines += [
        f"  {f.code}  {terminal_line(f.where, 160)}" + (f": {terminal_line(f.detail, 160)}" if f.detail else "")
        for f in report.findings[:_SHOWN]
    ]
    if len(report.findings) > _SHOWN:
        lines.append(f"  … and {len(report.findings) - _SHOWN + report.untold} more; --json lists them")
    lines += _advice(report)
    lines += [f"  {code}  {counted(count, 'time')}: {CODES[code].meaning}" for code, count in report.notes]
    if report.touched:
        lines.append(f"  touched: {counted(len(report.touched), 'record')}")
    for touched in report.touched[:_TOUCHED]:
        what = [*touched.cables, terminal_line(touched.uri or touched.record_id, 120), touched.date]
        lines.append(
            f"    {' '.join(what)}" + (f", and {counted(touched.revisits, 'revisit')}" * bool(touched.revisits))
        )
        lines.append(f"      citations that name record {terminal_line(touched.record_id, 80)} cannot be relied on")
    if len(report.touched) > _TOUCHED:
        lines.append(f"    … and {len(report.touched) - _TOUCHED} more; --json lists them")
    if report.repair:
        lines.append(
            f"  repair: make a copy of the collection first; then: {terminal_line(with_options(report.repair), 1000)}"
        )
    return "\n".join(lines) + "\n"


def _advice(report: Report) -> list[str]:
    """What each code means, and what to do: said once for all codes that ask for the same."""
    steps: dict[str, list[str]] = {}
    for code in sorted({f.code for f in report.findings}):
        steps.setdefault(CODES[code].step(is_file=report.is_file), []).append(f"  {code}: {CODES[code].meaning}")
    return [line for step, meanings in steps.items() for line in (*meanings, f"    next: {step}")]


def as_html(reports: Sequence[Report], moment: str) -> bytes:
    """One page that needs nothing from anywhere else. What came out of an archive is text on it, never markup.

    ``moment`` is when it was checked.
    """
    parts = [part for report in reports for part in _sections(report)]
    page = tag.HTML(
        tag.HEAD(
            tag.META(charset="utf-8"),
            tag.META(name="viewport", content="width=device-width"),
            tag.META(
                **{"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"}
            ),
            tag.TITLE("Verification report"),
            tag.STYLE(_STYLE),
        ),
        tag.BODY(tag.H1("Verification report"), tag.P(f"Checked at {moment} by {PROGRAM}."), *parts),
        lang="en",
    )
    return bytes(html.tostring(page, doctype="<!DOCTYPE html>", encoding="utf-8", pretty_print=True))


def _sections(report: Report) -> list[html.HtmlElement]:
    parts = [
        tag.H2(_clean(f"{report.subject}: {_word(report)}")),
        tag.P(f"{counted(report.records, 'record')}, {human_bytes(report.bytes_read)}; level: {report.level}."),
        _table("Claims", ("Claim", "Verdict", "Detail"), [_claim_row(c) for c in report.claims]),
    ]
    if report.findings:
        caption = f"{counted(len(report.findings) + report.untold, 'finding')}"
        parts.append(
            _table(
                caption, ("Code", "Where", "Detail", "What to do"), [_finding_row(f, report) for f in report.findings]
            )
        )
    if report.touched:
        rows = [
            tag.TR(
                tag.TD(_clean(" ".join(t.cables))),
                tag.TD(_clean(t.uri or "")),
                tag.TD(_clean(t.date)),
                tag.TD(tag.CODE(_clean(t.record_id))),
                tag.TD(str(t.revisits)),
            )
            for t in report.touched
        ]
        parts.append(_table("What the damage touches", ("Cables", "Address", "Captured", "Record", "Revisits"), rows))
    if report.notes:
        rows = [
            tag.TR(tag.TD(tag.CODE(c), tag.CLASS("code")), tag.TD(str(n)), tag.TD(CODES[c].meaning))
            for c, n in report.notes
        ]
        parts.append(_table("Odd, and no damage", ("Code", "Times", "What it means"), rows))
    if report.repair:
        parts.append(
            tag.P("Make a copy of the collection first; then: ", tag.CODE(_clean(with_options(report.repair))))
        )
    return parts


def _claim_row(claim: Claim) -> html.HtmlElement:
    verdict = tag.TD(str(claim.verdict), tag.CLASS(f"verdict {str(claim.verdict).split()[0]}"))
    return tag.TR(tag.TD(claim.name), verdict, tag.TD(_clean(claim.detail)))


def _finding_row(finding: Finding, report: Report) -> html.HtmlElement:
    code = CODES[finding.code]
    return tag.TR(
        tag.TD(tag.CODE(finding.code), tag.CLASS("code")),
        tag.TD(_clean(finding.where)),
        tag.TD(_clean(finding.detail)),
        tag.TD(f"{code.meaning} {code.step(is_file=report.is_file)}"),
    )


def _table(caption: str, heads: Sequence[str], rows: Sequence[html.HtmlElement]) -> html.HtmlElement:
    return tag.TABLE(tag.CAPTION(caption), tag.TR(*[tag.TH(head) for head in heads]), *rows)


def _clean(text: str) -> str:
    """Text that XML can hold, in one line."""
    return terminal_line(text, 2000)


def _word(report: Report) -> str:
    if not report.good:
        return "DAMAGED"
    return "good" if report.level in WHOLE else f"good, as far as {report.level} goes"
