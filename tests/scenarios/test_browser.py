"""Pages that a browser loads: every exchange in the archive as the origin saw it, and what was made of the page."""

import json
import os
import re
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.odd_replies import OK, SHAPES, OddOrigin, Shape, odd_origin
from tests.shell import Shell
from tests.tls import Authority
from tests.tools import chromium_program

pytestmark = pytest.mark.slow

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
PAGE = """<!doctype html><title>A built page</title><link rel=stylesheet href=/style><h1 id=h>Nothing yet</h1>
<img srcset="/small 1x, /large 2x"><div style="height:3000px"></div><img loading=lazy src=/lazy>
<iframe src=/frame></iframe><div id=host></div><a href=/next>next</a>
<script src=/script></script>"""
SCRIPT = """
// Links stand before anything is waited for: they are there, however long an answer takes.
const link = document.createElement('a'); link.href = '/made'; link.textContent = 'made'; document.body.append(link);
(async () => {
  const said = await (await fetch('/api?q=1', {method: 'POST', body: 'a=b1'})).text();
  document.getElementById('h').textContent = 'Built by a script: ' + said;
  const root = document.getElementById('host').attachShadow({mode: 'open'});
  root.innerHTML = '<img src=/shadow>';
  for (const bad of ['http://169.254.169.254/latest', 'http://10.0.0.1/']) { try { await fetch(bad); } catch (e) {} }
  navigator.serviceWorker && navigator.serviceWorker.register('/worker').catch(() => undefined);
  let more = 0;
  addEventListener('scroll', () => { if (more < 2) { more += 1; fetch('/more?' + more); } });
})();
"""


def body(data: str | bytes, kind: str = "text/html") -> Shape:
    raw = data.encode() if isinstance(data, str) else data
    return Shape(
        OK + b"X-Odd:   blanks  \r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (kind.encode(), len(raw), raw)
    )


SITE: dict[str, Shape] = {
    "robots.txt": body("User-agent: *\nDisallow: /secret\n", "text/plain"),
    "page": Shape(b"HTTP/1.1 103 Early Hints\r\nLink: </style>\r\n\r\n" + body(PAGE).reply),
    "style": body("h1 { color: red; background: url(/back) }", "text/css"),
    "script": Shape(
        OK + b"Content-Type: text/javascript\r\nX-L: caf\xe9\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"%x;ext=1\r\n%b\r\n0\r\nX-T: y\r\n\r\n" % (len(SCRIPT.encode()), SCRIPT.encode())
    ),
    "api": Shape(OK + b"Set-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 5\r\n\r\nhello"),
    "frame": body("<p>In a frame <img src=/in-frame>"),
    "moved": body("<p>Wait<script>location.href = '/page'</script>"),
    "hung": body("<p>Hung<script>for (;;) {}</script>"),
    "busy": body("<p>Busy<script>for (let n = 0; n < 10000; n++) fetch('/small?' + n).catch(() => 0)</script>"),
    "next": body("<p>The next page"),
    "made": body("<p>Made by a script"),
    "more": body("more", "text/plain"),
    "favicon.ico": body(PIXEL, "image/png"),
    **{name: body(PIXEL, "image/png") for name in ("small", "large", "lazy", "shadow", "in-frame", "back")},
}  # fmt: skip


@pytest.fixture
def origin(monkeypatch: pytest.MonkeyPatch) -> Iterator[OddOrigin]:
    pytest.importorskip("playwright")
    program, environment = chromium_program()
    for name, value in environment.items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("PRESERVE_CHROMIUM", program)
    # On a busy machine the browser may be long in telling what it asks for.
    monkeypatch.setattr("preserve.crawler.browser.visit._ASKED_S", 120.0)
    with odd_origin(more=SITE) as made:
        yield made


def collect(
    shell: Shell,
    origin: OddOrigin,
    *paths: str,
    more: str = "browser: all",
    depth: int = 0,
    scheme: str = "http",
) -> None:
    base = f"{scheme}://127.0.0.1:{origin.port}"
    seeds = "\n".join(f"  - {base}/{path}" for path in paths)
    shell.collection(
        "app",
        f"title: A site of scripts\ncontact: test@example.org\nseeds:\n{seeds}\n"
        f"scope:\n  include: [{base}/]\n  max_depth: {depth}\npoliteness:\n  delay_s: 0\n  retries: 0\n"
        f"allow_addresses: [127.0.0.1]\nlayouts: []\n{more}\n",
    )
    shell("init", "app")


def records(shell: Shell) -> list[dict[str, Any]]:
    found = []
    for path in sorted((shell.archives / "app" / "archive").glob("*.warc.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, no_record_parse=True):
                fields = dict(record.rec_headers.headers)
                found.append({**fields, "block": record.content_stream().read()})
    return found


def path_of(record: dict[str, Any]) -> str:
    return re.sub(r"^(.*?)https?://[^/]+", r"\1", str(record.get("WARC-Target-URI", "")))


def test_a_page_of_scripts_is_recorded_byte_for_byte_with_its_pictures(shell: Shell, origin: OddOrigin) -> None:
    collect(shell, origin, "page")
    shell("capture", "app", status=None)
    held = records(shell)
    replies = {path_of(one): one for one in held if one["WARC-Type"] == "response"}
    wanted = [
        "/page",
        "/style",
        "/script",
        "/api?q=1",
        "/frame",
        "/in-frame",
        "/small",
        "/large",
        "/lazy",
        "/shadow",
        "/back",
    ]
    assert set(wanted) <= set(replies), sorted(replies)
    assert "/more?1" in replies
    assert "/worker" not in replies
    for path, record in replies.items():
        shape = origin.replies[path.lstrip("/").partition("?")[0]]
        assert shape.reply.endswith(record["block"]), path
        assert shape.reply == record["block"] or path == "/page"
    sent = {path_of(one): one["block"] for one in held if one["WARC-Type"] == "request"}
    for path in wanted:
        assert sent[path] == origin.requests[path], path
    assert b"HeadlessChrome" in sent["/page"]
    assert b"preserve/" in sent["/page"]
    assert replies["/api?q=1"]["WARC-Request-Method"] == "POST"
    page_ids = {one.get("WARC-Page-ID") for path, one in replies.items() if path != "/robots.txt"}
    assert len(page_ids) == 1
    made = {path_of(one): one for one in held if one["WARC-Type"] == "resource"}
    assert made["urn:view:/page"]["block"].startswith(b"\x89PNG")
    assert made["urn:fullPageFinal:/page"]["block"].startswith(b"\x89PNG")
    assert made["urn:thumbnail:/page"]["block"].startswith(b"\xff\xd8")
    assert made["urn:pdf:/page"]["block"].startswith(b"%PDF")
    assert b"Built by a script: hello" in made["urn:text:/page"]["block"]
    assert b"Built by a script: hello" in made["urn:dom:/page"]["block"]
    assert b"Built by a script: hello" in made["urn:accessibility:/page"]["block"]
    info = json.loads(made["urn:pageinfo:/page"]["block"])
    assert (info["loadState"], info["title"]) == ("whole", "A built page")
    assert info["preserve"]["browser"].startswith("Chrome/")
    assert info["preserve"]["zone"] == "UTC"
    refused = [record["block"] for record in held if b"failure: address-refused" in record["block"]]
    assert len(refused) + info["preserve"]["asked_not_made"].get("out-of-scope", 0) >= 2
    assert {one["WARC-Concurrent-To"] for one in made.values()} == {f"{replies['/page']['WARC-Record-ID']}"}
    # What scripts made is followed: it is too deep here, and known.
    verified = shell.json("verify", "app", "--deep", status=None)
    assert shell.status == 0, verified
    # A reply to POST is no capture of its address.
    shell("show", f"http://127.0.0.1:{origin.port}/api?q=1", status=None)
    assert shell.status != 0


def test_odd_replies_over_tls_are_recorded_as_the_origin_wrote_them(
    shell: Shell, origin: OddOrigin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A short path: Chromium's sockets lie below it.
    scratch = Path(tempfile.mkdtemp(prefix="p-"))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    asked = {name: shape.method for name, shape in SHAPES.items()}
    script = (
        f"(async () => {{ for (const [name, method] of Object.entries({json.dumps(asked)})) {{"
        " const options = {method}; if (method === 'POST' || method === 'PUT') options.body = 'a=b1';"
        " await fetch('/' + name, options).then((reply) => reply.arrayBuffer()).catch(() => 0); }"
        " document.title = 'asked for all'; })()"
    )
    more = {
        "robots.txt": body("", "text/plain"),
        "favicon.ico": body(PIXEL, "image/png"),
        "elsewhere": body("elsewhere"),
        "all": body(f"<title>at it</title><img src=/slow><script>{script}</script>"),
        "slow": body(PIXEL, "image/png"),
    }
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Authority(tmp_path).server("127.0.0.1"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with odd_origin(context, more=more) as over_tls:
        collect(shell, over_tls, "all", more="browser: all\ntls: record", scheme="https")
        shell("capture", "app", status=None)
        held = records(shell)
        for path, written in ((f"/{name}", shape.reply) for name, shape in SHAPES.items()):
            replies = [one for one in held if one["WARC-Type"] == "response" and path_of(one) == path]
            if path not in over_tls.requests:
                # The page was over before: that it asked for most is looked at below.
                continue
            assert replies, path
            for record in replies:
                assert record["block"], path
                assert written.endswith(record["block"]), path
            sent = [one["block"] for one in held if one["WARC-Type"] == "request" and path_of(one) == path]
            assert over_tls.requests[path] in sent, path
        assert len(over_tls.requests) > len(SHAPES) - 5, sorted(over_tls.requests)
    # Nothing that a browser needed is left.
    scratch.rmdir()


def test_links_that_scripts_make_and_pages_that_lead_elsewhere_are_followed(shell: Shell, origin: OddOrigin) -> None:
    collect(shell, origin, "moved", depth=1)
    shell("capture", "app", status=None)
    replies = [path_of(one) for one in records(shell) if one["WARC-Type"] == "response"]
    assert {"/moved", "/page", "/next", "/made"} <= set(replies)
    assert replies.count("/page") == 1


def test_robots_are_obeyed_for_what_a_page_asks(shell: Shell, origin: OddOrigin) -> None:
    origin.replies["with-secret"] = body("<p>x<img src=/secret><img src=/small>")
    collect(shell, origin, "with-secret")
    shell("capture", "app", status=None)
    assert "/secret" not in origin.requests
    info = json.loads(next(one["block"] for one in records(shell) if path_of(one) == "urn:pageinfo:/with-secret"))
    assert info["preserve"]["asked_not_made"]["robots"] == 1


def test_only_pages_that_are_named_are_loaded_by_the_browser(shell: Shell, origin: OddOrigin) -> None:
    base = f"http://127.0.0.1:{origin.port}"
    collect(shell, origin, "next", "made", more=f"browser: pages\nbrowser_for: [{base}/next]")
    shell("capture", "app", status=None)
    views = [path_of(one) for one in records(shell) if path_of(one).startswith("urn:view:")]
    assert views == ["urn:view:/next"]


def test_what_the_collection_names_is_clicked_within_bounds(shell: Shell, origin: OddOrigin) -> None:
    script = (
        "let n = 0; const b = document.querySelector('button.more'); b.onclick = () => { n += 1; fetch('/more?' + n);"
    )
    origin.replies["list"] = body(
        f"<button class=more>More</button><script>{script} if (n === 3) b.remove(); }}</script>"
    )
    collect(shell, origin, "list", more="browser: all\nbrowser_click: ['button.more', 'a[']")
    shell("capture", "app", status=None)
    held = records(shell)
    replies = {path_of(one) for one in held if one["WARC-Type"] == "response"}
    assert {"/more?1", "/more?2", "/more?3"} <= replies
    info = json.loads(next(one["block"] for one in held if path_of(one) == "urn:pageinfo:/list"))
    assert (info["preserve"]["behaviours"]["clicked"], info["preserve"]["behaviours"]["mistakes"]) == (3, ["a["])


def test_a_hung_page_is_ended_and_the_next_goes_on(
    shell: Shell, origin: OddOrigin, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is this long that the hung page is waited for, and within it that the next one comes on a busy machine.
    monkeypatch.setattr("preserve.crawler.capture.PAGE_S", 60.0)
    monkeypatch.setattr("preserve.crawler.browser.process._GRACE_S", 10.0)
    collect(shell, origin, "hung", "next")
    out = shell("capture", "app", status=None)
    assert "W-PAGE-LOAD" in out + shell.errors
    replies = [path_of(one) for one in records(shell) if one["WARC-Type"] == "response"]
    assert {"/hung", "/next"} <= set(replies)


def test_ten_thousand_requests_are_bounded(shell: Shell, origin: OddOrigin, monkeypatch: pytest.MonkeyPatch) -> None:
    # A slow machine comes as far as this before the page is over.
    monkeypatch.setattr("preserve.crawler.browser.visit.MAX_EXCHANGES", 5)
    collect(shell, origin, "busy", "next")
    shell("capture", "app", status=None)
    held = records(shell)
    replies = [path_of(one) for one in held if one["WARC-Type"] == "response"]
    assert "/next" in replies
    assert len(replies) < 20
    info = json.loads(next(one["block"] for one in held if path_of(one) == "urn:pageinfo:/busy"))
    assert info["preserve"]["asked_not_made"]["page-bound"] >= 1, info["preserve"]


def test_without_a_browser_the_run_ends_before_it_asks(
    shell: Shell, origin: OddOrigin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PRESERVE_CHROMIUM", str(tmp_path / "none"))
    collect(shell, origin, "page")
    shell("capture", "app", status=None)
    assert "PRESERVE_CHROMIUM names no file" in shell.errors
    assert not origin.requests
