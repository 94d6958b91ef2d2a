"""Two machines that have the key of one log: growth is accepted, two histories are a fork for both."""

import shutil
from pathlib import Path

import pytest

from preserve.cli.shared.common import keys_folder
from tests.shell import Shell
from tests.site import Site

pytestmark = pytest.mark.damages


class _Machine:
    """A home and a folder of archives of its own; the configuration is shared."""

    def __init__(self, shell: Shell, patch: pytest.MonkeyPatch, name: str) -> None:
        self._shell, self._patch = shell, patch
        self.home, self.archives = shell.folder / f"{name}-home", shell.folder / name

    def __call__(self, *words: str, status: int = 0) -> str:
        with self._patch.context() as patch:
            patch.setenv("XDG_CONFIG_HOME", str(self.home))
            out: str = self._shell(*words, "--archives", str(self.archives), status=status)
            return out + str(self._shell.errors)

    def look(self, archives: Path) -> None:
        """Verifies what lies elsewhere."""
        with self._patch.context() as patch:
            patch.setenv("XDG_CONFIG_HOME", str(self.home))
            self._shell("verify", "demo", "--archives", str(archives))

    @property
    def keys(self) -> Path:
        return keys_folder({"XDG_CONFIG_HOME": str(self.home)})

    def take(self, other: "_Machine") -> None:
        """Brings the archive over, as rsync does."""
        shutil.rmtree(self.archives, ignore_errors=True)
        shutil.copytree(other.archives, self.archives)


@pytest.fixture
def machines(shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch) -> tuple[_Machine, _Machine]:
    """Two machines; the second has only the signing key of the first."""
    site.page("/", b"<p>page</p>")
    shell.site_collection("demo", site, "/")
    one, two = _Machine(shell, monkeypatch, "one"), _Machine(shell, monkeypatch, "two")
    one("init", "demo")
    one("capture", "demo")
    two.keys.mkdir(parents=True)
    shutil.copy(one.keys / "demo.key", two.keys / "demo.key")
    two.take(one)
    return one, two


def test_what_the_other_adds_is_growth(machines: tuple[_Machine, _Machine]) -> None:
    one, two = machines
    for _turn in range(2):
        two("capture", "demo")
        one.take(two)
        assert "demo: good" in one("verify", "demo")
        one("capture", "demo")
        two.take(one)
        assert "demo: good" in two("verify", "demo")


def test_two_histories_are_a_fork_on_both(machines: tuple[_Machine, _Machine]) -> None:
    one, two = machines
    two("capture", "demo")
    one("capture", "demo")
    for mine, other in ((one, two), (two, one)):
        kept = mine.archives.with_name("kept")
        shutil.copytree(mine.archives, kept)
        mine.take(other)
        assert "E-LEDGER-FORKED" in mine("verify", "demo", status=1)
        assert "another history" in mine("capture", "demo", status=1)
        shutil.rmtree(mine.archives)
        kept.rename(mine.archives)
        assert "demo: good" in mine("verify", "demo")


def test_a_copy_that_was_not_brought_over_takes_no_capture_once_the_newer_one_was_seen(
    machines: tuple[_Machine, _Machine], tmp_path: Path
) -> None:
    one, two = machines
    two("capture", "demo")
    # One sees what two has, and forgets to bring it over.
    shutil.copytree(two.archives / "demo", tmp_path / "seen" / "demo")
    one.look(tmp_path / "seen")
    told = one("capture", "demo", status=1)
    assert "is an older copy" in told
    assert "preserve repair demo --from REPLICA" in told
    one("repair", "demo", "--from", str(two.archives), "--apply")
    one("capture", "demo")
