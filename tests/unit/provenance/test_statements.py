"""Statements: built, checked, and in parts where they would grow too long."""

import pytest

from preserve.errors import FormatError
from preserve.formats.statements import encode
from preserve.limits import DEFAULT_LIMITS
from preserve.provenance.schema import check_statement
from preserve.provenance.statements import (
    archive_statement,
    cable_statement,
    cut_statement,
    record_statement,
    release_statement,
    run_statements,
)

HASH = "0" * 64
DATE = "2026-01-02T03:04:05.678901Z"
RECORD = record_statement(
    record_id="urn:uuid:1",
    type="response",
    uri="http://x.org/",
    date=DATE,
    status=200,
    file="demo-1.warc.gz",
    ordinal=0,
    record_sha256=HASH,
    block_sha256=HASH,
    payload_sha256=HASH,
    refers_to=None,
    mime="text/html",
    challenge=None,
    run="urn:uuid:2",
)
CABLE = cable_statement(
    record_id="urn:uuid:1",
    extractor="preserve-cables/1",
    layout="mrkva/1",
    published_id="05X1",
    canonical_id=None,
    raw_sha256=HASH,
    body_sha256=HASH,
    comparison_sha256=HASH,
    comparison_rules="1",
    rules_fired=[4],
    claims={},
    fields={},
)
CUT = cut_statement(file="a.warc.gz", size=1, sha256=HASH, records=1, cut_bytes=0, reason="x", adopted=0)
RELEASE = release_statement(
    release="gulls-1",
    title="Gulls",
    publisher="",
    released=None,
    counter=12,
    sources=["gullbrowser"],
    known_from=["a test"],
    note="",
    dump={"name": "a b.csv", "size": 1, "sha256": HASH, "file": "a.warc.gz", "rows": 2, "unreadable": 1, "cables": 1},
    stated=DATE,
    program="preserve/0",
)
ARCHIVE = archive_statement(collection="demo", format=1, origin="a", key="b", created=DATE)


def _run(urls: int, files: int = 1) -> list[dict[str, object]]:
    addresses = [{"url": f"http://x.org/{n}/{'a' * 3000}", "outcome": "failed", "reason": "dns"} for n in range(urls)]
    parts = run_statements(
        run="urn:uuid:2",
        started=DATE,
        ended=DATE,
        outcome="complete",
        program="preserve/0",
        files=[{"name": f"f{n}.warc.gz", "size": 1, "sha256": HASH, "records": 1} for n in range(files)],
        counts={"done": 1},
        refused={"out-of-scope": 3},
        first_statement=0,
        last_statement=1,
        urls=lambda: addresses,
    )
    return list(parts)


@pytest.mark.parametrize("statement", [RECORD, CABLE, CUT, RELEASE, ARCHIVE, *_run(0)], ids=lambda s: str(s["kind"]))
def test_what_is_built_passes_its_check(statement: dict[str, object]) -> None:
    check_statement(statement)
    encode(statement)


@pytest.mark.parametrize("urls", [1, 10, 200, 1000])
def test_a_run_is_told_in_parts_that_fit_and_lose_nothing(urls: int) -> None:
    parts = _run(urls, files=500)
    told: list[object] = []
    files: list[object] = []
    for number, part in enumerate(parts, 1):
        check_statement(part)
        assert len(encode(part)) <= DEFAULT_LIMITS.max_statement_bytes
        assert (part["part"], part["parts"]) == (number, len(parts))
        assert isinstance(part["urls"], list)
        assert isinstance(part["files"], list)
        told += part["urls"]
        files += part["files"]
    assert (len(told), len(files)) == (urls, 500)
    assert [part["counts"] for part in parts] == [{"done": 1}, *({} for _ in parts[1:])]
    assert [part["refused"] for part in parts] == [{"out-of-scope": 3}, *({} for _ in parts[1:])]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "unknown"},
        {"kind": ["record"]},
        {"v": 2},
        {"date": "yesterday"},
        {"record_sha256": "0" * 63},
        {"record_sha256": "G" * 64},
        {"file": "../../etc/passwd"},
        {"file": ".hidden"},
        {"ordinal": -1},
        {"ordinal": True},
        {"status": "200"},
        {"extra": 1},
    ],
)
def test_a_statement_that_breaks_the_schema_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        check_statement({**RECORD, **change})


def test_a_missing_field_is_refused() -> None:
    for name in RECORD:
        with pytest.raises(FormatError):
            check_statement({k: v for k, v in RECORD.items() if k != name})
