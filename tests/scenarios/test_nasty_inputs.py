"""Replies that broke other crawlers, by their number in ``docs/nasty-inputs.md``: what each gives here."""

import gzip
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from preserve.formats.warc.record import WarcRecord
from preserve.limits import MAX_REPLY_HEAD_BYTES
from tests.kept import Beginning, beginning, served, site
from tests.readers import iter_file
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

PAGE = b"<p>page</p>"


def _ok(fields: bytes, body: bytes = PAGE) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n%s\r\n\r\n%s" % (fields, body)


def _chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


LENGTH = b"Content-Length: %d" % len(PAGE)
ZIPPED = gzip.compress(PAGE * 50, mtime=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A reply, how the run tells it, how it is marked, and what the page gives back (None: nothing readable)."""

    number: str
    reply: bytes
    outcome: str = "http-200"
    truncated: str | None = None
    content: bytes | None = PAGE
    closes: bool = True


CASES = [
    Case(number="1", reply=_ok(b"Content-Length:   11 \x00"), content=PAGE),
    Case(number="2", reply=_ok(b"Server Name: x\r\nX-After: kept\r\n" + LENGTH), closes=False),
    Case(number="3", reply=_ok(b"sh: line 1: oops\r\nno colon at all\r\n" + LENGTH), closes=False),
    Case(number="4", reply=_ok(b"HTTP 1/1 302: Found\r\n" + LENGTH), closes=False),
    Case(number="5", reply=_ok(b"\xe2\x80\x9cX\xe2\x80\x9d: y\r\n" + LENGTH), closes=False),
    Case(number="6", reply=_ok(b"Set-Cookie: \xff\xfe=1\r\nContent-Disposition: x; filename=\xc3\xa9\r\n" + LENGTH)),
    Case(number="7a", reply=b"HTTP/1.1 200 \xe4\xbd\xa0\r\n" + LENGTH + b"\r\n\r\n" + PAGE, closes=False),
    Case(number="7b", reply=b"HTTP/1.1 200\r\n" + LENGTH + b"\r\n\r\n" + PAGE, closes=False),
    Case(
        number="8",
        reply=b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + PAGE,
        outcome="malformed-reply",
        truncated="disconnect",
        content=None,
    ),
    Case(
        number="9",
        reply=_ok(b"Transfer-Encoding: chunked", b"b\r\n" + PAGE + b"\r\n20\r\ncut"),
        outcome="cut-disconnect",
        truncated="disconnect",
        content=PAGE + b"cut",
    ),
    Case(number="10a", reply=_ok(b"Transfer-Encoding: chunked", PAGE)),
    Case(
        number="10b",
        reply=_ok(b"Transfer-Encoding: chunked", b"face\r\nnot chunked at all"),
        outcome="cut-disconnect",
        truncated="disconnect",
        content=b"not chunked at all",
    ),
    Case(number="11", reply=_ok(b"Content-Length: 3\r\nTransfer-Encoding: chunked", _chunked(PAGE)), closes=False),
    Case(number="12", reply=_ok(b"Content-Length: 500"), outcome="cut-disconnect", truncated="disconnect"),
    Case(number="13", reply=_ok(b"Content-Encoding: gzip", ZIPPED[:-9]), content=None),
    Case(number="14a", reply=_ok(b"Transfer-Encoding: chunked", _chunked(PAGE)), closes=False),
    Case(number="14b", reply=_ok(b"Transfer-Encoding: chunked", _chunked(PAGE[:3], PAGE[3:])), closes=False),
    Case(number="15", reply=_ok(b"Content-Encoding: gzip\r\n" + LENGTH), closes=False),
    Case(
        number="16", reply=_ok(b"Content-Encoding: gzip", gzip.compress(b"\x00" * 60_000_000, 1, mtime=0)), content=None
    ),
    Case(number="29", reply=b"HTTP/1.1 401 X\r\n" + LENGTH + b"\r\n\r\n" + PAGE, outcome="http-401", closes=False),
    Case(number="32", reply=b"HTTP/1.1 304 X\r\n\r\n", outcome="http-304", content=b"", closes=False),
    Case(number="34", reply=_ok(b"X: y", b"z" * 3_000_000), outcome="cut-length", truncated="length", content=None),
    Case(
        number="43a",
        reply=_ok(b"X-Big: " + b"a" * MAX_REPLY_HEAD_BYTES + b"\r\n" + LENGTH),
        outcome="malformed-reply",
        truncated="disconnect",
        content=None,
    ),
    Case(number="43b", reply=_ok(b"X-Big: " + b"a" * (MAX_REPLY_HEAD_BYTES - 1000) + b"\r\n" + LENGTH), closes=False),
    Case(number="43c", reply=_ok(b"a:b\n" * 60_000 + LENGTH), closes=False),
    Case(
        number="44a", reply=_ok(b"Transfer-Encoding: chunked", b"00000000000000000000b\r\r\n" + PAGE + b"\r\r\n0\n\n")
    ),
    Case(
        number="44b",
        reply=_ok(b"Transfer-Encoding: chunked", _chunked(PAGE).replace(b"\r\n0", b"\r\n1;" + b"x" * 9_000 + b"\r\n0")),
        outcome="cut-disconnect",
        truncated="disconnect",
    ),
    Case(
        number="44c",
        reply=_ok(b"Transfer-Encoding: chunked", _chunked(PAGE)[:-2] + b"T: t\r\n" * 50_000 + b"\r\n"),
        outcome="cut-disconnect",
        truncated="disconnect",
    ),
    Case(number="45a", reply=_ok(b"Transfer-Encoding: identity\r\n" + LENGTH), closes=False),
    Case(number="45b", reply=_ok(LENGTH).replace(b"HTTP", b"http", 1), closes=False),
    Case(number="45c", reply=b"\r\n\n" + _ok(LENGTH), closes=False),
    Case(number="35", reply=b"HTTP/1.1 403 X\r\n" + LENGTH + b"\r\n\r\n" + PAGE, outcome="http-403", closes=False),
]


@pytest.fixture
def run(shell: Shell, site: Site, beginning: Beginning) -> tuple[dict[str, Any], dict[str, WarcRecord]]:
    """The report of a capture of all cases, and the response record of each."""
    reported = shell.folder / "report.json"

    def make() -> None:
        for case in CASES:
            site.replies[f"/{case.number}"] = case.reply
            if case.closes:
                site.closing.add(f"/{case.number}")
        shell.site_collection("demo", site, *(f"/{case.number}" for case in CASES))
        path = shell.config / "collections" / "demo.yaml"
        path.write_text(path.read_text("utf-8").replace("delay_s: 0", "delay_s: 0\n  max_body_mb: 2"), "utf-8")
        shell("init", "demo")
        reported.write_text(json.dumps(shell.json("capture", "demo", status=None)), "utf-8")

    beginning(shell, make)
    report = json.loads(reported.read_text("utf-8"))
    (file,) = Path(shell.archives, "demo", "archive").glob("*.warc.gz")
    records = [record for _place, record, _defect in iter_file(file) if record is not None]
    responses = {(r.header.target_uri or "").rsplit("/", 1)[1]: r for r in records if r.header.type == "response"}
    return report, responses


def test_each_nasty_reply_is_kept_as_it_travelled_and_told_by_its_name(
    shell: Shell, site: Site, run: tuple[dict[str, Any], dict[str, WarcRecord]]
) -> None:
    report, responses = run
    told = {url.rsplit("/", 1)[1]: reason for url, _state, reason in report["problems"]}
    for case in CASES:
        response = responses[case.number]
        if case.truncated == "length":
            assert case.reply.startswith(response.block), case.number
        else:
            assert response.block == case.reply, case.number
        assert response.header.get("WARC-Truncated") == case.truncated, case.number
        if case.outcome not in {"http-200", "http-304"}:
            assert told[case.number] == case.outcome
        else:
            assert case.number not in told
    assert shell.json("verify", "demo")["collections"][0]["good"] is True


def test_each_nasty_reply_gives_its_content_back_or_says_why_not(
    shell: Shell, site: Site, run: tuple[dict[str, Any], dict[str, WarcRecord]]
) -> None:
    for case in CASES:
        if case.truncated == "length":
            continue
        if case.content is None:
            shell("show", site.url(f"/{case.number}"), "--as", "html", status=1)
            assert len(shell.errors) > 20
        else:
            assert shell("show", site.url(f"/{case.number}"), "--as", "html").encode() == case.content, case.number


def test_two_chunk_layouts_of_one_payload_have_one_digest(run: tuple[dict[str, Any], dict[str, WarcRecord]]) -> None:
    _report, responses = run
    digests = {responses[number].header.get("WARC-Payload-Digest") for number in ("14a", "14b", "11")}
    assert len(digests) == 1


def test_a_redirect_to_itself_or_without_end_stops(shell: Shell, site: Site) -> None:
    site.replies["/self"] = b"HTTP/1.1 302 Found\r\nLocation: /self\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    for number in range(30):
        reply = f"HTTP/1.1 302 Found\r\nLocation: /hop/{number + 1}\r\nContent-Length: 0\r\n\r\n"
        site.replies[f"/hop/{number}"] = reply.encode()
    shell.site_collection("demo", site, "/self", "/hop/0")
    shell("init", "demo")
    shell("capture", "demo")
    assert site.asked.count("/self") == 1
    hops = [path for path in site.asked if path.startswith("/hop/")]
    assert hops == [f"/hop/{number}" for number in range(21)]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/x",
        "http://10.0.0.1/x",
        "http://[fd00::1]/x",
        "http://0.0.0.0/x",
        "http://[::ffff:127.0.0.2]/x",
    ],
)
def test_a_redirect_to_a_private_address_is_refused(shell: Shell, site: Site, target: str) -> None:
    site.replies["/"] = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    report = shell.json("capture", "demo", status=1)
    assert [problem[1:] for problem in report["problems"]] == [["failed", "address-refused"]]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("reply", "fetched"),
    [
        (b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", True),
        (_ok(b"Content-Length: 30", b"<html>User-agent: nothing<html>"[:30]), True),
        (b"HTTP/1.1 301 X\r\nLocation: /robots.txt\r\nContent-Length: 0\r\n\r\n", True),
        (_ok(b"X: y", b"User-agent: *\nDisallow: /\n" + b"#" * 600_000), False),
    ],
    ids=["500", "429", "404", "a page", "a loop", "over the bound"],
)
def test_odd_robots_files_allow_or_refuse_as_rfc_9309_says(
    shell: Shell, site: Site, reply: bytes, fetched: bool
) -> None:
    site.replies["/robots.txt"] = reply
    site.closing.add("/robots.txt")
    site.page("/", PAGE)
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo", status=None)
    assert ("/" in site.asked) is fetched


def test_odd_links_are_followed_as_a_browser_would_and_long_ones_are_passed_over(shell: Shell, site: Site) -> None:
    links = (
        b"<!-- a comment --><?php odd ?><a href='/caf\xc3\xa9?x=\xc3\xbc'>26</a><a href='/caf%C3%A9?x=%C3%BC'>26</a>"
        b"<!--<a href='/in-a-comment'>--><a href='/" + b"x" * 2_000_000 + b"'>28</a>"
        b"<a href=' /bla\nnk '>x</a><a href='//[bad'>x</a><a href='javascript:0'>x</a><a>x</a><a href='#here'>x</a>"
    )
    site.page("/", links, kind="text/html; charset=utf-8")
    site.page("/caf%C3%A9?x=%C3%BC", PAGE)
    site.page("/blank", PAGE)
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    report = shell.json("capture", "demo")
    assert report["problems"] == []
    assert sorted(site.asked) == ["/", "/blank", "/caf%C3%A9?x=%C3%BC", "/robots.txt"]


def test_no_cookie_comes_back_whatever_its_domain(shell: Shell, site: Site) -> None:
    site.replies["/"] = _ok(b"Set-Cookie: a=b; Domain=.127.0.0.1\r\nSet-Cookie: c=d\r\n" + LENGTH)
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    shell("capture", "demo")
    assert len(site.heads) >= 3
    assert not any(b"ookie" in head for head in site.heads)


def test_a_file_that_is_full_is_sealed_and_the_next_begun(shell: Shell, site: Site) -> None:
    chance = random.Random(1)
    paths = [f"/{number}" for number in range(6)]
    for path in paths:
        site.page(path, chance.randbytes(700_000), kind="application/octet-stream")
    shell.site_collection("demo", site, *paths)
    file = shell.config / "collections" / "demo.yaml"
    file.write_text(file.read_text("utf-8") + "warc_file_mb: 1\n", "utf-8")
    shell("init", "demo")
    report = shell.json("capture", "demo")
    files = sorted(Path(shell.archives, "demo", "archive").iterdir())
    assert [file.name for file in files] == sorted(report["files"])
    assert len(files) == 3
    for file in files:
        first = next(record for _place, record, _defect in iter_file(file) if record is not None)
        assert first.header.type == "warcinfo"
        assert file.stat().st_mode & 0o222 == 0
    assert shell.json("verify", "demo")["collections"][0]["good"] is True
