"""Exit status 1 says that something was found, and nothing else; what could not be done is 7."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from preserve.errors import ArchiveError, EnvironmentFaultError, unreadable
from preserve.store.copying import need_room
from tests.kept import Beginning, beginning, served, site
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

_REDIRECTIONS = {"closed": ">&-", "full": ">/dev/full"}


def _run(words: str, redirection: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The program as a shell starts it; ``words`` are ours, no quoting is needed."""
    command = f"{sys.executable} -m preserve {words} {redirection}"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        command, shell=True, capture_output=True, text=True, check=False, cwd=folder, env=environment, timeout=60
    )


@pytest.fixture
def held(shell: Shell, site: Site, beginning: Beginning) -> Any:
    """A collection with one capture."""

    def make() -> None:
        site.page("/", b"<p>The harbour is closed.</p>")
        shell.site_collection("demo", site, "/")
        shell("init", "demo")
        shell("capture", "demo")

    beginning(shell, make, site)
    return shell


@pytest.mark.one_in(3)
@pytest.mark.parametrize("stream", _REDIRECTIONS)
@pytest.mark.parametrize("words", ["--help", "verify --help", "--version", "verify --archives archives", "list --help"])
def test_an_output_that_cannot_be_written_is_no_finding(held: Any, words: str, stream: str) -> None:
    done = _run(words, _REDIRECTIONS[stream], held.folder)
    assert done.returncode == 7
    (line, step) = done.stderr.splitlines()
    assert line.startswith("preserve: standard output cannot be written: ")
    assert step.startswith("  next: ")


@pytest.mark.parametrize("words", ["--help", "verify --archives archives"])
def test_a_reader_that_goes_away_is_told_nothing(held: Any, words: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "preserve", *words.split()],
            stdout=pipe,
            stderr=subprocess.PIPE,
            cwd=held.folder,
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (7, b"")


def test_a_closed_stdout_gives_its_number_to_no_file_of_the_archive(held: Any) -> None:
    done = _run("capture demo --archives archives --config config", ">&-", held.folder)
    assert done.returncode == 7
    assert held.json("verify", "demo")["collections"][0]["good"] is True


@pytest.mark.one_in(2)
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_a_dead_stderr_changes_no_status(held: Any, redirection: str) -> None:
    done = _run("list --archives nowhere", redirection, held.folder)
    assert (done.returncode, done.stdout) == (3, "")
    done = _run("capture demo --archives archives --config config", redirection, held.folder)
    assert done.returncode == 0, done.stdout


@pytest.mark.damages
def test_a_catalogue_that_is_none_is_no_damage_of_evidence(held: Any) -> None:
    catalogue = held.archives / "demo" / "state" / "catalogue.sqlite"
    for path in catalogue.parent.glob("catalogue.sqlite*"):
        path.unlink()
    catalogue.write_bytes(b"no database" * 1000)
    for words in (("list",), ("show", "05NOWHERE1"), ("cite", "05NOWHERE1"), ("history", "05NOWHERE1")):
        held(*words, status=7)
        assert "preserve rebuild demo" in held.errors
    held("rebuild", "demo")
    held("list", status=3)
    assert "Leave out" not in held.errors
    held("list", "--tag", "PREL", status=3)
    assert "Leave out a filter" in held.errors


@pytest.mark.damages
def test_damage_that_a_command_meets_is_found(held: Any, site: Site) -> None:
    (path,) = (held.archives / "demo" / "archive").iterdir()
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) * 2 // 3] ^= 1
    path.write_bytes(data)
    held("show", site.url("/"), status=1)
    path.unlink()
    held("show", site.url("/"), status=1)


def test_a_file_that_may_not_be_read_is_not_called_damaged(held: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (kept,) = (held.archives / "demo" / "archive").iterdir()
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != kept and access(path, mode))
    held("verify", "demo", status=7)
    assert f"{kept} cannot be read: Permission denied" in held.errors


@pytest.mark.damages
def test_a_marker_that_is_none_is_no_damage_of_evidence(held: Any) -> None:
    marker = held.archives / "demo" / "preserve.json"
    marker.write_text("{}")
    held("capture", "demo", status=7)
    assert "preserve repair demo --apply" in held.errors
    held("verify", "demo", status=1)
    held("repair", "demo", "--apply")
    held("verify", "demo")


def test_what_cannot_be_made_could_not_be_done(shell: Shell, site: Site) -> None:
    shell.site_collection("demo", site, "/")
    shell("init", "demo", "--archives", "/proc/nowhere", status=7)
    shell("capture", "demo", status=3)


def test_an_output_file_is_refused_by_its_place_or_by_the_disk(held: Any) -> None:
    held("export", "premis", "-c", "demo", "-o", str(held.folder / "no" / "file"), status=2)
    held("export", "premis", "-c", "demo", "-o", "/dev/full", status=7)


def test_another_folder_of_that_name_is_a_mistake_of_usage(shell: Shell, site: Site) -> None:
    shell.site_collection("demo", site, "/")
    (shell.archives / "demo").mkdir(parents=True)
    (shell.archives / "demo" / "photo.jpg").write_bytes(b"x")
    shell("init", "demo", status=2)


def test_a_help_page_tells_of_every_status(shell: Shell) -> None:
    told = " ".join(shell("verify", "--help").split())
    assert "1 findings" in told
    assert "7 could not be done" in told


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (2, ArchiveError),
        (5, ArchiveError),
        (13, EnvironmentFaultError),
        (1, EnvironmentFaultError),
        (24, EnvironmentFaultError),
    ],
)
def test_evidence_that_may_not_be_read_is_not_called_damaged(number: int, kind: type[Exception]) -> None:
    assert type(unreadable("a.warc.gz", OSError(number, os.strerror(number)))) is kind


def test_room_that_the_user_keeps_free_is_a_limit_and_a_full_disk_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preserve.store.copying.free_bytes", lambda _folder: 100)
    need_room(tmp_path, 60, 40)
    statuses = []
    for size in (61, 101):
        with pytest.raises(Exception, match="bytes to write") as caught:
            need_room(tmp_path, size, 40)
        statuses.append(getattr(caught.value, "exit_status", None))
    assert statuses == [6, 7]
