"""Who reads, who deals out and who asks are killed while files are read: run again, only what is missing is read."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.countedreads import GATES, LOG
from tests.daskcluster import running_cluster
from tests.processes import is_alive, until
from tests.scenarios.test_history_of_releases import page, warc
from tests.slurmcluster import running_slurm
from tests.tls import Authority

pytestmark = pytest.mark.slow

NAMES = [f"{letter}.warc.gz" for letter in "abcd"]
PATIENCE_S = 300
ROOT = Path(__file__).parents[2]


@dataclass
class Bench:
    """Four files, whose gates can be shut, and the command that reads them; ``command`` None: it extracts."""

    folder: Path
    command: tuple[str, ...] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Of all programs."""
        mine = {"XDG_STATE_HOME": str(self.folder / "state"), "PYTHONPATH": str(ROOT), "HOME": str(self.folder)}
        return {**os.environ, **mine, LOG: str(self.folder / "log"), GATES: str(self.folder / "gates")}

    def start(self, *words: str, more: Mapping[str, str] = MappingProxyType({})) -> subprocess.Popen[str]:
        read = self.command or ("extract", *(str(self.folder / "files" / name) for name in NAMES))
        command = [sys.executable, "-m", "tests.countedreads", *read, *words]
        environment = {**self.environment, **more}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)

    def run(self, *words: str, status: int = 0, more: Mapping[str, str] = MappingProxyType({})) -> tuple[str, str]:
        """What it writes, and what it tells."""
        return ended(self.start(*words, more=more), status)

    def shut(self, names: Sequence[str]) -> None:
        for name in names:
            (self.folder / "gates" / name).touch()

    def open_all(self) -> None:
        for gate in (self.folder / "gates").iterdir():
            gate.unlink()

    def reads(self) -> list[tuple[str, int]]:
        """Name and process of each reading that was begun."""
        log = self.folder / "log"
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        return [(name, int(pid)) for name, pid in map(str.split, lines)]

    def kept(self) -> int:
        """How many files have a result that lies there."""
        return sum(not path.name.startswith(".") for path in self.folder.glob("state/preserve/cluster/*/*"))


def ended(process: subprocess.Popen[str], status: int) -> tuple[str, str]:
    """What a program wrote and told when it ends, with this status."""
    out, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == status, told
    assert "Traceback" not in told
    return out, told


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for name in ("files", "gates"):
        (tmp_path / name).mkdir()
    for number, name in enumerate(NAMES):
        captures = [(f"http://a.example/{name}", "2010-12-01T00:00:00Z", page(f"08SAMPLE{number}"))]
        warc(tmp_path / "files" / name, captures, first=number)
    return Bench(tmp_path)


@contextmanager
def _engine(bench: Bench, kind: str) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """What ``--on`` names, and the scheduler, where there is one. Each time it is another one."""
    if kind == "processes":
        yield "processes:2", []
        return
    number = len(list(bench.folder.glob("cluster-*")))
    with running_cluster(bench.folder / f"cluster-{number}", bench.environment) as cluster:
        yield cluster.address, [cluster.scheduler]


def _is_reached(bench: Bench, shut: Sequence[str]) -> bool:
    """Whether it is as far as it gets: who reads stands at gates, and there are results of what comes through."""
    waiting = {name for name, _pid in bench.reads()} & set(shut)
    return len(waiting) == min(len(shut), 2) and (len(shut) == len(NAMES) or bench.kept() > 0)


STAGES = [NAMES, NAMES[:1]]


@pytest.mark.parametrize("shut", STAGES, ids=["nothing", "something"])
@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_who_asks_is_killed(bench: Bench, kind: str, shut: list[str]) -> None:
    whole = bench.run()[0]
    bench.shut(shut)
    with _engine(bench, kind) as (place, _):
        client = bench.start("--on", place)
        until(lambda: _is_reached(bench, shut), PATIENCE_S)
        client.kill()
        client.communicate()
    readers = {pid for _name, pid in bench.reads()}
    until(lambda: not any(map(is_alive, readers)), PATIENCE_S)
    _goes_on(bench, kind, whole)


@pytest.mark.parametrize("shut", STAGES, ids=["nothing", "something"])
def test_who_writes_a_table_is_killed(bench: Bench, shut: list[str]) -> None:
    place = ["--archives", str(bench.folder / "archives"), "--config", str(ROOT / "config")]
    files = [str(bench.folder / "files" / name) for name in NAMES]
    bench.command = ("import", *files, "--into", "held", *place)
    bench.run()
    bench.command = ("export", "jsonl", "-c", "held", *place)
    whole = bench.run()[0]
    assert len(whole.splitlines()) == len(NAMES)
    bench.shut(shut)
    client = bench.start("--on", "processes:2")
    until(lambda: _is_reached(bench, shut), PATIENCE_S)
    client.kill()
    client.communicate()
    readers = {pid for _name, pid in bench.reads()}
    until(lambda: not any(map(is_alive, readers)), PATIENCE_S)
    _goes_on(bench, "processes", whole)


def _goes_on(bench: Bench, kind: str, whole: str) -> None:
    """Run again, it reads each file once of which there is no result, and writes what one process writes."""
    kept, before = bench.kept(), len(bench.reads())
    bench.open_all()
    with _engine(bench, kind) as (place, _):
        assert bench.run("--on", place)[0] == whole
    read = [name for name, _pid in bench.reads()[before:]]
    assert len(read) == len(set(read)) == len(NAMES) - kept
    assert bench.kept() == 0


@pytest.mark.parametrize("shut", STAGES, ids=["nothing", "something"])
def test_who_deals_out_is_killed(bench: Bench, shut: list[str]) -> None:
    whole = bench.run()[0]
    bench.shut(shut)
    with _engine(bench, "dask") as (place, (scheduler,)):
        client = bench.start("--on", place)
        until(lambda: _is_reached(bench, shut), PATIENCE_S)
        scheduler.kill()
        _out, told = ended(client, 7)
        assert "Run it again" in told
    _goes_on(bench, "dask", whole)


@pytest.mark.parametrize("kind", ["processes", "dask"])
def test_who_reads_is_killed(bench: Bench, kind: str) -> None:
    whole = bench.run()[0]
    bench.shut(NAMES[:1])
    with _engine(bench, kind) as (place, _):
        client = bench.start("--on", place)
        until(lambda: _is_reached(bench, NAMES[:1]), PATIENCE_S)
        (first,) = {pid for name, pid in bench.reads() if name == NAMES[0]}
        os.kill(first, signal.SIGKILL)
        until(lambda: len({pid for name, pid in bench.reads() if name == NAMES[0]}) > 1, PATIENCE_S)
        bench.open_all()
        assert ended(client, 0)[0] == whole
    assert bench.kept() == 0


def test_jobs_that_end_are_replaced(bench: Bench, free_ports: list[int]) -> None:
    whole = bench.run()[0]
    bench.shut(NAMES[:1])
    with running_slurm(bench.folder / "slurm", free_ports) as slurm:
        client = bench.start("--on", "slurm:2", more=slurm.environment)
        until(lambda: _is_reached(bench, NAMES[:1]), PATIENCE_S)
        slurm.ask("scancel", *slurm.jobs())
        until(lambda: len({pid for name, pid in bench.reads() if name == NAMES[0]}) > 1, PATIENCE_S)
        bench.open_all()
        assert ended(client, 0)[0] == whole
    assert bench.kept() == 0


def test_who_waits_for_jobs_is_interrupted(bench: Bench, free_ports: list[int]) -> None:
    bench.shut(NAMES)
    with running_slurm(bench.folder / "slurm", free_ports) as slurm:
        client = bench.start("--on", "slurm:2", more=slurm.environment)
        until(lambda: _is_reached(bench, NAMES), PATIENCE_S)
        client.send_signal(signal.SIGINT)
        assert "cancelled" in ended(client, 130)[1]
        # Jobs are given back, and are in no queue any more.
        assert slurm.jobs("--states=PENDING,RUNNING") == []
    assert list(bench.folder.glob("state/preserve/cluster/slurm-*")) == []


def test_machines_speak_tls(bench: Bench) -> None:
    whole = bench.run()[0]
    ours, other = (_certificates(bench.folder / name) for name in ("ours", "other"))
    words = ["--protocol", "tls"]
    for option, name in (("--tls-ca-file", "CA_FILE"), ("--tls-cert", "CLIENT__CERT"), ("--tls-key", "CLIENT__KEY")):
        words += [option, ours[f"DASK_DISTRIBUTED__COMM__TLS__{name}"]]
    with running_cluster(bench.folder / "cluster", bench.environment, words=words) as cluster:
        assert cluster.address.startswith("dask+tls://127.0.0.1:")
        assert bench.run("--on", cluster.address, more=ours)[0] == whole
        before = len(bench.reads())
        # Who has a certificate of another authority, or none, has nothing read.
        assert "no scheduler" in bench.run("--on", cluster.address, status=7, more=other)[1]
        assert "no certificates" in bench.run("--on", cluster.address, status=7)[1]
        assert len(bench.reads()) == before


def _certificates(folder: Path) -> dict[str, str]:
    """What a client needs, of an authority of its own; the same is a scheduler's and a worker's."""
    folder.mkdir()
    authority = Authority(folder)
    own = str(authority.server("127.0.0.1"))
    start = "DASK_DISTRIBUTED__COMM__TLS__"
    return {
        f"{start}CA_FILE": str(authority.bundle),
        f"{start}CLIENT__CERT": own,
        f"{start}CLIENT__KEY": own,
    }
