"""Every byte of a small archive flipped in turn, and every file cut at every length: nothing goes unnoticed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from preserve.formats.tlog.note import parse_vkey
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.integrity.verify.report import Report
from preserve.integrity.verify.stating import state_fixity
from preserve.provenance.founding import load_writer
from preserve.provenance.trust import Trust
from preserve.regular import read_regular
from preserve.store.layout import CollectionPaths
from tests.simulated import Simulation, links

pytestmark = pytest.mark.damages
Verified = Callable[[CollectionPaths], Report]
PARTS = 8
"""The work is dealt out in parts, so that processes share it."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> CollectionPaths:
    """Two captures of one page: several files, a revisit, bundles, tiles, a checkpoint, an index."""
    return CollectionPaths(_captured(tmp_path_factory.mktemp("small")).archives, "sim")


def _captured(folder: Path) -> Simulation:
    sim = Simulation(folder)
    sim.politeness = "delay_s: 0\n  robots: ignore"
    sim.web.pages = {"http://x.org/": links("/a"), "http://x.org/a": b"HTTP/1.1 204 X\r\n\r\n"}
    for _time in range(2):
        sim.run()
    return sim


@dataclass(frozen=True)
class _Checked:
    """A collection whose files were read before, as its ledger states, and the key that is known."""

    paths: CollectionPaths
    options: VerifyOptions

    def verified(self, _paths: CollectionPaths) -> Report:
        return verify(self.paths, {}, self.options)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> _Checked:
    sim = _captured(tmp_path_factory.mktemp("checked"))
    paths, keys = CollectionPaths(sim.archives, "sim"), sim.folder / "keys"
    # Nothing is noted in these: a damaged archive is not known from then on.
    trust = Trust(keys=(parse_vkey(read_regular(paths.vkey).decode().strip()),))
    made = _Checked(paths, VerifyOptions(processes=1, trust=trust))
    writer = load_writer(paths, keys, secret=None)
    assert state_fixity(paths, writer, made.verified(paths), checked=datetime(2026, 12, 1, tzinfo=UTC)) == 2
    assert made.verified(paths).level == "seals"
    return made


def _files(paths: CollectionPaths) -> list[Path]:
    """What is evidence, and the index; databases have bytes that mean nothing."""
    found = [p for p in sorted(paths.folder.rglob("*")) if p.is_file() and paths.state not in p.parents]
    assert len(found) > 8
    return found


def _verified(paths: CollectionPaths) -> Report:
    return verify(paths, {})


def _is_noticed(paths: CollectionPaths, verified: Verified = _verified) -> bool:
    report = verified(paths)
    return not report.good or bool(report.findings)


def _damages(data: bytes) -> Iterator[tuple[str, bytes]]:
    for position in range(len(data)):
        changed = bytes([data[position] ^ (1 << (position % 8))])
        yield f"byte {position} flipped", data[:position] + changed + data[position + 1 :]
    for length in range(len(data)):
        yield f"cut to {length} bytes", data[:length]


def _more(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield "a byte more", data + b"\x00"
    yield "a line end more", data + b"\n"
    if data:
        yield "twice", data * 2


def test_the_archive_itself_is_good(small: CollectionPaths) -> None:
    report = _verified(small)
    assert (report.good, report.findings) == (True, ())


def _missed(
    small: CollectionPaths,
    damages: Callable[[bytes], Iterator[tuple[str, bytes]]],
    part: slice,
    verified: Verified = _verified,
) -> list[str]:
    """The damages, of every file in turn, that nothing is said of. ``part`` chooses among them by their number."""
    missed = []
    chosen = ((path, *damage) for path in _files(small) for damage in damages(path.read_bytes()))
    for path, name, damaged in list(islice(chosen, part.start, None, part.step)):
        data, mode = path.read_bytes(), path.stat().st_mode
        path.chmod(0o600)
        path.write_bytes(damaged)
        if not _is_noticed(small, verified):
            missed.append(f"{path.relative_to(small.folder)}: {name}")
        path.write_bytes(data)
        path.chmod(mode)
    return missed


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_damage_goes_unnoticed(small: CollectionPaths, part: int) -> None:
    assert _missed(small, _damages, slice(part, None, PARTS)) == []


def test_more_bytes_than_there_should_be_are_noticed(small: CollectionPaths) -> None:
    assert _missed(small, _more, slice(0, None, 1)) == []


@pytest.mark.parametrize("every", [997, *(pytest.param(every, marks=pytest.mark.slow) for every in (389, 97))])
def test_no_damage_of_a_sample_goes_unnoticed(small: CollectionPaths, every: int) -> None:
    assert _missed(small, _damages, slice(0, None, every)) == []


@pytest.mark.parametrize("every", [997, *(pytest.param(every, marks=pytest.mark.slow) for every in (389, 101))])
def test_nor_does_it_where_the_files_are_not_read_again(checked: _Checked, every: int) -> None:
    assert _missed(checked.paths, _damages, slice(0, None, every), checked.verified) == []


def test_a_file_that_is_missing_or_one_too_many_is_noticed(small: CollectionPaths) -> None:
    missed: list[Any] = []
    for path in _files(small):
        if path == small.pending and not path.read_bytes():
            # An empty journal is none.
            continue
        away = small.root / "away"
        path.rename(away)
        if not _is_noticed(small):
            missed.append(f"missing: {path.relative_to(small.folder)}")
        away.rename(path)
    stranger = small.archive / "stranger.warc.gz"
    stranger.write_bytes(next(small.archive.glob("*.warc.gz")).read_bytes())
    assert _is_noticed(small)
    stranger.unlink()
    assert missed == []
