"""What is known of a log decides what a repair puts in place, and not the copy that it is taken from."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.formats.tlog.files import parse_checkpoint
from preserve.formats.tlog.note import Signer, parse_note
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import KeyStatement, encode
from preserve.store.durable import write_atomic
from preserve.store.layout import CollectionPaths
from tests.ledgers import extended
from tests.shell import Shell
from tests.site import Site

pytestmark = pytest.mark.damages


@pytest.fixture
def demo(shell: Shell, site: Site) -> Any:
    """A collection of three captures; ``older`` is a copy made before the last one, ``backup`` a whole one."""
    site.page("/", b"<p>page</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    shell("capture", "demo")
    shell("replicate", str(shell.folder / "older"))
    shell("capture", "demo")
    shell("replicate", str(shell.folder / "backup"))
    return shell


def _archive(shell: Shell) -> Path:
    return Path(shell.archives) / "demo"


def _put(shell: Shell, where: str) -> None:
    """Puts another state in the archive's place."""
    shutil.rmtree(_archive(shell))
    shutil.copytree(shell.folder / where / "demo", _archive(shell))


def _codes(shell: Shell, status: int = 1) -> set[str]:
    return {finding["code"] for finding in shell.json("verify", "demo", status=status)["collections"][0]["findings"]}


def _note(shell: Shell, where: str = "archives") -> bytes:
    return (Path(shell.folder) / where / "demo" / "ledger" / "checkpoint").read_bytes()


def test_what_was_rolled_back_comes_back_from_a_copy_that_has_it(demo: Any) -> None:
    newest = _note(demo)
    _put(demo, "older")
    assert _codes(demo) == {"E-LEDGER-ROLLED-BACK"}
    assert "CANNOT" not in demo("repair", "demo", "--from", str(demo.folder / "backup"), status=1)
    demo("repair", "demo", "--from", str(demo.folder / "backup"), "--apply")
    assert demo.json("verify", "demo")["collections"][0]["good"]
    ledger = Ledger(CollectionPaths(demo.archives, "demo"))
    assert ledger.covered > parse_checkpoint(parse_note(newest).text).size
    demo("capture", "demo")


def test_a_copy_without_the_newest_part_does_not_do(demo: Any) -> None:
    _put(demo, "older")
    demo("repair", "demo", "--from", str(demo.folder / "older"), "--apply", status=1)
    assert "statements are known" in demo.errors
    assert _codes(demo) == {"E-LEDGER-ROLLED-BACK"}


def test_an_older_copy_mends_the_part_that_it_has(demo: Any) -> None:
    """The checkpoint that is known decides; the copy gives only what it holds."""
    paths = CollectionPaths(demo.archives, "demo")
    paths.checkpoint.unlink()
    paths.marker.unlink()
    paths.vkey.write_text("rubbish\n")
    demo("repair", "demo", "--from", str(demo.folder / "older"), "--apply")
    assert demo.json("verify", "demo")["collections"][0]["good"]


def test_another_log_in_its_place_gives_way_to_the_one_that_is_known(
    demo: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(demo.folder / "evil"))
        demo("init", "demo", "--archives", str(demo.folder / "other"))
        for _time in range(4):
            demo("capture", "demo", "--archives", str(demo.folder / "other"))
    _put(demo, "other")
    assert _codes(demo) == {"E-LEDGER-REPLACED"}
    demo("repair", "demo", "--from", str(demo.folder / "backup"), "--apply")
    # What it brought with it is for a person to look at.
    assert _codes(demo) == {"E-WARC-UNKNOWN"}
    for path in (_archive(demo) / "archive").iterdir():
        if not (demo.folder / "backup" / "demo" / "archive" / path.name).exists():
            path.unlink()
    assert demo.json("verify", "demo")["collections"][0]["good"]


def test_a_forged_longer_copy_is_not_taken(demo: Any) -> None:
    newest = parse_checkpoint(parse_note(_note(demo)).text)
    copy = CollectionPaths(demo.folder / "backup", "demo")
    signer = Signer(newest.origin, Ed25519PrivateKey.generate())
    write_atomic(copy.vkey, f"{signer.vkey}\n".encode())
    extended(copy, [encode(KeyStatement(old="", new="forged", changed="2026-01-01T00:00:00Z", reason=""))], signer)
    _put(demo, "older")
    demo("repair", "demo", "--from", str(demo.folder / "backup"), "--apply")
    assert _archive(demo).joinpath("ledger", "log.vkey").read_text() != copy.vkey.read_text()
    assert b"forged" not in b"".join(entry for _index, entry in Ledger(CollectionPaths(demo.archives, "demo")).raw())
    assert demo.json("verify", "demo")["collections"][0]["good"]


def test_the_archives_own_key_is_not_believed(demo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = demo.folder / "published.vkey"
    key.write_text(demo("key", "export", "demo"))
    (_archive(demo) / "preserve.json").unlink()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(demo.folder / "another-home"))
    demo("repair", "demo", "--from", str(demo.folder / "backup"), "--apply", status=1)
    assert "proves nothing" in demo.errors
    assert not (_archive(demo) / "preserve.json").exists()
    demo("repair", "demo", "--from", str(demo.folder / "backup"), "--apply", "--trust", str(key))
    assert (_archive(demo) / "preserve.json").exists()


def test_a_key_that_was_retired_vouches_for_nothing_behind_its_change(demo: Any) -> None:
    """Whoever stole the old key signs a longer history with it."""
    keys = Path(os.environ["HOME"]) / ".config" / "preserve" / "keys"
    shutil.copytree(_archive(demo), demo.folder / "before" / "demo")
    stolen = demo.folder / "stolen" / "preserve" / "keys"
    shutil.copytree(keys, stolen)
    shutil.rmtree(stolen / "known-logs")
    demo("key", "rotate", "demo")
    demo("capture", "demo")
    demo("replicate", str(demo.folder / "backup"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(demo.folder / "stolen"))
        for _time in range(4):
            demo("capture", "demo", "--archives", str(demo.folder / "before"))
    _put(demo, "before")
    assert _codes(demo) == {"E-LEDGER-FORKED"}
    demo("repair", "demo", "--from", str(demo.folder / "before"), "--apply", status=1)
    demo("repair", "demo", "--from", str(demo.folder / "before"), "--from", str(demo.folder / "backup"), "--apply")
    assert _codes(demo) == {"E-WARC-UNKNOWN"}
