"""Pages with a browser, through the recording proxy and without it, in turns: ``python -m tests.bench.browser``.

A site on the loopback whose pages are built by a script, with a style sheet and pictures. *Alone*: Chromium loads each
page, a fresh profile for each. *Proxy*: the same, through the recording proxy, judged, paced (no delay) and held as in
a capture; nothing is made of the page. *Capture*: the program as a whole, which also does what the behaviours do,
draws the pictures and writes the archive.

Seconds of the processor are those of all processes under the bench; where other work runs, only they say something.
Memory is what all of them hold when a page is loaded, each by its own share (PSS).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import sync_playwright

from preserve.crawler.browser.driver import _FLAGS
from preserve.crawler.browser.gates import HostGates
from preserve.crawler.browser.visit import PageVisit
from preserve.crawler.browser.ways import own_folder, program_of, temporary_folder, ways
from preserve.crawler.scope import Scope
from preserve.limits import DEFAULT_LIMITS
from preserve.net.certificates import RunAuthority
from preserve.net.fetch import Fetcher
from preserve.net.recordingproxy import RecordingProxy
from tests.odd_replies import OK, OddOrigin, Shape, odd_origin
from tests.tools import chromium_program

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PICTURES = 6
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
_SCRIPT = """
(async () => {
  const said = await (await fetch('/text')).json();
  for (const part of said) {
    const one = document.createElement('p'); one.textContent = part; document.body.append(one);
  }
  await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));
  document.title = 'built';
})();
"""


def _shape(data: bytes, kind: str) -> Shape:
    return Shape(OK + b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (kind.encode(), len(data), data))


def _site(pages: int) -> dict[str, Shape]:
    pictures = "".join(f"<img src=/picture{number}>" for number in range(_PICTURES))
    page = f"<!doctype html><title>x</title><link rel=stylesheet href=/style>{pictures}<script src=/script></script>"
    return {
        "robots.txt": _shape(b"", "text/plain"),
        "favicon.ico": _shape(_PIXEL, "image/png"),
        "style": _shape(b"p { margin: 1em }" * 500, "text/css"),
        "script": _shape(_SCRIPT.encode(), "text/javascript"),
        "text": _shape(json.dumps(["word " * 40] * 200).encode(), "application/json"),
        **{f"picture{number}": _shape(_PIXEL, "image/png") for number in range(_PICTURES)},
        **{f"page{number}": _shape(page.encode(), "text/html") for number in range(pages)},
    }


@dataclass(frozen=True, slots=True)
class Load:
    """What one page took: seconds of the clock and of the processor, and MiB."""

    clock_s: float
    processor_s: float
    held_mib: float


def _family(root: int) -> list[int]:
    """A process and all that it began."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = {root}
    while more := {number for number, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def _processor_s(number: int) -> float:
    with suppress(OSError, ValueError, IndexError):
        parts = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) * _TICK_S
    return 0.0


def _held_mib(numbers: list[int]) -> float:
    total = 0
    for number in numbers:
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
            total += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return total / 1024


class Bench:
    """Chromium and the proxy; ``load`` loads one page."""

    def __init__(self, origin: OddOrigin, scratch: Path, program: str) -> None:
        self._way = ways(needs_sandbox=False)[0]
        self._program = program if self._way.user is None else str(program_of(self._way.user, program, scratch))
        self._base = f"http://127.0.0.1:{origin.port}"
        self._scratch = scratch
        self._agent = "preserve/bench (+bench@example.org)"
        fetcher = Fetcher(
            user_agent=self._agent, limits=DEFAULT_LIMITS, allow_addresses=("127.0.0.1",), verify_tls=True
        )
        self._proxy = RecordingProxy(fetcher, RunAuthority(), DEFAULT_LIMITS)
        self._playwright = sync_playwright().start()
        self._number = 0

    def load(self, path: str, *, is_proxied: bool) -> Load:
        """Loads a page with a profile of its own."""
        self._number += 1
        url = f"{self._base}/{path}"
        profile = own_folder(self._way.user, self._scratch / f"profile-{self._number}")
        visit = PageVisit(
            url=url,
            depth=0,
            scope=Scope(include=[f"{self._base}/"], exclude=[], max_depth=1, requisites="scope", this_year=2026),
            gates=HostGates(0.0),
            robots=None,
            until=time.monotonic() + 120,
        )
        name = f"page-{self._number}"
        door = self._proxy.open(name, "word", visit)
        proxy = {"server": f"http://127.0.0.1:{self._proxy.port}", "username": name, "password": "word"}
        before = {number: _processor_s(number) for number in _family(os.getpid())}
        own, began = time.process_time(), time.monotonic()
        context = self._playwright.chromium.launch_persistent_context(
            profile,
            executable_path=self._program,
            headless=True,
            chromium_sandbox=self._way.sandbox,
            args=_FLAGS,
            proxy=proxy if is_proxied else None,  # type: ignore[arg-type] # a TypedDict of the library
            service_workers="block",
        )
        page = context.pages[0]
        context.on("request", lambda request: visit.asks(request.url, request.is_navigation_request()))
        page.goto(url, wait_until="commit")
        page.wait_for_function("document.title === 'built'", timeout=120_000)
        clock_s, own_s = time.monotonic() - began, time.process_time() - own
        family = [number for number in _family(os.getpid()) if number != os.getpid()]
        processor_s = own_s + sum(_processor_s(number) - before.get(number, 0.0) for number in family)
        held = _held_mib([os.getpid(), *family])
        context.close()
        self._proxy.shut(door, 5)
        return Load(clock_s, processor_s, held)

    def close(self) -> None:
        """Ends browser and proxy."""
        self._playwright.stop()
        self._proxy.close()


def _captured(origin: OddOrigin, pages: int, folder: Path, program: str) -> Load:
    """A page of a whole capture, on the average; memory is the most that was seen."""
    base = f"http://127.0.0.1:{origin.port}"
    (folder / "config" / "collections").mkdir(parents=True)
    seeds = "\n".join(f"  - {base}/page{number}" for number in range(pages))
    (folder / "config" / "collections" / "app.yaml").write_text(
        f"title: A bench\ncontact: bench@example.org\nseeds:\n{seeds}\nscope:\n  include: [{base}/]\n  max_depth: 0\n"
        "politeness:\n  delay_s: 0\nallow_addresses: [127.0.0.1]\nlayouts: []\nbrowser: all\n"
    )
    place = ["--archives", str(folder / "archives"), "--config", str(folder / "config")]
    told = {**os.environ, "PRESERVE_CHROMIUM": program, "XDG_CONFIG_HOME": str(folder / "home")}
    call = [sys.executable, "-m", "preserve"]
    subprocess.run([*call, "init", "app", *place], check=True, env=told, capture_output=True)
    began, took, most = time.monotonic(), dict[int, float](), 0.0
    said = folder / "said"
    with said.open("wb") as out, subprocess.Popen([*call, "capture", "app", *place], env=told, stdout=out) as process:
        while process.poll() is None:
            family = _family(process.pid)
            took.update({number: max(took.get(number, 0.0), _processor_s(number)) for number in family})
            most = max(most, _held_mib(family))
            threading.Event().wait(0.25)
    if process.returncode:
        raise SystemExit(f"the capture failed:\n{said.read_text()}")
    return Load((time.monotonic() - began) / pages, sum(took.values()) / pages, most)


def _told(name: str, loads: list[Load]) -> str:
    clock = statistics.median(one.clock_s for one in loads)
    processor = statistics.median(one.processor_s for one in loads)
    held = statistics.median(one.held_mib for one in loads)
    return f"{name:<8} {clock:6.2f} s a page, {processor:6.2f} s of the processor, {held:6.0f} MiB"


def main() -> None:
    """Runs the bench and prints its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--no-capture", action="store_true", help="without the whole program")
    options = parser.parse_args()
    program, environment = chromium_program()
    os.environ.update(environment)
    alone, proxied = list[Load](), list[Load]()
    with (
        odd_origin(more=_site(options.pages)) as origin,
        tempfile.TemporaryDirectory(dir=temporary_folder(), ignore_cleanup_errors=True) as folder,
    ):
        scratch = Path(folder) / "scratch"
        Path(folder).chmod(0o711)
        scratch.mkdir()
        bench = Bench(origin, scratch, program)
        bench.load("page0", is_proxied=True)
        for number in range(options.pages):
            # Each goes first in every other pair.
            for is_proxied in (True, False) if number % 2 else (False, True):
                (proxied if is_proxied else alone).append(bench.load(f"page{number}", is_proxied=is_proxied))
        bench.close()
        print(_told("alone", alone))
        print(_told("proxy", proxied))
        for key in ("clock_s", "processor_s"):
            shares = [getattr(two, key) / getattr(one, key) - 1 for one, two in zip(alone, proxied, strict=True)]
            print(f"the proxy adds {statistics.median(shares):+.0%} to {key} (median of pairs)")
        if not options.no_capture:
            print(_told("capture", [_captured(origin, options.pages, Path(folder), program)]))


if __name__ == "__main__":
    main()
