"""Programs of Debian packages: those that are installed, else those that `make oracles` unpacked."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

UNPACKED = Path(__file__).parents[1] / ".oracles" / "debian" / "usr"


def debian_environment() -> dict[str, str]:
    """An environment in which the unpacked programs and their libraries are found behind the installed ones."""
    libraries = ":".join(str(folder) for folder in sorted((UNPACKED / "lib").glob("*-linux-gnu")))
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {**os.environ, "PATH": f"{path}:{UNPACKED / 'bin'}:{UNPACKED / 'sbin'}", "LD_LIBRARY_PATH": libraries}


def debian_tool(name: str, *arguments: str, data: bytes = b"") -> bytes:
    """What a program writes to stdout, ``data`` on its stdin. The test is skipped where the program is not here."""
    environment = debian_environment()
    program = shutil.which(name, path=environment["PATH"])
    if program is None:
        pytest.skip(f"{name} is not here: run `make oracles`")
    installed = not program.startswith(str(UNPACKED))
    if name == "pandoc" and not installed:
        arguments = ("--data-dir", str(_pandoc_data()), *arguments)
    done = subprocess.run(
        [program, *arguments],
        input=data,
        capture_output=True,
        check=True,
        timeout=60,
        env=dict(os.environ) if installed else environment,
    )
    return done.stdout


def _pandoc_data() -> Path:
    """The folder of pandoc's data. Only installed does it find the parts of its model document; unpacked, it takes one."""
    folder = UNPACKED / "share" / "pandoc" / "data"
    model = folder / "reference.docx"
    if not model.is_file():
        with tempfile.TemporaryDirectory(dir=folder) as work:
            made = shutil.make_archive(f"{work}/reference", "zip", folder / "docx")
            Path(made).replace(model)
    return folder
