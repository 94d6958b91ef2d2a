"""A file by itself: the same report whoever reads it, in whatever stretches, whatever is wrong with its records."""

from pathlib import Path

import pytest

from preserve.integrity.record import RecordQuery
from preserve.integrity.scan import Scanner
from preserve.integrity.verify import file_records
from preserve.integrity.verify.foreign import verify_files
from preserve.integrity.verify.report import Report
from preserve.readers import segments
from tests.warcs import gz, page

_RECORDS = 60
_TWICE, _DAMAGED, _DIGEST = 3, 17, 41


def _written(path: Path) -> Path:
    pieces = [gz(page(number, 300 + 31 * (number % 7))) for number in range(_RECORDS)]
    pieces[_DAMAGED] = pieces[_DAMAGED][:40] + b"\xff" * 30 + pieces[_DAMAGED][70:]
    pieces[_DIGEST] = gz(page(_DIGEST, 300).replace(b"sha1:", b"sha1:A", 1))
    path.write_bytes(b"".join([*pieces, pieces[_TWICE]]))
    return path


def _report(path: Path, processes: int) -> tuple[Report, list[tuple[str, int, int | None]]]:
    told: list[tuple[str, int, int | None]] = []

    def tell(subject: str, done: int, /, *, done_bytes: int | None = None, total: int | None = None) -> None:
        told.append((subject, done, done_bytes))

    with Scanner(RecordQuery(), processes=processes, total_bytes=0) as scanner:
        (report,) = verify_files([path], scanner, progress=tell)
    return report, told


def test_the_report_is_the_same_however_many_records_come_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _written(tmp_path / "a.warc.gz")
    whole, told = _report(path, 1)
    codes = [finding.code for finding in whole.findings]
    assert codes == ["E-WARC-GZIP", "E-WARC-BLOCK-DIGEST", "E-WARC-DUPLICATE"]
    assert whole.records == _RECORDS
    assert told == [("files", _RECORDS + 1, path.stat().st_size)]
    monkeypatch.setattr(segments, "STRETCH_BYTES", 2048)
    for together in (1, 7, 1024):
        monkeypatch.setattr(file_records, "RECORDS_TOGETHER", together)
        assert _report(path, 1)[0] == whole
        assert _report(path, 2)[0] == whole
