"""What a capture of the same pages does is the same after many runs as after few: counted, not timed."""

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preserve.alarms.changes import of_archive
from preserve.health.link_history import links_of
from preserve.integrity.replicate import replicate
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.provenance import session, statements
from preserve.provenance.derive import rebuild
from preserve.provenance.installation import Installation, keys_folder
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.ledger import Ledger
from preserve.replay.recover import open_for_reading
from preserve.store import index
from preserve.store.catalogue import Catalogue, IndexRow
from preserve.store.layout import CollectionPaths
from tests.simulated import Simulation, links

FEW = 8
many_runs = pytest.mark.parametrize("many", [12, pytest.param(24, marks=pytest.mark.slow)])
"""Both are more than 1.3 times as many."""
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


@many_runs
def test_a_run_after_many_does_what_one_after_few_does(tmp_path: Path, work: Counter[str], many: int) -> None:
    sim = _simulation(tmp_path)
    done = {}
    for number in range(1, many + 1):
        work.clear()
        _run(sim, number)
        done[number] = Counter(work)
    for what, count in done[FEW].items():
        assert done[many][what] <= 1.3 * count, (what, done[FEW], done[many])
    assert done[many]["index lines made"] < 10
    report = verify(CollectionPaths(sim.archives, "sim"), {}, VerifyOptions(processes=1))
    assert (report.good, report.findings) == (True, ())


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of keys of whoever runs commands, which is the one that the captures use."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    found = keys_folder(os.environ)
    found.parent.mkdir(parents=True)
    found.symlink_to(tmp_path / "keys")
    return found


@many_runs
def test_what_follows_a_run_after_many_does_what_it_does_after_few(
    tmp_path: Path, work: Counter[str], user: Path, many: int
) -> None:
    """Alarms' look, the copy, and the states of links that `status` counts."""
    sim = _simulation(tmp_path)
    paths, logs = CollectionPaths(sim.archives, "sim"), KnownLogs(user)
    marks: list[int] = []

    def look() -> None:
        with open_for_reading(sim.archives, ["sim"], {}) as (archive,):
            mark, first = (marks[-1], marks[0]) if marks else (None, None)
            marks.append(of_archive(archive, mark, first=first, place=tmp_path / "looked")[1])

    steps: dict[str, Callable[[], object]] = {
        "look": look,
        "copy": lambda: replicate(paths, tmp_path / "copy", logs=logs),
        "links": lambda: links_of(sim.archives, "sim", {}, Ledger(paths).covered),
    }
    done: dict[str, dict[int, Counter[str]]] = {name: {} for name in steps}
    for number in range(1, many + 1):
        _run(sim, number)
        for name, step in steps.items():
            work.clear()
            step()
            done[name][number] = Counter(work)
    for name, counts in done.items():
        for what, count in counts[FEW].items():
            # The statements of a run lie in one bundle, or in two.
            assert counts[many][what] <= 1.3 * count + (what == "bundles read"), (name, counts[FEW], counts[many])
    assert replicate(paths, tmp_path / "copy", logs=logs, rehash=True).complete
    copy = CollectionPaths(tmp_path / "copy", "sim")
    assert verify(copy, {}, VerifyOptions(processes=1)).good


def _nothing(_copy: CollectionPaths, _marks: Path) -> None:
    return


def _shorter(copy: CollectionPaths, _marks: Path) -> None:
    name = min(copy.archive.iterdir())
    name.chmod(0o600)
    name.write_bytes(name.read_bytes()[:-1])


def _file_gone(copy: CollectionPaths, _marks: Path) -> None:
    min(copy.archive.iterdir()).unlink()


def _all_gone(copy: CollectionPaths, _marks: Path) -> None:
    shutil.rmtree(copy.folder)


def _index_touched(copy: CollectionPaths, _marks: Path) -> None:
    copy.index.write_bytes(copy.index.read_bytes().replace(b"200", b"404", 1))


def _no_copy_mark(_copy: CollectionPaths, marks: Path) -> None:
    marks.unlink()


def _other_copy_root(_copy: CollectionPaths, marks: Path) -> None:
    marks.write_bytes(marks.read_bytes().replace(b'"root":"', b'"root":"00'))


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "change",
    [_nothing, _shorter, _file_gone, _all_gone, _index_touched, _no_copy_mark, _other_copy_root],
    ids=lambda change: change.__name__,
)
def test_a_copy_that_is_not_as_it_was_left_is_looked_at_in_full(tmp_path: Path, user: Path, change: Any) -> None:
    sim = _simulation(tmp_path)
    source, logs = CollectionPaths(sim.archives, "sim"), KnownLogs(user)
    for number in range(2):
        _run(sim, number)
        replicate(source, tmp_path / "copy", logs=logs)
    change(CollectionPaths(tmp_path / "copy", "sim"), Installation.of_user("sim").copies_file)
    _run(sim, 3)
    done = replicate(source, tmp_path / "copy", logs=logs)
    assert done.files == len({*source.archive.iterdir()})
    assert [finding.code for finding in done.findings] == (["E-REPLICA-DIFFERS"] if change is _shorter else [])
    assert done.complete is (change is not _shorter)
    copied = [name for name in done.copied if name.endswith(".warc.gz")]
    assert len(copied) == {_file_gone: 2, _all_gone: 3}.get(change, 1)
    if done.complete:
        assert verify(CollectionPaths(tmp_path / "copy", "sim"), {}, VerifyOptions(processes=1)).good


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


@pytest.mark.one_in(3)
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
