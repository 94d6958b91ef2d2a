"""The demonstration's archive, copied once for a module, and a desk over it."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from preserve.web.application import Desk
from preserve.web.settings import DeskSettings

CABLE = "05PORTSOLACE117"


@dataclass(frozen=True)
class DemoFolder:
    folder: Path

    def desk(self, archives: Path | None = None, **changes: Any) -> TestClient:
        settings = DeskSettings(
            **{
                "archives": archives or self.folder / "archives",
                "config_dir": self.folder / "config",
                "keys": self.folder / "home" / "preserve" / "keys",
                "hosts": frozenset({"testserver"}),
                **changes,
            }
        )
        faults: list[str] = []
        client = TestClient(Desk(settings, faults.append), follow_redirects=False)
        client.faults = faults  # type: ignore[attr-defined]
        return client

    def copy(self, target: Path) -> Path:
        shutil.copytree(self.folder / "archives", target)
        return target


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, made_demo: Path) -> DemoFolder:
    folder = tmp_path_factory.mktemp("desk") / "demo"
    shutil.copytree(made_demo, folder, symlinks=True)
    return DemoFolder(folder)


@pytest.fixture
def desk(demo: DemoFolder, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A desk over the demonstration, as its own user."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(demo.folder / "home"))
    return demo.desk()
