"""What a capture of the same pages does is the same after many runs as after few: counted, not timed."""

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from preserve.integrity.replicate import replicate
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.provenance import session, statements
from preserve.provenance.derive import rebuild
from preserve.provenance.installation import Installation
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger
from preserve.store import index
from preserve.store.catalogue import Catalogue, IndexRow
from preserve.store.layout import CollectionPaths
from tests.simulated import Simulation, links

FEW, MANY = 8, 24
"""Runs. By the first number, the bundles of statements that are kept in memory are full."""


class _Counting:
    def __init__(self, inner: object, work: Counter[str]) -> None:
        self._inner = inner
        self._work = work

    def decode(self, entry: bytes) -> object:
        self._work["statements decoded"] += 1
        return self._inner.decode(entry)  # type: ignore[attr-defined]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    counted: Counter[str] = Counter()
    index_line = index.index_line

    def line(row: IndexRow) -> bytes:
        counted["index lines made"] += 1
        return index_line(row)

    bundle = Ledger.bundle

    def read(ledger: Ledger, number: int) -> tuple[bytes, ...]:
        counted["bundles read"] += 1
        return bundle(ledger, number)

    connect = sqlite3.connect

    def counting(*values: Any, **named: Any) -> sqlite3.Connection:
        def step() -> int:
            counted["hundred steps of SQLite"] += 1
            return 0

        connection: sqlite3.Connection = connect(*values, **named)
        connection.set_progress_handler(step, 100)
        return connection

    monkeypatch.setattr(sqlite3, "connect", counting)
    monkeypatch.setattr(statements, "_DECODER", _Counting(statements._DECODER, counted))
    monkeypatch.setattr(index, "index_line", line)
    monkeypatch.setattr(Ledger, "bundle", read)
    return counted


def _simulation(folder: Path) -> Simulation:
    sim = Simulation(folder)
    sim.politeness = "delay_s: 0\n  robots: ignore"
    sim.web.pages = {"http://x.org/": links("/a", "/b")}
    return sim


def _run(sim: Simulation, number: int) -> None:
    """One capture, which finds one of three pages changed."""
    sim.web.pages["http://x.org/a"] = links("/b", f"?{number % 2}")
    sim.web.pages["http://x.org/b"] = links("/")
    sim.web.pages["http://x.org/?0"] = sim.web.pages["http://x.org/?1"] = links("/")
    sim.run()


def test_a_run_after_many_does_what_one_after_few_does(tmp_path: Path, work: Counter[str]) -> None:
    sim = _simulation(tmp_path)
    done = {}
    for number in range(1, MANY + 1):
        work.clear()
        _run(sim, number)
        done[number] = Counter(work)
    for what, count in done[FEW].items():
        assert done[MANY][what] <= 1.3 * count, (what, done[FEW], done[MANY])
    assert done[MANY]["index lines made"] < 10
    report = verify(CollectionPaths(sim.archives, "sim"), {}, VerifyOptions(processes=1))
    assert (report.good, report.findings) == (True, ())


@pytest.fixture
def written_whole(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One for each time that the index is written whole at the end of a session."""
    times: list[int] = []

    def counted(paths: CollectionPaths, catalogue: Catalogue) -> int:
        times.append(1)
        return index.write_index(paths, catalogue)

    monkeypatch.setattr(session, "write_index", counted)
    return times


def _touch(paths: CollectionPaths, _mark: Path) -> None:
    data = paths.index.read_bytes()
    paths.index.write_bytes(data.replace(b"200", b"404", 1))


def _remove(paths: CollectionPaths, _mark: Path) -> None:
    paths.index.unlink()


def _rebuilt(paths: CollectionPaths, _mark: Path) -> None:
    rebuild(paths, Ledger(paths))


def _no_mark(_paths: CollectionPaths, mark: Path) -> None:
    mark.unlink()


def _odd_mark(_paths: CollectionPaths, mark: Path) -> None:
    mark.write_bytes(b"{}")


def _other_root(_paths: CollectionPaths, mark: Path) -> None:
    mark.write_bytes(mark.read_bytes().replace(b'"root":"', b'"root":"0'))


def _greater_size(_paths: CollectionPaths, mark: Path) -> None:
    mark.write_bytes(mark.read_bytes().replace(b'"size":', b'"size":9'))


@pytest.mark.parametrize(
    "change", [_touch, _remove, _rebuilt, _no_mark, _odd_mark, _other_root, _greater_size], ids=lambda c: c.__name__
)
def test_an_index_that_is_not_the_one_last_written_is_written_whole(
    tmp_path: Path, written_whole: list[int], change: object
) -> None:
    sim = _simulation(tmp_path)
    paths = CollectionPaths(sim.archives, "sim")
    _run(sim, 1)
    _run(sim, 2)
    assert written_whole == [1], "the first is whole, the second is not"
    change(paths, Installation(tmp_path / "keys", "sim").index_file)  # type: ignore[operator]
    _run(sim, 3)
    assert written_whole == [1, 1]
    _run(sim, 4)
    assert written_whole == [1, 1]
    held = paths.index.read_bytes()
    assert verify(paths, {}, VerifyOptions(processes=1)).good
    rebuild(paths, Ledger(paths))
    assert paths.index.read_bytes() == held


def test_a_copy_that_holds_all_is_compared_without_decoding_records(tmp_path: Path, work: Counter[str]) -> None:
    sim = _simulation(tmp_path)
    source, logs = CollectionPaths(sim.archives, "sim"), KnownLogs(tmp_path / "keys")
    for number in range(3):
        _run(sim, number)
    replicate(source, tmp_path / "copy", logs=logs)
    entries = [entry for _index, entry in Ledger(source).raw()]
    others = [entry for entry in entries if not statements.is_of_record_or_text(entry)]
    work.clear()
    assert replicate(source, tmp_path / "copy", logs=logs).complete
    # The archive's founding and changes of key are read once more, to know the log's keys.
    assert work["statements decoded"] <= 3 * len(others) < len(entries) / 2
