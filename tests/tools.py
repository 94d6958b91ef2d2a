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
