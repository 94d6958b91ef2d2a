"""The clipboard, through the first program for it that is here. No terminal escape (OSC 52) is ever written."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Final

from preserve.errors import EnvironmentFaultError

_TIMEOUT_S: Final = 5
_PROGRAMS: Final = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("", ("pbcopy",)),
)


def copy(text: str, environment: Mapping[str, str] = os.environ) -> None:
    """Puts the text onto the clipboard.

    Raises:
        EnvironmentFaultError: there is none, or its program failed or did not end in 5 seconds.
    """
    found = next(
        (
            words
            for variable, words in _PROGRAMS
            if (not variable or environment.get(variable)) and shutil.which(words[0], path=environment.get("PATH"))
        ),
        None,
    )
    if found is None:
        raise EnvironmentFaultError(
            "there is no clipboard here; the citation is printed above",
            next_step="Install wl-copy, xclip or xsel, and run it in a graphical session.",
        )
    try:
        # What xclip leaves running holds its output open, so that is not waited for.
        subprocess.run(  # noqa: S603 - a fixed list of arguments
            found,
            input=text.encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            check=True,
            env=dict(environment),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentFaultError(
            f"{found[0]} did not take the citation; it is printed above", next_step=f"Try {found[0]} by hand."
        ) from error
