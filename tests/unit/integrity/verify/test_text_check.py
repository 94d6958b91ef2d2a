"""Texts of files that are not read again: those that the earlier check saw, and those that were stated since."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from preserve.findings import Verdict
from preserve.integrity.verify.checks import CheckScope, Leaf, Writing
from preserve.integrity.verify.fixity import PassedFile
from preserve.integrity.verify.newer import Newer
from preserve.integrity.verify.record_check import FileReading, LastRecord
from preserve.integrity.verify.report import Findings, Level
from preserve.integrity.verify.resume import FileTally
from preserve.integrity.verify.settled import Settled
from preserve.integrity.verify.text_check import TextCheck
from preserve.integrity.verify.touched import TouchedRecords
from preserve.limits import DEFAULT_LIMITS
from preserve.provenance.statements import encode
from preserve.store.layout import CollectionPaths
from tests.unit.provenance.test_statements import CABLE, FIXITY


@pytest.mark.parametrize(("index", "is_looked_at"), [(6, False), (7, True), (8, True)])
def test_a_text_that_was_stated_after_the_check_is_looked_at(tmp_path: Path, index: int, is_looked_at: bool) -> None:
    said = msgspec.structs.replace(FIXITY, size=7, texts=3)
    file = FileReading(tmp_path / "a.warc.gz", passed=PassedFile(index=7, said=said), tally=FileTally(texts=3))
    records: Any = SimpleNamespace(
        last=LastRecord(CABLE.record_id, file),
        replies={CABLE.record_id},
        touched=TouchedRecords(),
        files={"a.warc.gz": file},
    )
    looked: list[str] = []
    catalogue: Any = SimpleNamespace(place_of=looked.append)
    scope = CheckScope(
        paths=CollectionPaths(tmp_path, "c"),
        layouts={},
        limits=DEFAULT_LIMITS,
        level=Level(),
        checkpoint=None,
        findings=Findings(),
        newer=Newer(),
        writing=Writing(tmp_path / "lock"),
    )
    reading: Any = SimpleNamespace(catalogue=catalogue, settled=Settled(), hashes=None)
    check = TextCheck(scope, records, reading)
    check.take(index, CABLE, Leaf(encode(CABLE), b""))
    assert (looked == [CABLE.record_id]) is is_looked_at
    # What cannot be read again is not called read.
    assert check.finish().verdict is (Verdict.NOT_CHECKED if is_looked_at else Verdict.PASS)
