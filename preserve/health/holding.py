"""What a collection's archive holds, read for an operator: runs, sizes, ledger, receipts. What cannot be read is said.

Tested by ``tests/scenarios/test_status.py``.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from preserve.formats.urls import canonical
from preserve.provenance.judgements import moved_address
from preserve.provenance.ledger import Ledger
from preserve.provenance.receipts import AUTHORITY_NAME, held_failures
from preserve.provenance.statements import AcceptedStatement, ComparedRun, Moved, Muted, RunStatement, decode
from preserve.replay.comparing import LOST
from preserve.store.catalogue import Catalogue, key_form
from preserve.store.durable import is_locked
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import open_files

_RUN = b'"kind":"run"'
_OF_LOOKS = (_RUN, b'"kind":"accepted"', b'"kind":"moved"', b'"kind":"muted"')
_MOST_BUNDLES = 64
"""Bundles of the ledger gone through, from its end, for the last run: some 16,000 statements."""


class LastRun(Struct, frozen=True, kw_only=True):
    """The last run that the ledger states. Times as in the statement; ``outcome``: complete, cancelled, limit."""

    started: str
    ended: str
    outcome: str
    counts: Mapping[str, int]


class LastLook(Struct, frozen=True, kw_only=True):
    """What the last run that looked at held pages says of them, and of how many lost ones nobody has said so far that
    it is known. ``muted``: those of them that raise no alarm. ``good``: as the run was, or as it is made by what was
    said since.
    """

    ended: str
    seen: Mapping[str, int]
    looked: int
    lost: int
    muted: int
    good: bool


class Holding(Struct, frozen=True, kw_only=True):
    """What is held. ``statements`` of which ``covered`` are under a signed checkpoint.

    ``receipts``: by time authority the size of the newest checkpoint that it vouches for; ``unstamped``: why one gave
    none, by file; ``signed``: when the newest checkpoint was signed, by its file, None where there is none.
    ``quarantined``: damaged files that repairs moved away. ``is_counted``: there is a catalogue, which
    ``runs``, ``records`` and ``cables`` are counted by; ``lost_files`` and ``lost_statements`` are those that it knows
    and that are not there. ``unended``: files that a run left open, where none is under way. ``newer_statements``:
    those that a newer program wrote; nothing is counted of them.
    """

    runs: int = 0
    records: int = 0
    cables: int = 0
    newer_statements: int = 0
    last_run: LastRun | None = None
    last_look: LastLook | None = None
    warc_files: int = 0
    warc_bytes: int = 0
    all_bytes: int = 0
    statements: int = 0
    covered: int = 0
    receipts: Mapping[str, int] = field(default_factory=dict)
    unstamped: tuple[tuple[str, str], ...] = ()
    signed: int | None = None
    quarantined: int = 0
    is_counted: bool = False
    lost_files: int = 0
    lost_statements: int = 0
    unended: tuple[str, ...] = ()


def holding_of(paths: CollectionPaths) -> Holding:
    """What an archive holds.

    Raises:
        ArchiveError, FormatError, sqlite3.DatabaseError, OSError: it cannot be read.
    """
    ledger = Ledger.of_user(paths)
    runs = records = cables = newer = lost_files = known = 0
    is_counted = paths.catalogue.is_file()
    if is_counted:
        with Catalogue.open(paths, read_only=True) as catalogue:
            runs, records, cables = catalogue.totals()
            newer = catalogue.newer_statements
            lost_files = sum(not paths.held_file(name).is_file() for name in catalogue.files())
            known = catalogue.ledger_size
    warcs = [entry.stat().st_size for entry in _entries(paths.archive) if entry.is_file()]
    return Holding(
        runs=runs,
        records=records,
        cables=cables,
        newer_statements=newer,
        last_run=last_run(ledger),
        last_look=last_look(ledger),
        warc_files=len(warcs),
        warc_bytes=sum(warcs),
        all_bytes=sum(size for size in _sizes(paths.folder)),
        statements=ledger.size,
        covered=ledger.covered,
        receipts=_receipts(paths),
        unstamped=tuple(held_failures(paths)),
        signed=int(paths.checkpoint.stat().st_mtime) if paths.checkpoint.is_file() else None,
        quarantined=sum(1 for _entry in _entries(paths.quarantine)),
        is_counted=is_counted,
        lost_files=lost_files,
        lost_statements=max(0, known - ledger.size),
        unended=_unended(paths),
    )


def _unended(paths: CollectionPaths) -> tuple[str, ...]:
    found = tuple(path.name for path in open_files(paths))
    return found if found and not is_locked(paths.lock) else ()


def last_run(ledger: Ledger) -> LastRun | None:
    """The last run that a ledger states; None where there is none, or it lies far back.

    Raises:
        ArchiveError, FormatError: the ledger is damaged.
    """
    for entries in _backwards(ledger):
        for entry in reversed(entries):
            if _RUN in entry:
                said = decode(entry)
                # The counts stand in the first part of a statement in parts; its last part comes first here.
                if isinstance(said, RunStatement) and said.part == 1:
                    return LastRun(started=said.started, ended=said.ended, outcome=said.outcome, counts=said.counts)
    return None


def last_look(ledger: Ledger) -> LastLook | None:
    """What the last run that was compared with what was held says; None where there is none, or it lies far back.

    Raises:
        ArchiveError, FormatError: the ledger is damaged.
    """
    known: list[str] = []
    moved: list[Moved] = []
    lost: list[str] = []
    for entries in _backwards(ledger):
        for entry in reversed(entries):
            if not any(mark in entry for mark in _OF_LOOKS):
                continue
            match decode(entry):
                case AcceptedStatement(urls=urls) | Muted(urls=urls, muted=True):
                    known += urls
                case Moved() as said:
                    moved.append(said)
                case RunStatement(urls=ends) as said:
                    lost += [end.url for end in ends if end.seen in LOST]
                    if said.part == 1 and isinstance(said.compared, ComparedRun):
                        return _last_look(said, said.compared, set(lost) - _accepted(known, lost), moved)
                    if said.part == 1:
                        lost.clear()
    return None


def _accepted(known: Sequence[str], lost: Sequence[str]) -> set[str]:
    """Of the lost pages those whose loss is known; addresses are compared in canonical form."""
    keys = {key_form(canonical, url) for url in known}
    return {url for url in lost if keys and key_form(canonical, url) in keys}


def _last_look(said: RunStatement, compared: ComparedRun, left: set[str], moved: Sequence[Moved]) -> LastLook:
    still = sum(1 for url in left if not any(moved_address(url, one.old, one.new) for one in moved))
    # What was known before the run stands among the lost addresses of its statement, too.
    still = max(0, still - compared.accepted - compared.quiet)
    return LastLook(
        ended=said.ended,
        seen=compared.seen,
        looked=compared.looked,
        muted=compared.muted,
        lost=min(still, compared.lost),
        good=compared.good or not still,
    )


def _backwards(ledger: Ledger) -> Iterator[list[bytes]]:
    yield [entry for _index, entry in ledger.uncovered()]
    for number in reversed(ledger.bundles()[-_MOST_BUNDLES:]):
        yield list(ledger.bundle(number))


def _receipts(paths: CollectionPaths) -> dict[str, int]:
    newest: dict[str, int] = {}
    for entry in _entries(paths.receipts):
        size, _dot, rest = entry.name.partition(".")
        if rest.endswith(".tsr") and size.isdecimal():
            authority = rest.removesuffix(".tsr")
            # A file that no receipt was written to is none: its name is shown, and stands in metrics.
            if AUTHORITY_NAME.fullmatch(authority) is None:
                continue
            newest[authority] = max(newest.get(authority, 0), int(size))
    return dict(sorted(newest.items()))


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _sizes(folder: Path) -> Iterator[int]:
    """The sizes of all files below a folder. One that a writer takes away meanwhile counts nothing."""
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _sizes(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            try:
                yield entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
