"""Only regular files are opened, nothing is waited for, and no more is read than was asked for."""

import os
import re
import socket
import tracemalloc
from pathlib import Path

import pytest

from preserve.regular import NotRegularError, TooLargeError, open_regular, read_regular


def test_a_file_is_read_whole_also_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_regular(tmp_path / "file", 7) == read_regular(tmp_path / "link") == b"content"
    with open_regular(tmp_path / "file") as file:
        assert file.read() == b"content"


def test_a_pipe_a_socket_a_folder_and_a_device_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for path in (Path("pipe"), Path("folder"), Path("socket"), Path("/dev/zero")):
            with pytest.raises(NotRegularError, match="no regular file"):
                read_regular(path)
    with pytest.raises(FileNotFoundError):
        open_regular(Path("nowhere"))


def test_gigabytes_of_nothing_take_no_memory(tmp_path: Path) -> None:
    (tmp_path / "sparse").touch()
    os.truncate(tmp_path / "sparse", 8 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match="more than 1048576 bytes"):
            read_regular(tmp_path / "sparse")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


OWN_FILES = {
    "demo_site",
    "check_capsule.py",
    "demo.py",
    "configcache.py",
    "machine.py",
    "machines.py",
    "preflight.py",
    "regular.py",
}
"""What reads files of the program's own making alone, files of the kernel, or has the same rule in itself."""


def test_files_are_read_here_and_nowhere_else() -> None:
    top = Path(__file__).parents[2] / "preserve"
    reading = re.compile(r"\.read_bytes\(\)|\.read_text\(|\.open\(\"rb?\"\)|\.open\(\)")
    found = [
        f"{path.relative_to(top)}: {line.strip()}"
        for path in top.rglob("*.py")
        if not OWN_FILES & {path.name, path.relative_to(top).parts[0]}
        for line in path.read_text("utf-8").splitlines()
        if reading.search(line)
    ]
    assert found == []
