"""Archives that the programs of others read."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from preserve.cli.main import main
from preserve.demo_site.process import DemoMirror
from tests.kept import Beginning, beginning
from tests.objectserver import BUCKET, serving_objects
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning"]

COPY = f"s3://{BUCKET}/copies/demo"


@pytest.fixture
def demo_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str], beginning: Beginning) -> Path:
    """The folder of the collection ``demo``: two runs over the bundled mirror, with every kind of record."""
    beginning(Shell(folder=tmp_path, capsys=capsys), lambda: _run_twice(tmp_path))
    capsys.readouterr()
    return tmp_path / "archives" / "demo"


def _run_twice(tmp_path: Path) -> None:
    collections = tmp_path / "config" / "collections"
    collections.mkdir(parents=True)
    with DemoMirror(0) as mirror:
        text = (Path(__file__).parents[2] / "config" / "collections" / "demo.yaml").read_text("utf-8")
        (collections / "demo.yaml").write_text(text.replace("127.0.0.1:8342/", f"127.0.0.1:{mirror.port}/"), "utf-8")
        place = ["demo", "--archives", str(tmp_path / "archives"), "--config", str(tmp_path / "config")]
        assert main(["init", *place]) == 0
        assert main(["capture", *place]) == 0
        mirror.enter_phase(2)
        # Replay tells captures apart by whole seconds: the second run begins in another one.
        begun = int(time.time())
        while int(time.time()) == begun:
            time.sleep(0.02)
        # One page was withdrawn meanwhile.
        assert main(["capture", *place]) == 1


@pytest.fixture
def copied(shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A collection ``demo`` of three captures, with its copy in a store: ``COPY``."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with serving_objects() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        shell.site_collection("demo", site, "/")
        shell("init", "demo")
        for number in range(3):
            site.page("/", b"<p>page %d</p>" % number)
            shell("capture", "demo")
        shell("replicate", COPY.removesuffix("/demo"), "demo")
        yield shell
