"""What a browser takes of the machine: of all its processes, and of its folder, whatever happens to them meanwhile."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from preserve.crawler.browser.process import Driver, LostBrowserError
from preserve.crawler.browser.takes import disk_of, memory_of, too_much
from preserve.limits import MIB

_TAKES = "import sys; held = bytearray(b'x') * (64 << 20); print('ready', flush=True); sys.stdin.read()"
_BEGINS = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_TAKES!r}])"


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="this system has no /proc")
def test_memory_is_that_of_all_that_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", _BEGINS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        assert 64 * MIB < memory_of(child.pid) < 256 * MIB
        assert too_much(child.pid, tmp_path) == ""
        monkeypatch.setattr("preserve.crawler.browser.takes.MAX_MEMORY_BYTES", 64 * MIB)
        assert "64 MiB of memory" in too_much(child.pid, tmp_path)
        child.communicate(b"")
    assert memory_of(child.pid) == 0


def test_disk_is_that_of_all_below_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "large").write_bytes(os.urandom(MIB))
    (tmp_path / "a" / "link").symlink_to("/")
    assert MIB <= disk_of(tmp_path) < 2 * MIB
    assert disk_of(tmp_path / "nowhere") == 0
    monkeypatch.setattr("preserve.crawler.browser.takes.MAX_DISK_BYTES", MIB // 2)
    assert "of disk" in too_much(0, tmp_path)


def test_a_browser_that_takes_too_much_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "hangs"
    # It goes on to say what it asks for: that does not keep it from being looked at.
    program.write_text('#!/bin/sh\nwhile echo \'{"asks": "http://x.org/", "main": true}\'; do sleep 0.01; done\n')
    program.chmod(0o755)
    monkeypatch.setattr("preserve.crawler.browser.process.sys.executable", str(program))
    monkeypatch.setattr("preserve.crawler.browser.process._LOOK_S", 0.05)
    monkeypatch.setattr("preserve.crawler.browser.process.too_much", lambda _process, _folder: "it took too much")
    with pytest.raises(LostBrowserError, match="it took too much"):
        Driver("chromium").visit({"seconds": 1000}, lambda _url, _main: None)
