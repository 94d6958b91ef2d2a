"""Memory of a check does not grow with the number of records."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from preserve.integrity.record import RecordQuery
from preserve.integrity.scan import FileHashes, Scanner
from preserve.integrity.verify import record_check
from preserve.integrity.verify.checks import CheckScope, Leaf, Writing
from preserve.integrity.verify.earlier_replies import EarlierReplies
from preserve.integrity.verify.fixity import PassedFiles
from preserve.integrity.verify.held_catalogue import HeldCatalogue
from preserve.integrity.verify.newer import Newer
from preserve.integrity.verify.record_check import RecordCheck, RecordReading
from preserve.integrity.verify.report import Findings, Level
from preserve.integrity.verify.resume import Resume
from preserve.integrity.verify.statement_check import ReadableCheck
from preserve.integrity.verify.text_check import TextCheck
from preserve.integrity.verify.tree_check import TreeCheck
from preserve.limits import DEFAULT_LIMITS
from preserve.provenance.statements import RecordStatement
from preserve.store.layout import CollectionPaths

WINDOW = 500


def _records(count: int) -> Iterator[RecordStatement]:
    """A page, and a revisit of the first one, in turn."""
    for number in range(count):
        is_page = number % 2 == 0
        yield RecordStatement(
            record_id=f"urn:uuid:{number}",
            type="response" if is_page else "revisit",
            uri=f"http://x.org/{number}",
            date="2026-01-01T00:00:00Z",
            status=200,
            file="a.warc.gz",
            ordinal=number,
            record_sha256="0" * 64,
            block_sha256="0" * 64,
            payload_sha256=None,
            refers_to=None if is_page else "urn:uuid:0",
            mime=None,
            challenge=None,
            whole=None,
            run="r",
        )


def _grown(tmp_path: Path, count: int) -> tuple[int, Findings]:
    """Bytes that the checks hold more at the end than at the beginning, and what they found."""
    paths = CollectionPaths(tmp_path, "c")
    paths.archive.mkdir(parents=True, exist_ok=True)
    (paths.archive / "a.warc.gz").write_bytes(b"")
    findings = Findings()
    scope = CheckScope(
        paths=paths,
        layouts={},
        limits=DEFAULT_LIMITS,
        level=Level(name="structure"),
        checkpoint=None,
        findings=findings,
        newer=Newer(),
        writing=Writing(paths.lock),
    )
    with Scanner(RecordQuery(), processes=1, total_bytes=0) as scanner:
        catalogue = HeldCatalogue(paths)
        reading = RecordReading(
            scanner=None,
            sample=None,
            catalogue=catalogue,
            resume=Resume(None, ""),
            hashes=FileHashes(scanner),
            passed=PassedFiles(),
        )
        tree = TreeCheck(scope)
        records = RecordCheck(scope, tree, reading)
        checks = (records, ReadableCheck(scope), TextCheck(scope, records, reading))
        tracemalloc.start()
        try:
            for index, statement in enumerate(_records(count)):
                leaf = Leaf(b"", tree.take_leaf(index, b""))
                for check in checks:
                    check.take(index, statement, leaf)
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        records.end()
    return held, findings


def test_the_checks_hold_as_much_of_many_records_as_of_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_check, "EarlierReplies", lambda older: EarlierReplies(WINDOW, older=older))
    few, found = _grown(tmp_path, 2_000)
    many, found_of_many = _grown(tmp_path, 8_000)
    # One whose reference is not held would be a finding: the first page was long out of the window.
    assert not found.has("E-WARC-REVISIT")
    assert not found_of_many.has("E-WARC-REVISIT")
    assert many - few < 6_000


def test_a_reply_is_known_in_the_window_and_behind_it() -> None:
    replies = EarlierReplies(window=10)
    for number in range(25):
        assert str(number) not in replies
        replies.add(str(number))
        assert str(number) in replies
    assert all(str(number) in replies for number in range(25))
    assert "25" not in replies
    replies.close()
    assert "3" not in replies
