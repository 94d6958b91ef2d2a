"""Captures with several processes, of which one is killed: nothing stated is lost, and the next capture goes on."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from preserve.crawler.coordinator import RunCoordinator
from preserve.crawler.pool import ForkPool
from preserve.errors import EnvironmentFaultError
from tests.processes import children_of, is_alive, until
from tests.shell import Shell
from tests.site import Site

pytestmark = pytest.mark.crash

PAGES = 12


def _site(site: Site) -> list[str]:
    for path in [f"/page/{n}" for n in range(PAGES)]:
        site.page(path, f"<p>{path}</p>".encode())
    site.page("/", "".join(f'<a href="/page/{n}">x</a>' for n in range(PAGES)).encode())
    # Two hosts: one for each process.
    return [f"http://{host}:{site.port}{path}" for host in ("127.0.0.1", "localhost") for path in site.replies]


def _collection(shell: Shell, site: Site) -> None:
    seeds = [f"http://{host}:{site.port}/" for host in ("127.0.0.1", "localhost")]
    lines = "".join(f"\n    - {seed}" for seed in seeds)
    shell.collection(
        "demo",
        f"title: T\ncontact: test@example.org\nseeds:{lines}\nscope:\n  include:{lines}\n"
        "politeness:\n  delay_s: 0\nlayouts: []\nallow_addresses: [127.0.0.0/8, '::1']\n",
    )


def _start(shell: Shell, processes: str = "2") -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "preserve", "capture", "demo", "--processes", processes]
    command += ["--archives", str(shell.archives), "--config", str(shell.config)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _good(shell: Shell, urls: list[str]) -> None:
    report = shell.json("verify", "demo", status=None)["collections"][0]
    assert [f for f in report["findings"] if f["code"].startswith("E-")] == []
    assert shell.json("capture", "demo", "--processes", "2")["outcome"] == "complete"
    assert shell.json("verify", "demo")["collections"][0]["good"] is True
    for url in urls:
        assert shell.json("show", url)["status"] == 200


def test_two_processes_capture_what_one_captures(shell: Shell, site: Site) -> None:
    urls = _site(site)
    _collection(shell, site)
    shell("init", "demo")
    report = shell.json("capture", "demo", "--processes", "2")
    assert report["counts"] == {"done": len(urls)}
    assert len(report["files"]) == 2
    assert sorted(path for path in site.asked if path != "/robots.txt") == sorted([*site.replies, *site.replies])
    assert shell.json("verify", "demo")["collections"][0]["good"] is True
    for url in urls:
        assert shell.json("show", url)["status"] == 200


@pytest.mark.parametrize(
    ("at", "who"),
    [
        (5, "child"),
        *(pytest.param(at, "child", marks=pytest.mark.slow) for at in (1, PAGES, 2 * PAGES)),
        *(pytest.param(at, "parent", marks=pytest.mark.slow) for at in (1, 5, PAGES, 2 * PAGES)),
    ],
)
def test_a_process_that_is_killed_leaves_an_archive_that_the_next_capture_completes(
    shell: Shell, site: Site, who: str, at: int
) -> None:
    urls = _site(site)
    _collection(shell, site)
    shell("init", "demo")
    running: list[subprocess.Popen[bytes]] = []
    victims: list[int] = []
    one_at_a_time = threading.Lock()

    def kill(_path: str) -> None:
        with one_at_a_time:
            if len(site.asked) >= at and running and not victims:
                children = children_of(running[0].pid)
                victims.extend(children if who == "parent" else children[:1])
                os.kill(running[0].pid if who == "parent" else victims[0], signal.SIGKILL)

    site.before = kill
    running.append(_start(shell))
    _out, errors = running[0].communicate(timeout=60)
    site.before = None
    assert victims
    if who == "parent":
        assert running[0].returncode == -signal.SIGKILL
        # The children notice, end, and let go of the lock.
        until(lambda: not any(is_alive(pid) for pid in victims))
    else:
        assert running[0].returncode == EnvironmentFaultError.exit_status
        assert b"died" in errors
        assert b"Traceback" not in errors
    _good(shell, urls)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_processes_cleanly(shell: Shell, site: Site, number: int) -> None:
    urls = _site(site)
    _collection(shell, site)
    shell("init", "demo")
    running: list[subprocess.Popen[bytes]] = []

    sent: list[int] = []
    one_at_a_time = threading.Lock()

    def stop(_path: str) -> None:
        # A second signal would end them at once.
        with one_at_a_time:
            if len(site.asked) >= 5 and running and not sent:
                sent.append(number)
                os.kill(running[0].pid, number)

    site.before = stop
    running.append(_start(shell))
    out, errors = running[0].communicate(timeout=60)
    site.before = None
    assert running[0].returncode == 130, (out, errors)
    assert b"Traceback" not in errors
    assert list((shell.archives / "demo" / "archive").glob("*.open")) == []
    _good(shell, urls)


@pytest.mark.parametrize("processes", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_a_second_interrupt_does_not_wait_for_a_host_that_says_nothing(
    shell: Shell, site: Site, processes: str
) -> None:
    _site(site)
    _collection(shell, site)
    path = shell.config / "collections" / "demo.yaml"
    # It is not the limit on an answer that ends the run.
    path.write_text(path.read_text().replace("delay_s: 0\n", "delay_s: 0\n  read_timeout_s: 600\n"))
    shell("init", "demo")
    running: list[subprocess.Popen[bytes]] = []
    silent = threading.Event()
    reached = threading.Event()

    def before(path: str) -> None:
        if path == "/page/3":
            reached.set()
            silent.wait()

    site.before = before
    running.append(_start(shell, processes))
    assert reached.wait(60)
    running[0].send_signal(signal.SIGINT)
    assert running[0].stderr is not None
    while b"finishing" not in (line := running[0].stderr.readline()):
        assert line, "it ended before it was asked to"
    running[0].send_signal(signal.SIGINT)
    try:
        running[0].communicate(timeout=120)
    finally:
        silent.set()
    site.before = None
    assert running[0].returncode == 130
    assert shell.json("capture", "demo")["outcome"] == "complete"
    assert shell.json("verify", "demo")["collections"][0]["good"] is True


def test_files_of_which_the_coordinator_took_nothing_have_no_name_yet_and_are_asked_for_again(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = _site(site)
    _collection(shell, site)
    shell("init", "demo")
    with monkeypatch.context() as patched:
        finish = ForkPool.finish

        def stopped(pool: ForkPool) -> None:
            # The workers have finished their files and are gone; what they handed over is lost with the coordinator.
            finish(pool)
            raise KeyboardInterrupt

        patched.setattr(ForkPool, "finish", stopped)
        patched.setattr(RunCoordinator, "committed", lambda _coordinator, _group: None)
        shell("capture", "demo", "--processes", "2", status=130)
    assert not list((shell.archives / "demo" / "archive").glob("*.gz"))
    assert len(list((shell.archives / "demo" / "archive").glob("*.open"))) == 2
    _good(shell, urls)
