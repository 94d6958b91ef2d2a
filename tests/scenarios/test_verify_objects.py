"""A copy in object storage is checked there: all damage is found, and trouble of the network is no damage."""

import json
from pathlib import Path
from typing import Any

import pytest

from preserve.integrity.verify.attestations import KNOWN
from preserve.objects.s3 import ServerPatience
from preserve.objects.spool import spool_collection
from tests.kept import Beginning, beginning, copy_two_captures, served, site
from tests.objectserver import BUCKET, ObjectServer
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

pytestmark = pytest.mark.damages

WHERE = f"s3://{BUCKET}/copies"
_FILES = "every file is the one sealed"
_RECORDS = "every record is the one in the ledger"


@pytest.fixture
def demo(shell: Shell, site: Site, server: ObjectServer, beginning: Beginning) -> Any:
    """A collection of two captures, with its copy in the store."""

    beginning(shell, lambda: copy_two_captures(shell, site), site, server)
    return shell


def _verified(shell: Shell, *words: str, status: int = 0) -> dict[str, Any]:
    (report,) = shell.json("verify", f"{WHERE}/demo", *words, status=status)["collections"]
    found: dict[str, Any] = report
    return found


def _codes(report: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in report["findings"]}


def _verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {claim["claim"]: claim["verdict"] for claim in report["claims"]}


def _key(server: ObjectServer, part: str, number: int = 0) -> str:
    return sorted(key for key in server.objects if key.startswith(f"copies/demo/{part}"))[number]


def _flip(server: ObjectServer, key: str, at: float = 0.5) -> None:
    data = bytearray(server.objects[key])
    data[int(len(data) * at)] ^= 1
    server.objects[key] = bytes(data)


def test_a_copy_says_what_the_collection_says(demo: Any) -> None:
    there = _verified(demo)
    (here,) = demo.json("verify", "demo", "--deep")["collections"]
    derived = {name for name in _verdicts(here) if name.startswith(("index", "catalogue"))}
    (lock,) = _verdicts(there).keys() - _verdicts(here).keys()
    assert {name: verdict for name, verdict in _verdicts(there).items() if name not in {*derived, lock}} == {
        name: verdict for name, verdict in _verdicts(here).items() if name not in derived
    }
    assert {_verdicts(there)[name] for name in (*derived, lock)} == {"NOT CHECKED"}
    assert [there[name] for name in ("records", "statements", "bytes_read", "findings")] == [
        here[name] for name in ("records", "statements", "bytes_read", "findings")
    ]
    assert there["subject"] == f"{WHERE}/demo"


def test_nothing_of_it_stays_on_this_machine(demo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spool").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
    before = sorted(demo.folder.rglob("*"))
    _verified(demo)
    assert list((tmp_path / "spool").iterdir()) == []
    assert sorted(demo.folder.rglob("*")) == before


def test_each_file_is_read_once(demo: Any, server: ObjectServer) -> None:
    server.asked.clear()
    _verified(demo)
    read = [key for method, key in server.asked if method == "GET" and "/archive/" in key]
    assert len(read) == len(set(read)) == 2
    assert not [key for method, key in server.asked if method == "PUT"]


@pytest.mark.parametrize("words", [(), ("--structure",)], ids=["", "structure"])
def test_damage_is_found(demo: Any, server: ObjectServer, words: tuple[str, ...]) -> None:
    first, second = _key(server, "archive/", 0), _key(server, "archive/", 1)
    _flip(server, first)
    del server.objects[second]
    server.objects["copies/demo/archive/stranger.warc.gz"] = b"not ours"
    codes = _codes(_verified(demo, *words, status=1))
    assert codes >= {"E-WARC-HASH", "E-WARC-MISSING", "E-WARC-UNKNOWN"}
    assert bool(codes & {"E-WARC-GZIP", "E-WARC-LOST", "E-WARC-RECORD"}) == (not words)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("ledger/tile/entries/", "E-LEDGER-"),
        ("ledger/tile/0/", "E-LEDGER-TILE"),
        ("ledger/checkpoint", "E-LEDGER-"),
    ],
)
def test_a_damaged_ledger_is_found(demo: Any, server: ObjectServer, part: str, code: str) -> None:
    _flip(server, _key(server, part, -1))
    report = _verified(demo, "--structure", status=1)
    assert any(found.startswith(code) for found in _codes(report))
    assert "/tmp" not in str(report)


def test_an_older_checkpoint_that_was_put_back_is_found(demo: Any, server: ObjectServer, site: Site) -> None:
    older = server.objects["copies/demo/ledger/checkpoint"]
    demo("capture", "demo")
    demo("replicate", WHERE, "demo")
    _verified(demo, "--structure")
    server.objects["copies/demo/ledger/checkpoint"] = older
    assert "E-LEDGER-ROLLED-BACK" in _codes(_verified(demo, "--structure", status=1))


@pytest.mark.parametrize("words", [(), ("--structure",)], ids=["", "structure"])
def test_a_file_that_cannot_be_read_is_not_checked_and_no_damage(
    demo: Any, server: ObjectServer, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preserve.objects.s3._PATIENCE", ServerPatience(tries=1, pause_s=0.001))
    name = _key(server, "archive/").rpartition("/")[2]
    server.faults = [("GET", name, "cut"), ("GET", name, "503")] * 400
    report = _verified(demo, *words, status=1)
    assert [(finding["code"], finding["where"]) for finding in report["findings"]] == [("W-REPLICA-UNREAD", name)]
    assert _verdicts(report)[_FILES] == _verdicts(report)[_RECORDS] == "NOT CHECKED"
    server.faults.clear()
    assert _verified(demo, *words)["findings"] == []


def test_trouble_that_passes_is_no_finding(demo: Any, server: ObjectServer) -> None:
    server.faults = [("GET", "archive/", "cut"), ("GET", "entries", "503"), ("LIST", "demo", "503")]
    assert _verified(demo)["findings"] == []


def test_a_copy_that_is_brought_up_to_date_meanwhile(demo: Any, server: ObjectServer) -> None:
    demo("capture", "demo")
    later: list[int] = []

    def once() -> None:
        later.append(1)
        demo("replicate", WHERE, "demo")

    server.on_list = once
    assert _verified(demo)["findings"] == []
    assert later == [1]


def test_a_copy_that_is_brought_up_to_date_while_its_files_are_read_is_not_rolled_back(
    demo: Any, server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo("capture", "demo")
    before = dict(server.objects)

    def spooled(*given: Any) -> Any:
        read = spool_collection(*given)
        demo("replicate", WHERE, "demo")
        return read

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("preserve.cli.actions.verify_objects.spool_collection", spooled)
        report = _verified(demo)
    assert report["findings"] == []
    assert _verdicts(report)[KNOWN] == "PASS"
    assert _verified(demo)["findings"] == []
    # The state that was read is not what is known of the place.
    server.objects = before
    assert _codes(_verified(demo, status=1)) == {"E-LEDGER-ROLLED-BACK"}


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("words", "status"),
    [
        ((f"{WHERE}/none",), 3),
        (("s3://",), 2),
        ((f"s3://{BUCKET}/copies/DEMO!",), 2),
        ((f"{WHERE}/demo", "--sample", "5"), 2),
        ((f"{WHERE}/demo", "--state"), 2),
        ((f"{WHERE}/demo", "--processes", "2"), 2),
        (("s3://no-such-bucket/copies/demo",), 7),
    ],
)
def test_what_cannot_be_checked_is_told_plainly(demo: Any, words: tuple[str, ...], status: int) -> None:
    demo("verify", *words, status=status)


def test_an_odd_key_makes_no_path(demo: Any, server: ObjectServer) -> None:
    server.objects["copies/demo/archive/sub/file"] = b"x"
    server.objects["copies/demo/archive/.hidden"] = b"x"
    found = {finding["where"] for finding in _verified(demo, status=1)["findings"]}
    assert found == {"archive/sub/file", "demo/archive/.hidden"}
    server.objects["copies/demo/archive/../../escape"] = b"x"
    error = demo.json("verify", f"{WHERE}/demo", status=7)["error"]
    assert "no file can have" in error["message"]


@pytest.mark.parametrize("key", ["ledger", "ledger/tile", "ledger/checkpoint/x"])
def test_an_object_and_a_folder_of_one_name_are_told(demo: Any, server: ObjectServer, key: str) -> None:
    server.objects[f"copies/demo/{key}"] = b"x"
    error = demo.json("verify", f"{WHERE}/demo", status=7)["error"]
    assert f"{WHERE}/demo/{key.removesuffix('/x')} is an object, and others are below it" in error["message"]


@pytest.mark.parametrize("pages", [0, 1, 3])
def test_a_listing_that_is_not_whole_is_no_damage(demo: Any, server: ObjectServer, pages: int) -> None:
    server.page = 1
    server.faults = [*[("LIST", "demo", "")] * pages, ("LIST", "demo", "no-listing")]
    error = demo.json("verify", f"{WHERE}/demo", status=5)["error"]
    assert "the listing of demo is not whole" in error["message"]


def test_a_copy_without_its_marker_is_told_as_the_user_knows_it(demo: Any, server: ObjectServer) -> None:
    marker = "copies/demo/preserve.json"
    kept = server.objects[marker]
    server.objects[marker] = b"{"
    assert (
        f"{WHERE}/demo/preserve.json cannot be read"
        in demo.json("verify", f"{WHERE}/demo", status=7)["error"]["message"]
    )
    del server.objects[marker]
    error = demo.json("verify", f"{WHERE}/demo", status=7)["error"]
    assert f"{WHERE}/demo has no preserve.json" in error["message"]
    assert "preserve replicate" in demo.errors + json.dumps(error)
    demo("replicate", WHERE, "demo")
    assert server.objects[marker] == kept
    demo("verify", f"{WHERE}/demo")


def test_the_same_in_a_folder(demo: Any, tmp_path: Path) -> None:
    demo("replicate", f"file://{tmp_path}/objects", "demo")
    (report,) = demo.json("verify", f"file://{tmp_path}/objects/demo")["collections"]
    assert report["findings"] == []
