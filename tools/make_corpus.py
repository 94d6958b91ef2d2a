"""Writes ``tests/vectors``: a sound collection, overlays that damage it, and single files, sound and damaged.

Run it as ``python -m tools.make_corpus [FOLDER]``. It gives the same bytes each time. What it cannot make anew lies in
``tests/vectors/inputs``: the reply of a time authority, its request, its root and another's.
``tests/vectors/README.md`` says how to read the rest.
"""

import shutil
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from tools.corpus import files, ledgers, lies, packages, singles, vouchers
from tools.corpus.collection import NAME, VECTORS
from tools.corpus.overlay import base

MADE = ("base", "good", "warn", "bad", "trust")
"""The folders that are made anew each time."""


def corpus() -> Iterator[tuple[str, bytes]]:
    """Path under the folder of vectors, and bytes, of every file."""
    for path, data in base().items():
        yield f"base/{NAME}/{path}", data
    yield from vouchers.trust_files()
    for overlay in chain(files.overlays(), ledgers.overlays(), lies.overlays(), vouchers.overlays()):
        yield from overlay.written()
    yield from singles.vectors()
    yield from packages.vectors()


def write(folder: Path) -> int:
    """Writes all of it in place of what is there; returns the number of files."""
    for name in MADE:
        shutil.rmtree(folder / name, ignore_errors=True)
    written: set[str] = set()
    for name, data in corpus():
        if name in written:
            raise ValueError(f"two vectors are called {name}")
        written.add(name)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return len(written)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if sys.argv[1:] else VECTORS
    print(f"{write(target)} files under {target}")
