"""A file of the user's cache put in its place: whole or not at all, and no more of its kind than are of use."""

import os
import time
from contextlib import suppress
from pathlib import Path

_LEFT_S = 3_600.0
"""A part that is older was left by a process that was killed."""


def keep_cached(path: Path, data: bytes, *, most: int) -> None:
    """Writes the file, or does not: a home that cannot be written to is no fault.

    Args:
        path: ``KIND-DIGEST.SUFFIX``; of its kind and suffix the ``most`` that were written last stay.
        data: all of it.
        most: files.
    """
    part = path.with_suffix(f".{os.getpid()}.part")
    kind = path.name.partition("-")[0]
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
        known = sorted(path.parent.glob(f"{kind}-*{path.suffix}"), key=lambda each: each.stat().st_mtime)
        for old in known[:-most]:
            old.unlink(missing_ok=True)
        for left in path.parent.glob(f"{kind}-*.part"):
            if left.stat().st_mtime < time.time() - _LEFT_S:
                left.unlink(missing_ok=True)
