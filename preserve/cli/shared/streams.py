"""Standard streams that are closed, full or read by nobody any more.

With descriptor 1 closed, Python has no ``sys.stdout``, and the next file that is opened takes its number: a library
that prints would write into the archive. So the three numbers are taken first (as gnulib's ``stdopen`` does), and what
is printed to a stream that was closed fails as a write does. What goes to stderr is for people and never ends the work.

What stdout gets is UTF-8 where it goes to a file or a program, whatever the locale says: JSON and bibliographies are
read elsewhere. A terminal gets its own encoding, and escapes of what that does not have.
"""

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from preserve.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_OUT, _ERR = 1, 2


class _Out(io.FileIO):
    """Descriptor 1. A write that fails is an `OutputError`: it is told from a failure of the archive's disk.

    Where a reader has gone (``| head``) nothing is said, as usual programs do; but what the rest would have been is not
    known, so the status is no verdict either.
    """

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError(
                f"standard output cannot be written: {error.strerror or error}",
                reader_left=error.errno == errno.EPIPE,
                next_step="Give it somewhere to go that is open and has room. The work up to here is kept.",
            ) from error


class _Err(io.FileIO):
    """Descriptor 2. What cannot be written is lost: a scheduler goes on when its terminal is gone."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def guard_streams() -> None:
    """Takes the numbers of closed standard streams, and puts `_Out` and `_Err` below ``sys.stdout``, ``sys.stderr``."""
    for number in (0, _OUT, _ERR):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is this one. Opened the wrong way round: any use of it fails.
            os.open(os.devnull, os.O_WRONLY if number == 0 else os.O_RDONLY)
    sys.stdout = _text(_Out(_OUT, "w", closefd=False), sys.stdout)
    sys.stderr = _text(_Err(_ERR, "w", closefd=False), sys.stderr)


def drop_stdout() -> None:
    """Puts a stream in the place of stdout that takes everything: what is left in it is not written at the exit."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - lives to the end of the process


def _text(raw: io.FileIO, like: TextIO | None) -> io.TextIOWrapper:
    """A text stream over ``raw``, for people with the encoding of ``like``. No character ends the work."""
    is_prompt = raw.isatty() or raw.fileno() == _ERR
    encoding = (getattr(like, "encoding", None) if is_prompt else None) or "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=encoding, errors="backslashreplace", line_buffering=is_prompt
    )
