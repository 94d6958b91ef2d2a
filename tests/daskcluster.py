"""A cluster of Dask as `docs/cluster.md` starts it: a scheduler and workers, each a program of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.processes import until

_PATIENCE_S = 300


@dataclass(frozen=True)
class Cluster:
    """``address``: as ``--on`` has it. ``scheduler``: its process."""

    address: str
    scheduler: subprocess.Popen[bytes]


@contextmanager
def running_cluster(
    folder: Path, environment: Mapping[str, str], *, workers: int = 2, words: Sequence[str] = ()
) -> Iterator[Cluster]:
    """Runs one until the end of the block. ``words``: for scheduler and workers, beside those of every test."""
    folder.mkdir()
    known, log = folder / "scheduler.json", folder / "log"
    common = ["--scheduler-file", str(known), "--no-dashboard", *words]
    place = ["--host", "127.0.0.1"]
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{name}", *common, *place, *more]
        with log.open("ab") as out:
            started.append(
                subprocess.Popen(command, env=environment, stdout=out, stderr=out, cwd=folder, start_new_session=True)
            )
        return started[-1]

    try:
        scheduler = start("dask_scheduler", "--port", "0")
        until(known.exists, _PATIENCE_S)
        start("dask_worker", "--nthreads", "1", "--nworkers", str(workers), "--local-directory", str(folder))
        until(lambda: log.read_bytes().count(b"Register worker") >= workers, _PATIENCE_S)
        address = str(json.loads(known.read_bytes())["address"])
        yield Cluster(address.replace("tcp://", "dask://").replace("tls://", "dask+tls://"), scheduler)
    finally:
        for process in reversed(started):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
