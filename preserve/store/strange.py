"""What lies in a collection's folder and is neither a file nor a folder of its own: links, pipes, sockets, devices."""

import os
from collections.abc import Iterator
from pathlib import Path

from preserve.findings import Finding
from preserve.store.layout import CollectionPaths


def strange_entries(paths: CollectionPaths) -> Iterator[Finding]:
    """A finding for each such thing below a collection's folder, in order; no link is followed, nothing is opened.

    The folder itself, and those above it, may be links: whoever copies it copies what is in it.
    """
    waiting = [(str(paths.folder.resolve()), "")]
    while waiting:
        folder, below = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            # What cannot be read is told by whoever reads it.
            continue
        for entry in found:
            name = f"{below}{entry.name}"
            if entry.is_symlink():
                yield Finding(code="W-FORMAT-LINK", where=name, detail=f"it leads to {_target(entry.path)}")
            elif entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, f"{name}/"))
            elif not entry.is_file(follow_symlinks=False):
                yield Finding(code="W-FORMAT-NO-FILE", where=name)


def _target(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return "nowhere"
