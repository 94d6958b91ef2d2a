"""Every file of ours is read by another program's reader before its seal is stated."""

import gzip
from pathlib import Path

import pytest

from preserve.crawler import group
from preserve.store.layout import name_when_sealed
from preserve.store.secondreader import Follower, SecondReading
from tests.shell import Shell
from tests.simulated import Simulation, links
from tests.warcs import gz, page, zst


def _captured(folder: Path, *, second_reader: bool) -> Simulation:
    sim = Simulation(folder, second_reader=second_reader)
    sim.web.pages = {"http://x.org/": links("/a", "/b"), "http://x.org/a": b"HTTP/1.1 204 X\r\n\r\n"}
    return sim


def _warcinfo(sim: Simulation, name: str) -> bytes:
    return gzip.decompress((sim.archives / "sim" / "archive" / name).read_bytes()).partition(b"WARC-Type: request")[0]


def test_a_file_is_read_again_and_nothing_is_found(tmp_path: Path) -> None:
    sim = _captured(tmp_path, second_reader=True)
    for _time in range(2):
        report = sim.run(max_warc_file_bytes=1)
        assert (report.outcome, report.findings) == ("complete", ())
        assert len(report.files) >= 2
        assert b"second_reader" not in _warcinfo(sim, report.files[0])


def test_where_it_is_not_done_the_file_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "Follower", None)
    sim = _captured(tmp_path, second_reader=False)
    assert b"second_reader: false\r\n" in _warcinfo(sim, sim.run().files[0])


def test_what_it_reads_otherwise_is_a_finding_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def finish(self: Follower, path: Path, _size: int) -> SecondReading:
        self.abandon()
        told.append(name_when_sealed(path.name))
        return SecondReading(defects=("record 1: another block",))

    told: list[str] = []
    monkeypatch.setattr(Follower, "finish", finish)
    report = _captured(tmp_path, second_reader=True).run()
    assert report.findings == ((report.files[0], "E-SECOND-READER", "record 1: another block"),)
    assert told == list(report.files)


def test_a_record_that_is_stated_otherwise_is_a_finding_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Follower.add
    monkeypatch.setattr(Follower, "add", lambda self, seen: add(self, seen._replace(length=seen.length + 1)))
    report = _captured(tmp_path, second_reader=True).run()
    assert [(name, code) for name, code, _detail in report.findings] == [(report.files[0], "E-SECOND-READER")]


def test_verify_has_it_read_files_and_collections_when_asked(shell: Shell, tmp_path: Path) -> None:
    for name, data, verdict in (("a.warc.gz", gz(page(1)), "PASS"), ("b.warc.zst", zst([page(2)]), "NOT CHECKED")):
        (tmp_path / name).write_bytes(data)
        shell("import", str(tmp_path / name), "--into", "old")
        (report,) = shell.json("verify", "--second-reader", str(tmp_path / name))["files"]
        said = [claim["verdict"] for claim in report["claims"] if "second reader" in claim["claim"]]
        assert said == [verdict]
    assert "second reader" not in shell("verify", "old")
    text = shell("verify", "old", "--second-reader")
    assert "NOT CHECKED a second reader reads the same: 1 records by warcio" in text
    assert "Zstandard" in text


def test_what_was_not_read_again_is_noted_at_import(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "b.warc.zst").write_bytes(zst([page(2)]))
    (item,) = shell.json("import", str(tmp_path / "b.warc.zst"), "--into", "old")["files"]
    assert item["lacks"] == {"I-SECOND-READER": 1}
