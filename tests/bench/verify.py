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
from collections.abc import Sequence
from pathlib import Path

from tests.bench.site import write_site
from tests.bench.turns import BIN, ORACLES, ROOT, Contender, run
from tests.warcs import record, reply, sha1

_MB = 1_000_000
_WARCIO, _INDEXER = "warcio check", "cdxj-indexer -s"
_REFERENCES = {"check": _WARCIO, "index": _INDEXER}


def _contenders(file: Path, work: Path, place: Sequence[str]) -> dict[str, Contender]:
    preserve = [str(BIN / "preserve")]
    verify = [*preserve, "verify", "bench", *place]
    out = str(work / "index.cdxj")
    return {
        _WARCIO: Contender([ORACLES / "warcio", "check", file], "check"),
        "fastwarc check -q -p": Contender([BIN / "fastwarc", "check", "-q", "-p", file], "check"),
        "preserve verify FILE": Contender([*preserve, "verify", str(file)], "check"),
        "preserve verify FILE, 1 process": Contender([*preserve, "verify", str(file), "--processes", "1"], "check"),
        "preserve verify COLLECTION": Contender(verify, "check"),
        "preserve verify COLLECTION --structure": Contender([*verify, "--structure"], "check"),
        _INDEXER: Contender([ORACLES / "cdxj-indexer", "-s", "-o", work / "theirs.cdxj", file], "index"),
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
    place = ["--archives", str(work / "archives"), "--config", str(ROOT / "config")]
    taken = Contender([str(BIN / "preserve"), "import", str(file), "--into", "bench", *place], "import")
    run(taken, environment)
    told = _contenders(file, work, place)
    for _number in range(rounds):
        for contender in told.values():
            run(contender, environment)
    done = subprocess.run(
        [ORACLES / "warcio", "index", "-f", "offset", file], env=environment, capture_output=True, check=True
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
    for tool in (ORACLES / "warcio", ORACLES / "cdxj-indexer", BIN / "fastwarc"):
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
