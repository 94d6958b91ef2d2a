"""A result that lies with a worker, fetched in pieces into a file: who asks for it never holds all of it.

Tested by ``tests/unit/cluster/test_pieces.py``.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import IO, Final

from preserve.cluster.results import MAX_RESULT_BYTES, Result
from preserve.errors import EnvironmentFaultError
from preserve.limits import MIB

PIECE_BYTES: Final = 4 * MIB
_SHA256_BYTES: Final = 32
_SIZE_BYTES: Final = 8


def piece_of(result: Result, number: int, piece_bytes: int = PIECE_BYTES) -> bytes:
    """A piece of a result; SHA-256 and size of all of it stand before the first one."""
    piece = result[number * piece_bytes : (number + 1) * piece_bytes]
    return piece if number else hashlib.sha256(result).digest() + len(result).to_bytes(_SIZE_BYTES) + piece


def fetched(piece: Callable[[int], bytes]) -> IO[bytes] | None:
    """What all pieces are together, in a file without a name. None: not what they were to be.

    They can be of two results, where a worker is lost on the way and another one reads the file again.

    Raises:
        EnvironmentFaultError: there is no room for it.
    """
    first = piece(0)
    begins = _SHA256_BYTES + _SIZE_BYTES
    sha256, size = first[:_SHA256_BYTES], int.from_bytes(first[_SHA256_BYTES:begins])
    with ExitStack() as stack:
        file = stack.enter_context(_spool())
        digest, left, number, data = hashlib.sha256(), size, 0, first[begins:]
        while True:
            _put(file, data)
            digest.update(data)
            left -= len(data)
            if left <= 0 or not data or size > MAX_RESULT_BYTES + MIB:
                break
            number += 1
            data = piece(number)
        if digest.digest() != sha256:
            return None
        stack.pop_all()
        return file


def spooled(pieces: Iterable[bytes]) -> IO[bytes]:
    """What they are together, in a file without a name.

    Raises:
        EnvironmentFaultError: there is no room for it.
    """
    with ExitStack() as stack:
        file = stack.enter_context(_spool())
        for piece in pieces:
            _put(file, piece)
        stack.pop_all()
    return file


def _spool() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(prefix="preserve-")
    except OSError as error:
        raise _no_room(error) from error


def _put(file: IO[bytes], data: bytes) -> None:
    try:
        file.write(data)
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> EnvironmentFaultError:
    return EnvironmentFaultError(
        f"no room for what was found: {error.strerror or error}", next_step="Set TMPDIR to a folder with more room."
    )


def pieces_in(file: IO[bytes]) -> Iterator[bytes]:
    """What is in a file, which is closed behind it."""
    with file:
        file.seek(0)
        while piece := file.read(MIB):
            yield piece
