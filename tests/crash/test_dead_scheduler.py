"""A capture whose scheduler is gone: its file is sealed, whoever ended the scheduler and whatever became of stderr."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.shell import Shell
from tests.site import Site

_END_S = 60.0


def _begin(shell: Shell, *words: str) -> subprocess.Popen[bytes]:
    """The program as a scheduler runs it: stdin and stderr are its pipes."""
    # Where the tests run under nohup, SIGHUP is ignored by all that they start, and by a capture on purpose.
    command = [
        "env",
        "--default-signal=HUP",
        sys.executable,
        "-m",
        "preserve",
        *words,
        "--archives",
        str(shell.archives),
    ]
    return subprocess.Popen(
        [*command, "--config", str(shell.config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def _slow_site(shell: Shell, site: Site) -> tuple[threading.Event, threading.Event]:
    """A collection of pages of which the second is answered only when the test says so."""
    asked, answer = threading.Event(), threading.Event()

    def before(path: str) -> None:
        if path == "/b":
            asked.set()
            answer.wait(_END_S)

    site.page("/", b"<a href='/a'>a</a> <a href='/b'>b</a> <a href='/c'>c</a>")
    for path in ("/a", "/b", "/c"):
        site.page(path, b"<p>page</p>")
    site.before = before
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    return asked, answer


def _is_sealed(shell: Shell) -> bool:
    names = [path.name for path in (shell.archives / "demo" / "archive").iterdir()]
    return len(names) == 1 and names[0].endswith(".warc.gz")


def test_a_capture_whose_scheduler_was_killed_seals_its_file(shell: Shell, site: Site) -> None:
    asked, answer = _slow_site(shell, site)
    process = _begin(shell, "--until-stdin-closes", "capture", "demo", "--json")
    assert asked.wait(_END_S)
    # What the end of a killed process does: every pipe is closed.
    for pipe in (process.stderr, process.stdout, process.stdin):
        assert pipe is not None
        pipe.close()
    answer.set()
    process.wait(_END_S)
    assert _is_sealed(shell)
    shell("capture", "demo")
    shell("verify", "demo")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_seals_the_file_also_where_nobody_hears(shell: Shell, site: Site, number: signal.Signals) -> None:
    asked, answer = _slow_site(shell, site)
    process = _begin(shell, "capture", "demo")
    assert asked.wait(_END_S)
    assert process.stderr is not None
    process.stderr.close()
    process.send_signal(number)
    answer.set()
    assert process.stdin is not None
    process.stdin.close()
    assert process.stdout is not None
    assert process.stdout.read()
    process.stdout.close()
    assert process.wait(_END_S) == 130
    assert _is_sealed(shell)
