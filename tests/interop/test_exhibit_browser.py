"""A hostile exhibit in a real browser: it runs nothing, asks nobody but the room, and is shown."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.exhibits import made
from tests.shell import Shell
from tests.site import Site
from tests.tools import browser
from tests.warcs import gz, reply

_ROOT = Path(__file__).parents[2]
_SCRIPT = Path(__file__).parent / "walk_exhibit.py"
_AT = "2011-06-01T12:30:00Z"
_DIGITS = "20110601123000"
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg=="
)
_HTML = "Content-Type: text/html"


def hostile(live: str, desk: str) -> bytes:
    """A page that tries everything: scripts, and every way to ask for something."""
    return f"""<html><head><title>quiet</title>
<script>document.title='ran'; fetch('{live}/fetch'); new Image().src='{desk}/search'; document.cookie='a=b'</script>
<script src="{live}/s.js"></script><link rel=stylesheet href="/s.css"><link rel=stylesheet href="{live}/l.css">
<link rel=dns-prefetch href="{live}/"><link rel=preconnect href="{live}/"><link rel=prefetch href="{live}/prefetch">
<meta http-equiv=refresh content="0; url={live}/refresh">
<style>@import "{live}/import.css";
body{{background:url({live}/b.png)}} @font-face{{font-family:f;src:u\\72l({live}/f)}}
p{{font-family:f}}</style></head>
<body onload="document.title='ran'"><h1>A page of then</h1><p class=styled>styled by its own style sheet</p>
<img src="i.png" width=40><img src="{live}/i.png" onerror="document.title='ran'" srcset="{live}/2.png 2x">
<iframe src="{live}/frame"></iframe><iframe src="inner.html"></iframe>
<iframe srcdoc="<img src={live}/d><a href=x>y</a>"></iframe>
<object data="{live}/o"></object><embed src="{live}/e"><applet code=x codebase="{live}/a"></applet>
<video src="{live}/v" poster="{live}/p" autoplay></video><audio src="{live}/au" autoplay></audio>
<form action="{live}/form" id=f><input name=a><button>send</button></form>
<svg width=9 height=9><image xlink:href="{live}/svg.png" width=9 height=9 /><script>document.title='ran'</script></svg>
<a href="javascript:document.title='ran'">j</a> <a ping="{live}/ping" href="b.html" id=held>held</a>
<a href="{live}/link" id=live ping="{live}/ping">live</a> <img src="{desk}/search"><iframe src="{desk}/"></iframe>
<math><mtext><img src=x onerror="document.title='ran'"></mtext></math></body></html>""".encode()


@contextmanager
def serving(shell: Shell, desk: int, room: int) -> Iterator[None]:
    words = ["--archives", str(shell.archives), "--config", str(shell.config), "--json"]
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "preserve",
            "serve",
            "--desk",
            f"127.0.0.1:{desk}",
            "--replay",
            f"127.0.0.1:{room}",
            *words,
        ],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    ) as process:
        assert process.stdout is not None
        try:
            while process.stdout.readline() != b"}\n":
                assert process.poll() is None
            yield
        finally:
            process.terminate()


@pytest.mark.slow
@pytest.mark.interop
def test_a_hostile_page_in_a_browser(shell: Shell, site: Site, free_ports: list[int], tmp_path: Path) -> None:
    python, chromium, environment = browser()
    desk, room = free_ports[:2]
    page = "http://h.example/a/page.html"
    file = tmp_path / "old.warc.gz"
    css = b"p.styled{color:rgb(200,0,0)} body{background:#ffe}"
    content = hostile(site.url("").rstrip("/"), f"http://127.0.0.1:{desk}")
    captures = [
        (page, reply(content, _HTML)),
        ("http://h.example/a/i.png", reply(_PNG, "Content-Type: image/png")),
        ("http://h.example/s.css", reply(css, "Content-Type: text/css")),
        ("http://h.example/a/b.html", reply(b"<p>b of then", _HTML)),
        ("http://h.example/a/inner.html", reply(b"<p>inner of then<script>document.title='ran'</script>", _HTML)),
    ]
    file.write_bytes(gz(*(made(number, _AT, url, block) for number, (url, block) in enumerate(captures))))
    (shell.config / "collections").mkdir(parents=True)
    shell("import", str(file), "--into", "old")
    base = f"http://127.0.0.1:{room}/old"
    with serving(shell, desk, room):
        done = subprocess.run(
            [
                python,
                str(_SCRIPT),
                f"{base}/{_DIGITS}id_/{page}",
                f"{base}/{_DIGITS}/{page}",
                f"http://127.0.0.1:{desk}/replay?url={page}",
                chromium,
                str(tmp_path),
            ],
            capture_output=True,
            env=environment,
            timeout=300,
            check=False,
        )
    if folder := os.environ.get("PICTURES"):
        for picture in tmp_path.glob("*.png"):
            (Path(folder) / picture.name).write_bytes(picture.read_bytes())
    assert done.returncode == 0, done.stderr.decode()[-2_000:]
    found = json.loads(done.stdout)
    assert site.asked == []
    for name in ("raw", "exhibit"):
        seen = found[name]
        assert seen["title"] == "quiet"
        refused = set(seen["refused"])
        assert [
            url for url in seen["asked"] if not url.startswith((base, "data:", "about:")) and url not in refused
        ] == []
    assert ["/i.png", 2] in found["exhibit"]["images"]
    assert any(url.endswith("/a/inner.html") for url in found["exhibit"]["frames"])
    assert found["desk"]["frames"][1].startswith(f"http://127.0.0.1:{room}/record/")
    assert found["held"] == [f"{base}/{_DIGITS}/http://h.example/a/b.html", "b of then"]
    assert found["not held"][1] == "Not held"
    assert found["cookies"] == []
