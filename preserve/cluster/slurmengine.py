"""Tasks in jobs of SLURM: workers of Dask, which SLURM starts, and a scheduler in this process.

What a job asks SLURM for is the user's own configuration of ``dask-jobqueue``. Scheduler and workers speak TLS, by
certificates that are made for this run: nobody else on those machines has anything run.

Tested by ``tests/interop/test_slurm.py`` and ``tests/unit/cluster/test_slurmengine.py``.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from preserve.cluster.daskengine import DaskEngine, dask_part
from preserve.cluster.engine import NextTask, Outcome
from preserve.errors import EnvironmentFaultError
from preserve.store.durable import make_dir

_SETTING: Final = "jobqueue.slurm."
_MEMORY_GIB: Final = 1
"""Of a worker, where nothing else is configured."""
_PARTS: Final = ("ca_file", "cert", "key")
_ROLES: Final = ("client", "scheduler", "worker")
_SUBMIT: Final = "sbatch"
_FOLDER: Final = "slurm-"
_LOCK: Final = ".lock"
_PATIENCE_S: Final = 60
_CONFIGURE: Final = "Look at what Dask has for jobqueue.slurm; `preserve docs cluster` says where."


class SlurmEngine:
    """``count`` jobs, which are replaced as they end. ``root``: a folder of the user's that all machines see."""

    def __init__(self, count: int, root: Path) -> None:
        if shutil.which(_SUBMIT) is None:
            raise EnvironmentFaultError("there is no SLURM here", next_step=f"Run it where there is `{_SUBMIT}`.")
        jobs = _jobqueue()
        with ExitStack() as stack:
            try:
                make_dir(root)
                # Certificates, and what the jobs tell: their names are in the scripts of the jobs.
                settings = _settings(stack.enter_context(own_folder(root)))
                cluster = jobs.SLURMCluster(**settings)
                stack.callback(cluster.close)
            except (OSError, ValueError, TypeError, RuntimeError) as error:
                raise EnvironmentFaultError(f"no job of SLURM can be made: {error}", next_step=_CONFIGURE) from error
            check_script(cluster.job_script())
            # Not `scale`: a job that ends, as all do at their limit of time, would not be replaced.
            cluster.adapt(minimum_jobs=count, maximum_jobs=count)
            workers = count * settings["processes"]
            self._engine = DaskEngine(cluster.scheduler_address, security=cluster.security, expected=workers)
            stack.callback(self._engine.close)
            self._stack = stack.pop_all()

    def work(self, next_task: NextTask) -> Iterator[Outcome]:
        """See `Engine`."""
        return self._engine.work(next_task)

    def close(self) -> None:
        """See `Engine`: the jobs are given back."""
        self._stack.close()


@contextmanager
def own_folder(root: Path) -> Iterator[Path]:
    """A folder of this run below ``root``, which goes with it. Those of runs that were killed go now.

    Raises:
        OSError: it cannot be made.
    """
    for left in root.glob(f"{_FOLDER}*"):
        with suppress(OSError), _locked(left, os.O_RDWR):
            shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=_FOLDER, dir=root) as name, _locked(Path(name), os.O_RDWR | os.O_CREAT):
        yield Path(name)


@contextmanager
def _locked(folder: Path, flags: int) -> Iterator[None]:
    """Has the lock of a folder, which ends with its process.

    Raises:
        OSError: another process has it, or there is none.
    """
    lock = os.open(folder / _LOCK, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)


def _jobqueue() -> Any:  # noqa: ANN401 - of a library without annotations
    # When it is imported, Ctrl-C becomes an end with status 0.
    handler = signal.getsignal(signal.SIGINT)
    try:
        return dask_part("dask_jobqueue")
    finally:
        signal.signal(signal.SIGINT, handler)


def _settings(folder: Path) -> dict[str, Any]:
    """What a job is: as it is configured, with one thread a worker, and TLS."""
    configured = dask_part("dask").config.get
    cores = int(configured(f"{_SETTING}cores", None) or 1)
    return {
        "cores": cores,
        "processes": cores,
        "memory": configured(f"{_SETTING}memory", None) or f"{cores * _MEMORY_GIB}GiB",
        "python": configured(f"{_SETTING}python", None) or sys.executable,
        "log_directory": configured(f"{_SETTING}log-directory", None) or str(folder),
        "scheduler_options": {"dashboard": False, **configured(f"{_SETTING}scheduler-options", {})},
        "security": _certificates(folder),
    }


def _certificates(folder: Path) -> Any:  # noqa: ANN401 - as above
    """Those of this run, in files that the user alone can read."""
    security = dask_part("distributed").Security
    names = {}
    for name, text in security.temporary().get_tls_config_for_role("worker").items():
        if name in _PARTS:
            path = folder / f"{name}.pem"
            path.touch(0o600)
            path.write_text(text, "ascii")
            names[name] = str(path)
    ours = {f"tls_{role}_{name}": names[name] for role in _ROLES for name in ("cert", "key")}
    return security(require_encryption=True, tls_ca_file=names["ca_file"], **ours)


def check_script(script: str) -> None:
    """Has SLURM look at a job without running it: of one that it refuses, Dask would tell nothing.

    Raises:
        EnvironmentFaultError: it is refused.
    """
    try:
        looked = subprocess.run(  # noqa: S603 - a list of arguments, the program found on the PATH
            [_SUBMIT, "--test-only"], input=script, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentFaultError(f"SLURM does not answer: {error}", next_step="See whether `sinfo` does.") from error
    if looked.returncode != 0:
        said = next(iter(looked.stderr.strip().splitlines()[-1:]), "it does not say why")
        raise EnvironmentFaultError(f"SLURM refuses the job: {said}", next_step=_CONFIGURE)
