"""pywb replays a collection folder as it stands: our index, our files, nothing indexed anew."""

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from preserve.demo_site.pages import replies
from tests.cdxj import parse_line
from tests.scenarios.test_nasty_inputs import CASES
from tests.shell import Shell
from tests.site import Site

pytestmark = [pytest.mark.interop, pytest.mark.slow]

ORACLES = Path(__file__).parents[2] / ".oracles" / "bin"


@pytest.fixture(autouse=True)
def _installed() -> None:
    if not (ORACLES / "pywb").is_file():
        pytest.skip("pywb is not installed here: run `make oracles`")


@pytest.fixture
def replay_of(tmp_path: Path) -> Iterator[Callable[[Path], str]]:
    """Serves a collection's folder with pywb and gives the address of its replay."""
    running: list[subprocess.Popen[bytes]] = []
    log = (tmp_path / "pywb.log").open("w")

    def start(archive: Path) -> str:
        work = tmp_path / "pywb"
        shutil.copytree(archive, work / "collections" / "demo")
        (work / "config.yaml").write_text("enable_auto_fetch: false\n", encoding="utf-8")
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
        command: list[str | Path] = [ORACLES / "pywb", "-p", str(port), "-b", "127.0.0.1"]
        process = subprocess.Popen(command, cwd=work, stdout=log, stderr=subprocess.STDOUT)
        running.append(process)
        address = f"http://127.0.0.1:{port}"
        for _attempt in range(600):
            assert process.poll() is None, (tmp_path / "pywb.log").read_text("utf-8")
            try:
                urllib.request.urlopen(f"{address}/", timeout=5).read()
            except OSError:
                time.sleep(0.05)
            else:
                return f"{address}/demo"
        pytest.fail("pywb does not answer")

    yield start
    for process in running:
        process.terminate()
        process.wait(20)
    log.close()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object, **_named: object) -> None:
        return None


def _get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.build_opener(_NoRedirect).open(url, timeout=20) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_pywb_replays_every_capture_from_our_index(replay_of: Callable[[Path], str], demo_archive: Path) -> None:
    replay = replay_of(demo_archive)
    lines = [parse_line(text) for text in (demo_archive / "indexes" / "index.cdx").read_text("utf-8").splitlines()]
    first = min(line.timestamp for line in lines)
    revisits = 0
    for line in lines:
        url = line.fields["url"]
        path = "/" + url.split("/", 3)[3]
        reply = replies(1 if line.timestamp == first else 2)[path]
        status, body = _get(f"{replay}/{line.timestamp}id_/{url}")
        assert status == int(line.fields["status"]), line
        assert body == reply.body, line
        revisits += line.fields["mime"] == "warc/revisit"
    assert revisits == 4


def test_our_keys_are_those_of_cdxj_indexer(demo_archive: Path, tmp_path: Path) -> None:
    ours = (demo_archive / "indexes" / "index.cdx").read_text("utf-8").splitlines()
    files = sorted((demo_archive / "archive").glob("*.warc.gz"))
    done = subprocess.run([ORACLES / "cdxj-indexer", *files], capture_output=True, text=True, check=True)
    theirs = {(p.key, p.fields["offset"], p.fields["filename"]) for p in map(parse_line, done.stdout.splitlines())}
    assert {(p.key, p.fields["offset"], p.fields["filename"]) for p in map(parse_line, ours)} == theirs


def test_pywb_replays_a_revisit_by_the_servers_word(
    site: Site, shell: Shell, tmp_path: Path, replay_of: Callable[[Path], str]
) -> None:
    site.replies["/"] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: x\r\nContent-Length: 5\r\n\r\nhello"
    site.unchanged["/"] = b"If-None-Match: x\r\n"
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    begun = int(time.time())
    while int(time.time()) == begun:
        time.sleep(0.02)
    shell("capture", "demo")
    lines = [parse_line(t) for t in (shell.archives / "demo/indexes/index.cdx").read_text("utf-8").splitlines()]
    (revisit,) = (
        line for line in lines if line.fields["mime"] == "warc/revisit" and line.fields["url"] == site.url("/")
    )
    address = replay_of(shell.archives / "demo")
    status, body = _get(f"{address}/{revisit.timestamp}id_/{site.url('/')}")
    assert (status, body) == (200, b"hello")


def test_cdxj_indexer_reads_the_nasty_replies_too(shell: Shell, site: Site) -> None:
    for case in CASES:
        site.replies[f"/{case.number}"] = case.reply
        if case.closes:
            site.closing.add(f"/{case.number}")
    shell.site_collection("demo", site, *(f"/{case.number}" for case in CASES))
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text("utf-8").replace("delay_s: 0", "delay_s: 0\n  max_body_mb: 2"), "utf-8")
    shell("init", "demo")
    # Pages whose coding is damaged were not read for links, which is a finding.
    shell("capture", "demo", status=1)
    (file,) = (shell.archives / "demo" / "archive").glob("*.warc.gz")
    done = subprocess.run([ORACLES / "cdxj-indexer", file], capture_output=True, text=True, check=False)
    theirs = {parse_line(line).fields["offset"] for line in done.stdout.splitlines()}
    ours = (shell.archives / "demo" / "indexes" / "index.cdx").read_text("utf-8").splitlines()
    assert {parse_line(line).fields["offset"] for line in ours} == theirs, done.stderr


def test_the_lines_of_the_guide_give_every_copy_a_public_address(shell: Shell, site: Site, tmp_path: Path) -> None:
    site.page("/one", replies(1)["/cable/2006/03/06VELDORA42.html"].body)
    shell.site_collection("demo", site, "/one")
    shell("init", "demo")
    shell("capture", "demo")
    guide = (Path(__file__).parents[2] / "docs" / "citing.md").read_text("utf-8")
    (lines,) = re.findall(r"```bash\n(pip install pywb\n.*?)```", guide, re.DOTALL)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    script = lines.replace("pip install pywb\n", "").replace("8080", str(port)).replace("wayback", "exec wayback")
    assert shell.archives.name == "archives"
    environment = {**os.environ, "PATH": f"{ORACLES}:{os.environ['PATH']}"}
    with (tmp_path / "pywb.log").open("w") as log:
        process = subprocess.Popen(
            ["bash", "-euc", script], cwd=shell.archives.parent, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        base = f"http://127.0.0.1:{port}/demo"
        config = shell.config / "collections" / "demo.yaml"
        config.write_text(config.read_text() + f"public_url: {base}\n")
        address = shell("cite", "06VELDORA42", "--format", "permalink").strip()
        assert address.startswith(base)
        for _attempt in range(600):
            assert process.poll() is None, (tmp_path / "pywb.log").read_text("utf-8")
            try:
                status, body = _get(address.replace("/http", "mp_/http", 1))
                break
            except OSError:
                time.sleep(0.05)
        else:
            pytest.fail("pywb does not answer")
        assert status == 200
        assert b"ALMOND HARVEST" in body
    finally:
        process.terminate()
        process.wait(20)
