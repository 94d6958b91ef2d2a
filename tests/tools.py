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
    machine = sorted((_UNPACKED / "lib").glob("*-linux-gnu"))
    libraries = [str(folder) for folder in (*machine, *(folder / "pulseaudio" for folder in machine))]
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


def _chromium() -> tuple[str | None, dict[str, str]]:
    """Chromium and the environment that it needs: the installed one, else the one that was unpacked."""
    installed = shutil.which("chromium") or shutil.which("chromium-browser")
    if installed is not None:
        return installed, dict(os.environ)
    # The script of the package knows the place of an installed browser only. Fonts are looked for beside the data.
    unpacked = _UNPACKED / "lib" / "chromium" / "chromium"
    environment = {**tool_environment(), "XDG_DATA_HOME": str(_UNPACKED / "share")}
    return (str(unpacked) if unpacked.is_file() else None), environment


def chromium_program() -> tuple[str, dict[str, str]]:
    """Chromium and the environment that it needs. Skips the test where it is not here."""
    program, environment = _chromium()
    if program is None:
        pytest.skip("no browser is here: run `make oracles`")
    return program, environment


def chromium(*arguments: str) -> bytes:
    """What Chromium writes to stdout. Skips the test where it is not here."""
    program, environment = _chromium()
    if program is None:
        pytest.skip("no browser is here: run `make oracles`")
    done = subprocess.run([program, *arguments], capture_output=True, check=False, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def browser() -> tuple[str, str, dict[str, str]]:
    """A Python that drives browsers, Chromium, and the environment for both. Skips the test where one is missing."""
    python = _ORACLES / "bin" / "python"
    program, environment = _chromium()
    if program is None or not python.is_file() or not list(_ORACLES.glob("lib/python3*/site-packages/playwright")):
        pytest.skip("no browser is here: run `make oracles`")
    return str(python), program, environment


def oracle(name: str) -> str:
    """A program of the oracles' own environment. Skips the test where it is not here."""
    program = _ORACLES / "bin" / name
    if not program.is_file():
        pytest.skip(f"{name} is not here: run `make oracles`")
    return str(program)


def oracle_python(package: str) -> str:
    """The Python of the oracles' own environment, which has a package. Skips the test where it is not here."""
    python = _ORACLES / "bin" / "python"
    if not python.is_file() or not list(_ORACLES.glob(f"lib/python3*/site-packages/{package}")):
        pytest.skip(f"{package} is not here: run `make oracles`")
    return str(python)
