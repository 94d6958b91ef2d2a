"""Dates that contradict the order of the ledger, now, a receipt, or the moment at which they were taken in."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from preserve.integrity.verify.date_check import DateCheck
from preserve.integrity.verify.report import Findings
from preserve.provenance.statements import ImportStatement, RecordStatement, RunStatement, Statement

_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_SHA256 = "0" * 64


def _run(name: str, day: str) -> RunStatement:
    return RunStatement(
        run=name, started=f"{day}T00:00:00Z", ended=f"{day}T01:00:00Z", outcome="complete", program="preserve/0",
        files=(), counts={}, refused={}, first_statement=0, last_statement=-1,
    )  # fmt: skip


def _record(run: str, date: str, file: str = "a.warc.gz") -> RecordStatement:
    return RecordStatement(
        record_id="<urn:uuid:00000000-0000-4000-8000-000000000001>", type="response", uri="http://a.example/",
        date=date, status=200, file=file, ordinal=0, record_sha256=_SHA256, block_sha256=_SHA256, payload_sha256=None,
        refers_to=None, mime=None, challenge=None, whole="whole", run=run,
    )  # fmt: skip


def _import(run: str, file: str, imported: str) -> ImportStatement:
    return ImportStatement(
        file=file, size=1, sha256=_SHA256, records=1, container="warc", source=file, maker="", package=None, lacks={},
        imported=imported, program="preserve/0", run=run,
    )  # fmt: skip


def _found(statements: Sequence[Statement], *stamps: tuple[int, datetime]) -> list[tuple[str, str]]:
    check, findings = DateCheck(now=_NOW), Findings()
    for index, statement in enumerate(statements):
        check.take(index, statement)
    check.finish(findings)
    check.stamped(findings, stamps)
    return [(finding.code, finding.where) for finding in findings.listed]


_GOOD = [_run("a", "2026-01-01"), _run("b", "2026-02-01"), _run("c", "2026-03-01")]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (_GOOD, []),
        ([_GOOD[0], _run("x", "2026-04-01"), *_GOOD[1:]], [("W-CLOCK-ORDER", "statement 1")]),
        ([*_GOOD, _run("x", "2036-01-01")], [("W-CLOCK-AHEAD", "statement 3")]),
        ([_record("x", "2036-01-01T00:00:00Z")], [("W-CLOCK-AHEAD", "a.warc.gz")]),
        ([_record("i", "2011-01-01T00:00:00Z"), _import("i", "a.warc.gz", "2026-01-01T00:00:00Z")], []),
        (
            [_record("i", "9999-12-31T23:59:59Z"), _import("i", "a.warc.gz", "2026-01-01T00:00:00Z")],
            [("W-DATE", "a.warc.gz")],
        ),
        (
            [
                _record("i", "1900-01-01T00:00:00Z"),
                _record("i", "2011-01-01T00:00:00Z"),
                _record("i", "2030-01-01T00:00:00Z"),
                _import("i", "a.warc.gz", "2026-01-01T00:00:00Z"),
            ],
            [("W-DATE", "a.warc.gz"), ("W-DATE", "a.warc.gz")],
        ),
    ],
)
def test_what_contradicts_is_named_once(statements: Sequence[Statement], expected: list[tuple[str, str]]) -> None:
    assert _found(statements) == expected


def test_a_run_cannot_have_ended_after_it_was_stamped() -> None:
    stamp = datetime(2026, 2, 15, tzinfo=UTC)
    assert _found(_GOOD, (2, stamp)) == []
    assert _found(_GOOD, (3, stamp), (3, stamp)) == [("W-CLOCK-AHEAD", "statement 2")]
