"""What verifications found and when, one JSON line each, beside the collections: the dates that an operator is shown.

No evidence, and nothing makes it again: the evidence itself can be verified at any time.

Tested by ``tests/unit/store/test_check_levels.py``.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from preserve.limits import MIB
from preserve.regular import open_regular
from preserve.store.durable import append_synced, make_dir
from preserve.store.layout import job_folder

FULL = "full"
WHOLE = frozenset({FULL, "seals"})
"""Levels of checks of everything: ``seals`` read some files, and of others that were read before the SHA-256 only."""
_MAX_BYTES = 16 * MIB
"""Decades of a check a day."""
_MOST = 1 << 63


class Check(Struct, frozen=True, kw_only=True):
    """One verification of a collection. ``level``: full, seals, structure or sample. Times in seconds since 1970.

    ``good``: nothing is damaged; ``statements``: how many the ledger held; ``codes``: what was found, in number.
    """

    level: str
    started: int
    ended: int
    good: bool
    records: int
    bytes_read: int
    statements: int | None
    codes: Mapping[str, int]


class CheckNotes(Struct, frozen=True, kw_only=True):
    """The checks noted, oldest first. ``unread``: lines after the last full one that are none: they may have told of
    damage. One that a crash cut short is such a line.
    """

    checks: tuple[Check, ...]
    unread: int


def checks_path(archives: Path, collection: str) -> Path:
    """Where the checks of a collection are noted.

    Raises:
        UsageError: the name cannot be a collection's.
    """
    return job_folder(archives, collection) / "checks.jsonl"


def note_check(archives: Path, collection: str, check: Check) -> None:
    """Appends a check, durably.

    Raises:
        OSError, EnvironmentFaultError: it cannot be written.
    """
    path = checks_path(archives, collection)
    make_dir(path.parent)
    line = json.dumps(asdict(check), separators=(",", ":")).encode()
    # A line that a crash cut short is closed first, so that it takes no other with it.
    append_synced(path, (b"" if _ends_well(path) else b"\n") + line + b"\n")


def noted_checks(archives: Path, collection: str) -> CheckNotes:
    """The checks noted.

    Raises:
        OSError: they cannot be read.
    """
    try:
        with open_regular(checks_path(archives, collection)) as file:
            # The newest ones, should it ever be longer: its first line is then cut, and none.
            file.seek(max(0, file.seek(0, 2) - _MAX_BYTES))
            lines = file.read(_MAX_BYTES).split(b"\n")
    except FileNotFoundError:
        return CheckNotes(checks=(), unread=0)
    checks: list[Check] = []
    unread = 0
    for line in lines:
        check = _read(line)
        if check is not None:
            checks.append(check)
            unread = 0 if check.level in WHOLE else unread
        elif line:
            unread += 1
    return CheckNotes(checks=tuple(checks), unread=unread)


def lasting_damage(checks: Sequence[Check]) -> Check | None:
    """The newest check that found damage, where no good full one came after it.

    A sample or a look at the structure that finds nothing takes no damage back.
    """
    damage = None
    for check in checks:
        if not check.good:
            damage = check
        elif check.level in WHOLE:
            damage = None
    return damage


def _ends_well(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            return file.seek(0, 2) == 0 or (file.seek(-1, 2) >= 0 and file.read(1) == b"\n")
    except FileNotFoundError:
        return True


def _read(line: bytes) -> Check | None:
    try:
        check = Check(**json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
    return check if _is_sound(check) else None


def _is_sound(check: Check) -> bool:
    """Whether every value is of its kind: the file lies where anything may write."""
    values: dict[str, Any] = asdict(check)
    codes = values["codes"]
    if not isinstance(codes, dict):
        return False
    numbers = [values[name] for name in ("started", "ended", "records", "bytes_read")]
    numbers += [] if check.statements is None else [check.statements]
    return (
        isinstance(values["level"], str)
        and isinstance(values["good"], bool)
        and all(type(number) is int and 0 <= number < _MOST for number in (*numbers, *codes.values()))
    )
