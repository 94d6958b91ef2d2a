"""What a check by seals keeps of the ledger, and what somebody may do to both: no changed byte is passed over.

A mark lies beside the keys, and counts with a MAC of the installation's secret. Whoever writes to the archive has
neither; whoever puts another mark there has no secret.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from preserve.cli.shared.common import keys_folder
from preserve.errors import ArchiveError
from preserve.formats.tlog.files import TILE_WIDTH, entries_path, format_bundle, parse_bundle, tile_path
from preserve.formats.tlog.merkle import leaf_hashes, root_of
from preserve.integrity.verify import ledger_reading
from preserve.integrity.verify.attestations import Attestations
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.integrity.verify.kept_bundles import KeptBundle, KeptBundles, KnownBundle
from preserve.integrity.verify.kept_sums import KeptMark
from preserve.integrity.verify.report import Report
from preserve.integrity.verify.settled import Settled
from preserve.integrity.verify.statement_bytes import shape_of
from preserve.integrity.verify.stating import state_fixity
from preserve.provenance.founding import load_writer
from preserve.provenance.installation import Installation
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import is_of_record_or_text
from preserve.store.layout import CollectionPaths
from tests.scenarios.test_verify_by_seals import NOW
from tests.simulated import Simulation, links

_PAGES = [f"/{number}" for number in range(2 * TILE_WIDTH // 3)]


@dataclass
class Kept:
    """An archive of two full bundles and a part of one, whose mark was kept. ``older``: it as it was before that."""

    sim: Simulation
    paths: CollectionPaths
    older: Path

    def check(self, *, deep: float = 0.0) -> Report:
        logs = KnownLogs(self.sim.folder / "keys")
        return verify(self.paths, {}, VerifyOptions(processes=1, logs=logs, deep=deep))

    @property
    def installation(self) -> Installation:
        return Installation.of_user(self.paths.name)

    def mark(self) -> KeptMark:
        mark = self.installation.derived_mark(KeptMark)
        assert mark is not None
        return mark

    def file(self, relative: str) -> Path:
        return self.paths.ledger / relative


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that every test gets a copy of: captured, read whole, stated; checked by seals by no one yet."""
    folder = tmp_path_factory.mktemp("kept")
    sim = Simulation(folder / "now")
    sim.politeness = "delay_s: 0\n  robots: ignore"
    sim.web.pages = {"http://x.org/": links(*_PAGES), **{f"http://x.org{page}": links("/") for page in _PAGES}}
    sim.run()
    paths = CollectionPaths(sim.archives, "sim")
    shutil.copytree(paths.folder, folder / "older")
    logs = KnownLogs(sim.folder / "keys")
    report = verify(paths, {}, VerifyOptions(processes=1, logs=logs))
    state_fixity(paths, load_writer(paths, sim.folder / "keys", secret=None), report, checked=NOW)
    return folder


@pytest.fixture
def kept(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    shutil.copytree(made, tmp_path / "made")
    sim = Simulation(tmp_path / "made" / "now")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    keys = keys_folder(os.environ)
    keys.parent.mkdir(parents=True)
    keys.symlink_to(sim.folder / "keys")
    held = Kept(sim, CollectionPaths(sim.archives, "sim"), tmp_path / "made" / "older")
    assert Ledger(held.paths).covered // TILE_WIDTH == 2
    assert (held.check().level, held.check().spotless, len(held.mark().bundles)) == ("seals", True, 2)
    return held


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of full bundles that are cut into statements."""
    sizes: list[int] = []

    def counted(data: bytes, count: int) -> tuple[bytes, ...]:
        sizes.append(count)
        return parse_bundle(data, count)

    monkeypatch.setattr(ledger_reading, "parse_bundle", counted)
    return sizes


def test_a_ledger_that_is_unchanged_is_hashed_and_not_cut(kept: Kept, cut: list[int]) -> None:
    report = kept.check()
    assert (report.level, report.spotless, cut) == ("seals", True, [])
    deep = kept.check(deep=100)
    assert (cut, deep.spotless) == ([TILE_WIDTH] * 2, True)
    assert (report.records, report.statements, report.derived) == (deep.records, deep.statements, deep.derived)


def test_what_is_kept_is_what_the_bundles_say(kept: Kept) -> None:
    ledger = Ledger(kept.paths)
    files = {path.name for path in kept.paths.archive.iterdir()}
    for number, bundle in enumerate(kept.mark().bundles):
        entries = ledger.bundle(number)
        assert bundle.root == root_of(leaf_hashes(entries))
        assert {*bundle.files} == files
        others = [place for place, entry in enumerate(entries) if not is_of_record_or_text(entry)]
        assert [place for place, _start in bundle.others] == others
        assert bundle.records == TILE_WIDTH - len(others)


def test_new_statements_behind_known_bundles_are_gone_through_and_kept(kept: Kept, cut: list[int]) -> None:
    kept.sim.politeness = "delay_s: 0\n  robots: ignore"
    kept.sim.web.pages = {"http://x.org/": links(*_PAGES), **{f"http://x.org{p}": links("/", p) for p in _PAGES}}
    kept.sim.run()
    report = kept.check()
    full = Ledger(kept.paths).covered // TILE_WIDTH
    assert (report.spotless, cut, full) == (True, [TILE_WIDTH] * (full - 2), 4)
    state_fixity(kept.paths, load_writer(kept.paths, kept.sim.folder / "keys", secret=None), report, checked=NOW)
    assert (kept.check().spotless, len(kept.mark().bundles)) == (True, full)
    cut.clear()
    assert (kept.check().spotless, cut) == (True, [])


def _flipped(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def _grown(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"x")


def _swapped(kept: Kept, *paths: Callable[[int], str]) -> None:
    """The first two bundles, or tiles, in each other's place."""
    for path in paths:
        first, second = kept.file(path(0)), kept.file(path(1))
        aside = first.with_name("aside")
        first.rename(aside)
        second.rename(first)
        aside.rename(second)


def _older(kept: Kept) -> None:
    """All of the archive as it was before it was stated that it had been checked."""
    shutil.rmtree(kept.paths.folder)
    shutil.copytree(kept.older, kept.paths.folder)


def _lowest(number: int) -> str:
    return tile_path(0, number)


DAMAGES: dict[str, Callable[[Kept], object]] = {
    "the length of the first statement": lambda kept: _flipped(kept.file(entries_path(0)), 1),
    "the first statement": lambda kept: _flipped(kept.file(entries_path(0)), 40),
    "a statement between": lambda kept: _flipped(kept.file(entries_path(0)), 70_001),
    "the last byte of a bundle": lambda kept: _flipped(kept.file(entries_path(1)), -1),
    "a byte more": lambda kept: _grown(kept.file(entries_path(1))),
    "no bundle": lambda kept: kept.file(entries_path(1)).unlink(),
    "two bundles": lambda kept: _swapped(kept, entries_path),
    "two bundles with their tiles": lambda kept: _swapped(kept, entries_path, _lowest),
    "the first hash of a tile": lambda kept: _flipped(kept.file(_lowest(0)), 0),
    "the last hash of a tile": lambda kept: _flipped(kept.file(_lowest(1)), -1),
    "a tile cut short": lambda kept: os.truncate(kept.file(_lowest(0)), 100),
    "no tile": lambda kept: kept.file(_lowest(0)).unlink(),
    "the tile above": lambda kept: _flipped(kept.file(tile_path(1, 0, 2)), 5),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_whatever_is_changed_behind_the_mark_is_found_as_by_a_deep_check(
    kept: Kept, damage: Callable[[Kept], object]
) -> None:
    damage(kept)
    report, deep = kept.check(), kept.check(deep=100)
    assert not report.good
    assert (report.claims, report.findings) == (deep.claims, deep.findings)


def test_an_older_state_of_the_ledger_is_told(kept: Kept) -> None:
    _older(kept)
    report = kept.check()
    assert [finding.code for finding in report.findings] == ["E-LEDGER-ROLLED-BACK"]
    assert report.claims == kept.check(deep=100).claims


def test_every_byte_of_a_bundle_and_of_its_tile_counts() -> None:
    entries = tuple(b'{"kind":"record","n":%d}' % number for number in range(TILE_WIDTH))
    leaves = leaf_hashes(entries)
    data, tile = format_bundle(entries), b"".join(leaves)

    class Files(Ledger):
        def __init__(self, data: bytes, tile: bytes) -> None:
            self.given = data, tile

        def full_bundle(self, number: int) -> bytes:
            return self.given[number]

        def full_tile(self, number: int) -> bytes:
            return self.given[number + 1]

    def is_known(data: bytes, tile: bytes) -> bool:
        return KeptBundles(met.listed()).known(Files(data, tile), 0, lambda _kept: True) is not None

    met = KeptBundles()
    met.met(0, data, entries, leaves, root_of(leaves))
    assert is_known(data, tile)
    for place in range(len(data)):
        assert not is_known(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :], tile)
    for place in range(len(tile)):
        assert not is_known(data, tile[:place] + bytes([tile[place] ^ 1 << place % 8]) + tile[place + 1 :])


def test_a_bundle_that_is_not_there_is_not_known() -> None:
    class Gone(Ledger):
        def __init__(self) -> None:
            return

        def full_bundle(self, number: int) -> bytes:
            raise ArchiveError(f"bundle {number} is missing")

    kept = KeptBundles([KeptBundle(bytes(32), bytes(32), 0, (), ())])
    assert kept.known(Gone(), 0, lambda _kept: True) is None
    assert kept.known(Gone(), 1, lambda _kept: True) is None
    assert kept.listed() == ()


def _forged(kept: Kept) -> KeptMark:
    """What whoever changed a statement would like to be kept: its new bytes, with the old root."""
    path = kept.file(entries_path(0))
    path.write_bytes(path.read_bytes().replace(b"x.org", b"y.org", 1))
    mark = kept.mark()
    digest = sha256(path.read_bytes() + kept.file(_lowest(0)).read_bytes()).digest()
    return msgspec.structs.replace(
        mark, bundles=(msgspec.structs.replace(mark.bundles[0], sha256=digest), *mark.bundles[1:])
    )


def _with_old_mac(kept: Kept, mark: KeptMark) -> bytes:
    mac = kept.installation.derived_file.read_bytes().split(b"\n")[0]
    return mac + b"\n" + msgspec.json.encode(mark) + b"\n"


def _without_mac(_kept: Kept, mark: KeptMark) -> bytes:
    return msgspec.json.encode(mark) + b"\n"


def _of_another_collection(kept: Kept, mark: KeptMark) -> bytes:
    """With the MAC that a collection of another name has of the same secret."""
    other = Installation(kept.installation.keys, "other")
    shutil.copy(kept.installation.secret_file, other.secret_file)
    other.write_derived_mark(mark)
    return other.derived_file.read_bytes()


def _of_another_secret(kept: Kept, mark: KeptMark) -> bytes:
    other = Installation(kept.installation.keys / "elsewhere", kept.paths.name)
    other.make_secret()
    other.write_derived_mark(mark)
    return other.derived_file.read_bytes()


FORGERIES = (_with_old_mac, _without_mac, _of_another_collection, _of_another_secret)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("forge", FORGERIES)
def test_a_mark_that_the_secret_does_not_prove_is_not_believed(
    kept: Kept, forge: Callable[[Kept, KeptMark], bytes]
) -> None:
    data = forge(kept, _forged(kept))
    kept.installation.derived_file.write_bytes(data)
    assert kept.installation.derived_mark(KeptMark) is None
    report = kept.check()
    assert not report.good
    assert report.findings == kept.check(deep=100).findings


def test_even_a_mark_with_the_secret_is_not_believed_by_a_deep_check(kept: Kept) -> None:
    kept.installation.write_derived_mark(_forged(kept))
    assert "E-LEDGER-ROOT" in {finding.code for finding in kept.check(deep=100).findings}


def test_without_the_secret_nothing_is_kept_and_all_is_gone_through(kept: Kept, cut: list[int]) -> None:
    before = kept.installation.derived_file.read_bytes()
    kept.installation.secret_file.unlink()
    assert (kept.check().level, kept.check().spotless, cut) == ("seals", True, [TILE_WIDTH] * 4)
    assert kept.installation.derived_file.read_bytes() == before


def test_a_root_that_is_asked_for_within_a_known_bundle_is_given(
    kept: Kept, cut: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log is known by any older size of it: here by one in the middle of a bundle."""
    size = 300
    root = Ledger(kept.paths).root_at(size)
    met: dict[int, bytes] = {}
    sizes = KnownLogs.sizes
    monkeypatch.setattr(KnownLogs, "sizes", lambda self, origin, folder: {*sizes(self, origin, folder), size})
    grown = Attestations.grown

    def noted(self: Attestations, size: int, root: bytes) -> None:
        met[size] = root
        grown(self, size, root)

    monkeypatch.setattr(Attestations, "grown", noted)
    assert (kept.check().spotless, cut, met[size]) == (True, [], root)


def _record(number: int) -> bytes:
    return b'{"file":"a-%d.gz","kind":"record","record_id":"id:%d"}' % (number % 2, number)


def _text(number: int) -> bytes:
    return b'{"kind":"cable","record_id":"id:%d"}' % number


def test_of_a_bundle_all_that_does_not_follow_its_record_is_looked_at() -> None:
    run = b'{"kind":"run","title":"\\"kind\\":\\"record\\""}'
    entries = (_text(9), _record(0), _text(0), _text(0), _record(3), run, _text(3), _text(0), _record(2))
    shape = shape_of(entries)
    assert (shape.records, shape.files) == (3, ("a-0.gz", "a-1.gz"))
    assert [place for place, _start in shape.others] == [0, 5, 7]
    data = format_bundle(entries)
    bundle = KnownBundle(KeptBundle(bytes(32), bytes(32), *shape), data, b"")
    assert list(bundle.others()) == [(0, _text(9)), (5, run), (7, _text(0))]
    # Those of a file that was passed over are settled: the catalogue says which file that is.
    held = Settled(9, files=[b"a-0.gz"], file_of={"id:0": "a-0.gz"}.get)
    assert not held.are_settled(9, shape.files)
    assert (held.are_settled(9, shape.files[:1]), held.are_settled(10, shape.files[:1])) == (True, False)
    assert list(held.left_of(3, bundle.others())) == [(0, _text(9)), (5, run)]
    assert held.records == 3
