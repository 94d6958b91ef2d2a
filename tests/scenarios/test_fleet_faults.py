"""Three machines, one PostgreSQL, one object server: machines are killed, cut off and stopped past their lease."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from preserve.cli.shared.common import keys_folder
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import RecordStatement, decode
from preserve.store.layout import CollectionPaths
from tests.cuts import Way, way_to
from tests.objectserver import BUCKET, serving_objects
from tests.postgres import postgres
from tests.processes import is_alive, until
from tests.shell import Shell
from tests.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

_MACHINE = """
import sys
from pathlib import Path
from preserve.schedule import fleet, leases, lifeline, machine
from preserve.cli.actions import schedule
from preserve.cli.main import main
# As ever, but in seconds for minutes.
leases.Leases.__init__.__kwdefaults__["lease_s"] = 12.0
schedule._LOOK_S, machine._REST_S = 0.5, 0.5
day, began_s = Path(sys.argv.pop(1)), lifeline.uptime_s()
machine.SchedulerHost.clock = lambda self: int(day.read_text()) + int(30 * (lifeline.uptime_s() - began_s))
sys.exit(main())
"""
_DAY = 86_400
_PAGES = ("/", "/b", "/c", "/d")
_PASSWORD = "not-to-be-seen"
_PATIENCE_S = 400


class _Machine:
    """A process that keeps schedules, with a home, archives, and a way to the database of its own."""

    def __init__(self, shell: Shell, name: str, way: Way, environment: dict[str, str]) -> None:
        self.name, self.way = name, way
        self.archives, self._folder = shell.folder / name, shell.folder
        self._places = ["--archives", str(self.archives), "--config", str(shell.config)]
        self._home = shell.folder / f"{name}-home"
        self.keys = keys_folder({"XDG_CONFIG_HOME": str(self._home)})
        self.said = shell.folder / f"{name}.log"
        url = f"postgresql://fleet:{_PASSWORD}@127.0.0.1:{way.port}/postgres"
        self._environment = {**os.environ, **environment, "XDG_CONFIG_HOME": str(self._home), "PRESERVE_FLEET": url}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *collections: str) -> None:
        with self.said.open("ab") as said:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _MACHINE,
                    str(self._folder / "day"),
                    "schedule",
                    "run",
                    *collections,
                    *self._places,
                ],
                env=self._environment,
                stdout=said,
                stderr=said,
            )

    def send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self.send(number)
            self._process.wait(_PATIENCE_S)
            self._process = None

    def run(self, *words: str) -> str:
        """A command, once its scheduler has ended."""
        done = subprocess.run(
            [sys.executable, "-m", "preserve", *words, *self._places],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout


def _captures(folder: Path) -> dict[int, str]:
    """The captures of the test that are alive, by process: the machine that each is of."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if "capture" in words and str(folder / "config") in words and is_alive(int(entry.name)):
            found[int(entry.name)] = Path(words[words.index("--archives") + 1]).name
    return found


class _Origin:
    """The site as it sees who asks: one exchange can be held, and each is noted with the machines that were at work."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._folder = folder
        self._go_on = threading.Event()
        self._holds = ""
        self.held = threading.Event()
        self.at_work: list[set[str]] = []
        for path in _PAGES:
            site.page(path, f"<p>page {path}</p>".encode())
        site.before = self._before

    def hold(self, path: str) -> None:
        """The next exchange for this path waits, until `go_on`."""
        self._go_on.clear()
        self.held.clear()
        self._holds = path

    def go_on(self) -> None:
        self._go_on.set()

    def _before(self, path: str) -> None:
        self.at_work.append(set(_captures(self._folder).values()))
        if path == self._holds:
            self._holds = ""
            self.held.set()
            self._go_on.wait(_PATIENCE_S)


@pytest.fixture
def origin(site: Site, tmp_path: Path) -> _Origin:
    return _Origin(site, tmp_path)


@pytest.fixture
def machines(shell: Shell, site: Site, origin: _Origin, tmp_path: Path) -> Iterator[dict[str, _Machine]]:
    for name in ("demo", "other"):
        shell.site_collection(name, site, *_PAGES, layouts="[]")
        path = shell.config / "collections" / f"{name}.yaml"
        path.write_text(
            f"{path.read_text()}schedule:\n  every: 1d\n  retries: 10\n  retry_after: 1m\n"
            f"  steps:\n    - replicate: s3://{BUCKET}/fleet\n"
        )
    (tmp_path / "day").write_text("1800000000")
    with ExitStack() as stack:
        port = urlsplit(stack.enter_context(postgres())).port
        assert port is not None
        store = stack.enter_context(serving_objects())
        made = {}
        for name in ("one", "two", "three"):
            way = stack.enter_context(way_to(port))
            made[name] = _Machine(shell, name, way, store.environment())
        for name in ("demo", "other"):
            made["one"].run("init", name)
        for name in ("two", "three"):
            made[name].keys.mkdir(parents=True)
            for key in made["one"].keys.glob("*.key"):
                shutil.copy(key, made[name].keys)
        try:
            yield made
        finally:
            origin.go_on()
            for machine in made.values():
                machine.end(signal.SIGKILL)


def _has_ended(pid: int) -> bool:
    return not is_alive(pid)


def _kill(machine: _Machine) -> Callable[[], None]:
    machine.end(signal.SIGKILL)
    return partial(machine.start, "demo")


def _cut_off(machine: _Machine) -> Callable[[], None]:
    machine.way.cut()
    return machine.way.mend


def _stop(machine: _Machine) -> Callable[[], None]:
    machine.send(signal.SIGSTOP)
    return lambda: machine.send(signal.SIGCONT)


def _runs(machines: dict[str, _Machine]) -> int:
    """Moments that ran, as the machines say."""
    return sum(machine.said.read_text().count(": ran\n") for machine in machines.values() if machine.said.exists())


def test_faults_leave_the_records_of_a_run_without_them(
    machines: dict[str, _Machine], origin: _Origin, site: Site, tmp_path: Path
) -> None:
    days = 0

    def next_day(path: str = "") -> None:
        nonlocal days
        days += 1
        origin.hold(path)
        part = tmp_path / "day.part"
        part.write_text(str(1_800_000_000 + days * _DAY))
        part.replace(tmp_path / "day")

    # From then on the collection is in the store.
    next_day()
    machines["one"].start("demo")
    until(lambda: _runs(machines) == days, _PATIENCE_S)
    machines["one"].end()
    for fault in (_kill, _cut_off, _stop):
        for name, machine in machines.items():
            next_day("/c")
            machine.start("demo")
            assert origin.held.wait(_PATIENCE_S)
            ((pid, _name),) = _captures(tmp_path).items()
            for other in machines.keys() - {name}:
                machines[other].start("demo")
            mend = fault(machine)
            until(partial(_has_ended, pid), _PATIENCE_S)
            origin.go_on()
            until(lambda: _runs(machines) == days, _PATIENCE_S)
            mend()
            for each in machines.values():
                each.end()
    # The last one that was stopped comes back to a head that another machine has placed.
    last = machines["three"]
    next_day()
    last.start("demo")
    until(lambda: _runs(machines) == days, _PATIENCE_S)
    last.end()
    assert max(len(at_work) for at_work in origin.at_work) == 1
    assert {name for at_work in origin.at_work for name in at_work} <= set(machines)
    asked: list[str | None] = []
    for _index, entry in Ledger(CollectionPaths(last.archives, "demo")).raw():
        statement = decode(entry)
        if isinstance(statement, RecordStatement) and statement.type in {"response", "revisit"}:
            asked.append(statement.uri)
    wanted = [site.url(path) for path in _PAGES]
    assert {url: asked.count(url) for url in wanted} == dict.fromkeys(wanted, days)
    assert "demo: good" in last.run("verify", "demo")
    for machine in machines.values():
        assert _PASSWORD not in machine.said.read_text()
        assert "Traceback" not in machine.said.read_text()


def test_no_two_machines_ask_one_host_at_once(machines: dict[str, _Machine], site: Site) -> None:
    lock, under_way, most = threading.Lock(), [0], [0]

    def before(_path: str) -> None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        # Room for the other one, if it does not wait.
        threading.Event().wait(0.05)
        with lock:
            under_way[0] -= 1

    site.before = before
    # The archive of the second collection was begun on the first machine: it has to be in the store to be elsewhere.
    machines["one"].run("replicate", f"s3://{BUCKET}/fleet", "other")
    machines["one"].start("demo")
    machines["two"].start("other")
    until(lambda: _runs(machines) == 2, _PATIENCE_S)
    assert {machine.name for machine in machines.values() if machine.said.exists()} == {"one", "two"}
    assert most == [1]
    assert all(site.asked.count(path) == 2 for path in _PAGES)
