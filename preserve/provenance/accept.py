"""A new log in the place of one whose newest part is lost for good (ADR 0015).

The key of the old log has signed more than is left of it. Were it to go on from what is left, it would sign a second
history, and whoever saw the first would call it a forger. So what is left goes on under a new key and a new name: its
first statement says which log it follows, and every statement of the old log that is proved is stated again behind it.

Nothing is deleted. The old ledger and its receipts go to ``ledger-before/``, where they verify as ever; files that no
statement is left of go to ``quarantine/``. Stopped anywhere, the same call goes on: the new key lies beside the old one
until the end.

Tested by ``tests/scenarios/test_accept.py``.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec

from preserve.errors import ArchiveError, PreserveError, UsageError
from preserve.formats.tlog.merkle import CompactRange, leaf_hash
from preserve.formats.tlog.note import Signer
from preserve.model import format_utc
from preserve.provenance.derive import refuse
from preserve.provenance.installation import Installation
from preserve.provenance.keys import coming_path, key_path, make_key, read_key, retired_path
from preserve.provenance.knownlogs import KnownLog, KnownLogs, LogNotAsKnownError, read_log
from preserve.provenance.ledger import Ledger
from preserve.provenance.sealing import sealed_in
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import (
    ArchiveStatement,
    Follows,
    KeyStatement,
    RunStatement,
    Statement,
    UnknownStatement,
    decode,
    encode,
)
from preserve.store.archive import ARCHIVE_FORMAT, marker_bytes
from preserve.store.copying import set_aside
from preserve.store.durable import make_dir, remove_database, remove_derived, sync_dir, write_atomic
from preserve.store.layout import CollectionPaths

_BATCH = 1_000
"""Statements stated again at once."""
_LOST = frozenset({"E-LEDGER-ROLLED-BACK"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedLosses:
    """What was done. ``carried`` statements were stated again; of ``lost`` none is left. ``before``: the old ledger.

    ``quarantined``: names below ``quarantine/`` of files that no statement is left of.
    """

    signer: Signer
    follows: Follows
    carried: int
    lost: int
    before: Path
    quarantined: tuple[str, ...]


def accept_lost(
    paths: CollectionPaths, keys: Path, *, secret: bytes | None, clock: Callable[[], datetime]
) -> AcceptedLosses:
    """Begins a new log with a new key, which follows the one of which only a part is left.

    Raises:
        UsageError: nothing of the log is lost, as far as is known.
        LogNotAsKnownError: what lies there is not the beginning of the log that is known.
        ArchiveError: what is left of the log is damaged.
        NewerFormatError: a newer program wrote to it.
        EnvironmentFaultError: a key cannot be made or used. LockedError: another process writes to the archive.
    """
    logs, coming = KnownLogs(keys), coming_path(paths.name, keys)
    signer = _signer(paths.name, coming, secret) if coming.exists() else None
    if signer is None or not _before(paths, signer).ledger.is_dir():
        try:
            _proved(paths, _lost_log(paths, logs))
        except PreserveError:
            # A key that has begun nothing is in nobody's way.
            coming.unlink(missing_ok=True)
            raise
        make_key(coming, secret)
        signer = _signer(paths.name, coming, secret)
    work = _Work(paths, logs, Installation(keys, paths.name), signer)
    writer = Writer.of(paths, keys, signer)

    def prepare() -> Writer:
        work.put_aside()
        return writer

    with WritingSession(
        paths, writer, command=f"ledger accept {paths.name}", kinds=(ArchiveStatement,), prepare=prepare
    ) as session:
        again = islice(work.statements(format_utc(clock())), session.ledger.size, None)
        while batch := [encode(statement) for statement in islice(again, _BATCH)]:
            session.take(batch, None)
        session.finish()
    current = key_path(paths.name, keys)
    if current.exists():
        current.rename(retired_path(paths.name, keys, bytes.fromhex(work.old.keys[-1].vkey.split("+")[1])))
    coming.rename(current)
    sync_dir(keys)
    return AcceptedLosses(
        signer=signer,
        follows=work.follows,
        carried=work.left - 1 - len(work.dropped),
        lost=work.old.size - work.left,
        before=work.before.folder,
        quarantined=tuple(work.quarantined),
    )


def _signer(name: str, path: Path, secret: bytes | None) -> Signer:
    key = read_key(path, secret)
    return Signer(f"preserve/{name}/{key.public_key().public_bytes_raw().hex()[:8]}", key)


def _before(paths: CollectionPaths, signer: Signer) -> CollectionPaths:
    """The old ledger and its receipts, named after the log that follows it."""
    return paths.ledger_before(signer.name.rpartition("/")[2])


def _lost_log(paths: CollectionPaths, logs: KnownLogs) -> KnownLog:
    """What is known of the log that lies there, a part of which is lost."""
    compared = logs.compare(paths.folder, read_log(paths, Ledger(paths), logs))
    problems = [finding for finding in compared.findings if finding.is_problem]
    if any(finding.code not in _LOST for finding in problems):
        raise LogNotAsKnownError.of(paths, problems)
    if compared.log is None or not (problems or compared.behind):
        raise UsageError(
            f"nothing of the log of {paths.name} is lost, as far as is known here",
            next_step=f"Run `preserve verify {paths.name}` to see what is wrong with it.",
        )
    return compared.log


def _proved(paths: CollectionPaths, known: KnownLog) -> Ledger:
    """The ledger that is left, whose entries give the root of a checkpoint by the key of the log."""
    ledger = Ledger(paths)
    tree = CompactRange()
    for index, entry in ledger.raw():
        if index < ledger.covered:
            tree.append(leaf_hash(entry))
            refuse(paths.name, int(isinstance(decode(entry), UnknownStatement)))
    last = ledger.last_checkpoint()
    if last is None or not last.size or (tree.size, tree.root()) != (last.size, last.root):
        raise ArchiveError(
            f"{paths.ledger}: what is left of the log of {known.size} statements is damaged",
            next_step=f"Run `preserve repair {paths.name} --from COPY` with a copy of that part first.",
        )
    return ledger


@dataclass(slots=True)
class _Work:
    paths: CollectionPaths
    logs: KnownLogs
    installation: Installation
    signer: Signer
    quarantined: list[str] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    """Indexes of the old statements that are not stated again: changes of the old log's key."""

    @property
    def before(self) -> CollectionPaths:
        """The old ledger and its receipts."""
        return _before(self.paths, self.signer)

    @property
    def old(self) -> KnownLog:
        """What is known of the old log."""
        checkpoint = Ledger(self.before).last_checkpoint()
        known = None if checkpoint is None else self.logs.log(checkpoint.origin)
        if known is None:
            raise ArchiveError(
                f"nothing is known of the log in {self.before.folder} any more",
                next_step="Put the folder of keys back as it was when this was begun, and run it again.",
            )
        return known

    @property
    def left(self) -> int:
        """How many statements of the old log are left."""
        return Ledger(self.before).covered

    @property
    def follows(self) -> Follows:
        """What the new log says of the old one."""
        size, root = self.old.seen[-1]
        return Follows(origin=self.old.origin, size=size, root=root.hex())

    def put_aside(self) -> None:
        """Moves the old log out of the way and begins an empty one. Done already, or in part, it is finished."""
        paths, before = self.paths, self.before
        if not before.ledger.is_dir():
            _proved(paths, _lost_log(paths, self.logs))
            make_dir(before.folder)
            paths.ledger.rename(before.ledger)
            sync_dir(before.folder)
            sync_dir(paths.folder)
        if paths.receipts.is_dir() and not before.receipts.exists():
            paths.receipts.rename(before.receipts)
            sync_dir(before.folder)
        stated = {item.name for _index, statement in self._old_statements() for item in sealed_in(statement)}
        for path in sorted(paths.archive.iterdir()) if paths.archive.is_dir() else ():
            if path.name not in stated:
                self.quarantined.append(set_aside(path, paths.quarantine))
        make_dir(paths.ledger)
        write_atomic(paths.vkey, f"{self.signer.vkey}\n".encode("ascii"))
        write_atomic(paths.marker, marker_bytes(paths.name, self.signer.name))
        head = self.installation.head()
        if head is not None and head.origin != self.signer.name:
            self.installation.head_file.unlink()
        if not paths.checkpoint.exists():
            remove_derived(paths)
            remove_database(paths.frontier)
        place = self.logs.place(paths.folder)
        if place is not None and place.origin != self.signer.name:
            self.logs.forget_place(paths.folder)

    def statements(self, moment: str) -> Iterator[Statement]:
        """The statements of the new log, in order; the same at each call but for the moment in the first."""
        yield ArchiveStatement(
            collection=self.paths.name,
            format=ARCHIVE_FORMAT,
            origin=self.signer.name,
            key=self.signer.vkey,
            created=moment,
            follows=self.follows,
        )
        for index, statement in self._old_statements():
            if isinstance(statement, KeyStatement):
                self.dropped.append(index)
            elif isinstance(statement, RunStatement):
                # Every statement before it has been passed, so that all that are left out are known.
                first, last = statement.first_statement, statement.last_statement
                yield msgspec.structs.replace(
                    statement,
                    first_statement=first - bisect_left(self.dropped, first),
                    last_statement=last - bisect_left(self.dropped, last),
                )
            elif not isinstance(statement, ArchiveStatement):
                yield statement

    def _old_statements(self) -> Iterator[tuple[int, Statement]]:
        ledger = Ledger(self.before)
        for index, statement in ledger.statements():
            if index < ledger.covered:
                yield index, statement
