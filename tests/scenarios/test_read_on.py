"""`index` and `extract` with files that other processes read: the same bytes, and only what is missing is read."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from preserve.cli.main import main
from preserve.cluster import opening
from preserve.cluster.results import Result
from preserve.cluster.task import FileTask, run_task
from tests.engines import InlineEngine
from tests.scenarios.test_history_of_releases import page, warc
from tests.warcs import gz, record, reply


@dataclass
class Reader:
    """Runs commands over some files. ``files``: cables, a page of another kind, a saved page, a damaged file."""

    folder: Path
    files: list[Path]
    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def use(self, engine: InlineEngine) -> InlineEngine:
        """Has ``--on processes`` mean this engine."""
        self.patch.setattr(opening, "ProcessEngine", lambda _count: engine)
        return engine

    def __call__(self, *words: str, status: int) -> tuple[bytes, str]:
        """What is written, and what is told beside it."""
        out = self.folder / "out"
        out.unlink(missing_ok=True)
        self.capsys.readouterr()
        assert main([*words, *map(str, self.files), "-o", str(out)]) == status
        told = self.capsys.readouterr()[1]
        assert "Traceback" not in told
        return out.read_bytes() if out.exists() else b"", told

    def kept(self) -> list[str]:
        """Jobs of which results lie there."""
        root = self.folder / "state" / "preserve" / "cluster"
        return [path.name for path in root.iterdir()] if root.exists() else []


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Reader:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    files = tmp_path / "files"
    files.mkdir()
    pages = [(f"http://a.example/{number}", "2010-12-01T00:00:00Z", page(f"08SAMPLETOWN{number}")) for number in (1, 2)]
    first = warc(files / "z.warc.gz", pages)
    other = files / "b.warc.gz"
    other.write_bytes(gz(record(7, reply("<p>one\u2028two\x85three\r</p>".encode(), "Content-Type: text/html"))))
    damaged = files / "c.warc.gz"
    damaged.write_bytes(gz(record(8, reply(b"<p>8", "Content-Type: text/html")))[:-9] + b"no WARC file")
    saved = files / "saved.html"
    saved.write_bytes(page("08SAMPLETOWN13"))
    # Another file of the same name, and one that is named twice.
    again = warc(tmp_path / "z.warc.gz", pages[:1])
    return Reader(tmp_path, [first, other, damaged, saved, again, other], monkeypatch, capsys)


COMMANDS = [
    ("index",),
    ("index", "--format", "parquet"),
    ("extract",),
    ("extract", "--message"),
    ("extract", "--only-cables", "--format", "parquet"),
]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_file_is_called_as_it_was_named(reader: Reader, words: tuple[str, ...]) -> None:
    # A link to another file, and a name of bytes that are no text.
    first, linked = reader.files[0], reader.files[0].with_name(os.fsdecode(b"odd-\xff.warc.gz"))
    linked.symlink_to(first)
    reader.files = [first, linked]
    here = reader(*words, status=0)
    reader.use(InlineEngine())
    assert reader(*words, "--on", "processes", status=0) == here


@pytest.mark.one_in(2)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_is_written_is_that_of_one_process(reader: Reader, words: tuple[str, ...]) -> None:
    here = reader(*words, status=1)
    assert here[0]
    engine = reader.use(InlineEngine())
    assert reader(*words, "--on", "processes", status=1) == here
    assert engine.names == [str(path) for path in reader.files[:-1]]
    assert not reader.kept()


@pytest.mark.parametrize("words", [("index",), ("extract",)], ids=" ".join)
def test_stopped_and_run_again_it_reads_only_what_is_missing(reader: Reader, words: tuple[str, ...]) -> None:
    here = reader(*words, status=1)
    stopped = reader.use(InlineEngine(most=2))
    assert reader(*words, "--on", "processes", status=130)[0] == b""
    assert len(reader.kept()) == 2  # the results, and their lock
    rest = reader.use(InlineEngine())
    assert reader(*words, "--on", "processes", status=1) == here
    assert stopped.names + rest.names == [str(path) for path in reader.files[:-1]]
    # All is done: the next one reads everything.
    again = reader.use(InlineEngine())
    assert reader(*words, "--on", "processes", status=1) == here
    assert again.names == stopped.names + rest.names


def test_a_file_that_changed_and_another_wish_are_read_again(reader: Reader) -> None:
    reader.use(InlineEngine(most=2))
    reader("extract", "--on", "processes", status=130)
    warc(reader.files[0], [("http://a.example/9", "2010-12-01T00:00:00Z", page("08SAMPLETOWN9"))])
    here = reader("extract", status=1)
    again = reader.use(InlineEngine())
    assert reader("extract", "--on", "processes", status=1) == here
    assert str(reader.files[0]) in again.names
    assert str(reader.files[1]) not in again.names
    reader.use(InlineEngine(most=2))
    reader("extract", "--on", "processes", status=130)
    other = reader.use(InlineEngine())
    reader("extract", "--message", "--on", "processes", status=1)
    assert len(other.names) == 5


def _not(lost: str, given: bytes | None) -> Callable[[FileTask], Result | None]:
    return lambda task: given if task.name == lost else run_task(task, 0)


@pytest.mark.parametrize("given", [None, b"", b"no result"])
def test_a_file_that_nobody_could_read_costs_itself_and_is_named(reader: Reader, given: bytes | None) -> None:
    whole = reader("extract", status=1)
    lost = reader.files.pop(0)
    rest, _told = reader("extract", status=1)
    reader.files.insert(0, lost)
    reader.use(InlineEngine(run=_not(str(lost), given)))
    written, told = reader("extract", "--on", "processes", status=7)
    assert written == rest
    assert f"{lost} is left out" in told
    assert "1 of 6 files" in told
    # Run again, it is the only one that is read.
    again = reader.use(InlineEngine())
    assert reader("extract", "--on", "processes", status=1) == whole
    assert again.names == [str(lost)]


def test_a_result_of_another_file_is_none(reader: Reader) -> None:
    first, namesake = reader.files[0], reader.files[4]

    def run(task: FileTask) -> Result:
        other = task._replace(name=str(namesake), key=str(namesake)) if task.name == str(first) else task
        return run_task(other, 0)

    reader.use(InlineEngine(run=run))
    assert f"{first} is left out" in reader("index", "--on", "processes", status=7)[1]


def test_parts_that_several_machines_wrote_are_put_together(reader: Reader) -> None:
    files = [*reader.files[:2], reader.files[4]]
    for command, together in (("index", ["sort", "-m"]), ("extract", ["cat"])):
        reader.files = files
        whole = reader(command, status=0)[0]
        parts = []
        for number, some in enumerate((files[:1], files[1:])):
            reader.files = some
            reader.use(InlineEngine())
            parts.append(reader.folder / f"part.{number}")
            parts[-1].write_bytes(reader(command, "--on", "processes", status=0)[0])
        put = subprocess.run([*together, *parts], env={**os.environ, "LC_ALL": "C"}, check=True, capture_output=True)
        assert put.stdout == whole


def test_who_reads_is_said_once(reader: Reader) -> None:
    for words in (("index",), ("extract",)):
        assert "--processes" in reader(*words, "--on", "processes", "--processes", "2", status=2)[1]
        reader(*words, "--on", "nowhere", status=2)


@pytest.mark.slow
@pytest.mark.parametrize("words", [("index",), ("extract",)], ids=" ".join)
def test_processes_write_what_one_writes(reader: Reader, words: tuple[str, ...]) -> None:
    assert reader(*words, "--on", "processes:2", status=1) == reader(*words, status=1)
