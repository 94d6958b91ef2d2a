"""The search index, filled by what states texts: right at once, right after a stop, and in nobody's way."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from preserve.demo_site.pages import replies
from preserve.replay import indexing, stated_texts
from preserve.replay.text_spool import TextSpool
from preserve.store.layout import CollectionPaths
from preserve.store.searchindex import SearchIndex
from tests.shell import Shell
from tests.site import Site

_DERIVED = {"id", "text", "mac"}
"""Columns that say nothing of a text: numbers that the database gave, and MACs, which are over these too."""


@pytest.fixture
def mirror(shell: Shell, site: Site) -> Any:
    """The mirror, not captured yet."""
    _phase(site, 1)
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    return shell


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the cables whose records are read again for the index."""
    found: list[str] = []
    read = stated_texts._read

    def counting(source: Any, take: Any, batch: Any) -> Any:
        found.extend(cable.published_id for cable in batch)
        return read(source, take, batch)

    monkeypatch.setattr(stated_texts, "_read", counting)
    return found


def _phase(site: Site, phase: int) -> None:
    site.replies.update({path: reply.wire() for path, reply in replies(phase).items()})


def _index(shell: Shell, name: str = "demo") -> Path:
    return CollectionPaths(shell.archives, name).search


def _rows(path: Path) -> dict[str, list[Any]]:
    """All that an index says, without what only the order of taking in decides."""
    with closing(sqlite3.connect(path)) as index:
        index.row_factory = sqlite3.Row
        found: dict[str, list[Any]] = {
            table: sorted(
                [(key, row[key]) for key in row.keys() if key not in _DERIVED]  # noqa: SIM118 - a row's values else
                for row in index.execute(f"SELECT * FROM {table}")
            )
            for table in ("texts", "cables", "citations")
        }
        found["meta"] = index.execute("SELECT name, value FROM meta WHERE name != 'seal' ORDER BY name").fetchall()
        found["meta"] = [tuple(row) for row in found["meta"]]
        return found


def _as_made_by_a_search(shell: Shell, name: str = "demo") -> dict[str, list[Any]]:
    path = _index(shell, name)
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    shell("list", "--collection", name)
    assert shell.errors == ""
    return _rows(path)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("processes", ["1", "2"])
def test_after_captures_a_search_reads_nothing_again(mirror: Any, site: Site, reads: list[str], processes: str) -> None:
    for phase in (1, 2, 2):
        _phase(site, phase)
        mirror("capture", "demo", "--processes", processes, status=None)
        assert mirror.json("search", "lighthouses")["hits"]
        assert mirror.errors == ""
    assert reads == []
    as_stated = _rows(_index(mirror))
    assert len(as_stated["cables"]) > 4
    assert as_stated == _as_made_by_a_search(mirror)
    assert reads


def test_after_an_import_and_a_reading_again_a_search_reads_nothing_again(
    mirror: Any, site: Site, reads: list[str]
) -> None:
    mirror("capture", "demo", status=None)
    (path,) = (mirror.archives / "demo" / "archive").glob("*.warc.gz")
    mirror.json("import", str(path), "--into", "old")
    assert mirror.json("search", "--collection", "old", "lighthouses")["hits"]
    mirror.site_collection("late", site, "/", layouts="[plusd]")
    mirror("init", "late")
    mirror("capture", "late", status=None)
    mirror.site_collection("late", site, "/")
    assert mirror.json("reread", "late")["texts"] == 5
    assert len(mirror.json("list", "--collection", "late")["cables"]) == 4
    assert reads == []
    for name in ("old", "late"):
        assert _rows(_index(mirror, name)) == _as_made_by_a_search(mirror, name)


def test_a_run_that_states_no_text_makes_no_index(shell: Shell, site: Site) -> None:
    site.page("/", b"<p>nothing</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    assert not _index(shell).exists()


def _stop(*_given: Any, **_named: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "target", ["preserve.crawler.capture.index_stated", "preserve.store.searchindex.SearchIndex.finish"]
)
def test_what_a_stop_behind_the_checkpoint_leaves_out_the_next_search_takes_in(
    mirror: Any, site: Site, reads: list[str], monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(target, _stop)
        mirror("capture", "demo", status=130)
    _phase(site, 2)
    mirror("capture", "demo", status=None)
    # The texts of the first run are in the way of those of the second.
    assert mirror.json("search", "lighthouses")["hits"]
    assert mirror.errors == ""
    assert reads
    assert _rows(_index(mirror)) == _as_made_by_a_search(mirror)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("step", [1, 2, 3])
def test_one_that_was_stopped_between_steps_goes_on(
    mirror: Any, monkeypatch: pytest.MonkeyPatch, reads: list[str], step: int
) -> None:
    add, calls = SearchIndex.add, []

    def stopping(self: SearchIndex, *given: Any, **named: Any) -> None:
        calls.append(1)
        if len(calls) == step:
            raise KeyboardInterrupt
        add(self, *given, **named)

    monkeypatch.setattr(indexing, "_TEXTS_A_STEP", 1)
    with monkeypatch.context() as patched:
        patched.setattr(SearchIndex, "add", stopping)
        mirror("capture", "demo", status=130)
    assert len(mirror.json("list")["cables"]) == 4
    assert len(reads) == 5 - (step - 1)
    assert _rows(_index(mirror)) == _as_made_by_a_search(mirror)


def _fail(*_given: Any, **_named: Any) -> None:
    raise sqlite3.OperationalError("database is locked")


@pytest.mark.one_in(2)
@pytest.mark.parametrize("how", ["directory", "rubbish", "locked", "no spool", "full disk"])
def test_an_index_that_cannot_be_written_fails_no_capture(
    mirror: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    path = _index(mirror)
    with monkeypatch.context() as patched:
        if how == "directory":
            path.mkdir(parents=True)
        elif how == "rubbish":
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"rubbish" * 1000)
        elif how == "locked":
            patched.setattr(SearchIndex, "finish", _fail)
        elif how == "no spool":
            patched.setattr("preserve.replay.text_spool.TemporaryFile", _no_room)
        else:
            patched.setattr("preserve.replay.text_spool._MOST_BYTES", 1_000)
        said = mirror.json("capture", "demo", status=None)
    assert (said["outcome"], said["cables"]) == ("complete", 5)
    if how == "directory":
        path.rmdir()
    assert len(mirror.json("list")["cables"]) == 4


def _no_room(*_given: Any, **_named: Any) -> None:
    raise OSError(28, "No space left on device")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[TextSpool]:
    with TextSpool.of(CollectionPaths(tmp_path, "demo")) as made:
        yield made


def test_a_piece_that_was_written_in_part_ends_what_is_found(mirror: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write, sizes = os.write, []

    def short(file: int, said: bytes) -> int:
        sizes.append(len(said))
        return write(file, said[:-1] if len(sizes) == 3 else said)

    monkeypatch.setattr("preserve.replay.text_spool.os", SimpleNamespace(**{**vars(os), "write": short}))
    mirror("capture", "demo", status=None)
    assert len(sizes) == 5
    with SearchIndex.open(CollectionPaths(mirror.archives, "demo"), None, read_only=True) as index:
        assert len(index._db.execute("SELECT 1 FROM cables").fetchall()) == 2
    assert len(mirror.json("list")["cables"]) == 4


def test_nothing_of_a_spool_is_left_in_the_archive(spool: TextSpool, tmp_path: Path) -> None:
    assert not spool.find()
    assert list((tmp_path / "demo" / "state").iterdir()) == []
