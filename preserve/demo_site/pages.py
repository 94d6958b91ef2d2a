"""The demo's pages: invented cables in the two layouts that the program reads, as a small mirror would serve them."""

import gzip
import html
import re
from dataclasses import dataclass

from preserve.demo_site.cables import ALMONDS, BRIDGE, CLOCK, LIGHTHOUSE, REDACTED_NAME, InventedCable
from preserve.expressions import lazy_re

PARTIAL = (
    "This record is a partial extract of the original cable. The full text of the original cable is not available."
)
_TAG = lazy_re(r"\b[A-Z]{2,4}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReply:
    """One reply. ``fields`` are header lines as they travel; ``chunked`` and ``gzipped`` say how the body does."""

    status: str = "200 OK"
    fields: tuple[str, ...] = ("Content-Type: text/html; charset=utf-8",)
    body: bytes = b""
    chunked: bool = False
    gzipped: bool = False

    def wire(self) -> bytes:
        """The reply's bytes as they travel."""
        body = gzip.compress(self.body, mtime=0) if self.gzipped else self.body
        lines = [f"HTTP/1.1 {self.status}", "Server: demo-mirror", *self.fields]
        if self.gzipped:
            lines.append("Content-Encoding: gzip")
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
            pieces = [body[n : n + 700] for n in range(0, len(body), 700)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        else:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def replies(phase: int) -> dict[str, DemoReply]:
    """Every address of the mirror and its reply: phase 1 is the mirror as it was, 2 as it is after some time."""
    edited = phase > 1
    light = LIGHTHOUSE.message.replace(*REDACTED_NAME) if edited else LIGHTHOUSE.message
    released = "2012-06-30" if edited else "2011-10-04"
    pages = {
        "/": DemoReply(body=_index()),
        "/robots.txt": DemoReply(fields=("Content-Type: text/plain",), body=b"User-agent: *\nDisallow: /private/\n"),
        "/cable.php?id=101": DemoReply(body=_table_page(LIGHTHOUSE, light, released)),
        "/cable.php?id=102": DemoReply(body=_lines_page(ALMONDS, "2011-10-04"), gzipped=True),
        "/cable.php?id=103": DemoReply(body=_table_page(BRIDGE, BRIDGE.message, "2011-10-04")),
        "/cable.php?id=104": DemoReply(
            fields=("x-served-by: two  blanks", "content-TYPE:   text/html;charset=utf-8", "X-Served-By: second watch"),
            body=_lines_page(CLOCK, "2011-10-04"),
            chunked=True,
        ),
        "/cable/2006/03/06VELDORA42.html": DemoReply(body=_viewer_page(ALMONDS)),
        "/private/notes.html": DemoReply(body=b"<p>Nobody may fetch this.</p>"),
        "/statistics": DemoReply(status="500 Internal Server Error", body=b"<h1>The counter is broken.</h1>"),
    }
    if edited:
        pages["/cable.php?id=103"] = DemoReply(status="410 Gone", body=b"<h1>This page was withdrawn.</h1>")
        pages["/kept/cable.php?id=104"] = pages["/cable.php?id=104"]
        pages["/cable.php?id=104"] = DemoReply(
            status="301 Moved Permanently", fields=("Location: /kept/cable.php?id=104",), body=b""
        )
    return pages


NOT_FOUND = DemoReply(status="404 Not Found", body=b"<h1>No such page.</h1>")


def _index() -> bytes:
    links = [
        *((f"/cable.php?id={number}", f"cable number {number}") for number in (101, 102, 103, 104)),
        ("/cable/2006/03/06VELDORA42.html", "06VELDORA42 in another form"),
        ("/private/notes.html", "private notes"),
        ("/statistics", "statistics"),
    ]
    rows = "\n".join(f'<li><a href="{html.escape(url)}">{text}</a></li>' for url, text in links)
    return f"<!DOCTYPE html>\n<title>Mirror of invented cables</title>\n<ul>\n{rows}\n</ul>\n".encode()


def _fields(cable: InventedCable) -> list[tuple[str, str]]:
    month = cable.created[:7].replace("-", "/")
    link = f'<a href="/cable/{month}/{cable.identifier}.html">View {cable.identifier} at Wikileaks.org</a>'
    return [
        ("Identifier:", cable.identifier),
        ("Wikileaks:", link),
        ("Origin:", cable.origin),
        ("Created:", cable.created),
        ("Classification:", cable.classification),
        ("Tags:", cable.tags),
        ("Redacted:", "This cable was not redacted by Wikileaks."),
    ]


def _last_line(released: str) -> str:
    return f"Latest source of this page is cablebrowser-2, released {released}"


def _table_page(cable: InventedCable, message: str, released: str) -> bytes:
    rows = "".join(f"<tr><td>{label}</td><td>{value}</td></tr>\n" for label, value in _fields(cable))
    return f"""<!DOCTYPE html>
<html><head><title>US embassy cable - {cable.identifier}</title></head>
<body>
<h1>US embassy cable - {cable.identifier}</h1>
<h2>{html.escape(cable.title)}</h2>
<table>
{rows}</table>
<p>{PARTIAL}</p>
<pre>{html.escape(message)}</pre>
<p>{_last_line(released)}</p>
</body></html>
""".encode()


def _lines_page(cable: InventedCable, released: str) -> bytes:
    fields = "<br>\n".join(f"{label} {value}" for label, value in _fields(cable))
    message = "<br>\n".join(html.escape(line) for line in cable.message.split("\n"))
    return f"""<!DOCTYPE html>
<html><head><title>US embassy cable - {cable.identifier}</title></head>
<body>
<b>US embassy cable - {cable.identifier}</b><br>
<br>
<b>{html.escape(cable.title)}</b><br>
<br>
{fields}<br>
<br>
{message}<br>
{_last_line(released)}
</body></html>
""".encode()


def _viewer_page(cable: InventedCable) -> bytes:
    """The form of wikileaks.org: line ends as character references, marks before paragraphs, hours for minutes."""
    header = "VZCZCXYZ0042\nPP RUEHXX\n\nDE RUEHVD #0042 0611620\nZNR UUUUU ZZH\nP 021620Z MAR 06\nFM AMCONSUL VELDORA"
    header += "\nTO RUEHC/SECSTATE WASHDC PRIORITY 0117\n"
    body = re.sub(r"\nNNNN *\n\Z", "\n", cable.message).rstrip("\n") + "\n"
    lines = []
    for line in body.split("\n"):
        text = html.escape(line, quote=False)
        if line.startswith("TAGS:"):
            text = _TAG.sub(lambda m: f"<a href='/tag/{m.group()}_0.html'>{m.group()}</a>", text.replace(",", ""))
            text = text.replace("<a href='/tag/TAGS_0.html'>TAGS</a>", "TAGS")
        number = re.match(r"(\d+)\. ", line)
        if number is not None:
            mark = f"par{number.group(1)}"
            text = f"<a id='{mark}' href='#{mark}'>¶</a>{text}"
        lines.append(text)
    year_month, day = cable.created[:7], cable.created[:10]
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Cable Viewer</title></head>
<body><div class='main'>
<div class='pane small'><p>Currently released so far... 1,042 / 251,287</p></div>
<div class='pane big'>
<h3>Viewing cable {cable.identifier}, {html.escape(cable.title)}</h3>
<table class='cable'>
<tr><th>Reference ID</th><th>Created</th><th>Released</th><th>Classification</th><th>Origin</th></tr>
<tr>
<td><a href='/cable/2006/03/{cable.identifier}.html'>{cable.identifier}</a></td>
<td><a href='/date/{year_month}_0.html'>{day} 16:04</a></td>
<td><a href='/reldate/2011-02-10_0.html'>2011-02-10 21:09</a></td>
<td><a href='/classification/1_0.html' title='unclassified//fouo'>{cable.classification}</a></td>
<td><a href='/origin/7_0.html'>{cable.origin}</a></td>
</tr>
</table>
<code><pre>{html.escape(header, quote=False).replace(chr(10), "&#x000A;")}</pre></code>
<code><pre>{"&#x000A;".join(lines)}</pre></code>
</div></div></body></html>
""".encode()
