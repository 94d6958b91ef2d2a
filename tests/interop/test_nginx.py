"""A real server: nginx with kept connections, content coding, chunks, validators, redirects and TLS."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from preserve.formats.http1.stream import payload_of
from preserve.formats.warc.record import WarcRecord
from tests.readers import iter_file
from tests.shell import Shell
from tests.tools import chromium, chromium_program

pytestmark = [pytest.mark.interop, pytest.mark.slow]

UNPACKED = Path(__file__).parents[2] / ".oracles" / "debian" / "usr" / "sbin" / "nginx"
PAGE = b"<!doctype html><title>page %d</title><p>" + b"Some words of a page. " * 200
COUNT = 20

CONFIG = """
daemon off; {user} worker_processes 1; pid {top}/nginx.pid; error_log {top}/error.log;
events {{ worker_connections 64; }}
http {{
  types {{ text/html html; }}
  log_format connections '$connection $request_uri $status';
  log_format protocols '$server_protocol $request_uri';
  access_log {top}/access.log connections;
  access_log {top}/protocols.log protocols;
  client_body_temp_path {top}/t1; proxy_temp_path {top}/t2; fastcgi_temp_path {top}/t3; uwsgi_temp_path {top}/t4;
  scgi_temp_path {top}/t5;
  server {{
    listen 127.0.0.1:{port};
    listen 127.0.0.1:{tls_port} ssl http2;
    ssl_certificate {pem}; ssl_certificate_key {pem};
    root {top}/site;
    location /zipped/ {{ alias {top}/site/; gzip on; gzip_min_length 1; }}
    location = /moved {{ return 301 /zipped/page1.html; }}
    location = /teapot {{ return 418 "short"; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nginx:
    port: int
    tls_port: int
    top: Path

    def log(self) -> list[list[str]]:
        return [line.split() for line in (self.top / "access.log").read_text("utf-8").splitlines()]


@pytest.fixture
def nginx(tmp_path: Path, authority: Any, free_ports: list[int]) -> Iterator[Nginx]:
    program = shutil.which("nginx") or (str(UNPACKED) if UNPACKED.is_file() else None)
    if program is None:
        pytest.skip("nginx is not here: run `make oracles`")
    top = tmp_path / "nginx"
    (top / "site").mkdir(parents=True)
    links = b"".join(b"<a href='/page%d.html'>x</a><a href='/zipped/page%d.html'>x</a>" % (n, n) for n in range(COUNT))
    (top / "site" / "index.html").write_bytes(b"<p>" + links + b"<a href='/moved'>m</a><a href='/teapot'>t</a>")
    for number in range(COUNT):
        (top / "site" / f"page{number}.html").write_bytes(PAGE % number)
    port, tls_port = free_ports
    config = top / "nginx.conf"
    # As root, the workers would otherwise have no right to read a folder of ours.
    user = "user root root;" if os.geteuid() == 0 else ""
    pem = authority.server("127.0.0.1")
    config.write_text(CONFIG.format(user=user, top=top, port=port, tls_port=tls_port, pem=pem), "utf-8")
    command = [program, "-p", str(top), "-c", str(config), "-e", str(top / "error.log")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _attempt in range(500):
            assert process.poll() is None, (top / "error.log").read_text("utf-8")
            if (top / "nginx.pid").is_file() and (top / "nginx.pid").read_text("ascii").strip():
                break
            time.sleep(0.01)
        yield Nginx(port=port, tls_port=tls_port, top=top)
    finally:
        process.terminate()
        process.wait(20)


def _collection(shell: Shell, seed: str, *more: str) -> None:
    shell.collection(
        "demo",
        f"title: nginx\ncontact: test@example.org\nseeds:\n  - {seed}\nscope:\n  include:\n    - {seed}\n"
        "politeness:\n  delay_s: 0\nallow_addresses:\n  - 127.0.0.1\n" + "".join(f"{line}\n" for line in more),
    )


def _records(shell: Shell) -> list[list[WarcRecord]]:
    files = sorted(Path(shell.archives, "demo", "archive").glob("*.warc.gz"))
    return [[record for _place, record, _defect in iter_file(path) if record is not None] for path in files]


def test_a_site_on_nginx_is_captured_whole_and_the_second_time_by_its_own_word(shell: Shell, nginx: Nginx) -> None:
    seed = f"http://127.0.0.1:{nginx.port}/"
    _collection(shell, seed)
    shell("init", "demo")
    report = shell.json("capture", "demo")
    assert [problem[0] for problem in report["problems"]] == [f"{seed}teapot"]
    first = {(r.header.target_uri or "")[len(seed) :]: r for r in _records(shell)[0] if r.header.type == "response"}
    assert len(first) == 2 * COUNT + 4
    for number in range(COUNT):
        plain, zipped = first[f"page{number}.html"], first[f"zipped/page{number}.html"]
        assert payload_of(plain.block).payload == PAGE % number
        assert b"Transfer-Encoding: chunked" in zipped.block
        assert shell("show", f"{seed}zipped/page{number}.html", "--as", "html").encode() == PAGE % number
    connections = {line[0] for line in nginx.log()}
    assert len(connections) <= 3
    before = len(nginx.log())
    shell("capture", "demo")
    again = nginx.log()[before:]
    assert sum(line[2] == "304" for line in again) == 2 * COUNT + 1
    revisits = [r for r in _records(shell)[1] if r.header.type == "revisit"]
    assert len(revisits) == 2 * COUNT + 1
    assert shell.json("verify", "demo")["collections"][0]["good"] is True


def test_tls_by_nginx_is_recorded_with_verdict_and_chain(shell: Shell, nginx: Nginx, authority: Any) -> None:
    _collection(shell, f"https://127.0.0.1:{nginx.tls_port}/page1.html", "tls: record")
    shell("init", "demo")
    shell("capture", "demo")
    (records,) = _records(shell)
    (response,) = (r for r in records if r.header.type == "response" and b"page 1" in r.block)
    assert {("WARC-Protocol", "tls/1.2"), ("WARC-Protocol", "tls/1.3")} & set(response.header.fields)
    chains = [r for r in records if r.header.get("Content-Type") == "application/pem-certificate-chain"]
    assert len(chains) == 1
    assert chains[0].block.count(b"BEGIN CERTIFICATE") == 2
    facts = b"".join(r.block for r in records if r.header.type == "metadata")
    assert b"tlsVerdict: self-signed certificate in certificate chain" in facts


def test_an_unknown_authority_fails_by_default(shell: Shell, nginx: Nginx) -> None:
    seed = f"https://127.0.0.1:{nginx.tls_port}/page1.html"
    _collection(shell, seed)
    shell("init", "demo")
    report = shell.json("capture", "demo", status=5)
    assert report["problems"] == [[seed, "failed", "tls"]]


def test_a_browser_that_speaks_http_2_is_recorded_in_http_1_1(
    shell: Shell, nginx: Nginx, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("playwright")
    site = f"https://127.0.0.1:{nginx.tls_port}"
    program, environment = chromium_program()
    chromium("--headless", "--no-sandbox", "--ignore-certificate-errors", "--dump-dom", f"{site}/page1.html")
    alone = (nginx.top / "protocols.log").read_text("utf-8").splitlines()
    assert "HTTP/2.0 /page1.html" in alone
    for name, value in environment.items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("PRESERVE_CHROMIUM", program)
    _collection(shell, f"{site}/zipped/page2.html", "tls: record", "browser: all")
    shell("init", "demo")
    shell("capture", "demo", status=None)
    recorded = (nginx.top / "protocols.log").read_text("utf-8").splitlines()[len(alone) :]
    assert "HTTP/1.1 /zipped/page2.html" in recorded
    assert {line.split()[0] for line in recorded} == {"HTTP/1.1"}
    (page,) = (
        record
        for record in _records(shell)[0]
        if record.header.type == "response" and (record.header.target_uri or "").endswith("/page2.html")
    )
    payload = payload_of(page.block)
    assert payload.head.get(b"content-encoding") == b"gzip"
    assert payload.complete
