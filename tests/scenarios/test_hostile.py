"""Hostile replies: a capture goes through, the archive verifies, nothing escapes to the terminal."""

from typing import Any

import pytest

from tests.shell import Shell
from tests.site import Site

LONG = "A" * 60_000


def _cable(identifier: str, body: str, source: str = "s") -> bytes:
    fields = {"Identifier": identifier, "Origin": LONG, "Created": LONG, "Classification": LONG, "Tags": LONG}
    rows = "".join(f"<tr><td>{name}:</td><td>{value}</td></tr>" for name, value in fields.items())
    last = f"Latest source of this page is {source}, released 2011-10-04"
    return f"<table>{rows}</table><pre>{body}</pre><p>{last}</p>".encode()


HOSTILE = {
    "/type": b"HTTP/1.1 200 OK\r\nContent-Type: text/" + b"x" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n",
    "/location": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\x1b[31m\xff\x00" + b"y" * 3000 + b"\r\n\r\n",
    "/loop": b"HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n",
    "/file": b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
    "/gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08",
    "/rubbish": b"\x00\xff" * 500,
    "/head": b"HTTP/1.1 200 OK\r\nX: " + b"z" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n",
    "/lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 7\r\n\r\nabc",
    "/status": b"HTTP/1.1 999 \x1b[2Jodd\r\nContent-Length: 0\r\n\r\n",
}


@pytest.fixture
def hostile(shell: Shell, site: Site) -> Any:
    site.replies.update(HOSTILE)
    site.closing.update(HOSTILE)
    site.page("/id", _cable("05" + "X" * 50_000 + "1", "UNCLAS\n"))
    site.page("/escape", _cable("05ESCAPE1", "UNCLAS \x1b[31mred\x07\x9b", source="\x1b]0;title\x07"))
    site.page("/deep", b"<div>" * 50_000)
    site.page("/links", b"".join(b"<a href='/n?%d'>x</a>" % n for n in range(50)) + b"<a href='http://[::'>x</a>")
    paths = [*HOSTILE, "/id", "/escape", "/deep", "/links"]
    shell.site_collection("demo", site, *paths)
    # A redirect leads to a port that takes no connection: the host's pause is not waited for.
    file = shell.config / "collections" / "demo.yaml"
    file.write_text(file.read_text().replace("  delay_s: 0\n", "  delay_s: 0\n  max_wait_s: 0\n"))
    shell("init", "demo")
    return shell.json("capture", "demo", status=None)


def test_every_address_has_one_outcome_and_the_archive_verifies(shell: Shell, hostile: Any) -> None:
    counts = hostile["counts"]
    assert counts.get("waiting", 0) == 0
    assert sum(counts.values()) >= len(HOSTILE) + 4
    report = shell.json("verify", "demo")["collections"][0]
    assert report["good"] is True
    assert report["findings"] == []


def test_nothing_on_a_page_reaches_the_terminal_as_a_control(shell: Shell, site: Site, hostile: Any) -> None:
    for words in (
        ("show", "05ESCAPE1"),
        ("history", "05ESCAPE1"),
        ("cite", "05ESCAPE1"),
        ("cite", "05ESCAPE1", "--format", "bibtex"),
        ("cite", "05ESCAPE1", "--json"),
        ("history", "05ESCAPE1", "--json"),
        ("show", "05ESCAPE1", "--json"),
    ):
        out = shell(*words)
        assert not [c for c in out + shell.errors if not c.isprintable() and c != "\n"]
