"""How long object lock keeps the files of a copy in a store, and what is to be said where that ends soon.

Who runs the store sets the lock; this program only looks. Retention ends without a sound, so its end is a finding.

Tested by ``tests/scenarios/test_object_locks.py``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from preserve.errors import PreserveError, UsageError
from preserve.findings import Claim, Finding
from preserve.integrity.verify.report import claim, not_checked, not_proven
from preserve.objects.port import ObjectLock, ObjectStore

LOCK_VARIABLE: Final = "PRESERVE_LOCK_DAYS"
DEFAULT_LOCK_DAYS: Final = 30
_MAX_LOCK_DAYS: Final = 36_500
_CODE: Final = "W-REPLICA-LOCK"
_CLAIM: Final = "object lock keeps the files of the copy"


class CopyLocks(Struct, frozen=True, kw_only=True):
    """What is known of the lock on the files of a copy.

    ``until``: the soonest end of a retention; None where there is none, or all are held without an end. ``trouble``:
    why nothing could be looked at. ``findings``: what is to be told.
    """

    files: int
    locked: int = 0
    until: str | None = None
    trouble: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def told(self) -> str:
        """It in words."""
        if self.trouble:
            return f"not looked at: {self.trouble}"
        if not self.locked:
            return "none was seen"
        end = "without an end" if self.until is None else f"the first until {self.until}"
        return f"{self.locked} of {self.files} files, {end}"

    @property
    def claim(self) -> Claim:
        """It as a claim of a check."""
        if not self.locked:
            return not_checked(_CLAIM, self.told)
        return not_proven(_CLAIM, self.told) if self.findings else claim(_CLAIM, good=True, detail=self.told)


def days_of(environment: Mapping[str, str]) -> int:
    """In how many days from now an end of a retention is soon.

    Raises:
        UsageError: what the environment says is no number of days.
    """
    said = environment.get(LOCK_VARIABLE) or str(DEFAULT_LOCK_DAYS)
    if not (said.isascii() and said.isdigit() and int(said[:9]) <= _MAX_LOCK_DAYS and len(said) < 9):  # noqa: PLR2004
        raise UsageError(
            f"{LOCK_VARIABLE} is {said[:20]!r}, which is no number of days",
            next_step=f"Write a whole number up to {_MAX_LOCK_DAYS}, or leave it out: then it is {DEFAULT_LOCK_DAYS}.",
        )
    return int(said)


def look_at_locks(
    store: ObjectStore, folder: str, names: Sequence[str], *, days: int, now: datetime
) -> CopyLocks | None:
    """The locks on the objects of these names in a folder; None where the store has none to look at, or no file.

    Where neither the first nor the last of them is locked, the others are not looked at.
    """
    names = sorted(names)
    if not names or not store.has_locks:
        return None
    try:
        if not any(_locks(store, folder, [names[0], names[-1]]).values()):
            return CopyLocks(files=len(names))
        locks = _locks(store, folder, names)
    except PreserveError as error:
        return CopyLocks(files=len(names), trouble=str(error))
    ends = sorted((lock.until, name) for name, lock in locks.items() if lock is not None and lock.until is not None)
    return CopyLocks(
        files=len(names),
        locked=sum(lock is not None for lock in locks.values()),
        until=_said(ends[0][0]) if ends else None,
        findings=(*_ending(ends, now, days), *_unlocked([name for name, lock in locks.items() if lock is None])),
    )


def _said(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _locks(store: ObjectStore, folder: str, names: Sequence[str]) -> dict[str, ObjectLock | None]:
    return dict(zip(names, store.locks([f"{folder}/{name}" for name in names]), strict=True))


def _ending(ends: Sequence[tuple[datetime, str]], now: datetime, days: int) -> list[Finding]:
    """One finding for all whose retention has ended or ends soon: the first stands for the others."""
    soon = [end for end in ends if end[0] <= now + timedelta(days=days)]
    if not soon:
        return []
    (until, name), others = soon[0], len(soon) - 1
    more = f", and so it is with {others} more" * bool(others)
    word = "has ended" if until <= now else "ends"
    return [Finding(code=_CODE, where=name, detail=f"its retention {word} on {_said(until)}{more}")]


def _unlocked(names: Sequence[str]) -> list[Finding]:
    more = f", and so it is with {len(names) - 1} more" * (len(names) > 1)
    return [Finding(code=_CODE, where=names[0], detail=f"it is not locked, others are{more}")] if names else []
