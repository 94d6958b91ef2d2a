"""Pages that a browser loads: every exchange in the archive as the origin saw it, and what was made of the page."""

import json
import os
import re
import signal
import ssl
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from preserve.crawler.browser.visit import PageVisit
from preserve.limits import MIB
from tests.odd_replies import OK, SHAPES, OddOrigin, Shape, odd_origin
from tests.shell import Shell
from tests.tls import Authority
from tests.tools import chromium_program

pytestmark = pytest.mark.slow

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
STREAM = 5 << 30
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
    "flood": body(
        "<p>Flood<script>fetch('/stream').then((reply) => reply.arrayBuffer()).catch(() => 0)</script>"
    ),
    "stream": Shape(
        OK + b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % STREAM, streams=STREAM
    ),
    "hung": body("<p>Hung<script>for (;;) {}</script>"),
    "busy": body("<p>Busy<script>for (let n = 0; n < 10000; n++) fetch('/small?' + n).catch(() => 0)</script>"),
    "spoils": body(
        "<p>Spoils<script>fetch('/small?' + 'a'.repeat(1500000)).catch(() => 0);"
        "Object.defineProperty(document, 'title', {get: () => ({slice: () => 'x'.repeat(3000000)})});"
        "Object.defineProperty(navigator, 'language', {get: () => new Date()})</script>"
    ),
    "again": body("<meta http-equiv=refresh content=0><p>Again"),
    "calls": body(
        "<p>Calls<script>(async () => { let n = 0; const one = new RTCPeerConnection(); one.createDataChannel('x');"
        "one.onicecandidate = (e) => { if (e.candidate) n += 1; else fetch('/small?ways=' + n) };"
        "await one.setLocalDescription(await one.createOffer()) })()</script>"
    ),
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
    max_body_mb: int = 256,
) -> None:
    base = f"{scheme}://127.0.0.1:{origin.port}"
    seeds = "\n".join(f"  - {base}/{path}" for path in paths)
    shell.collection(
        "app",
        f"title: A site of scripts\ncontact: test@example.org\nseeds:\n{seeds}\n"
        f"scope:\n  include: [{base}/]\n  max_depth: {depth}\npoliteness:\n  delay_s: 0\n  retries: 0\n"
        f"  max_body_mb: {max_body_mb}\n"
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
    scratch.chmod(0o711)
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


def test_what_is_clicked_on_a_site_is_clicked_there_only(shell: Shell, origin: OddOrigin) -> None:
    page = (
        "<div id=banner style='position:fixed;top:0'><button onclick=\"fetch('/more?refused');"
        "document.getElementById('banner').remove()\">No</button></div><p>Text"
        "<button class=next onclick=\"fetch('/more?next'); this.remove()\">Next</button>"
    )
    origin.replies["list"] = origin.replies["other"] = body(page)
    on_list = f"pages: ['http://127.0.0.1:{origin.port}/list']"
    sites = f"[{{{on_list}, dismiss: ['#banner button', '#none'], click: [button.next]}}]"
    collect(shell, origin, "list", "other", more=f"browser: all\nbrowser_sites: {sites}")
    shell("capture", "app", status=None)
    held = records(shell)
    done = {
        path: json.loads(next(one["block"] for one in held if path_of(one) == f"urn:pageinfo:{path}"))["preserve"]
        for path in ("/list", "/other")
    }
    clicked = {path: (one["behaviours"]["dismissed"], one["behaviours"]["clicked"]) for path, one in done.items()}
    assert clicked == {"/list": (1, 1), "/other": (0, 0)}
    assert {"/more?refused", "/more?next"} <= {path_of(one) for one in held if one["WARC-Type"] == "response"}
    document = {path_of(one): one["block"] for one in held if one["WARC-Type"] == "resource"}
    assert b'id="banner"' not in document["urn:dom:/list"]
    assert b'id="banner"' in document["urn:dom:/other"]


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


@pytest.mark.parametrize("victim", ["driver", "browser"])
def test_what_is_killed_amid_a_page_ends_that_page_only(
    victim: str, shell: Shell, origin: OddOrigin, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed, begun, entered = list[int](), list[int](), PageVisit.enter

    def kill(self: PageVisit, url: str) -> str:
        # The page waits for its script meanwhile.
        if url.endswith("/script") and not killed:
            for number, line in family().items():
                is_browser = "--user-data-dir=" in line and "--type=" not in line
                if is_browser:
                    begun.append(number)
                if is_browser if victim == "browser" else "preserve.crawler.browser.driver" in line:
                    killed.append(number)
            for number in killed:
                os.kill(number, signal.SIGKILL)
        return entered(self, url)

    monkeypatch.setattr(PageVisit, "enter", kill)
    collect(shell, origin, "page", "next")
    told = shell("capture", "app", status=None)
    assert killed
    assert told.count("W-PAGE-LOAD") == 1
    held = records(shell)
    replies = {path_of(one): one for one in held if one["WARC-Type"] == "response"}
    # What came until then is kept.
    assert replies["/page"]["block"]
    state = {
        path_of(one).removeprefix("urn:pageinfo:"): json.loads(one["block"])["loadState"]
        for one in held
        if path_of(one).startswith("urn:pageinfo:")
    }
    assert state["/next"] == "whole"
    assert state["/page"] in {"lost", "failed"}
    assert begun
    # Nothing of it is left: what is over and not waited for has no command line.
    for number in begun:
        with suppress(OSError):
            assert not Path(f"/proc/{number}/cmdline").read_bytes()
    shell("verify", "app", "--deep")


@pytest.mark.parametrize("bound", ["reply", "page"])
def test_a_stream_of_five_gigabytes_is_cut_and_the_next_page_goes_on(
    bound: str, shell: Shell, origin: OddOrigin, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bound == "page":
        monkeypatch.setattr("preserve.crawler.browser.visit.MAX_PAGE_BYTES", MIB)
    collect(shell, origin, "flood", "next", max_body_mb=1 if bound == "reply" else 1000)
    shell("capture", "app", status=None)
    held = records(shell)
    (stream,) = (one for one in held if one["WARC-Type"] == "response" and path_of(one) == "/stream")
    assert stream["WARC-Truncated"] == "length"
    assert MIB // 2 < len(stream["block"]) < 2 * MIB
    # What lies in buffers of both systems was taken, too, and no more.
    assert origin.streamed < 64 * MIB
    infos = {path_of(one): json.loads(one["block"]) for one in held if path_of(one).startswith("urn:pageinfo:")}
    told = {address.rpartition("/")[2]: said for address, said in infos["urn:pageinfo:/flood"]["urls"].items()}
    assert told["stream"]["truncated"] == "length"
    assert infos["urn:pageinfo:/next"]["loadState"] == "whole"
    shell("verify", "app", "--deep")


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
    # On a slow machine the browser may come to ask only after the page's time is over, which bounds it too.
    refused = info["preserve"]["asked_not_made"]
    assert refused.get("page-bound", 0) + refused.get("page-over", 0) >= 1, info["preserve"]


def test_a_page_that_spoils_what_is_made_of_it_is_loaded_all_the_same(shell: Shell, origin: OddOrigin) -> None:
    collect(shell, origin, "spoils", "again")
    shell("capture", "app", status=None)
    infos = {path_of(one): json.loads(one["block"]) for one in records(shell) if "urn:pageinfo:" in path_of(one)}
    for path, refusal in (("/spoils", "url-too-long"), ("/again", "elsewhere")):
        info = infos[f"urn:pageinfo:{path}"]
        assert info["loadState"] == "whole", info
        assert set(info["preserve"]["artefacts"].values()) == {""}
        assert info["preserve"]["asked_not_made"][refusal] >= 1
    assert len(infos["urn:pageinfo:/spoils"]["title"]) < 5_000


def test_a_page_finds_no_way_beside_the_proxy(shell: Shell, origin: OddOrigin) -> None:
    collect(shell, origin, "calls")
    shell("capture", "app", status=None)
    replies = {path_of(one) for one in records(shell) if one["WARC-Type"] == "response"}
    assert {path for path in replies if "ways" in path} == {"/small?ways=0"}


def family() -> dict[int, str]:
    """The command lines of this process's descendants, by number."""
    parents, lines = dict[int, int](), dict[int, str]()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            lines[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
    found = {os.getpid()}
    while more := {number for number, parent in parents.items() if parent in found} - found:
        found |= more
    return {number: lines.get(number, "") for number in found}


def status_of(number: int) -> dict[str, str]:
    lines = Path(f"/proc/{number}/status").read_text().splitlines()
    return {name: value.strip() for name, _colon, value in (line.partition(":") for line in lines)}


def test_a_page_is_drawn_in_a_sandbox_by_a_user_that_owns_nothing(
    shell: Shell, origin: OddOrigin, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing, browsing, entered = dict[int, dict[str, str]](), dict[int, dict[str, str]](), PageVisit.enter

    def look(self: PageVisit, url: str) -> str:
        # The page waits for its script meanwhile.
        if url.endswith("/script"):
            for number, line in family().items():
                if "--type=renderer" in line:
                    drawing[number] = status_of(number)
                elif "--user-data-dir=" in line and "--type=" not in line and "chrom" in status_of(number)["Name"]:
                    browsing[number] = status_of(number)
        return entered(self, url)

    monkeypatch.setattr(PageVisit, "enter", look)
    collect(shell, origin, "page")
    told = shell("capture", "app", status=None)
    info = json.loads(next(one["block"] for one in records(shell) if path_of(one) == "urn:pageinfo:/page"))
    assert drawing
    assert browsing
    if os.geteuid() == 0 and info["preserve"]["own_user"]:
        for status in (*drawing.values(), *browsing.values()):
            assert all(61_184 <= int(number) < 65_520 for number in status["Uid"].split() + status["Gid"].split())
            assert (status["Groups"], int(status["CapPrm"], 16), int(status["CapEff"], 16)) == ("", 0, 0)
    if not info["preserve"]["sandbox"]:
        pytest.skip("this machine gives a browser no sandbox")
    for status in drawing.values():
        # Filtered calls, no new rights, and a namespace of processes below that of the browser.
        assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
        assert len(status["NSpid"].split()) > len(next(iter(browsing.values()))["NSpid"].split())
    assert "browser    " not in told


def is_begun_by_all(program: Path) -> bool:
    """True where every user may begin a program."""
    real = program.resolve()
    return all(one.stat().st_mode & stat.S_IXOTH for one in (real, *real.parents, *program.absolute().parents))


WITHOUT_NAMESPACES = """
import ctypes, os, sys
ready, go = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    assert ctypes.CDLL(None).unshare(0x10000000) == 0
    os.write(ready[1], b"x")
    os.read(go[0], 1)
    open("/proc/sys/user/max_user_namespaces", "w").write("0")
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
os.read(ready[0], 1)
for name in ("uid_map", "gid_map"):
    open(f"/proc/{child}/{name}", "w").write("0 0 65536\\n")
os.write(go[1], b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""Runs Python with arguments where nobody gets a user namespace any more."""


@pytest.mark.parametrize("wanted", ["required", "where-possible"])
def test_where_the_machine_refuses_a_sandbox_it_is_said_or_nothing_is_asked(
    wanted: str, shell: Shell, origin: OddOrigin
) -> None:
    narrow = [sys.executable, "-c", WITHOUT_NAMESPACES]
    if os.geteuid() != 0 or subprocess.run([*narrow, "-c", ""], capture_output=True, check=False).returncode:
        pytest.skip("only root can make such a place, and not everywhere")
    collect(shell, origin, "next", more=f"browser: all\nbrowser_sandbox: {wanted}")
    words = ["capture", "app", "--archives", str(shell.archives), "--config", str(shell.config)]
    done = subprocess.run([*narrow, "-m", "preserve", *words], capture_output=True, text=True, check=False)
    if wanted == "required":
        assert done.returncode != 0
        assert "browser_sandbox" in done.stderr
        assert not origin.requests
        return
    # A browser in a folder that only root may enter is begun as root: nobody else can.
    is_another = is_begun_by_all(Path(os.environ["PRESERVE_CHROMIUM"]))
    lacks = "without its sandbox" if is_another else "without its sandbox and as root"
    assert (done.stdout + done.stderr).count(f"browser    ran {lacks}: this") == 1
    info = json.loads(next(one["block"] for one in records(shell) if path_of(one) == "urn:pageinfo:/next"))
    assert (info["loadState"], info["preserve"]["sandbox"], info["preserve"]["own_user"]) == (
        "whole",
        False,
        is_another,
    )


def test_without_a_browser_the_run_ends_before_it_asks(
    shell: Shell, origin: OddOrigin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PRESERVE_CHROMIUM", str(tmp_path / "none"))
    collect(shell, origin, "page")
    shell("capture", "app", status=None)
    assert "PRESERVE_CHROMIUM names no file" in shell.errors
    assert not origin.requests
