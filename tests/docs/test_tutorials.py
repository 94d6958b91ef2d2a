"""The tutorials, command by command, on a mirror; what a terminal shows of each is kept in build/transcripts."""

import shlex
import subprocess
from pathlib import Path

import pytest

from preserve.cli.main import main
from preserve.demo_site.pages import replies
from tests.guides import commands_of, shows
from tests.site import Site

_TOP = Path(__file__).parents[2]
_TUTORIALS = sorted((_TOP / "docs" / "tutorials").glob("*.md"))
_MIRROR, _PAGE = "https://cables.example", "/cable/2006/03/06VELDORA42.html"


def _run(command: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """What a command writes to stdout and to stderr."""
    if command.startswith("preserve "):
        capsys.readouterr()
        main(shlex.split(command)[1:])
        return capsys.readouterr()
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def _hurry(home: Path) -> None:
    """The mirror is ours: no request waits for the one before."""
    for path in (home / ".config" / "preserve" / "collections").glob("*.yaml"):
        path.write_text(path.read_text("utf-8").replace("delay_s: 2", "delay_s: 0"), "utf-8")


@pytest.mark.usefixtures("forked_program")
@pytest.mark.parametrize("tutorial", _TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_does_what_it_says(
    tutorial: Path, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, folder = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(home))
    site.page(_PAGE, replies(1)[_PAGE].body)
    here = site.url("").rstrip("/")
    transcript: list[str] = []
    commands = commands_of(tutorial)
    assert len(commands) > 6
    for command, shown in commands:
        out, errors = (text.replace(here, _MIRROR) for text in _run(command.replace(_MIRROR, here), capsys))
        transcript.append(f"$ {command}\n{errors}{out}")
        assert "Traceback" not in errors
        assert shows(out.splitlines(), shown), f"{command}\n{out}\n{errors}"
        _hurry(home)
    kept = _TOP / "build" / "transcripts" / f"{tutorial.stem}.txt"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("".join(transcript), "utf-8")
    assert kept.stat().st_size > 1_000


def test_there_are_the_three() -> None:
    assert [path.stem for path in _TUTORIALS] == ["paper-to-citation", "scheduled-capture", "verify-and-repair"]
