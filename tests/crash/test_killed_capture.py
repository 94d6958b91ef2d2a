"""A capture that dies at any of its writes: nothing that was stated is lost, and the next capture goes on."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.crash.dying import die
from tests.shell import Shell
from tests.site import Site

pytestmark = pytest.mark.crash


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONWARNINGS": "ignore"}


def _site(site: Site) -> list[str]:
    paths = [f"/page/{number}" for number in range(4)]
    links = "".join(f'<a href="{path}">x</a>' for path in paths)
    site.page("/", links.encode())
    for path in paths:
        site.page(path, f"<p>{path}</p>".encode())
    return ["/", *paths]


def _errors(shell: Shell) -> list[str]:
    report = shell.json("verify", "demo", status=None)["collections"][0]
    return [f"{f['code']} {f['where']} {f['detail']}" for f in report["findings"] if f["code"].startswith("E-")]


def _check_goes_on(shell: Shell, site: Site, paths: list[str]) -> None:
    assert _errors(shell) == []
    # What a crash leaves is never taken for somebody else's: the status is 0 at once.
    report = shell.json("capture", "demo")
    assert report["outcome"] == "complete"
    assert shell.json("verify", "demo")["collections"][0]["good"] is True
    for path in paths:
        assert shell.json("show", site.url(path))["status"] == 200
    before = (shell.archives / "demo" / "indexes" / "index.cdx").read_bytes()
    shell("rebuild", "demo")
    assert (shell.archives / "demo" / "indexes" / "index.cdx").read_bytes() == before
    assert shell.json("verify", "demo")["collections"][0]["good"] is True


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_capture_that_dies_at_any_write_loses_nothing_and_goes_on(shell: Shell, site: Site, tmp_path: Path) -> None:
    paths = _site(site)
    original = shell.folder
    for count in range(1, 200):
        shell.folder = original / str(count)
        (shell.config / "layouts").mkdir(parents=True)
        shell.site_collection("demo", site, "/")
        shell.begin_anew("demo")
        status = die(shell, count, "capture", "demo")
        if status == 0:
            assert count > 15
            return
        assert status == 137
        _check_goes_on(shell, site, paths)
    pytest.fail("the capture never came to its end")


@pytest.mark.slow
def test_an_init_that_dies_at_any_write_is_completed_by_the_next(shell: Shell, site: Site) -> None:
    _site(site)
    original, home = shell.folder, os.environ["HOME"]
    for count in range(1, 100):
        shell.folder = original / str(count)
        os.environ["HOME"] = str(shell.folder / "home")
        (shell.config / "layouts").mkdir(parents=True)
        shell.site_collection("demo", site, "/")
        status = die(shell, count, "init", "demo")
        shell("init", "demo")
        assert shell.json("verify", "demo", status=None)["collections"][0]["good"] is True
        if status == 0:
            assert count > 8
            break
    else:
        pytest.fail("init never came to its end")
    os.environ["HOME"] = home


def _command(shell: Shell) -> list[str]:
    command = [sys.executable, "-m", "preserve", "capture", "demo"]
    return [*command, "--archives", str(shell.archives), "--config", str(shell.config)]


def _start(shell: Shell) -> subprocess.Popen[str]:
    return subprocess.Popen(
        _command(shell), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_environment()
    )


PLACES = ["/page/1", *(pytest.param(at, marks=pytest.mark.slow) for at in ("/robots.txt", "/", "/page/3"))]
"""Paths of the site, in the order in which they are asked for but the first."""


def _start_and(do: Callable[[subprocess.Popen[str]], None], shell: Shell, site: Site, at: str) -> subprocess.Popen[str]:
    """A capture, with which something is done when it asks for a path, however soon that is."""
    begun: Future[subprocess.Popen[str]] = Future()
    site.before = lambda path: do(begun.result()) if path == at else None
    begun.set_result(_start(shell))
    return begun.result()


@pytest.mark.parametrize("at", PLACES)
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_in_the_middle_ends_cleanly_and_the_next_capture_goes_on(
    shell: Shell, site: Site, at: str, number: signal.Signals
) -> None:
    paths = _site(site)
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    process = _start_and(lambda process: process.send_signal(number), shell, site, at)
    out, errors = process.communicate(timeout=60)
    site.before = None
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "cancelled" in out
    assert shell.json("verify", "demo")["collections"][0]["good"] is True
    asked = len(site.asked)
    report = shell.json("capture", "demo")
    assert report["resumed"] is True
    assert report["outcome"] == "complete"
    again = site.asked[asked:]
    done = set(site.asked[:asked]) - {"/robots.txt"}
    assert not done & set(again)
    for path in paths:
        assert shell.json("show", site.url(path))["status"] == 200
    assert shell.json("verify", "demo")["collections"][0]["good"] is True


@pytest.mark.parametrize("at", PLACES)
def test_a_killed_capture_loses_nothing_and_goes_on(shell: Shell, site: Site, at: str) -> None:
    paths = _site(site)
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    process = _start_and(lambda process: process.kill(), shell, site, at)
    process.communicate(timeout=60)
    site.before = None
    assert process.returncode == -signal.SIGKILL
    _check_goes_on(shell, site, paths)


def test_a_second_capture_of_the_same_collection_is_locked_out(shell: Shell, site: Site) -> None:
    _site(site)
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    seen: list[int] = []

    def meanwhile(path: str) -> None:
        if path == "/page/1":
            second = subprocess.run(_command(shell), capture_output=True, check=False, env=_environment())
            seen.append(second.returncode)

    site.before = meanwhile
    shell("capture", "demo")
    assert seen == [4]


def test_a_run_stops_cleanly_before_the_disk_is_full_and_goes_on(shell: Shell, site: Site) -> None:
    paths = _site(site)
    shell.site_collection("demo", site, "/")
    path = shell.config / "collections" / "demo.yaml"
    text = path.read_text("utf-8")
    shell("init", "demo")
    path.write_text(text + "min_free_mb: 1000000000\n", "utf-8")
    report = shell.json("capture", "demo", status=6)
    assert report["outcome"] == "limit"
    assert "make room" in shell.errors
    assert shell.json("verify", "demo")["collections"][0]["good"] is True
    path.write_text(text, "utf-8")
    assert shell.json("capture", "demo")["resumed"] is True
    for name in paths:
        assert shell.json("show", site.url(name))["status"] == 200


# Fails, in place of the n-th call that writes, syncs or renames, with an error of the system.
_FAILING = """
import builtins, errno, io, os, sys
from preserve.cli.main import main
left, number = int(sys.argv[1]), int(sys.argv[2])
def failing(function):
    def wrapper(*arguments, **named):
        global left
        left -= 1
        if left == 0:
            raise OSError(number, os.strerror(number), "a file")
        return function(*arguments, **named)
    return wrapper
for name in ("fsync", "replace", "rename"):
    setattr(os, name, failing(getattr(os, name)))
fdopen, fdopen_to_write = os.fdopen, failing(os.fdopen)
def opening_fd(number, mode="r", *rest, **named):
    # A file that is opened to be read is no write: one that cannot be read is another error with another status.
    return (fdopen_to_write if set(mode) & set("wax+") else fdopen)(number, mode, *rest, **named)
os.fdopen = opening_fd
import preserve.store.durable, preserve.store.warcfile, preserve.store.index
class Failing:
    def __init__(self, file):
        self._file = file
        self.write = failing(file.write)
        self.flush = failing(file.flush)
    def __getattr__(self, name):
        return getattr(self._file, name)
    def __enter__(self):
        return self
    def __exit__(self, *rest):
        return self._file.__exit__(*rest)
import pathlib
opened = pathlib.Path.open
def opening(path, mode="r", *rest, **named):
    file = opened(path, mode, *rest, **named)
    return Failing(file) if mode in ("xb", "ab", "wb", "r+b") else file
pathlib.Path.open = opening
status = main(sys.argv[3:])
sys.exit(status if left <= 0 else 99)
"""


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=["full disk", "bad disk"])
def test_a_capture_whose_writes_fail_loses_nothing_and_goes_on(shell: Shell, site: Site, error: int) -> None:
    paths = _site(site)
    original = shell.folder
    is_signed = False
    for count in range(1, 400):
        shell.folder = original / str(count)
        (shell.config / "layouts").mkdir(parents=True)
        shell.site_collection("demo", site, "/")
        shell.begin_anew("demo")
        command = [sys.executable, "-c", _FAILING, str(count), str(error), "capture", "demo"]
        command += ["--archives", str(shell.archives), "--config", str(shell.config)]
        done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False, timeout=60)
        assert "Traceback" not in done.stderr, done.stderr
        if done.returncode == 99:
            assert count > 40
            return
        # Behind the signed checkpoint only notes are written that spare the next command some reading. A capture
        # without them is whole; from the first such write on, there is no other kind of write.
        if is_signed or (done.returncode == 0 and "checkpoint signed" in done.stdout):
            is_signed = True
            assert done.returncode == 0, (count, done.stdout, done.stderr)
            assert (shell.archives / "demo" / "ledger" / "pending.jsonl").read_bytes() == b""
        else:
            assert done.returncode == 7, (count, done.stdout, done.stderr)
            assert os.strerror(error) in done.stderr
        _check_goes_on(shell, site, paths)
    pytest.fail("the capture never came to its end")
