"""What the desk asks of the system, seen by strace while an archive is captured, rebuilt and repaired beside it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.test_damage import PAGE
from tests.serving import announced
from tests.shell import Shell
from tests.site import Site
from tests.tools import tool_environment

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.damages]

_ROOT = Path(__file__).parents[2]
_CALLS = (
    "open,openat,openat2,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,"
    "symlinkat,truncate,ftruncate,fallocate,chmod,fchmod,fchmodat,chown,fchown,fchownat,utimensat,mknodat,connect,"
    "sendto,sendmsg,write,pwrite64,writev,pwritev,sendfile,copy_file_range"
)
_LINE = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+=\s+(-?\d+)")
_OF_READERS = re.compile(r'-(?:shm|wal)(?:"|>|$)')
"""What SQLite makes beside a database to read it."""
_PATHS = [
    "",
    "search?q=harbour",
    "search?q=the&tag=PREL",
    "search.csv",
    "search.atom",
    "browse",
    "browse/tag",
    "releases",
    "operator",
    "collection/demo",
    "statement/demo/3",
    "checkpoint/demo",
    "about",
    "accessibility",
    "healthz",
    "openapi.json",
    "sitemap.xml",
    "robots.txt",
    "static/desk.css",
]


def writes_and_connections(log: str) -> Iterator[str]:
    """The lines of a log of strace (with ``-y``) by which a file was changed, or another host was reached."""
    for line in log.splitlines():
        match = _LINE.match(line)
        if match is None or int(match[3]) < 0:
            continue
        call, given = match[1], match[2]
        if call in {"open", "openat", "openat2", "creat"}:
            if not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", given) and call != "creat":
                continue
            if _OF_READERS.search(given) or '"/dev/null"' in given:
                continue
        elif call in {"write", "pwrite64", "writev", "pwritev", "sendfile", "ftruncate", "fallocate", "fchown"}:
            place = re.match(r"\d+<(.*?)>", given)
            if place is None or not place[1].startswith("/") or _OF_READERS.search(place[1]) or place[1] == "/dev/null":
                continue
        elif call in {"connect", "sendto", "sendmsg"} and not re.search(r"sa_family=AF_INET6?", given):
            continue
        yield line


def test_the_log_is_read_as_it_is_meant() -> None:
    log = """\
7  openat(AT_FDCWD</>, "/a/catalogue.sqlite", O_RDONLY|O_CLOEXEC) = 5</a/catalogue.sqlite>
7  openat(AT_FDCWD</>, "/a/catalogue.sqlite-shm", O_RDWR|O_CREAT|O_CLOEXEC, 0644) = 6</a/catalogue.sqlite-shm>
7  openat(AT_FDCWD</>, "/a/new", O_WRONLY|O_CREAT, 0666) = 7</a/new>
7  openat(AT_FDCWD</>, "/a/none", O_WRONLY|O_CREAT, 0666) = -1 EACCES (Permission denied)
7  write(7</a/new>, "x", 1) = 1
7  write(8<pipe:[3]>, "x", 1) = 1
7  sendto(9<TCP:[1]>, "HTTP/1.1 200", 12, 0, NULL, 0) = 12
7  connect(9<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.1")}, 16) = 0
7  connect(9<UNIX:[1]>, {sa_family=AF_UNIX, sun_path="/x"}, 110) = 0
7  unlink("/a/new") = 0
"""
    found = [line.split()[1].partition("(")[0] for line in writes_and_connections(log)]
    assert found == ["openat", "write", "connect", "unlink"]


@pytest.fixture
def archive(shell: Shell, site: Site) -> Path:
    """A collection of two runs, and a copy of it."""
    site.page("/cable", PAGE.encode())
    site.page("/other", b"<p>other</p>" * 50)
    shell.site_collection("demo", site, "/cable", "/other")
    shell("init", "demo")
    shell("capture", "demo")
    shell("replicate", str(shell.folder / "copies"))
    shell("list")
    return shell.archives / "demo"


def _get(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


def test_nothing_is_written_and_nobody_is_asked_while_others_write(
    shell: Shell, site: Site, archive: Path, tmp_path: Path
) -> None:
    environment = tool_environment()
    program = shutil.which("strace", path=environment["PATH"])
    if program is None:
        pytest.skip("strace is not here: run `make oracles`")
    log = tmp_path / "strace.log"
    place = ["--archives", str(shell.archives), "--config", str(shell.config)]
    own = {**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [program, "-f", "-qq", "-y", "-s", "200", "-e", f"trace={_CALLS}", "-o", str(log)]
    # The libraries of an unpacked strace are for strace alone.
    traced = [
        *words,
        "-E",
        "LD_LIBRARY_PATH",
        sys.executable,
        "-m",
        "preserve",
        "serve",
        "--desk",
        "127.0.0.1:0",
        "--json",
    ]
    seen: Counter[int] = Counter()
    with subprocess.Popen(
        [*traced, *place],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**own, "LD_LIBRARY_PATH": environment["LD_LIBRARY_PATH"]},
    ) as serving:
        try:
            address = announced(serving)["listening"]
            names = json.loads(urllib.request.urlopen(f"{address}search.json").read())["hits"]
            of_cable = [f"cable/{names[0]['published_id']}", f"cable/{names[0]['published_id']}/history"]
            for path in (*_PATHS, *of_cable):
                assert _get(f"{address}{path}") == 200, path
            ended = threading.Event()
            statuses: dict[str, int] = {}

            def write() -> None:
                try:
                    for name, step in _steps(shell, site, archive, own):
                        statuses[name] = step()
                finally:
                    ended.set()

            work = threading.Thread(target=write)
            work.start()
            while not ended.is_set():
                for path in ("", "search?q=harbour", "browse", "releases", "operator", "statement/demo/3", *of_cable):
                    seen[_get(f"{address}{path}")] += 1
            work.join()
            assert statuses == {"capture": 0, "rebuild": 0, "repair": 0}
            assert [_get(f"{address}{path}") for path in of_cable] == [200, 200]
        finally:
            # strace lets no signal end it while its program runs.
            for child in Path(f"/proc/{serving.pid}/task/{serving.pid}/children").read_text().split():
                os.kill(int(child), signal.SIGTERM)
    # A damaged record is told to be so (500); a catalogue or index in the making cannot be read (503).
    assert set(seen) <= {200, 500, 503}
    assert seen[200] > len(of_cable)
    assert list(writes_and_connections(log.read_text("utf-8", "replace"))) == []


def _steps(
    shell: Shell, site: Site, archive: Path, environment: dict[str, str]
) -> Iterator[tuple[str, Callable[[], int]]]:
    place = ["--archives", str(shell.archives), "--config", str(shell.config)]

    def run(*words: str) -> int:
        done = subprocess.run(
            [sys.executable, "-m", "preserve", *words, *place], capture_output=True, check=False, env=environment
        )
        return done.returncode

    site.page("/other", b"<p>changed</p>" * 50)
    yield "capture", lambda: run("capture", "demo")
    yield "rebuild", lambda: run("rebuild", "demo")
    path: Any = min((archive / "archive").glob("*.warc.gz"))
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    yield "repair", lambda: run("repair", "demo", "--from", str(shell.folder / "copies" / "demo"), "--apply")
