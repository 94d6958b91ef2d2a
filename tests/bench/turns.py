"""Whole processes timed in turns: their seconds, their processor seconds, and their memory at most."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
ORACLES = ROOT / ".oracles" / "bin"
BIN = ROOT / ".venv" / "bin"
_LOOK_S = 0.05


@dataclass(slots=True)
class Contender:
    """A command line, what it is compared with, and what its runs gave: seconds, processor seconds, bytes at most."""

    command: Sequence[str | Path]
    kind: str
    walls: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)
    peak: int = 0


def _own_bytes(pid: int) -> int:
    """The memory of a process and of those below it, shared pages counted once."""
    total = 0
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            tasks = list(Path(f"/proc/{one}/task").iterdir())
            for task in tasks:
                waiting += map(int, (task / "children").read_text("ascii").split())
            for line in Path(f"/proc/{one}/smaps_rollup").read_text("ascii").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except (OSError, ValueError):
            continue
    return total


def run(contender: Contender, environment: Mapping[str, str]) -> None:
    begun = time.monotonic()
    child = subprocess.Popen(
        contender.command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    while True:
        contender.peak = max(contender.peak, _own_bytes(child.pid))
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(_LOOK_S)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(map(str, contender.command))}: status {child.returncode}")
    contender.walls.append(time.monotonic() - begun)
    contender.processors.append(usage.ru_utime + usage.ru_stime)
