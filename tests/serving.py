"""A desk that runs as a program of its own."""

import json
import subprocess
from typing import Any


def announced(serving: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """What ``preserve serve --json`` says on its standard output once it listens."""
    assert serving.stdout is not None
    lines: list[bytes] = []
    while not lines or lines[-1] != b"}\n":
        line = serving.stdout.readline()
        assert line, (b"".join(lines), serving.stderr and serving.stderr.read())
        lines.append(line)
    said: dict[str, Any] = json.loads(b"".join(lines))
    return said
