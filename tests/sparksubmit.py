"""``spark-submit``, as `docs/cluster.md` has it, with a Spark of this machine."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_UNPACKED = _ROOT / ".oracles" / "spark" / "bin" / "spark-submit"
_NEWEST_PYTHON = (3, 11)
"""That the Spark of `make oracles` is made for."""
_PATIENCE_S = 1_000
TRIES = 4
"""How often it tries a task."""


def spark_submit(
    program: Path, words: Sequence[str], folder: Path, environment: Mapping[str, str], *, status: int
) -> str:
    """What a program writes that it runs, with two tasks at once. Skips the test where there is no Spark.

    ``folder``: what it writes beside that is there; it is made.
    """
    folder.mkdir()
    options = ["--master", f"local[2,{TRIES}]", "--driver-memory", "512m", "--conf", "spark.ui.enabled=false"]
    where = {name: str(folder) for name in ("SPARK_LOCAL_DIRS", "TMPDIR")}
    python = dict.fromkeys(("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"), sys.executable)
    log = folder / "log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            [_program(), *options, str(program), *words],
            env={
                **os.environ,
                **where,
                **python,
                "SPARK_LOCAL_IP": "127.0.0.1",
                "PYTHONPATH": str(_ROOT),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=told,
            cwd=folder,
            text=True,
            start_new_session=True,
        )
        try:
            out = process.communicate(timeout=_PATIENCE_S)[0]
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == status, f"{out[-2000:]}\n{log.read_text('utf-8', 'replace')[-4000:]}"
    assert "Traceback" not in out
    return out


def _program() -> str:
    found = str(_UNPACKED) if _UNPACKED.is_file() else shutil.which("spark-submit")
    if found is None or shutil.which("java") is None:
        pytest.skip("Spark is not here: run `make oracles`")
    if sys.version_info[:2] > _NEWEST_PYTHON:
        pytest.skip("Spark 3.5 is not made for this Python")
    return found
