"""An overlay: what of the collection is other than in the base, and why."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from preserve.formats.tlog.merkle import leaf_hash, root_of
from preserve.formats.tlog.note import Signer
from preserve.provenance.journal import Commit, Start, group_lines, start_line
from preserve.provenance.mac import Mac
from tools.corpus.collection import ORIGIN, SECRET, Files, collection, ledger_files, whole_ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """One vector. ``files`` is the whole collection as it then is.

    ``sql``: done to the rebuilt catalogue. ``trust``: files under ``tests/vectors`` that the reader trusts.
    ``rebuild``: catalogue and index follow from this ledger, not from the base's. ``kind`` and ``damaged``: the number
    of the kind of damage, and the one file that it was done to.
    """

    folder: str
    why: str
    files: Files
    sql: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    rebuild: bool = False
    kind: str = ""
    damaged: str = ""
    links: tuple[str, ...] = ()
    """Files that are put elsewhere, with a link in their place."""
    pipes: tuple[str, ...] = ()
    """Places where a pipe is made."""

    def written(self) -> Iterator[tuple[str, bytes]]:
        """Path under ``tests/vectors`` and bytes of every file of it."""
        before = base()
        about: dict[str, object] = {"why": self.why, "deleted": sorted(before.keys() - self.files.keys())}
        about["sql"] = list(self.sql)
        others = {"trust": list(self.trust), "rebuild": self.rebuild, "kind": self.kind, "damaged": self.damaged}
        others |= {"links": list(self.links), "pipes": list(self.pipes)}
        about |= {name: value for name, value in others.items() if value}
        yield f"{self.folder}/overlay.json", (json.dumps(about, indent=1) + "\n").encode()
        for path, data in self.files.items():
            if before.get(path) != data:
                yield f"{self.folder}/{path}", data


@cache
def _base() -> Files:
    return collection()


def base() -> Files:
    """The sound collection, a new copy each time."""
    return dict(_base())


def edited(path: str, data: bytes) -> Files:
    """The sound collection with one file other, or added."""
    return base() | {path: data}


def without(*paths: str) -> Files:
    """The sound collection without some files."""
    return {path: data for path, data in base().items() if path not in paths}


def flipped(path: str, position: int) -> Files:
    """The sound collection with one bit of one file other; a position below 0 counts from the end."""
    data = bytearray(base()[path])
    data[position] ^= 1
    return edited(path, bytes(data))


def entries_of_base() -> list[bytes]:
    """The entries of the ledger, a new list each time."""
    return list(whole_ledger().entries)


def path_of(start: str) -> str:
    """The first path of the collection that begins so."""
    return next(path for path in base() if path.startswith(start))


def restated(entries: list[bytes], *signers: Signer) -> Files:
    """The collection with another ledger, signed with the log's own key if with no other."""
    kept = {path: data for path, data in base().items() if not path.startswith("ledger/tile/")}
    return kept | ledger_files(entries, *signers)


def named(prefix: str, form: str, cases: dict[str, tuple[str, Files]]) -> Iterator[Overlay]:
    """One overlay for each case: the end of its name, to why and the collection."""
    for name, (why, files) in cases.items():
        yield Overlay(folder=f"{prefix}{name}.{form}", why=why, files=files)


def other_byte(data: bytes, position: int) -> bytes:
    """Text with another letter at a position; one below 0 counts from the end."""
    other = b"A" if data[position : position + 1] != b"A" else b"B"
    return data[:position] + other + data[position:][1:]


def journal(*entries: bytes, size: int | None = None, secret: bytes = SECRET) -> bytes:
    """A journal with one group of statements, that extends the base's first ``size`` entries (by default all)."""
    held = entries_of_base()
    size = len(held) if size is None else size
    root = root_of(leaf_hash(entry) for entry in held[:size])
    start = Start(files=(), origin=ORIGIN, root=root.hex(), run="0" * 32, size=size, v=2)
    line, mac = start_line(Mac(secret), start)
    return line + group_lines(Mac(secret), mac, entries, Commit(files=(), size=size + len(entries)))[0]
