"""Processes as the system sees them, for tests that kill and wait: from /proc, where they may vanish at any moment."""

import time
from collections.abc import Callable
from pathlib import Path


def is_alive(pid: int) -> bool:
    """False where a process has ended, also while nobody has asked for its status."""
    fields = _stat(pid)
    return fields is not None and fields[0] not in {"Z", "X"}


def children_of(parent: int) -> list[int]:
    """The processes of a parent that have not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(folder.name))
        if fields is not None and fields[0] not in {"Z", "X"} and int(fields[1]) == parent:
            found.append(int(folder.name))
    return sorted(found)


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8", "replace")
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(mask, 16) >> (number - 1) & 1)


def until(condition: Callable[[], bool], most_s: float = 60) -> None:
    """Waits for what must come."""
    deadline = time.monotonic() + most_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.02)


def _stat(pid: int) -> list[str] | None:
    try:
        # The name of a program, in brackets, may hold blanks.
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
