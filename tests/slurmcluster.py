"""A SLURM of one machine, on loopback: a controller and a node, each a process of its own, and jobs of this user."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import until
from tests.tools import tool_environment

_PATIENCE_S = 300
_CPUS = 8
"""That the node says it has, whatever it is: jobs of tests wait more than they work."""


@dataclass(frozen=True)
class Slurm:
    """``environment``: with which its commands are found, and find it."""

    environment: Mapping[str, str]

    def _run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.environment}
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)

    def ask(self, *words: str) -> str:
        """What a command of it says."""
        done = self._run(words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def has_idle_node(self) -> bool:
        return self._run(["sinfo", "--noheader", "--format=%T"]).stdout.strip() == "idle"

    def jobs(self, *words: str) -> list[str]:
        """The numbers of those that wait, run, or are being ended."""
        return self.ask("squeue", "--noheader", "--format=%i", *words).split()


@contextmanager
def running_slurm(folder: Path, ports: list[int]) -> Iterator[Slurm]:
    """Runs one until the end of the block, with which its jobs end, too. Skips the test where there is none."""
    known = tool_environment()
    controller, node = (_program(name, known["PATH"]) for name in ("slurmctld", "slurmd"))
    folder.mkdir()
    plugins = sorted(Path(controller).parents[1].glob("lib/*/slurm-wlm"))
    for name in ("state", "spool"):
        (folder / name).mkdir()
    config = folder / "slurm.conf"
    config.write_text(_config(folder, ports, plugins), "utf-8")
    environment = {
        "PATH": known["PATH"],
        "LD_LIBRARY_PATH": ":".join([known["LD_LIBRARY_PATH"], *map(str, plugins)]),
        "SLURM_CONF": str(config),
        # Nobody else is to reach a scheduler of Dask, either.
        "DASK_JOBQUEUE__SLURM__INTERFACE": "lo",
    }
    step = Path(node).with_name(Path(node).name.replace("slurmd", "slurmstepd"))
    slurm = Slurm(environment)
    started: list[subprocess.Popen[bytes]] = []
    try:
        for command in ([controller, "-D", "-f", str(config)], [node, "-D", "-f", str(config), "-d", str(step)]):
            with (folder / "log").open("ab") as log:
                started.append(
                    subprocess.Popen(
                        command,
                        env={**os.environ, **environment},
                        stdout=log,
                        stderr=log,
                        cwd=folder,
                        start_new_session=True,
                    )
                )
        until(slurm.has_idle_node, _PATIENCE_S)
        yield slurm
        slurm.ask("scancel", "--user", pwd.getpwuid(os.getuid()).pw_name)
        until(lambda: not slurm.jobs(), _PATIENCE_S)
    finally:
        for process in reversed(started):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _program(name: str, path: str) -> str:
    # Debian has it under a name of its own, and a link that an installation makes.
    for wanted in (name, f"{name}-wlm"):
        found = shutil.which(wanted, path=path)
        if found is not None:
            return str(Path(found).resolve())
    pytest.skip("SLURM is not here: run `make oracles`")


def _config(folder: Path, ports: list[int], plugins: list[Path]) -> str:
    name, user = socket.gethostname().partition(".")[0], pwd.getpwuid(os.getuid()).pw_name
    return "\n".join(
        [
            "ClusterName=test",
            f"SlurmctldHost={name}(127.0.0.1)",
            f"SlurmUser={user}",
            f"SlurmdUser={user}",
            "AuthType=auth/none",
            "CredType=cred/none",
            *(f"PluginDir={place}" for place in plugins[:1]),
            f"SlurmctldPort={ports[0]}",
            f"SlurmdPort={ports[1]}",
            f"SlurmctldPidFile={folder}/slurmctld.pid",
            f"SlurmdPidFile={folder}/slurmd.pid",
            f"SlurmdSpoolDir={folder}/spool",
            f"StateSaveLocation={folder}/state",
            "ProctrackType=proctrack/linuxproc",
            "TaskPlugin=task/none",
            "MpiDefault=none",
            "SwitchType=switch/none",
            "JobAcctGatherType=jobacct_gather/none",
            "AccountingStorageType=accounting_storage/none",
            "SelectType=select/cons_tres",
            "SelectTypeParameters=CR_Core",
            "SlurmdParameters=config_overrides",
            "KillWait=2",
            "ReturnToService=2",
            f"NodeName={name} NodeAddr=127.0.0.1 CPUs={_CPUS} RealMemory=16000",
            "PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP",
            "",
        ]
    )
