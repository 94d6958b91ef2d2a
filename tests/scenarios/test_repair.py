"""Copies of a collection, and what a damaged one gets back from them."""

import gzip
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from preserve.formats.tlog.note import parse_vkey
from preserve.formats.warc.members import iter_members
from preserve.integrity import replicate
from preserve.integrity.repair import collection
from preserve.integrity.repair.copies import Copies
from preserve.integrity.verify.collection import VerifyOptions, verify
from preserve.provenance import derive
from preserve.provenance.ledger import Ledger
from preserve.provenance.session import Writer, WritingSession
from preserve.store.layout import CollectionPaths
from tests.dying import die_at
from tests.kept import Beginning, beginning, served, site
from tests.scenarios.test_damage import PAGE
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

pytestmark = pytest.mark.damages


@pytest.fixture
def archive(shell: Shell, site: Site, beginning: Beginning) -> Path:
    """A collection of two runs, and a copy of it under ``copies``."""

    def make() -> None:
        site.page("/cable", PAGE.encode())
        site.page("/other", b"<p>other</p>" * 50)
        shell.site_collection("demo", site, "/cable", "/other")
        shell("init", "demo")
        shell("capture", "demo")
        site.page("/other", b"<p>changed</p>" * 50)
        shell("capture", "demo")
        shell("replicate", str(shell.archives / "copies"))

    beginning(shell, make, site)
    return Path(shell.archives) / "demo"


def _copy(archive: Path) -> Path:
    return archive.parent / "copies"


def _files(archive: Path) -> list[Path]:
    return sorted((archive / "archive").glob("*.warc.gz"))


def _damage(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def _members(path: Path) -> list[tuple[int, int]]:
    with path.open("rb") as file:
        return [(member.offset, member.length) for member in iter_members(file)]


def _flip(path: Path, number: int) -> None:
    """Damages one record in its middle."""
    data = bytearray(path.read_bytes())
    offset, length = _members(path)[number]
    data[offset + length // 2] ^= 0xFF
    _damage(path, bytes(data))


def _repair(shell: Shell, *words: str, status: int = 0) -> Any:
    return shell.json("repair", "demo", *words, status=status)


def test_a_sound_collection_needs_no_repair(shell: Shell, archive: Path) -> None:
    assert _repair(shell, "--from", str(_copy(archive)))["files"] == []


def test_without_apply_nothing_is_changed(shell: Shell, archive: Path) -> None:
    _flip(_files(archive)[0], 2)
    before = {path: path.read_bytes() for path in archive.rglob("*") if path.is_file() and path.parent.name != "state"}
    told = shell("repair", "demo", "--from", str(_copy(archive)), status=1)
    assert "can be made whole" in told
    assert "--apply" in told
    after = {path: path.read_bytes() for path in archive.rglob("*") if path.is_file() and path.parent.name != "state"}
    assert after == before


def test_a_whole_file_comes_back_to_the_byte_and_the_damaged_one_is_kept(shell: Shell, archive: Path) -> None:
    path = _files(archive)[0]
    right = path.read_bytes()
    _flip(path, 2)
    wrong = path.read_bytes()
    done = _repair(shell, "--from", str(_copy(archive)), "--apply")
    assert done["whole"]
    assert path.read_bytes() == right
    assert (archive / "quarantine" / path.name).read_bytes() == wrong
    shell("verify", "demo")
    log = shell("ledger", "log", "demo")
    assert "repair" in log


def test_records_that_are_damaged_in_different_places_of_two_copies_make_one_whole_file(
    shell: Shell, archive: Path
) -> None:
    path = _files(archive)[0]
    right = path.read_bytes()
    _flip(path, 1)
    _flip(_copy(archive) / "demo" / "archive" / path.name, 3)
    done = _repair(shell, "--from", str(_copy(archive)), "--apply")
    assert [item["exact"] for item in done["files"]] == [True]
    assert path.read_bytes() == right
    shell("verify", "demo")


def test_records_from_a_recompressed_copy_make_a_file_of_other_bytes_and_the_same_records(
    shell: Shell, archive: Path, tmp_path: Path
) -> None:
    path = _files(archive)[0]
    folder = tmp_path / "loose"
    folder.mkdir()
    with path.open("rb") as file:
        data = b"".join(gzip.compress(member.data or b"", 1) for member in iter_members(file))
    (folder / "other-name.warc.gz").write_bytes(data)
    _flip(path, 2)
    done = _repair(shell, "--from", str(folder), "--apply")
    (item,) = done["files"]
    assert (item["exact"], item["found"]) == (False, item["records"])
    shell("verify", "demo")
    # A copy of the file as it was first sealed is as good.
    shell("replicate", str(_copy(archive)), "--check")
    shell("verify", "demo", "--archives", str(_copy(archive)))


def test_a_file_that_was_renamed_is_found_without_a_copy_and_moved_away(shell: Shell, archive: Path) -> None:
    first = _files(archive)[0]
    right = first.read_bytes()
    first.rename(first.with_name("renamed.warc.gz"))
    assert "can be made whole" in shell("repair", "demo", status=1)
    assert first.with_name("renamed.warc.gz").is_file()
    assert _repair(shell, "--apply")["whole"]
    assert first.read_bytes() == right
    assert [path.read_bytes() for path in (archive / "quarantine").iterdir()] == [right]
    shell("verify", "demo")


def test_what_no_copy_has_is_said_and_the_rest_restored(shell: Shell, archive: Path) -> None:
    first, second = _files(archive)
    copy = _copy(archive) / "demo" / "archive"
    right = second.read_bytes()
    _flip(first, 2)
    _flip(copy / first.name, 2)
    _flip(second, 1)
    done = _repair(shell, "--from", str(_copy(archive)), "--apply", status=1)
    assert not done["whole"]
    assert second.read_bytes() == right
    told = shell("verify", "demo", status=1)
    assert "E-WARC" in told
    assert "every record is the one in the ledger: 1 of 20 records" in told


def test_bytes_that_the_ledger_does_not_name_are_never_taken(shell: Shell, archive: Path) -> None:
    path = _files(archive)[0]
    forged = _copy(archive) / "demo" / "archive" / path.name
    with path.open("rb") as file:
        members = [member.data or b"" for member in iter_members(file)]
    number = next(n for n, member in enumerate(members) if b"06TESTPOST12" in member)
    changed = [member.replace(b"TESTPOST", b"FORGEDXX") for member in members]
    _damage(forged, b"".join(gzip.compress(member) for member in changed))
    _flip(path, number)
    wrong = path.read_bytes()
    shell("repair", "demo", "--from", str(_copy(archive)), "--apply", status=1)
    assert path.read_bytes() == wrong
    assert not (archive / "quarantine").exists()


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", ["checkpoint", "log.vkey", "tile/entries/000.p", "tile/0/000.p", "pending.jsonl"])
def test_every_part_of_the_ledger_comes_back(shell: Shell, archive: Path, name: str) -> None:
    path = archive / "ledger" / name
    if path.is_dir():
        path = next(path.iterdir())
    right = path.read_bytes()
    for data in (b"rubbish\n", right[: len(right) // 2], right + b"x\n"):
        path.write_bytes(data)
        shell("repair", "demo", "--from", str(_copy(archive)), "--apply", status=None)
        told = shell("verify", "demo")
        assert "DAMAGED" not in told
    if name in {"checkpoint", "tile/entries/000.p"}:
        path.unlink(missing_ok=True)
        shell("repair", "demo", "--from", str(_copy(archive)), "--apply")
        shell("verify", "demo")


def test_a_lost_marker_and_a_lost_ledger_come_back(shell: Shell, archive: Path) -> None:
    (archive / "preserve.json").unlink()
    shutil.rmtree(archive / "ledger" / "tile")
    shell("repair", "demo", "--from", str(_copy(archive)), "--apply")
    shell("verify", "demo")


def test_without_its_key_a_ledger_is_put_together_only_by_one_that_is_trusted(shell: Shell, archive: Path) -> None:
    vkey = archive / "ledger" / "log.vkey"
    trusted = archive.parent / "published.vkey"
    shutil.copy(vkey, trusted)
    vkey.unlink()
    keys = Path(os.environ["HOME"]) / ".config" / "preserve" / "keys"
    shutil.move(keys, keys.with_name("away"))
    told = shell("repair", "demo", "--from", str(_copy(archive)), "--apply", status=1)
    assert not told
    shell("repair", "demo", "--from", str(_copy(archive)), "--trust", str(trusted), "--apply")
    assert vkey.read_text() == trusted.read_text()
    shell("verify", "demo", status=None)


def test_a_copy_is_the_same_older_newer_or_forked(
    shell: Shell, site: Site, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = str(_copy(archive))

    def relation(status: int = 0) -> str:
        (item,) = shell.json("replicate", copies, "demo", status=status)["collections"]
        return str(item["relation"])

    assert relation() == "same"
    shell("capture", "demo")
    assert relation() == "older"
    shell("verify", "demo", "--archives", copies)
    older = archive.parent / "older"
    shutil.copytree(archive, older / "demo")
    site.page("/other", b"<p>a third time</p>")
    shell("capture", "demo")
    shell("replicate", copies, "demo")
    (item,) = shell.json("replicate", copies, "demo", "--archives", str(older))["collections"]
    assert item["relation"] == "newer"
    # Somebody else who has the key, and does not know of the newer state.
    home = Path(os.environ["HOME"]) / ".config"
    shutil.copytree(home / "preserve" / "keys", archive.parent / "elsewhere" / "preserve" / "keys")
    shutil.rmtree(archive.parent / "elsewhere" / "preserve" / "keys" / "known-logs")
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(archive.parent / "elsewhere"))
        shell("capture", "demo", "--archives", str(older))
        (item,) = shell.json("replicate", copies, "demo", "--archives", str(older), status=1)["collections"]
        assert (item["relation"], [f["code"] for f in item["findings"]]) == ("forked", ["E-REPLICA-FORKED"])
    (item,) = shell.json("replicate", copies, "demo", "--archives", str(older), status=1)["collections"]
    assert (item["relation"], [f["code"] for f in item["findings"]]) == ("refused", ["E-LEDGER-FORKED"])


def test_a_file_is_never_replaced_by_a_different_one(shell: Shell, archive: Path) -> None:
    path = _copy(archive) / "demo" / "archive" / _files(archive)[0].name
    _damage(path, path.read_bytes()[:-1] + b"x")
    (item,) = shell.json("replicate", str(_copy(archive)), "demo", "--check", status=1)["collections"]
    assert [f["code"] for f in item["findings"]] == ["E-REPLICA-DIFFERS"]
    assert path.read_bytes().endswith(b"x")


def test_a_damaged_file_is_not_copied(shell: Shell, archive: Path) -> None:
    _flip(_files(archive)[0], 1)
    target = archive.parent / "another"
    (item,) = shell.json("replicate", str(target), "demo", status=1)["collections"]
    assert [f["code"] for f in item["findings"]] == ["E-REPLICA-SOURCE"]
    assert not item["complete"]
    assert not (target / "demo" / "ledger" / "checkpoint").exists()
    assert not (target / "demo" / "archive" / _files(archive)[0].name).exists()


_LEDGER_STEPS = [(Ledger, name) for name in ("extend", "cover")]


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_a_copy_that_was_stopped_at_any_step_is_finished_by_the_next_run(
    shell: Shell, archive: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    steps = ("copy_to_part", "seal_part", "make_dir", "write_atomic", "catch_up", "write_index")
    for stop in range(1, 100, every):
        target = archive.parent / f"another{stop}"
        with monkeypatch.context() as patch:
            calls = die_at(patch, [*((replicate, name) for name in steps), *_LEDGER_STEPS], stop)
            shell("replicate", str(target), "demo", status=None)
        if (target / "demo" / "ledger" / "checkpoint").exists():
            report = verify(CollectionPaths(target, "demo"), {}, VerifyOptions(processes=1))
            assert {f.code for f in report.findings} <= {"E-INDEX", "E-CATALOGUE"}
        shell("replicate", str(target), "demo")
        shell("verify", "demo", "--archives", str(target))
        if calls[0] < stop:
            assert stop > 12
            return
    pytest.fail("the copy never came to its end")


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_a_repair_that_was_stopped_at_any_step_is_finished_by_the_next_run(
    shell: Shell, archive: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    first, second = _files(archive)
    right = [path.read_bytes() for path in (first, second)]
    steps: list[tuple[object, str]] = [
        *((collection, name) for name in ("copy_to_part", "write_part", "seal_part", "set_aside", "rebuild")),
        *_LEDGER_STEPS,
        (WritingSession, "take"),
        (WritingSession, "finish"),
    ]
    for stop in range(1, 100, every):
        _flip(first, 1)
        copy = _copy(archive) / "demo" / "archive" / first.name
        _damage(copy, right[0])
        _flip(copy, 3)
        second.unlink()
        with monkeypatch.context() as patch:
            calls = die_at(patch, steps, stop)
            shell("repair", "demo", "--from", str(_copy(archive)), "--apply", status=None)
        assert shell.json("verify", "demo", status=None)["collections"][0]
        shell("repair", "demo", "--from", str(_copy(archive)), "--apply")
        assert [path.read_bytes() for path in (first, second)] == right
        shell("verify", "demo")
        if calls[0] < stop:
            assert stop > 8
            return
    pytest.fail("the repair never came to its end")


@pytest.mark.parametrize("suffix", [".checkpoint", ".tsr", ".tsq"])
def test_receipts_come_back_from_a_copy_that_fits_the_ledger(tmp_path: Path, suffix: str) -> None:
    base = Path(__file__).parents[1] / "vectors" / "base"
    (name,) = [path.name for path in base.iterdir() if (path / "ledger").is_dir()]
    for folder in ("here", "there"):
        shutil.copytree(base / name, tmp_path / folder / name)
    paths, copy = (CollectionPaths(tmp_path / folder, name) for folder in ("here", "there"))
    derive.rebuild(paths, Ledger(paths))
    (path,) = [path for path in paths.receipts.iterdir() if path.suffix == suffix]
    right = path.read_bytes()
    for data in (b"", right[:-9], None):
        path.unlink() if data is None else path.write_bytes(data)
        for other in (b"forged", right):
            (copy.receipts / path.name).write_bytes(other)
            done = collection.Repairer(
                paths=paths,
                copies=Copies([copy.folder]),
                known=[parse_vkey(paths.vkey.read_text("ascii").strip())],
                log=None,
                writer=lambda: Writer.of(paths, tmp_path / "keys", None),
                now=datetime(2026, 1, 2, tzinfo=UTC),
            ).apply()
            if other == right:
                assert [plan.path for plan in done.plans] == [f"receipts/{path.name}"]
        assert path.read_bytes() == right
    report = verify(paths, {}, VerifyOptions(processes=1))
    assert not report.findings or {f.code for f in report.findings} <= {"W-LEDGER-PENDING", "W-LEDGER-JOURNAL"}


def test_a_dry_run_copies_nothing(shell: Shell, archive: Path) -> None:
    target = archive.parent / "another"
    (item,) = shell.json("replicate", str(target), "demo", "--dry-run")["collections"]
    assert len(item["copied"]) == len(_files(archive))
    assert not target.exists()
