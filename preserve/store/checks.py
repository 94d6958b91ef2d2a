"""What verifications found and when, one JSON line each, beside the collections: the dates that an operator is shown.

No evidence, and nothing makes it again: the evidence itself can be verified at any time. A line has a MAC of the
installation that made it. What says that all is good without one counts for nothing, for anybody may have written it;
what says that there is damage counts, until everything was read.

Tested by ``tests/unit/store/test_check_levels.py``.
"""

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
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

MacOfNote = Callable[[bytes], bytes]
"""The MAC of one line by the installation's secret (`preserve.provenance.checknotes`)."""


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


def append_check(archives: Path, collection: str, check: Check, mac: MacOfNote | None) -> None:
    """Appends a check, durably. ``mac`` is None where there is no secret.

    Raises:
        OSError, EnvironmentFaultError: it cannot be written.
    """
    path = checks_path(archives, collection)
    make_dir(path.parent)
    line = _line(check)
    if mac is not None:
        line = line[:-1] + b',"mac":"' + mac(line).hex().encode() + b'"}'
    # A line that a crash cut short is closed first, so that it takes no other with it.
    append_synced(path, (b"" if _ends_well(path) else b"\n") + line + b"\n")


def read_checks(archives: Path, collection: str, mac: MacOfNote | None) -> CheckNotes:
    """The checks noted. ``mac``: see `append_check`; without it every line counts that is one.

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
    unread = damaged = 0
    for line in lines:
        check, said = _read(line)
        if check is not None:
            is_own = mac is not None and hmac.compare_digest(mac(_line(check)).hex().encode(), said)
            if mac is not None and check.good and (not is_own or check.ended < damaged):
                # Somebody else's, or an older one that was put behind damage.
                continue
            damaged = max(damaged, check.ended) if is_own and not check.good else damaged
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


def _line(check: Check) -> bytes:
    return json.dumps(asdict(check), separators=(",", ":")).encode()


def _read(line: bytes) -> tuple[Check | None, bytes]:
    """The check of a line, and the MAC that it has."""
    try:
        values = json.loads(line)
        said = values.pop("mac", "") if isinstance(values, dict) else ""
        check = Check(**values)
        return (check if _is_sound(check) else None), str(said).encode("utf-8", "replace")
    except (ValueError, TypeError, RecursionError):
        return None, b""


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
