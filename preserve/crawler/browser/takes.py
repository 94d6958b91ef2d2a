"""What a browser takes of the machine while it loads a page: memory of its processes, room on its disk.

A page's scripts may ask for any amount of both, and the capture has to go on.

Tested by ``tests/unit/crawler/test_browser_takes.py`` and, with Chromium, ``tests/scenarios/test_browser.py``.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from preserve.limits import MIB
from preserve.regular import read_regular

MAX_MEMORY_BYTES: Final = 4096 * MIB
"""Of all its processes; pages as they are have a quarter of it."""
MAX_DISK_BYTES: Final = 2048 * MIB
"""Of its profile, with what scripts of a page store there, and its temporary files."""
_OWN_MEMORY: Final = (b"RssAnon:", b"RssShmem:")
"""Memory that is held by no file: what all processes of a program share is in neither."""


def too_much(process: int, folder: Path) -> str:
    """Why a browser is to be ended; empty where it may go on. ``process``: its driver; ``folder``: where it writes."""
    for taken, most, what in (
        (memory_of(process), MAX_MEMORY_BYTES, "memory"),
        (disk_of(folder), MAX_DISK_BYTES, "disk"),
    ):
        if taken > most:
            return f"the page took more than {most // MIB} MiB of {what}, and its browser was ended"
    return ""


def memory_of(process: int) -> int:
    """Bytes of memory of a process and all that it started, by /proc; 0 where there is none."""
    children: dict[int, list[int]] = {}
    with suppress(OSError):
        for entry in os.listdir("/proc"):  # noqa: PTH208 - hundreds of entries, often
            if entry.isdigit():
                children.setdefault(_parent(entry), []).append(int(entry))
    taken, left = 0, [process]
    while left:
        number = left.pop()
        taken += _own_memory(number)
        left += children.pop(number, [])
    return taken


def _parent(entry: str) -> int:
    with suppress(OSError, ValueError, IndexError):
        # The name of the program is in parentheses, and anything may be in it.
        return int(read_regular(Path("/proc", entry, "stat")).rpartition(b")")[2].split()[1])
    return 0


def _own_memory(number: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        lines = read_regular(Path("/proc", str(number), "status")).splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(_OWN_MEMORY))
    return 0


def disk_of(folder: Path) -> int:
    """Bytes on disk of what is below a folder. What goes or cannot be seen meanwhile is left out."""
    taken = 0
    for above, _folders, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                taken += os.lstat(os.path.join(above, name)).st_blocks * 512  # noqa: PTH118 - as above
    return taken
