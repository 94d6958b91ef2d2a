"""Becomes a user that owns nothing, and then another program: ``own_user.py USER HOME PROGRAM ARGUMENTS``.

A script of its own, begun by the browser's driver in Chromium's place, with Python's library alone: the program's own
modules may lie where that user cannot read. What it cannot do it says on stderr, behind ``CANNOT``.

Tested by ``tests/scenarios/test_browser.py``.
"""

import ctypes
import os
import sys

CANNOT = "preserve cannot become another user"
_NEW_USER_NAMESPACE = 0x10000000
_OF_A_HOME = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")
"""Folders of the user before, in which this one may not write."""
_SET_NO_NEW_PRIVILEGES = 38


def _is_namespace_given(libc: ctypes.CDLL) -> bool:
    """True where this user may have a user namespace: Chromium's sandbox then needs no program with a set-user bit."""
    child = os.fork()
    if child == 0:
        os._exit(0 if libc.unshare(_NEW_USER_NAMESPACE) == 0 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _become(user: int, home: str) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.umask(0o077)
    os.chdir(home)
    os.environ.update(HOME=home, TMPDIR=home)
    for name in _OF_A_HOME:
        os.environ.pop(name, None)
    libc = ctypes.CDLL(None)
    if _is_namespace_given(libc):
        # From here on no program with a set-user bit makes it another user.
        libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def main(user: str, home: str, *command: str) -> None:
    """Does not return, but where it cannot become that user, or begin the program as that user."""
    try:
        _become(int(user), home)
        os.execv(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.stderr.write(f"{CANNOT}: {error}\n")
        sys.exit(126)


if __name__ == "__main__":
    main(*sys.argv[1:])
