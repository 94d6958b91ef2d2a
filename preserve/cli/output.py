"""Where a command writes its lines: to stdout, or to a file that is there whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from preserve.errors import UsageError
from preserve.store.durable import replace_synced


@contextmanager
def opened_output(path: Path | None) -> Iterator[IO[bytes]]:
    """The place to write to; None is stdout.

    A file takes its name when all is written, in place of what had it; what is no file (a device, a pipe) is written
    to as it is.

    Raises:
        UsageError: nothing can be written there.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    is_other = path.exists() and not path.is_file()
    part = path if is_other else path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        file = part.open("wb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", next_step="Name a file that can be written.") from error
    try:
        with file:
            yield file
        if not is_other:
            replace_synced(part, path)
    finally:
        if not is_other:
            part.unlink(missing_ok=True)
