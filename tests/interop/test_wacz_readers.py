"""Packages in the programs that open them: ReplayWeb.page in a browser, pywb, and py-wacz."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.kept import capture_mirror_twice
from tests.shell import Shell
from tests.site import Site
from tests.tools import browser

_ORACLES = Path(__file__).parents[2] / ".oracles"
_REPLAY = _ORACLES / "npm" / "replaywebpage"
_WALK = Path(__file__).parent / "walk_wacz.py"

pytestmark = pytest.mark.slow


@pytest.fixture
def package(shell: Shell, site: Site, tmp_path: Path) -> Path:
    """A signed package of the mirror, captured twice with a change between."""
    capture_mirror_twice(shell, site)
    shell("key", "wacz", "demo")
    shell("export", "wacz", "demo", "-o", str(tmp_path / "demo.wacz"))
    return tmp_path / "demo.wacz"


def _oracle(*words: str | Path, folder: Path) -> str:
    program = _ORACLES / "bin" / str(words[0])
    if not program.is_file():
        pytest.skip(f"{words[0]} is not here: run `make oracles`")
    done = subprocess.run([program, *words[1:]], cwd=folder, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout + done.stderr


def test_py_wacz_finds_it_valid(package: Path) -> None:
    assert "the passed WACZ is valid" in _oracle("wacz", "validate", "-f", package, folder=package.parent)


def test_pywb_unpacks_every_capture(package: Path, shell: Shell) -> None:
    folder = package.parent / "pywb"
    folder.mkdir()
    _oracle("wb-manager", "init", "held", folder=folder)
    _oracle("wb-manager", "add", "--unpack-wacz", "held", package, folder=folder)
    (index,) = (folder / "collections" / "held" / "indexes").iterdir()
    own = (shell.archives / "demo" / "indexes" / "index.cdx").read_text("utf-8").splitlines()
    assert len(index.read_text("utf-8").splitlines()) == len(own)


def test_replayweb_page_shows_its_pages_offline(package: Path, site: Site) -> None:
    if not _REPLAY.is_dir():
        pytest.skip("ReplayWeb.page is not here: run `make oracles`")
    python, program, environment = browser()
    pages = [site.url("/"), site.url("/cable.php?id=101")]
    done = subprocess.run(
        [python, _WALK, _REPLAY, program, package, *pages],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["listed"] > 5
    assert told["elsewhere"] == []
    assert "cable number 101" in told["shown"][pages[0]]
    assert "twelfth light" in told["shown"][pages[1]]
