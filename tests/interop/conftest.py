"""The archive of the demo: two runs over the bundled mirror, with every kind of record that a capture writes."""

import time
from pathlib import Path

import pytest

from preserve.cli.main import main
from preserve.demo_site.process import DemoMirror


@pytest.fixture
def demo_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The folder of the collection ``demo``."""
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
    capsys.readouterr()
    return tmp_path / "archives" / "demo"
