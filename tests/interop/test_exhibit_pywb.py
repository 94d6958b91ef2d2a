"""pywb shows what another server holds: our exhibit room, through Memento and through the CDX server."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.exhibits import made
from tests.shell import Shell
from tests.tools import oracle
from tests.warcs import gz, reply

_ROOT = Path(__file__).parents[2]
_TIMES = ("2010-01-01T00:00:00Z", "2011-06-01T12:30:00Z")
_ADDRESSES = 50


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


def _until_it_answers(url: str, *running: "subprocess.Popen[bytes]") -> None:
    for _attempt in range(1_200):
        assert all(one.poll() is None for one in running)
        try:
            _get(url)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"{url} does not answer")


@pytest.mark.slow
@pytest.mark.interop
def test_pywb_is_a_client(shell: Shell, free_ports: list[int], tmp_path: Path) -> None:
    room, theirs = free_ports
    addresses = [f"http://h.example/p{number}?q={number}" for number in range(_ADDRESSES)]
    captures = [(date, url) for url in addresses for date in _TIMES]
    (tmp_path / "old.warc.gz").write_bytes(
        gz(
            *(
                made(number, date, url, reply(f"<p>{url} at {date} <a href=x>".encode(), "Content-Type: text/html"))
                for number, (date, url) in enumerate(captures)
            )
        )
    )
    (shell.config / "collections").mkdir(parents=True)
    shell("import", str(tmp_path / "old.warc.gz"), "--into", "old")
    base = f"http://127.0.0.1:{room}/old"
    (tmp_path / "config.yaml").write_text(
        f"collections:\n  memento: memento+{base}/\n  cdx:\n    index:\n      type: cdx\n"
        f"      api_url: {base}/cdx?url={{url}}&closest={{closest}}&sort=closest&output=cdxj\n"
        f"      replay_url: {base}/{{timestamp}}id_/{{url}}\n",
        encoding="utf-8",
    )
    words = ["--desk", "127.0.0.1:0", "--replay", f"127.0.0.1:{room}"]
    where = ["--archives", str(shell.archives), "--config", str(shell.config)]
    with (
        subprocess.Popen(
            [sys.executable, "-m", "preserve", "serve", *words, *where],
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        ) as ours,
        subprocess.Popen(
            [oracle("pywb"), "-b", "127.0.0.1", "-p", str(theirs)], cwd=tmp_path, stdout=subprocess.DEVNULL
        ) as client,
    ):
        try:
            _until_it_answers(f"http://127.0.0.1:{room}/", ours)
            _until_it_answers(f"http://127.0.0.1:{theirs}/", client)
            for date, url in captures:
                digits = "".join(filter(str.isdigit, date))
                held = _get(f"{base}/{digits}id_/{url}")
                assert held.startswith(f"<p>{url} at {date}".encode())
                for name in ("memento", "cdx"):
                    assert _get(f"http://127.0.0.1:{theirs}/{name}/{digits}id_/{url}") == held
            listed = _get(f"http://127.0.0.1:{theirs}/memento/timemap/link/{addresses[0]}")
            assert listed.count(b"memento") >= len(_TIMES)
        finally:
            client.terminate()
            ours.terminate()
