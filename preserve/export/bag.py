"""A bag (RFC 8493) around a copy of a collection, for a transfer to another archive.

The payload is a copy as `preserve replicate` makes it: it is a collection as it stands, and the bag's manifests let
whoever does not know what it is see that it came whole.

Tested by ``tests/scenarios/test_export_bag.py``.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from preserve.limits import MIB
from preserve.regular import open_regular
from preserve.store.durable import write_atomic

_DECLARATION: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_PAYLOAD: Final = "data"


def write_tags(bag: Path, about: Mapping[str, str]) -> tuple[int, int]:
    """Writes the tag files of a bag whose payload lies in ``data``; number and bytes of the payload's files.

    ``about``: elements of ``bag-info.txt`` (section 2.2.2), each of one line.

    Raises:
        OSError: a file cannot be read, or is none, or a tag file cannot be written.
    """
    count = size = 0
    lines = []
    for name in _names(bag, _PAYLOAD):
        digest, length = _hashed(bag / name)
        lines.append(f"{digest}  {_encoded(name)}\n")
        count += 1
        size += length
    told = {**about, "Payload-Oxum": f"{size}.{count}"}
    tags = {
        "bagit.txt": _DECLARATION,
        "bag-info.txt": "".join(f"{name}: {' '.join(value.split())}\n" for name, value in told.items()).encode("utf-8"),
        "manifest-sha256.txt": "".join(lines).encode("utf-8"),
    }
    tags["tagmanifest-sha256.txt"] = "".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(tags.items())
    ).encode("ascii")
    for name, data in tags.items():
        write_atomic(bag / name, data)
    return count, size


def _names(bag: Path, folder: str) -> Iterator[str]:
    """The files below a folder, with slashes, sorted."""
    with os.scandir(bag / folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            path = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _names(bag, path)
            else:
                yield path


def _hashed(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with open_regular(path) as file:
        while piece := file.read(MIB):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def _encoded(name: str) -> str:
    """A name in a manifest (section 2.1.3)."""
    return name.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
