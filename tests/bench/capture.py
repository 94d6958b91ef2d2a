"""Capture beside wget, in turns on one machine: ``python -m tests.bench.capture --pages 20000 --rounds 3``.

wget is given every address and follows nothing; preserve finds them, parses every page, keeps its ledger and its
catalogue, and signs. Both keep request and response. The server is nginx; the delay is 0 and robots.txt is left alone.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.site import HALVES, write_site

_ROOT = Path(__file__).parents[2]
_UNPACKED = _ROOT / ".oracles" / "debian" / "usr"
_MIB = 1 << 20
_NGINX = """
daemon off; {user} worker_processes 1; pid {top}/nginx.pid; error_log {top}/error.log;
events {{ worker_connections 256; }}
http {{
  types {{ text/html html; }}
  access_log off; keepalive_requests 1000000; sendfile on; open_file_cache max=50000;
  client_body_temp_path {top}/t1; proxy_temp_path {top}/t2; fastcgi_temp_path {top}/t3; uwsgi_temp_path {top}/t4;
  scgi_temp_path {top}/t5;
  server {{ {listen} root {top}/site; }}
}}
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one contender: seconds, bytes of WARC, and the memory of its largest process."""

    seconds: float
    warc_bytes: int
    peak_mib: float


def _tool(name: str) -> str:
    found = shutil.which(name) or next(
        (str(p) for p in (_UNPACKED / "sbin" / name, _UNPACKED / "bin" / name) if p.is_file()), None
    )
    if found is None:
        sys.exit(f"{name} is not here: run `make oracles`")
    return found


@contextmanager
def _nginx(top: Path, port: int) -> Iterator[None]:
    listen = " ".join(f"listen 127.0.0.{1 + half}:{port};" for half in range(HALVES))
    user = "user root root;" if os.geteuid() == 0 else ""
    (top / "nginx.conf").write_text(_NGINX.format(user=user, top=top, listen=listen), "utf-8")
    command = [_tool("nginx"), "-p", str(top), "-c", str(top / "nginx.conf"), "-e", str(top / "error.log")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        while not (top / "nginx.pid").is_file():
            if process.poll() is not None:
                sys.exit((top / "error.log").read_text("utf-8"))
            time.sleep(0.01)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _timed(command: Sequence[str], cwd: Path) -> tuple[float, float]:
    """Seconds and the memory in MiB of the largest process, of a command that must end well or with 8 (wget's 404)."""
    environment = {**os.environ, "HOME": str(cwd), "no_proxy": "*"}
    begun = time.monotonic()
    child = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _pid, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in {0, 8}:
        sys.exit(f"{' '.join(command)}: status {child.returncode}")
    return time.monotonic() - begun, usage.ru_maxrss * resource.getpagesize() / 4096 / 1024


def _wget(top: Path, work: Path) -> Run:
    command = [_tool("wget"), "-q", "--no-proxy", "-e", "robots=off", "-i", str(top / "urls.txt")]
    command += ["--warc-file=out", "--no-warc-keep-log", "-O", os.devnull]
    seconds, peak = _timed(command, work)
    return Run(seconds, (work / "out.warc.gz").stat().st_size, peak)


def _preserve(processes: int, port: int, work: Path) -> Run:
    config = work / "config" / "collections" / "bench.yaml"
    config.parent.mkdir(parents=True)
    seeds = [f"http://127.0.0.{1 + half}:{port}/h{half}/" for half in range(HALVES)]
    lines = "".join(f"\n  - {seed}f0/p{half}.html" for half, seed in enumerate(seeds))
    config.write_text(
        f"title: Bench\ncontact: test@example.org\nseeds:{lines}\nscope:\n  include: {seeds}\n  max_depth: 100\n"
        "politeness:\n  delay_s: 0\n  robots: ignore\nlayouts: []\nallow_addresses: [127.0.0.0/8]\n",
        "utf-8",
    )
    place = ["--archives", str(work / "archives"), "--config", str(work / "config")]
    base = [sys.executable, "-m", "preserve"]
    _timed([*base, "init", "bench", *place], work)
    command = [*base, "capture", "bench", "--processes", str(processes), "--json", *place]
    seconds, peak = _timed(command, work)
    files = (work / "archives" / "bench" / "archive").glob("*.warc.gz")
    return Run(seconds, sum(path.stat().st_size for path in files), peak)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=18_342)
    given = parser.parse_args()
    top = Path(tempfile.mkdtemp(prefix="preserve-bench-"))
    top.chmod(0o755)
    runs: dict[str, list[Run]] = {"wget": [], "preserve, 1 process": [], "preserve, 2 processes": []}
    try:
        paths = write_site(top / "site", given.pages)
        addresses = [f"http://127.0.0.{1 + n % HALVES}:{given.port}{path}" for n, path in enumerate(paths)]
        (top / "urls.txt").write_text("".join(f"{address}\n" for address in addresses), "ascii")
        with _nginx(top, given.port):
            for number in range(given.rounds):
                for contender, told in runs.items():
                    work = top / f"work-{number}"
                    work.mkdir()
                    processes = int(contender.split()[1]) if contender != "wget" else 0
                    told.append(_preserve(processes, given.port, work) if processes else _wget(top, work))
                    shutil.rmtree(work)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    _print_table(runs, given.pages)
    return 0


def _print_table(runs: dict[str, list[Run]], pages: int) -> None:
    print(f"\n{pages:,} pages, median of {len(runs['wget'])} rounds in turns\n")
    print("| | pages/s | times wget | WARC MiB | times wget | peak MiB a process |")
    print("| --- | --- | --- | --- | --- | --- |")
    base_s = statistics.median(run.seconds for run in runs["wget"])
    base_bytes = runs["wget"][0].warc_bytes
    for contender, told in runs.items():
        seconds = statistics.median(run.seconds for run in told)
        size, peak = told[0].warc_bytes, max(run.peak_mib for run in told)
        print(
            f"| {contender} | {pages / seconds:,.0f} | {base_s / seconds:.2f} | {size / _MIB:.1f} "
            f"| {size / base_bytes:.2f} | {peak:.0f} |"
        )


if __name__ == "__main__":
    sys.exit(main())
