"""A copy does not vouch for itself, and what lies on the files of the source is no copy."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.formats.tlog.files import parse_checkpoint
from preserve.formats.tlog.note import Signer, parse_note
from preserve.formats.tlog.signing import sign_note
from preserve.integrity import replicate as module
from preserve.provenance.installation import keys_folder
from preserve.provenance.knownlogs import KnownLogs
from preserve.provenance.statements import ReleaseStatement, encode
from preserve.store.durable import write_atomic
from preserve.store.layout import CollectionPaths
from tests.kept import Beginning, beginning, served, site
from tests.ledgers import extended
from tests.shell import Shell
from tests.simulated import Simulation, links
from tests.site import Site

__all__ = ["beginning", "served", "site"]

pytestmark = pytest.mark.damages


@pytest.fixture
def demo(shell: Shell, site: Site, beginning: Beginning) -> Any:
    """A collection of two captures, and a copy of it in ``backup``."""

    def make() -> None:
        site.page("/", b"<p>page</p>")
        shell.site_collection("demo", site, "/")
        shell("init", "demo")
        shell("capture", "demo")
        shell("capture", "demo")
        shell("replicate", str(shell.folder / "backup"))

    beginning(shell, make, site)
    return shell


def _paths(shell: Shell, where: str = "backup") -> CollectionPaths:
    return CollectionPaths(shell.folder / where, "demo")


def _replicated(shell: Shell, *words: str, status: int = 1) -> tuple[str, set[str]]:
    """The relation, and the codes of findings."""
    (item,) = shell.json("replicate", str(shell.folder / "backup"), *words, status=status)["collections"]
    return str(item["relation"]), {finding["code"] for finding in item["findings"]}


def _evil(paths: CollectionPaths) -> Signer:
    """Another key under the log's name, put into the copy."""
    signer = Signer(
        parse_checkpoint(parse_note(paths.checkpoint.read_bytes()).text).origin, Ed25519PrivateKey.generate()
    )
    write_atomic(paths.vkey, f"{signer.vkey}\n".encode())
    return signer


def _longer(paths: CollectionPaths) -> None:
    signer = _evil(paths)
    forged = ReleaseStatement(
        release="forged",
        title="",
        publisher="",
        released=None,
        counter=None,
        sources=(),
        known_from=(),
        note="",
        dump=None,
        stated="2026-01-01T00:00:00Z",
        program="",
    )
    entries = [encode(msgspec.structs.replace(forged, title=f"forged {n}")) for n in range(40)]
    extended(paths, entries, signer)


def _signed_again(paths: CollectionPaths) -> None:
    signer = _evil(paths)
    write_atomic(paths.checkpoint, sign_note(parse_note(paths.checkpoint.read_bytes()).text, [signer]))


def _another_log(paths: CollectionPaths) -> None:
    held = parse_note(paths.checkpoint.read_bytes()).text.split("\n")
    signer = Signer("preserve/other/12345678", Ed25519PrivateKey.generate())
    write_atomic(paths.vkey, f"{signer.vkey}\n".encode())
    write_atomic(paths.checkpoint, sign_note("\n".join([signer.name, *held[1:]]), [signer]))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("dry", [(), ("--dry-run",), ("--check",)], ids=["", "dry", "check"])
@pytest.mark.parametrize("forge", [_longer, _signed_again, _another_log])
def test_a_copy_signed_by_another_key_is_a_fork(
    demo: Any, forge: Callable[[CollectionPaths], None], dry: tuple[str, ...]
) -> None:
    forge(_paths(demo))
    before = {path: path.read_bytes() for path in _paths(demo).folder.rglob("*") if path.is_file()}
    relation, codes = _replicated(demo, *dry)
    assert relation == "forked"
    assert "E-REPLICA-FORKED" in codes
    after = {path: path.read_bytes() for path in _paths(demo).folder.rglob("*") if path.is_file()}
    assert {path for path in before if before[path] != after.get(path)} <= {_paths(demo).lock}


def test_an_older_copy_signed_by_another_key_is_a_fork(demo: Any) -> None:
    _signed_again(_paths(demo))
    demo("capture", "demo")
    assert _replicated(demo)[0] == "forked"


def test_a_key_put_in_place_of_the_copys_own_is_told(demo: Any) -> None:
    _evil(_paths(demo))
    assert _replicated(demo) == ("same", {"E-REPLICA-DIFFERS"})


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", ["preserve.json", "ledger/tile/entries/000.p", "ledger/tile/0/000.p"])
def test_check_reads_the_copys_ledger_as_well(demo: Any, name: str) -> None:
    path = _paths(demo).folder / name
    if path.is_dir():
        (path,) = path.iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    assert _replicated(demo, "--check") == ("same", {"E-REPLICA-DIFFERS"})


@pytest.mark.one_in(3)
@pytest.mark.parametrize("part", ["archive", "ledger", "receipts", "ledger/tile", "ledger/checkpoint", "preserve.json"])
def test_a_link_to_the_source_is_no_copy(demo: Any, part: str) -> None:
    source, link = demo.archives / "demo" / part, _paths(demo).folder / part
    source.parent.mkdir(exist_ok=True)
    if part == "receipts":
        source.mkdir()
    elif link.is_dir():
        shutil.rmtree(link)
    else:
        link.unlink()
    link.symlink_to(source)
    assert _replicated(demo) == ("linked", {"E-REPLICA-LINKED"})


def test_one_file_by_a_hard_link_is_no_copy(demo: Any) -> None:
    (first, *_rest) = sorted((demo.archives / "demo" / "archive").glob("*.warc.gz"))
    there = _paths(demo).archive / first.name
    there.unlink()
    os.link(first, there)
    assert _replicated(demo, "--dry-run") == ("linked", {"E-REPLICA-LINKED"})


def test_a_new_copy_over_a_link_to_the_source_writes_nothing(demo: Any) -> None:
    shutil.rmtree(_paths(demo).folder)
    _paths(demo).folder.mkdir()
    _paths(demo).archive.symlink_to(demo.archives / "demo" / "archive")
    assert _replicated(demo) == ("linked", {"E-REPLICA-LINKED"})
    assert not _paths(demo).ledger.exists()


def test_a_file_that_went_while_others_were_copied_is_missed_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No mark says that a copy is complete of which nobody looked at what was there before."""
    sim = Simulation(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    keys_folder({"XDG_CONFIG_HOME": str(tmp_path / "user")}).parent.mkdir(parents=True)
    keys_folder({"XDG_CONFIG_HOME": str(tmp_path / "user")}).symlink_to(tmp_path / "keys")
    sim.politeness = "delay_s: 0\n  robots: ignore"
    sim.web.pages = {"http://x.org/": links("/")}
    source = CollectionPaths(sim.archives, "sim")
    target = CollectionPaths(tmp_path / "copy", "sim")

    def copied() -> tuple[str, ...]:
        done = module.replicate(source, target.root, logs=KnownLogs(tmp_path / "keys"))
        assert done.complete
        return done.copied

    def files() -> set[str]:
        return {path.name for path in source.archive.iterdir()}

    sim.run()
    (older,) = files()
    assert older in copied()
    sim.web.pages["http://x.org/"] = links("/b")
    sim.run()
    with monkeypatch.context() as patch:
        last = module._ledger

        def going(work: Any, snapshot: Any) -> None:
            last(work, snapshot)
            (work.target.archive / older).unlink()

        patch.setattr(module, "_ledger", going)
        assert files() - {older} <= set(copied())
    assert older in copied()
    assert copied() == ()


def test_a_source_that_was_rolled_back_is_not_copied(demo: Any) -> None:
    before = demo.folder / "before"
    shutil.copytree(demo.archives / "demo", before)
    demo("capture", "demo")
    demo("verify", "demo")
    shutil.rmtree(demo.archives / "demo")
    shutil.copytree(before, demo.archives / "demo")
    assert _replicated(demo) == ("refused", {"E-LEDGER-ROLLED-BACK"})
    assert "preserve repair" in demo("replicate", str(demo.folder / "backup"), status=1)


def test_a_copy_that_was_rolled_back_is_told_once_and_brought_up_to_date(demo: Any) -> None:
    before = demo.folder / "before"
    shutil.copytree(_paths(demo).folder, before)
    demo("capture", "demo")
    assert _replicated(demo, status=0) == ("older", set())
    shutil.rmtree(_paths(demo).folder)
    shutil.copytree(before, _paths(demo).folder)
    assert _replicated(demo) == ("older", {"E-LEDGER-ROLLED-BACK"})
    assert _replicated(demo, status=0) == ("same", set())


def test_a_source_by_another_key_than_those_named_is_not_copied(demo: Any) -> None:
    other = demo.folder / "other.vkey"
    other.write_text(Signer("preserve/other/12345678", Ed25519PrivateKey.generate()).vkey)
    assert _replicated(demo, "--trust", str(other)) == ("refused", {"E-LEDGER-TRUST"})
    own = demo.folder / "own.vkey"
    own.write_text(demo("key", "export", "demo"))
    assert _replicated(demo, "--trust", str(own), "--trust", str(other), status=0) == ("same", set())


def test_a_copy_that_another_machine_with_the_key_made_longer_is_newer(
    demo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Path(os.environ["HOME"]) / ".config" / "preserve" / "keys"
    shutil.copytree(keys, demo.folder / "elsewhere" / "preserve" / "keys")
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(demo.folder / "elsewhere"))
        demo("capture", "demo", "--archives", str(demo.folder / "backup"))
    assert _replicated(demo, status=0) == ("newer", set())
    # Known now, so that this one is an older copy.
    report = demo.json("verify", "demo")["collections"][0]
    assert (report["findings"], report["notes"]) == ([], {"I-LEDGER-BEHIND": 1})
    assert "an older copy, " in demo("verify", "demo")
