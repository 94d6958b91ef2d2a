"""The desk in a real browser: nothing that axe-core finds, nothing wider than a small screen, all by the keyboard."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from preserve.cli.main import main
from tests.desk import DemoFolder, demo, desk
from tests.serving import announced
from tests.tools import browser

__all__ = ["demo", "desk"]

_ROOT = Path(__file__).parents[2]
_SCRIPT = Path(__file__).parent / "walk_desk.py"


@pytest.mark.slow
@pytest.mark.interop
def test_a_reader_with_a_browser(demo: DemoFolder, desk: Any, tmp_path: Path) -> None:
    python, chromium, environment = browser()
    words = ["--archives", str(demo.folder / "archives"), "--config", str(demo.folder / "config"), "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "preserve", "serve", "--desk", "127.0.0.1:0", *words],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    ) as serving:
        try:
            address = announced(serving)["listening"]
            done = subprocess.run(
                [python, str(_SCRIPT), address, chromium, str(tmp_path)],
                capture_output=True,
                env=environment,
                timeout=600,
                check=False,
            )
        finally:
            serving.terminate()
    assert done.returncode == 0, done.stderr.decode()[-2_000:]
    found = json.loads(done.stdout)
    assert found["violations"] == []
    assert found["wide"] == []
    assert found["elsewhere"] == []
    assert found["steps"] == ["search", "cable", "paragraph", "cite", "capsule", "print"]
    assert main(["check", str(tmp_path / "passage.capsule.zip")]) == 0
    printed = (tmp_path / "cable.pdf").read_bytes()
    assert printed.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 5
