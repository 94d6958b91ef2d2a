"""A collection is read where its copy lies in object storage: what is shown is proved, and little is fetched."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from starlette.testclient import TestClient

from preserve.cli.main import main
from preserve.cluster import opening
from preserve.cluster.results import Result
from preserve.cluster.task import FileTask, run_task
from preserve.demo_site.pages import replies
from preserve.integrity import store_cache
from preserve.objects.objectfile import RECORD_AHEAD_BYTES
from preserve.objects.s3 import ServerPatience
from preserve.web.application import Desk
from preserve.web.settings import DeskSettings
from tests.engines import InlineEngine
from tests.kept import Beginning, beginning, served, site
from tests.objectserver import BUCKET, SECRET, ObjectServer
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

pytestmark = pytest.mark.damages

WHERE = f"s3://{BUCKET}/copies"
PAGE = replies(1)["/cable/2006/03/06VELDORA42.html"].body
CABLE = "06VELDORA42"
QUOTE = "Growers have asked for the fair to be moved"


@pytest.fixture
def demo(shell: Shell, site: Site, server: ObjectServer, beginning: Beginning, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A collection of one cable, with its copy in the store, which is asked twice at most."""
    monkeypatch.setattr("preserve.objects.s3._PATIENCE", ServerPatience(tries=2, pause_s=0.001))
    monkeypatch.setenv("XDG_CACHE_HOME", str(shell.folder / "cache"))

    def make() -> None:
        site.page("/one", PAGE)
        shell.site_collection("demo", site, "/one")
        shell("init", "demo")
        shell("capture", "demo")
        shell("replicate", WHERE, "demo")
        server.asked.clear()

    beginning(shell, make, site, server)
    return shell


def _there(shell: Shell, *words: str, status: int = 0) -> str:
    return shell(*words, "-c", "demo", "--archives", WHERE, status=status)


def _files_read(server: ObjectServer) -> list[tuple[str, str]]:
    return [(method, key) for method, key in server.asked if "/archive/" in key and method != "LIST"]


def _warc(server: ObjectServer) -> str:
    (key,) = (key for key in server.objects if "/archive/" in key)
    return key


def _read_once(demo: Any, server: ObjectServer) -> None:
    _there(demo, "show", CABLE)
    server.asked.clear()


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "words",
    [
        ("show", CABLE),
        ("show", CABLE, "--as", "raw"),
        ("show", CABLE, "--json"),
        ("cite", CABLE, "--quote", QUOTE, "--accessed", "2026-11-25", "--format", "csl-json"),
        ("history", CABLE),
        ("list",),
        ("search", "Growers"),
    ],
    ids=["show", "raw", "json", "cite", "history", "list", "search"],
)
def test_it_says_what_the_collection_says(demo: Any, words: tuple[str, ...]) -> None:
    assert _there(demo, *words) == demo(*words, "-c", "demo")


def test_a_copy_that_is_brought_up_to_date_while_it_is_read_is_shown_as_it_was(
    demo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo("capture", "demo")

    def meanwhile(cache: Any, size: int) -> None:
        if not later:
            later.append(1)
            demo("replicate", WHERE, "demo")
        tiles(cache, size)

    later: list[int] = []
    tiles = store_cache._Cache._tiles
    monkeypatch.setattr(store_cache._Cache, "_tiles", meanwhile)
    assert CABLE in _there(demo, "show", CABLE)
    # What is there now is known of the place, and is what is read next.
    assert CABLE in _there(demo, "show", CABLE)
    assert later == [1]


def test_a_capsule_is_the_same(demo: Any, tmp_path: Path) -> None:
    words = ("cite", CABLE, "--quote", QUOTE, "--accessed", "2026-11-25", "--capsule")
    _there(demo, *words, str(tmp_path / "there.zip"))
    demo(*words, str(tmp_path / "here.zip"), "-c", "demo")
    assert (tmp_path / "there.zip").read_bytes() == (tmp_path / "here.zip").read_bytes()


def test_what_was_fetched_once_is_not_fetched_again(demo: Any, server: ObjectServer) -> None:
    _there(demo, "show", CABLE)
    first = list(server.asked)
    assert [method for method, _key in first if method == "PUT"] == []
    server.asked.clear()
    _there(demo, "show", CABLE)
    assert not [key for _method, key in server.asked if "/tile/" in key]
    # The record of the page, and where its file ends.
    assert [method for method, _key in _files_read(server)] == ["HEAD", "GET"]


def test_the_first_look_reads_no_more_of_the_files_than_the_record(demo: Any, server: ObjectServer, site: Site) -> None:
    """As many bytes as are fetched at once for one record, whatever else the files hold."""
    for seed in (1, 2):
        site.page("/one", PAGE + b"<!--" + Random(seed).randbytes(RECORD_AHEAD_BYTES * 3 // 4).hex().encode() + b"-->")
        demo("capture", "demo")
    site.page("/one", PAGE + b" ")
    demo("capture", "demo")
    demo("replicate", WHERE, "demo")
    held = sum(len(data) for key, data in server.objects.items() if "/archive/" in key)
    server.asked.clear()
    server.sent.clear()
    assert "Growers" in _there(demo, "show", CABLE)
    assert [method for method, _key in _files_read(server)] == ["HEAD", "GET"]
    read = sum(size for key, size in server.sent.items() if "/archive/" in key)
    assert (read <= RECORD_AHEAD_BYTES, held > RECORD_AHEAD_BYTES) == (True, True)


def _spans(data: bytes, change: Callable[[int, int], list[int]]) -> bytes:
    """Places with each changed, by its number and its offset."""
    said = json.loads(data)
    return json.dumps(said | {"places": [change(n, at[0]) for n, at in enumerate(said["places"])]}).encode()


def test_what_can_be_no_places_leads_to_reading_the_file(demo: Any, server: ObjectServer, tmp_path: Path) -> None:
    right = demo("show", CABLE, "--json", "-c", "demo")
    (key,) = (key for key in server.objects if "/places/" in key)
    said = json.loads(server.objects[key])
    for wrong in (None, b"[" * 100_000, json.dumps(said | {"places": said["places"][:1]}).encode()):
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        if wrong is None:
            server.objects.pop(key)
        else:
            server.objects[key] = wrong
        assert _there(demo, "show", CABLE, "--json") == right


@pytest.mark.parametrize(
    "change",
    [lambda _number, offset: [offset + 1, 1], lambda number, _offset: [number, 1]],
    ids=["beside", "at the beginning"],
)
def test_wrong_places_lead_to_reading_the_file_once(
    demo: Any, server: ObjectServer, change: Callable[[int, int], list[int]]
) -> None:
    right = demo("show", CABLE, "--json", "-c", "demo")
    (key,) = (key for key in server.objects if "/places/" in key)
    server.objects[key] = _spans(server.objects[key], change)
    assert _there(demo, "show", CABLE, "--json") == right
    # What was read is put right by the next command that begins.
    server.asked.clear()
    _there(demo, "history", CABLE)
    assert [method for method, _key in _files_read(server)] == ["HEAD", "GET", "GET"]
    server.asked.clear()
    assert _there(demo, "show", CABLE, "--json") == right
    assert [method for method, _key in _files_read(server)] == ["HEAD", "GET"]


def test_wrong_places_make_no_damaged_record_a_whole_one(demo: Any, server: ObjectServer) -> None:
    (key,) = (key for key in server.objects if "/places/" in key)
    server.objects[key] = _spans(server.objects[key], lambda number, _offset: [number, 1])
    server.objects[_warc(server)] = bytes(len(server.objects[_warc(server)]))
    assert _there(demo, "show", CABLE, status=1) == ""


def test_a_capsule_of_a_copy_with_wrong_places_is_the_same(demo: Any, server: ObjectServer, tmp_path: Path) -> None:
    (key,) = (key for key in server.objects if "/places/" in key)
    server.objects[key] = _spans(server.objects[key], lambda number, _offset: [number, 1])
    words = ("cite", CABLE, "--quote", QUOTE, "--accessed", "2026-11-25", "--capsule")
    _there(demo, *words, str(tmp_path / "there.zip"))
    demo(*words, str(tmp_path / "here.zip"), "-c", "demo")
    assert (tmp_path / "there.zip").read_bytes() == (tmp_path / "here.zip").read_bytes()


def test_what_was_captured_since_is_shown(demo: Any, server: ObjectServer, site: Site) -> None:
    _read_once(demo, server)
    site.page("/one", PAGE.replace(b"Growers have asked", b"Farmers have asked"))
    demo("capture", "demo")
    demo("replicate", WHERE, "demo")
    assert "Farmers have asked" in _there(demo, "show", CABLE)
    assert _there(demo, "show", CABLE, "--json") == demo("show", CABLE, "--json", "-c", "demo")


def test_a_record_that_was_changed_is_not_shown(demo: Any, server: ObjectServer) -> None:
    _read_once(demo, server)
    data = server.objects[_warc(server)]
    for at in range(64, len(data), len(data) // 9):
        server.objects[_warc(server)] = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        out = demo("show", CABLE, "-c", "demo", "--archives", WHERE, status=None)
        assert (demo.status, "Growers" in out) in {(0, True), (1, False)}
    server.objects[_warc(server)] = data[: len(data) // 9]
    assert _there(demo, "show", CABLE, status=1) == ""


def test_bytes_that_are_changed_on_their_way_are_not_shown(demo: Any, server: ObjectServer) -> None:
    _read_once(demo, server)
    server.bad.add("flips")
    assert _there(demo, "show", CABLE, status=1) == ""


def test_a_file_that_is_gone_is_said_to_be(demo: Any, server: ObjectServer) -> None:
    _read_once(demo, server)
    del server.objects[_warc(server)]
    assert _there(demo, "show", CABLE, status=1) == ""
    assert f"`preserve verify {WHERE}/demo " in demo.errors


def test_an_older_checkpoint_that_was_put_back_is_refused(
    demo: Any, server: ObjectServer, site: Site, tmp_path: Path
) -> None:
    _read_once(demo, server)
    key = "copies/demo/ledger/checkpoint"
    older = server.objects[key]
    site.page("/one", PAGE + b" ")
    demo("capture", "demo")
    demo("replicate", WHERE, "demo")
    _there(demo, "show", CABLE)
    server.objects[key] = older
    assert _there(demo, "show", CABLE, status=1) == ""
    assert "were here before" in demo.errors
    # Also where nothing of it lies here any more.
    shutil.rmtree(tmp_path / "cache")
    assert _there(demo, "show", CABLE, status=1) == ""
    assert "were here before" in demo.errors


@pytest.mark.one_in(2)
@pytest.mark.parametrize("part", ["ledger/tile/0/", "ledger/tile/entries/", "ledger/checkpoint", "ledger/log.vkey"])
def test_a_ledger_that_was_changed_is_refused(demo: Any, server: ObjectServer, part: str) -> None:
    key = next(key for key in sorted(server.objects) if f"/{part}" in key)
    data = bytearray(server.objects[key])
    data[len(data) // 2] ^= 1
    server.objects[key] = bytes(data)
    assert _there(demo, "show", CABLE, status=1) == ""


def test_of_another_log_at_the_same_place_nothing_is_mixed(demo: Any, server: ObjectServer, site: Site) -> None:
    _read_once(demo, server)
    (demo.archives / "demo").rename(demo.archives / "old")
    server.objects.clear()
    demo.begin_anew("demo")
    site.page("/one", PAGE.replace(b"Growers have asked", b"Farmers have asked"))
    demo("capture", "demo")
    demo("replicate", WHERE, "demo")
    assert "Farmers have asked" in _there(demo, "show", CABLE)


def test_what_was_made_here_and_changed_is_not_believed(demo: Any, server: ObjectServer, tmp_path: Path) -> None:
    _read_once(demo, server)
    stores = tmp_path / "cache" / "preserve" / "stores"
    (path,) = stores.glob("*/demo/state/catalogue.sqlite")
    with closing(sqlite3.connect(path)) as catalogue, catalogue:
        catalogue.execute("UPDATE records SET date = '2001-01-01T00:00:00Z'")
    assert _there(demo, "show", CABLE, status=1) == ""
    assert f"`rm -r {stores}`" in demo.errors
    shutil.rmtree(stores)
    assert "Growers" in _there(demo, "show", CABLE)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("fault", ["503", "cut", "lost"])
def test_trouble_that_passes_is_not_told(demo: Any, server: ObjectServer, fault: str) -> None:
    _read_once(demo, server)
    server.faults = [("GET", "/archive/", fault), ("GET", "checkpoint", fault)]
    assert "Growers" in _there(demo, "show", CABLE)
    assert demo.errors == ""
    assert not server.faults


@pytest.mark.parametrize("part", ["/archive/", "checkpoint"])
def test_trouble_that_stays_is_told_plainly(demo: Any, server: ObjectServer, part: str) -> None:
    _read_once(demo, server)
    server.faults = [("GET", part, "503")] * 40
    answer = demo.json("show", CABLE, "-c", "demo", "--archives", WHERE, status=5)
    assert "503 SlowDown" in answer["error"]["message"]
    assert SECRET not in json.dumps(answer) + demo.errors


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("show", CABLE, "--archives", WHERE), 2),
        (("show", CABLE, "-c", "none", "--archives", WHERE), 3),
        (("show", CABLE, "-c", "demo", "--archives", "s3://KEY:secret@bucket/p"), 2),
        (("capture", "demo", "--archives", WHERE), 2),
        (("rebuild", "demo", "--archives", WHERE), 2),
    ],
)
def test_what_cannot_be_done_is_told_plainly(demo: Any, words: tuple[str, ...], status: int) -> None:
    demo(*words, status=status)
    assert "secret@" not in demo.errors


@pytest.mark.one_in(3)
@pytest.mark.parametrize("words", [("extract",), ("index",), ("extract", "--processes", "2")])
def test_whole_files_give_what_they_give_here(demo: Any, server: ObjectServer, words: tuple[str, ...]) -> None:
    files = sorted(str(path) for path in (demo.archives / "demo" / "archive").iterdir())
    here, there = demo.folder / "here", demo.folder / "there"
    assert main([*words, *files, "-o", str(here)]) == 0
    assert main([*words, f"{WHERE}/demo", "-o", str(there)]) == 0
    assert (here.read_bytes() == there.read_bytes(), here.stat().st_size > 0) == (True, True)
    # Its length was asked for, and its bytes once.
    assert [method for method, _key in _files_read(server)] == ["HEAD", "GET"]


@pytest.mark.parametrize("command", ["extract", "index"])
def test_a_file_that_is_not_the_one_sealed_is_left_out(
    demo: Any, server: ObjectServer, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    key, data = _warc(server), server.objects[_warc(server)]
    for wrong in (data[:-1] + bytes([data[-1] ^ 1]), data + b"\0", None):
        if wrong is None:
            del server.objects[key]
        else:
            server.objects[key] = wrong
        assert main([command, f"{WHERE}/demo"]) == 1
        out, errors = capsys.readouterr()
        assert (out, f"{WHERE}/demo/archive/" in errors) == ("", True)
    server.objects[key] = data
    server.faults = [("GET", "/archive/", "503")] * 40
    assert main([command, f"{WHERE}/demo"]) == 5
    assert "Traceback" not in capsys.readouterr().err


Use = Callable[[InlineEngine], InlineEngine]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Use:
    """Has ``--on processes`` mean this engine."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def used(engine: InlineEngine) -> InlineEngine:
        monkeypatch.setattr(opening, "ProcessEngine", lambda _count: engine)
        return engine

    return used


@pytest.fixture
def twice(demo: Any, site: Site, server: ObjectServer) -> list[Path]:
    """The collection captured twice, and its copy; the files, in the order of the ledger."""
    site.page("/one", PAGE.replace(b"Growers have asked", b"Farmers have asked"))
    demo("capture", "demo")
    demo("replicate", WHERE, "demo")
    server.asked.clear()
    return sorted((demo.archives / "demo" / "archive").iterdir())


WAYS = [("extract",), ("extract", "--format", "parquet"), ("index",), ("index", "--format", "parquet")]


@pytest.mark.parametrize("words", WAYS, ids=" ".join)
def test_whole_files_that_others_read_give_the_same(
    demo: Any, twice: list[Path], server: ObjectServer, use: Use, words: tuple[str, ...]
) -> None:
    seen: list[FileTask] = []

    def run(task: FileTask) -> Result:
        seen.append(task)
        return run_task(task, 0)

    use(InlineEngine(run=run))
    here, there = demo.folder / "here", demo.folder / "there"
    assert main([*words, *map(str, twice), "-o", str(here)]) == 0
    assert main([*words, f"{WHERE}/demo", "--on", "processes", "-o", str(there)]) == 0
    assert (here.read_bytes() == there.read_bytes(), here.stat().st_size > 0) == (True, True)
    # This process lists the files; each is fetched once, by who reads it.
    assert [method for method, key in server.asked if "/archive/" in key] == ["LIST", "GET", "GET"]
    secrets = [value for name, value in server.environment().items() if "SECRET" in name or "KEY_ID" in name]
    assert len(seen) == len(twice)
    assert not any(secret in repr(task) for task in seen for secret in secrets)


@pytest.mark.parametrize("command", ["extract", "index"])
def test_stopped_while_others_read_it_goes_on(demo: Any, twice: list[Path], use: Use, command: str) -> None:
    here, there = demo.folder / "here", demo.folder / "there"
    words = [command, f"{WHERE}/demo", str(twice[0]), "-o"]
    assert main([*words, str(here)]) == 0
    stopped = use(InlineEngine(most=1))
    assert main([*words, str(there), "--on", "processes"]) == 130
    rest = use(InlineEngine())
    assert main([*words, str(there), "--on", "processes"]) == 0
    assert here.read_bytes() == there.read_bytes()
    assert len(stopped.names) == 1
    assert sorted(stopped.names + rest.names) == sorted(
        [*(f"{WHERE}/demo/archive/{path.name}" for path in twice), str(twice[0])]
    )


@pytest.mark.parametrize("command", ["extract", "index"])
def test_what_is_not_as_it_was_sealed_is_left_out_whoever_reads_it(
    demo: Any, twice: list[Path], server: ObjectServer, use: Use, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command, str(twice[1])]) == 0
    rest = capsys.readouterr().out
    key = f"copies/demo/archive/{twice[0].name}"
    data = server.objects[key]
    for wrong in (data[:-1] + bytes([data[-1] ^ 1]), data + b"\0", None):
        if wrong is None:
            del server.objects[key]
        else:
            server.objects[key] = wrong
        assert main([command, f"{WHERE}/demo"]) == 1
        here = capsys.readouterr()
        use(InlineEngine())
        assert main([command, f"{WHERE}/demo", "--on", "processes"]) == 1
        assert sorted(capsys.readouterr().err.splitlines()) == sorted(here.err.splitlines())
        assert here.out == rest
    server.objects[key] = data
    # Of what nobody could fetch nothing is said but that.
    server.faults = [("GET", f"/archive/{twice[0].name}", "503")] * 40
    use(InlineEngine())
    assert main([command, f"{WHERE}/demo", "--on", "processes"]) == 7
    out, errors = capsys.readouterr()
    assert (out, f"{WHERE}/demo/archive/{twice[0].name} is left out" in errors) == (rest, True)
    assert "1 of 2 files" in errors
    server.faults = []
    again = use(InlineEngine())
    assert main([command, f"{WHERE}/demo", "--on", "processes"]) == 0
    assert again.names == [f"{WHERE}/demo/archive/{twice[0].name}"]


@pytest.mark.slow
def test_processes_read_files_in_a_store(demo: Any, twice: list[Path], use: Use, tmp_path: Path) -> None:
    assert main(["extract", *map(str, twice), "-o", str(tmp_path / "here")]) == 0
    assert main(["extract", f"{WHERE}/demo", "--on", "processes:2", "-o", str(tmp_path / "there")]) == 0
    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes()


@pytest.fixture
def desk(demo: Any, server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The desk that `preserve serve` would begin over the store."""
    begun: list[DeskSettings] = []
    monkeypatch.setattr("preserve.web.server.serve", lambda settings, **_rest: begun.append(settings))
    demo("serve", "demo", "--archives", WHERE)
    (settings,) = begun
    server.asked.clear()
    return TestClient(Desk(replace(settings, hosts=frozenset({"testserver"})), lambda _line: None))


def test_the_desk_shows_what_lies_there(desk: TestClient, server: ObjectServer) -> None:
    answer = desk.get(f"/cable/{CABLE}")
    assert (answer.status_code, "Growers have asked" in answer.text) == (200, True)
    assert {(method, "/archive/" in key) for method, key in server.asked} == {("GET", True), ("HEAD", True)}
    server.faults = [("GET", "/archive/", "503")] * 40
    answer = desk.get(f"/cable/{CABLE}")
    assert (answer.status_code, "Growers have asked" in answer.text, SECRET in answer.text) == (503, False, False)
    server.faults = []
    assert desk.get(f"/cable/{CABLE}").status_code == 200


def test_the_desk_shows_no_record_that_was_changed(desk: TestClient, server: ObjectServer) -> None:
    server.bad.add("flips")
    answer = desk.get(f"/cable/{CABLE}")
    assert (answer.status_code, "Growers have asked" in answer.text) == (500, False)
