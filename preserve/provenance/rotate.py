"""Changing the key of a log: a statement, a checkpoint that both keys sign, and only then the new key alone.

Killed anywhere, doing it again finishes it: the new key lies beside the old one until the end.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from preserve.errors import EnvironmentFaultError, UsageError
from preserve.formats.note import Signer
from preserve.model import format_utc
from preserve.provenance.derive import catch_up, refuse_newer
from preserve.provenance.keys import key_path, make_key, next_path, read_key, retired_path
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import Key
from preserve.regular import read_regular
from preserve.store.archive import read_marker
from preserve.store.catalogue import Catalogue
from preserve.store.durable import Lock, make_dir, sync_dir, write_atomic
from preserve.store.layout import CollectionPaths
from preserve.store.warcfile import open_files


def rotate_key(
    paths: CollectionPaths, keys: Path, *, secret: bytes | None, reason: str, clock: Callable[[], datetime]
) -> tuple[Signer, Signer]:
    """Gives the log a new key; returns the old signer and the new one.

    Raises:
        EnvironmentFaultError: a key cannot be used or made.
        UsageError: a capture did not end. LockedError: another process writes to it.
    """
    origin = str(read_marker(paths)["origin"])
    current, coming = key_path(paths.name, keys), next_path(paths.name, keys)
    with Lock(paths.lock, f"preserve key rotate {paths.name}"):
        refuse_newer(paths, Ledger(paths))
        if not coming.exists():
            make_key(coming, secret)
        new = Signer(origin, read_key(coming, secret))
        held = read_regular(paths.vkey).decode("ascii", errors="replace").strip()
        old = Signer(origin, read_key(_old_key(current, keys, held), secret))
        if held != new.vkey:
            if held != old.vkey:
                raise EnvironmentFaultError(
                    f"neither key is the one of the log in {paths.folder}",
                    next_step=f"Put the key of {held} in place.",
                )
            _state(paths, old, new, reason=reason, moment=format_utc(clock()))
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


def _state(paths: CollectionPaths, old: Signer, new: Signer, *, reason: str, moment: str) -> None:
    ledger = Ledger(paths)
    last = next((statement for _index, statement in ledger.statements(max(0, ledger.size - 1))), None)
    if not isinstance(last, Key) or (last.old, last.new) != (old.vkey, new.vkey):
        if ledger.size != ledger.covered or open_files(paths):
            raise UsageError(
                f"a capture of {paths.name} did not end",
                next_step=f"Run `preserve capture {paths.name}` to its end first.",
            )
        ledger.append([Key(old=old.vkey, new=new.vkey, changed=moment, reason=reason)])
    # Once all statements are covered, what is derived agrees with them.
    with Catalogue.open(paths) as catalogue:
        catch_up(paths, ledger, catalogue)
    checkpoint = ledger.checkpoint(old, new)
    note = ledger.note()
    make_dir(paths.receipts)
    write_atomic(paths.kept_checkpoint(checkpoint.size), note or b"")
