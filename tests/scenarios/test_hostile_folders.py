"""What somebody puts into an archive's folder in the place of files: pipes, links, gigabytes of nothing."""

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.kept import Beginning, beginning, served, site
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

pytestmark = pytest.mark.damages


@pytest.fixture
def held(site: Site, shell: Shell, beginning: Beginning) -> Any:
    def make() -> None:
        site.page("/", b"<p>page</p>")
        shell.site_collection("demo", site, "/")
        shell("init", "demo")
        shell("capture", "demo")

    beginning(shell, make, site)
    return shell


def _in_place(shell: Shell, name: str) -> Path:
    folder: Path = shell.archives / "demo"
    path = next(iter(sorted(folder.glob(name))), folder / name)
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    return path


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "name",
    [
        "archive/*.warc.gz",
        "archive/more.warc.gz",
        "receipts/1.checkpoint",
        "receipts/1.one.tsr",
        "ledger/checkpoint",
        "ledger/log.vkey",
        "ledger/pending.jsonl",
        "ledger/tile/entries/000.p/*",
        "ledger/tile/0/000.p/*",
        "preserve.json",
        "indexes/index.cdx",
    ],
)
def test_a_pipe_in_the_place_of_a_file_is_told_and_not_waited_for(held: Any, name: str) -> None:
    path = _in_place(held, name)
    os.mkfifo(path)
    told = held("verify", "demo", status=None)
    assert path.name in told + held.errors or "DAMAGED" in told


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", ["ledger/checkpoint", "ledger/log.vkey", "preserve.json", "receipts/1.checkpoint"])
def test_gigabytes_in_the_place_of_a_small_file_are_told(held: Any, name: str) -> None:
    path = _in_place(held, name)
    path.touch()
    os.truncate(path, 8 << 30)
    tracemalloc.start()
    try:
        held("verify", "demo", status=None if "receipts" in name else 1)
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()


def test_a_pipe_as_signing_key_or_passphrase_is_told(held: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Path(os.environ["HOME"]) / ".config" / "preserve" / "keys" / "demo.key"
    kept = key.read_bytes()
    key.unlink()
    os.mkfifo(key, 0o600)
    held("capture", "demo", status=None)
    assert "no regular file" in held.errors
    key.unlink()
    key.write_bytes(kept)
    key.chmod(0o600)
    os.mkfifo(held.folder / "pipe", 0o600)
    monkeypatch.setenv("PRESERVE_KEY_PASSPHRASE_FILE", str(held.folder / "pipe"))
    held("capture", "demo", status=None)
    assert "no regular file" in held.errors


@pytest.mark.parametrize("secret", ["", "\n", "x" * 1024])
def test_a_passphrase_that_no_key_can_have_is_told(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    shell.site_collection("demo", site, "/")
    path = shell.folder / "passphrase"
    path.write_text(secret, "utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("PRESERVE_KEY_PASSPHRASE_FILE", str(path))
    shell("init", "demo", status=None)
    assert "the passphrase of signing keys" in shell.errors
    assert not (shell.archives / "demo").exists()
    monkeypatch.delenv("PRESERVE_KEY_PASSPHRASE_FILE")
    monkeypatch.setenv("PRESERVE_KEY_PASSPHRASE", secret.strip("\n"))
    shell("init", "demo", status=None)
    assert "the passphrase of signing keys" in shell.errors


def test_links_inside_are_told_and_those_above_are_not(held: Any) -> None:
    real = held.folder / "real"
    held.archives.rename(real)
    held.archives.symlink_to(real)
    held("verify", "demo")
    (path,) = (real / "demo" / "archive").glob("*.warc.gz")
    path.rename(held.folder / "elsewhere.warc.gz")
    path.symlink_to(held.folder / "elsewhere.warc.gz")
    assert f"W-FORMAT-LINK  archive/{path.name}" in held("verify", "demo", status=1)
    # A copy of it has the content, and no link.
    held("replicate", str(held.folder / "copy"), "demo", status=None)
    copied = held.folder / "copy" / "demo" / "archive" / path.name
    assert not copied.is_symlink()
    assert copied.read_bytes() == (held.folder / "elsewhere.warc.gz").read_bytes()


@pytest.mark.parametrize("name", ["²", "٣", "1_0"])
def test_names_that_are_no_numbers_of_a_tile_stay_where_they_are(held: Any, name: str) -> None:
    beside = held.archives / "demo" / "ledger" / "tile" / "0" / "000.p" / name
    beside.write_bytes(b"somebody's")
    kept = held.archives / "demo" / "receipts" / f"{name}.one.tsr"
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(b"somebody's")
    held("capture", "demo")
    held("repair", "demo", "--from", str(held.archives))
    assert beside.read_bytes() == kept.read_bytes() == b"somebody's"
    held("ledger", "prove", "demo", name, "--out", str(held.folder / "proof"), status=3)


def test_a_note_of_a_check_is_not_written_to_a_file_that_has_another_name(held: Any) -> None:
    theirs = held.folder / "theirs"
    theirs.write_text("precious\n")
    notes = held.archives / ".schedule" / "demo" / "checks.jsonl"
    notes.parent.mkdir(parents=True, exist_ok=True)
    notes.unlink(missing_ok=True)
    notes.hardlink_to(theirs)
    held("verify", "demo", status=None)
    assert theirs.read_text() == "precious\n"


def test_a_note_by_another_hand_does_not_take_damage_back(held: Any) -> None:
    held("verify", "demo")
    (file,) = (held.archives / "demo" / "archive").iterdir()
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-20])
    held("verify", "demo", status=1)
    notes = held.archives / ".schedule" / "demo" / "checks.jsonl"
    good, damage = (json.loads(line) for line in notes.read_text().splitlines())
    forged = {**good, "started": damage["ended"] + 1, "ended": damage["ended"] + 1}
    bare = {name: value for name, value in forged.items() if name != "mac"}
    notes.write_text(notes.read_text() + "".join(f"{json.dumps(one)}\n" for one in (forged, bare)))
    assert "WRONG      damage was found" in held("status", status=1)


def test_nothing_is_deleted_where_a_folder_is_a_link(held: Any, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs" / ".precious.part"
    theirs.parent.mkdir()
    theirs.write_text("words")
    for link in ("receipts", "ledger/tile/more"):
        (held.archives / "demo" / link).symlink_to(theirs.parent)
    held("capture", "demo")
    held("rebuild", "demo")
    assert theirs.read_text() == "words"
