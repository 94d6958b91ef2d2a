"""The soak: ``python -m tests.soak.soak --urls 100000 --hosts 50``. Ends with status 1 where anything is amiss."""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from preserve.config.folder import load_collection
from preserve.crawler.capture import RunEnvironment, RunReport, capture
from preserve.crawler.coordinator import Progress
from preserve.integrity.verify.collection import verify
from preserve.provenance.founding import found_archive
from preserve.provenance.ledger import Ledger
from preserve.provenance.statements import RunStatement
from preserve.store.archive import open_archive
from tests.soak.server import FIRST_HOST, expected_outcomes

_KIB = 1024


@dataclass
class Soak:
    """What was done, and what is amiss."""

    addresses: int = 0
    exchanges_per_s: float = 0.0
    early_mib: float = 0.0
    """Memory of this process after a tenth of the work, and at the end."""
    late_mib: float = 0.0
    peak_child_mib: float = 0.0
    amiss: list[str] = field(default_factory=list)


@contextmanager
def _server(hosts: int, pages: int) -> Iterator[int]:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.soak.server", str(hosts), str(pages)]
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _KIB / _KIB


def soak(folder: Path, *, urls: int, hosts: int, processes: int) -> Soak:
    """Captures, stops at a third, goes on to the end, and holds everything against what the server is known to have."""
    pages = max(2, urls // hosts)
    told = Soak()
    with _server(hosts, pages) as port:
        expected = expected_outcomes(hosts, pages, port)
        config = folder / "config" / "collections" / "soak.yaml"
        config.parent.mkdir(parents=True)
        config.write_text(
            f"title: Soak\ncontact: test@example.org\nseeds:\n  - http://127.0.0.{FIRST_HOST}:{port}/p/0\n"
            f"scope:\n  include: ['re:http://127[.]0[.]0[.][0-9]+:{port}/']\n  max_depth: 100\n"
            "politeness:\n  delay_s: 0\nlayouts: []\nallow_addresses: [127.0.0.0/8]\n",
            "utf-8",
        )
        founded = found_archive(folder / "archives", "soak", keys=folder / "keys")
        accounts: dict[str, str] = {}
        done, begun = 0, time.monotonic()
        stop_at = urls // 3

        def progress(_told: Progress) -> None:
            nonlocal done
            done += 1
            if done == urls // 10:
                told.early_mib = _resident_mib()
            if done % (urls // 10) == 0:
                told.late_mib = _resident_mib()

        def account(url: str, state: str, reason: str) -> None:
            if url in accounts:
                told.amiss.append(f"twice: {url}")
            accounts[url] = f"{state} {reason}"

        def run() -> RunReport:
            accounts.clear()
            loaded = load_collection(folder / "config", "soak")
            return capture(
                loaded,
                open_archive(folder / "archives", "soak"),
                founded.writer,
                layouts={},
                secrets={},
                limits=replace(loaded.limits, first_pause_s=0.01, max_pause_s=0.1, read_timeout_s=10.0),
                around=RunEnvironment(
                    clock=lambda: datetime.now(UTC),
                    wait=time.sleep,
                    stop=lambda: stop_at > 0 and done >= stop_at,
                    progress=progress,
                    account=account,
                ),
                processes=processes,
            )

        first = run()
        stop_at = 0
        second = run()
        told.exchanges_per_s = done / (time.monotonic() - begun)
    told.peak_child_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / _KIB
    told.addresses = len(accounts)
    if (first.outcome, second.outcome, second.resumed) != ("cancelled", "complete", True):
        told.amiss.append(f"ended {first.outcome}, then {second.outcome}")
    told.amiss += [f"lost: {url}" for url in expected.keys() - accounts.keys()]
    told.amiss += [f"made up: {url}" for url in accounts.keys() - expected.keys()]
    other = {url: end for url, end in expected.items() if accounts.get(url, end) != end}
    told.amiss += [f"{url}: {accounts[url]}, not {end}" for url, end in other.items()]
    told.amiss += _archive_faults(folder, second, set(expected))
    return told


def _archive_faults(folder: Path, report: RunReport, expected: set[str]) -> list[str]:
    paths = open_archive(folder / "archives", "soak")
    found = verify(paths, layouts={})
    amiss = [f"{f.code} {f.where}: {f.detail}" for f in found.findings if f.code.startswith("E-")]
    stated: set[str] = set()
    for _index, statement in Ledger(paths).statements(max(0, report.checkpoint_size - 500)):
        if isinstance(statement, RunStatement) and statement.outcome == "complete":
            stated |= {entry.url for entry in statement.urls}
    return amiss + [f"not in the run's statement: {url}" for url in expected - stated]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--urls", type=int, default=100_000)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="preserve-soak-"))
    try:
        told = soak(folder, urls=given.urls, hosts=given.hosts, processes=given.processes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{told.addresses:,} addresses on {given.hosts} hosts, {given.processes} processes")
    print(f"{told.exchanges_per_s:,.0f} a second, a stop and a new start among them")
    print(f"memory of the keeper {told.early_mib:.0f} MiB after a tenth, {told.late_mib:.0f} MiB at the end")
    print(f"largest process beside it {told.peak_child_mib:.0f} MiB")
    for line in told.amiss[:50]:
        print(f"AMISS {line}")
    print(f"{len(told.amiss)} amiss")
    return 1 if told.amiss else 0


if __name__ == "__main__":
    sys.exit(main())
