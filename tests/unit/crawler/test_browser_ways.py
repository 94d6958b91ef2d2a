"""In which ways a browser is tried, and what it gets to be another user."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from preserve.crawler.browser import own_user
from preserve.crawler.browser.ways import OWN_USER, SANDBOX, Way, left, own_folder, program_of, temporary_folder, ways


@pytest.fixture(params=[True, False], ids=["root", "a user"])
def is_root(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if request.param else 1000)
    return bool(request.param)


def test_the_safest_way_comes_first_and_root_never_has_a_sandbox(is_root: bool) -> None:
    found = ways(needs_sandbox=False)
    assert found[0].sandbox
    assert (found[0].user is not None) == is_root
    assert [way.lacks for way in found] == (
        ["", "without its sandbox", "without its sandbox and as root"] if is_root else ["", "without its sandbox"]
    )
    assert [way.sandbox for way in ways(needs_sandbox=True)] == [True]


def test_what_the_machine_refuses_is_not_tried_again() -> None:
    every = (Way(61_200, sandbox=True), Way(61_200, sandbox=False), Way(None, sandbox=False))
    assert left(every, SANDBOX) == every[1:]
    assert left(every, OWN_USER) == every[2:]
    assert left(every[2:], SANDBOX) == every[2:]
    assert left(every, "") == left(every, ["nonsense"]) == every


def test_the_program_passes_its_arguments_on_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/root/.config")
    # To become the user that one is takes no right where one is no root; and what one may not become is said.
    told = tmp_path / "it's told"
    told.write_text('#!/bin/sh\nprintf "%s\\n" "$HOME" "$TMPDIR" "$XDG_CONFIG_HOME" "$@"\n')
    told.chmod(0o755)
    user = os.geteuid()
    (tmp_path / "scratch").mkdir()
    program = program_of(user, str(told), tmp_path / "scratch")
    done = subprocess.run([program, "--a=b c", "$HOME", "'"], capture_output=True, text=True, check=False)
    home = str(tmp_path / "scratch" / "home")
    if user == 0:
        assert done.stdout.splitlines() == [home, home, "", "--a=b c", "$HOME", "'"]
    else:
        assert own_user.CANNOT in done.stderr
    assert stat.S_IMODE(Path(home).stat().st_mode) == 0o700
    assert stat.S_IMODE(program.stat().st_mode) == 0o700


def test_what_cannot_be_begun_as_another_user_is_said(tmp_path: Path) -> None:
    words = [str(os.geteuid()), str(tmp_path), str(tmp_path / "none")]
    done = subprocess.run(
        [sys.executable, "-I", "-S", own_user.__file__, *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.split(":")[0]) == (126, own_user.CANNOT)


def test_root_gives_a_browser_a_place_that_it_may_enter(
    is_root: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    (closed / "below").mkdir(parents=True)
    closed.chmod(0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(closed / "below"))
    usual = closed / "below"
    assert (temporary_folder() == usual) != is_root
    monkeypatch.setattr("preserve.crawler.browser.ways._TEMPORARY", (tmp_path / "none",))
    assert temporary_folder() == usual


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes another user's folder")
def test_a_users_folder_is_its_own(tmp_path: Path) -> None:
    folder = own_folder(61_200, tmp_path / "own").stat()
    assert (folder.st_uid, folder.st_gid, stat.S_IMODE(folder.st_mode)) == (61_200, 61_200, 0o700)
