"""A log whose newest part is lost goes on under a new name, and no key signs two histories."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from preserve.formats.tlog.files import parse_checkpoint
from preserve.formats.tlog.note import open_note, parse_note, parse_vkey
from preserve.provenance import accept
from preserve.provenance.session import WritingSession
from tests.dying import die_at
from tests.kept import Beginning, beginning, served, site
from tests.scenarios.test_damage import PAGE
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

pytestmark = pytest.mark.damages


def _made(shell: Shell, site: Site) -> None:
    shell.site_collection("demo", site, "/cable")
    shell("init", "demo")
    shell("capture", "demo")
    shell("key", "rotate", "demo")
    shell("capture", "demo")
    shutil.copytree(shell.archives / "demo", shell.folder / "before")
    shell("capture", "demo")
    shell("verify", "demo")
    shutil.move(shell.archives / "demo", shell.folder / "newest" / "demo")
    shutil.copytree(shell.folder / "before", shell.archives / "demo")


@pytest.fixture
def demo(shell: Shell, site: Site, beginning: Beginning) -> Any:
    """A collection with a changed key, of which an older state was put back; ``newest`` is the one that is lost."""
    site.page("/cable", PAGE.encode())
    beginning(shell, lambda: _made(shell, site))
    return shell


@pytest.fixture
def known(shell: Shell, site: Site) -> Any:
    """The same, made at its place: a reader knows a log by where it lies."""
    site.page("/cable", PAGE.encode())
    _made(shell, site)
    return shell


def _keys() -> Path:
    return Path(os.environ["HOME"]) / ".config" / "preserve" / "keys"


def _log(shell: Shell, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in shell("ledger", "log", "demo", "--json", *words).splitlines()]


def _without_runs(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [s for s in statements if s["kind"] not in {"archive", "key", "run"}]


def test_what_is_left_goes_on_under_a_new_key(demo: Any) -> None:
    old = _log(demo)
    newest = parse_checkpoint(parse_note((demo.folder / "newest/demo/ledger/checkpoint").read_bytes()).text)
    demo("capture", "demo", status=1)
    assert "preserve repair demo --from REPLICA" in demo.errors
    assert "preserve ledger accept demo --lost" in demo.errors
    done = demo.json("ledger", "accept", "demo", "--lost")
    assert done["follows"] == {"origin": newest.origin, "size": newest.size, "root": newest.root.hex()}
    new = _log(demo)
    assert new[0]["follows"] == done["follows"]
    assert new[0]["origin"] == done["log"] != newest.origin
    assert _without_runs(new) == _without_runs(old)
    assert "key" not in {statement["kind"] for statement in new}
    for run in (statement for statement in new if statement["kind"] == "run"):
        assert new[run["last_statement"]]["run"] == run["run"]
        assert new[run["first_statement"]]["run"] == run["run"]
    assert demo.json("verify", "demo")["collections"][0]["good"]
    assert "06TESTPOST12" in demo("show", "06TESTPOST12")
    demo("capture", "demo")
    assert demo.json("verify", "demo")["collections"][0]["findings"] == []
    # The old log is there as it was, and verifies by its own key.
    before = Path(done["before"]) / "ledger"
    open_note((before / "checkpoint").read_bytes(), [parse_vkey((before / "log.vkey").read_text().strip())])
    assert len(list(_keys().glob("demo.*.retired"))) == 2
    # A copy has all of it.
    demo("replicate", str(demo.folder / "copy"))
    there = demo.folder / "copy" / "demo" / "ledger-before" / before.parent.name / "ledger" / "checkpoint"
    assert there.read_bytes() == (before / "checkpoint").read_bytes()
    there.write_bytes(b"x")
    assert "E-REPLICA-DIFFERS" in demo("replicate", str(demo.folder / "copy"), status=1)


def test_nothing_is_accepted_where_nothing_is_lost(demo: Any) -> None:
    shutil.rmtree(demo.archives / "demo")
    shutil.move(demo.folder / "newest" / "demo", demo.archives / "demo")
    before = sorted(_keys().iterdir())
    demo("ledger", "accept", "demo", "--lost", status=2)
    assert "nothing of the log of demo is lost" in demo.errors
    assert sorted(_keys().iterdir()) == before
    demo("ledger", "accept", "demo", status=2)
    demo("capture", "demo")


def test_a_damaged_rest_is_repaired_first(demo: Any) -> None:
    (bundle,) = (demo.archives / "demo" / "ledger" / "tile" / "entries" / "000.p").iterdir()
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"x")
    demo("ledger", "accept", "demo", "--lost", status=1)
    assert not (_keys() / "demo.follows").exists()
    assert (demo.archives / "demo" / "ledger").exists()


def test_a_forked_log_is_not_accepted(demo: Any, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(_keys(), demo.folder / "elsewhere" / "preserve" / "keys")
    for path in ("known-logs", "demo.head"):
        gone = demo.folder / "elsewhere" / "preserve" / "keys" / path
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(demo.folder / "elsewhere"))
        site.page("/cable", b"<p>another</p>")
        demo("capture", "demo", status=None)
        demo("capture", "demo", status=None)
    demo("ledger", "accept", "demo", "--lost", status=1)
    assert "another history" in demo.errors


def test_files_that_no_statement_is_left_of_go_to_quarantine(demo: Any) -> None:
    lost = {path.name for path in (demo.folder / "newest" / "demo" / "archive").iterdir()}
    lost -= {path.name for path in (demo.archives / "demo" / "archive").iterdir()}
    (name,) = lost
    shutil.copy(demo.folder / "newest" / "demo" / "archive" / name, demo.archives / "demo" / "archive" / name)
    assert demo.json("ledger", "accept", "demo", "--lost")["quarantined"] == [name]
    assert demo.json("verify", "demo")["collections"][0]["good"]
    demo("import", str(demo.archives / "demo" / "quarantine" / name), "--into", "demo")
    assert demo.json("verify", "demo")["collections"][0]["good"]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("stop", range(1, 40))
def test_stopped_anywhere_the_next_call_goes_on(demo: Any, monkeypatch: pytest.MonkeyPatch, stop: int) -> None:
    steps: list[tuple[Any, str]] = [
        (accept, name) for name in ("make_key", "make_dir", "write_atomic", "sync_dir", "remove_derived")
    ]
    steps += [(WritingSession, name) for name in ("take", "finish")]
    steps += [(Path, "rename"), (Path, "unlink")]
    with monkeypatch.context() as patch:
        calls = die_at(patch, steps, stop)
        demo("ledger", "accept", "demo", "--lost", status=None)
    if calls[0] < stop:
        pytest.skip("it has fewer steps")
    demo("capture", "demo", status=None)
    if (_keys() / "demo.follows").exists() or not (_keys() / "demo.key").exists() or "follows" not in _log(demo)[0]:
        demo("ledger", "accept", "demo", "--lost")
    assert _log(demo)[0]["follows"]
    assert demo.json("verify", "demo")["collections"][0]["good"]
    demo("capture", "demo")
    assert not (_keys() / "demo.follows").exists()


def test_what_was_put_there_on_purpose_is_known_from_then_on(known: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(known.folder / "somebody"))
        known("init", "demo", "--archives", str(known.folder / "theirs"))
    shutil.rmtree(known.archives / "demo")
    shutil.copytree(known.folder / "theirs" / "demo", known.archives / "demo")
    assert "E-LEDGER-REPLACED" in known("verify", "demo", status=1)
    known("ledger", "accept", "demo", "--replaced")
    known("verify", "demo")


def test_an_older_state_that_a_reader_put_back_is_a_copy_that_is_behind(known: Any) -> None:
    assert "E-LEDGER-ROLLED-BACK" in known("verify", "demo", status=1)
    assert "statements behind" in known("ledger", "accept", "demo", "--replaced")
    assert known.json("verify", "demo")["collections"][0]["notes"] == {"I-LEDGER-BEHIND": 1}
    # Nothing is written to it all the same.
    known("capture", "demo", status=1)
