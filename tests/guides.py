"""The guides as somebody types them: commands of the program in this process, others in a shell."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from preserve.cli.main import main

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OF_A_SHELL = re.compile(r"[|<>;&$`*~]")


def commands_of(guide: Path) -> list[tuple[str, list[str]]]:
    """Every command of the guide with the lines that it shows."""
    found: list[tuple[str, list[str]]] = []
    for block in _BLOCK.findall(guide.read_text("utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def shows(printed: list[str], wanted: list[str]) -> bool:
    """The lines in this order; ``…`` stands for anything, alone in a line for any lines."""
    left = iter(printed)
    patterns = [re.compile(".*".join(re.escape(part) for part in line.split("…"))) for line in wanted if line != "…"]
    return all(any(pattern.fullmatch(line) for line in left) for pattern in patterns)


def typed(command: str, folder: Path) -> tuple[int, list[str]]:
    """The status of a command that is typed in a folder, which is its home too, and what it writes to stdout."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    out, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HOME", str(folder))
        patch.setenv("PATH", path)
        if command.startswith("preserve ") and _OF_A_SHELL.search(command) is None:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
                status = int(main(shlex.split(command)[1:]))
            printed, told = out.getvalue(), errors.getvalue()
        else:
            done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
            status, printed, told = done.returncode, done.stdout, done.stderr
    assert "Traceback" not in told, told
    return status, printed.splitlines()
