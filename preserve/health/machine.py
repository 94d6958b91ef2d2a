"""The machine that archives live on: program, clock, disk, locks, limits. Nothing stays changed; no network is used.

Tested by ``tests/scenarios/test_doctor.py``.
"""

import ctypes
import fcntl
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from preserve import __version__
from preserve.health.checks import CheckResult, fail, not_checked, ok, warn
from preserve.model import moment_text

_FIRST_S, _LAST_S = 1_767_225_600, 4_102_444_800
"""2026 to 2100: no clock that is right shows a time before this program was made, or long after."""
_TIME_ERROR = 5
"""What adjtimex(2) returns where nothing keeps the clock."""
_TIMEX_BYTES = 256
_NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "gluster", "lustre", "ocfs2", "virtiofs", "fuse.")
_FEW_INODES = 10_000
_FEW_FILES = 1024
_TIMEOUT_S = 10


def examine_machine(archives: Path, keys: Path, now: int, *, is_new: bool) -> Iterator[CheckResult]:
    """The points that hold for all collections. ``is_new``: nobody has configured one here yet."""
    yield ok("program", f"preserve {__version__}, Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}")
    yield _clock(now)
    yield _synchronised()
    yield _zones()
    if is_new and not archives.exists() and not keys.exists():
        yield ok("archives", "there is no collection yet; `preserve new NAME URL` writes the file of one")
    else:
        yield from _archives(archives)
        yield _keys(keys)
    yield _temporary()
    yield _open_files()
    yield _openssl()


def _clock(now: int) -> CheckResult:
    told = moment_text(now)
    if not _FIRST_S <= now < _LAST_S:
        return fail("clock", f"it shows {told}", "Set it: every capture has its date, and none can be changed later.")
    return ok("clock", told)


def _synchronised() -> CheckResult:
    """Asks the kernel, which knows whether anything keeps its clock, whatever that is (adjtimex(2))."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (AttributeError, OSError):
        state = -1
    if state == _TIME_ERROR:
        step = "Have it kept by NTP (systemd-timesyncd, chrony): dates of captures are evidence."
        return warn("clock", "nothing keeps it right", step)
    if state < 0:
        return not_checked("clock", "whether something keeps it right is not known here")
    return ok("clock", "it is kept right")


def _zones() -> CheckResult:
    try:
        ZoneInfo("Europe/Vienna")
    except (OSError, ValueError, KeyError):
        return fail("time zones", "there are none", "Install tzdata: schedules need it.")
    return ok("time zones", "there")


def _archives(archives: Path) -> Iterator[CheckResult]:
    about = "archives"
    if not archives.is_dir():
        yield fail(about, f"there is no folder {archives}", "Run `preserve init COLLECTION`, or give --archives.")
        return
    try:
        with tempfile.NamedTemporaryFile(prefix=".preserve-doctor-", dir=archives) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
            yield ok(about, f"{archives.absolute()} can be written to and synced")
            yield _locks(Path(file.name))
    except OSError as error:
        step = "See who owns it, and whether the disk is full or read-only."
        yield fail(about, f"{archives} cannot be written to: {error.strerror}", step)
    kind = _file_system(archives)
    if kind.startswith(_NETWORK):
        yield warn(about, f"they lie on a network file system ({kind})", "Let one machine only write to them.")
    usage = os.statvfs(archives)
    if usage.f_files and usage.f_favail < _FEW_INODES:
        yield warn(
            about, f"{usage.f_favail:,} more files can be made on this disk", "Make room: ledgers are many files."
        )


def _locks(path: Path) -> CheckResult:
    """Takes a lock twice: the second must not be had."""
    with path.open("rb") as one, path.open("rb") as two:
        try:
            fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return fail("locks", f"none can be had: {error.strerror}", "Move the archives to a local disk.")
        try:
            fcntl.flock(two, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return ok("locks", "they keep two writers apart")
    return fail("locks", "they do not keep two writers apart", "Move the archives to a local disk.")


def _file_system(folder: Path) -> str:
    """The kind of file system that a folder lies on, by the longest mount point above it; empty where unknown."""
    found = ("", "")
    path = str(folder.resolve())
    try:
        lines = Path("/proc/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        fields = line.split()
        if len(fields) > 2:  # noqa: PLR2004 - device, mount point, kind
            point = fields[1].replace("\\040", " ")
            if (path == point or path.startswith(point.rstrip("/") + "/")) and len(point) >= len(found[0]):
                found = (point, fields[2])
    return found[1]


def _keys(keys: Path) -> CheckResult:
    if keys.exists() and not keys.is_dir():
        return fail("keys", f"{keys} is no folder", "Move it away, and put your copy of the keys there.")
    if not keys.is_dir():
        return warn(
            "keys", f"there is no folder {keys}", "`preserve init` makes it; or put your copy of the keys there."
        )
    mode = stat.S_IMODE(keys.stat().st_mode)
    if mode & 0o022:
        return fail("keys", f"others can write to {keys}", f"Run `chmod 700 {keys}`.")
    return ok("keys", str(keys))


def _temporary() -> CheckResult:
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        detail = f"{tempfile.gettempdir()} cannot be written to: {error.strerror}"
        return fail("temporary files", detail, "Make room there, or set TMPDIR.")
    return ok("temporary files", tempfile.gettempdir())


def _open_files() -> CheckResult:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if 0 <= most < _FEW_FILES:
        return warn("open files", f"at most {most}", f"Allow {_FEW_FILES} (ulimit -n, LimitNOFILE=).")
    return ok("open files", "enough")


def _openssl() -> CheckResult:
    path = shutil.which("openssl")
    if path is None:
        return not_checked("openssl", "not here; only needed to check receipts by hand")
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, the program found on the PATH
            [path, "version"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return not_checked("openssl", "it cannot be run; only needed to check receipts by hand")
    return ok("openssl", done.stdout.strip()[:80])
