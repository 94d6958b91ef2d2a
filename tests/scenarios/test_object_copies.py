"""Copies in object storage: nothing there is ever overwritten, and what goes wrong is said in plain words."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.formats.tlog.note import Signer, parse_note
from preserve.formats.tlog.signing import sign_note
from preserve.store.layout import CollectionPaths
from tests.kept import Beginning, beginning, served, site
from tests.objectserver import BUCKET, SECRET, ObjectServer
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

pytestmark = pytest.mark.damages

DEST = f"s3://{BUCKET}/copies"


@pytest.fixture
def demo(shell: Shell, site: Site, beginning: Beginning) -> Any:
    """A collection of one capture."""

    def make() -> None:
        site.page("/", b"<p>page</p>")
        shell.site_collection("demo", site, "/")
        shell("init", "demo")
        shell("capture", "demo")

    beginning(shell, make, site)
    return shell


def _replicated(shell: Shell, *words: str, dest: str = DEST, status: int = 0) -> dict[str, Any]:
    (item,) = shell.json("replicate", dest, "demo", *words, status=status)["collections"]
    found: dict[str, Any] = item
    return found


def _codes(item: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in item["findings"]}


def _paths(shell: Shell) -> CollectionPaths:
    return CollectionPaths(shell.archives, "demo")


def _held(server: ObjectServer) -> dict[str, bytes]:
    """The objects of the collection, by their paths in its folder, without the places of records."""
    start = "copies/demo/"
    held = {key.removeprefix(start): data for key, data in server.objects.items() if key.startswith(start)}
    return {name: data for name, data in held.items() if not name.startswith("places/")}


def _evidence(shell: Shell) -> dict[str, bytes]:
    """What a copy must hold: all but what is derived."""
    folder = _paths(shell).folder
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {
        name: path.read_bytes()
        for name, path in files.items()
        if name.partition("/")[0] not in {"indexes", "state"} and name != "ledger/pending.jsonl"
    }


def test_a_copy_is_the_files_of_the_collection_declared_by_their_sha256(demo: Any, server: ObjectServer) -> None:
    item = _replicated(demo)
    assert (item["relation"], item["complete"], item["findings"]) == ("new", True, [])
    assert _held(server) == _evidence(demo)
    assert all(server.declared[key] == hashlib.sha256(data).hexdigest() for key, data in server.objects.items())
    written = [key for method, key in server.asked if method == "PUT" and "demo/" in key]
    assert written[-1] == "copies/demo/ledger/checkpoint"


def test_a_copy_is_brought_up_to_date_and_nothing_but_its_checkpoint_is_replaced(
    demo: Any, server: ObjectServer
) -> None:
    _replicated(demo)
    first = _held(server)
    assert _replicated(demo)["relation"] == "same"
    assert _held(server) == first
    demo("capture", "demo")
    item = _replicated(demo)
    assert (item["relation"], item["complete"]) == ("older", True)
    now = _held(server)
    assert {name for name in first if now[name] != first[name]} == {"ledger/checkpoint"}
    assert _evidence(demo).items() <= now.items()
    assert _replicated(demo, "--check")["findings"] == []


def test_places_of_records_are_put_there_once_for_each_file(demo: Any, server: ObjectServer) -> None:
    def put() -> list[str]:
        server.asked.clear()
        assert _replicated(demo)["complete"]
        return [key for method, key in server.asked if method == "PUT" and "/places/" in key]

    def names() -> set[str]:
        return {f"copies/demo/places/{path.name}.json" for path in _paths(demo).archive.iterdir()}

    first = put()
    assert (set(first), put()) == (names(), [])
    demo("capture", "demo")
    second = put()
    assert (set(second), set(first) & set(second)) == (names() - set(first), set())
    del server.objects[first[0]]
    assert put() == first
    # The catalogue says where they are: without it nothing else is left undone.
    del server.objects[first[0]]
    _paths(demo).catalogue.write_bytes(b"none")
    assert put() == []


def test_what_is_fetched_by_any_tool_is_a_collection(demo: Any, server: ObjectServer, tmp_path: Path) -> None:
    _replicated(demo)
    for key, data in server.objects.items():
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    demo("rebuild", "demo", "--archives", str(tmp_path / "copies"))
    demo("verify", "demo", "--archives", str(tmp_path / "copies"))


def test_a_dry_run_writes_nothing(demo: Any, server: ObjectServer) -> None:
    item = _replicated(demo, "--dry-run")
    assert len([name for name in item["copied"] if name.endswith(".warc.gz")]) == 1
    assert not [asked for asked in server.asked if asked[0] == "PUT"]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("part", ["archive/", "ledger/tile/entries/", "ledger/log.vkey", "preserve.json", "checkpoint"])
def test_a_copy_that_was_cut_short_is_gone_on_with(demo: Any, server: ObjectServer, part: str) -> None:
    server.faults = [("PUT", f"demo/{part}" if part != "checkpoint" else "ledger/checkpoint", "403")]
    error = demo.json("replicate", DEST, "demo", status=7)["error"]
    assert "AccessDenied" in error["message"]
    before = dict(server.objects)
    assert "copies/demo/ledger/checkpoint" not in before
    assert _replicated(demo)["complete"]
    assert before.items() <= server.objects.items()
    assert _held(server) == _evidence(demo)


def test_a_writer_whose_answer_was_lost_finds_its_own_object(demo: Any, server: ObjectServer) -> None:
    server.faults = [("PUT", "demo/archive/", "lost"), ("PUT", "demo/ledger/checkpoint", "lost")]
    assert _replicated(demo)["complete"]
    assert _held(server) == _evidence(demo)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", ["archive/", "ledger/tile/0/", "preserve.json"])
@pytest.mark.parametrize("words", [(), ("--check",)], ids=["", "check"])
def test_what_is_there_and_differs_is_never_written_over(
    demo: Any, server: ObjectServer, name: str, words: tuple[str, ...]
) -> None:
    _replicated(demo)
    (key,) = (key for key in server.objects if key.startswith(f"copies/demo/{name}"))
    server.objects[key] = bytes([server.objects[key][0] ^ 1]) + server.objects[key][1:]
    before = dict(server.objects)
    item = _replicated(demo, *words, status=1 if words else 0)
    assert _codes(item) == ({"E-REPLICA-DIFFERS"} if words else set())
    assert server.objects == before


def test_a_file_of_another_size_is_told_and_the_checkpoint_stays(demo: Any, server: ObjectServer) -> None:
    _replicated(demo)
    (key,) = (key for key in server.objects if key.startswith("copies/demo/archive/"))
    server.objects[key] += b"!"
    before = dict(server.objects)
    demo("capture", "demo")
    item = _replicated(demo, status=1)
    assert (_codes(item), item["complete"]) == ({"E-REPLICA-DIFFERS"}, False)
    assert before.items() <= server.objects.items()


def test_a_source_file_that_is_damaged_is_not_copied(demo: Any, server: ObjectServer) -> None:
    (path,) = _paths(demo).archive.glob("*.warc.gz")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])
    item = _replicated(demo, status=1)
    assert (_codes(item), item["complete"]) == ({"E-REPLICA-SOURCE"}, False)
    assert "ledger/checkpoint" not in _held(server)
    assert not [name for name in _held(server) if name.startswith("archive/")]


def _then(demo: Any, server: ObjectServer, key: str, other: Callable[[], None]) -> str:
    """What is said where something happens before an object is written."""
    server.before = {key: other}
    error = demo.json("replicate", DEST, "demo", status=4)["error"]
    return str(error["message"])


def test_of_two_writers_the_second_to_set_a_checkpoint_is_told(demo: Any, server: ObjectServer) -> None:
    _replicated(demo)
    demo("capture", "demo")
    key = "copies/demo/ledger/checkpoint"
    other = server.objects[key] + b"\xe2\x80\x94 somebody/else AAAAAAAA\n"
    message = _then(demo, server, key, lambda: server.objects.__setitem__(key, other))
    assert "another process" in message
    assert server.objects[key] == other


def test_of_two_first_writers_one_wins(demo: Any, server: ObjectServer) -> None:
    key = "copies/demo/ledger/checkpoint"
    _then(demo, server, key, lambda: server.objects.__setitem__(key, b"theirs"))
    assert server.objects[key] == b"theirs"


def test_two_writers_of_the_same_checkpoint_both_end_well(demo: Any, server: ObjectServer) -> None:
    key = "copies/demo/ledger/checkpoint"
    note = _paths(demo).checkpoint.read_bytes()
    server.before = {key: lambda: server.objects.__setitem__(key, note)}
    assert _replicated(demo)["complete"]


def test_another_log_in_its_place_is_a_fork_and_stays(demo: Any, server: ObjectServer) -> None:
    _replicated(demo)
    key = "copies/demo/ledger/checkpoint"
    lines = server.objects[key].decode().split("\n")
    server.objects[key] = "\n".join(["preserve/other/12345678", *lines[1:]]).encode()
    before = dict(server.objects)
    item = _replicated(demo, status=1)
    assert (item["relation"], _codes(item)) == ("forked", {"E-REPLICA-FORKED"})
    assert server.objects == before


def test_a_checkpoint_signed_by_nobody_known_is_a_fork(demo: Any, server: ObjectServer) -> None:
    _replicated(demo)
    key = "copies/demo/ledger/checkpoint"
    note = parse_note(server.objects[key])
    signer = Signer(note.text.split("\n")[0], Ed25519PrivateKey.generate())
    server.objects[key] = sign_note(note.text, [signer])
    assert _replicated(demo, status=1)["relation"] == "forked"


def test_an_older_checkpoint_put_back_is_told(demo: Any, server: ObjectServer) -> None:
    _replicated(demo)
    older = server.objects["copies/demo/ledger/checkpoint"]
    demo("capture", "demo")
    _replicated(demo)
    server.objects["copies/demo/ledger/checkpoint"] = older
    item = _replicated(demo, status=1)
    assert (item["relation"], _codes(item)) == ("older", {"E-LEDGER-ROLLED-BACK"})


def test_a_copy_that_is_ahead_is_left_alone(demo: Any, server: ObjectServer, tmp_path: Path) -> None:
    shutil.copytree(demo.archives, tmp_path / "older")
    demo("capture", "demo")
    _replicated(demo)
    before = dict(server.objects)
    answer = demo.json("replicate", DEST, "demo", "--archives", str(tmp_path / "older"))
    assert answer["collections"][0]["relation"] == "newer"
    assert server.objects.keys() == before.keys()


@pytest.mark.parametrize("bad", ["overwrites", "replaces", "unchecked", "flips"])
def test_a_store_that_is_no_place_for_evidence_is_refused(demo: Any, server: ObjectServer, bad: str) -> None:
    server.bad = {bad}
    error = demo.json("replicate", DEST, "demo", status=7)["error"]
    assert "no place for evidence" in error["message"]
    assert all(key.startswith("copies/preserve-probe/") for key in server.objects)


def test_no_secret_is_ever_said(demo: Any, server: ObjectServer) -> None:
    server.faults = [("PUT", "demo/archive/", "403")]
    demo("replicate", DEST, "demo", status=7)
    assert SECRET not in demo.errors
    demo("replicate", f"s3://key:{SECRET}@{BUCKET}/copies", status=2)
    assert SECRET not in demo.errors
    demo("replicate", DEST, "demo")
    assert SECRET.encode() not in b"".join(server.objects.values())
    assert not [path for path in demo.folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "dest", ["s3://", "s3://A", "s3://bucket/a b", "s3://bucket/../x", "file://host/x", "s3://b?x=1"]
)
def test_what_names_no_store_is_a_mistake_of_the_user(demo: Any, dest: str) -> None:
    demo("replicate", dest, "demo", status=2)


def test_a_bucket_that_is_not_there(demo: Any, server: ObjectServer) -> None:
    error = demo.json("replicate", "s3://no-such-bucket/x", "demo", status=7)["error"]
    assert "there is no bucket no-such-bucket" in error["message"]


def test_the_same_in_a_folder(demo: Any, tmp_path: Path) -> None:
    dest = f"file://{tmp_path}/objects"
    assert _replicated(demo, dest=dest)["complete"]
    folder = tmp_path / "objects" / "demo"
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "places"]
    held = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    assert held == _evidence(demo)
    demo("capture", "demo")
    assert _replicated(demo, dest=dest)["relation"] == "older"
    assert _replicated(demo, "--check", dest=dest)["relation"] == "same"
