"""The outcome of a verification as one page of HTML.

Tested by ``tests/scenarios/test_damage.py``.
"""

from collections.abc import Sequence

from lxml import html
from lxml.html import builder as tag

from preserve import PROGRAM
from preserve.cli.shared.common import counted, human_bytes, with_options
from preserve.cli.shared.verify_report import clean_line, word_of
from preserve.findings import CODES, Claim, Finding
from preserve.integrity.verify.report import Report

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1.5rem; } caption { text-align: left; font-weight: 600; }
td, th { border-bottom: 1px solid #ddd; padding: .3rem .6rem; text-align: left; vertical-align: top;
overflow-wrap: anywhere; } code { font-size: .9em; }
th, .code, .verdict { white-space: nowrap; overflow-wrap: normal; }
.PASS { color: #0a5c2b; } .FAIL { color: #a30000; font-weight: 700; } .NOT { color: #6b4b00; }
"""


def as_html(reports: Sequence[Report], moment: str) -> bytes:
    """One page that needs nothing from anywhere else. What came out of an archive is text on it, never markup.

    ``moment`` is when it was checked.
    """
    parts = [part for report in reports for part in _sections(report)]
    page = tag.HTML(
        tag.HEAD(
            tag.META(charset="utf-8"),
            tag.META(name="viewport", content="width=device-width"),
            tag.META(**{"http-equiv": "Content-Security-Policy", "content": _POLICY}),
            tag.TITLE("Verification report"),
            tag.STYLE(_STYLE),
        ),
        tag.BODY(tag.H1("Verification report"), tag.P(f"Checked at {moment} by {PROGRAM}."), *parts),
        lang="en",
    )
    return bytes(html.tostring(page, doctype="<!DOCTYPE html>", encoding="utf-8", pretty_print=True))


def _sections(report: Report) -> list[html.HtmlElement]:
    parts = [
        tag.H2(clean_line(f"{report.subject}: {word_of(report)}")),
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
                tag.TD(clean_line(" ".join(t.cables))),
                tag.TD(clean_line(t.uri or "")),
                tag.TD(clean_line(t.date)),
                tag.TD(tag.CODE(clean_line(t.record_id))),
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
            tag.P("Make a copy of the collection first; then: ", tag.CODE(clean_line(with_options(report.repair))))
        )
    return parts


def _claim_row(claim: Claim) -> html.HtmlElement:
    verdict = tag.TD(str(claim.verdict), tag.CLASS(f"verdict {str(claim.verdict).split()[0]}"))
    return tag.TR(tag.TD(claim.name), verdict, tag.TD(clean_line(claim.detail)))


def _finding_row(finding: Finding, report: Report) -> html.HtmlElement:
    code = CODES[finding.code]
    return tag.TR(
        tag.TD(tag.CODE(finding.code), tag.CLASS("code")),
        tag.TD(clean_line(finding.where)),
        tag.TD(clean_line(finding.detail)),
        tag.TD(f"{code.meaning} {code.step(is_file=report.is_file)}"),
    )


def _table(caption: str, heads: Sequence[str], rows: Sequence[html.HtmlElement]) -> html.HtmlElement:
    return tag.TABLE(tag.CAPTION(caption), tag.TR(*[tag.TH(head) for head in heads]), *rows)
