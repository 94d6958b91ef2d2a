"""A page that its site lost is got back from a pywb that holds what wget captured: found, fetched, stated, cited."""

import base64
import hashlib
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.scenarios.test_damage import PAGE
from tests.shell import Shell
from tests.site import Site
from tests.tools import other_tool

pytestmark = [pytest.mark.interop, pytest.mark.slow]

_ORACLES = Path(__file__).parents[2] / ".oracles" / "bin"


@pytest.fixture
def pywb(tmp_path: Path) -> Iterator[Callable[[Path], str]]:
    """Starts pywb over one WARC file and gives the address of its collection ``lost``."""
    if not (_ORACLES / "pywb").is_file():
        pytest.skip("pywb is not installed here: run `make oracles`")
    running: list[subprocess.Popen[bytes]] = []
    work = tmp_path / "pywb"
    work.mkdir()
    log = (tmp_path / "pywb.log").open("w")

    def start(warc: Path) -> str:
        (work / "config.yaml").write_text("enable_memento: true\n", encoding="utf-8")
        for command in (["init", "lost"], ["add", "lost", str(warc)]):
            subprocess.run([_ORACLES / "wb-manager", *command], cwd=work, check=True, capture_output=True)
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
        command_line: list[str | Path] = [_ORACLES / "pywb", "-p", str(port), "-b", "127.0.0.1"]
        process = subprocess.Popen(command_line, cwd=work, stdout=log, stderr=subprocess.STDOUT)
        running.append(process)
        for _attempt in range(600):
            assert process.poll() is None, (tmp_path / "pywb.log").read_text("utf-8")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
            except OSError:
                time.sleep(0.05)
            else:
                return f"http://127.0.0.1:{port}/lost"
        pytest.fail("pywb does not answer")

    yield start
    for process in running:
        process.terminate()
        process.wait(20)
    log.close()


def test_a_lost_page_comes_back_from_pywb(
    shell: Shell, site: Site, tmp_path: Path, pywb: Callable[[Path], str]
) -> None:
    site.page("/06TESTPOST12", PAGE.encode())
    site.page("/never", b"", status="404 Not Found")
    page, never = site.url("/06TESTPOST12"), site.url("/nowhere")
    other_tool("wget", "-q", f"--warc-file={tmp_path / 'theirs'}", "--no-warc-keep-log", "-O", "/dev/null", page)
    address = pywb(tmp_path / "theirs.warc.gz")
    archives = shell.config / "archives"
    archives.mkdir()
    (archives / "local.yaml").write_text(
        f"title: A pywb\ntimemap: {address}/timemap/link/{{url}}\n"
        f"cdx: {address}/cdx?output=json&limit={{limit}}&url={{url}}\n"
        f"memento: {address}/{{timestamp}}id_/{{url}}\ndelay_s: 0\nallow_addresses: [127.0.0.1]\n",
        "utf-8",
    )
    shell.site_collection("demo", site, "/other")
    shell("init", "demo")
    shell("capture", "demo")
    plan = shell("rescue", page, "--into", "demo", "--dry-run", status=0)
    assert f"would fetch        {address}/2" in plan
    report = shell.json("rescue", page, never, "--into", "demo", status=1)
    saved, none = report["saved"]
    assert (saved["outcome"], saved["answers"], saved["complete"]) == ("rescued", {"local": "held"}, {"local": True})
    assert (none["outcome"], none["answers"], none["findings"]) == ("not-archived", {"local": "none"}, [])
    (memento,) = saved["mementos"]
    assert memento["requested"] == memento["served"]
    assert (memento["digest"], memento["held"], memento["cables"]) == ("payload", "nothing", ["06TESTPOST12"])
    shown = shell("show", page)
    assert "second hand     as served by A pywb, memento of 2" in shown
    assert "second hand" in shell("show", "06TESTPOST12")
    facts = shell.json("show", page)
    assert facts["url"] == page
    assert facts["second_hand"]["served"] == memento["served"]
    assert facts["cable"]["published_id"] == "06TESTPOST12"
    assert f"second hand  as served by A pywb, memento of {memento['served']}" in shell("history", "06TESTPOST12")
    cited = shell("cite", "06TESTPOST12")
    assert page in cited
    assert f"Second hand, as served by A pywb, memento of {memento['served']}" in cited
    assert "demo: good" in shell("verify", "demo")
    shell("rebuild", "demo")
    assert shell.json("show", page)["second_hand"]["served"] == memento["served"]
    again = shell.json("rescue", page, "--into", "demo", status=0)
    assert again["asked"] == {"local": 0}
    held = shell("show", page, "--as", "html")
    digest = base64.b32encode(hashlib.sha1(PAGE.encode(), usedforsecurity=False).digest()).decode()
    assert base64.b32encode(hashlib.sha1(held.encode(), usedforsecurity=False).digest()).decode() == digest
