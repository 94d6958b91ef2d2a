"""Jobs of SLURM read the files: what is written is what one process writes."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.interop.conftest import COPY
from tests.shell import Shell
from tests.slurmcluster import Slurm, running_slurm

pytestmark = [pytest.mark.slow, pytest.mark.damages, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
NOTHING: Mapping[str, str] = MappingProxyType({})


@pytest.fixture
def slurm(tmp_path: Path, free_ports: list[int]) -> Iterator[Slurm]:
    with running_slurm(tmp_path / "slurm", free_ports) as ours:
        yield ours


def _verified(copied: Shell, slurm: Slurm, *words: str, status: int, more: Mapping[str, str] = NOTHING) -> str:
    """What the program writes, or else what it tells."""
    places = ["--archives", str(copied.archives), "--config", str(copied.config)]
    # A program of its own, as its scheduler is a part of it.
    done = subprocess.run(
        [sys.executable, "-m", "preserve", "verify", *words, *places],
        env={**os.environ, **slurm.environment, "PYTHONPATH": str(ROOT), **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout or done.stderr


def test_jobs_say_what_one_process_says(copied: Shell, slurm: Slurm, tmp_path: Path) -> None:
    path = sorted((copied.archives / "demo" / "archive").iterdir())[1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    here = copied("verify", "demo", COPY, "--deep", "--json", status=1)
    assert "E-WARC-HASH" in here
    assert _verified(copied, slurm, "demo", COPY, "--on", "slurm:2", "--json", status=1) == here
    # Jobs, certificates and results are gone.
    assert slurm.jobs("--states=PENDING,RUNNING") == []
    assert list((tmp_path / "state" / "preserve" / "cluster").iterdir()) == []


def test_a_job_that_slurm_refuses_is_told(copied: Shell, slurm: Slurm) -> None:
    where = {"DASK_JOBQUEUE__SLURM__QUEUE": "nosuch"}
    assert "SLURM refuses the job" in _verified(copied, slurm, "demo", "--on", "slurm:1", status=7, more=where)
    assert slurm.jobs() == []
    # A machine without its commands.
    where = {"PATH": "/nonexistent"}
    assert "there is no SLURM here" in _verified(copied, slurm, "demo", "--on", "slurm:1", status=7, more=where)
