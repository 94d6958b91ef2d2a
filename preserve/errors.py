"""Every exception that the program raises on purpose, with its exit status and what to do next.

The tree::

    PreserveError
      UsageError            2   the caller's mistake: command line or configuration
        ConfigError         2   a configuration file is wrong; carries every mistake found
      NotHeldError          3   no such archive, page or cable
      LockedError           4   another process holds the collection
      NetworkError          5   the network failed as a whole
      LimitError            6   stopped by a limit; running again goes on
      FormatError           1   bytes that do not follow their format (raised by codecs, and nothing else is)
      ArchiveError          1   the archive on disk is damaged
        NewerFormatError    1   it was written by a newer version of the program
      EnvironmentFaultError 1   disk, clock, permissions, keys
      CancelledError      130   stopped by the user

A codec raises `FormatError` only: `ValueError`, `zlib.error`, `ssl.SSLError` and their like never leak out of one.
Damage found while checking is never an exception, it is a finding (`preserve.findings`).
"""

from typing import ClassVar


class PreserveError(Exception):
    """The root: one line for a person, and one line that says what to do next."""

    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return self.message


class UsageError(PreserveError):
    """The caller asked for something that cannot be: exit 2."""

    exit_status = 2


class ConfigError(UsageError):
    """A configuration file is wrong. ``mistakes`` holds every one: ``file:line: what, and what would be right``."""

    def __init__(self, mistakes: tuple[str, ...], *, next_step: str = "") -> None:
        super().__init__("\n".join(mistakes), next_step=next_step)
        self.mistakes = mistakes


class NotHeldError(PreserveError):
    """No such archive, page or cable: exit 3."""

    exit_status = 3


class LockedError(PreserveError):
    """Another process is writing to the collection: exit 4."""

    exit_status = 4


class NetworkError(PreserveError):
    """The network failed as a whole (not one URL, which is a recorded outcome): exit 5."""

    exit_status = 5


class LimitError(PreserveError):
    """A limit stopped the work; running it again goes on: exit 6."""

    exit_status = 6


class FormatError(PreserveError):
    """Bytes that do not follow their format. The only error a codec raises."""


class ArchiveError(PreserveError):
    """The archive on disk cannot be used: damaged where it must not be, or of a newer format."""


class NewerFormatError(ArchiveError):
    """The archive was written by a newer version of the program: nothing in it may be read as if it were known."""


class EnvironmentFaultError(PreserveError):
    """Disk, permissions, clock or keys stand in the way."""


class CancelledError(PreserveError):
    """Stopped by the user: exit 130."""

    exit_status = 130
