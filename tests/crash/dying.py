"""Commands that die at the n-th call that makes something durable."""

import os
import subprocess
import sys

from tests.shell import Shell

# By os._exit nothing buffered is written, nothing is cleaned up.
_DYING = """
import os, sys
from preserve.cli.main import main
left = int(sys.argv[1])
def dying(function):
    def wrapper(*arguments, **named):
        global left
        left -= 1
        if left == 0:
            os._exit(137)
        return function(*arguments, **named)
    return wrapper
os.fsync = dying(os.fsync)
os.replace = dying(os.replace)
os.rename = dying(os.rename)
sys.exit(main(sys.argv[2:]))
"""


def die(shell: Shell, count: int, *words: str) -> int:
    """Runs a command that dies at the ``count``-th such call; its status, 137 where it died."""
    command = [sys.executable, "-c", _DYING, str(count), *words]
    command += ["--archives", str(shell.archives), "--config", str(shell.config)]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    return subprocess.run(command, capture_output=True, env=environment, check=False, timeout=60).returncode
