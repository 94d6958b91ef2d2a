"""`export` with files that other processes read: the same tables, and only what is missing is read."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preserve.cluster import opening
from preserve.cluster.processes import ProcessEngine
from preserve.cluster.results import Result
from preserve.cluster.task import FileTask, run_task
from preserve.cluster.texts import TEXTS, RecordTexts, TextParts
from tests.engines import InlineEngine
from tests.kept import Beginning, beginning, capture_mirror_twice, served, site
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

pytestmark = pytest.mark.damages

Use = Callable[[Any], Any]
_KILLS = "PRESERVE_TEST_KILLS"


@pytest.fixture
def held(shell: Shell, site: Site, beginning: Beginning, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The mirror captured twice, with the change between."""
    monkeypatch.setenv("XDG_STATE_HOME", str(shell.folder / "state"))

    beginning(shell, lambda: capture_mirror_twice(shell, site), site)
    return shell


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Has ``--on processes`` mean this engine."""

    def used(engine: Any) -> Any:
        monkeypatch.setattr(opening, "ProcessEngine", lambda _count: engine)
        return engine

    return used


def _files(held: Any) -> list[Path]:
    return sorted((held.archives / "demo" / "archive").iterdir())


def _table(held: Any, *words: str, status: int = 0) -> bytes:
    out = held.folder / "out"
    out.unlink(missing_ok=True)
    held("export", *words, "-o", str(out), status=status)
    return bytes(out.read_bytes()) if out.exists() else b""


def _left(held: Any) -> list[Path]:
    return list((held.folder / "state" / "preserve" / "cluster").glob("*"))


TABLES = [
    ("csv", "--table", "texts"),
    ("jsonl", "--table", "references"),
    ("parquet", "--table", "texts"),
    ("parquet", "--table", "references"),
]


@pytest.mark.parametrize("words", TABLES, ids=" ".join)
def test_the_table_is_that_of_one_process(held: Any, use: Use, words: tuple[str, ...]) -> None:
    here = _table(held, *words)
    assert here
    engine = use(InlineEngine())
    assert _table(held, *words, "--on", "processes") == here
    assert engine.names == [str(path) for path in _files(held)]
    assert not _left(held)


def test_what_is_damaged_is_left_out_with_the_same_words(held: Any, use: Use) -> None:
    first = _files(held)[0]
    data = bytearray(first.read_bytes())
    for place in range(len(data) // 9, len(data), len(data) // 9):
        data[place] ^= 1
    first.chmod(0o644)
    first.write_bytes(data)
    here = _table(held, "jsonl", status=1)
    told = held.errors
    assert "left out: demo:" in told
    use(InlineEngine())
    assert _table(held, "jsonl", "--on", "processes", status=1) == here
    assert held.errors == told
    first.unlink()
    here = _table(held, "jsonl", status=1)
    use(InlineEngine())
    assert _table(held, "jsonl", "--on", "processes", status=1) == here


def test_stopped_and_run_again_it_reads_only_what_is_missing(held: Any, use: Use) -> None:
    here = _table(held, "jsonl")
    stopped = use(InlineEngine(most=1))
    assert _table(held, "jsonl", "--on", "processes", status=130) == b""
    assert _left(held)
    # Another table has other results.
    other = use(InlineEngine())
    _table(held, "jsonl", "--table", "references", "--on", "processes")
    assert len(other.names) == len(_files(held))
    rest = use(InlineEngine())
    assert _table(held, "jsonl", "--on", "processes") == here
    assert sorted(stopped.names + rest.names) == [str(path) for path in _files(held)]
    assert len(stopped.names) == 1
    assert not _left(held)


def test_a_file_that_nobody_could_read_costs_its_own_texts(held: Any, use: Use) -> None:
    whole, lost = _table(held, "jsonl"), _files(held)[0]
    use(InlineEngine(run=lambda task: None if task.name == str(lost) else run_task(task, 0)))
    some = _table(held, "jsonl", "--on", "processes", status=7)
    assert f"{lost} is left out" in held.errors
    assert f"1 of {len(_files(held))} files" in held.errors
    assert some.splitlines() == [line for line in whole.splitlines() if lost.name.encode() not in line]
    assert len(some) < len(whole)
    again = use(InlineEngine())
    assert _table(held, "jsonl", "--on", "processes") == whole
    assert again.names == [str(lost)]


def test_another_record_than_the_one_stated_gives_no_text(held: Any, use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preserve.cluster.texts.record_sha256", lambda *_: "0" * 64)
    use(InlineEngine())
    assert _table(held, "jsonl", "--on", "processes", status=1) == b""
    assert "could not be read again" in held.errors


@pytest.mark.parametrize("passes", [1, 8])
def test_records_in_another_order_than_that_of_their_file_are_read(
    held: Any, use: Use, monkeypatch: pytest.MonkeyPatch, passes: int
) -> None:
    def backward(self: Any, cables: Any) -> Any:
        for cable in reversed(list(cables)):
            yield cable, self._of(cable)

    here = _table(held, "jsonl")
    monkeypatch.setattr("preserve.cluster.texts._MOST_PASSES", passes)
    monkeypatch.setattr("preserve.cluster.texts._MOST_OPEN", 1)
    monkeypatch.setattr("preserve.cluster.texts.EngineTexts.read", backward)
    use(InlineEngine())
    assert _table(held, "jsonl", "--on", "processes").splitlines() == here.splitlines()[::-1]


def test_a_text_comes_back_as_it_was() -> None:
    row = RecordTexts(
        7, 2, "ab", [TextParts("05A1", "cd", [{"text": "a\ud800\u2028b", "n": None, "l": ["x"], "t": True, "i": 3}])]
    )
    assert TEXTS.read(TEXTS.write(row), lambda _size: b"") == row


def test_the_table_of_the_index_is_made_without_files(held: Any) -> None:
    _table(held, "parquet", "--table", "index", "--on", "processes", status=2)
    assert "without them" in held.errors
    _table(held, "parquet", "--on", "nowhere", status=2)


def _kills_its_process(task: FileTask) -> Result:
    if task.name == os.environ[_KILLS]:
        os.kill(os.getpid(), signal.SIGKILL)
    return run_task(task, 0)


@pytest.mark.slow
def test_a_file_that_kills_who_reads_it_costs_its_own_texts(
    held: Any, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, lost = _table(held, "jsonl"), _files(held)[0]
    monkeypatch.setenv(_KILLS, str(lost))
    use(ProcessEngine(2, _kills_its_process))
    some = _table(held, "jsonl", "--on", "processes", status=7)
    assert f"{lost} is left out: the process that read it was killed" in held.errors
    assert some.splitlines() == [line for line in whole.splitlines() if lost.name.encode() not in line]
    monkeypatch.undo()
    monkeypatch.setenv("XDG_STATE_HOME", str(held.folder / "state"))
    assert _table(held, "jsonl", "--on", "processes:2") == whole
