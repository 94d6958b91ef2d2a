"""Programs of other people that tests run: those that are installed, else those that `make oracles` put here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_ORACLES = Path(__file__).parents[1] / ".oracles"
_UNPACKED = _ORACLES / "debian" / "usr"
_PANDOC = sorted(_ORACLES.glob("lib/python3*/site-packages/pypandoc/files"))


def tool_environment() -> dict[str, str]:
    """An environment in which the unpacked programs and their libraries are found behind the installed ones."""
    libraries = [str(folder) for folder in sorted((_UNPACKED / "lib").glob("*-linux-gnu"))]
    folders = [*_PANDOC, _UNPACKED / "bin", _UNPACKED / "sbin"]
    path = ":".join([os.environ.get("PATH", "/usr/bin:/bin"), *(str(folder) for folder in folders)])
    return {**os.environ, "PATH": path, "LD_LIBRARY_PATH": ":".join(libraries)}


def other_tool(name: str, *arguments: str, data: bytes = b"") -> bytes:
    """What a program writes to stdout, ``data`` on its stdin. The test is skipped where the program is not here."""
    environment = tool_environment()
    program = shutil.which(name, path=environment["PATH"])
    if program is None:
        pytest.skip(f"{name} is not here: run `make oracles`")
    installed = not program.startswith(str(_ORACLES))
    done = subprocess.run(
        [program, *arguments],
        input=data,
        capture_output=True,
        check=True,
        timeout=60,
        env=dict(os.environ) if installed else environment,
    )
    return done.stdout


def browser() -> tuple[str, str, dict[str, str]]:
    """A Python that drives browsers, Chromium, and the environment for both. Skips the test where one is missing."""
    python = _ORACLES / "bin" / "python"
    environment = tool_environment()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is not None:
        environment = dict(os.environ)
    else:
        # The script of the package knows the place of an installed browser only.
        unpacked = _UNPACKED / "lib" / "chromium" / "chromium"
        chromium = str(unpacked) if unpacked.is_file() else None
    if chromium is None or not python.is_file() or not list(_ORACLES.glob("lib/python3*/site-packages/playwright")):
        pytest.skip("no browser is here: run `make oracles`")
    return str(python), chromium, environment
