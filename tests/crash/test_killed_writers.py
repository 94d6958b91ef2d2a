"""Every command that writes to a log, stopped at each of its writes until it ends by itself: nothing is damaged."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.dying import die
from tests.scenarios.test_damage import PAGE
from tests.scenarios.test_import import _warc
from tests.scenarios.test_releases import _dump
from tests.shell import Shell
from tests.site import Site

# warcio leaves the files open that it takes digests with.
pytestmark = [
    pytest.mark.crash,
    pytest.mark.slow,
    pytest.mark.damages,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

_MOST_STOPS = 300
_RELEASE = ["release", "add", "some-release", "--title", "A release", "--publisher", "P", "--known-from", "a letter"]


def _copies(shell: Shell, base: Path) -> Iterator[int]:
    """For each stop the state to begin with, in a folder and a home of its own."""
    for stop in range(1, _MOST_STOPS):
        folder = base.parent / f"stop-{stop}"
        shutil.copytree(base, folder)
        shell.folder = folder
        os.environ["HOME"] = str(folder / "home")
        yield stop
        shutil.rmtree(folder)
    pytest.fail("the command never came to its end")


@pytest.fixture
def base(shell: Shell, site: Site, tmp_path: Path) -> Iterator[Path]:
    """A collection of two runs, a replica of it, a file and a dump to take in."""
    home = os.environ["HOME"]
    folder = tmp_path / "base"
    os.environ["HOME"] = str(folder / "home")
    shell.folder = folder
    (shell.config / "layouts").mkdir(parents=True)
    layouts = Path(__file__).parents[2] / "config" / "layouts"
    shutil.copytree(layouts, shell.config / "layouts", dirs_exist_ok=True)
    site.page("/cable", PAGE.encode())
    shell.site_collection("demo", site, "/cable")
    shell("init", "demo")
    shell("capture", "demo")
    site.page("/cable", PAGE.replace("Nothing", "Little").encode())
    shell("capture", "demo")
    shell("replicate", str(folder / "replica"), "demo")
    _warc(folder / "x.warc.gz", pages=3)
    _dump(folder)
    yield folder
    os.environ["HOME"] = home


_COMMANDS = {
    "import": ["import", "{}/x.warc.gz", "--into", "demo"],
    "release add": [*_RELEASE, "--into", "demo"],
    "release import": ["release", "import", "{}/cables.csv", "--into", "demo", "--release", "some-release"],
    "repair": ["repair", "demo", "--from", "{}/replica", "--apply"],
    "key rotate": ["key", "rotate", "demo"],
    "replicate": ["replicate", "{}/another", "demo"],
    "recover": ["recover", "demo"],
    "rebuild": ["rebuild", "demo"],
}


@pytest.mark.parametrize("name", list(_COMMANDS))
def test_a_command_that_dies_at_any_write_leaves_no_damage_and_is_finished_by_the_next(
    shell: Shell, base: Path, name: str
) -> None:
    if name == "release import":
        shell(*_RELEASE)
    if name == "repair":
        for path in (shell.archives / "demo" / "archive").glob("*.warc.gz"):
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[:-30])
    for stop in _copies(shell, base):
        words = [word.format(shell.folder) for word in _COMMANDS[name]]
        status = die(shell, stop, *words)
        if name not in {"repair", "rebuild"}:
            # A rebuild takes index and catalogue away before it makes them again.
            report = shell.json("verify", "demo", status=None)["collections"][0]
            assert not [f for f in report["findings"] if f["code"].startswith("E-")], (stop, report["findings"])
        shell(*words, status=None)
        # What a crash leaves is never taken for somebody else's.
        assert "quarantine" not in shell.errors or name == "repair", (stop, shell.errors)
        shell(*words, status=None)
        report = shell.json("verify", "demo", status=None)["collections"][0]
        assert report["good"] is True
        if name == "replicate":
            shell("verify", "demo", "--archives", str(shell.folder / "another"))
        if status != 137:
            assert stop > 1
            return
