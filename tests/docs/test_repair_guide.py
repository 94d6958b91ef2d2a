"""The repair guide, command by command, on a collection that is damaged as it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

from preserve.formats.warc.members import iter_members
from preserve.formats.warc.record import compress_member, make_record, record_bytes
from tests.scenarios.test_damage import PAGE

_GUIDE = Path(__file__).parents[2] / "docs" / "repair.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _warc() -> bytes:
    body = PAGE.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    records = [
        make_record(
            [
                ("WARC-Type", "response"),
                ("WARC-Record-ID", f"<urn:uuid:00000000-0000-4000-8000-00000000000{number}>"),
                ("WARC-Date", "2026-01-02T03:04:05Z"),
                ("WARC-Target-URI", f"http://pages.example/{name}"),
                ("Content-Type", "application/http; msgtype=response"),
            ],
            head + body,
        )
        for number, name in enumerate(["06TESTPOST12", "again"])
    ]
    return b"".join(compress_member(record_bytes(record)) for record in records)


def commands_of(guide: Path) -> list[tuple[str, list[str]]]:
    """Every command of the guide with the lines that it shows."""
    found: list[tuple[str, list[str]]] = []
    for block in _BLOCK.findall(guide.read_text("utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def shows(printed: list[str], wanted: list[str]) -> bool:
    """The lines in this order; ``…`` stands for anything, alone in a line for any lines."""
    left = iter(printed)
    patterns = [re.compile(".*".join(re.escape(part) for part in line.split("…"))) for line in wanted if line != "…"]
    return all(any(pattern.fullmatch(line) for line in left) for pattern in patterns)


def run(command: str, folder: Path) -> list[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder)}
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout.splitlines()


def test_the_repair_guide_does_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "made-by-another.warc.gz").write_bytes(_warc())
    run("preserve import made-by-another.warc.gz --into cables", tmp_path)
    run("preserve replicate backup", tmp_path)
    path = tmp_path / "archives" / "cables" / "archive" / "made-by-another.warc.gz"
    with path.open("rb") as file:
        first = next(iter(iter_members(file)))
    data = bytearray(path.read_bytes())
    data[first.length // 2] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(bytes(data))
    commands = commands_of(_GUIDE)
    assert len(commands) > 8
    for command, shown in commands:
        printed = run(command, tmp_path)
        assert shows(printed, shown), f"{command}\n" + "\n".join(printed)
    assert (tmp_path / "verdict.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert (tmp_path / "cables-as-found" / "archive" / path.name).read_bytes() == bytes(data)
