"""Checking and indexing beside other tools, in turns on one machine: ``python -m tests.bench.verify [FILE...]``.

Whole processes are timed, start-up with them; the files are in the page cache. ``warcio check`` and ``fastwarc check``
hold digests against bytes; ``preserve verify FILE`` does so too, and checks every header and every reference. A
collection is held against its ledger, its index and its catalogue besides. Without a file, one is made.
"""

import argparse
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.site import write_site
from tests.warcs import record, reply, sha1

_ROOT = Path(__file__).parents[2]
_ORACLES = _ROOT / ".oracles" / "bin"
_BIN = _ROOT / ".venv" / "bin"
_MB = 1_000_000
_LOOK_S = 0.05
_WARCIO, _INDEXER = "warcio check", "cdxj-indexer -s"
_REFERENCES = {"check": _WARCIO, "index": _INDEXER}


@dataclass(slots=True)
class Contender:
    """A command line, what it is compared with, and what its runs gave: seconds, processor seconds, bytes at most."""

    command: Sequence[str | Path]
    kind: str
    walls: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)
    peak: int = 0


def _own_bytes(pid: int) -> int:
    """The memory of a process and of those below it, shared pages counted once."""
    total = 0
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            tasks = list(Path(f"/proc/{one}/task").iterdir())
            for task in tasks:
                waiting += map(int, (task / "children").read_text("ascii").split())
            for line in Path(f"/proc/{one}/smaps_rollup").read_text("ascii").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except (OSError, ValueError):
            continue
    return total


def _run(contender: Contender, environment: Mapping[str, str]) -> None:
    begun = time.monotonic()
    child = subprocess.Popen(
        contender.command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=_ROOT
    )
    while True:
        contender.peak = max(contender.peak, _own_bytes(child.pid))
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(_LOOK_S)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(map(str, contender.command))}: status {child.returncode}")
    contender.walls.append(time.monotonic() - begun)
    contender.processors.append(usage.ru_utime + usage.ru_stime)


def _contenders(file: Path, work: Path, place: Sequence[str]) -> dict[str, Contender]:
    preserve = [str(_BIN / "preserve")]
    verify = [*preserve, "verify", "bench", *place]
    out = str(work / "index.cdxj")
    return {
        _WARCIO: Contender([_ORACLES / "warcio", "check", file], "check"),
        "fastwarc check -q -p": Contender([_BIN / "fastwarc", "check", "-q", "-p", file], "check"),
        "preserve verify FILE": Contender([*preserve, "verify", str(file)], "check"),
        "preserve verify FILE, 1 process": Contender([*preserve, "verify", str(file), "--processes", "1"], "check"),
        "preserve verify COLLECTION": Contender(verify, "check"),
        "preserve verify COLLECTION --structure": Contender([*verify, "--structure"], "check"),
        _INDEXER: Contender([_ORACLES / "cdxj-indexer", "-s", "-o", work / "theirs.cdxj", file], "index"),
        "preserve index": Contender([*preserve, "index", str(file), "-o", out], "index"),
        "preserve index, 1 process": Contender([*preserve, "index", str(file), "-o", out, "--processes", "1"], "index"),
    }


def _made_file(folder: Path, pages: int) -> Path:
    """A file of requests and replies with digests, one gzip member each."""
    path = folder / "made.warc.gz"
    site = folder / "site"
    with path.open("wb") as file:
        for number, name in enumerate(write_site(site, pages)):
            body = (site / name.lstrip("/")).read_bytes()
            uri = f"http://cables.example{name}"
            asked = f"GET {name} HTTP/1.1\r\nHost: cables.example\r\n\r\n".encode()
            answer = record(2 * number, reply(body, "Content-Type: text/html"), uri=uri, payload_digest=sha1(body))
            request = record(
                2 * number + 1, asked, kind="request", content_type="application/http; msgtype=request", uri=uri
            )
            file.write(gzip.compress(answer, 6, mtime=0) + gzip.compress(request, 6, mtime=0))
    return path


def _bench(file: Path, rounds: int, work: Path) -> None:
    environment = {**os.environ, "HOME": str(work), "XDG_STATE_HOME": str(work / "state"), "PYTHONWARNINGS": "ignore"}
    place = ["--archives", str(work / "archives"), "--config", str(_ROOT / "config")]
    taken = Contender([str(_BIN / "preserve"), "import", str(file), "--into", "bench", *place], "import")
    _run(taken, environment)
    told = _contenders(file, work, place)
    for _number in range(rounds):
        for contender in told.values():
            _run(contender, environment)
    done = subprocess.run(
        [_ORACLES / "warcio", "index", "-f", "offset", file], env=environment, capture_output=True, check=True
    )
    records = done.stdout.count(b"\n")
    size = file.stat().st_size
    print(f"\n{file.name}: {size / _MB:.1f} MB, {records:,} records; median of {rounds} rounds in turns\n")
    print("| | s (least-most) | processor s | MB/s | records/s | times the reference | peak MiB of all processes |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, contender in {**told, "preserve import (once)": taken}.items():
        wall = statistics.median(contender.walls)
        base = told[_REFERENCES[contender.kind]].walls if contender.kind in _REFERENCES else []
        ratio = f"{statistics.median(b / w for b, w in zip(base, contender.walls, strict=True)):.2f}" if base else "-"
        print(
            f"| {name} | {wall:.2f} ({min(contender.walls):.2f}-{max(contender.walls):.2f}) "
            f"| {statistics.median(contender.processors):.2f} | {size / _MB / wall:.0f} | {records / wall:,.0f} "
            f"| {ratio} | {contender.peak / (1 << 20):.0f} |"
        )
    print(f"\nreference of checks: {_WARCIO}; of indexes: {_INDEXER}")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--pages", type=int, default=20_000, help="how many pages a file has that is made")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for tool in (_ORACLES / "warcio", _ORACLES / "cdxj-indexer", _BIN / "fastwarc"):
        if not tool.is_file():
            sys.exit(f"{tool} is not here: run `make oracles`")
    with tempfile.TemporaryDirectory(prefix="preserve-bench-") as folder:
        for number, file in enumerate(given.files or [_made_file(Path(folder), given.pages)]):
            work = Path(folder) / f"work-{number}"
            work.mkdir()
            _bench(file.absolute(), given.rounds, work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
