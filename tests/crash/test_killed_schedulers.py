"""Schedulers that race, are stopped, and are killed while a capture is under way."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.processes import catches, children_of, is_alive, until
from tests.shell import Shell
from tests.site import Site

pytestmark = [pytest.mark.crash, pytest.mark.slow]


def _scheduled(shell: Shell, site: Site) -> None:
    links = "".join(f'<a href="/{number}">x</a>' for number in range(5))
    site.page("/", links.encode())
    for number in range(5):
        site.page(f"/{number}", f"<p>{number}</p>".encode())
    shell.site_collection("demo", site, "/", layouts="[]")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + "schedule:\n  every: 1d\n  retry_after: 1m\n")
    shell("init", "demo")


@contextmanager
def _daemon(shell: Shell) -> Iterator[subprocess.Popen[bytes]]:
    place = ["--archives", str(shell.archives), "--config", str(shell.config)]
    daemon = subprocess.Popen(
        [sys.executable, "-m", "preserve", "schedule", "run", *place],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    try:
        yield daemon
    finally:
        daemon.kill()
        daemon.wait()
        if daemon.stderr is not None:
            daemon.stderr.close()


def _outcomes(shell: Shell) -> list[str]:
    log: Any = shell.json("schedule", "log", "demo")
    return [event["outcome"] for event in log["events"]]


class _Gate:
    """Holds the site's reply for one path back: ``asked`` is set when it is asked for, until ``open`` is."""

    def __init__(self, site: Site, path: str) -> None:
        self.asked, self.open = threading.Event(), threading.Event()
        self._path = path
        site.before = self._before

    def _before(self, path: str) -> None:
        if path == self._path:
            self.asked.set()
            self.open.wait(60)


def test_two_daemons_capture_a_due_moment_once(shell: Shell, site: Site) -> None:
    _scheduled(shell, site)
    with _daemon(shell) as one, _daemon(shell) as two:
        until(lambda: _outcomes(shell) == ["ran"])
        until(lambda: all(catches(daemon.pid, signal.SIGTERM) for daemon in (one, two)))
        for daemon in (one, two):
            daemon.send_signal(signal.SIGTERM)
        assert [daemon.wait(60) for daemon in (one, two)] == [130, 130]
    assert site.asked.count("/3") == 1
    assert _outcomes(shell) == ["ran"]


def test_a_daemon_that_is_stopped_seals_what_is_captured_and_the_next_goes_on(shell: Shell, site: Site) -> None:
    _scheduled(shell, site)
    gate = _Gate(site, "/3")
    with _daemon(shell) as daemon:
        assert gate.asked.wait(60)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.stderr is not None
        # The daemon says that it was asked to stop, and so does its capture.
        told = 0
        while told < 2:
            line = daemon.stderr.readline()
            assert line, "it ended before it was asked to"
            told += b"finishing what is being written" in line
        gate.open.set()
        assert daemon.wait(60) == 130
    assert _outcomes(shell) == ["waiting"]
    assert not list((shell.archives / "demo" / "archive").glob("*.open"))
    assert "ran" in shell("schedule", "once")
    assert _outcomes(shell) == ["ran"]
    assert site.asked.count("/3") == 1
    assert {f"/{number}" for number in range(5)} <= set(site.asked)
    shell("verify", "demo")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="processes are looked up in /proc")
def test_the_capture_of_a_daemon_that_is_killed_ends_and_its_moment_is_tried_again(shell: Shell, site: Site) -> None:
    _scheduled(shell, site)
    gate = _Gate(site, "/3")
    with _daemon(shell) as daemon:
        assert gate.asked.wait(60)
        (capture,) = children_of(daemon.pid)
        daemon.kill()
        daemon.wait()
        assert is_alive(capture)
        gate.open.set()
        until(lambda: not is_alive(capture))
    assert _outcomes(shell) == ["running"]
    assert not list((shell.archives / "demo" / "archive").glob("*.open"))
    shell("schedule", "once")
    assert _outcomes(shell) == ["waiting"]
    shell("verify", "demo")
