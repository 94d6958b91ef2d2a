"""The ways in which Chromium may run on this machine, from the safest on.

Tested by ``tests/unit/crawler/test_browser_ways.py`` and, with Chromium, ``tests/scenarios/test_browser.py``.
"""

import grp
import os
import pwd
import secrets
import shlex
import stat
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from preserve.errors import EnvironmentFaultError

OWN_USER = "user"
"""What the machine refuses: Chromium as another user than the program's."""
SANDBOX = "sandbox"
"""What the machine refuses: Chromium's sandbox."""
_USERS = range(61_184, 65_520)
"""Numbers that are kept for users of a moment (systemd.io, Users, Groups, UIDs and GIDs)."""
_TRIES = 100
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - folders of random names are made in them


@dataclass(frozen=True, slots=True)
class Way:
    """``user``: the number of a user that owns nothing; None: the user of the program."""

    user: int | None
    sandbox: bool

    @property
    def lacks(self) -> str:
        """What is missing of the safest way, for a person; empty where nothing is."""
        found = [] if self.sandbox else ["without its sandbox"]
        if self.user is None and os.geteuid() == 0:
            found.append("as root")
        return " and ".join(found)


def ways(*, needs_sandbox: bool) -> tuple[Way, ...]:
    """The ways to try. As root Chromium has no sandbox, so that it becomes another user where that can be."""
    if os.geteuid() == 0:
        user = _free_user()
        every = [Way(user, sandbox=True), Way(user, sandbox=False), Way(None, sandbox=False)]
    else:
        every = [Way(None, sandbox=True), Way(None, sandbox=False)]
    return tuple(way for way in every if way.sandbox or not needs_sandbox)


def left(tried: Sequence[Way], refused: object) -> tuple[Way, ...]:
    """The ways that do not need what the machine refused."""
    return tuple(
        way
        for way in tried
        if not (refused == OWN_USER and way.user is not None) and not (refused == SANDBOX and way.sandbox)
    )


def _free_user() -> int:
    """A number that no user, group and process has.

    Raises:
        EnvironmentFaultError: there is none.
    """
    running = set[int]()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            running.add(entry.stat().st_uid)
    for _try in range(_TRIES):
        number = secrets.choice(_USERS)
        if number not in running and not _is_known(number):
            return number
    raise EnvironmentFaultError(
        f"a browser as root needs the number of a user that nobody has, and all tried of {_USERS.start} to "
        f"{_USERS.stop - 1} are taken",
        next_step="Run the capture as a user of its own.",
    )


def _is_known(number: int) -> bool:
    for look_up in (pwd.getpwuid, grp.getgrgid):
        with suppress(KeyError):
            look_up(number)
            return True
    return False


def temporary_folder() -> Path:
    """The folder for temporary files; as root one that every user may enter, where there is one."""
    usual = Path(tempfile.gettempdir())
    if os.geteuid() != 0:
        return usual
    return next((folder for folder in (usual, *_TEMPORARY) if _is_enterable(folder)), usual)


def _is_enterable(folder: Path) -> bool:
    with suppress(OSError):
        real = folder.resolve(strict=True)
        return all(one.stat().st_mode & stat.S_IXOTH for one in (real, *real.parents))
    return False


def program_of(user: int, browser: str, scratch: Path) -> Path:
    """A program that is Chromium as another user: begun in its place, in a folder that is this program's.

    The user gets a home in that folder.
    """
    scratch.chmod(0o711)
    home = own_folder(user, scratch / "home")
    script = Path(__file__).with_name("own_user.py")
    words = [sys.executable, "-I", "-S", str(script), str(user), str(home), browser]
    program = scratch / "browser"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    program.chmod(0o700)
    return program


def own_folder(user: int | None, folder: Path) -> Path:
    """Makes a folder that only a user may enter."""
    folder.mkdir(mode=0o700)
    if user is not None:
        os.chown(folder, user, user, follow_symlinks=False)
    return folder
