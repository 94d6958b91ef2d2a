"""Every exception that the program raises on purpose, with its exit status and what to do next.

The tree::

    PreserveError
      UsageError              2   the caller's mistake: command line or configuration
        ConfigError           2   a configuration file is wrong; carries every mistake found
      NotHeldError            3   no such archive, page or cable
      LockedError             4   another process holds the collection
      NetworkError            5   the network failed as a whole
      LimitError              6   stopped by a limit that the user set; running again goes on
      FormatError             1   bytes that do not follow their format (raised by codecs, and nothing else is)
      ArchiveError            1   evidence is damaged: a command met what `preserve verify` finds
      CatalogueDiffersError   1   a table says something else than the ledger: nothing of it is believed
      EnvironmentFaultError   7   it could not be done: disk, rights, clock, keys, a program that is not there
        OutputError           7   what the command prints has nowhere to go
        BrokenStateError      7   a file of the program's own cannot be used: it holds no evidence
        NewerFormatError      7   it was written by a newer version of the program
        LeaseLostError        7   another machine of a fleet may go on with the collection
      CancelledError        130   stopped by the user

Status 1 means that something was found, and nothing else: a monitor that sees it knows that evidence or pages are to be
looked at. What kept the program from looking is 7.

A codec raises `FormatError` only: `ValueError`, `zlib.error`, `ssl.SSLError` and their like never leak out of one.
Damage found while checking is never an exception, it is a finding (`preserve.findings`).

Tested by ``tests/scenarios/test_errors.py``.
"""

import errno
from typing import ClassVar

_NO_BYTES = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EIO, errno.ELOOP, errno.ENXIO})


class PreserveError(Exception):
    """The root: one line for a person, and one line that says what to do next."""

    code: ClassVar[str] = "failed"
    """Stands in the JSON of an error; stable."""
    exit_status: ClassVar[int] = 7

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return self.message


class UsageError(PreserveError):
    """The caller asked for something that cannot be: exit 2."""

    code = "usage"
    exit_status = 2


class ConfigError(UsageError):
    """A configuration file is wrong. ``mistakes`` holds every one: ``file:line: what, and what would be right``."""

    code = "configuration"

    def __init__(self, mistakes: tuple[str, ...], *, next_step: str = "") -> None:
        super().__init__("\n".join(mistakes), next_step=next_step)
        self.mistakes = mistakes


class NotHeldError(PreserveError):
    """No such archive, page or cable: exit 3."""

    code = "not-held"
    exit_status = 3


class LockedError(PreserveError):
    """Another process is writing to the collection: exit 4."""

    code = "locked"
    exit_status = 4


class NetworkError(PreserveError):
    """The network failed as a whole (not one URL, which is a recorded outcome): exit 5."""

    code = "network"
    exit_status = 5


class LimitError(PreserveError):
    """A limit that the user set stopped the work; running it again goes on: exit 6."""

    code = "limit"
    exit_status = 6


class FormatError(PreserveError):
    """Bytes that do not follow their format: exit 1. The only error a codec raises."""

    code = "format"
    exit_status = 1


class ArchiveError(PreserveError):
    """Evidence is damaged, or is not what the ledger names: exit 1."""

    code = "damaged"
    exit_status = 1


class CatalogueDiffersError(PreserveError):
    """A derived table says something else than the ledger: exit 1.

    No `ArchiveError`: who passes over what is damaged does not pass over this. Made by `of` and `of_index` alone.
    """

    code = "catalogue-differs"
    exit_status = 1

    @classmethod
    def of(cls, collection: str, detail: str) -> "CatalogueDiffersError":
        """Of the catalogue: in what it differs."""
        return cls(
            f"the catalogue of {collection} disagrees with the ledger: {detail}",
            next_step=f"Run `preserve rebuild {collection}`: it makes the catalogue again. Nothing of it is believed.",
        )

    @classmethod
    def of_index(cls, collection: str, detail: str) -> "CatalogueDiffersError":
        """Of the index of the search: in what it is not the one that was made."""
        return cls(
            f"the search index of {collection} was changed: {detail}",
            next_step=f"Run `preserve rebuild {collection}`: the next search makes it again.",
        )


class EnvironmentFaultError(PreserveError):
    """It could not be done: disk, rights, clock, keys or another program stand in the way. Exit 7."""

    code = "could-not"


class OutputError(EnvironmentFaultError):
    """Standard output is closed or full. ``reader_left``: it was a pipe, and whoever read it has gone (``| head``)."""

    code = "output"

    def __init__(self, message: str, *, reader_left: bool = False, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.reader_left = reader_left


class BrokenStateError(EnvironmentFaultError):
    """A file of the program's own cannot be used: catalogue, tables, format marker. No evidence is in it."""

    code = "broken-state"


class NewerFormatError(EnvironmentFaultError):
    """The archive was written by a newer version of the program: nothing in it may be read as if it were known."""

    code = "newer-format"


class LeaseLostError(EnvironmentFaultError):
    """The collection is not this machine's any more: nothing is written of it."""

    code = "lease-lost"


class CancelledError(PreserveError):
    """Stopped by the user: exit 130."""

    code = "cancelled"
    exit_status = 130


def install_step(extra: str) -> str:
    """What to do next where a library is missing that comes with this extra."""
    return f"Install the extra `{extra}` too (see `preserve docs install`)."


def unreadable(what: str, error: OSError, *, next_step: str = "") -> PreserveError:
    """The error for evidence that the system does not give out.

    `ArchiveError` where it is gone, or the disk has lost its bytes; `EnvironmentFaultError` where this process may not
    read it, or the system has no room for it (rights, too many open files, memory): that says nothing of the evidence.
    """
    message = f"{what} cannot be read: {error.strerror or error}"
    if error.errno in _NO_BYTES:
        return ArchiveError(message, next_step=next_step)
    return EnvironmentFaultError(message, next_step="Run it as a user who may read the archive.")
