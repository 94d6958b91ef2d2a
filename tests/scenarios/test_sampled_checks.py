"""A sampled check goes on from the last one: what it costs, what it looks at, and what makes it look at all again."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from preserve.findings import Verdict
from preserve.formats.tlog.files import TILE_WIDTH
from preserve.integrity.verify import earlier, ledger_reading
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.integrity.verify.report import Level, Report
from preserve.integrity.verify.sample import Sample
from preserve.provenance.installation import Installation, keys_folder
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import Statement, decode
from preserve.store.layout import CollectionPaths
from tests.simulated import Simulation, links

PAGES = 45
"""As many as make more statements in two runs than a bundle has."""


class Watched:
    """A collection that is checked in samples, and what the last check has read."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self.sim = Simulation(folder)
        self.sim.politeness = "delay_s: 0\n  robots: ignore"
        self.paths = CollectionPaths(self.sim.archives, "sim")
        self.logs = KnownLogs(keys)
        self.mark = Installation(keys, "sim").sample_file
        self.runs = 0

    def run(self) -> None:
        """One capture; each page is another one than in the last."""
        self.runs += 1
        names = [f"/{number}" for number in range(PAGES)]
        self.sim.web.pages["http://x.org/"] = links(*names)
        for name in names:
            self.sim.web.pages[f"http://x.org{name}"] = links("/", f"#{self.runs}")
        self.sim.run()

    def check(self, percent: float = 5.0, *, paths: CollectionPaths | None = None) -> Report:
        """One sampled check."""
        level = Level(name="sample", percent=percent)
        return verify(paths or self.paths, {}, VerifyOptions(level=level, logs=self.logs, processes=1))

    @property
    def size(self) -> int:
        return Ledger(self.paths).covered


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """Captured twice, and never checked."""
    folder = tmp_path_factory.mktemp("twice")
    made = Watched(folder, folder / "keys")
    made.run()
    made.run()
    assert made.size > TILE_WIDTH
    return made


@pytest.fixture
def watched(tmp_path: Path, twice: Watched, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    shutil.copytree(twice.sim.folder, tmp_path / "sim")
    found = keys_folder(os.environ)
    found.parent.mkdir(parents=True)
    found.symlink_to(tmp_path / "sim" / "keys")
    made = Watched(tmp_path / "sim", found)
    made.sim.web.now, made.runs = twice.sim.web.now, twice.runs
    return made


@pytest.fixture
def bundles(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the bundles that were read."""
    read: list[int] = []
    bundle = Ledger.bundle

    def counted(ledger: Ledger, number: int) -> tuple[bytes, ...]:
        read.append(number)
        return bundle(ledger, number)

    monkeypatch.setattr(Ledger, "bundle", counted)
    return read


_GONE_THROUGH = ("the ledger is complete and in order", "every file is the one sealed", "every statement can be read")


def _gone_through(report: Report) -> set[Verdict]:
    """What the claims about ledger and files are worth that a sampled check goes on from."""
    return {claim.verdict for claim in report.claims if claim.name in _GONE_THROUGH}


def test_the_first_goes_through_all_and_the_next_says_what_it_left(watched: Watched, bundles: list[int]) -> None:
    first = watched.check()
    assert (first.good, first.findings) == (True, ())
    assert _gone_through(first) == {Verdict.PASS}
    assert watched.mark.stat().st_mode & 0o777 == 0o600
    watched.run()
    bundles.clear()
    second = watched.check()
    assert (second.good, second.findings) == (True, ())
    assert _gone_through(second) == {Verdict.NOT_CHECKED}
    assert (second.records, second.statements) == (first.records * 3 // 2, watched.size)
    details = {claim.name: claim.detail for claim in second.claims}
    # One of the two files before, and the new one.
    assert details["every file is the one sealed"].startswith("2 of 3 files hashed")
    assert second.bytes_read < sum(path.stat().st_size for path in watched.paths.archive.iterdir())
    assert "were by earlier checks, since 20" in details["every statement can be read"]


def test_all_is_gone_through_where_everything_is_asked_for(watched: Watched) -> None:
    watched.check()
    for report in (watched.check(100.0), verify(watched.paths, {}, VerifyOptions(logs=watched.logs, processes=1))):
        assert _gone_through(report) == {Verdict.PASS}


def _written_to(watched: Watched) -> None:
    path = min(watched.paths.archive.iterdir())
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def _gone(watched: Watched) -> None:
    min(watched.paths.archive.iterdir()).unlink()


def _one_more(watched: Watched) -> None:
    (watched.paths.archive / "other.warc.gz").write_bytes(b"")


def _entries(watched: Watched) -> None:
    path = watched.paths.ledger / "tile" / "entries" / "000"
    path.write_bytes(path.read_bytes().replace(b"200", b"404", 1))


def _tile(watched: Watched) -> None:
    path = watched.paths.ledger / "tile" / "0" / "000"
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])


def _marker(watched: Watched) -> None:
    watched.paths.marker.chmod(0o600)
    watched.paths.marker.write_bytes(watched.paths.marker.read_bytes().replace(b"sim", b"sum"))


_DAMAGE: dict[Callable[[Watched], None], set[str]] = {
    _written_to: {"E-WARC-HASH"},
    _gone: {"E-WARC-MISSING"},
    _one_more: {"E-WARC-UNKNOWN"},
    _entries: {"E-LEDGER-ROOT", "E-LEDGER-TILE"},
    _tile: {"E-LEDGER-TILE"},
    _marker: {"E-FORMAT-MARKER"},
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("damage", "codes"), _DAMAGE.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_no_longer_the_same_on_disk_is_found_whatever_chance_chose(
    watched: Watched, damage: Callable[[Watched], None], codes: set[str]
) -> None:
    watched.check()
    damage(watched)
    for _again in range(2):
        report = watched.check()
        assert {finding.code for finding in report.findings if finding.is_error} >= codes
        # All of it was gone through, so that what is said of the damage is whole.
        assert Verdict.NOT_CHECKED not in _gone_through(report)


def test_a_damaged_record_that_chance_chose_is_told_by_the_check_of_everything_too(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.check()
    looked: list[set[int]] = []
    look = Sample.look

    def damaged(sample: Sample, index: int, statement: object, row: object) -> object:
        looked.append(sample.read)
        if row is not None and not sample._earlier.size and index in sample._earlier.again:
            sample._findings.add("E-WARC-LOST", "x")
        found = look(sample, index, statement, row)  # type: ignore[arg-type]
        if sample._earlier.size:
            sample._findings.add("E-WARC-LOST", "x")
        return found

    monkeypatch.setattr(Sample, "look", damaged)
    report = watched.check()
    first, last = looked[0], looked[-1]
    assert (report.good, first <= last, len(first) > 0) == (False, True, True)


def _no_mark(watched: Watched) -> None:
    watched.mark.unlink()


def _odd_mark(watched: Watched) -> None:
    watched.mark.write_bytes(b"{}")


def _other_root(watched: Watched) -> None:
    data = watched.mark.read_bytes()
    at = data.index(b'"root":"') + len(b'"root":"')
    watched.mark.write_bytes(data[:at] + (b"0" if data[at : at + 1] != b"0" else b"1") + data[at + 1 :])


def _greater_size(watched: Watched) -> None:
    watched.mark.write_bytes(watched.mark.read_bytes().replace(b'"size":', b'"size":9', 1))


def _other_rules(watched: Watched) -> None:
    watched.mark.write_bytes(watched.mark.read_bytes().replace(b'"rules":"', b'"rules":"x'))


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "change", [_no_mark, _odd_mark, _other_root, _greater_size, _other_rules], ids=lambda change: change.__name__
)
def test_a_mark_that_does_not_fit_counts_for_nothing(watched: Watched, change: Callable[[Watched], None]) -> None:
    watched.check()
    change(watched)
    assert _gone_through(watched.check()) == {Verdict.PASS}
    assert _gone_through(watched.check()) == {Verdict.NOT_CHECKED}


def test_a_mark_counts_in_its_folder_only(watched: Watched, tmp_path: Path) -> None:
    watched.check()
    shutil.copytree(watched.paths.folder, tmp_path / "copy" / "sim")
    copy = CollectionPaths(tmp_path / "copy", "sim")
    report = watched.check(paths=copy)
    assert _gone_through(report) == {Verdict.PASS}


def test_no_mark_is_left_where_anything_was_found(watched: Watched) -> None:
    (watched.paths.archive / "other.warc.gz").write_bytes(b"")
    watched.check()
    assert not watched.mark.exists()


def test_what_lasts_is_no_longer_looked_for_behind_a_mark(watched: Watched) -> None:
    watched.check()
    (watched.paths.archive / "other.warc.gz").write_bytes(b"")
    watched.check()
    assert not watched.mark.exists()
    (watched.paths.archive / "other.warc.gz").unlink()
    assert _gone_through(watched.check()) == {Verdict.PASS}
    assert watched.mark.exists()


def test_without_the_folder_of_keys_nothing_is_kept(watched: Watched) -> None:
    level = Level(name="sample", percent=5.0)
    assert verify(watched.paths, {}, VerifyOptions(level=level, processes=1)).good
    assert not watched.mark.exists()


def test_dates_are_held_against_those_of_runs_before(watched: Watched) -> None:
    watched.check()
    watched.sim.web.now = watched.sim.web.start.replace(year=2020)
    watched.sim.clock_is_right = True
    watched.sim.run()
    assert [finding.code for finding in watched.check().findings] == ["W-CLOCK-ORDER"]


def test_a_sampled_check_costs_its_sample_and_what_is_new(
    watched: Watched, bundles: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []

    def counted(entry: bytes) -> Statement:
        decoded.append(entry)
        return decode(entry)

    monkeypatch.setattr(ledger_reading, "decode", counted)
    watched.check(1.0)
    for _run in range(5):
        before = watched.size
        watched.run()
        bundles.clear()
        decoded.clear()
        watched.check(1.0)
        new = -(-watched.size // TILE_WIDTH) - before // TILE_WIDTH
        # One was chosen by chance, and the first statement is read.
        assert len(bundles) <= 2 + new
        assert len(decoded) <= TILE_WIDTH + watched.size - before
    assert watched.size > 3 * TILE_WIDTH


def test_a_share_is_rounded_up() -> None:
    chance = random.Random(0)
    assert [len(earlier._part(chance, range(count), 1.0)) for count in (0, 1, 100, 101)] == [0, 1, 1, 2]
