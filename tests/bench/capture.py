"""Capture beside wget, in turns on one machine: ``python -m tests.bench.capture --rounds 3``.

Three sites. *Plain*: pages of text with a dozen links; wget is given every address and follows nothing. *Link-rich*:
700 links on every page, as the mirrors of 2010 have them; wget finds them too (``-r``). *Cables*: pages of a layout,
with the layout and without it, the index of the search made. preserve finds all pages from one of each host, keeps its
ledger and its catalogue, has warcio read what it wrote, and signs. Both keep request and response. The server is nginx;
the delay is 0 and robots.txt is left alone. Every reply of status 200 is counted; a run that lacks one is no run.

Seconds of the processor beside those of the clock: where other work runs, only they say something.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.extract import Words, small_page
from tests.bench.site import HALVES, page_path, write_site

_ROOT = Path(__file__).parents[2]
_UNPACKED = _ROOT / ".oracles" / "debian" / "usr"
_MIB = 1 << 20
_NAV = 700
_NGINX = """
daemon off; {user} worker_processes 1; pid {top}/nginx.pid; error_log {top}/error.log;
events {{ worker_connections 256; }}
http {{
  types {{ text/html html; }} default_type application/octet-stream;
  access_log off; keepalive_requests 1000000; sendfile on; open_file_cache off;
  client_body_temp_path {top}/t1; proxy_temp_path {top}/t2; fastcgi_temp_path {top}/t3; uwsgi_temp_path {top}/t4;
  scgi_temp_path {top}/t5;
  {servers}
}}
"""


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A site on two hosts: where it lies, its port, and its pages. ``found``: wget finds them by itself."""

    name: str
    folder: Path
    port: int
    paths: list[str]
    found: bool

    @property
    def urls(self) -> list[str]:
        """The addresses of all pages: those of a half are on a host of their own."""
        return [f"http://127.0.0.{1 + int(path[2])}:{self.port}{path}" for path in self.paths]

    @property
    def seeds(self) -> list[str]:
        """The first page of each host."""
        return [f"http://127.0.0.{1 + half}:{self.port}{page_path(half)}" for half in range(HALVES)]


@dataclass(frozen=True, slots=True)
class Contender:
    """What captures a site: wget, or preserve with so many processes, lines of configuration, and commands after it."""

    name: str
    processes: int = 0
    lines: str = "layouts: []\n"
    then: Sequence[str] = ()


@dataclass(slots=True)
class Runs:
    """What the runs of one contender gave."""

    walls: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)
    warc_bytes: int = 0
    peak_mib: float = 0.0


WGET = Contender("wget")
ONE = Contender("preserve, 1 process", 1)
TWO = Contender("preserve, 2 processes", 2)
ALONE = Contender("preserve, 1 process, no second reader", 1, "layouts: []\nsecond_reader: false\n")
MISFIT = Contender("preserve, 1 process, layouts that do not fit", 1, "layouts: [mrkva, wikileaks-cable, plusd]\n")
CABLES = Contender("preserve, 1 process, cables and search", 1, "layouts: [mrkva]\n", ("search", "holloway"))


def _tool(name: str) -> str:
    found = shutil.which(name) or next(
        (str(p) for p in (_UNPACKED / "sbin" / name, _UNPACKED / "bin" / name) if p.is_file()), None
    )
    if found is None:
        sys.exit(f"{name} is not here: run `make oracles`")
    return found


@contextmanager
def _nginx(top: Path, sites: Sequence[Site]) -> Iterator[None]:
    user = "user root root;" if os.geteuid() == 0 else ""
    hosts = [f"127.0.0.{1 + half}" for half in range(HALVES)]
    servers = "\n  ".join(
        f"server {{ {' '.join(f'listen {host}:{site.port};' for host in hosts)} root {site.folder}; }}"
        for site in sites
    )
    (top / "nginx.conf").write_text(_NGINX.format(user=user, top=top, servers=servers), "utf-8")
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


def _timed(command: Sequence[str], cwd: Path, runs: Runs | None, good: Sequence[int] = (0,)) -> tuple[float, float]:
    """Runs a command that must end well; its seconds by the clock and of the processor."""
    environment = {**os.environ, "HOME": str(cwd), "no_proxy": "*", "PYTHONPYCACHEPREFIX": str(cwd.parent / "bytecode")}
    # An installed program is not compiled anew for each run; `init`, which is not timed, compiles it once.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    begun = time.monotonic()
    child = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _pid, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in good:
        sys.exit(f"{' '.join(command)}: status {child.returncode}")
    if runs is not None:
        runs.peak_mib = max(runs.peak_mib, usage.ru_maxrss * resource.getpagesize() / 4096 / 1024)
    return wall, usage.ru_utime + usage.ru_stime


def _replies(files: Sequence[Path]) -> int:
    """How many replies of status 200 the WARC files hold, read by nothing but zlib."""
    count = 0
    for path in files:
        data = path.read_bytes()
        start = 0
        while start < len(data):
            # A member is a record; its heads stand at its beginning.
            inflater, piece = zlib.decompressobj(31), data[start : start + _MIB]
            head = inflater.decompress(piece)[:8192]
            if not inflater.eof:
                sys.exit(f"{path}: a record that is no member by itself, or a large one")
            start += len(piece) - len(inflater.unused_data)
            count += b"\r\nWARC-Type: response\r\n" in head and b"\r\n\r\nHTTP/1.1 200 " in head
    return count


def _wget(site: Site, work: Path, runs: Runs) -> None:
    command = [_tool("wget"), "-q", "--no-proxy", "-e", "robots=off", "--warc-file=out", "--no-warc-keep-log"]
    if site.found:
        command += ["-r", "-l", "inf", "--delete-after", *site.seeds]
    else:
        (work / "urls.txt").write_text("".join(f"{url}\n" for url in site.urls), "ascii")
        command += ["-i", "urls.txt", "-O", os.devnull]
    _note(site, runs, _timed(command, work, runs), [work / "out.warc.gz"])


def _preserve(site: Site, contender: Contender, work: Path, runs: Runs) -> None:
    config = work / "config" / "collections" / "bench.yaml"
    config.parent.mkdir(parents=True)
    shutil.copytree(_ROOT / "config" / "layouts", work / "config" / "layouts")
    hosts = [f"http://127.0.0.{1 + half}:{site.port}/" for half in range(HALVES)]
    config.write_text(
        f"title: Bench\ncontact: test@example.org\nseeds: {json.dumps(site.seeds)}\nscope:\n"
        f"  include: {json.dumps(hosts)}\n  max_depth: 100\npoliteness:\n  delay_s: 0\n  robots: ignore\n"
        f"{contender.lines}allow_addresses: [127.0.0.0/8]\n",
        "utf-8",
    )
    place = ["--archives", str(work / "archives"), "--config", str(work / "config")]
    base = [sys.executable, "-m", "preserve"]
    _timed([*base, "init", "bench", *place], work, None)
    command = [*base, "capture", "bench", "--processes", str(contender.processes), "--json", *place]
    # Pages of a layout that show no whole cable are findings, and no failure here.
    wall, processor = _timed(command, work, runs, (0, 1))
    if contender.then:
        more = _timed([*base, *contender.then, *place], work, runs)
        wall, processor = wall + more[0], processor + more[1]
    _note(site, runs, (wall, processor), sorted((work / "archives" / "bench" / "archive").glob("*.warc.gz")))


def _note(site: Site, runs: Runs, seconds: tuple[float, float], files: Sequence[Path]) -> None:
    held = _replies(files)
    if held != len(site.paths):
        sys.exit(f"{site.name}: {held} replies of {len(site.paths)} pages: no run to compare")
    runs.walls.append(seconds[0])
    runs.processors.append(seconds[1])
    runs.warc_bytes = sum(path.stat().st_size for path in files)


def _write_cables(folder: Path, pages: int) -> list[str]:
    """Pages of a layout, each with links to some others."""
    words = Words()
    paths = write_site(folder, pages)
    for number, path in enumerate(paths):
        target = folder / path.lstrip("/")
        links = target.read_bytes().partition(b"<ul>")[2].partition(b"</ul>")[0]
        target.write_bytes(
            small_page(number + 1, words.message(number + 1, 9_000)).replace(b"</pre>", b"</pre>" + links)
        )
    return paths


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=20_000, help="pages of the plain site")
    parser.add_argument("--others", type=int, default=4_000, help="pages of the other two")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=18_342, help="the first of three")
    given = parser.parse_args()
    top = Path(tempfile.mkdtemp(prefix="preserve-bench-"))
    top.chmod(0o755)
    try:
        plain, rich, cables = top / "plain", top / "rich", top / "cables"
        sites = {
            Site("plain", plain, given.port, write_site(plain, given.pages), found=False): (
                WGET,
                ONE,
                TWO,
                MISFIT,
                ALONE,
            ),
            Site("link-rich", rich, given.port + 1, write_site(rich, given.others, _NAV), found=True): (WGET, ONE, TWO),
            Site("cables", cables, given.port + 2, _write_cables(cables, given.others), found=False): (
                WGET,
                ONE,
                CABLES,
            ),
        }
        with _nginx(top, list(sites)):
            for site, contenders in sites.items():
                runs = {contender.name: Runs() for contender in contenders}
                for number in range(given.rounds):
                    for contender in contenders:
                        work = top / f"work-{number}"
                        work.mkdir()
                        if contender.processes:
                            _preserve(site, contender, work, runs[contender.name])
                        else:
                            _wget(site, work, runs[contender.name])
                        shutil.rmtree(work)
                _print_table(site, runs)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    return 0


def _print_table(site: Site, runs: Mapping[str, Runs]) -> None:
    pages = len(site.paths)
    base = runs[WGET.name]
    wall, processor = statistics.median(base.walls), statistics.median(base.processors)
    print(f"\n{site.name}: {pages:,} pages, median of {len(base.walls)} rounds in turns\n")
    print("| | pages/s | times wget | processor ms a page | times wget | WARC MiB | times wget | peak MiB a process |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, told in runs.items():
        seconds, used = statistics.median(told.walls), statistics.median(told.processors)
        print(
            f"| {name} | {pages / seconds:,.0f} | {wall / seconds:.2f} "
            f"| {used / pages * 1000:.2f} | {processor / used:.2f} "
            f"| {told.warc_bytes / _MIB:.1f} | {told.warc_bytes / base.warc_bytes:.2f} | {told.peak_mib:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
