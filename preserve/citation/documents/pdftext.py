"""The text of a PDF, by poppler's ``pdftotext`` where it is installed: a process of its own, within bounds."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from preserve.errors import FormatError, UsageError
from preserve.limits import MIB

_TIMEOUT_S: Final = 60
_MOST_BYTES: Final = 64 * MIB


def pdf_text(path: Path) -> bytes:
    """The text in UTF-8; a form feed ends each page.

    Raises:
        UsageError: the program is not installed.
        FormatError: it cannot read the file, takes too long, or gives too much.
    """
    program = shutil.which("pdftotext")
    if program is None:
        raise UsageError(
            f"{path}: a PDF is read by pdftotext, which is not installed",
            next_step="Install poppler (Debian: poppler-utils), or give the document in another form.",
        )
    command = [program, "-q", "-enc", "UTF-8", "-eol", "unix", "--", str(path), "-"]
    with subprocess.Popen(  # noqa: S603 - a list of arguments, the program found by its name
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            data, _errors = process.communicate(timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise FormatError(f"{path}: pdftotext took more than {_TIMEOUT_S} seconds") from error
    if process.returncode != 0:
        raise FormatError(f"{path}: pdftotext cannot read it")
    if len(data) > _MOST_BYTES:
        raise FormatError(f"{path}: its text has more than {_MOST_BYTES:,} bytes")
    return data
