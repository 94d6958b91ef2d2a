"""Changing the key of a log: a statement, a checkpoint that both keys sign, and only then the new key alone.

Killed anywhere, doing it again finishes it: the new key lies beside the old one until the end.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from preserve.errors import EnvironmentFaultError
from preserve.formats.tlog.note import Signer
from preserve.model import format_utc
from preserve.provenance.keys import key_path, make_key, next_path, read_key, retired_path
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import KeyStatement
from preserve.regular import read_regular
from preserve.store.archive import read_marker
from preserve.store.durable import make_dir, sync_dir, write_atomic
from preserve.store.layout import CollectionPaths


def rotate_key(
    paths: CollectionPaths, keys: Path, *, secret: bytes | None, reason: str, clock: Callable[[], datetime]
) -> tuple[Signer, Signer]:
    """Gives the log a new key; returns the old signer and the new one.

    Raises:
        EnvironmentFaultError: a key cannot be used or made.
        LockedError: another process writes to it.
    """
    origin = str(read_marker(paths)["origin"])
    current, coming = key_path(paths.name, keys), next_path(paths.name, keys)
    held = read_regular(paths.vkey).decode("ascii", errors="replace").strip()
    # The old key first: without it nothing can be changed, and nothing is left half changed.
    old = Signer(origin, read_key(_old_key(current, keys, held), secret))
    new = Signer(origin, read_key(coming, secret)) if coming.exists() else None
    if held != old.vkey and (new is None or held != new.vkey):
        raise EnvironmentFaultError(
            f"neither key is the one of the log in {paths.folder}",
            next_step=f"Put the key of {held} in place.",
        )
    signer = new if new is not None and held == new.vkey else old
    command = f"key rotate {paths.name}"
    with WritingSession(paths, Writer.of(paths, keys, signer), command=command, kinds=(KeyStatement,)) as session:
        if new is None:
            make_key(coming, secret)
            new = Signer(origin, read_key(coming, secret))
        if signer is old:
            _state(session, paths, old, new, reason=reason, moment=format_utc(clock()))
            write_atomic(paths.vkey, f"{new.vkey}\n".encode("ascii"))
        if current.exists():
            current.rename(retired_path(paths.name, keys, old.key_id))
        coming.rename(current)
        sync_dir(current.parent)
    return old, new


def _old_key(current: Path, keys: Path, held: str) -> Path:
    """Where the old key lies: retired already, where the last steps were cut short."""
    if current.exists():
        return current
    return next(iter(sorted(keys.glob(f"{current.stem}.*.retired"))), current) if held else current


def _state(
    session: WritingSession, paths: CollectionPaths, old: Signer, new: Signer, *, reason: str, moment: str
) -> None:
    ledger = session.ledger
    last = next((statement for _index, statement in ledger.statements(max(0, ledger.size - 1))), None)
    if not isinstance(last, KeyStatement) or (last.old, last.new) != (old.vkey, new.vkey):
        session.state([KeyStatement(old=old.vkey, new=new.vkey, changed=moment, reason=reason)])
    size = session.finish(new)
    make_dir(paths.receipts)
    write_atomic(paths.kept_checkpoint(size), session.ledger.note() or b"")
